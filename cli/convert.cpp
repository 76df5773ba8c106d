// costate convert: a network from one kind of file to the other.
#include "cli/command.hpp"
#include "guidance/paths/path.hpp"
#include "nn/onnx/write.hpp"
#include "nn/weights.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <stdexcept>

namespace costate::cli {

namespace {

struct Options {
    std::string from, to;
    nn::LoadOptions load;
};

int convert(const Options& options) {
    const nn::Network network = nn::load_network(options.from, options.load);
    if (nn::is_onnx(options.to)) nn::write_onnx(options.to, network);
    else nn::save_network(network, options.to, {}, std::nullopt);
    say(fmt::format("{}: {} layers, {} weights in {} tensors, {} on the path {}\n", plain(options.to), network.description.layers.size(),
                    network.parameter_count(), network.parameters.size(), plain(network.description.parametrisation), plain(network.description.path)));
    return done;
}

}  // namespace

void declare_load_options(CLI::App& app, nn::LoadOptions& options) {
    app.add_option("--input", options.input, "the input of an ONNX file that is x (default: the one named x, or the only one)")->check(not_empty());
    app.add_option("--time", options.time, "the input of an ONNX file that is t (default: the one named t, or the other one)")->check(not_empty());
    app.add_option("--parametrisation", options.parametrisation,
                   "what the output is: velocity, epsilon, x1 or logits (default: what the file says, or its output's name)")
        ->check(not_empty());
}

void declare_load_path(CLI::App& app, nn::LoadOptions& options) {
    const CLI::Validator known{[](std::string& text) -> std::string {
                                   if (text == "none") return "";
                                   try {
                                       (void)guidance::find_path(text);
                                       return "";
                                   } catch (const std::invalid_argument& error) {
                                       return error.what();
                                   }
                               },
                               "", "path"};
    app.add_option("--path", options.path, "probability path (costate list paths; default: the one that the file names)")->check(not_empty())->check(known);
}

Command convert_command(CLI::App& application) {
    auto options = std::make_shared<Options>();
    CLI::App* app = application.add_subcommand("convert", "A network from ONNX to the project's file or back");
    app->add_option("MODEL", options->from, "network file (.safetensors or .onnx)")->required();
    app->add_option("FILE", options->to, "what to write: NAME.onnx, else a safetensors file; a file that is there is replaced")->required();
    declare_load_options(*app, options->load);
    declare_load_path(*app, options->load);
    app->footer("Example:\n  costate convert exported.onnx network.safetensors --parametrisation epsilon --path linear-vp");
    return {app, [options] { return convert(*options); }};
}

}  // namespace costate::cli
