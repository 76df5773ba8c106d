// The truth against closed forms: what it returns, what it says about its own error, and what it refuses.
#include "ode/truth.hpp"
#include "ode/fields/lotka_volterra.hpp"
#include "ode/fields/scalar_field.hpp"
#include "tests/ode/any_field.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace costate;
using namespace costate::ode;
using testing::any;
using testing::any_scalar;
using testing::AnyField;

namespace {

using Real = Mpfr50;
using Values = std::vector<Real>;

struct Growth {  // x' = p₀x
    static constexpr std::size_t dim = 1;
    static std::vector<Rational> parameters() { return {}; }
    template <class T>
    void operator()(const T&, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        dx[0] = p[0] * x[0];
    }
};
struct Logistic {  // x' = p₀x(1 - x)
    static constexpr std::size_t dim = 1;
    static std::vector<Rational> parameters() { return {}; }
    template <class T>
    void operator()(const T&, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        dx[0] = p[0] * (x[0] - x[0] * x[0]);
    }
};
struct Oscillator {  // x' = p₀y, y' = -p₀x: rotation by p₀t
    static constexpr std::size_t dim = 2;
    static std::vector<Rational> parameters() { return {}; }
    template <class T>
    void operator()(const T&, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        dx[0] = p[0] * x[1];
        dx[1] = -(p[0] * x[0]);
    }
};
struct GaussianFlow {  // data N(m, c), α = t, σ = 1 - t: u = m + ½S'/S (x - tm), S = t²c + (1 - t)²;  Φ: x ↦ tm + (x - sm)√(S_t/S_s)
    static constexpr std::size_t dim = 1;
    static std::vector<Rational> parameters() { return {}; }
    template <class T>
    void operator()(const T& t, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        const T rest = T(1) - t, S = t * t * p[1] + rest * rest;
        dx[0] = p[0] + (t * p[1] - rest) / S * (x[0] - t * p[0]);
    }
};

struct Case {
    std::string name;
    AnyField<Real> field;
    Real t0, t1;
    Values x0, y, x1, x_bar, theta_bar;
};

std::vector<Case> closed_forms() {
    std::vector<Case> cases;
    const Real x = Real(3) / 4, y = Real(1) / 5;
    {
        const Real p = Real(-7) / 5, t = 3, e = exp(p * t), r = x * e - y;
        cases.push_back({"growth", any_scalar<Growth>(Values{p}), 0, t, {x}, {y}, {x * e}, {r * e}, {r * x * e * t}});
    }
    {
        // x₁ = x e / (1 - x + x e) with e = exp(p t)
        const Real p = Real(13) / 10, t = 4, e = exp(p * t), w = 1 - x + x * e, x1 = x * e / w, r = x1 - y;
        cases.push_back({"logistic", any_scalar<Logistic>(Values{p}), 0, t, {x}, {y}, {x1}, {r * e / (w * w)}, {r * x1 * (1 - x1) * t}});
    }
    {
        const Real p = Real(9) / 4, t = 5, c = cos(p * t), s = sin(p * t), u = 1, v = x;
        const Real x1 = c * u + s * v, y1 = c * v - s * u, a = x1 - y, b = y1 - 2;
        cases.push_back({"oscillator", any_scalar<Oscillator>(Values{p}), 0, t, {u, v}, {y, 2}, {x1, y1}, {a * c - b * s, a * s + b * c},
                         {t * (a * y1 - b * x1)}});
    }
    {
        const Real m = Real(2) / 3, c = Real(4) / 9, s = Real(1) / 8, t = Real(7) / 8, z = x - s * m;
        const auto S = [&](const Real& at) { return Real(at * at * c + (1 - at) * (1 - at)); };
        const Real q = sqrt(S(t) / S(s)), x1 = t * m + z * q, r = x1 - y;
        const Real by_c = z * q / 2 * (t * t / S(t) - s * s / S(s));
        cases.push_back({"gaussian flow", any_scalar<GaussianFlow>(Values{m, c}), s, t, {x}, {y}, {x1}, {r * q}, {r * (t - s * q), r * by_c}});
    }
    return cases;
}

double off(const Values& got, const Values& exact) {
    Real d = 0, s = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
        d += (got[i] - exact[i]) * (got[i] - exact[i]);
        s += exact[i] * exact[i];
    }
    return std::sqrt(static_cast<double>(Real(d / s)));
}

std::string message(const auto& f) {
    try {
        f();
    } catch (const std::exception& e) {
        return e.what();
    }
    return "";
}

