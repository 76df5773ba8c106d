#include "nn/weights.hpp"

#include "nn/file_error.hpp"
#include "nn/write.hpp"

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

DType narrowest(const Array& values) {
    const bool single = std::ranges::all_of(values.storage(), [](double v) { return static_cast<double>(static_cast<float>(v)) == v; });
    return single ? DType::f32 : DType::f64;
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

void save_network(const Network& network, const std::filesystem::path& file, const Metadata& more, std::optional<DType> format) {
    std::vector<TensorToWrite> tensors;
    for (const auto* list : {&network.parameters, &network.constants})
        for (const Weight& weight : *list)
            if (std::ranges::find(tensors, weight.name, &TensorToWrite::name) == tensors.end())  // one may be both
                tensors.push_back({weight.name, weight.values, format.value_or(narrowest(weight.values))});
    const NetworkDescription& about = network.description;
    Metadata metadata = about.metadata;
    metadata["costate.format"] = "1";
    metadata["architecture"] = architecture_text(about);
    metadata["input_shape"] = shape_text(about.input_shape);
    metadata["parametrisation"] = about.parametrisation;
    metadata["path"] = about.path;
    for (const auto& [key, text] : more) metadata[key] = text;
    const SafetensorsFile made = in_memory(file, tensors, metadata);
    (void)describe(made);
    for (const TensorEntry& tensor : made.tensors()) (void)made.values(tensor.name);  // all finite
    write_safetensors(file, tensors, metadata);
    const SafetensorsFile written(file);
    for (const TensorEntry& tensor : made.tensors())
        if (!std::ranges::equal(written.bytes(tensor.name), made.bytes(tensor.name)))
            throw SafetensorsError(file, "tensor " + in_quotes(tensor.name) + " reads back as other values than were written; check the disk and save again");
}

}  // namespace costate::nn
