#include "claims/greed/ahead.hpp"
#include "claims/greed/flow.hpp"
#include "claims/greed/list.hpp"
#include "claims/hypotheses.hpp"
#include "claims/measure/series.hpp"
#include "claims/measure/slope.hpp"

#include <algorithm>
#include <array>

namespace costate::claims {

namespace {

using namespace ahead;

// (x, z)' = (u(t, x) + z, 0): the control as a state. The gradient with respect to z at t is that of a control switched on from
// t to 1.
template <class T>
struct Controlled {
    Field<T> u;

    [[nodiscard]] std::size_t dim() const { return 2 * u.dim(); }
    [[nodiscard]] std::size_t parameter_count() const { return 0; }
    void operator()(const T& t, std::span<const T> y, std::span<T> slope) {
        const std::size_t n = u.dim();
        u(t, y.first(n), slope.first(n));
        for (std::size_t i = 0; i < n; ++i) {
            slope[i] += y[n + i];
            slope[n + i] = T(0);
        }
    }
    void vjp(const T& t, std::span<const T> y, std::span<const T> lambda, std::span<T> bar, std::span<T>, T& t_bar) {
        const std::size_t n = u.dim();
        u.vjp(t, y.first(n), lambda.first(n), bar.empty() ? bar : bar.first(n), {}, t_bar);
        for (std::size_t i = 0; i < n && !bar.empty(); ++i) bar[n + i] += lambda[i];
    }
    void jvp(const T& t, std::span<const T> y, const T& t_dot, std::span<const T> y_dot, std::span<const T>, std::span<T> slope,
             std::span<T> slope_dot) {
        const std::size_t n = u.dim();
        u.jvp(t, y.first(n), t_dot, y_dot.first(n), {}, slope.first(n), slope_dot.first(n));
        for (std::size_t i = 0; i < n; ++i) {
            slope[i] += y[n + i];
            slope_dot[i] += y_dot[n + i];
            slope[n + i] = slope_dot[n + i] = T(0);
        }
    }
};

template <class T>
Field<T> controlled(const Field<T>& u) {
    return ode::any_field<T>(Controlled<T>{u});
}

// ---- power series: λ(h)·∂x(h)/∂θ for the control θ s^k c against ∫₀ʰ λ(s)·c s^k ds

// ∂x(h)/∂θ by the inhomogeneous tangent equation w' = J w + s^k c, w(0) = 0, from t = 0.
template <class C>
std::vector<Expansion<C>> sensitivity(const Subject<Expansion<C>>& s, std::span<const C> x0, std::span<const C> c, int k) {
    const std::size_t n = c.size();
    const Autonomous<C> forced = [tangent = tangent_field<C>(s.field), c, k, n](std::span<const Expansion<C>> y,
                                                                                std::span<Expansion<C>> slope) {
        tangent(y, slope);
        for (std::size_t i = 0; i < n; ++i) slope[n + i] += k == 0 ? Expansion<C>(c[i]) : y[2 * n] * c[i];
    };
    std::vector<C> start(x0.begin(), x0.end());
    start.resize(2 * n + 1, C(0));
    const std::vector<Expansion<C>> y = flow_series<C>(forced, start);
    return {y.begin() + static_cast<std::ptrdiff_t>(n), y.begin() + static_cast<std::ptrdiff_t>(2 * n)};
}

// A solution λ(s) of the adjoint equation, that with λ(0) = e_j.
template <class C>
std::vector<Expansion<C>> adjoint_from(const Subject<Expansion<C>>& s, std::span<const C> x0, std::size_t j) {
    const std::size_t n = x0.size();
    std::vector<C> start(x0.begin(), x0.end());
    start.resize(2 * n + 1, C(0));
    start[n + j] = C(1);
    const std::vector<Expansion<C>> y = flow_series<C>(adjoint_field<C>(s.field), start);
    return {y.begin() + static_cast<std::ptrdiff_t>(n), y.begin() + static_cast<std::ptrdiff_t>(2 * n)};
}

template <class C>
Expansion<C> product(const std::vector<Expansion<C>>& a, const std::vector<Expansion<C>>& b) {
    Expansion<C> sum(0);
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

template <class C>
Finding series_identity(const Setting& setting) {
    using S = Expansion<C>;
    const Subject<S> s = make_subject<S>(setting);
    std::vector<C> x0, c, left, right;
    std::vector<S> control;
    for (std::size_t i = 0; i < s.x0.size(); ++i) {
        x0.push_back(s.x0[i][0]);
        c.push_back(s.v[i][0]);
        control.push_back(S(c.back()));
    }
    const std::array<std::vector<S>, 2> w{sensitivity<C>(s, x0, c, 0), sensitivity<C>(s, x0, c, 1)};
    const std::size_t adjoints = std::min<std::size_t>(x0.size(), 3);
    for (std::size_t j = 0; j < adjoints; ++j) {
        const std::vector<S> lambda = adjoint_from<C>(s, x0, j);
        const S along = product<C>(lambda, control);
        for (const int k : {0, 1}) {
            const S measured = product<C>(lambda, w[static_cast<std::size_t>(k)]),
                    integral = (k == 0 ? along : S(along * S::variable())).integral();
            left.insert(left.end(), measured.coefficients().begin(), measured.coefficients().end());
            right.insert(right.end(), integral.coefficients().begin(), integral.coefficients().end());
        }
    }
    return equality<C>("series",
                       "every coefficient up to $h^{" + std::to_string(series_terms - 1) + "}$ for " + std::to_string(adjoints) +
                           " solutions of the adjoint equation, a constant control and one that grows like $t$",
                       left, right);
}

// ---- Euler's method: a_z at step k against Σ_{n ≥ k} h λ_{n+1}

template <class T>
struct Discrete {
    std::vector<T> found, accumulated;  // N + 1 rows of d values
};

template <class T>
Discrete<T> discrete(const Setting& setting, int steps, bool broken) {
    Subject<T> s = make_subject<T>(setting);
    Field<T> with_control = controlled<T>(s.field);
    const std::size_t d = s.x0.size();
    const ode::Tableau& euler = ode::find_tableau("euler");
    const T h = from_rational<T>(ratio(1, 2 * steps)), half = from_rational<T>(ratio(1, 2));
    const auto time = [&](int n) { return T(half + T(n) * h); };
    std::vector<T> weights = s.v;
    weights.resize(2 * d, T(0));
    const Loss<T> loss = linear_functional<T>(s.v), loss_with_control = linear_functional<T>(weights);

    std::vector<std::vector<T>> x{s.x0}, lambda;
    for (int n = 0; n < steps; ++n) x.push_back(solve<T>(euler, s.field, time(n), time(n + 1), 1, x.back()));
    lambda.assign(x.size(), s.v);
    Discrete<T> result;
    result.found.assign(x.size() * d, T(0));
    result.accumulated = result.found;
    for (int n = steps; n-- > 0;) {
        const auto k = static_cast<std::size_t>(n);
        lambda[k] =
            gradient<T>("dto", s.field, linear_functional<T>(lambda[k + 1]), euler, time(n), time(n + 1), 1, x[k]).x_bar;
        std::vector<T> y = x[k];
        y.resize(2 * d, T(0));
        const auto a =
            gradient<T>("dto", with_control, loss_with_control, euler, time(n), T(1), static_cast<std::size_t>(steps - n), y)
                .x_bar;
        for (std::size_t i = 0; i < d; ++i) {
            result.found[k * d + i] = a[d + i];
            result.accumulated[k * d + i] = result.accumulated[(k + 1) * d + i] + h * lambda[broken ? k : k + 1][i];
        }
    }
    return result;
}

Figure figure_of(const Setting& setting, bool broken) {
    constexpr int steps = 20;
    const Discrete<double> run = discrete<double>(setting, steps, broken);
    const std::size_t d = run.found.size() / (steps + 1);
    Figure figure{"Gradient with respect to a control switched on from t to 1", "t", "$a_z$", false, false, {}};
    for (std::size_t i = 0; i < std::min<std::size_t>(d, 3); ++i) {
        Curve curve{"coordinate " + std::to_string(i + 1), {}, {}, {}};
        for (int n = 0; n <= steps; ++n) {
            curve.x.push_back(0.5 + 0.5 * n / steps);
            curve.measured.push_back(run.found[static_cast<std::size_t>(n) * d + i]);
            curve.predicted.push_back(run.accumulated[static_cast<std::size_t>(n) * d + i]);
        }
        figure.curves.push_back(std::move(curve));
    }
    return figure;
}

// The tangent of (x, z) along (0, e_i) on [31/32, 1] against the adjoint and its integral, both to about 30 digits. A data set's field
// changes over a time of about τ² = 1/400 where σ² falls like 1 - t: there on [4095/4096, 1].
Finding continuous(const Setting& setting) {
    Subject<Mpfr50> s = make_subject<Mpfr50>(setting);
    Field<Mpfr50> with_control = controlled<Mpfr50>(s.field);
    const std::size_t d = s.x0.size();
    const Mpfr50 t = 1 - from_rational<Mpfr50>(ratio(1, setting.field == "data-set" ? 4096 : 32));
    const std::size_t columns = d > 3 ? 10 : 12;
    std::vector<Mpfr50> y = s.x0, y_dot(2 * d, Mpfr50(0));
    y.resize(2 * d, Mpfr50(0));
    std::copy(s.x0.begin(), s.x0.end(), y_dot.begin() + static_cast<std::ptrdiff_t>(d));  // any direction of the control
    const Direction forward = exact_direction(with_control, t, Mpfr50(1), y, y_dot, columns);
    const std::vector<Mpfr50> x1(forward.x1.begin(), forward.x1.begin() + static_cast<std::ptrdiff_t>(d));
    const Adjoint backward = exact_adjoint(s.field, Mpfr50(1), t, x1, s.v, columns);
    Mpfr50 left = 0, right = 0;
    for (std::size_t i = 0; i < d; ++i) {
        left += s.v[i] * forward.x1_dot[i];
        right += backward.control[i] * s.x0[i];
    }
    const double known = 100 * (forward.error + backward.error),
                 off = ScalarTraits<Mpfr50>::to_double(Mpfr50(abs(left - right)));
    const bool sharp = known < 1e-12 * ScalarTraits<Mpfr50>::to_double(abs(right));
    return {"continuous",     "$\\langle a_z, c \\rangle$ for a constant control $c = x_0$ over $[" + number(t, 8) + ", 1]$ by adjoint and integral: " + number(right, 25),
            "by the tangent: " + number(left, 25), "both to " + number(known, 1),
            Proof::bound,     sharp && off <= known};
}

// What ℤ/p, which has no size, cannot say.
double off_in_double(const Setting& setting, bool broken) {
    const Discrete<double> run = discrete<double>(setting, 24, broken);
    return relative_difference<double>(run.accumulated, run.found);
}

Evidence run(const Setting& setting, bool broken) {
    const bool pathless = setting.field == "polynomial" || setting.field == "linear";
    Evidence evidence{.subject = describe(setting) + (pathless ? "; they take the place of a flow model, the path plays no part" : "")};
    evidence.hypotheses.push_back(smoothness(setting, 1));
    evidence.findings.push_back(rational(setting) ? series_identity<Rational>(setting) : series_identity<Mpfr50>(setting));
    const std::string predicted = "$a_z = \\sum_n h \\lambda_{n+1}$ at every step of Euler";
    if (rational(setting)) {
        const auto euler = discrete<PrimeField>(setting, 24, broken);
        const bool equal = euler.found == euler.accumulated;
        evidence.findings.push_back({"discrete", predicted,
                                     equal ? "equal in $\\mathbb{Z}/p$ at 24 steps" : "different in $\\mathbb{Z}/p$", "exact",
                                     Proof::exact, equal});
        if (!equal) evidence.findings.back().measured += ", by " + number(100 * off_in_double(setting, broken), 3) + " % in double precision";
    } else {
        const auto euler = discrete<Mpfr50>(setting, make_subject<Mpfr50>(setting).x0.size() > 3 ? 6 : 12, broken);
        evidence.findings.push_back(equality<Mpfr50>("discrete", predicted, euler.found, euler.accumulated));
    }
    evidence.findings.push_back(continuous(setting));
    evidence.figures.push_back(figure_of(setting, broken));
    return evidence;
}

}  // namespace

Claim control_signal() {
    Claim claim;
    claim.id = "control-signal";
    claim.title = "The gradient with respect to a control";
    claim.source = "Blasingame & Liu 2025 (control signals)";
    claim.explanation =
        "A control $z(t)$ is added to the velocity, $dx/dt = u(t, x) + z(t)$. With $a_x = \\partial L/\\partial x(t)$ the "
        "adjoint of the state, the gradient with respect to a control that acts from $t$ on is $a_z(t) = -\\int_1^t a_x\\, "
        "ds$.\n\n"
        "Three runs look at it. Power series in the length $h$ of the interval: the derivative $w$ of the solution along the "
        "control, from the inhomogeneous tangent equation, and solutions $\\lambda$ of the adjoint equation, $\\lambda(h) \\cdot "
        "w(h)$ against the integral of $\\lambda$ times the control. Euler's method: the gradient of the discrete solution with "
        "the control as a further state, against the sum of $h\\lambda_{n+1}$ over the steps. And to about 30 digits, tangent "
        "forward against adjoint and integral backward.";
    claim.axes = {.paths = all_paths("cond-ot"),
                  .fields = {"polynomial", "gaussian", "mixture", "linear", "data-set"},
                  .dims = {2, 1, 3, 10},
                  .seed = true,
                  .model = true};
    claim.readings = {{.name = "precise",
                       .statement = "for $dx/dt = u(t, x) + z(t)$: $a_z(t) = -\\int_1^t a_x(s)\\, ds$",
                       .expected = always(true),
                       .run = [](const Setting& setting) { return run(setting, false); },
                       .control = {"The sum takes the adjoint at the beginning of each step, $\\lambda_n$ instead of "
                                   "$\\lambda_{n+1}$.",
                                   "discrete", [](const Setting& setting) { return run(setting, true); }}}};
    return claim;
}

}  // namespace costate::claims
