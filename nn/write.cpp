#include "nn/write.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace costate::nn {

namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson layer_json(const Layer& layer) {
    OrderedJson json = {{"op", layer.op}, {"in", layer.in}, {"out", layer.out}};
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

}  // namespace

std::string architecture_text(const NetworkDescription& description) {
    OrderedJson layers = OrderedJson::array();
    for (const Layer& layer : description.layers) layers.push_back(layer_json(layer));
    return layers.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace costate::nn
