// A formula as a tree: what stands between two dollar signs, read once and written as MathML or as plain text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace costate::claims {

enum class Kind {
    row,         ///< any number of children side by side
    identifier,  ///< x, α, Var
    number,
    operation,  ///< +, =, (, ∑: see Role
    function,   ///< exp, det, a name of several letters that stands before its argument
    text,
    space,     ///< text: its width in em
    fraction,  ///< numerator, denominator
    root,      ///< radicand, and the index where there is one
    accent,    ///< what is under it; text: the accent
    script,    ///< base, subscript, superscript; an empty row where there is none
    fence,     ///< left, body, right; the outer ones are operations, without text where there is none
    matrix,    ///< rows of cells, rows all
};

enum class Role { ordinary, relation, binary, open, close, punctuation, large };

struct Node {
    Kind kind = Kind::row;
    Role role = Role::ordinary;
    std::string text{};  ///< Unicode
    std::vector<Node> children{};
    bool upright = false;
};

/// The tree of a formula. `offset` is the place of its first character in the text, counted in characters from 0, for messages.
/// Throws std::invalid_argument naming the character, counted from 1.
Node parse_formula(std::string_view formula, std::size_t offset);

/// A stretch of a text, with the dollar signs taken off and \$ replaced in what is plain.
struct Part {
    bool formula = false;
    std::string text;
    std::size_t offset = 0;  ///< of its first character in the text
};
std::vector<Part> parts_of(std::string_view text);

/// What a command stands for ("alpha", "le", "exp"); nullptr where it is not such a command.
const Node* symbol(std::string_view command);

/// x as 𝐱, ℝ, 𝒩: letters and digits of the alphabet "mathbf", "mathbb" or "mathcal"; others stay.
std::string in_alphabet(std::string_view alphabet, std::string_view text);

/// A + or - that has no left operand: the first of its row, or after another operation.
bool unary(const std::vector<Node>& row, std::size_t i);

/// The bytes of the character at text[i]; 0 where they are not UTF-8.
std::size_t character_length(std::string_view text, std::size_t i);
/// The character with that number, as UTF-8; and the number of the first character of a text that is UTF-8.
std::string character(char32_t code);
char32_t code_of(std::string_view text);

}  // namespace costate::claims
