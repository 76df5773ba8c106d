#include "ode/tableau.hpp"

#include <algorithm>
#include <stdexcept>

namespace costate::ode {

namespace {

Rational sum(const std::vector<Rational>& values) {
    Rational total = 0;
    for (const Rational& value : values) total += value;
    return total;
}

void check_shape(const Tableau& tableau) {
    const std::size_t s = tableau.stages();
    if (s == 0 || tableau.c.size() != s || tableau.a.size() != s * s || !(tableau.b_hat.empty() || tableau.b_hat.size() == s))
        throw std::invalid_argument("tableau '" + tableau.name + "': b has " + std::to_string(s) + " weights, c " +
                                    std::to_string(tableau.c.size()) + ", a " + std::to_string(tableau.a.size()) +
                                    " entries; give s, s and s * s of them, s at least 1");
}

}  // namespace

bool is_explicit(const Tableau& tableau) {
    check_shape(tableau);
    for (std::size_t i = 0; i < tableau.stages(); ++i)
        for (std::size_t j = i; j < tableau.stages(); ++j)
            if (tableau.A(i, j) != 0) return false;
    return true;
}

bool consistent(const Tableau& tableau) {
    check_shape(tableau);
    const auto holds = [&](const Rational& left, const Rational& right) {
        return tableau.exact ? left == right : abs(left - right) <= decimal_tolerance();
    };
    for (std::size_t i = 0; i < tableau.stages(); ++i) {
        Rational row = 0;
        for (std::size_t j = 0; j < tableau.stages(); ++j) row += tableau.A(i, j);
        if (!holds(row, tableau.c[i])) return false;
    }
    return holds(sum(tableau.b), 1) && (tableau.b_hat.empty() || holds(sum(tableau.b_hat), 1));
}

bool is_fsal(const Tableau& tableau) {
    check_shape(tableau);
    const std::size_t last = tableau.stages() - 1;
    if (last == 0 || tableau.c[0] != 0 || tableau.c[last] != 1) return false;
    for (std::size_t j = 0; j <= last; ++j)
        if (tableau.A(0, j) != 0 || tableau.A(last, j) != tableau.b[j]) return false;
    return true;
}

const Rational& decimal_tolerance() {
    static const Rational tolerance("1/1000000000000000000000000000000000000000000000");
    return tolerance;
}

std::size_t effective_stages(const Tableau& tableau) {
    check_shape(tableau);
    std::size_t s = tableau.stages();
    const auto reaches_b = [&](std::size_t i) {
        if (tableau.b[i] != 0) return true;
        for (std::size_t j = 0; j < s; ++j)
            if (j != i && tableau.A(j, i) != 0) return true;
        return false;
    };
    while (s > 1 && !reaches_b(s - 1)) --s;
    return s;
}

Tableau without_idle_stages(const Tableau& tableau) {
    const std::size_t s = effective_stages(tableau);
    const auto first = [s](const std::vector<Rational>& v) {
        return std::vector<Rational>(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(s));
    };
    Tableau cut{tableau.name, first(tableau.c), {}, first(tableau.b), {}, tableau.source, tableau.exact, tableau.beyond};
    for (std::size_t i = 0; i < s; ++i)
        for (std::size_t j = 0; j < s; ++j) cut.a.push_back(tableau.A(i, j));
    return cut;
}

bool has_zero_weight(const Tableau& tableau) {
    const std::size_t s = effective_stages(tableau);
    return std::any_of(tableau.b.begin(), tableau.b.begin() + static_cast<std::ptrdiff_t>(s),
                       [](const Rational& b) { return b == 0; });
}

std::optional<Tableau> partner(const Tableau& tableau) {
    if (has_zero_weight(tableau)) return std::nullopt;
    const Tableau forward = without_idle_stages(tableau);
    Tableau result = forward;
    result.name += "-partner";
    result.beyond = 0;
    for (std::size_t i = 0; i < forward.stages(); ++i)
        for (std::size_t j = 0; j < forward.stages(); ++j)
            result.A(i, j) = forward.b[j] - forward.b[j] * forward.A(j, i) / forward.b[i];
    return result;
}

}  // namespace costate::ode
