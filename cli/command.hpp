// What the commands share: how one is declared, and how it speaks.
#pragma once

#include <CLI/CLI.hpp>

#include "nn/network.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costate::cli {

/// Exit status: what was asked was done (0), a comparison does not agree (1), the request cannot be met (2), interrupted (130).
enum Exit { done = 0, disagrees = 1, refused = 2, interrupted = 130 };

/// A command declares its options on the application and returns what to run once they are parsed.
using Action = std::function<int()>;
struct Command {
    CLI::App* app;
    Action run;
};

Command info_command(CLI::App& application);
Command convert_command(CLI::App& application);
Command list_command(CLI::App& application);
Command check_command(CLI::App& application);
Command study_command(CLI::App& application);
Command profile_command(CLI::App& application);
Command verify_command(CLI::App& application);
Command guide_command(CLI::App& application);

/// Text that came from a file, fit for a terminal: control characters become blanks, long text is cut.
std::string plain(std::string_view text, std::size_t longest = 400);

/// For options: a number 0, 1, 2, … of at most 18 digits (the parser itself would wrap -1 around); a text that is not empty.
CLI::Validator whole_number();
CLI::Validator not_empty();

/// Throws std::invalid_argument where a comma separated list of the command has an empty entry, as in 1e-3,,1e-6: the parser leaves it out without a word.
void check_lists(const CLI::App& command, std::span<char* const> arguments);

/// --input, --time and --parametrisation: what an ONNX file may leave open; and its --path, where the command has no other.
void declare_load_options(CLI::App& app, nn::LoadOptions& options);
void declare_load_path(CLI::App& app, nn::LoadOptions& options);

/// Writes to standard error, where a failure is nobody's concern.
void whisper(std::string_view text);

/// Writes to standard output. Throws std::runtime_error when it refuses.
void say(std::string_view text);

}  // namespace costate::cli
