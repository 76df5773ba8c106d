// Reversible schemes: the exact gradient of their own maps, == in ℚ and ℤ/p, up to the reconstruction in double; their orders.
#include "ode/exact_number.hpp"
#include "ode/gradient/leapfrog.hpp"
#include "ode/gradient/mccallum_foster.hpp"
#include "ode/gradient/reversible_heun.hpp"
#include "ode/truth.hpp"
#include "scalar/dual.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;
using Catch::Matchers::Contains;
using reversible::AsynchronousLeapfrog, reversible::McCallumFoster, reversible::ReversibleHeun;

namespace {

McCallumFoster coupled(std::string_view coupling) { return McCallumFoster(reversible::McCallumFosterRule(coupling)); }

template <class T>
struct Inputs {
    std::vector<T> x0 = batch_of_two<T>(), p = parameters<T>();
    T t0 = from_rational<T>(ratio(1, 5)), t1 = from_rational<T>(ratio(3, 4));
};

// dL/d(one input) of the scheme's solve run on dual numbers: nothing of the reverse sweep takes part.
template <class T, class Method>
GradientResult<T> by_duals(const Method& method, const Tableau& tableau, std::size_t steps) {
    using D = Dual<T>;
    GradientResult<T> g;
    const auto along = [&](auto&& seed) {
        Inputs<D> in;
        seed(in).tangent = T(1);
        Polynomial<D> f{in.p};
        return SquaredDistance<D>(target<D>())(method.template solve<Polynomial<D>, D>(f, tableau, in.t0, in.t1, steps, in.x0)).tangent;
    };
    for (std::size_t i = 0; i < 4; ++i) g.x_bar.push_back(along([i](auto& in) -> auto& { return in.x0[i]; }));
    for (std::size_t i = 0; i < 4; ++i) g.theta_bar.push_back(along([i](auto& in) -> auto& { return in.p[i]; }));
    g.t0_bar = along([](auto& in) -> auto& { return in.t0; });
    g.t1_bar = along([](auto& in) -> auto& { return in.t1; });
    return g;
}

template <class F, class T, class Method>
GradientResult<T> by(const Method& method, const Tableau& tableau, std::size_t steps) {
    const Inputs<T> in;
    F f{in.p};
    return method(f, SquaredDistance<T>(target<T>()), tableau, in.t0, in.t1, steps, in.x0);
}

template <class F, class T, class Method>
GradientResult<T> stored(const Method& method, const Tableau& tableau, std::size_t steps) {
    const Inputs<T> in;
    F f{in.p};
    return method.store_all(f, SquaredDistance<T>(target<T>()), tableau, in.t0, in.t1, steps, in.x0);
}

template <class T>
bool same(const GradientResult<T>& a, const GradientResult<T>& b) {
    return a.x_bar == b.x_bar && a.theta_bar == b.theta_bar && a.t0_bar == b.t0_bar && a.t1_bar == b.t1_bar;
}

template <class T, class Method>
void check_exact(const Method& method, const std::string& name, std::size_t steps) {
    INFO(method.name << ", " << name << ", " << steps << " steps");
    const Tableau& tableau = find_tableau(name);
    const GradientResult<T> expected = by_duals<T>(method, tableau, steps);
    const GradientResult<T> plain = by<Polynomial<T>, T>(method, tableau, steps), recorded = by<RecordingPolynomial<T>, T>(method, tableau, steps);
    CHECK(same(plain, expected));
    CHECK(same(recorded, expected));
    CHECK(same(stored<Polynomial<T>, T>(method, tableau, steps), expected));
    CHECK(plain.reconstruction_error == 0.0);
    CHECK(recorded.reconstruction_error == 0.0);
}

double gap(const GradientResult<double>& a, const GradientResult<double>& b) {
    double most = 0;
    for (std::size_t i = 0; i < a.x_bar.size(); ++i) most = std::max(most, std::abs(a.x_bar[i] - b.x_bar[i]));
    for (std::size_t i = 0; i < a.theta_bar.size(); ++i) most = std::max(most, std::abs(a.theta_bar[i] - b.theta_bar[i]));
    return most;
}

}  // namespace

