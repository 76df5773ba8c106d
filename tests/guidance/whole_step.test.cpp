// Whole Runge-Kutta steps of scalar programs against the same steps stage by stage (==), forward sensitivities and 50 digits:
// the planar restricted three-body problem, gradient with respect to start and mass.
#include "autodiff/program_field.hpp"
#include "ode/gradient/forward_sensitivities.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/whole_step.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

using namespace costate;
using namespace costate::autodiff;

namespace {

const auto orbit = [](auto, auto u, auto p, auto du) {
    using std::sqrt;
    const auto mu = p[0], nu = 1 - mu, a = u[0] + mu, b = u[0] - nu, y2 = u[1] * u[1], ra = a * a + y2, rb = b * b + y2;
    const auto da = nu / (ra * sqrt(ra)), db = mu / (rb * sqrt(rb));
    du[0] = u[2];
    du[1] = u[3];
    du[2] = u[0] + 2 * u[3] - da * a - db * b;
    du[3] = u[1] - 2 * u[2] - da * u[1] - db * u[1];
};

template <class T>
ProgramField<T> orbit_field() {
    const std::vector<T> mu{from_rational<T>(Rational(12277471, 1000000000))};
    return ProgramField<T>(record_field<T>(4, std::span<const T>(mu), orbit));
}
template <class T>
using Stepped = ode::SteppedField<T, ProgramField<T>>;

template <class T>
std::vector<T> starts(std::size_t batch) {
    std::vector<T> x;
    for (std::size_t b = 0; b < batch; ++b)
        for (const int k : {500 + static_cast<int>(b), 100, 0, 1000}) x.push_back(from_rational<T>(Rational(k, 1000)));
    return x;
}

template <class T, class F>
ode::GradientResult<T> gradient(F& field, const char* tableau, std::size_t batch, const ode::GradientOptions& options) {
    const ode::SquaredDistance<T> loss(std::vector<T>(4, T(0)));
    const std::vector<T> x0 = starts<T>(batch);
    return ode::dto::StoreAll()(field, loss, ode::find_tableau(tableau), T(0), T(1), 50, x0, options);
}

}  // namespace

TEMPLATE_TEST_CASE("whole steps equal the stages, bitwise", "", float, double) {
    using T = TestType;
    for (const char* tableau : {"euler", "midpoint", "rk4"}) {
        auto stages = orbit_field<T>();
        Stepped<T> whole(stages, ode::find_tableau(tableau)), compiled = whole;
        compiled.compile();
        for (const std::size_t batch : {1u, 7u, 64u, 65u}) {
            INFO(tableau << ", batch " << batch);
            for (const bool theta : {false, true}) {
                const auto expected = gradient<T>(stages, tableau, batch, {theta, false});
                for (Stepped<T>* field : {&whole, &compiled}) {
                    const auto got = gradient<T>(*field, tableau, batch, {theta, false});
                    CHECK(got.x1 == expected.x1);
                    CHECK(got.x_bar == expected.x_bar);
                    if (batch == 1) CHECK(got.theta_bar == expected.theta_bar);
                    else if (theta)
                        CHECK(got.theta_bar[0] == Approx(expected.theta_bar[0]).epsilon(sizeof(T) == 4 ? 1e-3 : 1e-11));
                }
            }
        }
        const auto expected = gradient<T>(stages, tableau, 1, {true, true}), got = gradient<T>(whole, tableau, 1, {true, true});
        CHECK(got.theta_bar == expected.theta_bar);
        CHECK(got.t0_bar == expected.t0_bar);
        CHECK(got.t1_bar == expected.t1_bar);
    }
}

TEST_CASE("the gradient of a batch is bitwise the sum of the samples' in ascending order") {
    Stepped<double> field(orbit_field<double>(), ode::find_tableau("rk4"));
    std::vector<double> x = starts<double>(9), x1(36), lambda(36, 1.0), kept, theta{0.0};
    const ode::Coefficients<double> method(ode::find_tableau("rk4"));
    REQUIRE(field.take_step(method.fingerprint, 0.0, 0.01, x, x1, kept));
    field.reverse_step(0.0, 0.01, x, kept, lambda, lambda, theta, nullptr, nullptr);
    double sum = 0;
    for (std::size_t b = 0; b < 9; ++b) {
        const std::span<const double> row(&x[4 * b], 4);
        std::vector<double> y(4), bar(4, 1.0), own;
        REQUIRE(field.take_step(method.fingerprint, 0.0, 0.01, row, y, own));
        field.reverse_step(0.0, 0.01, row, own, bar, bar, {&sum, 1}, nullptr, nullptr);
        CHECK(std::equal(bar.begin(), bar.end(), &lambda[4 * b]));
    }
    CHECK(sum == theta[0]);
}

