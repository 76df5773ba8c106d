// The named fields: their list, their derivatives against hand-written Jacobians, and the sense of their defaults.
#include "ode/fields/named_fields.hpp"
#include "ode/fields/scalar_field.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <vector>

using namespace costate;
using namespace costate::ode;

namespace {

static_assert(DifferentiableField<ScalarField<LotkaVolterra, double>, double>);
static_assert(DifferentiableField<ScalarField<RationalPolynomial, PrimeField>, PrimeField>);

/// ∂f/∂x, ∂f/∂p and ∂f/∂t written by hand: rows of f, columns x, y, p…, t.
template <class T>
std::vector<std::vector<T>> jacobian(LotkaVolterra, const T&, const T& x, const T& y, const std::vector<T>& p) {
    return {{p[0] - p[1] * y, -(p[1] * x), x, -(x * y), T(0), T(0), T(0)}, {p[3] * y, p[3] * x - p[2], T(0), T(0), -y, x * y, T(0)}};
}
template <class T>
std::vector<std::vector<T>> jacobian(VanDerPol, const T&, const T& x, const T& y, const std::vector<T>& p) {
    return {{T(0), T(1), T(0), T(0)}, {-(T(2) * p[0] * x * y) - T(1), p[0] * (T(1) - x * x), (T(1) - x * x) * y, T(0)}};
}
template <class T>
std::vector<std::vector<T>> jacobian(RationalPolynomial, const T& t, const T& x, const T& y, const std::vector<T>& p) {
    return {{t - T(3) * p[1] * x * x, p[0], y, -(x * x * x), T(0), T(0), x},
            {-y, T(2) * p[3] * t * y - x, T(0), T(0), T(1), t * y * y, p[3] * y * y}};
}
Mpfr50 sine(const Mpfr50& x) { return sin(x); }
std::vector<std::vector<Mpfr50>> jacobian(Pendulum, const Mpfr50&, const Mpfr50& x, const Mpfr50& y, const std::vector<Mpfr50>& p) {
    return {{0, 1, 0, 0, 0}, {-p[0] * cos(x), -p[1], -sine(x), -y, 0}};
}

template <class T>
std::vector<std::vector<T>> jacobian(Brusselator, const T&, const T& x, const T& y, const std::vector<T>& p) {
    return {{T(2) * x * y - p[1] - T(1), x * x, T(1), -x, T(0)}, {p[1] - T(2) * x * y, -(x * x), T(0), x, T(0)}};
}
template <class T>
std::vector<std::vector<T>> jacobian(Lorenz, const T&, std::span<const T> x, const std::vector<T>& p) {
    return {
        {-p[0], p[0], T(0), x[1] - x[0], T(0), T(0), T(0)}, {p[1] - x[2], T(-1), -x[0], T(0), x[0], T(0), T(0)}, {x[1], x[0], -p[2], T(0), T(0), -x[2], T(0)}};
}
using Rows = std::vector<std::vector<Mpfr50>>;
Mpfr50 root(const Mpfr50& x) { return sqrt(x); }
Rows jacobian(Kepler, const Mpfr50&, std::span<const Mpfr50> s, const std::vector<Mpfr50>& p) {
    const Mpfr50 x = s[0], y = s[1], r = root(x * x + y * y), r3 = r * r * r, r5 = r3 * r * r, p0 = p[0];
    return {{0, 0, 1, 0, 0, 0}, {0, 0, 0, 1, 0, 0},
            {p0 * (3 * x * x / r5 - 1 / r3), 3 * p0 * x * y / r5, 0, 0, -x / r3, 0}, {3 * p0 * x * y / r5, p0 * (3 * y * y / r5 - 1 / r3), 0, 0, -y / r3, 0}};
}
Rows jacobian(Arenstorf, const Mpfr50&, std::span<const Mpfr50> s, const std::vector<Mpfr50>& p) {
    const Mpfr50 m = p[0], n = p[1], a = s[0] + m, b = s[0] - n, y = s[1], A = root(a * a + y * y), B = root(b * b + y * y);
    const Mpfr50 A3 = A * A * A, B3 = B * B * B, A5 = A3 * A * A, B5 = B3 * B * B;
    const Mpfr50 of_a = 1 / A3 - 3 * a * a / A5, of_b = 1 / B3 - 3 * b * b / B5;
    return {{0, 0, 1, 0, 0, 0, 0},
            {0, 0, 0, 1, 0, 0, 0},
            {1 - n * of_a - m * of_b, 3 * n * a * y / A5 + 3 * m * b * y / B5, 0, 2, -n * of_a - b / B3, m * of_b - a / A3, 0},
            {3 * n * a * y / A5 + 3 * m * b * y / B5, 1 - n * (1 / A3 - 3 * y * y / A5) - m * (1 / B3 - 3 * y * y / B5), -2, 0, 3 * n * y * a / A5 - y / B3,
             -y / A3 - 3 * m * y * b / B5, 0}};
}
Rows jacobian(Pleiades, const Mpfr50&, std::span<const Mpfr50> s, const std::vector<Mpfr50>& p) {
    Rows J(28, std::vector<Mpfr50>(36, Mpfr50(0)));
    for (std::size_t i = 0; i < 14; ++i) J[i][14 + i] = 1;
    for (std::size_t i = 0; i < 7; ++i)
        for (std::size_t j = 0; j < 7; ++j) {
            if (i == j) continue;
            const Mpfr50 d[2] = {s[j] - s[i], s[7 + j] - s[7 + i]}, r = root(d[0] * d[0] + d[1] * d[1]), r3 = r * r * r, r5 = r3 * r * r;
            for (std::size_t a = 0; a < 2; ++a) {
                for (std::size_t b = 0; b < 2; ++b) {
                    const Mpfr50 pull = p[j] * ((a == b ? 1 / r3 : Mpfr50(0)) - 3 * d[a] * d[b] / r5);
                    J[14 + 7 * a + i][7 * b + j] += pull;
                    J[14 + 7 * a + i][7 * b + i] -= pull;
                }
                J[14 + 7 * a + i][28 + j] = d[a] / r3;
            }
        }
    return J;
}

/// Of any field, at a state of its dimension.
template <class Field, class T>
std::vector<std::vector<T>> jacobian_at(const T& t, std::span<const T> x, const std::vector<T>& p) {
    if constexpr (requires { jacobian(Field{}, t, x, p); }) return jacobian(Field{}, t, x, p);
    else return jacobian(Field{}, t, x[0], x[1], p);
}

template <class T>
std::vector<T> numbers(std::size_t n, int seed) {
    std::vector<T> v;
    for (int i = 0; i < static_cast<int>(n); ++i) v.push_back(from_rational<T>(ratio((seed * 31 + i * 17) % 23 - 9, 2 + (seed + i) % 5)));
    return v;
}

/// Compares vjp and jvp on a batch of two with the Jacobian, entry (row, column) of which is changed by `spoil`.
template <class Field, class T, class Near>
bool derivatives_agree(Near near, const T& spoil = T(0)) {
    constexpr std::size_t batch = 2, d = Field::dim;
    ScalarField<Field, T> f(numbers<T>(Field::parameters().size(), 3));
    const std::size_t np = f.parameter_count();
    const T t = from_rational<T>(ratio(2, 3)), t_dot = from_rational<T>(ratio(-5, 4));
    const auto x = numbers<T>(batch * d, 1), lambda = numbers<T>(batch * d, 2), x_dot = numbers<T>(batch * d, 4), theta_dot = numbers<T>(np, 5);
    std::vector<T> x_bar(batch * d, T(1)), theta_bar(np, T(2)), dx(batch * d), dx_dot(batch * d), value(batch * d);  // vjp adds to what is there
    T t_bar = T(3);
    f.vjp(t, x, lambda, x_bar, theta_bar, t_bar);
    f.jvp(t, x, t_dot, x_dot, theta_dot, dx, dx_dot);
    f(t, x, value);
    std::vector<T> want_x(batch * d, T(1)), want_theta(np, T(2)), want_dot(batch * d, T(0));
    T want_t = T(3);
    for (std::size_t b = 0; b < batch; ++b) {
        auto J = jacobian_at<Field, T>(t, std::span<const T>(x).subspan(b * d, d), f.parameters());
        J[1][0] += spoil;
        for (std::size_t i = 0; i < d; ++i) {
            for (std::size_t j = 0; j < d; ++j) {
                want_x[b * d + j] += lambda[b * d + i] * J[i][j];
                want_dot[b * d + i] += J[i][j] * x_dot[b * d + j];
            }
            for (std::size_t j = 0; j < np; ++j) {
                want_theta[j] += lambda[b * d + i] * J[i][d + j];
                want_dot[b * d + i] += J[i][d + j] * theta_dot[j];
            }
            want_t += lambda[b * d + i] * J[i][d + np];
            want_dot[b * d + i] += J[i][d + np] * t_dot;
        }
    }
    bool all = near(t_bar, want_t);
    for (std::size_t i = 0; i < batch * d; ++i) all = all && near(x_bar[i], want_x[i]) && near(dx_dot[i], want_dot[i]) && dx[i] == value[i];
    for (std::size_t i = 0; i < np; ++i) all = all && near(theta_bar[i], want_theta[i]);
    return all;
}

}  // namespace

