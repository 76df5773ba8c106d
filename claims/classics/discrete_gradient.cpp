#include "claims/classics/discrete_gradient.hpp"

#include "claims/classics/exact_routes.hpp"

#include <fmt/format.h>

#include <concepts>
#include <string>
#include <vector>

namespace costate::claims::classical {

namespace {

// Digits double with every product: three steps of two stages, two of three, one of more.
std::size_t steps_in_q(const ode::Tableau& tableau) {
    const std::size_t s = ode::effective_stages(tableau);
    return s <= 2 ? 3 : s == 3 ? 2 : 1;
}
constexpr std::size_t steps_in_p = 200;

template <class T>
Bars<T> by_engine(std::string_view method, const Setting& setting, std::size_t steps) {
    Subject<T> subject = make_subject<T>(setting);
    auto result = gradient<T>(method, subject.field, along(subject.v), setting.tableau, subject.t0, subject.t1, steps, subject.x0);
    return {std::move(result.x_bar), std::move(result.theta_bar), result.t0_bar, result.t1_bar};
}

template <class T>
bool same_bars(const Bars<T>& a, const Bars<T>& b) {
    return equal(a.x, b.x) && equal(a.theta, b.theta) && equal(std::vector<T>{a.t0, a.t1}, std::vector<T>{b.t0, b.t1});
}

// In one scalar: which routes agree with discretize-then-optimize, and how far off the state is, relative; 0 in ℤ/p, which has no size.
struct Agreement {
    bool state = false, parameters = false, times = false, engine = false, tangent = false;
    double off = 0;
};

template <class T>
double distance_of(const std::vector<T>& a, const std::vector<T>& b) {
    if constexpr (std::same_as<T, PrimeField>) {
        return 0;
    } else {
        const std::vector<Mpfr50> left(a.begin(), a.end()), right(b.begin(), b.end());
        return ScalarTraits<Mpfr50>::to_double(Mpfr50(distance(left, right) / norm(right)));
    }
}

template <class T>
Agreement agreement(const Setting& setting, const Bars<T>& dto, std::size_t steps,
                    const std::function<AdjointRule<T>(const ode::Tableau&, const T&)>& rule) {
    Subject<T> subject = make_subject<T>(setting);
    const ode::Tableau forward = ode::without_idle_stages(setting.tableau);
    const Bars<T> plain = gradient_by_rule<T>(forward, [&](const T& h) { return rule(forward, h); }, subject.field, subject.t0, subject.t1, steps,
                                              subject.x0, subject.v);
    return {equal(plain.x, dto.x), equal(plain.theta, dto.theta), equal(std::vector<T>{plain.t0, plain.t1}, std::vector<T>{dto.t0, dto.t1}),
            same_bars(by_engine<T>("partner", setting, steps), dto), same_bars(by_engine<T>("forward", setting, steps), dto), distance_of(plain.x, dto.x)};
}

// d/dε ⟨v, x₁⟩ of one step from (t₀ + ε τ₀, x₀ + ε u) to t₁ + ε τ₁: no derivative of the field is called.
template <class C>
C derivative_of_values(const Setting& setting, const std::vector<C>& u, const C& tau0, const C& tau1) {
    using Power = Series<C, series_terms>;
    Subject<Power> subject = make_subject<Power>(setting);
    const Power epsilon = Power::variable();
    for (std::size_t i = 0; i < u.size(); ++i) subject.x0[i] += epsilon * u[i];
    const auto end = solve<Power>(setting.tableau, subject.field, subject.t0 + epsilon * tau0, subject.t1 + epsilon * tau1, 1, subject.x0);
    return dot(end, subject.v)[1];
}

Finding both(const std::string& name, const std::string& what, bool in_q, bool in_p, std::size_t few, double off = 0) {
    return in_both(name, what, in_q, few, in_p, steps_in_p, off);
}

template <class C>
void values_finding(const Setting& setting, Evidence& evidence) {
    const Bars<C> one_step = by_engine<C>("dto", setting, 1);
    const std::vector<C> u = second_direction<C>(setting, one_step.x.size());
    const C tau0 = from_rational<C>(ratio(3, 7)), tau1 = from_rational<C>(ratio(-5, 11));
    const C expected = derivative_of_values<C>(setting, u, tau0, tau1);
    const C found = dot(one_step.x, u) + one_step.t0 * tau0 + one_step.t1 * tau1;
    const char* const where = R"(of one step from $x_0 + \varepsilon u$, $t_0 + \frac{3}{7}\varepsilon$ to $t_1 - \frac{5}{11}\varepsilon$)";
    evidence.findings.push_back(derivative_finding<C>("values", where, found, expected));
}

void compare_on_a_network(const Setting& setting, const RuleMaker& rule, Evidence& evidence) {
    constexpr std::size_t steps = 3;
    const Agreement r = agreement<Mpfr50>(setting, by_engine<Mpfr50>("dto", setting, steps), steps, rule.in_r);
    const auto add = [&](const std::string& name, const std::string& what, bool holds) {
        evidence.findings.push_back(
            in_scalar<Mpfr50>(equality(name, what, holds ? fmt::format("equal to 1e-40 over {} steps", steps) : "differs" + by_how_much(name == "state" ? r.off : 0), holds)));
    };
    add("state", R"($\bar{x}_0$ of both routes equal)", r.state);
    add("times", R"($\bar{t}_0$ and $\bar{t}_1$ of both routes equal)", r.times);
    add("engine", "the engine's own sweep by the rule equal to its reverse sweep", r.engine);
    add("tangent", "the tangent of every step gives the same derivatives", r.tangent);
    values_finding<Mpfr50>(setting, evidence);
}

}  // namespace

void compare_routes(const Setting& setting, const RuleMaker& rule, Evidence& evidence) {
    if (setting.field == "network") return compare_on_a_network(setting, rule, evidence);
    const std::size_t few = steps_in_q(setting.tableau);
    const Agreement q = agreement<Rational>(setting, by_engine<Rational>("dto", setting, few), few, rule.in_q),
                    p = agreement<PrimeField>(setting, by_engine<PrimeField>("dto", setting, steps_in_p), steps_in_p, rule.in_p);
    evidence.findings.push_back(both("state", R"($\bar{x}_0$ of both routes equal)", q.state, p.state, few, q.off));
    evidence.findings.push_back(both("parameters", R"($\bar{\theta}$ of both routes equal)", q.parameters, p.parameters, few));
    evidence.findings.push_back(both("times", R"($\bar{t}_0$ and $\bar{t}_1$ of both routes equal)", q.times, p.times, few));
    evidence.findings.push_back(both("engine", "the engine's own sweep by the rule equal to its reverse sweep", q.engine, p.engine, few));
    evidence.findings.push_back(both("tangent", "the tangent of every step gives the same derivatives", q.tangent, p.tangent, few));
    values_finding<Rational>(setting, evidence);
}

namespace {

constexpr std::size_t steps_in_picture = 32;

// λ_n for n = 0 … N by the rule, one step at a time, from the states of the forward solution.
std::vector<std::vector<double>> sweep(const Setting& setting, const RuleMaker& rule, const std::vector<std::vector<double>>& states) {
    Subject<double> subject = make_subject<double>(setting);
    const ode::Tableau forward = ode::without_idle_stages(setting.tableau);
    const double h = (subject.t1 - subject.t0) / steps_in_picture;
    std::vector<std::vector<double>> lambda(states.size(), subject.v);
    for (std::size_t n = steps_in_picture; n-- > 0;) {
        const double t = subject.t0 + static_cast<double>(n) * h;
        lambda[n] = gradient_by_rule<double>(forward, [&](const double& step) { return rule.in_double(forward, step); }, subject.field, t, t + h, 1,
                                             states[n], lambda[n + 1])
                        .x;
    }
    return lambda;
}

}  // namespace

Figure along_the_grid(const Setting& setting, const RuleMaker& rule, const RuleMaker& broken, const std::string& what_is_broken) {
    Subject<double> subject = make_subject<double>(setting);
    const double h = (subject.t1 - subject.t0) / steps_in_picture;
    std::vector<std::vector<double>> states{subject.x0};
    const auto at = [&](std::size_t n) { return subject.t0 + static_cast<double>(n) * h; };
    for (std::size_t n = 0; n < steps_in_picture; ++n) states.push_back(solve<double>(setting.tableau, subject.field, at(n), at(n + 1), 1, states[n]));
    const auto own = sweep(setting, rule, states), other = sweep(setting, broken, states);
    Curve curve{R"($\lambda_n$ by the rule)", {}, {}, {}}, foreign{what_is_broken, {}, {}, {}};
    for (std::size_t n = 0; n <= steps_in_picture; ++n) {
        const std::size_t left = steps_in_picture - n;
        const std::vector<double> exact =
            left == 0 ? subject.v
                      : gradient<double>("dto", subject.field, along(subject.v), setting.tableau, at(n), subject.t1, left, states[n]).x_bar;
        curve.x.push_back(at(n));
        foreign.x.push_back(at(n));
        curve.measured.push_back(own[n].front() - exact.front());
        curve.predicted.push_back(0);
        foreign.measured.push_back(other[n].front() - exact.front());
    }
    return {R"($\lambda_n$ less the derivative $\partial \ell(x_N)/\partial x_n$ of the computed solution (first coordinate), 32 steps over $[0, 1]$ in double precision)", "t",
            R"($\lambda_n - \partial \ell(x_N)/\partial x_n$)", false, false,
            {std::move(curve), std::move(foreign)}};
}

}  // namespace costate::claims::classical