bool is_sentence(const std::string& s) { return s.size() > 40 && s.find('\n') == std::string::npos && s.find(';') != std::string::npos; }

}  // namespace

TEST_CASE("closed forms: the digits asked for are there, and the estimate is honest") {
    for (auto& c : closed_forms()) {
        for (const TruthRoute route : {TruthRoute::collocation, TruthRoute::extrapolation}) {
            for (const int digits : {12, 20, 30, 36}) {
                TruthOptions options;
                options.digits = digits;
                options.route = route;
                const auto result = truth(c.field, SquaredDistance<Real>(c.y), c.t0, c.t1, c.x0, options);
                const double most = std::max({off(result.x1, c.x1), off(result.x_bar, c.x_bar), off(result.theta_bar, c.theta_bar)});
                CAPTURE(c.name, digits, route == TruthRoute::collocation, most, result.error);
                CHECK(most <= std::pow(10.0, -digits));
                CHECK(most <= 10 * result.error);
                CHECK(result.error <= std::pow(10.0, -digits));
                // ∂L/∂t₁ = ∇ℓ·f(t₁, x₁), ∂L/∂t₀ = -∇ₓL·f(t₀, x₀)
                Values f0(c.x0.size()), f1(c.x0.size());
                c.field(c.t0, c.x0, f0);
                c.field(c.t1, c.x1, f1);
                Real t0_bar = 0, t1_bar = 0;
                for (std::size_t i = 0; i < c.x0.size(); ++i) {
                    t0_bar -= c.x_bar[i] * f0[i];
                    t1_bar += (c.x1[i] - c.y[i]) * f1[i];
                }
                CHECK(abs(result.t0_bar - t0_bar) <= abs(t0_bar) * Real(std::pow(10.0, 1 - digits)));
                CHECK(abs(result.t1_bar - t1_bar) <= abs(t1_bar) * Real(std::pow(10.0, 1 - digits)));
            }
        }
    }
}

TEST_CASE("the cost is counted, and θ is optional") {
    auto c = closed_forms()[2];
    for (const TruthRoute route : {TruthRoute::collocation, TruthRoute::extrapolation}) {
        TruthOptions options;
        options.route = route;
        auto field = c.field;
        const auto result = truth(field, SquaredDistance<Real>(c.y), c.t0, c.t1, c.x0, options);
        CHECK(result.cost.evaluations == field.evaluations);
        CHECK(result.cost.vjps == field.vjps);
        options.want_theta = false;
        const auto without = truth(field, SquaredDistance<Real>(c.y), c.t0, c.t1, c.x0, options);
        CHECK(without.theta_bar.empty());
        CHECK(off(without.x_bar, result.x_bar) < 1e-29);
    }
}

TEST_CASE("backwards in time, an empty interval, and a batch") {
    auto c = closed_forms()[1];
    auto& f = c.field;
    const SquaredDistance<Real> loss(c.x0);
    const auto there = truth(f, SquaredDistance<Real>(c.y), c.t0, c.t1, c.x0);
    const Values target{Real(1) / 7};
    const auto back = truth(f, SquaredDistance<Real>(target), c.t1, c.t0, there.x1);
    CHECK(off(back.x1, c.x0) < 1e-28);
    const Real slope = c.x_bar[0] / (c.x1[0] - c.y[0]);  // DΦ; that of the inverse is 1/DΦ
    CHECK(off(back.x_bar, {(c.x0[0] - target[0]) / slope}) < 1e-28);

    const auto none = truth(f, SquaredDistance<Real>(target), c.t0, c.t0, c.x0);
    CHECK(none.x1 == c.x0);
    CHECK(none.x_bar[0] == c.x0[0] - target[0]);

    const Values two{c.x0[0], Real(1) / 3};
    const auto both = truth(f, SquaredDistance<Real>(c.y), c.t0, c.t1, two);
    const auto second = truth(f, SquaredDistance<Real>(c.y), c.t0, c.t1, Values{two[1]});
    CHECK(off(both.x_bar, {there.x_bar[0], second.x_bar[0]}) < 1e-29);
    CHECK(off(both.theta_bar, {there.theta_bar[0] + second.theta_bar[0]}) < 1e-29);
    CHECK(abs(both.loss - there.loss - second.loss) < Real("1e-29"));
    CHECK(abs(both.t1_bar - there.t1_bar - second.t1_bar) < Real("1e-29"));
}

