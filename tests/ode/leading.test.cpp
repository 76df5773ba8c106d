// Leading error coefficients against exact ones in ℚ[[h]], and fields where they vanish.
#include "ode/fields/polynomial.hpp"
#include "ode/fields/scalar_field.hpp"
#include "ode/gradient/interpolating.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/gradient/stored_states.hpp"
#include "ode/leading.hpp"
#include "ode/rooted_trees.hpp"
#include "scalar/series.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace costate;
using namespace costate::ode;

namespace {

using Real = Mpfr50;
using S = Series<Rational, 7>;

struct Reciprocal {  // x' = 1/p₀x: f''f = 2f'², so that Heun's leading coefficient (f''(f,f)/12 - f'f'f/6) vanishes identically
    static constexpr std::size_t dim = 1;
    static std::vector<Rational> parameters() { return {ratio(1)}; }
    template <class T>
    void operator()(const T&, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        dx[0] = T(1) / (p[0] * x[0]);
    }
};

const std::vector<Rational> start{ratio(1, 2), ratio(3, 4)}, target{ratio(1, 3), ratio(-1, 2)};

/// ∇ₓ ½‖x(t+h) - y‖² as a series in h: Picard's iteration on x and its derivative in the direction e_j, one exact coefficient an iteration.
std::vector<S> exact_gradient(const Rational& t) {
    using D = Dual<S>;
    const S time = S(t) + S::variable();
    std::vector<S> gradient(2, S(0));
    for (std::size_t j = 0; j < 2; ++j) {
        std::vector<D> x0, p, dx(2);
        for (const auto& q : RationalPolynomial::parameters()) p.emplace_back(S(q));
        for (std::size_t i = 0; i < 2; ++i) x0.emplace_back(S(start[i]), S(i == j ? 1 : 0));
        std::vector<D> x = x0;
        for (std::size_t k = 0; k < S::size(); ++k) {
            RationalPolynomial{}(D(time), std::span<const D>(x), std::span<const D>(p), std::span<D>(dx));
            for (std::size_t i = 0; i < 2; ++i) x[i] = D(x0[i].value + dx[i].value.integral(), x0[i].tangent + dx[i].tangent.integral());
        }
        for (std::size_t i = 0; i < 2; ++i) gradient[j] += (x[i].value - S(target[i])) * x[i].tangent;
    }
    return gradient;
}

/// The exact coefficient of h^(p+1) of method less truth; checks that all lower ones vanish.
template <class Method>
std::vector<Rational> exact_coefficient(const Method& method, const Tableau& tableau, const Rational& t, std::size_t p) {
    ScalarField<RationalPolynomial, S> f;
    std::vector<S> x0, y;
    for (std::size_t i = 0; i < 2; ++i) {
        x0.emplace_back(start[i]);
        y.emplace_back(target[i]);
    }
    const auto step = method(f, SquaredDistance<S>(y), tableau, S(t), S(t) + S::variable(), 1, x0, GradientOptions{false, false});
    const auto exact = exact_gradient(t);
    std::vector<Rational> c;
    for (std::size_t i = 0; i < 2; ++i) {
        const S difference = step.x_bar[i] - exact[i];
        CHECK(difference.valuation() >= p + 1);
        c.push_back(difference[p + 1]);
    }
    return c;
}

template <class Method>
void compare(const Method& method, const std::string& name, std::size_t p) {
    const Tableau& tableau = find_tableau(name);
    const Rational t = ratio(2, 5);
    const auto exact = exact_coefficient(method, tableau, t, p);
    ScalarField<RationalPolynomial, Real> f;
    const SquaredDistance<Real> loss(in_scalar<Real>(target));
    const auto c = leading_coefficient(method, f, loss, tableau, from_rational<Real>(t), in_scalar<Real>(start), p);
    CAPTURE(name, p, c.local_order, c.norm, c.scale);
    for (std::size_t i = 0; i < 2; ++i) {
        const Real e = from_rational<Real>(exact[i]);
        CHECK(abs(c.value[i] - e) <= abs(e) * Real(1e-4));
        CHECK_FALSE(abs(c.value[i] - e * Real("1.001")) <= abs(e) * Real(1e-4));  // control
    }
    CHECK_FALSE(c.vanishes);
    CHECK(c.local_order == Approx(static_cast<double>(p + 1)).margin(0.01));
    CHECK(c.norm > 1e-5 * c.scale);
}

}  // namespace

TEST_CASE("coefficients of DTO agree with the exact ones") {
    for (const std::string name : {"euler", "midpoint", "heun", "rk4"}) compare(dto::StoreAll{}, name, order(find_tableau(name)));
}

TEST_CASE("coefficients of OTD agree with the exact ones") {
    compare(otd::StoredStates{}, "heun", 2);
    compare(otd::Interpolating{}, "rk4", 4);
}

TEST_CASE("a tableau of order 5 at 50 digits") {
    ScalarField<RationalPolynomial, Real> f;
    const auto& tableau = find_tableau("dormand-prince");
    const auto c = leading_coefficients(dto::StoreAll{}, f, SquaredDistance<Real>(in_scalar<Real>(target)), tableau, Real(0), Real(1),
                                        in_scalar<Real>(start), order(tableau));
    REQUIRE(c.size() == 3);
    for (const auto& at : c) CHECK(at.local_order == Approx(6).margin(0.01));
    CHECK_FALSE(all_vanish(c));
    CHECK_FALSE(all_vanish(std::vector<LeadingCoefficient<Real>>{}));
}

TEST_CASE("a coefficient that vanishes raises the observed order by one") {
    ScalarField<Reciprocal, Real> f;
    const SquaredDistance<Real> loss({Real(3)});
    const std::vector<Real> x0{Real(1)};
    const auto observed = [&](const Tableau& tableau) {
        const auto exact = truth(f, loss, Real(0), Real(1), x0).x_bar[0];
        const auto error = [&](std::size_t steps) { return abs(dto::StoreAll{}(f, loss, tableau, Real(0), Real(1), steps, x0).x_bar[0] - exact); };
        return std::log2(static_cast<double>(Real(error(64) / error(128))));
    };
    const auto verdict = [&](const Tableau& tableau) {
        return all_vanish(leading_coefficients(dto::StoreAll{}, f, loss, tableau, Real(0), Real(1), x0, order(tableau)));
    };
    CHECK(verdict(find_tableau("heun")));
    CHECK(observed(find_tableau("heun")) == Approx(3).margin(0.1));
    CHECK_FALSE(verdict(find_tableau("midpoint")));  // control: same order, same field
    CHECK(observed(find_tableau("midpoint")) == Approx(2).margin(0.1));
}

TEST_CASE("too few digits are refused") {
    ScalarField<Reciprocal, double> f;
    const std::vector<double> x0{1.0};
    CHECK_THROWS_AS(leading_coefficient(dto::StoreAll{}, f, SquaredDistance<double>({3.0}), find_tableau("heun"), 0.0, x0, 2), std::invalid_argument);
}
