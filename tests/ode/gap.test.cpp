// The gap of every optimize-then-discretize variant to DTO: its leading coefficient in ℚ[[h]], == what the augmented field predicts.
#include "ode/fields/polynomial.hpp"
#include "ode/fields/scalar_field.hpp"
#include "ode/gap_interval.hpp"
#include "ode/gradient/methods.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace costate;
using namespace costate::ode;
using otd::Gap;
using otd::StateBy;
using otd::ThetaBy;

namespace {

constexpr std::size_t terms = 7, inputs = 6;
template <class C>
using Power = Series<C, terms>;

/// The polynomial field with its four parameters as constant states: then the last components of λ are those of ∇_θL.
struct Extended {
    static constexpr std::size_t dim = inputs;
    static std::vector<Rational> parameters() { return {}; }
    template <class T>
    void operator()(const T& t, std::span<const T> y, std::span<const T>, std::span<T> slope) const {
        RationalPolynomial{}(t, y.first(2), y.subspan(2), slope.first(2));
        for (T& v : slope.subspan(2)) v = T(0);
    }
};
template <class C>
using Predicted = Gap<ScalarField<Extended, Power<C>>, C, terms>;

struct Named {
    std::string method;
    StateBy state;
    ThetaBy theta;
};
const std::vector<Named> variants{{"stored-states", StateBy::stored, ThetaBy::augmented},
                                  {"stored-states:quadrature", StateBy::stored, ThetaBy::quadrature},
                                  {"resolve", StateBy::stored, ThetaBy::augmented},
                                  {"backsolve", StateBy::backsolved, ThetaBy::augmented},
                                  {"interpolating", StateBy::interpolated, ThetaBy::augmented},
                                  {"interpolating:quadrature", StateBy::interpolated, ThetaBy::quadrature},
                                  {"stored-states:gauss", StateBy::stored, ThetaBy::gauss},
                                  {"interpolating:gauss", StateBy::interpolated, ThetaBy::gauss}};

template <class C>
std::vector<C> start() {
    std::vector<C> y = in_scalar<C>(RationalPolynomial::x0());
    for (const Rational& p : RationalPolynomial::parameters()) y.push_back(from_rational<C>(p));
    return y;
}
/// ∇ of ½‖x - y‖² with respect to (x, θ).
template <class C>
std::vector<C> loss_gradient(std::span<const C> y) {
    const std::vector<C> target = in_scalar<C>(RationalPolynomial::target());
    std::vector<C> lambda(inputs, C(0));
    for (std::size_t i = 0; i < 2; ++i) lambda[i] = y[i] - target[i];
    return lambda;
}

/// (λ₀, ∇_θL) of a method over [t, t + h] in `steps` steps.
template <class T>
std::vector<T> gradient(const std::string& spelling, const Tableau& tableau, const T& t0, const T& t1, std::size_t steps) {
    ScalarField<RationalPolynomial, T> f;
    GradientResult<T> g;
    with_gradient_method(spelling, [&](const auto& method) {
        g = method(f, SquaredDistance<T>(in_scalar<T>(RationalPolynomial::target())), tableau, t0, t1, steps, in_scalar<T>(RationalPolynomial::x0()),
                   GradientOptions{true, false});
    });
    g.x_bar.insert(g.x_bar.end(), g.theta_bar.begin(), g.theta_bar.end());
    return g.x_bar;
}

/// Coefficients of the gap over one step, and whether all below h^q vanish up to the arithmetic of C.
template <class C>
std::vector<C> found(const std::string& method, const Tableau& tableau, std::size_t q) {
    using S = Power<C>;
    const S t(from_rational<C>(ratio(2, 5)));
    const auto a = gradient<S>(method, tableau, t, t + S::variable(), 1), b = gradient<S>("dto", tableau, t, t + S::variable(), 1);
    std::vector<C> k;
    for (std::size_t i = 0; i < inputs; ++i) {
        const S difference = a[i] - b[i];
        for (std::size_t j = 0; j < q; ++j) CHECK(std::abs(ScalarTraits<C>::to_double(difference[j])) <= (ScalarTraits<C>::exact ? 0 : 1e-45));
        k.push_back(difference[q]);
    }
    return k;
}

template <class C>
std::vector<C> predicted(const Named& variant, const Tableau& tableau) {
    Predicted<C> gap(ScalarField<Extended, Power<C>>(), tableau, {variant.state, variant.theta}, 4);
    const std::vector<C> y = start<C>();
    return gap.coefficient(from_rational<C>(ratio(2, 5)), y, loss_gradient<C>(std::span<const C>(y)));
}
std::size_t exponent(const Named& variant, const Tableau& tableau) {
    return Predicted<Rational>(ScalarField<Extended, Power<Rational>>(), tableau, {variant.state, variant.theta}, 4).exponent();
}

template <class C>
double norm(const std::vector<C>& v) {
    double sum = 0;
    for (const C& x : v) sum = std::hypot(sum, ScalarTraits<C>::to_double(x));
    return sum;
}
template <class C>
std::vector<C> minus(std::vector<C> a, const std::vector<C>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
    return a;
}

}  // namespace

