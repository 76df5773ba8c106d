// One Gaussian: exact in ℚ, ℤ/p and ℚ[[h]] on rational paths, and the closed form of its flow; the matrices under it.
#include "guidance/models/gaussian.hpp"
#include "guidance/paths/conversions.hpp"
#include "tests/guidance/mixtures.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace costate;
using namespace costate::guidance;
using namespace costate::testing;

namespace {

using Q = Rational;

const std::vector<Q> x{ratio(1, 7), ratio(1), ratio(-2, 3)};

SmallMatrix<Q> hilbert(int n) {
    SmallMatrix<Q> h(static_cast<std::size_t>(n), static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i)
        for (int j = 0; j < n; ++j) h(static_cast<std::size_t>(i), static_cast<std::size_t>(j)) = ratio(1, i + j + 1);
    return h;
}

}  // namespace

TEST_CASE("matrices: the determinants of Hilbert's (OEIS A005249), inverses == in the rationals") {
    CHECK(Ldl<Q>(hilbert(3)).determinant() == ratio(1, 2160));
    CHECK(Ldl<Q>(hilbert(5)).determinant() == ratio(1, 266716800000));
    for (const int n : {1, 2, 5}) CHECK(Ldl<Q>(hilbert(n)).inverse() * hilbert(n) == SmallMatrix<Q>::identity(static_cast<std::size_t>(n)));
    const SmallMatrix<Q> a(2, 3, {ratio(1), ratio(2), ratio(3), ratio(4), ratio(5), ratio(6)});
    CHECK(a * a.transpose() == SmallMatrix<Q>(2, 2, {ratio(14), ratio(32), ratio(32), ratio(77)}));
    std::vector<Q> out(3, ratio(0));
    a.multiply_transposed_add(std::vector<Q>{ratio(1), ratio(-1)}, out);
    CHECK(out == std::vector<Q>{ratio(-3), ratio(-3), ratio(-3)});
    CHECK_THROWS_WITH(a * a, Catch::Contains("3 columns times 2 rows"));
    CHECK_THROWS_AS(SmallMatrix<Q>(2, 2, {ratio(1)}), std::invalid_argument);
    CHECK_THROWS_WITH(Ldl<Q>(SmallMatrix<Q>(2, 2, {ratio(1), ratio(1), ratio(1), ratio(1)})), Catch::Contains("pivot 1"));
}

TEST_CASE("one Gaussian on linear-vp, worked by hand: m = 1/2, s2 = 2, t = 3/5, x = 1") {
    // S = 34/25, ½S' = 3/5, u = 1/2 + (15/34)(7/10), x̂₁ = 1/2 + (6/5)(25/34)(7/10)
    GaussianMixture<Q> model({{ratio(1), {ratio(1, 2)}, SmallMatrix<Q>(1, 1, {ratio(2)})}}, LinearVp{});
    std::vector<Q> one{ratio(1)}, u(1), x1(1), epsilon(1);
    model(ratio(3, 5), one, u);
    model.denoiser(ratio(3, 5), one, x1);
    model.noise(ratio(3, 5), one, epsilon);
    CHECK(u[0] == ratio(55, 68));
    CHECK(x1[0] == ratio(19, 17));
    CHECK(epsilon[0] == ratio(7, 17));
    CHECK(model.denoiser_jacobian(ratio(3, 5), one)(0, 0) == ratio(15, 17));
    CHECK(model.posterior_covariance(ratio(3, 5), one)(0, 0) == ratio(16, 17));
    // at the data: x̂₁ = x, J = 1, Var = 0
    model.denoiser(ratio(1), one, x1);
    CHECK((x1[0] == 1 && model.denoiser_jacobian(ratio(1), one)(0, 0) == 1 && model.posterior_covariance(ratio(1), one)(0, 0) == 0));
}

