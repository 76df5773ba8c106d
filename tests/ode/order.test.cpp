// Orders proved by series in h over ℚ: the first non-zero coefficient against the exact flow x_[k+1] = f(x)_[k]/(k+1).
#include "ode/gradient/methods.hpp"
#include "scalar/dual.hpp"
#include "scalar/series.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;

namespace {

constexpr std::size_t terms = 8;
using S = Series<Rational, terms>;
using D = Series<Dual<Rational>, terms>;

template <class V>
V start_time() {
    return from_rational<V>(ratio(1, 5));
}

// Φ_h(x) of ẋ = f(t₀ + h, x) as a series in h.
template <class V, class F>
std::vector<V> exact_flow(F& f, const std::vector<V>& x0) {
    std::vector<V> x = x0, slope(x.size());
    for (std::size_t k = 0; k + 1 < V::size(); ++k) {
        f(start_time<V>() + V::variable(), x, slope);
        for (std::size_t i = 0; i < x.size(); ++i) x[i][k + 1] = slope[i][k] / typename V::Coefficient(static_cast<int>(k + 1));
    }
    return x;
}

template <class T>
std::vector<T> one_sample() {
    return scalars<T>({ratio(1, 2), ratio(-2, 3)});
}

// ∇ of L(Φ_h(x₀)) with respect to x₀ and θ as series: the flow on dual coefficients.
template <template <class> class F>
std::vector<S> exact_gradient() {
    std::vector<S> gradient;
    for (std::size_t input = 0; input < 6; ++input) {
        std::vector<D> x0 = one_sample<D>(), p = parameters<D>();
        (input < 2 ? x0[input] : p[input - 2])[0].tangent = 1;
        F<D> f{p};
        const D loss = SquaredDistance<D>(target<D>())(exact_flow<D>(f, x0));
        S derivative;
        for (std::size_t k = 0; k < terms; ++k) derivative[k] = loss[k].tangent;
        gradient.push_back(derivative);
    }
    return gradient;
}

std::size_t valuation_of_difference(const std::vector<S>& a, const std::vector<S>& b, std::size_t first, std::size_t last) {
    std::size_t least = terms;
    for (std::size_t i = first; i < last; ++i) least = std::min(least, S(a[i] - b[i]).valuation());
    return least;
}

// [∇ₓ | ∇_θ] of one step of length h.
template <template <class> class F, class Method>
std::vector<S> one_step(const Method& method, const Tableau& tableau) {
    F<S> f{parameters<S>()};
    GradientResult<S> g =
        method(f, SquaredDistance<S>(target<S>()), tableau, start_time<S>(), start_time<S>() + S::variable(), 1, one_sample<S>());
    g.x_bar.insert(g.x_bar.end(), g.theta_bar.begin(), g.theta_bar.end());
    return g.x_bar;
}

std::size_t state_error_order(const Tableau& tableau) {
    Polynomial<S> f{parameters<S>()};
    const std::vector<S> x1 = solve(tableau, f, start_time<S>(), start_time<S>() + S::variable(), 1, one_sample<S>());
    return valuation_of_difference(x1, exact_flow<S>(f, one_sample<S>()), 0, 2);
}

}  // namespace

TEST_CASE("one step's error and its gradient's error begin at h^(p+1), in the state and in the parameters") {
    const std::vector<S> exact = exact_gradient<Polynomial>();
    for (const Tableau& tableau : tableaus()) {
        INFO(tableau.name);
        const std::size_t p = order(tableau);
        CHECK(state_error_order(tableau) == p + 1);
        CHECK(dto::StoreAll::predicted_order(tableau) == p);
        const std::vector<S> dto = one_step<Polynomial>(dto::StoreAll{}, tableau);
        CHECK(valuation_of_difference(dto, exact, 0, 2) == p + 1);
        CHECK(valuation_of_difference(dto, exact, 2, 6) == p + 1);
        CHECK(one_step<Polynomial>(dto::Partner{}, tableau) == dto);
        CHECK(one_step<Polynomial>(ForwardSensitivities{}, tableau) == dto);
        // Controls: a broken tableau has the order that the trees prove; wrong nodes spoil explicit time dependence, which trees
        // without t do not see.
        const Tableau broken = perturbed(tableau, effective_stages(tableau) - 1, 0);
        if (p > 1) CHECK(state_error_order(broken) == order(broken) + 1);
        Tableau shifted = tableau;
        shifted.c[0] += ratio(1, 3);
        if (tableau.b[0] != 0) CHECK(state_error_order(shifted) == 2);
    }
}

TEST_CASE("error constants on x' = x: RK4 leaves out h^5/120") {
    Linear<S> f{scalars<S>({ratio(1), ratio(0), ratio(0), ratio(1)})};
    const std::vector<S> one{S(1), S(0)};
    const S exact = exact_flow<S>(f, one)[0];
    const auto leading = [&](const char* name) {
        const S error = solve(find_tableau(name), f, S(0), S::variable(), 1, one)[0] - exact;
        return error[error.valuation()];
    };
    CHECK(exact[5] == ratio(1, 120));
    CHECK(leading("euler") == ratio(-1, 2));
    CHECK(leading("midpoint") == ratio(-1, 6));
    CHECK(leading("rk4") == ratio(-1, 120));
}

TEST_CASE("one step of OTD on stored states: its gap to DTO") {
    for (const Tableau& tableau : tableaus()) {
        INFO(tableau.name);
        const std::size_t p = order(tableau);
        const std::vector<S> dto = one_step<Polynomial>(dto::StoreAll{}, tableau),
                             otd = one_step<Polynomial>(otd::StoredStates{}, tableau);
        const std::size_t gap = valuation_of_difference(dto, otd, 0, 2);
        CHECK(gap >= p + 1);
        CHECK(gap < terms);  // not identical
        CHECK(valuation_of_difference(dto, otd, 2, 6) >= p + 1);
        if (tableau.name == "heun") CHECK(gap == 4);
        if (tableau.name == "euler") CHECK(gap == 2);
        if (tableau.name == "dormand-prince") CHECK(gap == 6);
        // backsolve from the same right end is the same step
        CHECK(one_step<Polynomial>(otd::Backsolve{}, tableau) == otd);

        const std::vector<S> linear_dto = one_step<Linear>(dto::StoreAll{}, tableau),
                             linear_otd = one_step<Linear>(otd::StoredStates{}, tableau);
        CHECK(valuation_of_difference(linear_dto, linear_otd, 0, 2) == terms);  // 0 on linear autonomous fields
    }
}

TEST_CASE("there and back: the return has order p for odd p and p + 1 for even p") {
    for (const Tableau& tableau : tableaus()) {
        INFO(tableau.name);
        const std::size_t p = order(tableau);
        Polynomial<S> f{parameters<S>()};
        const S t0 = start_time<S>(), t1 = t0 + S::variable();
        const std::vector<S> there = solve(tableau, f, t0, t1, 1, one_sample<S>()), back = solve(tableau, f, t1, t0, 1, there);
        CHECK(valuation_of_difference(back, one_sample<S>(), 0, 2) == 1 + (p % 2 == 1 ? p : p + 1));
    }
}