TEST_CASE("at an equilibrium, where steps that suit the state suit no adjoint, λ is that of the centre's rotation over any time") {
    auto field = any<Real>(ScalarField<LotkaVolterra, Real>(in_scalar<Real>(LotkaVolterra::parameters())));
    const Values rest{Real(3), Real(3) / 2}, x1_bar{Real(2), Real(1) / 2};  // f = 0 at (p₂/p₃, p₀/p₁); J = (0, −3; 3/2, 0), ω² = 9/2
    const SquaredDistance<Real> loss(Values{Real(1), Real(1)});
    const Real w = sqrt(Real(9) / 2);
    for (const int t1 : {5, 50, -300}) {
        const auto result = truth(field, loss, Real(0), Real(t1), rest);
        const Real c = cos(w * t1), s = sin(w * t1) / w;
        const Values exact{c * x1_bar[0] + Real(3) / 2 * s * x1_bar[1], c * x1_bar[1] - 3 * s * x1_bar[0]};
        CAPTURE(t1, result.error);
        CHECK(result.x1 == rest);
        CHECK(off(result.x_bar, exact) <= 1e-29);
        CHECK(off(result.x_bar, exact) <= 10 * result.error);
        CHECK(off(result.x_bar, x1_bar) > 1e-2);  // control: as if λ did not turn
    }
}

namespace {

/// A ring of 20 coupled values, x_i' = p (x_{i+1} - x_i x_{i-1}): more than the collocation route forms Jacobians for.
struct Ring {
    static constexpr std::size_t dim = 20;
    static std::vector<Rational> parameters() { return {}; }
    template <class T>
    void operator()(const T&, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        for (std::size_t i = 0; i < dim; ++i) dx[i] = p[0] * (x[(i + 1) % dim] - x[i] * x[(i + dim - 1) % dim]);
    }
};

/// The same as a RecordingField.
struct Recorded {
    ScalarField<Ring, Real> f;
    struct Record {
        Real t;
        Values x;
    };
    [[nodiscard]] std::size_t dim() const { return f.dim(); }
    [[nodiscard]] std::size_t parameter_count() const { return f.parameter_count(); }
    void operator()(const Real& t, std::span<const Real> x, std::span<Real> dx) { f(t, x, dx); }
    void vjp(const Real& t, std::span<const Real> x, std::span<const Real> l, std::span<Real> xb, std::span<Real> pb, Real& tb) {
        f.vjp(t, x, l, xb, pb, tb);
    }
    void jvp(const Real& t, std::span<const Real> x, const Real& td, std::span<const Real> xd, std::span<const Real> pd, std::span<Real> dx,
             std::span<Real> dd) {
        f.jvp(t, x, td, xd, pd, dx, dd);
    }
    [[nodiscard]] Record make_record() const { return {}; }
    void forward(const Real& t, std::span<const Real> x, std::span<Real> dx, Record& record) {
        record = {t, Values(x.begin(), x.end())};
        f(t, x, dx);
    }
    void pullback(const Record& r, std::span<const Real> l, std::span<Real> xb, std::span<Real> pb, Real& tb) { f.vjp(r.t, r.x, l, xb, pb, tb); }
};

}  // namespace

TEST_CASE("the two routes agree where there is no closed form, with records and without") {
    Values x0, y(20, Real(1) / 2);
    for (int i = 0; i < 20; ++i) x0.push_back(Real((i * 7) % 11 - 4) / 9);
    ScalarField<Ring, Real> ring(Values{Real(6) / 5});
    auto plain = any<Real>(ring);
    static_assert(RecordingField<Recorded, Real>);
    Recorded recorded{ring};
    TruthOptions options;
    options.digits = 24;
    const auto a = truth(plain, SquaredDistance<Real>(y), Real(0), Real(1), x0, options);
    const auto b = truth(recorded, SquaredDistance<Real>(y), Real(0), Real(1), x0, options);
    options.route = TruthRoute::extrapolation;
    const auto c = truth(plain, SquaredDistance<Real>(y), Real(0), Real(1), x0, options);
    CHECK(a.x_bar == b.x_bar);
    CHECK(a.theta_bar == b.theta_bar);
    CHECK(off(a.x_bar, c.x_bar) < 1e-24);
    CHECK(off(a.theta_bar, c.theta_bar) < 1e-24);
}

