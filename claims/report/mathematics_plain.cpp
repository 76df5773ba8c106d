#include "claims/report/formula.hpp"
#include "claims/report/mathematics.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

namespace costate::claims {

namespace {

using Letters = std::map<std::string, std::string, std::less<>>;

Letters pairs(std::initializer_list<std::pair<const char*, const char*>> entries) {
    Letters letters;
    for (const auto& [from, to] : entries) letters[from] = to;
    return letters;
}

const Letters& raised_letters() {
    static const Letters letters = pairs(
        {{"0", "⁰"}, {"1", "¹"}, {"2", "²"}, {"3", "³"}, {"4", "⁴"}, {"5", "⁵"}, {"6", "⁶"}, {"7", "⁷"}, {"8", "⁸"}, {"9", "⁹"}, {"+", "⁺"}, {"−", "⁻"},
         {"=", "⁼"}, {"(", "⁽"}, {")", "⁾"}, {"a", "ᵃ"}, {"b", "ᵇ"}, {"c", "ᶜ"}, {"d", "ᵈ"}, {"e", "ᵉ"}, {"f", "ᶠ"}, {"g", "ᵍ"}, {"h", "ʰ"}, {"i", "ⁱ"},
         {"j", "ʲ"}, {"k", "ᵏ"}, {"l", "ˡ"}, {"m", "ᵐ"}, {"n", "ⁿ"}, {"o", "ᵒ"}, {"p", "ᵖ"}, {"r", "ʳ"}, {"s", "ˢ"}, {"t", "ᵗ"}, {"u", "ᵘ"}, {"v", "ᵛ"},
         {"w", "ʷ"}, {"x", "ˣ"}, {"y", "ʸ"}, {"z", "ᶻ"}, {"A", "ᴬ"}, {"B", "ᴮ"}, {"D", "ᴰ"}, {"E", "ᴱ"}, {"G", "ᴳ"}, {"H", "ᴴ"}, {"I", "ᴵ"}, {"J", "ᴶ"},
         {"K", "ᴷ"}, {"L", "ᴸ"}, {"M", "ᴹ"}, {"N", "ᴺ"}, {"O", "ᴼ"}, {"P", "ᴾ"}, {"R", "ᴿ"}, {"T", "ᵀ"}, {"U", "ᵁ"}, {"V", "ⱽ"}, {"W", "ᵂ"}, {"α", "ᵅ"},
         {"β", "ᵝ"}, {"γ", "ᵞ"}, {"δ", "ᵟ"}, {"θ", "ᶿ"}, {"φ", "ᵠ"}, {"ϕ", "ᵠ"}, {"χ", "ᵡ"}, {"⊤", "ᵀ"}, {"†", "†"}, {"′", "′"}, {"∗", "*"}});
    return letters;
}

const Letters& lowered_letters() {
    static const Letters letters = pairs({{"0", "₀"}, {"1", "₁"}, {"2", "₂"}, {"3", "₃"}, {"4", "₄"}, {"5", "₅"}, {"6", "₆"}, {"7", "₇"}, {"8", "₈"},
                                          {"9", "₉"}, {"+", "₊"}, {"−", "₋"}, {"=", "₌"}, {"(", "₍"}, {")", "₎"}, {"a", "ₐ"}, {"e", "ₑ"}, {"h", "ₕ"},
                                          {"i", "ᵢ"}, {"j", "ⱼ"}, {"k", "ₖ"}, {"l", "ₗ"}, {"m", "ₘ"}, {"n", "ₙ"}, {"o", "ₒ"}, {"p", "ₚ"}, {"r", "ᵣ"},
                                          {"s", "ₛ"}, {"t", "ₜ"}, {"u", "ᵤ"}, {"v", "ᵥ"}, {"x", "ₓ"}, {"β", "ᵦ"}, {"γ", "ᵧ"}, {"ρ", "ᵨ"}, {"φ", "ᵩ"},
                                          {"ϕ", "ᵩ"}, {"χ", "ᵪ"}});
    return letters;
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::optional<std::string> mapped(const std::string& text, const Letters& letters) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t n = std::max<std::size_t>(character_length(text, i), 1);
        const auto found = letters.find(std::string_view(text).substr(i, n));
        if (found == letters.end()) return std::nullopt;
        out += found->second;
        i += n;
    }
    return out;
}

std::string plain(const Node& node, bool tight);
std::string plain_row(const std::vector<Node>& row, bool tight);

const Node& innermost(const Node& node) { return node.kind == Kind::script ? innermost(node.children[0]) : node; }

bool is_sign(const Node& node, Role role) { return node.kind == Kind::operation && node.role == role; }

// f(x), γ(τ), ∂x, Δt: a letter with all that follows in brackets, ∂ and Δ before it at most
bool application(const std::vector<Node>& row) {
    std::size_t first = 0;
    if (row.size() > 1 && (row[0].text == "∂" || row[0].text == "Δ")) first = 1;
    int open = 0;
    for (std::size_t i = first; i < row.size(); ++i) {
        if (is_sign(innermost(row[i]), Role::close)) --open;
        else if (i > first && open == 0 && row[i].kind != Kind::fence && !is_sign(row[i], Role::open)) return false;
        if (is_sign(row[i], Role::open)) ++open;
        if (open == 0 && is_sign(row[first], Role::open) && i + 1 < row.size()) return false;  // (a)(b)
    }
    return open == 0;
}

// ab, a + b, a/b need brackets where something stands close to them
bool compound(const Node& node) { return (node.kind == Kind::row && node.children.size() > 1 && !application(node.children)) || node.kind == Kind::fraction; }

// a + b and a = b bind less than a quotient
bool loose(const Node& node) {
    return node.kind == Kind::row && !application(node.children) && std::any_of(node.children.begin(), node.children.end(), [&](const Node& child) {
               return is_sign(child, Role::binary) || is_sign(child, Role::relation) || is_sign(child, Role::punctuation) || child.text == "/";
           });
}

std::string enclosed(const std::string& text, bool wanted) { return wanted ? "(" + text + ")" : text; }

std::string script_text(const Node& node, char sign, const Letters& letters) {
    if (node.kind == Kind::row && node.children.empty()) return "";
    const std::string text = plain(node, true);
    if (text.empty()) return "";
    if (const auto all = mapped(text, letters)) return *all;
    return sign + enclosed(text, characters(text) > 1);
}

std::string script(const Node& node) {
    const Node& base = node.children[0];
    return enclosed(plain(base, true), compound(base)) + script_text(node.children[1], '_', lowered_letters()) + script_text(node.children[2], '^', raised_letters());
}

std::string accent(const Node& node) {
    const std::string under = plain(node.children[0], true);
    const auto one_of = [&](std::string_view mark, std::string_view name) {
        return characters(under) == 1 ? under + std::string(mark) : std::string(name) + "(" + under + ")";
    };
    if (node.text == "^") return one_of("\u0302", "hat");
    if (node.text == "~") return one_of("\u0303", "tilde");
    if (node.text == "¯") return one_of("\u0304", "bar");
    if (node.text == "˙") return one_of("\u0307", "dot");
    if (node.text == "¨") return one_of("\u0308", "ddot");
    return one_of("\u20D7", "vec");
}

std::string root(const Node& node) {
    const std::string under = plain(node.children[0], true);
    const std::string index = node.children.size() == 2 ? mapped(plain(node.children[1], true), raised_letters()).value_or(plain(node.children[1], true)) : "";
    return index + "√" + enclosed(under, characters(under) > 1 && node.children[0].kind != Kind::number && node.children[0].kind != Kind::fence);
}

std::string matrix(const Node& node) {
    std::string text;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
        text += i == 0 ? "" : "; ";
        for (std::size_t j = 0; j < node.children[i].children.size(); ++j) text += (j == 0 ? "" : ", ") + plain(node.children[i].children[j], false);
    }
    return text;
}

