// Step, its transpose and its tangent in every scalar: ⟨λ₁, ẋ₁⟩ = ⟨λ₀, ẋ₀⟩ + θ̄·θ̇ + t̄ṫ + h̄ḣ, and refused arguments.
#include "ode/gradient/partner.hpp"
#include "ode/solve.hpp"
#include "scalar/dual.hpp"
#include "scalar/series.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;
using Catch::Matchers::Contains;

static_assert(RecordingField<RecordingPolynomial<double>, double> && DifferentiableField<Polynomial<Rational>, Rational>);
static_assert(!RecordingField<Polynomial<double>, double> && !VectorField<Polynomial<double>, Rational>);
static_assert(TerminalLoss<SquaredDistance<PrimeField>, PrimeField> && !TerminalLoss<SquaredDistance<float>, double>);

namespace {

template <class T>
bool equal(const T& a, const T& b) {
    if constexpr (ScalarTraits<T>::exact)
        return a == b;
    else {
        using std::abs;
        return abs(a - b) <= T(64) * std::numeric_limits<T>::epsilon() * (abs(a) + abs(b));
    }
}

template <class T>
T dot(const std::vector<T>& a, const std::vector<T>& b) {
    T total = T(0);
    for (std::size_t i = 0; i < a.size(); ++i) total += a[i] * b[i];
    return total;
}

template <class T>
struct Setting {
    T t = from_rational<T>(ratio(1, 5)), h = from_rational<T>(ratio(1, 8));
    std::vector<T> x0 = batch_of_two<T>(), x1 = x0, x1_tangent = x0, x1_dot = x0, lambda0 = x0,
                   theta_bar = std::vector<T>(4, T(0));
    std::vector<T> x0_dot = scalars<T>({ratio(2), ratio(-1, 3), ratio(1, 2), ratio(5)});
    std::vector<T> theta_dot = scalars<T>({ratio(1), ratio(1, 2), ratio(-2), ratio(3)});
    std::vector<T> lambda1 = scalars<T>({ratio(1, 3), ratio(2), ratio(-1), ratio(3, 4)});
    TimeTangent<T> time_dot{from_rational<T>(ratio(2, 3)), from_rational<T>(ratio(-3, 2))};
    TimeBars<T> bars{T(0), T(0)};

    T before() const { return dot(lambda0, x0_dot) + dot(theta_bar, theta_dot) + bars.t * time_dot.t + bars.h * time_dot.h; }
    T after() const { return dot(lambda1, x1_dot); }
};

template <class F, class T>
void check_adjointness(const Tableau& tableau) {
    INFO(tableau.name);
    Setting<T> s;
    F f{parameters<T>()};
    const Coefficients<T> method(tableau);
    StepWorkspace<T> ws;
    StepRecord<F, T> record;
    step<T>(method, f, s.t, s.h, s.x0, s.x1, record, ws);
    step_vjp<T>(method, f, s.t, s.h, s.x0, record, s.lambda1, s.lambda0, s.theta_bar, &s.bars, ws);
    step_jvp<T>(method, f, s.t, s.h, s.x0, &s.time_dot, s.x0_dot, s.theta_dot, s.x1_tangent, s.x1_dot, ws);
    CHECK(equal(s.before(), s.after()));
    for (std::size_t i = 0; i < s.x1.size(); ++i) CHECK(equal(s.x1[i], s.x1_tangent[i]));

    std::vector<T> in_place = s.x0, lambda = s.lambda1, no_theta;
    step<T>(method, f, s.t, s.h, in_place, in_place, ws);
    CHECK(in_place == s.x1);
    step_vjp<T>(method, f, s.t, s.h, s.x0, record, lambda, lambda, no_theta, nullptr, ws);
    for (std::size_t i = 0; i < lambda.size(); ++i) CHECK(equal(lambda[i], s.lambda0[i]));
}

template <class T>
void check_partner(const Tableau& tableau) {
    INFO(tableau.name);
    using F = Polynomial<T>;
    Setting<T> s;
    F f{parameters<T>()};
    const Coefficients<T> method(tableau);
    const dto::PartnerCoefficients<T> adjoint(tableau);
    StepWorkspace<T> ws;
    StepRecord<F, T> record;
    step<T>(method, f, s.t, s.h, s.x0, s.x1, record, ws);
    step_jvp<T>(method, f, s.t, s.h, s.x0, &s.time_dot, s.x0_dot, s.theta_dot, s.x1_tangent, s.x1_dot, ws);
    dto::partner_step<T>(method, adjoint, f, s.t, s.h, s.x0, record, s.lambda1, s.lambda0, s.theta_bar, &s.bars, ws);
    CHECK(equal(s.before(), s.after()));
}

template <class F, class T>
void check_scalar() {
    for (const Tableau& tableau : tableaus()) check_adjointness<F, T>(tableau);
}

}  // namespace