TEST_CASE("a reversible gradient is that of its own map, == in the rationals") {
    check_exact<Rational>(McCallumFoster{}, "euler", 3);
    check_exact<Rational>(McCallumFoster{}, "heun", 1);
    check_exact<Rational>(coupled("2/3"), "midpoint", 1);
    check_exact<Rational>(AsynchronousLeapfrog{}, "euler", 3);
    check_exact<Rational>(ReversibleHeun{}, "euler", 3);
}

TEST_CASE("a reversible gradient is that of its own map, == in the prime field over thousands of steps") {
    for (const char* name : {"euler", "midpoint", "rk4", "dormand-prince"}) check_exact<PrimeField>(McCallumFoster{}, name, 1000);
    check_exact<PrimeField>(coupled("1"), "kutta3", 1000);
    check_exact<PrimeField>(AsynchronousLeapfrog{}, "euler", 10000);
    check_exact<PrimeField>(ReversibleHeun{}, "euler", 10000);
    // the field is met at other states by each scheme, so equal gradients of two of them would be a fault of the test
    using P = PrimeField;
    const auto leapfrog = by<Polynomial<P>, P>(AsynchronousLeapfrog{}, find_tableau("euler"), 50);
    const auto heun = by<Polynomial<P>, P>(ReversibleHeun{}, find_tableau("euler"), 50);
    const auto fine = by<Polynomial<P>, P>(McCallumFoster{}, find_tableau("heun"), 50);
    const auto coarse = by<Polynomial<P>, P>(coupled("0.99"), find_tableau("heun"), 50);
    CHECK_FALSE(leapfrog.x_bar == heun.x_bar);
    CHECK_FALSE(leapfrog.theta_bar == heun.theta_bar);
    CHECK_FALSE(fine.x_bar == coarse.x_bar);
    CHECK_FALSE(fine.t1_bar == coarse.t1_bar);
}

TEST_CASE("over 50000 steps nothing is lost in the prime field: the states found again are those stored") {
    using P = PrimeField;
    const auto check = [](const auto& method) {
        INFO(method.name);
        const auto found = by<RecordingPolynomial<P>, P>(method, find_tableau("heun"), 50000);
        CHECK(same(found, stored<Polynomial<P>, P>(method, find_tableau("heun"), 50000)));
        CHECK(found.reconstruction_error == 0.0);
    };
    check(McCallumFoster{});
    check(AsynchronousLeapfrog{});
    check(ReversibleHeun{});
}

TEST_CASE("in double the gradient is that of its own map up to the reconstruction, which for the coupled pair grows like 1/L a step") {
    using F = RecordingPolynomial<double>;
    const auto check = [](const auto& method, std::size_t steps) {
        INFO(method.name << ", " << steps << " steps");
        const auto found = by<F, double>(method, find_tableau("rk4"), steps), kept = stored<F, double>(method, find_tableau("rk4"), steps);
        REQUIRE(found.reconstruction_error.has_value());
        CHECK(found.x1 == kept.x1);
        CHECK(kept.reconstruction_error == 0.0);
        CHECK(gap(found, kept) <= 20 * *found.reconstruction_error + 1e-14);
        CHECK(gap(found, kept) > 0);
        return *found.reconstruction_error;
    };
    CHECK(check(AsynchronousLeapfrog{}, 2000) < 1e-11);
    CHECK(check(ReversibleHeun{}, 2000) < 1e-11);
    CHECK(check(McCallumFoster{}, 2000) < 1e-12);
    const McCallumFoster loose = coupled("0.98");
    const double growth = std::log(check(loose, 1200) / check(loose, 600)) / 600;
    CHECK(growth == Approx(-std::log(0.98)).epsilon(0.2));
}

