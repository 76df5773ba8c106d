#include "nn/description.hpp"

#include "nn/architecture.hpp"
#include "nn/file_error.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <sstream>
#include <unordered_map>

namespace costate::nn {

namespace {

constexpr std::size_t largest_value = std::size_t{1} << 24, largest_total = std::size_t{1} << 28;
constexpr double largest_work = 1e12;
constexpr std::array<std::string_view, 4> parametrisations{"velocity", "epsilon", "x1", "logits"};

std::string list_of(auto&& range, auto&& name) {
    std::string text;
    for (const auto& item : range) text += (text.empty() ? "" : ", ") + std::string(name(item));
    return text;
}

std::string short_number(double value) {
    std::ostringstream text;
    text << value;
    return text.str();
}

const std::string& required(const SafetensorsFile& file, const std::string& key) {
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end())
        throw NetworkError(file.path(), "the metadata have no " + in_quotes(key) +
                                            ", so this is no network file; export the network with tools/export_torch.py");
    return found->second;
}

/// Infers the shape of every value, layer by layer.
class Checker {
public:
    Checker(const SafetensorsFile& file, NetworkDescription& network) : file_(file), network_(network) {
        shapes_["x"] = network.input_shape;
        shapes_["t"] = {1};
        total_ = network.input_size + 1;
    }

    void check_all() {
        for (position_ = 0; position_ < network_.layers.size(); ++position_) check(network_.layers[position_]);
        network_.output_size = values_of(network_.layers.back().out_shape);
        for (const TensorEntry& tensor : file_.tensors()) {
            const bool parameter = parameters_.contains(tensor.name), constant = constants_.contains(tensor.name);
            if (parameter) network_.parameters.push_back(tensor.name);
            if (constant) network_.constants.push_back(tensor.name);
            if (!parameter && !constant) network_.unused.push_back(tensor.name);
        }
    }

private:
    [[nodiscard]] NetworkError error(const std::string& sentence) const {
        const Layer& layer = network_.layers[position_];
        return NetworkError(file_.path(), "layer " + std::to_string(position_ + 1) + " (" + in_quotes(layer.op) + ", writing " +
                                              in_quotes(layer.out) + ") " + sentence);
    }

    void check(Layer& layer) {
        const LayerKind* kind = find_layer_kind(layer.op);  // there is one: check_ops comes first
        if (layer.in.size() < kind->least_inputs || layer.in.size() > kind->most_inputs)
            throw error("reads " + std::to_string(layer.in.size()) + " values; it has to read " +
                        std::to_string(kind->least_inputs) + (kind->most_inputs > kind->least_inputs ? " or more" : ""));
        if (layer.out.empty() || shapes_.contains(layer.out))
            throw error("writes a value that exists already or has no name; choose another name");
        for (const std::string& name : layer.in) {
            const auto found = shapes_.find(name);
            if (found == shapes_.end())
                throw error("reads " + in_quotes(name) + ", which no layer before it writes; correct the name or the order");
            layer.in_shapes.push_back(found->second);
        }
        find_tensors(layer, *kind);
        complete_numbers(layer, *kind);
        shapes_[layer.out] = layer.out_shape = bounded(layer, *kind);
    }

    void find_tensors(Layer& layer, const LayerKind& kind) {
        auto& shapes = layer.tensor_shapes;
        for (const auto& [key, text] : layer.texts) {
            const auto role = std::ranges::find(kind.roles, std::string_view(key), &TensorRole::name);
            if (role == kind.roles.end()) {
                if (std::ranges::find(kind.options, std::string_view(key)) == kind.options.end())
                    throw error("has " + in_quotes(key) + ", which the op does not know; remove it");
                if (key == "order" && text != "sin,cos")
                    throw error("has the order " + in_quotes(text) + "; export it in the order \"sin,cos\", the only one there is");
                continue;
            }
            if (!file_.contains(text))
                throw error("names the tensor " + in_quotes(text) + ", which is not in the file; export the network again");
            shapes[key] = file_.entry(text).shape;
            (role->use == TensorUse::parameter ? parameters_ : constants_).insert(text);
        }
        for (const TensorRole& role : kind.roles)
            if (role.required && !shapes.contains(role.name)) throw error("has no " + in_quotes(role.name) + "; name the tensor");
    }