TEST_CASE("a wrong vjp is noticed by a difference quotient of the loss") {
    auto c = closed_forms()[3];
    auto wrong = c.field;
    wrong.reverse = [right = c.field.reverse](const Real& t, std::span<const Real> x, std::span<const Real> l, std::span<Real> x_bar,
                                              std::span<Real> theta_bar, Real& t_bar) {
        right(t, x, l, x_bar, theta_bar, t_bar);
        if (!x_bar.empty()) x_bar[0] += l[0] / 1000000;
    };
    const auto loss_at = [&](const Real& x0) {
        Values x{x0};
        ExtrapolationOptions options;
        options.digits = 40;
        REQUIRE(extrapolate(c.field, c.t0, c.t1, std::span<Real>(x), options).ok());
        return SquaredDistance<Real>(c.y)(x);
    };
    const Real h("1e-12"), quotient = (loss_at(c.x0[0] + h) - loss_at(c.x0[0] - h)) / (2 * h);
    CHECK(abs(truth(c.field, SquaredDistance<Real>(c.y), c.t0, c.t1, c.x0).x_bar[0] / quotient - 1) < 1e-20);
    CHECK(abs(truth(wrong, SquaredDistance<Real>(c.y), c.t0, c.t1, c.x0).x_bar[0] / quotient - 1) > 1e-8);  // control
}

TEST_CASE("what has no truth ends with a sentence") {
    const Values x0{Real(1)}, y{Real(0)};
    const auto sentence = [&](auto value, auto slope, const TruthRoute route, const Real& t1) {
        AnyField<Real> f{1, 0, value, slope, {}};
        TruthOptions options;
        options.route = route;
        return message([&] { truth(f, SquaredDistance<Real>(y), Real(0), t1, x0, options); });
    };
    using In = std::span<const Real>;
    using Out = std::span<Real>;
    for (const TruthRoute route : {TruthRoute::collocation, TruthRoute::extrapolation}) {
        CAPTURE(route == TruthRoute::collocation);
        // x' = 1 + relu(x - 2): a kink, reached at t = 1
        const auto kink = [](const Real&, In x, Out dx) { dx[0] = 1 + (x[0] > 2 ? Real(x[0] - 2) : Real(0)); };
        const auto kink_slope = [](const Real&, In x, In l, Out x_bar, Out, Real&) {
            if (!x_bar.empty() && x[0] > 2) x_bar[0] += l[0];
        };
        CHECK(is_sentence(sentence(kink, kink_slope, route, Real(3) * sqrt(Real(2)))));
        CHECK(sentence(kink, kink_slope, route, Real(1) / 2).empty());  // control: before the kink all is smooth
        const auto square = [](const Real&, In x, Out dx) { dx[0] = x[0] * x[0]; };
        const auto square_slope = [](const Real&, In x, In l, Out x_bar, Out, Real&) {
            if (!x_bar.empty()) x_bar[0] += 2 * l[0] * x[0];
        };
        CHECK(is_sentence(sentence(square, square_slope, route, Real(2))));
        CHECK(sentence(square, square_slope, route, Real(1) / 2).empty());  // control
        const auto root = [](const Real& t, In, Out dx) { dx[0] = sqrt(Real(1 - t)); };
        const auto no_slope = [](const Real&, In, In, Out, Out, Real&) {};
        CHECK(is_sentence(sentence(root, no_slope, route, Real(2))));
    }
}

TEST_CASE("more digits than the scalar gives are refused with the remedy") {
    auto c = closed_forms()[0];
    TruthOptions options;
    options.digits = 39;
    CHECK_THAT(message([&] { truth(c.field, SquaredDistance<Real>(c.y), c.t0, c.t1, c.x0, options); }), Catch::Contains("choose 4 to 38"));
    options.digits = 3;
    CHECK_THROWS_AS(truth(c.field, SquaredDistance<Real>(c.y), c.t0, c.t1, c.x0, options), std::invalid_argument);
    CHECK_THROWS_AS(truth(c.field, SquaredDistance<Real>(c.y), c.t0, c.t1, Values{}), std::invalid_argument);
    options.digits = 30;
    options.max_evaluations = 50;
    CHECK(is_sentence(message([&] { truth(c.field, SquaredDistance<Real>(c.y), c.t0, c.t1, c.x0, options); })));

    using Wide = Mpfr100;
    ScalarField<Growth, Wide> growth({Wide(-7) / 5});
    options = {};
    options.digits = 70;
    const auto result = truth(growth, SquaredDistance<Wide>({Wide(0)}), Wide(0), Wide(3), std::vector<Wide>{Wide(1)}, options);
    const Wide e = exp(Wide(-42) / 5);
    CHECK(abs(result.x_bar[0] / e - 1) < Wide("1e-70"));
    CHECK(result.error <= 1e-70);
}
