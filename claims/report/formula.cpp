#include "claims/report/formula.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace costate::claims {

namespace {

// Formulas nested deeper than this are refused: the tree is walked recursively.
constexpr std::size_t deepest = 60;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

Role role_of(char c) {
    switch (c) {
        case '=': case '<': case '>': case ':': return Role::relation;
        case '+': case '-': case '*': return Role::binary;
        case '(': case '[': return Role::open;
        case ')': case ']': return Role::close;
        case ',': case ';': return Role::punctuation;
        default: return Role::ordinary;
    }
}

struct Accent {
    std::string_view command, text;
};
constexpr std::array<Accent, 9> accents = {{{"hat", "^"}, {"widehat", "^"}, {"tilde", "~"}, {"widetilde", "~"}, {"bar", "¯"}, {"overline", "¯"},
                                            {"dot", "˙"}, {"ddot", "¨"}, {"vec", "→"}}};

struct Environment {
    std::string_view name, left, right;
};
constexpr std::array<Environment, 5> environments = {{{"pmatrix", "(", ")"}, {"bmatrix", "[", "]"}, {"vmatrix", "|", "|"}, {"matrix", "", ""}, {"cases", "{", ""}}};

void restyle(Node& node, std::string_view alphabet) {
    if (node.kind == Kind::identifier || node.kind == Kind::number) {
        node.text = in_alphabet(alphabet, node.text);
        node.upright = true;
    }
    for (Node& child : node.children) restyle(child, alphabet);
}

class Parser {
public:
    Parser(std::string_view text, std::size_t offset) : text_(text), offset_(offset) {}

    Node formula() {
        Node node = row();
        if (at_ < text_.size()) fail(at_, fmt::format("{} has no partner", shown(at_)));
        if (node.children.empty()) fail(0, "there is nothing between the dollar signs");
        return node;
    }

private:
    [[noreturn]] void fail(std::size_t at, const std::string& what) const {
        const auto begins = [](char c) { return (c & 0xC0) != 0x80; };
        const auto characters = static_cast<std::size_t>(std::count_if(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at), begins));
        std::string formula;
        for (std::size_t i = 0; i < text_.size() && i < 200;) {
            const std::size_t n = character_length(text_, i);
            formula += n == 0 ? "?" : n == 1 && static_cast<unsigned char>(text_[i]) < ' ' ? " " : std::string(text_.substr(i, n));
            i += std::max<std::size_t>(n, 1);
        }
        throw std::invalid_argument(fmt::format("A formula cannot be read at character {}: {}; it is ${}$, and claims/report/mathematics.hpp lists what may stand in it.",
                                                offset_ + characters + 1, what, formula));
    }

    // What begins at a place, for a message: \frac, {, é.
    std::string shown(std::size_t at) const {
        if (at >= text_.size()) return "the end";
        std::size_t n = character_length(text_, at);
        if (n == 0 || static_cast<unsigned char>(text_[at]) < ' ') return "a byte that is no text";
        if (text_[at] == '\\') {
            while (at + n < text_.size() && is_letter(text_[at + n])) ++n;
            if (n == 1) n += at + 1 < text_.size() ? character_length(text_, at + 1) : 0;
        }
        return std::string(text_.substr(at, n));
    }

