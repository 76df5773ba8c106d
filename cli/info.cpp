// costate info: what a network file holds.
#include "autodiff/program.hpp"
#include "cli/command.hpp"
#include "guidance/report.hpp"
#include "nn/draw.hpp"
#include "nn/mapped_file.hpp"
#include "nn/network.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

namespace costate::cli {

namespace {

struct Options {
    std::string model, svg;
    nn::LoadOptions load;
    bool json = false;
};

std::size_t weights_of(const nn::Layer& layer) {
    std::size_t weights = 0;
    for (const auto& [role, shape] : layer.tensor_shapes) weights += nn::values_of(shape);
    return weights;
}

/// Multiplications and additions a sample, about.
double work_of(const nn::Layer& layer) { return nn::find_layer_kind(layer.op)->work(layer) * static_cast<double>(nn::values_of(layer.out_shape)); }

std::string shape_of(const std::vector<std::size_t>& shape) { return shape.empty() ? "1" : fmt::format("{}", fmt::join(shape, " x ")); }

std::string layers_table(const nn::NetworkDescription& about) {
    std::vector<std::vector<std::string>> lines = {{"layer", "reads", "writes", "shape", "weights", "operations"}};
    for (const nn::Layer& layer : about.layers)
        lines.push_back({plain(layer.op, 40), plain(fmt::format("{}", fmt::join(layer.in, ", ")), 60), plain(layer.out, 60), shape_of(layer.out_shape),
                         fmt::format("{}", weights_of(layer)), layer.op == "reshape" || layer.op == "flatten" ? "0" : fmt::format("{:.4g}", work_of(layer))});
    return guidance::aligned_columns(lines, 3);
}

nlohmann::ordered_json layers_json(const nn::NetworkDescription& about) {
    nlohmann::ordered_json graph = nlohmann::ordered_json::array();
    for (const nn::Layer& layer : about.layers)
        graph.push_back({{"op", layer.op},
                         {"in", layer.in},
                         {"out", layer.out},
                         {"shape", layer.out_shape},
                         {"weights", weights_of(layer)},
                         {"operations", work_of(layer)}});
    return graph;
}

void draw(const Options& options, const nn::NetworkDescription& about) {
    const std::string picture = nn::drawn(about);
    try {
        nn::write_whole(options.svg, std::as_bytes(std::span(picture)));
    } catch (const std::runtime_error& error) {
        throw std::runtime_error(fmt::format("{}: {}", plain(options.svg), error.what()));
    }
}

int info(const Options& options) {
    const nn::Network network = nn::load_network(options.model, options.load);
    const nn::NetworkDescription& about = network.description;
    const auto program = nn::program<double>(network);
    const double flops = program.summary().flops;
    const auto training = about.metadata.find("training");
    const std::string trained = training == about.metadata.end() ? "" : plain(training->second);
    std::vector<std::string> ops;
    for (const auto& layer : about.layers) ops.emplace_back(plain(layer.op));
    if (!options.svg.empty()) draw(options, about);
    if (options.json) {
        const nlohmann::ordered_json json = {{"file", options.model},
                                             {"parametrisation", about.parametrisation},
                                             {"path", about.path},
                                             {"input_shape", about.input_shape},
                                             {"output_size", about.output_size},
                                             {"layers", ops},
                                             {"graph", layers_json(about)},
                                             {"weights", network.parameter_count()},
                                             {"flops", flops},
                                             {"smooth", program.smooth()},
                                             {"training", trained},
                                             {"unused_tensors", about.unused}};
        say(json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
        return done;
    }
    std::vector<std::vector<std::string>> lines = {
        {"file", plain(options.model)},
        {"output", plain(about.parametrisation)},
        {"path", plain(about.path)},
        {"input", fmt::format("{} values a sample (shape {})", about.input_size, fmt::join(about.input_shape, " x "))},
        {"layers", fmt::format("{}: {}", ops.size(), plain(fmt::format("{}", fmt::join(ops, ", "))))},
        {"weights", fmt::format("{} in {} tensors", network.parameter_count(), network.parameters.size())},
        {"evaluation", fmt::format("{:.4g} floating-point operations a sample", flops)},
        {"smooth", program.smooth() ? "yes" : "no (a kink or a comparison): no order of convergence is predicted"},
    };
    if (!trained.empty()) lines.push_back({"training", trained});
    if (!about.unused.empty()) lines.push_back({"unused", plain(fmt::format("{}", fmt::join(about.unused, ", ")))});
    say(guidance::aligned_columns(lines, 2) + "\n" + layers_table(about));
    return done;
}

}  // namespace

Command info_command(CLI::App& application) {
    auto options = std::make_shared<Options>();
    CLI::App* app = application.add_subcommand("info", "What a network file holds");
    app->add_option("MODEL", options->model, "network file (.safetensors or .onnx)")->required();
    app->add_option("--svg", options->svg, "draw the layers into this file")->check(not_empty());
    declare_load_options(*app, options->load);
    declare_load_path(*app, options->load);
    app->add_flag("--json", options->json, "print one JSON object");
    app->footer("Example:\n  costate info models/moons.safetensors --svg moons.svg");
    return {app, [options] { return info(*options); }};
}

}  // namespace costate::cli
