#include "nn/layer_checker.hpp"

#include "nn/file_error.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace costate::nn {

namespace {

constexpr std::size_t largest_value = std::size_t{1} << 24, largest_total = std::size_t{1} << 28, most_axes = 16;
constexpr double largest_work = 1e12;

std::string short_number(double value) {
    std::ostringstream text;
    text << value;
    return text.str();
}

}  // namespace

const LayerKind* find_layer_kind(std::string_view op) {
    const auto found = std::ranges::find(layer_kinds(), op, &LayerKind::name);
    return found == layer_kinds().end() ? nullptr : &*found;
}

LayerChecker::LayerChecker(const TensorShapes& tensors, const std::vector<InputShape>& inputs) : tensors_(tensors) {
    for (const InputShape& input : inputs) {
        shapes_[input.name] = input.shape;
        total_ += values_of(input.shape);
    }
}

void LayerChecker::add(Layer& layer) {
    const LayerKind* kind = find_layer_kind(layer.op);
    if (kind == nullptr) throw LayerError("is of an op that this version cannot run; export the network again");
    if (layer.in.size() < kind->least_inputs || layer.in.size() > kind->most_inputs)
        throw LayerError("reads " + std::to_string(layer.in.size()) + " values; it has to read " + std::to_string(kind->least_inputs) +
                         (kind->most_inputs > kind->least_inputs ? " to " + std::to_string(kind->most_inputs) + ": join fewer at a time" : ""));
    if (layer.out.empty() || shapes_.contains(layer.out)) throw LayerError("writes a value that exists already or has no name; choose another name");
    for (const std::string& name : layer.in) {
        const auto found = shapes_.find(name);
        if (found == shapes_.end()) throw LayerError("reads " + in_quotes(name) + ", which no layer before it writes; correct the name or the order");
        layer.in_shapes.push_back(found->second);
    }
    find_tensors(layer, *kind);
    complete_numbers(layer, *kind);
    check_lists(layer, *kind);
    layer.out_shape = kind->shape(layer);
    bound(layer, *kind);
    shapes_[layer.out] = layer.out_shape;
}

void LayerChecker::find_tensors(Layer& layer, const LayerKind& kind) {
    auto& shapes = layer.tensor_shapes;
    for (const auto& [key, text] : layer.texts) {
        const auto role = std::ranges::find(kind.roles, std::string_view(key), &TensorRole::name);
        if (role == kind.roles.end()) {
            if (std::ranges::find(kind.options, std::string_view(key)) == kind.options.end())
                throw LayerError("has " + in_quotes(key) + ", which the op does not know; remove it");
            if (key == "order" && text != "sin,cos")
                throw LayerError("has the order " + in_quotes(text) + "; export it in the order \"sin,cos\", the only one there is");
            continue;
        }
        const auto tensor = tensors_.find(text);
        if (tensor == tensors_.end()) throw LayerError("names the tensor " + in_quotes(text) + ", which is not in the file; export the network again");
        shapes[key] = tensor->second;
        (role->use == TensorUse::parameter ? parameters_ : constants_).insert(text);
    }
    for (const TensorRole& role : kind.roles)
        if (role.required && !shapes.contains(role.name)) throw LayerError("has no " + in_quotes(role.name) + "; name the tensor");
}

void LayerChecker::complete_numbers(Layer& layer, const LayerKind& kind) {
    for (const auto& [key, value] : layer.numbers) {
        const auto role = std::ranges::find(kind.numbers, std::string_view(key), &NumberRole::name);
        if (role == kind.numbers.end()) throw LayerError("has the number " + in_quotes(key) + ", which the op does not know; remove it");
        if (!role->required && value == role->otherwise) continue;  // as if it were not given
        if (!(value >= role->least && value <= role->most) || (role->counts && value != std::floor(value)))
            throw LayerError("has a " + in_quotes(key) + " that is " + (role->counts ? "no integer" : "no number") + " from " + short_number(role->least) +
                             " to " + short_number(role->most) + "; correct it");
    }
    for (const NumberRole& role : kind.numbers) {
        if (role.required && !layer.numbers.contains(role.name)) throw LayerError("has no number " + in_quotes(role.name) + "; give it");
        layer.numbers.try_emplace(std::string(role.name), role.otherwise);
    }
}

void LayerChecker::check_lists(const Layer& layer, const LayerKind& kind) {
    for (const auto& [key, values] : layer.lists) {
        const auto role = std::ranges::find(kind.lists, std::string_view(key), &ListRole::name);
        if (role == kind.lists.end()) throw LayerError("has the list " + in_quotes(key) + ", which the op does not know; remove it");
        if (std::ranges::any_of(values, [&](std::int64_t v) { return v < role->least || v > role->most; }))
            throw LayerError("has a list " + in_quotes(key) + " with an integer that is not from " + std::to_string(role->least) + " to " +
                             std::to_string(role->most) + "; correct it");
    }
    for (const ListRole& role : kind.lists)
        if (role.required && !layer.lists.contains(role.name)) throw LayerError("has no list " + in_quotes(role.name) + "; give it");
}

void LayerChecker::bound(const Layer& layer, const LayerKind& kind) {
    const std::size_t size = values_of(layer.out_shape);
    if (size == 0 || layer.out_shape.size() > most_axes)
        throw LayerError("writes a value of the shape " + shape_text(layer.out_shape) + "; it has to have at least one number and at most 16 axes");
    total_ += std::min(size, largest_total + 1);  // the sum cannot overflow
    work_ += kind.work(layer) * static_cast<double>(size);
    if (size > largest_value || total_ > largest_total)
        throw LayerError("makes a sample too large (" + std::to_string(size) + " values here, " + std::to_string(total_) +
                         " up to here); use fewer values than 2^24 each and 2^28 in all");
    if (!(work_ <= largest_work)) throw LayerError("makes an evaluation too long (more than 10^12 operations a sample up to here); use a smaller network");
}

}  // namespace costate::nn