TEST_CASE("a step's transpose and tangent belong together: binary floating point") {
    check_scalar<Polynomial<float>, float>();
    check_scalar<Polynomial<double>, double>();
    check_scalar<Polynomial<long double>, long double>();
    check_scalar<RecordingPolynomial<double>, double>();
}
TEST_CASE("a step's transpose and tangent belong together: 50 and 100 digits") {
    check_scalar<Polynomial<Mpfr50>, Mpfr50>();
    check_scalar<Polynomial<Mpfr100>, Mpfr100>();
}
TEST_CASE("a step's transpose and tangent belong together: exactly") {
    check_scalar<Polynomial<Rational>, Rational>();
    check_scalar<Polynomial<PrimeField>, PrimeField>();
    check_scalar<Polynomial<Series<PrimeField, 4>>, Series<PrimeField, 4>>();
    check_scalar<Polynomial<Dual<Rational>>, Dual<Rational>>();
}
TEST_CASE("the partner's step is that transpose too") {
    for (const Tableau& tableau : tableaus()) {
        check_partner<Rational>(tableau);
        check_partner<Series<PrimeField, 4>>(tableau);
        check_partner<Mpfr50>(tableau);
        check_partner<double>(tableau);
    }
}

TEST_CASE("a tangent and an adjoint state keep their product over a step, and only by the right pair") {
    const auto drift = [](const Tableau& tableau, const dto::PartnerCoefficients<Rational>& adjoint,
                          const Coefficients<Rational>& reverse) {
        Setting<Rational> s;
        Polynomial<Rational> f{parameters<Rational>()};
        const Coefficients<Rational> method(tableau);
        StepWorkspace<Rational> ws;
        StepRecord<Polynomial<Rational>, Rational> record;
        std::vector<Rational> none;
        step<Rational>(method, f, s.t, s.h, s.x0, s.x1, record, ws);
        step_jvp<Rational>(method, f, s.t, s.h, s.x0, nullptr, s.x0_dot, none, s.x1_tangent, s.x1_dot, ws);
        dto::partner_step<Rational>(reverse, adjoint, f, s.t, s.h, s.x0, record, s.lambda1, s.lambda0, none, nullptr, ws);
        return Rational(dot(s.lambda1, s.x1_dot) - dot(s.lambda0, s.x0_dot));
    };
    for (const Tableau& tableau : tableaus()) {
        INFO(tableau.name);
        const Coefficients<Rational> method(tableau);
        dto::PartnerCoefficients<Rational> adjoint(tableau);
        CHECK(drift(tableau, adjoint, method) == 0);
        if (method.stages == 1) continue;
        adjoint.rows.front().r.back() += ratio(1, 1000);  // one broken coefficient
        CHECK(drift(tableau, adjoint, method) != 0);
    }
    // the row sums of Â in place of the forward c
    const Tableau shampine = find_tableau("bogacki-shampine"), adjoint = *partner(shampine);
    Coefficients<Rational> own_nodes(shampine);
    for (std::size_t i = 0; i < own_nodes.stages; ++i) {
        own_nodes.c[i] = 0;
        for (std::size_t j = 0; j < own_nodes.stages; ++j) own_nodes.c[i] += adjoint.A(i, j);
    }
    CHECK(drift(shampine, dto::PartnerCoefficients<Rational>(shampine), own_nodes) != 0);
    // Matsubara's rule without its powers of h
    dto::PartnerCoefficients<Rational> flat(find_tableau("midpoint"));
    flat.rows[0].power[0] = 1;
    CHECK(drift(find_tableau("midpoint"), flat, Coefficients<Rational>(find_tableau("midpoint"))) != 0);
}

