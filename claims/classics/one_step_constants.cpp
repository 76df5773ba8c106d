#include "claims/classics/common.hpp"
#include "claims/classics/list.hpp"
#include "claims/hypotheses.hpp"

namespace costate::claims {

namespace {

using namespace classical;

// F = (f, 1) of y = (x, t) and its derivatives by hand: F'v by the field's own tangent, F'' and F''' from values along straight lines,
//   F''(v, w) = [ε²](F(y + ε(v + w)) - F(y + εv) - F(y + εw)).
template <class C>
class ByHand {
public:
    using Vector = std::vector<C>;
    ByHand(Field<Expansion<C>> f, Vector y) : f_(std::move(f)), y_(std::move(y)) {}

    Vector value() { return along(Vector(y_.size(), C(0)), 0); }
    Vector first(const Vector& v) {
        const std::size_t n = f_.dim();
        std::vector<Expansion<C>> y(y_.begin(), y_.end()), direction(v.begin(), v.end()), dx(n), dx_dot(n);
        f_.jvp(y[n], std::span<const Expansion<C>>(y).first(n), direction[n], std::span<const Expansion<C>>(direction).first(n), {}, dx, dx_dot);
        dx_dot.emplace_back(0);
        return coefficients<C>(std::span<const Expansion<C>>(dx_dot), 0);
    }
    Vector second(const Vector& v, const Vector& w) { return combine({{1, add(v, w)}, {-1, v}, {-1, w}}, 2); }
    Vector third(const Vector& u, const Vector& v, const Vector& w) {
        return combine({{1, add(u, add(v, w))}, {-1, add(u, v)}, {-1, add(u, w)}, {-1, add(v, w)}, {1, u}, {1, v}, {1, w}}, 3);
    }
    static Vector add(Vector a, const Vector& b) {
        for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
        return a;
    }
    static Vector scaled(Vector a, const Rational& factor) {
        for (C& v : a) v *= from_rational<C>(factor);
        return a;
    }

private:
    // [εᵏ] F(y + εv)
    Vector along(const Vector& v, std::size_t k) {
        const std::size_t n = f_.dim();
        std::vector<Expansion<C>> y(y_.begin(), y_.end()), dx(n);
        for (std::size_t i = 0; i <= n; ++i) y[i][1] = v[i];
        f_(y[n], std::span<const Expansion<C>>(y).first(n), dx);
        dx.emplace_back(1);
        return coefficients<C>(std::span<const Expansion<C>>(dx), k);
    }
    Vector combine(const std::vector<std::pair<int, Vector>>& terms, std::size_t k) {
        Vector sum(y_.size(), C(0));
        for (const auto& [sign, v] : terms) sum = add(sum, scaled(along(v, k), sign));
        return sum;
    }