TEST_CASE("the coupling is an exact number, and what is none is refused in a sentence") {
    CHECK(exact_number("0.999") == ratio(999, 1000));
    CHECK(exact_number("-.5") == ratio(-1, 2));
    CHECK(exact_number("007/14") == ratio(1, 2));
    CHECK(exact_number("0.08") == ratio(2, 25));
    CHECK(exact_number("0") == Rational(0));
    for (const char* bad : {"", "-", ".", "1.", "--1", "1/0", "/2", "1e-3", " 1", "0x1", "1/2/3", "1.5/2"}) {
        INFO(bad);
        CHECK_FALSE(exact_number(bad).has_value());
    }
    CHECK(coupled("0.999").coupling == McCallumFoster{}.coupling);
    CHECK(coupled("0.999").name == McCallumFoster{}.name);
    for (const char* bad : {"0", "1.001", "-0.5", "half", ""}) CHECK_THROWS_WITH(coupled(bad), Contains("above 0 and at most 1"));
}

TEST_CASE("memory: nothing grows with the steps; stored states do") {
    const auto growth = [](const auto& call) { return (call(200).cost.peak_bytes - call(100).cost.peak_bytes) / 100; };
    using F = RecordingPolynomial<double>;
    const Tableau& rk4 = find_tableau("rk4");
    const auto check = [&](const auto& method, std::size_t parts) {
        CHECK(growth([&](std::size_t n) { return by<F, double>(method, rk4, n); }) == 0);
        CHECK(growth([&](std::size_t n) { return stored<F, double>(method, rk4, n); }) == sizeof(double) * 4 * parts);
    };
    check(McCallumFoster{}, 2);
    check(AsynchronousLeapfrog{}, 2);
    check(ReversibleHeun{}, 3);
}

TEST_CASE("against the truth: the coupled pair has its base's order, the others order 2, in x0, theta and the end times") {
    using T = Mpfr50;
    const std::vector<T> x0 = scalars<T>({ratio(1, 2), ratio(-2, 3)});
    const SquaredDistance<T> loss(target<T>());
    const T t0 = from_rational<T>(ratio(1, 5)), t1 = from_rational<T>(ratio(6, 5));
    Polynomial<T> f{parameters<T>()};
    const auto flat = [](const auto& g) {
        std::vector<T> all = g.x_bar;
        all.insert(all.end(), g.theta_bar.begin(), g.theta_bar.end());
        all.push_back(g.t0_bar);
        all.push_back(g.t1_bar);
        return all;
    };
    TruthOptions digits;
    digits.digits = 25;
    const std::vector<T> exact = flat(truth(f, loss, t0, t1, x0, digits));
    const auto check = [&](const auto& method, const char* name) {
        INFO(method.name << ", " << name);
        const Tableau& tableau = find_tableau(name);
        const auto error = [&](std::size_t steps, std::size_t first, std::size_t last) {
            const std::vector<T> found = flat(method(f, loss, tableau, t0, t1, steps, x0));
            T sum = 0;
            for (std::size_t i = first; i < last; ++i) sum += (found[i] - exact[i]) * (found[i] - exact[i]);
            return static_cast<double>(sqrt(sum));
        };
        const double predicted = static_cast<double>(method.predicted_order(tableau));
        for (const auto& [first, last] : {std::pair{0, 2}, std::pair{2, 6}, std::pair{6, 8}}) {
            const auto a = static_cast<std::size_t>(first), b = static_cast<std::size_t>(last);
            CHECK(std::log2(error(128, a, b) / error(256, a, b)) == Approx(predicted).margin(0.15));
        }
    };
    for (const char* name : {"euler", "midpoint", "kutta3", "rk4", "dormand-prince"}) check(McCallumFoster{}, name);
    check(coupled("3/4"), "euler");
    check(AsynchronousLeapfrog{}, "dormand-prince");
    check(ReversibleHeun{}, "euler");
}