std::string fraction(const Node& node) {
    const Node &above = node.children[0], &below = node.children[1];
    if (above.text == "1" && below.text == "2") return "½";
    return enclosed(plain(above, true), loose(above) || above.kind == Kind::fraction) + "/" + enclosed(plain(below, true), compound(below));
}

std::string plain(const Node& node, bool tight) {
    switch (node.kind) {
        case Kind::row: return plain_row(node.children, tight);
        case Kind::space: return node.text.front() == '-' ? "" : " ";
        case Kind::fraction: return fraction(node);
        case Kind::root: return root(node);
        case Kind::accent: return accent(node);
        case Kind::script: return script(node);
        case Kind::fence: return plain(node.children[0], true) + plain(node.children[1], tight) + plain(node.children[2], true);
        case Kind::matrix: return matrix(node);
        default: return node.text;
    }
}

bool bracket(const Node& node) { return innermost(node).kind == Kind::operation && innermost(node).role != Role::large && innermost(node).text != "∂"; }

bool several_letters(const Node& node) {
    const Node& inner = innermost(node);
    return (inner.kind == Kind::identifier || inner.kind == Kind::text) && characters(inner.text) > 1;
}

// Whether a blank belongs between row[i-1] and row[i].
bool apart(const std::vector<Node>& row, std::size_t i, bool tight) {
    const Node &left = row[i - 1], &right = row[i];
    if (left.kind == Kind::space || right.kind == Kind::space) return false;
    const auto operates = [&](std::size_t k) { return is_sign(row[k], Role::relation) || (is_sign(row[k], Role::binary) && !unary(row, k)); };
    if (!tight && operates(i)) return true;
    if (!tight && (operates(i - 1) || is_sign(left, Role::punctuation))) return true;
    if (unary(row, i)) return innermost(left).kind == Kind::function || innermost(left).role == Role::large;
    const bool names = innermost(left).kind == Kind::function || innermost(left).role == Role::large || several_letters(left);
    if (innermost(left).kind == Kind::operation && innermost(left).role == Role::large) return !is_sign(right, Role::close);
    if (names) return !bracket(right) && right.kind != Kind::fence;
    const bool named = innermost(right).kind == Kind::function || innermost(right).role == Role::large || several_letters(right);
    return named && (!bracket(left) || is_sign(innermost(left), Role::close));
}

std::string plain_row(const std::vector<Node>& row, bool tight) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (i > 0 && apart(row, i, tight)) text += ' ';
        const bool product = i + 1 < row.size() && !bracket(row[i + 1]) && row[i + 1].kind != Kind::space;
        const std::string part = plain(row[i], tight);
        const bool stands_close = (row[i].kind == Kind::fraction && part != "½" && product) || (row[i].kind == Kind::row && loose(row[i]));
        text += enclosed(part, stands_close);
    }
    return text;
}

// Runs of blanks inside a formula count once, those at its ends not at all.
std::string trimmed(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
    }
    if (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

}  // namespace

std::string to_plain(std::string_view text) {
    std::string out;
    for (const Part& part : parts_of(text)) out += part.formula ? trimmed(plain(parse_formula(part.text, part.offset), false)) : part.text;
    return out;
}

}  // namespace costate::claims
