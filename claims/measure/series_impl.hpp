// The bodies of claims/measure/series.hpp, for series_*.cpp only.
#pragma once

#include "claims/measure/series.hpp"

#include <cmath>
#include <stdexcept>
#include <utility>

namespace costate::claims {

template <class C>
Autonomous<C> autonomous(Field<Expansion<C>> f) {
    return [f = std::move(f)](std::span<const Expansion<C>> y, std::span<Expansion<C>> slope) mutable {
        const std::size_t n = f.dim();
        f(y[n], y.first(n), slope.first(n));
        slope[n] = Expansion<C>(1);
    };
}

template <class C>
Autonomous<C> tangent_field(Field<Expansion<C>> f) {
    return [f = std::move(f)](std::span<const Expansion<C>> y, std::span<Expansion<C>> slope) mutable {
        const std::size_t n = f.dim();
        f.jvp(y[2 * n], y.first(n), Expansion<C>(0), y.subspan(n, n), {}, slope.first(n), slope.subspan(n, n));
        slope[2 * n] = Expansion<C>(1);
    };
}

template <class C>
Autonomous<C> adjoint_field(Field<Expansion<C>> f) {
    return [f = std::move(f)](std::span<const Expansion<C>> y, std::span<Expansion<C>> slope) mutable {
        const std::size_t n = f.dim();
        const std::span<Expansion<C>> bar = slope.subspan(n, n);
        std::fill(bar.begin(), bar.end(), Expansion<C>(0));
        Expansion<C> t_bar(0);
        f(y[2 * n], y.first(n), slope.first(n));
        f.vjp(y[2 * n], y.first(n), y.subspan(n, n), bar, {}, t_bar);
        for (Expansion<C>& b : bar) b = -b;
        slope[2 * n] = Expansion<C>(1);
    };
}

template <class C>
std::vector<Expansion<C>> flow_series(const Autonomous<C>& field, std::span<const C> y0) {
    std::vector<Expansion<C>> y(y0.begin(), y0.end()), slope(y0.size());
    for (std::size_t k = 0; k + 1 < series_terms; ++k) {
        field(y, slope);
        for (std::size_t i = 0; i < y.size(); ++i) y[i][k + 1] = slope[i][k] / C(static_cast<int>(k + 1));
    }
    return y;
}

namespace detail {

// F⁽ᵐ⁾(y)(v₁, …, v_m).
template <class C>
std::vector<C> derivative(const Autonomous<C>& field, std::span<const C> y, const std::vector<const std::vector<C>*>& v) {
    const std::size_t m = v.size(), n = y.size();
    std::vector<C> sum(n, C(0));
    std::vector<Expansion<C>> point(n), slope(n);
    for (std::size_t subset = m == 0 ? 0 : 1; subset < (std::size_t{1} << m); ++subset) {
        bool negative = m % 2 == 1;
        for (std::size_t i = 0; i < n; ++i) point[i] = Expansion<C>(y[i]);
        for (std::size_t j = 0; j < m; ++j) {
            if ((subset >> j & 1) == 0) continue;
            negative = !negative;
            for (std::size_t i = 0; i < n; ++i) point[i][1] += (*v[j])[i];
        }
        field(point, slope);
        for (std::size_t i = 0; i < n; ++i) sum[i] += negative ? C(-slope[i][m]) : slope[i][m];
    }
    return sum;
}

}  // namespace detail

template <class C>
std::vector<std::vector<C>> elementary_differentials(const Autonomous<C>& field, std::span<const C> y, const std::vector<ode::RootedTree>& trees) {
    std::vector<std::vector<C>> values;
    values.reserve(trees.size());
    for (const ode::RootedTree& tree : trees) {
        if (tree.children.size() >= series_terms)
            throw std::invalid_argument("elementary differentials: a derivative of order " + std::to_string(tree.children.size()) +
                                        " is asked for; the series hold " + std::to_string(series_terms - 1));
        std::vector<const std::vector<C>*> v;
        for (const std::size_t child : tree.children) v.push_back(&values[child]);
        values.push_back(detail::derivative(field, y, v));
    }
    return values;
}

template <class C>
std::vector<std::vector<C>> error_expansion(const ode::Tableau& tableau, const Autonomous<C>& field, std::span<const C> y, std::size_t highest) {
    const std::vector<ode::RootedTree> trees = ode::rooted_trees(highest);
    const std::vector<Rational> e = ode::error_coefficients(tableau, trees);
    const std::vector<std::vector<C>> differentials = elementary_differentials(field, y, trees);
    std::vector<std::vector<C>> sums(highest + 1, std::vector<C>(y.size(), C(0)));
    for (std::size_t k = 0; k < trees.size(); ++k) {
        if (e[k] == 0) continue;
        const C factor = from_rational<C>(e[k]);
        for (std::size_t i = 0; i < y.size(); ++i) sums[trees[k].order][i] += factor * differentials[k][i];
    }
    return sums;
}

template <class C>
ErrorConstant<C> predicted_error(const ode::Tableau& tableau, const Autonomous<C>& field, std::span<const C> y) {
    const std::size_t p = ode::order(tableau);
    return {p, error_expansion(tableau, field, y, p + 1)[p + 1]};
}

template <class C>
std::size_t valuation(std::span<const Expansion<C>> series, double zero) {
    std::size_t first = series_terms;
    for (const Expansion<C>& s : series)
        for (std::size_t k = 0; k < first; ++k)
            if (std::abs(ScalarTraits<C>::to_double(s[k])) > zero || (zero == 0 && !(s[k] == C(0)))) first = k;
    return first;
}

template <class C>
std::vector<C> coefficients(std::span<const Expansion<C>> series, std::size_t k) {
    std::vector<C> result;
    for (const Expansion<C>& s : series) result.push_back(s[k]);
    return result;
}

}  // namespace costate::claims
