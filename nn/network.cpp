#include "nn/network.hpp"

#include "nn/file_error.hpp"

#include <algorithm>

namespace costate::nn {

std::size_t Network::parameter_count() const {
    return parameters.empty() ? 0 : parameters.back().offset + parameters.back().values.size();
}

const Weight* Network::find_parameter(std::string_view name) const {
    const auto found = std::ranges::find(parameters, name, &Weight::name);
    return found == parameters.end() ? nullptr : &*found;
}

Network load_network(const std::filesystem::path& file) {
    const SafetensorsFile opened(file);
    Network network{file, describe(opened), {}, {}};
    std::size_t offset = 0;
    for (const std::string& name : network.description.parameters) {
        network.parameters.push_back({name, opened.values(name), offset});
        offset += network.parameters.back().values.size();
    }
    for (const std::string& name : network.description.constants) network.constants.push_back({name, opened.values(name), 0});
    return network;
}

}  // namespace costate::nn
