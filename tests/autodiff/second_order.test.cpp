// Tapes on scalars that are built on scalars: dual numbers (forward over reverse) and power series, included, not compiled once.
#include "autodiff/gradient.hpp"
#include "autodiff/instances/implementation.hpp"
#include "scalar/dual.hpp"
#include "scalar/series.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

using namespace costate;
using namespace costate::autodiff;
using namespace costate::autodiff::test;

namespace {

// f(x, y) = x² y + y³
template <class V>
V cubic(std::span<const V> x) {
    return x[0] * x[0] * x[1] + pow(x[1], 3);
}

}  // namespace

TEST_CASE("Hessian times vector, exact in Q: [[2y, 2x], [2x, 6y]]") {
    using D = Dual<Rational>;
    const std::vector<D> x{D(Rational(3), Rational(1)), D(Rational(5), Rational(-2))};
    const auto g = gradient([](std::span<const Var<D>> v) { return cubic(v); }, x);
    CHECK(g.gradient[0].value == 30);
    CHECK(g.gradient[1].value == 9 + 75);
    CHECK(g.gradient[0].tangent == 10 * 1 + 6 * -2);
    CHECK(g.gradient[1].tangent == 6 * 1 + 30 * -2);
}

TEST_CASE("Hessian of a small network: symmetric, and the difference quotient of its gradient") {
    using D = Dual<double>;
    std::mt19937_64 random(5);
    const auto w1 = random_values<double>(12, random), w2 = random_values<double>(4, random),
               x = random_values<double>(3, random);
    const auto net = [&]<class T>(std::span<const Var<T>> v) {
        Tape<T>& tape = *v[0].tape();
        const std::vector<T> a(w1.begin(), w1.end()), b(w2.begin(), w2.end());
        const Var<T> h = tanh(linear(concat(std::vector<Var<T>>(v.begin(), v.end())), tape.constant(a, {4, 3})));
        return sum(silu(linear(h, tape.constant(b, {1, 4})))) + gelu(v[0]) * softplus(v[1]);
    };
    double h[3][3];
    for (std::size_t j = 0; j < 3; ++j) {
        std::vector<D> at;
        for (std::size_t i = 0; i < 3; ++i) at.emplace_back(x[i], i == j ? 1.0 : 0.0);
        const auto g = gradient([&](std::span<const Var<D>> v) { return net(v); }, at);
        auto plus = x, minus = x;
        plus[j] += 1e-5, minus[j] -= 1e-5;
        const auto gp = gradient([&](std::span<const Var<double>> v) { return net(v); }, plus);
        const auto gm = gradient([&](std::span<const Var<double>> v) { return net(v); }, minus);
        for (std::size_t i = 0; i < 3; ++i) {
            h[i][j] = g.gradient[i].tangent;
            CHECK(h[i][j] == Approx((gp.gradient[i] - gm.gradient[i]) / 2e-5).epsilon(1e-7).margin(1e-9));
        }
    }
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 3; ++j) CHECK(h[i][j] == Approx(h[j][i]).epsilon(1e-13));
}

TEST_CASE("a program on power series: the gradient of x² y + y³ along a curve, coefficient by coefficient") {
    using S = Series<Rational, 3>;
    S x(Rational(1)), y(Rational(2));
    x[1] = 1;  // x = 1 + h
    const auto g = gradient([](std::span<const Var<S>> v) { return cubic(v); }, std::vector<S>{x, y});
    CHECK(g.gradient[0][0] == 4);  // 2 x y = 4 + 4 h
    CHECK(g.gradient[0][1] == 4);
    CHECK(g.gradient[1][0] == 13);  // x² + 3 y² = 13 + 2 h + h²
    CHECK(g.gradient[1][1] == 2);
    CHECK(g.gradient[1][2] == 1);
}