TEST_CASE("derivatives are those written by hand, exactly") {
    const auto same = [](const auto& a, const auto& b) { return a == b; };
    CHECK(derivatives_agree<LotkaVolterra, Rational>(same));
    CHECK(derivatives_agree<VanDerPol, Rational>(same));
    CHECK(derivatives_agree<RationalPolynomial, Rational>(same));
    CHECK(derivatives_agree<LotkaVolterra, PrimeField>(same));
    CHECK(derivatives_agree<RationalPolynomial, PrimeField>(same));
    const auto near = [](const Mpfr50& a, const Mpfr50& b) { return abs(a - b) <= abs(b) * Mpfr50("1e-47"); };
    CHECK(derivatives_agree<Brusselator, Rational>(same));
    CHECK(derivatives_agree<Lorenz, Rational>(same));
    CHECK(derivatives_agree<Pendulum, Mpfr50>(near));
    CHECK(derivatives_agree<Kepler, Mpfr50>(near));
    CHECK(derivatives_agree<Arenstorf, Mpfr50>(near));
    CHECK(derivatives_agree<Pleiades, Mpfr50>(near));
    // controls
    CHECK_FALSE(derivatives_agree<LotkaVolterra, Rational>(same, ratio(1, 1000000000)));
    CHECK_FALSE(derivatives_agree<Pendulum, Mpfr50>(near, Mpfr50("1e-44")));
    CHECK_FALSE(derivatives_agree<Pleiades, Mpfr50>(near, Mpfr50("1e-40")));
    CHECK_FALSE(derivatives_agree<Lorenz, Rational>(same, ratio(1, 1000000000)));
}