    void complete_numbers(Layer& layer, const LayerKind& kind) const {
        for (const auto& [key, value] : layer.numbers) {
            const auto role = std::ranges::find(kind.numbers, std::string_view(key), &NumberRole::name);
            if (role == kind.numbers.end()) throw error("has the number " + in_quotes(key) + ", which the op does not know; remove it");
            if (!(value >= role->least && value <= role->most) || (role->counts && value != std::floor(value)))
                throw error("has a " + in_quotes(key) + " that is " + (role->counts ? "no integer" : "no number") + " from " + short_number(role->least) +
                            " to " + short_number(role->most) + "; correct it");
        }
        for (const NumberRole& role : kind.numbers) {
            if (role.required && !layer.numbers.contains(role.name)) throw error("has no number " + in_quotes(role.name) + "; give it");
            layer.numbers.try_emplace(std::string(role.name), role.otherwise);
        }
    }

    std::vector<std::size_t> bounded(const Layer& layer, const LayerKind& kind) {
        std::vector<std::size_t> shape;
        try {
            shape = kind.shape(layer);
        } catch (const LayerError& problem) {
            throw error(problem.what());
        }
        const std::size_t size = values_of(shape);
        total_ += std::min(size, largest_total + 1);  // the sum cannot overflow
        work_ += kind.work(layer) * static_cast<double>(size);
        if (size > largest_value || total_ > largest_total)
            throw error("makes a sample too large (" + std::to_string(size) + " values here, " + std::to_string(total_) +
                        " up to here); use fewer values than 2^24 each and 2^28 in all");
        if (!(work_ <= largest_work))
            throw error("makes an evaluation too long (more than 10^12 operations a sample up to here); use a smaller network");
        return shape;
    }

    const SafetensorsFile& file_;
    NetworkDescription& network_;
    std::unordered_map<std::string, std::vector<std::size_t>> shapes_;
    std::set<std::string> parameters_, constants_;
    std::size_t total_ = 0, position_ = 0;
    double work_ = 0;
};

std::size_t input_size(const SafetensorsFile& file, const NetworkDescription& network) {
    std::size_t size = 1;
    for (const std::size_t n : network.input_shape) {
        if (n > largest_value / size)
            throw NetworkError(file.path(), "the input_shape has more than 2^24 values; export a smaller network");
        size *= n;
    }
    return size;
}

void check_ops(const SafetensorsFile& file, const NetworkDescription& network) {
    std::set<std::string> unknown;
    for (const Layer& layer : network.layers)
        if (find_layer_kind(layer.op) == nullptr && unknown.size() < 8) unknown.insert(layer.op);
    if (!unknown.empty())
        throw NetworkError(file.path(), "the network needs the op" + std::string(unknown.size() > 1 ? "s " : " ") +
                                            list_of(unknown, [](const std::string& op) { return in_quotes(op); }) +
                                            ", which this version cannot run; export a network made of the layers " +
                                            list_of(layer_kinds(), [](const LayerKind& k) { return k.name; }));
}

}  // namespace

const LayerKind* find_layer_kind(std::string_view op) {
    const auto found = std::ranges::find(layer_kinds(), op, &LayerKind::name);
    return found == layer_kinds().end() ? nullptr : &*found;
}

NetworkDescription describe(const SafetensorsFile& file) {
    NetworkDescription network;
    network.metadata = file.metadata();
    const std::string& architecture = required(file, "architecture");
    if (const std::string& format = required(file, "costate.format"); format != "1")
        throw NetworkError(file.path(), "the metadata have costate.format " + in_quotes(format) +
                                            ", this version reads \"1\"; export the network again");
    network.parametrisation = required(file, "parametrisation");
    network.path = file.metadata().contains("path") ? file.metadata().at("path") : "none";
    if (std::ranges::find(parametrisations, network.parametrisation) == parametrisations.end())
        throw NetworkError(file.path(), "the parametrisation is " + in_quotes(network.parametrisation) +
                                            "; it has to be velocity, epsilon, x1 or logits");
    network.input_shape = parse_input_shape(file.path(), required(file, "input_shape"));
    network.layers = parse_architecture(file.path(), architecture);
    check_ops(file, network);
    network.input_size = input_size(file, network);
    Checker(file, network).check_all();
    if (network.parametrisation != "logits" && network.output_size != network.input_size)
        throw NetworkError(file.path(), "the last layer writes " + std::to_string(network.output_size) + " values and x has " +
                                            std::to_string(network.input_size) + "; a " + network.parametrisation +
                                            " has as many as x");
    return network;
}

}  // namespace costate::nn