TEST_CASE("against 50 digits, and the negative control") {
    auto exact = orbit_field<Mpfr50>();
    const auto truth = gradient<Mpfr50>(exact, "rk4", 1, {true, false});
    Stepped<double> field(orbit_field<double>(), ode::find_tableau("rk4"));
    const auto error = [&] {
        const auto got = gradient<double>(field, "rk4", 1, {true, false});
        double worst = std::abs(got.theta_bar[0] / static_cast<double>(truth.theta_bar[0]) - 1);
        for (std::size_t i = 0; i < 4; ++i)
            worst = std::max(worst, std::abs(got.x_bar[i] / static_cast<double>(truth.x_bar[i]) - 1));
        return worst;
    };
    CHECK(error() < 1e-11);
    const ode::SquaredDistance<double> loss(std::vector<double>(4, 0.0));
    const auto forward = ode::ForwardSensitivities()(field, loss, ode::find_tableau("rk4"), 0.0, 1.0, 50, starts<double>(1), {true, false});
    CHECK(forward.theta_bar[0] == Approx(static_cast<double>(truth.theta_bar[0])).epsilon(1e-11));
    auto& line = const_cast<kernels::StraightLine<double>&>(field.lines().reverse[1]);
    kernels::LinePlan plan = line.plan();
    std::iota(plan.constants.begin(), plan.constants.end(), 0u);
    std::find_if(plan.steps.begin(), plan.steps.end(), [](const kernels::LineStep& s) { return s.op == kernels::LineOp::add; })->op = kernels::LineOp::sub;
    line = {plan, line.constants()};
    CHECK(error() > 1e-6);
}

TEST_CASE("steps of another tableau, and time gradients over a batch, go stage by stage or sample by sample") {
    auto stages = orbit_field<double>();
    Stepped<double> field(stages, ode::find_tableau("euler"));
    CHECK(gradient<double>(field, "rk4", 3, {true, true}).x_bar == gradient<double>(stages, "rk4", 3, {true, true}).x_bar);
    const auto a = gradient<double>(field, "euler", 3, {true, true}), b = gradient<double>(stages, "euler", 3, {true, true});
    CHECK(a.t1_bar == Approx(b.t1_bar).epsilon(1e-11));
    CHECK(a.x_bar == b.x_bar);
}

namespace {

/// ẋ₀ = x₀ x₁ where x₀ > 0, ẋ₁ = -x₀ where x₁ < 2: two comparisons a stage, recorded where both hold.
ProgramField<double> guarded() {
    const auto code = [](auto, auto x, auto, auto dx) {
        dx[0] = x[0] > 0 ? x[1] * x[0] : -x[1];
        dx[1] = x[1] < 2 ? -x[0] : x[0] * x[1];
    };
    return ProgramField<double>(record_field<double>(2, std::vector<double>{}, code, {.t = 0, .x = {1, 1}}));
}

/// The comparison and the sample that a step of these states reports; {99, 99}: none.
template <class F>
std::pair<std::size_t, std::size_t> reported(F& field, const ode::Tableau& tableau, const std::vector<double>& x) {
    std::vector<double> x1(x.size());
    ode::StepWorkspace<double> ws;
    try {
        ode::solve<double>(ode::Coefficients<double>(tableau), field, {0.0, 0.5, 1}, x, x1, ws);
    } catch (const BranchChanged& e) {
        return {e.guard(), e.sample()};
    }
    return {99, 99};
}

}  // namespace

TEST_CASE("two comparisons in one whole step: each of them alone stops it, in any stage and sample, and is reported as the stages do") {
    using Pair = std::pair<std::size_t, std::size_t>;
    for (const char* name : {"euler", "midpoint"}) {
        const ode::Tableau& tableau = ode::find_tableau(name);
        auto stages = guarded();
        Stepped<double> whole(stages, tableau), compiled = whole;
        compiled.compile();
        const std::size_t fingerprint = ode::Coefficients<double>(tableau).fingerprint;
        for (const std::size_t batch : {1u, 7u, 65u}) {
            for (Stepped<double>* field : {&whole, &compiled}) {
                INFO(name << ", batch " << batch << (field == &compiled ? ", compiled" : ""));
                const auto step = [&](const std::vector<double>& x) {
                    std::vector<double> x1(x.size()), kept;
                    const bool all = field->take_step(fingerprint, 0.0, 0.5, x, x1);
                    CHECK(field->take_step(fingerprint, 0.0, 0.5, x, x1, kept) == all);
                    return all;
                };
                const std::vector<double> fine(2 * batch, 1.0);
                CHECK(step(fine));
                CHECK(reported(*field, tableau, fine) == Pair(99, 99));
                for (const std::size_t sample : {std::size_t{0}, batch - 1}) {
                    std::vector<double> first = fine, second = fine, later = fine;
                    first[2 * sample] = -1;
                    second[2 * sample + 1] = 3;
                    later[2 * sample] = 0.25;
                    later[2 * sample + 1] = -5;  // x₀ falls below 0 on the way to the second stage
                    CHECK(!step(first));
                    CHECK(!step(second));
                    CHECK(step(later) == (tableau.stages() == 1));
                    CHECK(reported(*field, tableau, first) == Pair(0, sample));
                    CHECK(reported(*field, tableau, second) == Pair(1, sample));
                    CHECK(reported(*field, tableau, later) == (tableau.stages() == 1 ? Pair(99, 99) : Pair(0, sample)));
                    CHECK(reported(stages, tableau, later) == reported(*field, tableau, later));
                }
            }
        }
    }
}