TEST_CASE("one step: the coefficient in the rationals is the predicted one") {
    for (const char* name : {"euler", "midpoint", "heun", "ralston", "kutta3", "bogacki-shampine", "rk4"})
        for (const Named& variant : variants) {
            const Tableau& tableau = find_tableau(name);
            if (variant.theta == ThetaBy::gauss && order(tableau) > 2) continue;  // irrational nodes
            INFO(variant.method << ", " << name);
            const std::size_t q = exponent(variant, tableau);
            CHECK(q == order(tableau) + 1);
            const auto k = predicted<Rational>(variant, tableau);
            CHECK(found<Rational>(variant.method, tableau, q) == k);
            // the state's part of Heun's vanishes for every field; nothing else does
            CHECK((norm(std::vector<Rational>(k.begin(), k.begin() + 2)) == 0) == (std::string(name) == "heun" && variant.state != StateBy::interpolated));
        }
}

TEST_CASE("one step at 50 digits: Gauss nodes, and a cubic against order 5") {
    for (const char* name : {"kutta3", "rk4", "dormand-prince"})
        for (const Named& variant : variants) {
            const Tableau& tableau = find_tableau(name);
            if (order(tableau) < 5 && variant.theta != ThetaBy::gauss) continue;
            INFO(variant.method << ", " << name);
            const std::size_t q = exponent(variant, tableau);
            const bool cubic = variant.theta == ThetaBy::gauss || variant.state == StateBy::interpolated;
            CHECK(q == (order(tableau) == 5 && cubic ? 5 : order(tableau) + 1));
            const auto k = predicted<Mpfr50>(variant, tableau);
            CHECK(norm(minus(found<Mpfr50>(variant.method, tableau, q), k)) <= 1e-40);
            CHECK(norm(k) > 1e-6);
        }
}

TEST_CASE("the prediction of one variant is not that of another, nor that of another tableau") {
    const Named stored = variants[0], interpolated = variants[4], nodes = variants[6];
    for (const char* name : {"midpoint", "kutta3", "rk4"}) {
        INFO(name);
        const Tableau& tableau = find_tableau(name);
        const std::size_t q = order(tableau) + 1;
        CHECK_FALSE(found<Rational>(stored.method, tableau, q) == predicted<Rational>(interpolated, tableau));
        CHECK_FALSE(found<Rational>(interpolated.method, tableau, q) == predicted<Rational>(stored, tableau));
    }
    CHECK_FALSE(found<Rational>(nodes.method, find_tableau("midpoint"), 3) == predicted<Rational>(stored, find_tableau("midpoint")));
    using Short = Gap<ScalarField<Extended, Series<Rational, 3>>, Rational, 3>;
    CHECK_THROWS_WITH(Short(ScalarField<Extended, Series<Rational, 3>>(), find_tableau("midpoint"), {}), Catch::Matchers::Contains("4 terms"));
}

TEST_CASE("over an interval: the gap tends to its predicted leading term") {
    using C = Mpfr50;
    const C t0 = from_rational<C>(ratio(1, 5)), t1 = from_rational<C>(ratio(6, 5));
    std::vector<std::pair<Named, std::size_t>> cases;
    for (const Named& variant : variants) cases.emplace_back(variant, 0);
    cases.emplace_back(Named{"backsolve:3", StateBy::backsolved, ThetaBy::augmented}, 3);
    cases.emplace_back(Named{"backsolve:3:gauss", StateBy::backsolved, ThetaBy::gauss}, 3);
    for (const char* name : {"euler", "midpoint", "kutta3", "rk4", "dormand-prince"})
        for (const auto& [variant, restarts] : cases) {
            INFO(variant.method << ", " << name);
            const Tableau& tableau = find_tableau(name);
            const std::size_t power = exponent(variant, tableau) - 1;
            Predicted<double> gap(ScalarField<Extended, Power<double>>(), tableau, {variant.state, variant.theta}, 4);
            ScalarField<Extended, double> f;
            const std::vector<double> y = start<double>();
            const auto d = otd::interval_gap(f, gap, 0.2, 1.2, std::span<const double>(y), loss_gradient<double>, restarts);
            const auto scaled = [&](std::size_t steps) {
                const auto gap_found = minus(gradient<C>(variant.method, tableau, t0, t1, steps), gradient<C>("dto", tableau, t0, t1, steps));
                std::vector<double> values;
                for (const C& x : gap_found) values.push_back(static_cast<double>(C(x * pow(C(static_cast<int>(steps)), static_cast<int>(power)))));
                return values;
            };
            // D + D'h + D"h² + …: Richardson twice
            const auto coarse = scaled(64), middle = scaled(128);
            auto limit = scaled(256);
            for (std::size_t i = 0; i < inputs; ++i) limit[i] = (8 * limit[i] - 6 * middle[i] + coarse[i]) / 3;
            CAPTURE(norm(d), norm(limit));
            CHECK(norm(minus(limit, d)) <= 1e-3 * norm(d));
            std::vector<double> doubled = d;
            for (double& v : doubled) v *= 1.01;
            CHECK_FALSE(norm(minus(limit, doubled)) <= 1e-3 * norm(d));
        }
}
