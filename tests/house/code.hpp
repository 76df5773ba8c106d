// Sources as text.
#pragma once

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace house {

// Blanks comments, and the contents of string and character literals outside preprocessor lines.
inline std::string code_of(const std::string& text) {
    std::string code;
    bool line_start = true, directive = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (text.compare(i, 2, "//") == 0) {
            i = std::min(text.find('\n', i), text.size()) - 1;
        } else if (text.compare(i, 2, "/*") == 0) {
            i = std::min(text.find("*/", i + 2), text.size() - 2) + 1;
        } else if (text.compare(i, 3, "R\"(") == 0) {
            i = std::min(text.find(")\"", i), text.size() - 2) + 1;
            code += "\"\"";
        } else if (!directive && (c == '"' || (c == '\'' && (i == 0 || !std::isalnum(static_cast<unsigned char>(text[i - 1])))))) {
            code += c;
            for (++i; i < text.size() && text[i] != c; ++i) i += text[i] == '\\' ? 1 : 0;
            code += c;
        } else {
            code += c;
            if (c == '\n') line_start = true, directive = false;
            else if (line_start && c == '#') directive = true;
            if (!std::isspace(static_cast<unsigned char>(c))) line_start = false;
        }
    }
    return code;
}

inline std::string read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

}  // namespace house
