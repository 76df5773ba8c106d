// costate: exact and fast gradients through flows.
#include "cli/command.hpp"
#include "kernels/huge_pages.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <csignal>
#include <exception>
#include <new>
#include <sstream>
#include <string>

namespace {

using namespace costate::cli;

// One line on standard error, whatever the sentence holds.
int refuse(std::string_view sentence) {
    std::string line;
    for (const char c : sentence) line += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    while (!line.empty() && line.back() == ' ') line.pop_back();
    whisper("costate: " + line + "\n");
    return refused;
}

// The parser's complaint as a sentence with its remedy.
std::string remedy(const CLI::App& application, const CLI::ParseError& error, int argc, char** argv) {
    std::string command = "costate";
    for (const CLI::App* chosen : application.get_subcommands()) command += " " + chosen->get_name();
    if (command != "costate") return fmt::format("{}; see {} --help", error.what(), command);
    const std::string given = argc > 1 ? "there is no command '" + plain(argv[1], 40) + "'" : "no command is given";
    return given + "; the commands are info, convert, list, check, study, profile, verify and guide: see costate --help";
}

int run(int argc, char** argv) {
    CLI::App application{"How does a loss on where a flow ends depend on where it began?\nExact and fast gradients through flows.", "costate"};
    application.require_subcommand(1);
    application.set_version_flag("--version", "costate " COSTATE_VERSION, "Print the version");
    application.footer("Example:\n  costate study models/moons.safetensors --out report\n  costate verify --quick");
    const std::array commands{info_command(application), convert_command(application), list_command(application), check_command(application), study_command(application),
                              profile_command(application), verify_command(application), guide_command(application)};
    try {
        application.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
            std::ostringstream text;
            application.exit(error, text, text);
            say(text.str());
            return done;
        }
        return refuse(remedy(application, error, argc, argv));
    }
    for (const Command& command : commands) {
        if (!command.app->parsed()) continue;
        check_lists(*command.app, {argv, static_cast<std::size_t>(argc)});
        return command.run();
    }
    return refuse("there is no command; see costate --help");
}

}  // namespace

// A descriptor 0, 1 or 2 that was closed would be given to the first file that is opened, and what is printed would go into it.
void occupy_standard_streams() {
    for (int wanted = 0; wanted <= 2; ++wanted)
        if (fcntl(wanted, F_GETFD) == -1) (void)open("/dev/null", O_RDONLY);  // writing to it fails, as to a closed one
}

int main(int argc, char** argv) {
    occupy_standard_streams();
    std::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is then a sentence of what writes, as a full disk is
    costate::kernels::prefer_huge_pages();
    try {
        return run(argc, argv);
    } catch (const std::bad_alloc&) {
        return refuse("there is not enough memory for this; ask for fewer samples or steps, or a smaller network");
    } catch (const std::exception& error) {
        return refuse(error.what());
    }
}