    Field<Expansion<C>> f_;
    Vector y_;
};

/// Φ_h - x₁ = h^k constant + …, and its derivative in x along w.
template <class C>
struct Constant {
    std::size_t exponent;
    std::vector<C> value, derivative;
};

// The numbers of the two classical constants: ½ - Σ b_i c_i;  ½(⅓ - Σ b_i c_i²) and ⅙ - Σ b_i a_ij c_j.
struct Numbers {
    Rational slope, bend, turn;
};

Numbers numbers_of(const ode::Tableau& tableau) {
    Numbers n{ratio(1, 2), ratio(1, 3), ratio(1, 6)};
    for (std::size_t i = 0; i < tableau.stages(); ++i) {
        n.slope -= tableau.b[i] * tableau.c[i];
        n.bend -= tableau.b[i] * tableau.c[i] * tableau.c[i];
        for (std::size_t j = 0; j < i; ++j) n.turn -= tableau.b[i] * tableau.A(i, j) * tableau.c[j];
    }
    n.bend /= 2;
    return n;
}

// slope F'F  and  slope (F''(F, w) + F'F'w)
template <class C>
Constant<C> of_first_order(ByHand<C>& at, const std::vector<C>& w, const Numbers& numbers) {
    using V = ByHand<C>;
    const auto F = at.value();
    return {2, V::scaled(at.first(F), numbers.slope), V::scaled(V::add(at.second(F, w), at.first(at.first(w))), numbers.slope)};
}

// bend F''(F, F) + turn F'F'F, and its derivative along w.
template <class C>
Constant<C> of_second_order(ByHand<C>& at, const std::vector<C>& w, const Numbers& numbers) {
    using V = ByHand<C>;
    const auto F = at.value(), Fw = at.first(w), FF = at.first(F);
    const auto bend = V::add(at.third(F, F, w), V::scaled(at.second(Fw, F), 2));
    const auto turn = V::add(at.second(FF, w), at.first(V::add(at.second(F, w), at.first(Fw))));
    return {3, V::add(V::scaled(at.second(F, F), numbers.bend), V::scaled(at.first(FF), numbers.turn)),
            V::add(V::scaled(bend, numbers.bend), V::scaled(turn, numbers.turn))};
}

// The coefficient of h^k, all lower ones 0; unlike a leading term it may itself be 0.
template <class C>
Finding coefficient_finding(std::string name, const Term<C>& predicted, const std::vector<Expansion<C>>& difference) {
    const Term<C> measured{predicted.exponent, coefficients<C>(std::span<const Expansion<C>>(difference), predicted.exponent)};
    Finding finding = term_finding(std::move(name), predicted, measured);
    const bool both_zero = all_zero(predicted.coefficient) && all_zero(measured.coefficient);
    finding.holds = leading<C>(difference).exponent >= predicted.exponent && (both_zero || same(predicted, measured));
    return finding;
}

// State and tangent of one step less those of the flow, against the constant; and the constant against the rooted trees.
template <class C>
void compare(const std::string& name, const ode::Tableau& tableau, Subject<Expansion<C>>& subject, const Constant<C>& constant,
             const std::vector<C>& w, Evidence& evidence) {
    using Power = Expansion<C>;
    const std::size_t n = subject.x0.size();
    std::vector<C> y = coefficients<C>(std::span<const Power>(subject.x0), 0);
    y.insert(y.end(), w.begin(), w.begin() + static_cast<std::ptrdiff_t>(n));
    y.push_back(C(0));
    const Autonomous<C> tangent = tangent_field<C>(subject.field);
    const std::vector<Power> flow = flow_series<C>(tangent, std::span<const C>(y));
    const std::vector<Power> direction(w.begin(), w.begin() + static_cast<std::ptrdiff_t>(n));
    const Tangent<Power> step = solve_tangent<Power>(tableau, subject.field, 0, Power::variable(), 1, subject.x0, direction);
    const std::vector<Power> of_tangent(flow.begin() + static_cast<std::ptrdiff_t>(n), flow.end());
    evidence.findings.push_back(coefficient_finding(name, Term<C>{constant.exponent, first(constant.value, n)}, minus(flow, step.x1)));
    evidence.findings.push_back(
        coefficient_finding(name + ", gradient", Term<C>{constant.exponent, first(constant.derivative, n)}, minus(of_tangent, step.x1_dot)));
    const ErrorConstant<C> trees = predicted_error<C>(tableau, tangent, std::span<const C>(y));
    std::vector<C> both = first(constant.value, n), negative;
    both.insert(both.end(), constant.derivative.begin(), constant.derivative.begin() + static_cast<std::ptrdiff_t>(n));
    for (const C& c : trees.constant) negative.push_back(-c);
    const Term<C> by_hand{constant.exponent, both}, by_trees{trees.order + 1, first(negative, 2 * n)};
    evidence.findings.push_back(term_finding(name + ", trees", by_hand, by_trees));
    evidence.findings.back().holds = same(by_hand, by_trees) || (all_zero(by_hand.coefficient) && all_zero(by_trees.coefficient));
}

// ẋ = x from 1.
template <class T>
Field<T> exponential() {
    return {1, 0, [](const T&, std::span<const T> x, std::span<T> dx) { dx[0] = x[0]; },
            [](const T&, std::span<const T>, std::span<const T> lambda, std::span<T> x_bar, std::span<T>, T&) {
                if (!x_bar.empty()) x_bar[0] += lambda[0];
            },
            [](const T&, std::span<const T> x, const T&, std::span<const T> x_dot, std::span<const T>, std::span<T> dx, std::span<T> dx_dot) {
                dx[0] = x[0];
                dx_dot[0] = x_dot[0];
            }};
}

void fourth_order(Evidence& evidence) {
    Field<RationalSeries> f = exponential<RationalSeries>();
    const ode::Tableau& rk4 = ode::find_tableau("rk4");
    const std::vector<RationalSeries> one{RationalSeries(1)};
    const std::vector<Rational> y{1, 0};
    const std::vector<RationalSeries> flow = first(flow_series<Rational>(autonomous<Rational>(f), y), 1);
    const Term<Rational> predicted{5, {ratio(1, 120)}};
    const std::vector<RationalSeries> x1 = solve<RationalSeries>(rk4, f, 0, RationalSeries::variable(), 1, one);
    evidence.findings.push_back(term_finding("rk4", predicted, leading<Rational>(minus(flow, x1))));
    const auto computed = gradient<RationalSeries>("dto", f, along(one), rk4, 0, RationalSeries::variable(), 1, one);
    evidence.findings.push_back(term_finding("rk4, gradient", predicted, leading<Rational>(minus(flow, computed.x_bar))));
}

// Errors of one step at 50 digits, h = 1/8 … 2⁻¹².
Curve errors(const std::string& row, const ode::Tableau& tableau, Field<Mpfr50> field, const std::vector<Mpfr50>& x0, std::size_t exponent, double constant) {
    Curve curve{row == tableau.name ? row : row + ": " + tableau.name, {}, {}, {}};
    for (Mpfr50 h = Mpfr50(1) / 8; h > Mpfr50(1) / 5000; h /= 2) {
        const auto step = solve<Mpfr50>(tableau, field, 0, h, 1, x0);
        const double at = ScalarTraits<Mpfr50>::to_double(h);
        curve.x.push_back(at);
        curve.measured.push_back(ScalarTraits<Mpfr50>::to_double(distance(step, exact_step(field, 0, h, x0, 6).x1)));
        curve.predicted.push_back(constant * std::pow(at, static_cast<double>(exponent)));
    }
    return curve;
}

// `turn_factor` multiplies the number of F'F'F in the constant of the setting's method: 1 is right.
Evidence evidence_of(const Setting& setting, int turn_factor) {
    const ode::Tableau& euler = ode::find_tableau("euler");
    Evidence evidence{.subject = "Euler and " + setting.tableau.name + " on " + describe(setting) + R"(; the fourth-order method of Kutta on $\dot{x} = x$)"};
    const std::size_t p = ode::order(setting.tableau);
    evidence.hypotheses.push_back({"the method is of order 1 or 2, by all rooted trees", std::to_string(p), p == 1 || p == 2});
    evidence.hypotheses.push_back(smoothness(setting, p + 2));
    Numbers numbers = numbers_of(setting.tableau);
    numbers.turn *= turn_factor;
    in_series(setting, [&]<class C>(std::type_identity<C>) {
        Subject<Expansion<C>> subject = make_subject<Expansion<C>>(setting);
        std::vector<C> y = coefficients<C>(std::span<const Expansion<C>>(subject.x0), 0), w = second_direction<C>(setting, y.size());
        y.push_back(C(0));
        w.push_back(C(0));
        ByHand<C> at(subject.field, y);
        const Constant<C> first_order = of_first_order<C>(at, w, numbers_of(euler)),
                          method = p == 1 ? of_first_order<C>(at, w, numbers) : of_second_order<C>(at, w, numbers);
        compare<C>("euler", euler, subject, first_order, w, evidence);
        compare<C>("method", setting.tableau, subject, method, w, evidence);
        fourth_order(evidence);
        if (!affordable(setting)) return;
        const Subject<Mpfr50> in_r = make_subject<Mpfr50>(setting);
        const auto size = [&](const Constant<C>& c) { return size_of(Term<C>{c.exponent, first(c.value, in_r.x0.size())}); };
        evidence.figures.push_back(slope_figure("Errors of one step, and their classical constants", R"($\lVert \Phi_h - x_1 \rVert$)",
                                                {errors("euler", euler, in_r.field, in_r.x0, 2, size(first_order)),
                                                 errors("method", setting.tableau, in_r.field, in_r.x0, method.exponent, size(method)),
                                                 errors("rk4", ode::find_tableau("rk4"), exponential<Mpfr50>(), {Mpfr50(1)}, 5, 1.0 / 120)}));
    });
    return evidence;
}

Evidence run(const Setting& setting) { return evidence_of(setting, 1); }
Evidence run_broken(const Setting& setting) { return evidence_of(setting, 2); }

}  // namespace

Claim one_step_constants() {
    Claim claim{.id = "one-step-constants",
                .title = "The classical error constants of one step",
                .source = "Hairer, Nørsett, Wanner 1993, Section II.3",
                .explanation =
                    R"(The oldest statements about one step carry their constants: Euler's method misses the solution by $\frac{h^2}{2} f'f$, the explicit midpoint rule by $h^3 \left( \frac{f''(f, f)}{24} + \frac{f'f'f}{6} \right)$, a method of order 2 by $h^3 \left( \beta f''(f, f) + \gamma f'f'f \right)$ with $2 \beta = \frac{1}{3} - \sum_i b_i c_i^2$ and $\gamma = \frac{1}{6} - \sum_{i,j} b_i a_{ij} c_j$, and Kutta's fourth-order method by $\frac{h^5}{120}$ on $\dot{x} = x$. For an equation that depends on time, $f$ stands for the field of $(x, t)$.

The constants are evaluated from the formulas, with $f'$ by the field's tangent and $f''$, $f'''$ from values of the field on straight lines, in rational numbers. They are compared with what one step with a formal $h$ does, and with what the rooted trees say. Their derivatives in $x$, written out by the product rule, are the error constants of the gradient and are compared in the same way.)",
                .readings = {}};
    claim.readings = {{.name = "precise",
                       .statement = R"($\Phi_h - x_1 = \frac{h^2}{2} f'f + O(h^3)$ (Euler); $h^3 \left( \frac{1}{24} f''(f, f) + \frac{1}{6} f'f'f \right) + O(h^4)$ (midpoint); $\frac{h^5}{120} + O(h^6)$ (Kutta, $\dot{x} = x$, $x(0) = 1$).)",
                       .expected = always(true),
                       .run = run,
                       .control = {R"(In the constant of the method of order 2 the number $\gamma$ of $f'f'f$ is doubled.)", "method", run_broken}}};
    claim.axes = {.tableaus = {"midpoint", "heun", "ralston"}, .fields = {"polynomial", "linear", "mixture"}, .dims = {2, 1, 3, 10}, .seed = true, .model = true};
    return claim;
}

}  // namespace costate::claims
