#include "nn/write.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace costate::nn {

namespace {

using Json = nlohmann::ordered_json;

Json layer_json(const Layer& layer) {
    Json json = {{"op", layer.op}, {"in", layer.in}, {"out", layer.out}};
    for (const auto& [key, text] : layer.texts) json[key] = text;
    const LayerKind* kind = find_layer_kind(layer.op);
    for (const auto& [key, value] : layer.numbers) {
        const auto role = std::ranges::find(kind->numbers, std::string_view(key), &NumberRole::name);
        if (!role->required && value == role->otherwise) continue;
        if (value == std::floor(value) && std::abs(value) < 0x1p53) json[key] = static_cast<std::int64_t>(value);
        else json[key] = value;
    }
    for (const auto& [key, values] : layer.lists) json[key] = values;
    return json;
}

DType narrowest(const Array& values) {
    const bool single = std::ranges::all_of(values.storage(), [](double v) { return static_cast<double>(static_cast<float>(v)) == v; });
    return single ? DType::f32 : DType::f64;
}

}  // namespace

std::string architecture_text(const NetworkDescription& description) {
    Json layers = Json::array();
    for (const Layer& layer : description.layers) layers.push_back(layer_json(layer));
    return layers.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write_network(const std::filesystem::path& file, const Network& network) {
    const NetworkDescription& about = network.description;
    Metadata metadata = about.metadata;
    metadata["costate.format"] = "1";
    metadata["architecture"] = architecture_text(about);
    metadata["input_shape"] = Json(about.input_shape).dump();
    metadata["parametrisation"] = about.parametrisation;
    metadata["path"] = about.path;
    std::vector<TensorToWrite> tensors;
    for (const auto* list : {&network.parameters, &network.constants})
        for (const Weight& weight : *list)
            if (std::ranges::find(tensors, weight.name, &TensorToWrite::name) == tensors.end())
                tensors.push_back({weight.name, weight.values, narrowest(weight.values)});
    write_safetensors(file, tensors, metadata);
}

}  // namespace costate::nn
