// Greedy is one explicit Euler step in the regular variables, == in ℚ; and what is not.
#include "guidance/gradient/greedy.hpp"
#include "guidance/gradient/look_ahead.hpp"
#include "guidance/models/gaussian.hpp"
#include "tests/guidance/mixtures.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace costate;
using namespace costate::guidance;
using namespace costate::testing;

namespace {

using Q = Rational;
using enum Parametrisation;

const ode::SquaredDistance<Q> loss3(std::vector<Q>{ratio(1), ratio(-1, 4), ratio(2, 3)});
const std::vector<Q> x3{ratio(1, 7), ratio(1), ratio(-2, 3), ratio(0), ratio(5, 4), ratio(1, 2)};

LookAhead steps(const char* tableau, std::size_t k) { return {ode::find_tableau(tableau), k}; }

template <class T>
bool same(const ode::GradientResult<T>& a, const ode::GradientResult<T>& b) {
    return a.loss == b.loss && a.x1 == b.x1 && a.x_bar == b.x_bar && a.theta_bar == b.theta_bar;
}

}  // namespace

TEST_CASE("one Euler step in x/alpha, sigma/alpha is the greedy gradient of a Gaussian, == in the rationals") {
    for (const char* name : {"cond-ot", "linear-vp"}) {
        INFO(name);
        const Q t = ratio(3, 5);
        auto model = mixture_in<Q>(one_gaussian(), find_path(name));
        const auto greedy = greedy_gradient(model, loss3, t, x3);
        RegularField<GaussianMixture<Q>&, Q> regular(model, velocity, model.path());
        CHECK(same(steps("euler", 1).in_regular(regular, loss3, t, Q(1), x3), greedy));
        CHECK(same(greedy_gradient(model, velocity, model.path(), loss3, t, x3), greedy));
        // J by hand: Jᵀ∇L of the first sample
        std::vector<Q> lambda(6), first(3, Q(0));
        loss3.gradient(greedy.x1, lambda);
        model.denoiser_jacobian(t, std::span<const Q>(x3).first(3)).multiply_transposed_add(std::span<const Q>(lambda).first(3), first);
        CHECK(std::vector<Q>(greedy.x_bar.begin(), greedy.x_bar.begin() + 3) == first);
        // neither two steps nor another tableau are greedy (the times between are rational on cond-ot)
        if (std::string(name) == "cond-ot") {
            CHECK_FALSE(same(steps("euler", 2).in_regular(regular, loss3, t, Q(1), x3), greedy));
            CHECK_FALSE(same(steps("midpoint", 1).in_regular(regular, loss3, t, Q(1), x3), greedy));
        }
        // in time it is Euler's step on cond-ot and not on linear-vp
        CHECK(same(steps("euler", 1).in_time(model, loss3, t, Q(1), x3), greedy) == (std::string(name) == "cond-ot"));
        CHECK((greedy.cost.evaluations == 1 && greedy.cost.vjps == 1 && greedy.cost.jvps == 0));
    }
}

TEST_CASE("the same for made-up polynomial models of every parametrisation, their parameters included") {
    const ode::SquaredDistance<Q> loss(target<Q>());
    const std::vector<Q> x = batch_of_two<Q>();
    const Q t = ratio(3, 5);
    for (const char* name : {"cond-ot", "polynomial", "linear-vp"})
        for (const Parametrisation given : {velocity, epsilon, x1}) {
            const AnyPath path = find_path(name);
            // r = 16/9 on polynomial: 1 + r = 25/9 is a square, so t(r) is rational
            INFO(name << ", " << name_of(given));
            RecordingPolynomial<Q> model(parameters<Q>());
            RegularField<RecordingPolynomial<Q>&, Q> regular(model, given, path);
            const auto greedy = greedy_gradient(model, given, path, loss, t, x);
            CHECK((model.evaluations == greedy.cost.evaluations && model.vjps == greedy.cost.vjps));
            auto one_step = steps("euler", 1).in_regular(regular, loss, t, Q(1), x);
            CHECK(same(one_step, greedy));
            CHECK_FALSE(greedy.theta_bar == std::vector<Q>(4, Q(0)));
            Polynomial<Q> silent{parameters<Q>()};  // without records
            CHECK(same(greedy_gradient(silent, given, path, loss, t, x), greedy));
            // the dual numbers through x̂₁(x), one input
            Polynomial<Dual<Q>> dual{parameters<Dual<Q>>()};
            DenoiserOf<Polynomial<Dual<Q>>&, Dual<Q>> x1hat(dual, given, path);
            std::vector<Dual<Q>> y(x.begin(), x.end()), out(4);
            y[2].tangent = 1;
            x1hat(Dual<Q>(t), y, out);
            CHECK(ode::SquaredDistance<Dual<Q>>(target<Dual<Q>>())(out).tangent == greedy.x_bar[2]);
            y[2].tangent = 0;
            x1hat(Dual<Q>::variable(t), y, out);
            CHECK(ode::SquaredDistance<Dual<Q>>(target<Dual<Q>>())(out).tangent == greedy.t0_bar);
        }
}