TEST_CASE("solve: closed form, storing, both directions") {
    Linear<Rational> f{scalars<Rational>({ratio(0), ratio(1), ratio(-1), ratio(0)})};
    const std::vector<Rational> x0{1, 0};
    // (I + hJ + h²J²/2)² (1, 0) with h = 1/2, J = (0 1; -1 0)
    CHECK(solve(find_tableau("heun"), f, Rational(0), Rational(1), 2, x0) == std::vector<Rational>{ratio(33, 64), ratio(-7, 8)});

    const Coefficients<Rational> method(find_tableau("rk4"));
    StepWorkspace<Rational> ws;
    Polynomial<Rational> g{parameters<Rational>()};
    const Grid<Rational> grid(ratio(1, 5), ratio(-1, 3), 2);
    std::vector<Rational> states(3 * 4), end(4);
    solve_states<Rational>(method, g, grid, batch_of_two<Rational>(), states, ws);
    solve<Rational>(method, g, grid, batch_of_two<Rational>(), end, ws);
    CHECK(std::equal(end.begin(), end.end(), states.end() - 4));
    CHECK(grid.at(2) == ratio(-1, 3));
    std::vector<Rational> middle(states.begin() + 4, states.begin() + 8);
    CHECK(solve(find_tableau("rk4"), g, grid.at(1), grid.at(2), 1, middle) == end);
}

TEST_CASE("wrong arguments are refused in a sentence") {
    Polynomial<double> f{parameters<double>()};
    const std::vector<double> x{1, 2, 3};
    CHECK_THROWS_WITH(solve(find_tableau("rk4"), f, 0.0, 1.0, 4, x), Contains("3 values") && Contains("2 a sample"));
    CHECK_THROWS_WITH(solve(find_tableau("rk4"), f, 0.0, 1.0, 4, std::vector<double>{}), Contains("0 values"));
    CHECK_THROWS_WITH(solve(find_tableau("rk4"), f, 0.0, 1.0, 0, std::vector<double>{1, 2}), Contains("0 steps"));
    CHECK_THROWS_WITH(Coefficients<double>(*partner(find_tableau("heun"))), Contains("heun-partner") && Contains("implicit"));
    std::vector<double> room(5);
    StepWorkspace<double> ws;
    CHECK_THROWS_WITH(
        solve_states<double>(Coefficients<double>(find_tableau("rk4")), f, {0, 1, 2}, std::vector<double>{1, 2}, room, ws),
        Contains("5 values") && Contains("need 6"));
    CHECK_THROWS_WITH(SquaredDistance<double>({1, 2, 3, 4})(x), Contains("3 values") && Contains("y 4"));
}

TEST_CASE("squared distance: value and gradient, one target or one a sample") {
    const std::vector<Rational> x{1, 2, 3, 5};
    std::vector<Rational> x_bar(4);
    const SquaredDistance<Rational> one({1, 1}), each({1, 1, 2, 2});
    CHECK(one(x) == ratio(21, 2));
    CHECK(each(x) == ratio(11, 2));
    one.gradient(x, x_bar);
    CHECK(x_bar == std::vector<Rational>{0, 1, 2, 4});
    each.gradient(x, x_bar);
    CHECK(x_bar == std::vector<Rational>{0, 1, 1, 3});
}
