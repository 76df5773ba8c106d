// A C++ source as text: what of it is code, where brackets close, where functions are defined.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace costate::mutation {

/// [begin, end) in a text.
struct Range {
    std::size_t begin = 0, end = 0;
};

class Source {
public:
    explicit Source(std::string text);

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] std::string text(Range range) const { return text_.substr(range.begin, range.end - range.begin); }
    /// Neither comment, nor string, nor preprocessor line.
    [[nodiscard]] bool is_code(std::size_t at) const { return code_[at]; }
    /// Code that computes with scalars: outside of subscripts, of the heads of for, of throw statements and of declarations of templates.
    [[nodiscard]] bool is_arithmetic(std::size_t at) const { return arithmetic_[at]; }
    /// The bracket that closes the one at `open`; the end of the text where there is none.
    [[nodiscard]] std::size_t closing(std::size_t open) const;
    /// The first of `characters` outside of brackets that are opened after `from`.
    [[nodiscard]] std::size_t next(std::size_t from, std::string_view characters) const;
    /// Bodies, without their braces, of all definitions of functions of that name.
    [[nodiscard]] std::vector<Range> bodies(std::string_view name) const;
    /// Line of a position, the first is 1.
    [[nodiscard]] std::size_t line(std::size_t at) const;

private:
    void find_code();
    void find_arithmetic();
    void hide(std::size_t begin, std::size_t end);

    std::string text_;
    std::vector<bool> code_, arithmetic_;
};

}  // namespace costate::mutation