TEST_CASE("in the prime field on cond-ot, in time and in the regular variables") {
    using F = PrimeField;
    const ode::SquaredDistance<F> loss(target<F>());
    Polynomial<F> model{parameters<F>()};
    const F t = from_rational<F>(ratio(2, 7));
    const auto greedy = greedy_gradient(model, velocity, CondOt{}, loss, t, batch_of_two<F>());
    RegularField<Polynomial<F>, F> regular(model, velocity, CondOt{});
    CHECK(same(steps("euler", 1).in_regular(regular, loss, t, F(1), batch_of_two<F>()), greedy));
    CHECK(same(steps("euler", 1).in_time(model, loss, t, F(1), batch_of_two<F>()), greedy));
    CHECK_FALSE(greedy_gradient(model, epsilon, CondOt{}, loss, t, batch_of_two<F>()).x_bar == greedy.x_bar);
}

TEST_CASE("with sigma at the end above 0 one step is not greedy, and tends to it with sigma") {
    using T = Mpfr50;
    const ode::SquaredDistance<T> loss(numbers<T>({ratio(1), ratio(-1, 4), ratio(2, 3)}));
    const std::vector<T> x = numbers<T>({ratio(1, 7), ratio(1), ratio(-2, 3)});
    std::vector<double> gaps;
    for (const Rational& sigma_min : {ratio(1, 10), ratio(1, 1000), ratio(1, 100000)}) {
        const AnyPath path = Ve{ratio(10), sigma_min};
        auto model = mixture_in<T>(one_gaussian(), path);
        // at the time when σ = 1, the same for all
        const T t = time_of_ratio<T>(path, T(1));
        RegularField<GaussianMixture<T>&, T> regular(model, velocity, path);
        const auto greedy = greedy_gradient(model, loss, t, x);
        gaps.push_back(relative(steps("euler", 1).in_regular(regular, loss, t, T(1), x).x_bar, greedy.x_bar));
    }
    CHECK(gaps[0] > 1e-2);
    // the difference is (σ₁/σ_t)(I - J) to first order: a hundredth of σ₁ is a hundredth of the gap
    CHECK(gaps[1] / gaps[2] == Approx(100).epsilon(.01));
}

TEST_CASE("k steps tend to the gradient of the flow: the closed form of a Gaussian") {
    const DiagonalGaussian<double> gaussian{{.5, -1}, {.3, 2}, LinearVp{}};
    auto model = gaussian.mixture();
    RegularField<GaussianMixture<double>&, double> regular(model, velocity, LinearVp{});
    const ode::SquaredDistance<double> loss({1, 1});
    const std::vector<double> x{.25, -.5};
    std::vector<double> end(2), expected(2);
    gaussian.flow(.4, 1, x, end);
    loss.gradient(end, expected);
    const std::vector<double> scale = gaussian.flow_scale(.4, 1);
    for (std::size_t i = 0; i < 2; ++i) expected[i] *= scale[i];
    const LookAhead many = steps("dormand-prince", 40);
    for (const auto& found : {many.in_regular(regular, loss, .4, 1., x), many.in_time(model, loss, .4, 1., x)}) {
        CHECK(relative(found.x_bar, expected) < 1e-9);
        CHECK(relative(found.x1, end) < 1e-9);
    }
    CHECK(relative(greedy_gradient(model, loss, .4, x).x_bar, expected) > .01);
}
