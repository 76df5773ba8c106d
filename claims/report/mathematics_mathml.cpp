#include "claims/report/formula.hpp"
#include "claims/report/mathematics.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace costate::claims {

namespace {

std::string element(const Node& node);
std::string contents(const std::vector<Node>& row, std::string_view between_lines);

std::string row_element(const Node& node) {
    if (node.kind == Kind::row && node.children.size() == 1) return element(node.children.front());
    return node.kind == Kind::row ? "<mrow>" + contents(node.children, "") + "</mrow>" : element(node);
}

std::string operation(const Node& node, bool is_unary) {
    const std::string text = html_escaped(node.text);
    switch (node.role) {
        case Role::relation: return fmt::format("<mo form=\"infix\">{}</mo>", text);
        case Role::binary: return fmt::format("<mo form=\"{}\">{}</mo>", is_unary ? "prefix" : "infix", text);
        case Role::open: return fmt::format("<mo form=\"prefix\" stretchy=\"false\">{}</mo>", text);
        case Role::close: return fmt::format("<mo form=\"postfix\" stretchy=\"false\">{}</mo>", text);
        case Role::punctuation: return fmt::format("<mo form=\"infix\" separator=\"true\" lspace=\"0\" rspace=\"0.17em\">{}</mo>", text);
        case Role::large: return fmt::format("<mo>{}</mo>", text);
        default: return fmt::format("<mo stretchy=\"false\" lspace=\"0\" rspace=\"0\">{}</mo>", text);
    }
}

// A bracket that grows with what it encloses; nothing for none.
std::string bracket(const Node& node, std::string_view form) {
    if (node.text.empty()) return "";
    return fmt::format("<mo form=\"{}\" stretchy=\"true\">{}</mo>", form, html_escaped(node.text));
}

std::string matrix(const Node& node) {
    std::string text = "<mtable>";
    for (const Node& line : node.children) {
        text += "<mtr>";
        for (const Node& cell : line.children) text += "<mtd>" + contents(cell.children, "") + "</mtd>";
        text += "</mtr>";
    }
    return text + "</mtable>";
}

// ′, ″ …: primes are high already and need no raising.
bool is_prime(const Node& node) {
    if (node.kind == Kind::row) return !node.children.empty() && std::all_of(node.children.begin(), node.children.end(), is_prime);
    return node.text == "′";
}

std::string primes(const Node& node) {
    if (node.kind != Kind::row) return html_escaped(node.text);
    std::string text;
    for (const Node& child : node.children) text += primes(child);
    return text;
}

// Sums and functions like max take what is under and over them; browsers set it beside in running text.
std::string script(const Node& node) {
    const Node& base = node.children[0];
    const auto absent = [](const Node& one) { return one.kind == Kind::row && one.children.empty(); };
    const bool below = !absent(node.children[1]), above = !absent(node.children[2]);
    if (above && is_prime(node.children[2])) {
        const std::string marked = "<mrow>" + row_element(base) + "<mtext class=\"prime\">" + primes(node.children[2]) + "</mtext></mrow>";
        return below ? "<msub>" + marked + row_element(node.children[1]) + "</msub>" : marked;
    }
    const bool integral = base.kind == Kind::operation && (base.text == "∫" || base.text == "∮" || base.text == "∬");
    const bool limits = base.role == Role::large && !integral && (base.kind == Kind::operation || base.kind == Kind::function);
    const std::string name = limits ? (below && above ? "munderover" : below ? "munder" : "mover") : (below && above ? "msubsup" : below ? "msub" : "msup");
    const std::string movable = fmt::format("<mo form=\"prefix\" movablelimits=\"true\" lspace=\"0\" rspace=\"0\">{}</mo>", html_escaped(base.text));
    std::string text = "<" + name + ">" + (limits && base.kind == Kind::function ? movable : row_element(base));
    if (below) text += row_element(node.children[1]);
    if (above) text += row_element(node.children[2]);
    return text + "</" + name + ">";
}

std::string element(const Node& node) {
    const auto child = [&](std::size_t i) { return row_element(node.children[i]); };
    switch (node.kind) {
        case Kind::row: return row_element(node);
        case Kind::identifier: return fmt::format("<mi{}>{}</mi>", node.upright && code_of(node.text) != 0 && character_length(node.text, 0) == node.text.size() ? " mathvariant=\"normal\"" : "", html_escaped(node.text));
        case Kind::number: return "<mn>" + html_escaped(node.text) + "</mn>";
        case Kind::operation: return operation(node, false);
        case Kind::function: return "<mi>" + html_escaped(node.text) + "</mi>";
        case Kind::text: return "<mtext>" + html_escaped(node.text) + "</mtext>";
        case Kind::space: return fmt::format("<mspace width=\"{}em\"></mspace>", node.text);
        case Kind::fraction: return "<mfrac>" + child(0) + child(1) + "</mfrac>";
        case Kind::root: return node.children.size() == 2 ? "<mroot>" + child(0) + child(1) + "</mroot>" : "<msqrt>" + child(0) + "</msqrt>";
        case Kind::accent: return fmt::format("<mover accent=\"true\">{}<mo stretchy=\"false\">{}</mo></mover>", child(0), node.text);
        case Kind::script: return script(node);
        case Kind::fence: return "<mrow>" + bracket(node.children[0], "prefix") + child(1) + bracket(node.children[2], "postfix") + "</mrow>";
        case Kind::matrix: return matrix(node);
    }
    return "";
}

const Node& innermost(const Node& node) { return node.kind == Kind::script ? innermost(node.children[0]) : node; }

// A thin space on the side of a function's name where a letter, a number or a fraction stands.
bool needs_space(const Node& neighbour) {
    const Node& node = innermost(neighbour);
    return node.kind != Kind::operation && node.kind != Kind::space && node.kind != Kind::fence && node.kind != Kind::row;
}

// How much of a line is taken, in letters or so.
std::size_t weight(const Node& node) {
    if (node.kind == Kind::text || node.kind == Kind::number) return node.text.size();
    if (node.children.empty()) return 1;
    std::size_t sum = 0;
    for (const Node& child : node.children) sum += weight(child);
    return node.kind == Kind::fraction ? std::max<std::size_t>(sum / 2, 1) : sum;
}

// Whether a line may end after row[i]: after a relation outside brackets or a comma, where enough stands before it, and in a long quotient.
bool may_break(const std::vector<Node>& row, std::size_t i, int open, std::size_t length) {
    const Node& node = row[i];
    if (node.kind != Kind::operation) return false;
    if (node.text == "/") return length >= 9 && row[i + 1].kind == Kind::number && row[i + 1].text.size() >= 9;
    return (node.role == Role::punctuation || (open == 0 && node.role == Role::relation)) && length >= 9;
}

std::string contents(const std::vector<Node>& row, std::string_view between_lines) {
    std::string text;
    int open = 0;
    std::size_t length = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
        const Node& node = row[i];
        const bool function = innermost(node).kind == Kind::function;
        const std::string thin = "<mspace width=\"0.167em\"></mspace>";
        if (function && i > 0 && needs_space(row[i - 1]) && innermost(row[i - 1]).kind != Kind::function) text += thin;
        text += node.kind == Kind::operation ? operation(node, unary(row, i)) : element(node);
        if (function && i + 1 < row.size() && needs_space(row[i + 1])) text += thin;
        if (node.kind == Kind::operation) open += node.role == Role::open ? 1 : node.role == Role::close ? -1 : 0;
        length += weight(node);
        if (!between_lines.empty() && i + 1 < row.size() && may_break(row, i, open, length)) text += between_lines, length = 0;
    }
    return text;
}

}  // namespace

std::string to_mathml(std::string_view text) {
    std::string out;
    std::size_t last = std::string::npos;  // where the last <math> begins, as long as nothing follows it
    for (const Part& part : parts_of(text)) {
        if (!part.formula) {
            const std::size_t marks = last == std::string::npos ? 0 : std::min(part.text.find_first_not_of(".,;:)"), part.text.size());
            if (marks > 0) {  // a line does not begin with them
                out.insert(last, "<span class=\"close\">");
                out += part.text.substr(0, marks) + "</span>";
            }
            out += html_escaped(std::string_view(part.text).substr(marks));
            last = std::string::npos;
            continue;
        }
        const Node formula = parse_formula(part.text, part.offset);
        out += "<math>" + contents(formula.children, "</math><wbr><math>") + "</math>";
        last = out.rfind("<math>");
    }
    return out;
}

}  // namespace costate::claims
