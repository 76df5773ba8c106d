#include "claims/classics/common.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

namespace costate::claims::classical {

namespace {

// All as fractions, or all as decimals where one of them would be long.
std::vector<std::string> alike(const std::vector<Mpfr50>& values) {
    std::vector<std::string> list;
    for (const Mpfr50& value : values) list.push_back(value == 0 ? "0" : shown(value));
    return list;
}
std::vector<std::string> alike(const std::vector<Rational>& values) {
    std::vector<std::string> list;
    bool decimals = false;
    for (const Rational& value : values) {
        list.push_back(shown(value));
        decimals = decimals || list.back() != value.str();
    }
    return decimals ? alike(std::vector<Mpfr50>(values.begin(), values.end())) : list;
}

template <class C>
std::string shown_term(const Term<C>& term) {
    if (term.exponent == series_terms) return fmt::format("$O(h^{{{}}})$", series_terms);
    if (term.coefficient.size() == 1) return fmt::format("${} \\, h^{{{}}}$", shown(term.coefficient.front()), term.exponent);
    std::string list;
    const std::vector<std::string> entries = alike(term.coefficient);
    for (std::size_t i = 0; i < entries.size() && i < 3; ++i) list.append(i == 0 ? "" : ", ").append(entries[i]);
    if (term.coefficient.size() > 3) list.append(R"(, \ldots)");
    return fmt::format("$({}) \\, h^{{{}}}$", list, term.exponent);
}

}  // namespace

std::vector<Rational> second_numbers(const Setting& setting, std::size_t dim) {
    std::vector<Rational> u = rational_numbers(setting.seed, 5, dim);
    for (Rational& a : u)
        if (a == 0) a = 1;
    return u;
}

bool all_zero(const std::vector<Rational>& values) {
    return std::all_of(values.begin(), values.end(), [](const Rational& v) { return v == 0; });
}

bool all_zero(const std::vector<Mpfr50>& values) {
    return std::all_of(values.begin(), values.end(), [](const Mpfr50& v) { return abs(v) <= negligible<Mpfr50>; });
}

bool same(const Term<Rational>& a, const Term<Rational>& b) { return a.exponent == b.exponent && a.coefficient == b.coefficient; }

bool same(const Term<Mpfr50>& a, const Term<Mpfr50>& b) {
    if (a.exponent != b.exponent || a.coefficient.size() != b.coefficient.size()) return false;
    return distance(a.coefficient, b.coefficient) <= Mpfr50(1e-30) * norm(a.coefficient);
}

std::string shown(const Rational& value) {
    const std::string text = value.str();
    return text.size() <= 24 ? text : shown(from_rational<Mpfr50>(value));
}

std::string shown(const Mpfr50& value) {
    const std::string text = number(value, 12);
    const std::size_t e = text.find('e');
    if (e == std::string::npos) return text + R"(\ldots)";
    return fmt::format("{}\\ldots \\cdot 10^{{{}}}", text.substr(0, e), std::stoi(text.substr(e + 1)));
}

std::string shown(const Term<Rational>& term) { return shown_term(term); }
std::string shown(const Term<Mpfr50>& term) { return shown_term(term); }

Finding equality(std::string name, std::string predicted, std::string measured, bool holds) {
    return {std::move(name), std::move(predicted), std::move(measured), "exact", Proof::exact, holds};
}

Finding slope_finding(std::string name, const Slope& slope, std::size_t predicted) {
    return {std::move(name), std::to_string(predicted),
            slope.text(),    std::to_string(slope.local.size()) + " halvings at 50 digits",
            Proof::slope,    slope.agrees(static_cast<double>(predicted))};
}

Finding constant_finding(double predicted, const Slope& slope) {
    const bool holds = std::abs(slope.constant - predicted) <= 1e-4 * std::abs(predicted);
    return {"constant", number(predicted, 7), number(slope.constant, 7), "1e-4 relative", Proof::slope, holds};
}

bool affordable(const Setting& setting) { return (setting.field == "linear" || setting.field == "polynomial") && setting.dim <= 3; }

Slope slope_over(double length, const std::function<Mpfr50(std::size_t)>& error) {
    std::vector<double> h, errors;
    for (std::size_t k = 0; k <= certified_halvings; ++k) {
        const std::size_t steps = std::size_t{1} << k;
        h.push_back(length / static_cast<double>(steps));
        errors.push_back(ScalarTraits<Mpfr50>::to_double(error(steps)));
    }
    return slope_of(h, errors);
}

Figure slope_figure(std::string title, std::string y_label, std::vector<Curve> curves) {
    return {std::move(title), "h", std::move(y_label), true, true, std::move(curves)};
}

namespace {

// The last weight that counts, at another time than the first; 0 for none.
std::size_t weight_to_move(const ode::Tableau& tableau) {
    std::size_t last = tableau.stages() - 1;
    while (last > 0 && (tableau.b[last] == 0 || tableau.c[last] == tableau.c[0])) --last;
    return last;
}

// s, j of the a_sj to change: the last stage with a weight and the last one that it reads; nothing for a single stage.
std::optional<std::pair<std::size_t, std::size_t>> entry_to_change(const ode::Tableau& tableau) {
    std::size_t last = tableau.stages() - 1;
    while (last > 0 && tableau.b[last] == 0) --last;
    if (last == 0) return std::nullopt;
    std::size_t read = last - 1;
    while (read > 0 && tableau.A(last, read) == 0) --read;
    return std::pair{last, read};
}

}  // namespace

ode::Tableau with_moved_weight(ode::Tableau tableau) {
    const Rational part = ratio(1, 16);
    const std::size_t last = weight_to_move(tableau);
    tableau.b[last] -= part;
    if (last > 0) tableau.b[0] += part;
    return tableau;
}

std::string moved_weight(const ode::Tableau& tableau) {
    const std::size_t last = weight_to_move(tableau);
    if (last == 0) return "the only weight, $b_1 = 1$, is made smaller by one sixteenth";
    return fmt::format("one sixteenth of the weight $b_{{{}}}$ is moved to $b_1$", last + 1);
}

ode::Tableau with_changed_entry(ode::Tableau tableau) {
    if (const auto entry = entry_to_change(tableau)) tableau.A(entry->first, entry->second) += ratio(1, 16);
    else tableau.b[0] -= ratio(1, 16);
    return tableau;
}

std::string changed_entry(const ode::Tableau& tableau) {
    if (const auto entry = entry_to_change(tableau)) return fmt::format("the coefficient $a_{{{}{}}}$ is enlarged by one sixteenth", entry->first + 1, entry->second + 1);
    return "the only weight, $b_1 = 1$, is made smaller by one sixteenth";
}

}  // namespace costate::claims::classical
