#include "nn/description.hpp"

#include "nn/architecture.hpp"
#include "nn/file_error.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace costate::nn {

namespace {

constexpr std::size_t largest_input = std::size_t{1} << 24;
constexpr std::array<std::string_view, 4> parametrisations{"velocity", "epsilon", "x1", "logits"};

std::string list_of(auto&& range, auto&& name) {
    std::string text;
    for (const auto& item : range) text += (text.empty() ? "" : ", ") + std::string(name(item));
    return text;
}

const std::string& required(const SafetensorsFile& file, const std::string& key) {
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end())
        throw NetworkError(file.path(), "the metadata have no " + in_quotes(key) +
                                            ", so this is no network file; export the network with tools/export_torch.py");
    return found->second;
}

/// Every layer checked against those before it and the tensors.
void check_layers(const std::filesystem::path& file, std::span<const std::pair<std::string, std::vector<std::size_t>>> tensors, NetworkDescription& network) {
    TensorShapes shapes(tensors.begin(), tensors.end());
    LayerChecker checker(shapes, network.inputs());
    for (std::size_t i = 0; i < network.layers.size(); ++i) {
        Layer& layer = network.layers[i];
        try {
            checker.add(layer);
        } catch (const LayerError& problem) {
            throw NetworkError(file, "layer " + std::to_string(i + 1) + " (" + in_quotes(layer.op) + ", writing " + in_quotes(layer.out) + ") " + problem.what());
        }
    }
    network.output_size = values_of(network.layers.back().out_shape);
    for (const auto& [name, shape] : tensors) {
        const bool parameter = checker.parameter(name), constant = checker.constant(name);
        if (parameter) network.parameters.push_back(name);
        if (constant) network.constants.push_back(name);
        if (!parameter && !constant) network.unused.push_back(name);
    }
}

std::size_t input_size(const std::filesystem::path& file, const NetworkDescription& network) {
    std::size_t size = 1;
    for (const std::size_t n : network.input_shape) {
        if (n > largest_input / size)
            throw NetworkError(file, "the input_shape has more than 2^24 values; export a smaller network");
        size *= n;
    }
    return size;
}

void check_ops(const std::filesystem::path& file, const NetworkDescription& network) {
    std::set<std::string> unknown;
    for (const Layer& layer : network.layers)
        if (find_layer_kind(layer.op) == nullptr && unknown.size() < 8) unknown.insert(layer.op);
    if (!unknown.empty())
        throw NetworkError(file, "the network needs the op" + std::string(unknown.size() > 1 ? "s " : " ") +
                                            list_of(unknown, [](const std::string& op) { return in_quotes(op); }) +
                                            ", which this version cannot run; export a network made of the layers " +
                                            list_of(layer_kinds(), [](const LayerKind& k) { return k.name; }));
}

}  // namespace

void complete(const std::filesystem::path& file, std::span<const std::pair<std::string, std::vector<std::size_t>>> tensors, NetworkDescription& network) {
    if (std::ranges::find(parametrisations, network.parametrisation) == parametrisations.end())
        throw NetworkError(file, "the parametrisation is " + in_quotes(network.parametrisation) + "; it has to be velocity, epsilon, x1 or logits");
    check_ops(file, network);
    network.input_size = input_size(file, network);
    check_layers(file, tensors, network);
    if (network.parametrisation != "logits" && network.output_size != network.input_size)
        throw NetworkError(file, "the last layer writes " + std::to_string(network.output_size) + " values and x has " +
                                     std::to_string(network.input_size) + "; a " + network.parametrisation + " has as many as x");
}

NetworkDescription describe(const SafetensorsFile& file, const std::string& parametrisation, const std::string& path) {
    NetworkDescription network;
    network.metadata = file.metadata();
    const std::string& architecture = required(file, "architecture");
    if (const std::string& format = required(file, "costate.format"); format != "1")
        throw NetworkError(file.path(), "the metadata have costate.format " + in_quotes(format) +
                                            ", this version reads \"1\"; export the network again");
    network.parametrisation = required(file, "parametrisation");
    network.path = file.metadata().contains("path") ? file.metadata().at("path") : "none";
    if (!parametrisation.empty()) network.parametrisation = parametrisation;
    if (!path.empty()) network.path = path;
    network.input_shape = parse_input_shape(file.path(), required(file, "input_shape"));
    network.layers = parse_architecture(file.path(), architecture);
    std::vector<std::pair<std::string, std::vector<std::size_t>>> tensors;
    for (const TensorEntry& tensor : file.tensors()) tensors.emplace_back(tensor.name, tensor.shape);
    complete(file.path(), tensors, network);
    return network;
}

}  // namespace costate::nn
