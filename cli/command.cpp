#include "cli/command.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace costate::cli {

std::string plain(std::string_view text, std::size_t longest) {
    std::string out;
    for (const char c : text.substr(0, longest)) out += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? ' ' : c;
    while (!out.empty() && text.size() > longest && (static_cast<unsigned char>(out.back()) & 0x80) != 0) out.pop_back();
    return text.size() > longest ? out + " …" : out;
}

CLI::Validator whole_number() {
    return {[](std::string& text) -> std::string {
                const bool digits = !text.empty() && text.size() <= 18 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
                return digits ? "" : "'" + plain(text, 40) + "' is no whole number of at most 18 digits";
            },
            "", "whole number"};
}

CLI::Validator not_empty() {
    return {[](std::string& text) -> std::string { return text.empty() ? "an empty name is given; leave the option out or name something" : ""; }, "", "not empty"};
}

void check_lists(const CLI::App& command, std::span<char* const> arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        const std::size_t equals = argument.find('=');
        const std::string name(argument.substr(0, equals));
        const CLI::Option* option = name.starts_with("--") ? command.get_option_no_throw(name) : nullptr;
        if (!option || option->get_delimiter() == '\0') continue;
        if (equals == std::string_view::npos && i + 1 == arguments.size()) continue;
        const std::string_view list = equals != std::string_view::npos ? argument.substr(equals + 1) : arguments[i + 1];
        if (list.empty() || list.front() == ',' || list.back() == ',' || list.find(",,") != std::string_view::npos)
            throw std::invalid_argument(name + ": the list '" + plain(list, 60) + "' has an empty entry; write its entries with one comma between them");
    }
}

void whisper(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

void say(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
        throw std::runtime_error(std::string("cannot write to standard output: ") + std::strerror(errno) + "; send it where there is room");
}

}  // namespace costate::cli