    void skip_blanks() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    }

    bool next_is(std::string_view token) {
        skip_blanks();
        if (text_.substr(at_, token.size()) != token) return false;
        // \le is not the beginning of \left
        return token.size() < 2 || !is_letter(token.back()) || at_ + token.size() >= text_.size() || !is_letter(text_[at_ + token.size()]);
    }

    bool take(std::string_view token) {
        if (!next_is(token)) return false;
        at_ += token.size();
        return true;
    }

    void expect(std::string_view token) {
        if (!take(token)) fail(std::min(at_, text_.size()), fmt::format("{} was expected and {} was found", token, shown(at_)));
    }

    // What stands side by side, up to the end or to what closes something.
    Node row(char closing = '}') {
        Node node;
        while (true) {
            skip_blanks();
            if (at_ >= text_.size() || text_[at_] == '}' || text_[at_] == '&' || (closing == ']' && text_[at_] == ']')) break;
            if (next_is("\\\\") || next_is("\\right") || next_is("\\end")) break;
            node.children.push_back(with_scripts());
        }
        return node;
    }

    Node with_scripts() {
        const bool bare = text_[at_] == '^' || text_[at_] == '_' || text_[at_] == '\'';
        Node base = bare ? Node{} : atom();
        Node below, above;
        bool has_below = false, has_above = false, any = false;
        while (true) {
            const std::size_t here = at_;
            if (next_is("'")) {
                if (has_above) fail(at_, "there are two superscripts");
                while (take("'")) above.children.push_back(Node{Kind::operation, Role::ordinary, "′", {}, false});
            } else if (take("^")) {
                if (has_above) fail(here, "there are two superscripts");
                above.children.push_back(argument());
                has_above = true;
            } else if (take("_")) {
                if (has_below) fail(here, "there are two subscripts");
                below = argument();
                has_below = true;
            } else {
                break;
            }
            any = true;
        }
        if (!any) return base;
        if (above.children.size() == 1) above = Node(std::move(above.children.front()));
        return Node{Kind::script, base.role, "", {std::move(base), std::move(below), std::move(above)}, false};
    }

    // {…}, one letter, one digit or one command
    Node argument() {
        skip_blanks();
        if (at_ >= text_.size()) fail(at_, "something is missing at the end");
        if (is_digit(text_[at_])) return Node{Kind::number, Role::ordinary, std::string(1, text_[at_++]), {}, false};
        if (std::string_view("}&^_'").find(text_[at_]) != std::string_view::npos) fail(at_, fmt::format("something is missing before {}", shown(at_)));
        return atom();
    }

    Node group() {
        Node node = row();
        expect("}");
        if (node.children.size() == 1) return Node(std::move(node.children.front()));
        return node;
    }

    // The characters of {…} as they are, braces balanced.
    std::string raw_group() {
        expect("{");
        const std::size_t begin = at_;
        for (std::size_t open = 1; at_ < text_.size(); ++at_) {
            if (text_[at_] == '{') ++open;
            if (text_[at_] == '}' && --open == 0) return std::string(text_.substr(begin, at_++ - begin));
        }
        fail(begin - 1, "{ has no partner");
    }

    Node atom() {
        if (++depth_ > deepest) fail(at_, "it is nested too deeply");
        Node node = shallow_atom();
        --depth_;
        return node;
    }

    Node shallow_atom() {
        const char c = text_[at_];
        if (take("{")) return group();
        if (c == '\\') return command();
        if (is_letter(c)) return Node{Kind::identifier, Role::ordinary, std::string(1, text_[at_++]), {}, false};
        if (is_digit(c)) return number();
        if (c == '~') return ++at_, *symbol(" ");
        if (std::string_view("+-=<>/()[]|,;:!.?*").find(c) != std::string_view::npos) {
            ++at_;
            return Node{Kind::operation, role_of(c), c == '-' ? "−" : c == '*' ? "∗" : std::string(1, c), {}, false};
        }
        const std::size_t n = character_length(text_, at_);
        if (n < 2) fail(at_, fmt::format("{} may not stand there", shown(at_)));
        at_ += n;
        const std::string letter(text_.substr(at_ - n, n));
        const char32_t code = code_of(letter);
        const bool sign = (code >= 0x2190 && code < 0x2300) || letter == "±" || letter == "×" || letter == "·";
        return Node{sign ? Kind::operation : Kind::identifier, sign ? Role::relation : Role::ordinary, letter, {}, true};
    }

    // 12 or 12.5; the dot at the end of a sentence is no part of it
    Node number() {
        const std::size_t begin = at_;
        const auto digits = [&] {
            while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
        };
        digits();
        if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) ++at_, digits();
        return Node{Kind::number, Role::ordinary, std::string(text_.substr(begin, at_ - begin)), {}, false};
    }

    Node command() {
        const std::size_t begin = at_++;
        std::size_t n = 0;
        while (at_ + n < text_.size() && is_letter(text_[at_ + n])) ++n;
        if (n == 0 && at_ < text_.size()) n = 1;
        const std::string_view name = text_.substr(at_, n);
        at_ += n;
        if (const Node* known = symbol(name)) return *known;
        if (name == "frac" || name == "tfrac" || name == "dfrac") return fraction();
        if (name == "sqrt") return root();
        if (name == "left") return fence();
        if (name == "begin") return matrix(begin);
        if (name == "mathrm") return Node{Kind::identifier, Role::ordinary, name_of_group(), {}, true};
        if (name == "operatorname") return Node{Kind::function, Role::ordinary, name_of_group(), {}, true};
        if (name == "text") return Node{Kind::text, Role::ordinary, raw_group(), {}, false};
        if (name == "big" || name == "Big" || name == "bigl" || name == "bigr" || name == "Bigl" || name == "Bigr") return delimiter();
        if (name == "mathbf" || name == "boldsymbol" || name == "mathbb" || name == "mathcal") {
            Node node = argument();
            restyle(node, name == "boldsymbol" ? "mathbf" : name);
            return node.kind == Kind::row ? joined(std::move(node)) : node;
        }
        const auto accent = std::find_if(accents.begin(), accents.end(), [&](const Accent& one) { return one.command == name; });
        if (accent == accents.end()) fail(begin, fmt::format("{} is not known", shown(begin)));
        return Node{Kind::accent, Role::ordinary, std::string(accent->text), {argument()}, false};
    }

    // Letters and digits of \mathrm{…}; blanks go, as in TeX.
    std::string name_of_group() {
        skip_blanks();
        const std::size_t begin = at_;
        std::string name;
        for (const char c : raw_group()) {
            if (is_blank(c)) continue;
            if (!is_letter(c) && !is_digit(c) && c != '-' && c != '.') fail(begin + 1, "letters and digits only may stand in \\mathrm{} and \\operatorname{}");
            name += c;
        }
        if (name.empty()) fail(begin, "a name is missing");
        return name;
    }

    // Several letters of an alphabet make one name.
    static Node joined(Node row) {
        const auto plain = [](const Node& node) { return node.kind == Kind::identifier && node.upright; };
        if (row.children.empty() || !std::all_of(row.children.begin(), row.children.end(), plain)) return row;
        Node name{Kind::identifier, Role::ordinary, "", {}, true};
        for (const Node& letter : row.children) name.text += letter.text;
        return name;
    }

    Node fraction() {
        Node above = argument(), below = argument();
        return Node{Kind::fraction, Role::ordinary, "", {std::move(above), std::move(below)}, false};
    }

    Node root() {
        Node node{Kind::root, Role::ordinary, "", {}, false};
        if (take("[")) {
            Node index = row(']');
            expect("]");
            node.children = {argument(), std::move(index)};
        } else {
            node.children = {argument()};
        }
        return node;
    }

    // ( [ \{ \lVert …; a dot is none
    Node delimiter() {
        skip_blanks();
        const std::size_t begin = at_;
        if (take(".")) return Node{Kind::operation, Role::ordinary, "", {}, false};
        if (at_ >= text_.size() || text_[at_] == '{') fail(at_, "a bracket was expected");
        Node node = atom();
        constexpr std::string_view known = "( ) [ ] { } | / ‖ ⟨ ⟩ ⌊ ⌋ ⌈ ⌉ < >";
        if (node.kind != Kind::operation || known.find(node.text) == std::string_view::npos) fail(begin, fmt::format("a bracket was expected and {} was found", shown(begin)));
        return node;
    }

    Node fence() {
        Node left = delimiter(), body = row();
        expect("\\right");
        Node right = delimiter();
        return Node{Kind::fence, Role::ordinary, "", {std::move(left), std::move(body), std::move(right)}, false};
    }

    Node matrix(std::size_t begin) {
        const std::string name = raw_group();
        const auto environment = std::find_if(environments.begin(), environments.end(), [&](const Environment& one) { return one.name == name; });
        if (environment == environments.end()) fail(begin, "\\begin{} may name pmatrix, bmatrix, vmatrix, matrix or cases");
        Node body{Kind::matrix, Role::ordinary, "", {Node{}}, false};
        while (true) {
            body.children.back().children.push_back(row());
            if (take("&")) continue;
            if (!take("\\\\")) break;
            if (next_is("\\end")) break;
            body.children.emplace_back();
        }
        expect("\\end");
        const std::size_t end = at_;
        if (raw_group() != name) fail(end, fmt::format("\\end{{{}}} was expected", name));
        const auto bracket = [](std::string_view text, Role role) { return Node{Kind::operation, role, std::string(text), {}, false}; };
        return Node{Kind::fence, Role::ordinary, "", {bracket(environment->left, Role::open), std::move(body), bracket(environment->right, Role::close)}, false};
    }

    std::string_view text_;
    std::size_t offset_, at_ = 0, depth_ = 0;
};

}  // namespace

Node parse_formula(std::string_view formula, std::size_t offset) { return Parser(formula, offset).formula(); }

bool unary(const std::vector<Node>& row, std::size_t i) {
    const Node& node = row[i];
    if (node.kind != Kind::operation || node.role != Role::binary) return false;
    while (i > 0 && row[i - 1].kind == Kind::space) --i;
    if (i == 0) return true;
    const Node& left = row[i - 1];
    return left.kind == Kind::function || (left.kind == Kind::operation && left.role != Role::close && left.role != Role::ordinary);
}

}  // namespace costate::claims
