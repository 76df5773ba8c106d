#include "ode/tableaus/builder.hpp"

#include "ode/exact_number.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace costate::ode::detail {

namespace {

std::vector<Rational> numbers(const std::string& name, std::string_view text) {
    std::vector<Rational> values;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        const std::string_view word = text.substr(at, end - at);
        at = end + 1;
        if (word.empty()) continue;
        std::optional<Rational> value = exact_number(word);
        if (!value) throw std::invalid_argument("tableau '" + name + "': '" + std::string(word) + "' is no number; write a fraction or a decimal");
        values.push_back(std::move(*value));
    }
    return values;
}

bool decimal(std::string_view text) { return text.find('.') != std::string_view::npos; }

}  // namespace

Tableau tableau_from_text(std::string name, std::string source, std::string_view c, std::initializer_list<std::string_view> rows,
                          std::string_view b, std::string_view b_hat) {
    Tableau tableau{name, numbers(name, c), {}, numbers(name, b), numbers(name, b_hat), std::move(source)};
    const std::size_t s = tableau.stages();
    tableau.a.assign(s * s, Rational(0));
    tableau.exact = !decimal(c) && !decimal(b) && !decimal(b_hat) && std::none_of(rows.begin(), rows.end(), decimal);
    std::size_t i = 0;
    for (std::string_view row : rows) {
        const std::vector<Rational> values = numbers(name, row);
        std::copy(values.begin(), values.end(), tableau.a.begin() + static_cast<std::ptrdiff_t>(++i * s));
    }
    for (std::size_t stage = 0; c.empty() && stage < s; ++stage) {
        tableau.c.emplace_back(0);
        for (std::size_t j = 0; j < stage; ++j) tableau.c.back() += tableau.A(stage, j);
    }
    return tableau;
}

}  // namespace costate::ode::detail
