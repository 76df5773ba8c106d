#include "nn/weights.hpp"

#include "nn/file_error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <vector>

namespace costate::nn {

namespace {

constexpr std::size_t most_shown = 4;

std::string listed(const std::vector<std::string>& names) {
    std::string text = names.size() == 1 ? "the tensor " : "the tensors ";
    for (std::size_t i = 0; i < std::min(names.size(), most_shown); ++i) text += (i == 0 ? "" : ", ") + in_quotes(names[i]);
    return text + (names.size() > most_shown ? " and " + std::to_string(names.size() - most_shown) + " more" : "");
}

std::vector<Weight*> all_of(Network& network) {
    std::vector<Weight*> all;
    for (Weight& weight : network.parameters) all.push_back(&weight);
    for (Weight& weight : network.constants) all.push_back(&weight);
    return all;
}

void check_names(const Network& network, const SafetensorsFile& file) {
    std::set<std::string> wanted;
    for (const auto* list : {&network.parameters, &network.constants})
        for (const Weight& weight : *list) wanted.insert(weight.name);
    std::vector<std::string> missing, extra;
    for (const std::string& name : wanted)
        if (!file.contains(name)) missing.push_back(name);
    for (const TensorEntry& tensor : file.tensors())
        if (!wanted.contains(tensor.name)) extra.push_back(tensor.name);
    if (missing.empty() && extra.empty()) return;
    std::string sentence = missing.empty() ? "" : "the network needs " + listed(missing) + ", which the file has not";
    if (!extra.empty()) sentence += (missing.empty() ? "the file has " : ", and the file has ") + listed(extra) + ", which the network has not";
    throw NetworkError(file.path(), sentence + "; give the weights of this network");
}

SafetensorsFile in_memory(const std::filesystem::path& file, std::span<const TensorToWrite> tensors, const Metadata& metadata) {
    try {
        return {file, safetensors_bytes(tensors, metadata)};
    } catch (const std::runtime_error& error) {
        throw SafetensorsError(file, error.what());
    }
}

template <class T>
void set_from(Network& network, std::span<const T> theta) {
    if (theta.size() != network.parameter_count())
        throw std::invalid_argument("set_parameters: " + std::to_string(theta.size()) + " values for a network of " +
                                    std::to_string(network.parameter_count()) + " parameters; give one each");
    for (Weight& weight : network.parameters)
        std::copy_n(theta.begin() + static_cast<std::ptrdiff_t>(weight.offset), weight.values.size(), weight.values.begin());
}

}  // namespace

Network read_network(const SafetensorsFile& file) {
    Network network{file.path(), describe(file), {}, {}};
    std::size_t offset = 0;
    for (const std::string& name : network.description.parameters) {
        network.parameters.push_back({name, file.values(name), offset});
        offset += network.parameters.back().values.size();
    }
    for (const std::string& name : network.description.constants) network.constants.push_back({name, file.values(name), 0});
    return network;
}

void set_parameters(Network& network, std::span<const double> theta) { set_from(network, theta); }
void set_parameters(Network& network, std::span<const float> theta) { set_from(network, theta); }

void load_weights(Network& network, const std::filesystem::path& file) {
    const SafetensorsFile opened(file);
    check_names(network, opened);
    std::vector<Array> values;
    for (const Weight* weight : all_of(network)) {
        const std::vector<std::size_t> shape(weight->values.shape().begin(), weight->values.shape().end());
        if (opened.entry(weight->name).shape != shape)
            throw NetworkError(file, "tensor " + in_quotes(weight->name) + " has the shape " + shape_text(opened.entry(weight->name).shape) +
                                         ", the network needs " + shape_text(shape) + "; give the weights of this network");
        values.push_back(opened.values(weight->name));
    }
    std::size_t i = 0;
    for (Weight* weight : all_of(network)) weight->values = std::move(values[i++]);
}

void save_network(const Network& network, const std::filesystem::path& file, const Metadata& more, DType format) {
    std::vector<TensorToWrite> tensors;
    for (const auto* list : {&network.parameters, &network.constants})
        for (const Weight& weight : *list) tensors.push_back({weight.name, weight.values, format});
    Metadata metadata = network.description.metadata;
    for (const auto& [key, text] : more) metadata[key] = text;
    const SafetensorsFile made = in_memory(file, tensors, metadata);
    (void)read_network(made);
    write_safetensors(file, tensors, metadata);
    const SafetensorsFile written(file);
    for (const TensorEntry& tensor : made.tensors())
        if (!std::ranges::equal(written.bytes(tensor.name), made.bytes(tensor.name)))
            throw SafetensorsError(file, "tensor " + in_quotes(tensor.name) + " reads back as other values than were written; check the disk and save again");
}

std::string format_architecture(std::span<const Layer> layers) {
    auto list = nlohmann::ordered_json::array();
    for (const Layer& layer : layers) {
        nlohmann::ordered_json entry{{"op", layer.op}, {"in", layer.in}, {"out", layer.out}};
        for (const auto& [key, text] : layer.texts) entry[key] = text;
        for (const auto& [key, number] : layer.numbers) {
            if (number == std::floor(number) && std::abs(number) < 0x1p53) entry[key] = static_cast<std::int64_t>(number);
            else entry[key] = number;
        }
        list.push_back(std::move(entry));
    }
    try {
        return list.dump();
    } catch (const nlohmann::json::exception&) {
        throw std::invalid_argument("format_architecture: the name of a layer or a tensor is not UTF-8; write it in UTF-8");
    }
}

}  // namespace costate::nn
