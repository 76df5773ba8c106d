// The exact model of a data set against the Gaussian mixture that it is, and by hand.
#include "guidance/models/empirical.hpp"
#include "guidance/models/gaussian_mixture.hpp"
#include "tests/guidance/field_checks.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace costate;
using namespace costate::guidance;
using namespace costate::testing;

namespace {

using T = Mpfr50;

const std::vector<Rational> points{ratio(1), ratio(0), ratio(-1, 2), ratio(3, 4), ratio(0), ratio(-1), ratio(2), ratio(1, 3)};
const std::vector<T> batch{T("0.3"), T("-0.2"), T("0.9"), T("0.25")};

template <class S>
EmpiricalData<S> data(const Rational& tau, const AnyPath& path) {
    std::vector<S> values;
    for (const Rational& q : points) values.push_back(from_rational<S>(q));
    return EmpiricalData<S>(values, 2, from_rational<S>(tau), path);
}

// the same as a mixture of N components with covariance τ²I
GaussianMixture<T> as_mixture(const Rational& tau, const AnyPath& path) {
    std::vector<MixtureComponent<Rational>> components;
    for (std::size_t i = 0; i < points.size(); i += 2)
        components.push_back({ratio(1, 4), {points[i], points[i + 1]}, Rational(tau * tau) * SmallMatrix<Rational>::identity(2)});
    return mixture_in<T>(components, path);
}

}  // namespace

TEST_CASE("a data set with tau = 1/20 is a Gaussian mixture: every function at 50 digits") {
    for (const char* name : {"cond-ot", "linear-vp", "vp", "ve"}) {
        INFO(name);
        const AnyPath path = find_path(name);
        const T t("0.6");
        auto set = data<T>(ratio(1, 20), path);
        auto mixture = as_mixture(ratio(1, 20), path);
        const auto same = [&](auto&& call) {
            std::vector<T> a(4, T(0)), b(4, T(0));
            call(set, std::span<T>(a));
            call(mixture, std::span<T>(b));
            return relative(a, b);
        };
        CHECK(same([&](auto& m, auto out) { m(t, batch, out); }) < 1e-44);
        CHECK(same([&](auto& m, auto out) { m.denoiser(t, batch, out); }) < 1e-44);
        CHECK(same([&](auto& m, auto out) { m.score(t, batch, out); }) < 1e-44);
        CHECK(same([&](auto& m, auto out) { m.noise(t, batch, out); }) < 1e-44);
        CHECK(same([&](auto& m, auto out) { m.denoiser_vjp(t, batch, batch, out); }) < 1e-44);
        CHECK(same([&](auto& m, auto out) {
                  std::vector<T> dx(4);
                  m.jvp(t, batch, T(2), batch, {}, dx, out);
              }) < 1e-43);
        const std::vector<T> x(batch.begin(), batch.begin() + 2), v{T(1), T("-0.7")};
        std::vector<T> variance(2);
        set.posterior_covariance_times(t, x, v, variance);
        CHECK(relative(variance, mixture.posterior_covariance(t, x)(v)) < 1e-44);
        CHECK(relative(set.posterior_weights(t, x), mixture.weights(t, x)) < 1e-44);
        CHECK(abs(set.divergence(t, x) / mixture.divergence(t, x) - 1) < 1e-43);
        CHECK(abs(set.log_density(t, x) - mixture.log_density(t, x)) < 1e-44);
        // another tau is another model
        auto wider = data<T>(ratio(21, 400), path);
        std::vector<T> u(4), other(4);
        set(t, batch, u);
        wider(t, batch, other);
        CHECK(relative(other, u) > 1e-6);
    }
}

TEST_CASE("vjp and jvp of a data set: adjointness and difference quotients, tau = 0 included") {
    for (const Rational& tau : {ratio(0), ratio(1, 20)})
        for (const char* name : {"cond-ot", "vp"})
            for (const char* time : {"0.3", "0.9"}) {
                INFO(name << " at " << time);
                auto set = data<T>(tau, find_path(name));
                const ProductErrors errors = product_errors(set, T(time), batch);
                CHECK(errors.value == 0);
                CHECK(errors.adjoint < 1e-43);
                CHECK(errors.difference < 1e-19);
            }
}

TEST_CASE("tau = 0: the posterior mean is a softmax over the data, by hand, and sigma = 0 is a sentence") {
    // points 0 and 1 in one dimension, cond-ot, t = 1/2, x = 1/4: log-weights -(1/16)/(1/2), -(1/16)/(1/2): a tie
    EmpiricalData<double> two({0, 1}, 1, 0, CondOt{});
    std::vector<double> x{.25}, out(1);
    two.denoiser(.5, x, out);
    CHECK(out[0] == .5);
    // x = 1/2: z = 1/2 and 0, so p̄ = 1/(1 + e^(-1/2)), u = (p̄ - x)/(1-t), Var = p̄(1-p̄), J = (α/σ²) Var = 2 Var
    x[0] = .5;
    two.denoiser(.5, x, out);
    const double mean = 1 / (1 + std::exp(-.5));
    CHECK(out[0] == Approx(mean).epsilon(1e-15));
    two(.5, x, out);
    CHECK(out[0] == Approx((mean - .5) / .5).epsilon(1e-14));
    std::vector<double> J{0.}, one{1.};
    two.denoiser_vjp(.5, x, one, J);
    CHECK(J[0] == Approx(2 * mean * (1 - mean)).epsilon(1e-14));
    CHECK_THROWS_WITH(two(1., x, out), Catch::Contains("tau") && Catch::Contains("t = 1 on cond-ot"));
    CHECK_NOTHROW(two(1 - 1e-6, x, out));
    EmpiricalData<double> thick({0, 1}, 1, .05, CondOt{});
    thick.denoiser(1., x, out);
    CHECK(out[0] == .5);
}

TEST_CASE("one point is exact in the rationals: the straight line to it on cond-ot") {
    EmpiricalData<Rational> one({ratio(2), ratio(-1, 3)}, 2, ratio(0), CondOt{});
    std::vector<Rational> x{ratio(1, 2), ratio(1)}, u(2);
    one(ratio(1, 4), x, u);
    CHECK(u == std::vector<Rational>{ratio(2), ratio(-16, 9)});  // (p - x)/(1 - t)
    CHECK_THROWS_AS(EmpiricalData<double>({1, 2, 3}, 2, 0, CondOt{}), std::invalid_argument);
    CHECK_THROWS_AS(EmpiricalData<double>({}, 2, 0, CondOt{}), std::invalid_argument);
    CHECK_THROWS_WITH(one.divergence(ratio(1, 4), std::vector<Rational>(4, ratio(1))), Catch::Contains("4 values"));
}
