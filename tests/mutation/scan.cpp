#include "scan.hpp"

#include <algorithm>
#include <cctype>

namespace costate::mutation {

namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

}  // namespace

Source::Source(std::string text) : text_(std::move(text)), code_(text_.size(), true) {
    find_code();
    arithmetic_ = code_;
    find_arithmetic();
}

void Source::find_code() {
    bool line_start = true;
    const auto skip_to = [&](std::size_t begin, std::size_t end) {
        end = std::min(end, text_.size());
        std::fill(code_.begin() + static_cast<std::ptrdiff_t>(begin), code_.begin() + static_cast<std::ptrdiff_t>(end), false);
        return end;
    };
    for (std::size_t i = 0; i < text_.size();) {
        const char c = text_[i];
        if (line_start && c == '#') i = skip_to(i, text_.find('\n', i));
        else if (text_.compare(i, 2, "//") == 0) i = skip_to(i, text_.find('\n', i));
        else if (text_.compare(i, 2, "/*") == 0) i = skip_to(i, text_.find("*/", i) + 2);
        else if (c == '"' || (c == '\'' && (i == 0 || !is_word(text_[i - 1])))) {
            std::size_t end = i + 1;
            while (end < text_.size() && text_[end] != c) end += text_[end] == '\\' ? 2 : 1;
            i = skip_to(i, end + 1);
        } else {
            if (c == '\n') line_start = true;
            else if (std::isspace(static_cast<unsigned char>(c)) == 0) line_start = false;
            ++i;
        }
    }
}

void Source::hide(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < std::min(end, text_.size()); ++i) arithmetic_[i] = false;
}

void Source::find_arithmetic() {
    const auto begins_word = [&](std::size_t i, std::string_view word) {
        return text_.compare(i, word.size(), word) == 0 && (i == 0 || !is_word(text_[i - 1])) && !is_word(text_[i + word.size()]);
    };
    for (std::size_t i = 0; i < text_.size(); ++i) {
        if (!code_[i]) continue;
        if (text_[i] == '[') hide(i, closing(i));
        else if (begins_word(i, "for")) hide(i, closing(text_.find('(', i)) + 1);
        else if (begins_word(i, "throw")) hide(i, next(i, ";"));
        else if (begins_word(i, "template")) hide(i, text_.find('>', i));
    }
}

std::size_t Source::closing(std::size_t open) const {
    const std::string_view opening = "([{", closers = ")]}";
    if (open >= text_.size()) return text_.size();
    const char begin = text_[open], end = closers[opening.find(begin)];
    std::size_t depth = 0;
    for (std::size_t i = open; i < text_.size(); ++i) {
        if (!code_[i]) continue;
        if (text_[i] == begin) ++depth;
        if (text_[i] == end && --depth == 0) return i;
    }
    return text_.size();
}

std::size_t Source::next(std::size_t from, std::string_view characters) const {
    for (std::size_t i = from; i < text_.size(); ++i) {
        if (!code_[i]) continue;
        if (characters.find(text_[i]) != std::string_view::npos) return i;
        if (std::string_view("([{").find(text_[i]) != std::string_view::npos) i = closing(i);
    }
    return text_.size();
}

std::vector<Range> Source::bodies(std::string_view name) const {
    std::vector<Range> found;
    for (std::size_t at = text_.find(name); at != std::string::npos; at = text_.find(name, at + 1)) {
        const std::size_t open = at + name.size();
        if (!code_[at] || open >= text_.size() || text_[open] != '(' || (at > 0 && is_word(text_[at - 1]))) continue;
        std::size_t after = closing(open) + 1;
        while (after < text_.size() && (std::isspace(static_cast<unsigned char>(text_[after])) != 0 || is_word(text_[after]))) ++after;
        if (after < text_.size() && text_[after] == '{') found.push_back({after + 1, closing(after)});
    }
    return found;
}

std::size_t Source::line(std::size_t at) const {
    return 1 + static_cast<std::size_t>(std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

}  // namespace costate::mutation