TEST_CASE("a batch is its rows") {
    ScalarField<RationalPolynomial, Rational> f;
    const auto x = numbers<Rational>(6, 1);
    std::vector<Rational> all(6), one(2);
    f(ratio(1, 2), x, all);
    for (std::size_t b = 0; b < 6; b += 2) {
        f(ratio(1, 2), std::span<const Rational>(x).subspan(b, 2), one);
        CHECK(one[0] == all[b]);
        CHECK(one[1] == all[b + 1]);
    }
}

TEST_CASE("empty spans are not wanted") {
    ScalarField<VanDerPol, Rational> f;
    const auto x = numbers<Rational>(2, 1), lambda = numbers<Rational>(2, 2);
    std::vector<Rational> x_bar(2), theta_bar(1);
    Rational t_bar = 0;
    f.vjp(ratio(1), x, lambda, {}, theta_bar, t_bar);
    f.vjp(ratio(1), x, lambda, x_bar, {}, t_bar);
    std::vector<Rational> both_x(2), both_theta(1);
    f.vjp(ratio(1), x, lambda, both_x, both_theta, t_bar);
    CHECK(both_x == x_bar);
    CHECK(both_theta == theta_bar);
}

TEST_CASE("van-der-pol-10 is van der Pol's equation with its parameter 10") {
    const ScalarField<VanDerPol10, Rational> own;
    const ScalarField<VanDerPol, Rational> ten({ratio(10)}), one;
    const auto x = numbers<Rational>(2, 1);
    std::vector<Rational> a(2), b(2), c(2);
    own(ratio(0), x, a);
    ten(ratio(0), x, b);
    one(ratio(0), x, c);
    CHECK(a == b);
    CHECK(a != c);
}

TEST_CASE("the list: names are unique and found, defaults fit, unknown names are told the known ones") {
    std::set<std::string> names;
    for_each_field([&](const auto& field) {
        using Field = std::decay_t<decltype(field)>;
        names.insert(std::string(Field::name));
        CHECK(is_named_field(Field::name));
        CHECK(Field::x0().size() == Field::dim);
        CHECK(Field::target().size() == Field::dim);
        CHECK(Field::t0() < Field::t1());
        CHECK_FALSE(Field::equation.empty());
        std::string found;
        with_field(Field::name, [&](const auto& f) { found = f.name; });
        CHECK(found == Field::name);
    });
    CHECK(names.size() == std::tuple_size_v<NamedFields>);
    CHECK_FALSE(is_named_field("rossler"));
    CHECK_THROWS_WITH(with_field("rossler", [](const auto&) {}), Catch::Contains("rossler") && Catch::Contains("van-der-pol"));
}
