#include "claims/report/formula.hpp"

#include <array>
#include <functional>
#include <map>

namespace costate::claims {

namespace {

using Symbols = std::map<std::string, Node, std::less<>>;
using Entries = std::initializer_list<std::pair<const char*, const char*>>;

void add(Symbols& symbols, Kind kind, Role role, bool upright, Entries entries) {
    for (const auto& [name, text] : entries) symbols[name] = Node{kind, role, text, {}, upright};
}

void add_letters(Symbols& symbols) {
    add(symbols, Kind::identifier, Role::ordinary, false,
        {{"alpha", "α"}, {"beta", "β"}, {"gamma", "γ"}, {"delta", "δ"}, {"epsilon", "ϵ"}, {"varepsilon", "ε"}, {"zeta", "ζ"}, {"eta", "η"},
         {"theta", "θ"}, {"vartheta", "ϑ"}, {"iota", "ι"}, {"kappa", "κ"}, {"lambda", "λ"}, {"mu", "μ"}, {"nu", "ν"}, {"xi", "ξ"}, {"omicron", "ο"},
         {"pi", "π"}, {"rho", "ρ"}, {"varrho", "ϱ"}, {"sigma", "σ"}, {"varsigma", "ς"}, {"tau", "τ"}, {"upsilon", "υ"}, {"phi", "ϕ"},
         {"varphi", "φ"}, {"chi", "χ"}, {"psi", "ψ"}, {"omega", "ω"}, {"ell", "ℓ"}, {"partial", "∂"}, {"hbar", "ℏ"}});
    add(symbols, Kind::identifier, Role::ordinary, true,
        {{"Alpha", "Α"}, {"Beta", "Β"}, {"Gamma", "Γ"}, {"Delta", "Δ"}, {"Epsilon", "Ε"}, {"Zeta", "Ζ"}, {"Eta", "Η"}, {"Theta", "Θ"},
         {"Iota", "Ι"}, {"Kappa", "Κ"}, {"Lambda", "Λ"}, {"Mu", "Μ"}, {"Nu", "Ν"}, {"Xi", "Ξ"}, {"Omicron", "Ο"}, {"Pi", "Π"}, {"Rho", "Ρ"},
         {"Sigma", "Σ"}, {"Tau", "Τ"}, {"Upsilon", "Υ"}, {"Phi", "Φ"}, {"Chi", "Χ"}, {"Psi", "Ψ"}, {"Omega", "Ω"}, {"nabla", "∇"},
         {"infty", "∞"}, {"top", "⊤"}, {"bot", "⊥"}, {"dagger", "†"}, {"ldots", "…"}, {"dots", "…"}, {"cdots", "⋯"}, {"vdots", "⋮"},
         {"ddots", "⋱"}, {"emptyset", "∅"}, {"prime", "′"}, {"Re", "ℜ"}, {"Im", "ℑ"}, {"%", "%"}, {"#", "#"}, {"&", "&"}, {"_", "_"}, {"$", "$"}});
    add(symbols, Kind::operation, Role::ordinary, false, {{"forall", "∀"}, {"exists", "∃"}, {"neg", "¬"}, {"backslash", "\\"}});
}

void add_operations(Symbols& symbols) {
    add(symbols, Kind::operation, Role::relation, false,
        {{"le", "≤"}, {"leq", "≤"}, {"ge", "≥"}, {"geq", "≥"}, {"ne", "≠"}, {"neq", "≠"}, {"approx", "≈"}, {"equiv", "≡"}, {"sim", "∼"},
         {"simeq", "≃"}, {"cong", "≅"}, {"propto", "∝"}, {"in", "∈"}, {"ni", "∋"}, {"notin", "∉"}, {"subset", "⊂"}, {"subseteq", "⊆"},
         {"supset", "⊃"}, {"supseteq", "⊇"}, {"succ", "≻"}, {"succeq", "⪰"}, {"prec", "≺"}, {"preceq", "⪯"}, {"ll", "≪"}, {"gg", "≫"},
         {"to", "→"}, {"rightarrow", "→"}, {"leftarrow", "←"}, {"mapsto", "↦"}, {"Rightarrow", "⇒"}, {"Leftarrow", "⇐"},
         {"Leftrightarrow", "⇔"}, {"leftrightarrow", "↔"}, {"iff", "⇔"}, {"implies", "⇒"}, {"perp", "⟂"}, {"parallel", "∥"}, {"mid", "∣"}});
    add(symbols, Kind::operation, Role::binary, false,
        {{"cdot", "·"}, {"times", "×"}, {"circ", "∘"}, {"pm", "±"}, {"mp", "∓"}, {"div", "÷"}, {"otimes", "⊗"}, {"oplus", "⊕"}, {"odot", "⊙"},
         {"cup", "∪"}, {"cap", "∩"}, {"setminus", "∖"}, {"wedge", "∧"}, {"vee", "∨"}, {"ast", "∗"}, {"star", "⋆"}, {"bullet", "•"}});
    add(symbols, Kind::operation, Role::large, false,
        {{"sum", "∑"}, {"prod", "∏"}, {"int", "∫"}, {"oint", "∮"}, {"iint", "∬"}, {"bigcup", "⋃"}, {"bigcap", "⋂"}, {"bigoplus", "⨁"}, {"bigotimes", "⨂"}});
    add(symbols, Kind::operation, Role::open, false,
        {{"lVert", "‖"}, {"lvert", "|"}, {"langle", "⟨"}, {"lfloor", "⌊"}, {"lceil", "⌈"}, {"{", "{"}, {"lbrace", "{"}, {"lbrack", "["}});
    add(symbols, Kind::operation, Role::close, false,
        {{"rVert", "‖"}, {"rvert", "|"}, {"rangle", "⟩"}, {"rfloor", "⌋"}, {"rceil", "⌉"}, {"}", "}"}, {"rbrace", "}"}, {"rbrack", "]"}});
    add(symbols, Kind::operation, Role::ordinary, false, {{"|", "‖"}, {"Vert", "‖"}, {"vert", "|"}});
    add(symbols, Kind::operation, Role::punctuation, false, {{"colon", ":"}});
}

void add_functions(Symbols& symbols) {
    for (const char* name : {"exp", "log", "ln", "lg", "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh",
                             "det", "dim", "ker", "deg", "gcd", "arg", "hom"}) {
        symbols[name] = Node{Kind::function, Role::ordinary, name, {}, true};
    }
    for (const char* name : {"max", "min", "sup", "inf", "lim", "limsup", "liminf", "Pr"}) symbols[name] = Node{Kind::function, Role::large, name, {}, true};
    for (const auto& [name, width] : {std::pair(",", "0.167"), {":", "0.222"}, {";", "0.278"}, {"!", "-0.167"}, {" ", "0.25"}, {"quad", "1"}, {"qquad", "2"}}) {
        symbols[name] = Node{Kind::space, Role::ordinary, width, {}, false};
    }
}

Symbols all_symbols() {
    Symbols symbols;
    add_letters(symbols);
    add_operations(symbols);
    add_functions(symbols);
    return symbols;
}

// Letters that had a place in Unicode before their alphabet came.
const std::map<std::string, std::string, std::less<>>& earlier_letters() {
    static const std::map<std::string, std::string, std::less<>> letters = {
        {"mathbbC", "ℂ"}, {"mathbbH", "ℍ"}, {"mathbbN", "ℕ"}, {"mathbbP", "ℙ"}, {"mathbbQ", "ℚ"}, {"mathbbR", "ℝ"}, {"mathbbZ", "ℤ"},
        {"mathcalB", "ℬ"}, {"mathcalE", "ℰ"}, {"mathcalF", "ℱ"}, {"mathcalH", "ℋ"}, {"mathcalI", "ℐ"}, {"mathcalL", "ℒ"}, {"mathcalM", "ℳ"},
        {"mathcalR", "ℛ"}, {"mathcale", "ℯ"}, {"mathcalg", "ℊ"}, {"mathcalo", "ℴ"}, {"mathbf∂", "𝛛"}, {"mathbf∇", "𝛁"}};
    return letters;
}

// The numbers of 'A', 'a', '0', 'Α', 'α' in an alphabet; 0 where it has none.
struct Alphabet {
    char32_t upper, lower, digit, greek_upper, greek_lower;
};

std::string styled(const Alphabet& alphabet, const std::string& letter) {
    const char32_t c = code_of(letter);
    const auto within = [&](char32_t first, char32_t last, char32_t place) { return place != 0 && c >= first && c <= last ? place + (c - first) : 0; };
    for (const char32_t code : {within('A', 'Z', alphabet.upper), within('a', 'z', alphabet.lower), within('0', '9', alphabet.digit),
                                within(U'Α', U'Ω', alphabet.greek_upper), within(U'α', U'ω', alphabet.greek_lower)}) {
        if (code != 0) return character(code);
    }
    return letter;
}

}  // namespace

const Node* symbol(std::string_view command) {
    static const Symbols symbols = all_symbols();
    const auto found = symbols.find(command);
    return found == symbols.end() ? nullptr : &found->second;
}

std::string in_alphabet(std::string_view alphabet, std::string_view text) {
    const Alphabet places = alphabet == "mathbf"   ? Alphabet{0x1D400, 0x1D41A, 0x1D7CE, 0x1D6A8, 0x1D6C2}
                            : alphabet == "mathbb" ? Alphabet{0x1D538, 0x1D552, 0x1D7D8, 0, 0}
                                                   : Alphabet{0x1D49C, 0x1D4B6, 0, 0, 0};
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t n = std::max<std::size_t>(character_length(text, i), 1);
        const std::string letter(text.substr(i, n));
        const auto earlier = earlier_letters().find(std::string(alphabet) + letter);
        out += earlier != earlier_letters().end() ? earlier->second : styled(places, letter);
        i += n;
    }
    return out;
}

}  // namespace costate::claims
