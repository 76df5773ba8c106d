#include "claims/report/mathematics.hpp"

#include "claims/report/formula.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>

namespace costate::claims {

namespace {

constexpr std::string_view tex_letters[] = {"alpha", "beta", "gamma", "delta", "varepsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu",
                                            "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "varphi", "phi", "chi", "psi", "omega", "Gamma",
                                            "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega", "nabla", "partial", "infty",
                                            "pm", "times", "cdot", "le", "ge", "ne", "approx", "equiv", "to", "mapsto", "in", "ll", "gg", "ell", "circ"};

// What LaTeX does not set from Unicode by itself; letters with accents it does.
std::map<std::string, std::string, std::less<>> tex_of_unicode() {
    std::map<std::string, std::string, std::less<>> all = {
        {"–", "--"}, {"—", "---"}, {"‘", "`"}, {"’", "'"}, {"“", "``"}, {"”", "''"}, {"…", "\\ldots{}"}, {"\u00A0", "~"}, {"−", "\\ensuremath{-}"},
        {"‖", "\\ensuremath{\\|}"}, {"½", "\\ensuremath{\\frac12}"}, {"′", "\\ensuremath{'}"}, {"ᵀ", "\\ensuremath{{}^{\\mathsf T}}"}, {"µ", "\\ensuremath{\\mu}"},
        {"ℚ", "\\ensuremath{\\mathbb{Q}}"}, {"ℤ", "\\ensuremath{\\mathbb{Z}}"}, {"ℝ", "\\ensuremath{\\mathbb{R}}"}, {"ℕ", "\\ensuremath{\\mathbb{N}}"}};
    for (const std::string_view name : tex_letters) all[symbol(name)->text] = fmt::format("\\ensuremath{{\\{}}}", name);
    const std::string above[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹", "⁻", "⁺"}, below[] = {"₀", "₁", "₂", "₃", "₄", "₅", "₆", "₇", "₈", "₉", "₋", "₊"};
    for (std::size_t i = 0; i < std::size(above); ++i) {
        const std::string sign = i == 10 ? "-" : i == 11 ? "+" : std::to_string(i);
        all[above[i]] = fmt::format("\\ensuremath{{{{}}^{{{}}}}}", sign);
        all[below[i]] = fmt::format("\\ensuremath{{{{}}_{{{}}}}}", sign);
    }
    return all;
}

// What has a meaning in TeX, written so that it is seen.
std::string tex_character(std::string_view c) {
    static const auto unicode = tex_of_unicode();
    if (c == "\\") return "\\textbackslash{}";
    if (c == "~") return "\\textasciitilde{}";
    if (c == "^") return "\\textasciicircum{}";
    if (c == "<" || c == ">" || c == "|") return fmt::format("\\ensuremath{{{}}}", c);
    if (std::string_view("{}$&#_%").find(c) != std::string_view::npos) return "\\" + std::string(c);
    const auto found = unicode.find(c);
    return found == unicode.end() ? std::string(c) : found->second;
}

// Each character through f; a byte that is not UTF-8 is given as U+FFFD, a control character as a blank.
template <class F>
std::string by_character(std::string_view text, F&& f) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t n = character_length(text, i);
        const bool control = n == 1 && (static_cast<unsigned char>(text[i]) < ' ' || text[i] == 0x7F);
        out += f(n == 0 ? std::string_view("\uFFFD") : control ? std::string_view(" ") : text.substr(i, n));
        i += std::max<std::size_t>(n, 1);
    }
    return out;
}

}  // namespace

std::vector<Part> parts_of(std::string_view text) {
    std::vector<Part> parts;
    Part part;
    const auto close = [&](bool formula, std::size_t offset) {
        if (part.formula || !part.text.empty()) parts.push_back(part);
        part = Part{formula, "", offset};
    };
    std::size_t offset = 0;  // in characters
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '$' || part.formula)) {
            if (part.formula) part.text += '\\';
            part.text += text[++i];
            ++offset;
        } else if (text[i] == '$') {
            close(!part.formula, offset + 1);
        } else {
            part.text += text[i];
        }
        if (i + 1 >= text.size() || (text[i + 1] & 0xC0) != 0x80) ++offset;
    }
    if (part.formula) throw std::invalid_argument(fmt::format("The $ at character {} of a text has no partner; write \\$ for a dollar sign.", part.offset));
    close(false, offset);
    return parts;
}

std::string html_escaped(std::string_view text) {
    return by_character(text, [](std::string_view c) -> std::string_view {
        if (c == "&") return "&amp;";
        if (c == "<") return "&lt;";
        if (c == ">") return "&gt;";
        if (c == "\"") return "&quot;";
        return c == "'" ? "&#39;" : c;
    });
}

std::string to_tex(std::string_view text) {
    std::string out;
    for (const Part& part : parts_of(text)) {
        if (part.formula) parse_formula(part.text, part.offset);
        // a formula is left alone but for letters that only some TeX knows
        const auto kept = [](std::string_view c) { return c.size() == 1 ? std::string(c) : tex_character(c); };
        out += part.formula ? "$" + by_character(part.text, kept) + "$" : by_character(part.text, tex_character);
    }
    return out;
}

std::size_t character_length(std::string_view text, std::size_t i) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(at < text.size() ? text[at] : 0); };
    const unsigned char first = byte(i);
    const std::size_t n = first < 0x80 ? 1 : first >= 0xC2 && first < 0xE0 ? 2 : first >= 0xE0 && first < 0xF0 ? 3 : first >= 0xF0 && first < 0xF5 ? 4 : 0;
    for (std::size_t k = 1; k < n; ++k) {
        if ((byte(i + k) & 0xC0) != 0x80) return 0;
    }
    // longer than needed, surrogates, beyond U+10FFFF
    if ((first == 0xE0 && byte(i + 1) < 0xA0) || (first == 0xED && byte(i + 1) > 0x9F) || (first == 0xF0 && byte(i + 1) < 0x90) || (first == 0xF4 && byte(i + 1) > 0x8F)) return 0;
    return n;
}

std::string character(char32_t code) {
    const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
    if (code < 0x80) return {static_cast<char>(code)};
    if (code < 0x800) return {static_cast<char>(0xC0 | (code >> 6)), tail(0)};
    if (code < 0x10000) return {static_cast<char>(0xE0 | (code >> 12)), tail(6), tail(0)};
    return {static_cast<char>(0xF0 | (code >> 18)), tail(12), tail(6), tail(0)};
}

char32_t code_of(std::string_view text) {
    const std::size_t n = character_length(text, 0);
    if (text.empty() || n == 0) return 0;
    char32_t code = static_cast<unsigned char>(text[0]) & (n == 1 ? 0x7F : 0x7F >> n);
    for (std::size_t k = 1; k < n; ++k) code = (code << 6) | (static_cast<unsigned char>(text[k]) & 0x3F);
    return code;
}

}  // namespace costate::claims
