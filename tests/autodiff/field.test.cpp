// Programs as fields, hand-written scalar fields recorded, and check_gradient on users' own.
#include "autodiff/check_gradient.hpp"
#include "autodiff/program_field.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

using namespace costate;
using namespace costate::autodiff;
using namespace costate::autodiff::test;

namespace {

// Lotka–Volterra with time: ẋ = a x - b x y + t, ẏ = -c y + d x y
struct LotkaVolterra {
    template <class V>
    void operator()(const V& t, std::span<const V> x, std::span<const V> p, std::span<V> dx) const {
        dx[0] = p[0] * x[0] - p[1] * x[0] * x[1] + t;
        dx[1] = -p[2] * x[1] + p[3] * x[0] * x[1];
    }
};

template <class T>
ProgramField<T> field() {
    return ProgramField<T>(record_field<T>(2, std::vector<T>{T(3) / T(2), T(1), T(3), T(2)}, LotkaVolterra{}));
}

/// What a user writes by hand, with a choice of mistakes.
enum class Mistake { none, sign, missing_term, transposed, time, parameter, jvp };
template <Mistake M>
struct HandWritten {
    std::vector<double> theta{1.5, 1, 3, 2};
    std::size_t dim() const { return 2; }
    std::size_t parameter_count() const { return 4; }
    std::span<const double> parameters() const { return theta; }
    void set_parameters(std::span<const double> p) { theta.assign(p.begin(), p.end()); }
    void operator()(double t, std::span<const double> x, std::span<double> dx) {
        for (std::size_t b = 0; b < x.size(); b += 2) LotkaVolterra{}(t, x.subspan(b, 2), parameters(), dx.subspan(b, 2));
    }
    void vjp(double, std::span<const double> x, std::span<const double> l, std::span<double> x_bar, std::span<double> theta_bar,
             double& t_bar) {
        for (std::size_t b = 0; b < x.size(); b += 2) {
            const double u = x[b], v = x[b + 1], p = l[b], q = l[b + 1];
            const double j01 = -theta[1] * u, j10 = M == Mistake::missing_term ? 0 : theta[3] * v;
            x_bar[b] += (theta[0] - theta[1] * v) * p + (M == Mistake::transposed ? j01 : j10) * q;
            x_bar[b + 1] +=
                (M == Mistake::transposed ? j10 : j01) * p + (theta[3] * u - theta[2]) * q * (M == Mistake::sign ? -1 : 1);
            theta_bar[0] += u * p;
            theta_bar[1] -= u * v * p;
            theta_bar[2] += (M == Mistake::parameter ? 1 : -1) * v * q;
            theta_bar[3] += u * v * q;
            if (M != Mistake::time) t_bar += p;
        }
    }
    void jvp(double t, std::span<const double> x, double t_dot, std::span<const double> x_dot, std::span<const double> th,
             std::span<double> dx, std::span<double> dx_dot) {
        (*this)(t, x, dx);
        for (std::size_t b = 0; b < x.size(); b += 2) {
            const double u = x[b], v = x[b + 1], du = x_dot[b], dv = x_dot[b + 1];
            dx_dot[b] = theta[0] * du - theta[1] * (du * v + u * dv) + (M == Mistake::jvp ? 0 : t_dot);
            dx_dot[b + 1] = -theta[2] * dv + theta[3] * (du * v + u * dv);
            if (th.empty()) continue;
            dx_dot[b] += th[0] * u - th[1] * u * v;
            dx_dot[b + 1] += -th[2] * v + th[3] * u * v;
        }
    }
};

template <Mistake M>
CheckGradientReport report() {
    HandWritten<M> f;
    return check_gradient(f, 0.3, std::vector<double>{1, 0.5, 0.7, 2});
}

}  // namespace

TEST_CASE("a recorded field has the value, vjp and jvp of the formula, exactly in Q") {
    auto f = field<Rational>();
    CHECK(f.dim() == 2);
    CHECK(f.parameter_count() == 4);
    const Rational t(5);
    const std::vector<Rational> x{1, 2, 3, 4}, l{1, 10, 100, 1000};
    std::vector<Rational> dx(4), x_bar(4), theta_bar(4), dx_dot(4);
    f(t, x, dx);
    CHECK(dx == std::vector<Rational>{ratio(3, 2) - 2 + 5, -6 + 4, ratio(9, 2) - 12 + 5, -12 + 24});
    Rational t_bar(7);
    f.vjp(t, x, l, x_bar, theta_bar, t_bar);
    CHECK(x_bar == std::vector<Rational>{ratio(-1, 2) + 40, -1 - 10, ratio(-5, 2) * 100 + 8000, -300 + 3000});
    CHECK(theta_bar == std::vector<Rational>{1 + 300, -2 - 1200, -20 - 4000, 20 + 12000});
    CHECK(t_bar == 7 + 1 + 100);
    f.jvp(t, x, Rational(1), std::vector<Rational>{1, 0, 0, 1}, {}, dx, dx_dot);
    CHECK(dx_dot == std::vector<Rational>{ratio(-1, 2) + 1, 4, -3 + 1, -3 + 6});
    f.jvp(t, x, Rational(0), std::vector<Rational>(4), std::vector<Rational>{1, 0, 0, 1}, dx, dx_dot);
    CHECK(dx_dot == std::vector<Rational>{1, 2, 3, 12});
}

