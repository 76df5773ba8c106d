// costate info: what a network file holds.
#include "autodiff/program.hpp"
#include "cli/command.hpp"
#include "guidance/report.hpp"
#include "nn/network.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

namespace costate::cli {

namespace {

struct Options {
    std::string model;
    bool json = false;
};

int info(const Options& options) {
    const nn::Network network = nn::load_network(options.model);
    const nn::NetworkDescription& about = network.description;
    const auto program = nn::program<double>(network);
    const double flops = program.summary().flops;
    const auto training = about.metadata.find("training");
    const std::string trained = training == about.metadata.end() ? "" : plain(training->second);
    std::vector<std::string> ops;
    for (const auto& layer : about.layers) ops.emplace_back(plain(layer.op));
    if (options.json) {
        const nlohmann::ordered_json json = {
            {"file", options.model}, {"parametrisation", about.parametrisation}, {"path", about.path}, {"input_shape", about.input_shape},
            {"output_size", about.output_size}, {"layers", ops}, {"weights", network.parameter_count()}, {"flops", flops},
            {"smooth", program.smooth()}, {"training", trained}, {"unused_tensors", about.unused}};
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
    say(guidance::aligned_columns(lines, 2));
    return done;
}

}  // namespace

Command info_command(CLI::App& application) {
    auto options = std::make_shared<Options>();
    CLI::App* app = application.add_subcommand("info", "What a network file holds");
    app->add_option("MODEL", options->model, "network file (.safetensors)")->required();
    app->add_flag("--json", options->json, "print one JSON object");
    app->footer("Example:\n  costate info models/moons.safetensors");
    return {app, [options] { return info(*options); }};
}

}  // namespace costate::cli
