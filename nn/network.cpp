#include "nn/network.hpp"

#include "nn/file_error.hpp"
#include "nn/onnx/import.hpp"

#include <algorithm>
#include <cctype>

namespace costate::nn {

std::size_t Network::parameter_count() const {
    return parameters.empty() ? 0 : parameters.back().offset + parameters.back().values.size();
}

const Weight* Network::find_parameter(std::string_view name) const {
    const auto found = std::ranges::find(parameters, name, &Weight::name);
    return found == parameters.end() ? nullptr : &*found;
}

bool is_onnx(const std::filesystem::path& file) {
    std::string extension = file.extension().string();
    std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension == ".onnx";
}

Network load_network(const std::filesystem::path& file, const LoadOptions& options) {
    if (is_onnx(file)) return import_network(file, options);
    if (!options.input.empty() || !options.time.empty())
        throw NetworkError(file, "it names x and t itself; leave --input and --time out, which are for ONNX files");
    const SafetensorsFile opened(file);
    Network network{file, describe(opened, options.parametrisation, options.path), {}, {}};
    std::size_t offset = 0;
    for (const std::string& name : network.description.parameters) {
        network.parameters.push_back({name, opened.values(name), offset});
        offset += network.parameters.back().values.size();
    }
    for (const std::string& name : network.description.constants) network.constants.push_back({name, opened.values(name), 0});
    return network;
}

}  // namespace costate::nn