TEST_CASE("records: one a stage, pulled back in any order; copies share the program; new parameters stay with their field") {
    auto f = field<double>();
    auto r1 = f.make_record(), r2 = f.make_record();
    const std::vector<double> x{1, 2}, y{3, 4}, l{1, 1};
    std::vector<double> dx(2), a(2), b(2), c(2);
    double t_bar = 0;
    f.forward(0, x, dx, r1);
    f.forward(0, y, dx, r2);
    f.pullback(r1, l, a, {}, t_bar);
    f.pullback(r2, l, b, {}, t_bar);
    CHECK(t_bar == 2);
    f.vjp(0, x, l, c, {}, t_bar);
    CHECK(a == c);
    CHECK(a != b);
    auto g = f;
    CHECK(&g.program() == &f.program());
    g.set_parameters(std::vector<double>{0, 0, 0, 0});
    g(1, x, dx);
    CHECK(dx == std::vector<double>{1, 0});
    f(1, x, dx);
    CHECK(dx != std::vector<double>{1, 0});
}

TEST_CASE("an autonomous field adds nothing to t_bar; a field with comparisons records at its example") {
    ProgramField<double> f(
        record_field<double>(1, {}, [](const auto&, auto v, auto, auto dv) { dv[0] = v[0] > 0 ? v[0] * v[0] : v[0]; }, {0, {2}}));
    std::vector<double> dx(1), x_bar(1);
    double t_bar = 3;
    f.vjp(0, std::vector<double>{3}, std::vector<double>{1}, x_bar, {}, t_bar);
    CHECK(x_bar[0] == 6);
    CHECK(t_bar == 3);
    CHECK_THROWS_AS(f(0, std::vector<double>{-1}, dx), BranchChanged);
    // a constant right-hand side
    ProgramField<double> one(record_field<double>(1, {}, [](const auto&, auto, auto, auto dv) { dv[0] = 1; }));
    one(0, std::vector<double>{3, 4}, std::span<double>(dx = {0, 0}));
    CHECK(dx == std::vector<double>{1, 1});
}

TEST_CASE("a field says what does not fit") {
    Tape<double> tape;
    tape.output(tape.input(2, Sharing::per_sample, "x"));
    CHECK_THROWS_WITH(ProgramField<double>(freeze(tape)), Catch::Contains("reads (t, x)"));
    auto f = field<double>();
    std::vector<double> dx(3);
    CHECK_THROWS_WITH(f(0, std::vector<double>{1, 2, 3}, dx), Catch::Contains("3 values"));
}

TEST_CASE("check_gradient accepts a right vjp") {
    const auto r = report<Mistake::none>();
    INFO(r.sentence);
    CHECK(r.agrees);
    CHECK(r.has_jvp);
    CHECK(r.error_x < 1e-8);
    CHECK(r.error_theta < 1e-8);
    auto recorded = field<double>();
    CHECK(check_gradient(recorded, 0.3, std::vector<double>{1, 0.5}).agrees);
    auto precise = field<Mpfr50>();
    CHECK(check_gradient(precise, Mpfr50(1), std::vector<Mpfr50>{1, 2}).error_x < 1e-30);
}

TEST_CASE("check_gradient names what is wrong") {
    CHECK_FALSE(report<Mistake::sign>().agrees);
    CHECK(report<Mistake::sign>().sentence.find("x_bar[") != std::string::npos);
    CHECK_FALSE(report<Mistake::missing_term>().agrees);
    CHECK(report<Mistake::missing_term>().sentence.find("x_bar[") != std::string::npos);
    CHECK_FALSE(report<Mistake::transposed>().agrees);
    CHECK_FALSE(report<Mistake::time>().agrees);
    CHECK(report<Mistake::time>().sentence.find("t_bar[0]") != std::string::npos);
    CHECK_FALSE(report<Mistake::parameter>().agrees);
    CHECK(report<Mistake::parameter>().sentence.find("theta_bar[2]") != std::string::npos);
    CHECK_FALSE(report<Mistake::jvp>().agrees);
    CHECK(report<Mistake::jvp>().sentence.find("jvp") != std::string::npos);
}