TEST_CASE("a full covariance: every relation of the model is == in the rationals") {
    for (const char* name : {"cond-ot", "polynomial:3", "linear-vp"}) {
        INFO(name);
        const AnyPath path = find_path(name);
        const Q t = ratio(3, 5), t_dot = ratio(2, 9);
        auto model = mixture_in<Q>(one_gaussian(), path);
        std::vector<Q> u(3), x1(3), epsilon(3), dx(3), dx_dot(3), x_bar(3, Q(0));
        model(t, x, u);
        model.denoiser(t, x, x1);
        model.noise(t, x, epsilon);
        const Affine<Q> c = velocity_from_x1(path, t), e = velocity_from_epsilon(path, t);
        const SmallMatrix<Q> A = model.velocity_jacobian(t, x), J = model.denoiser_jacobian(t, x);
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(c.on_x * x[i] + c.on_n * x1[i] == u[i]);
            CHECK(e.on_x * x[i] + e.on_n * epsilon[i] == u[i]);
        }
        CHECK(A == c.on_x * SmallMatrix<Q>::identity(3) + c.on_n * J);
        const PathPoint<Q> p = at<Q>(path, t);
        CHECK(J == Q(p.alpha / p.sigma2) * model.posterior_covariance(t, x));
        // ⟨λ, jvp⟩ = ⟨vjp, ·⟩, and both against dual numbers
        const std::vector<Q> lambda{ratio(1), ratio(-2), ratio(1, 3)}, x_dot{ratio(1, 2), ratio(3), ratio(-1)};
        Q t_bar(0);
        model.vjp(t, x, lambda, x_bar, {}, t_bar);
        model.jvp(t, x, t_dot, x_dot, {}, dx, dx_dot);
        CHECK(dx == u);
        CHECK(product(lambda, dx_dot) == product(x_bar, x_dot) + t_bar * t_dot);
        auto dual = mixture_in<Dual<Q>>(one_gaussian(), path);
        std::vector<Dual<Q>> y, dy(3);
        for (std::size_t i = 0; i < 3; ++i) y.emplace_back(x[i], x_dot[i]);
        dual(Dual<Q>(t, t_dot), y, dy);
        for (std::size_t i = 0; i < 3; ++i) CHECK(dy[i] == Dual<Q>(u[i], dx_dot[i]));
        // a batch is its samples
        std::vector<Q> two = x, both(6);
        two.insert(two.end(), {ratio(0), ratio(1), ratio(5)});
        model(t, two, both);
        CHECK(std::vector<Q>(both.begin(), both.begin() + 3) == u);
    }
}

TEST_CASE("the model in expansions and in the prime field; several components need exp") {
    // the coefficient of h of u(t + h, x) is ∂u/∂t
    using S = Series<Q, 3>;
    auto series = mixture_in<S>(one_gaussian(), CondOt{});
    std::vector<S> y(x.begin(), x.end()), dy(3);
    series(S(ratio(3, 5)) + S::variable(), y, dy);
    auto model = mixture_in<Q>(one_gaussian(), CondOt{});
    std::vector<Q> u(3), slope(3);
    model.jvp(ratio(3, 5), x, ratio(1), std::vector<Q>(3, Q(0)), {}, u, slope);
    for (std::size_t i = 0; i < 3; ++i) CHECK((dy[i][0] == u[i] && dy[i][1] == slope[i]));

    using F = PrimeField;
    auto residues = mixture_in<F>(one_gaussian(), CondOt{});
    std::vector<F> z, dz(3);
    for (const Q& q : x) z.push_back(from_rational<F>(q));
    residues(from_rational<F>(ratio(3, 5)), z, dz);
    for (std::size_t i = 0; i < 3; ++i) CHECK(dz[i] == from_rational<F>(u[i]));

    auto several = mixture_in<Q>(gmm2(), CondOt{});
    std::vector<Q> two(2, ratio(1)), out(2);
    CHECK_THROWS_WITH(several(ratio(1, 2), two, out), Catch::Contains("3 components"));
}

TEST_CASE("the closed flow of a diagonal Gaussian solves the field on every path: d/dt by dual numbers at 50 digits") {
    using T = Mpfr50;
    for (const AnyPath& path : paths()) {
        INFO(name_of(path));
        const T t0("0.1"), t1("0.8");
        const std::vector<T> mean{T("0.5"), T(-1)}, variance{T("0.3"), T(2)}, start{T("1.25"), T("-0.75")};
        const DiagonalGaussian<T> gaussian{mean, variance, path};
        const DiagonalGaussian<Dual<T>> dual{{mean[0], mean[1]}, {variance[0], variance[1]}, path};
        std::vector<Dual<T>> y{start[0], start[1]}, flowed(2);
        dual.flow(Dual<T>(t0), Dual<T>::variable(t1), y, flowed);
        std::vector<T> x1(2), u(2), back(2);
        gaussian.flow(t0, t1, start, x1);
        auto field = gaussian.mixture();
        field(t1, x1, u);
        for (std::size_t i = 0; i < 2; ++i) {
            CHECK(abs(flowed[i].value - x1[i]) < 1e-47);
            CHECK(abs(flowed[i].tangent - u[i]) < 1e-45);
            CHECK(abs(gaussian.flow_scale(t0, t1)[i] * gaussian.flow_scale(t1, t0)[i] - 1) < 1e-47);
        }
        gaussian.flow(t1, t0, x1, back);
        CHECK(relative(back, start) < 1e-46);
        // another variance is another flow
        CHECK(relative(DiagonalGaussian<T>{mean, {T("0.31"), T(2)}, path}.flow_scale(t0, t1), gaussian.flow_scale(t0, t1)) > 1e-4);
    }
}
