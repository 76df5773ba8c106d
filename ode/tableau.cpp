#include "ode/tableau.hpp"

#include <algorithm>
#include <initializer_list>
#include <stdexcept>

namespace costate::ode {

namespace {

std::vector<Rational> rationals(std::string_view text) {
    std::vector<Rational> values;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        if (end > at) values.emplace_back(std::string(text.substr(at, end - at)));
        at = end + 1;
    }
    return values;
}

// The lower triangle of a is written row by row, the first (empty) row left out.
Tableau make(std::string name, std::string source, std::string_view c, std::initializer_list<std::string_view> rows,
             std::string_view b, std::string_view b_hat = "") {
    Tableau tableau{std::move(name), rationals(c), {}, rationals(b), rationals(b_hat), std::move(source)};
    tableau.a.assign(tableau.stages() * tableau.stages(), Rational(0));
    std::size_t i = 0;
    for (std::string_view row : rows) {
        const std::vector<Rational> values = rationals(row);
        std::copy(values.begin(), values.end(), tableau.a.begin() + static_cast<std::ptrdiff_t>(++i * tableau.stages()));
    }
    return tableau;
}

std::vector<Tableau> single_methods() {
    return {
        make("euler", "Euler 1768", "0", {}, "1"),
        make("midpoint", "Runge 1895", "0 1/2", {"1/2"}, "0 1"),
        make("heun", "Heun 1900", "0 1", {"1"}, "1/2 1/2"),
        make("ralston", "Ralston 1962", "0 2/3", {"2/3"}, "1/4 3/4"),
        make("kutta3", "Kutta 1901", "0 1/2 1", {"1/2", "-1 2"}, "1/6 2/3 1/6"),
        make("rk4", "Kutta 1901", "0 1/2 1/2 1", {"1/2", "0 1/2", "0 0 1"}, "1/6 1/3 1/3 1/6"),
        make("three-eighths", "Kutta 1901", "0 1/3 2/3 1", {"1/3", "-1/3 1", "1 -1 1"}, "1/8 3/8 3/8 1/8"),
    };
}

// Pairs: the higher order is propagated (local extrapolation), also for Fehlberg.
std::vector<Tableau> embedded_pairs() {
    return {
        make("bogacki-shampine", "Bogacki, Shampine 1989", "0 1/2 3/4 1", {"1/2", "0 3/4", "2/9 1/3 4/9"}, "2/9 1/3 4/9 0",
             "7/24 1/4 1/3 1/8"),
        make("fehlberg", "Fehlberg 1969", "0 1/4 3/8 12/13 1 1/2",
             {"1/4", "3/32 9/32", "1932/2197 -7200/2197 7296/2197", "439/216 -8 3680/513 -845/4104",
              "-8/27 2 -3544/2565 1859/4104 -11/40"},
             "16/135 0 6656/12825 28561/56430 -9/50 2/55", "25/216 0 1408/2565 2197/4104 -1/5 0"),
        make("cash-karp", "Cash, Karp 1990", "0 1/5 3/10 3/5 1 7/8",
             {"1/5", "3/40 9/40", "3/10 -9/10 6/5", "-11/54 5/2 -70/27 35/27",
              "1631/55296 175/512 575/13824 44275/110592 253/4096"},
             "37/378 0 250/621 125/594 0 512/1771", "2825/27648 0 18575/48384 13525/55296 277/14336 1/4"),
        make("dormand-prince", "Dormand, Prince 1980", "0 1/5 3/10 4/5 8/9 1 1",
             {"1/5", "3/40 9/40", "44/45 -56/15 32/9", "19372/6561 -25360/2187 64448/6561 -212/729",
              "9017/3168 -355/33 46732/5247 49/176 -5103/18656", "35/384 0 500/1113 125/192 -2187/6784 11/84"},
             "35/384 0 500/1113 125/192 -2187/6784 11/84 0", "5179/57600 0 7571/16695 393/640 -92097/339200 187/2100 1/40"),
    };
}

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
    for (std::size_t i = 0; i < tableau.stages(); ++i) {
        Rational row = 0;
        for (std::size_t j = 0; j < tableau.stages(); ++j) row += tableau.A(i, j);
        if (row != tableau.c[i]) return false;
    }
    return sum(tableau.b) == 1 && (tableau.b_hat.empty() || sum(tableau.b_hat) == 1);
}

bool is_fsal(const Tableau& tableau) {
    check_shape(tableau);
    const std::size_t last = tableau.stages() - 1;
    if (last == 0 || tableau.c[0] != 0 || tableau.c[last] != 1) return false;
    for (std::size_t j = 0; j <= last; ++j)
        if (tableau.A(0, j) != 0 || tableau.A(last, j) != tableau.b[j]) return false;
    return true;
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
    Tableau cut{tableau.name, first(tableau.c), {}, first(tableau.b), {}, tableau.source};
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
    for (std::size_t i = 0; i < forward.stages(); ++i)
        for (std::size_t j = 0; j < forward.stages(); ++j)
            result.A(i, j) = forward.b[j] - forward.b[j] * forward.A(j, i) / forward.b[i];
    return result;
}

std::span<const Tableau> tableaus() {
    static const std::vector<Tableau> all = [] {
        std::vector<Tableau> list = single_methods();
        for (Tableau& pair : embedded_pairs()) list.push_back(std::move(pair));
        return list;
    }();
    return all;
}

const Tableau& find_tableau(std::string_view name) {
    std::string known;
    for (const Tableau& tableau : tableaus()) {
        if (tableau.name == name) return tableau;
        known += (known.empty() ? "" : ", ") + tableau.name;
    }
    throw std::invalid_argument("there is no tableau named '" + std::string(name) + "'; known are " + known);
}

}  // namespace costate::ode
