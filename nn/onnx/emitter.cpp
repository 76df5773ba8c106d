#include "nn/onnx/emitter.hpp"
#include "nn/onnx/fold.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace costate::nn::onnx {

namespace {
constexpr std::size_t most_layers = 100'000;
}

Emitter::Emitter(const std::vector<InputShape>& inputs, std::size_t in_file, std::size_t& budget)
    : free_(in_file), budget_(budget), checker_(shapes_, inputs) {
    for (const InputShape& input : inputs) inputs_.insert(input.name);
}

std::string Emitter::write(Layer layer) {
    do layer.out = "v" + std::to_string(next_++);
    while (checker_.knows(layer.out));
    if (layers_.size() == most_layers) throw GraphError("is the one after 100000 layers; export a smaller network");
    try {
        checker_.add(layer);
    } catch (const LayerError& problem) {
        throw GraphError("becomes a layer " + in_quotes(layer.op) + " that " + problem.what());
    }
    written_[layer.out] = layers_.size();
    layers_.push_back(std::move(layer));
    return layers_.back().out;
}

const std::string& Emitter::origin(const std::string& value) const {
    const std::string* name = &value;
    for (auto found = written_.find(*name); found != written_.end() && layers_[found->second].op == "reshape"; found = written_.find(*name))
        name = &layers_[found->second].in[0];
    return *name;
}

const Layer* Emitter::source(const std::string& value) const {
    const auto found = written_.find(origin(value));
    return found == written_.end() ? nullptr : &layers_[found->second];
}

std::string Emitter::reshaped(const std::string& value, const Shape& shape) {
    if (checker_.shape(value) == shape) return value;
    const std::string from = origin(value);
    if (checker_.shape(from) == shape) return from;
    const auto key = std::pair(from, shape);
    if (const auto found = reshapes_.find(key); found != reshapes_.end()) return found->second;
    Layer layer{"reshape", {from}, {}, {}, {}};
    layer.lists["shape"] = {shape.begin(), shape.end()};
    return reshapes_[key] = write(std::move(layer));
}

namespace {

std::vector<double> exchanged_values(const Tensor& tensor, const Shape& shape) {
    std::vector<double> values(tensor.values.size());
    const std::size_t rows = shape[0], columns = shape[1];
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j) values[i * columns + j] = tensor.values[j * rows + i];
    return values;
}

std::size_t hash_of(const std::vector<double>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

std::string Emitter::tensor(const Tensor& tensor, const Shape& shape, const std::string& wanted, bool exchanged) {
    if (tensor.symbolic()) throw GraphError("computes with the size of the batch; export the network so that its samples do not meet");
    if (count_of(shape) != tensor.values.size())
        throw GraphError("has a tensor of " + std::to_string(tensor.values.size()) + " numbers where the shape " + text_of(shape) + " is needed");
    if (!std::ranges::all_of(tensor.values, [](double v) { return std::isfinite(v); }))
        throw GraphError("has the tensor " + in_quotes(tensor.name) + " with a number that is not finite; train or export the network again");
    const bool named = !tensor.name.empty() && !tensor.name.starts_with("onnx::") && tensor.trained && !tensor.derived;
    std::string name = named || wanted.empty() ? tensor.name : wanted;
    if (name.empty()) name = "constant";
    std::vector<double> values = exchanged ? exchanged_values(tensor, shape) : tensor.values;
    const std::tuple form{name, shape, hash_of(values)};
    if (const auto found = forms_.find(form); found != forms_.end() && tensors_.at(found->second).values == values) return found->second;
    const std::size_t free = std::min(free_, values.size());
    charge(values.size() - free, budget_);
    free_ -= free;
    while (tensors_.contains(name)) name = std::get<0>(form) + "." + std::to_string(next_++);
    tensors_[name] = {name, shape, std::move(values)};
    shapes_[name] = shape;
    tensor_order_.push_back(name);
    return forms_[form] = name;
}

std::string Emitter::constant(const Tensor& tensor, const Shape& shape, const std::string& wanted) {
    const std::string name = this->tensor(tensor, shape, wanted), op = tensor.trained ? "parameter" : "constant";
    std::string& value = constants_[op + name];
    if (value.empty()) {
        value = write(Layer{op, {}, {}, {{"value", name}}, {}});
        call(value, name);
    }
    return value;
}

void Emitter::rename(std::vector<Layer>& layers, const std::vector<std::string>& results, std::vector<std::string>& wanted) const {
    std::map<std::string, std::string> names;
    std::set<std::string> taken = inputs_;
    std::size_t next = 1;
    const auto give = [&](const std::string& value, std::string name) {
        if (names.contains(value)) return;
        while (name.empty() || !taken.insert(name).second) name = "v" + std::to_string(next++);
        names[value] = name;
    };
    for (std::size_t i = 0; i < results.size(); ++i) {
        give(results[i], wanted[i]);
        wanted[i] = names.at(results[i]);
    }
    for (const Layer& layer : layers) {
        const auto found = called_.find(layer.out);
        give(layer.out, found == called_.end() ? "" : found->second);
    }
    for (Layer& layer : layers) {
        layer.out = names.at(layer.out);
        for (std::string& in : layer.in)
            if (const auto found = names.find(in); found != names.end()) in = found->second;
    }
}

std::pair<std::vector<Layer>, std::vector<NamedTensor>> Emitter::network(std::vector<std::string> results, std::vector<std::string>& wanted) {
    for (std::string& result : results)
        if (!written_.contains(result)) {
            Layer layer{"reshape", {result}, {}, {}, {}};
            layer.lists["shape"] = {shape(result).begin(), shape(result).end()};
            result = write(std::move(layer));
        }
    std::set<std::string> needed(results.begin(), results.end()), used;
    std::vector<Layer> kept;
    for (std::size_t i = layers_.size(); i-- > 0;) {
        const Layer& layer = layers_[i];
        if (!needed.contains(layer.out)) continue;
        needed.insert(layer.in.begin(), layer.in.end());
        for (const auto& [role, shape] : layer.tensor_shapes) used.insert(layer.texts.at(role));
        kept.push_back({layer.op, layer.in, layer.out, layer.texts, layer.numbers, layer.lists});
    }
    std::ranges::reverse(kept);
    rename(kept, results, wanted);
    std::vector<NamedTensor> tensors;
    for (const std::string& name : tensor_order_)
        if (used.contains(name)) tensors.push_back(std::move(tensors_.at(name)));
    return {std::move(kept), std::move(tensors)};
}

}  // namespace costate::nn::onnx
