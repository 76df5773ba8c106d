#include "claims/classics/common.hpp"
#include "claims/classics/list.hpp"
#include "claims/hypotheses.hpp"
#include "claims/measure/global_error.hpp"

#include <fmt/format.h>

namespace costate::claims {

namespace {

using namespace classical;

// y = (x, t, w): F and F'(x, t) w, w a direction of (x, t).
template <class C>
Autonomous<C> transported(Field<Expansion<C>> f) {
    return [f = std::move(f)](std::span<const Expansion<C>> y, std::span<Expansion<C>> slope) mutable {
        const std::size_t n = f.dim();
        f.jvp(y[n], y.first(n), y[2 * n + 1], y.subspan(n + 1, n), {}, slope.first(n), slope.subspan(n + 1, n));
        slope[n] = Expansion<C>(1);
        slope[2 * n + 1] = Expansion<C>(0);
    };
}

// With x₁ = Φ_h + h^q C_q + h^(q+1) C_(q+1) + …, back and forth gives h^q (1 + (-1)^q) C_q, and where q is odd
//   h^(q+1) [2 C_(q+1) - F' C_q - C_q' F].
template <class C>
Term<C> predicted_return(const Field<Expansion<C>>& f, const ode::Tableau& tableau, std::vector<C> y, const C& t) {
    const std::size_t n = y.size();
    const Autonomous<C> field = autonomous<C>(f), with_direction = transported<C>(f);
    y.push_back(t);
    Term<C> error = predicted_term<C>(tableau, field, y, [](const std::vector<C>& sum) { return sum; });
    const std::size_t q = error.exponent;
    if (q == series_terms) return {};
    if (q % 2 == 0) {
        for (C& c : error.coefficient) c = c + c;
        return {q, first(error.coefficient, n)};
    }
    if (q + 1 >= series_terms) return {};
    // F'C_q: one evaluation at the direction C_q; C_q'F: the trees of the field with direction, at F.
    const auto at = [&](const std::vector<C>& direction) {
        std::vector<Expansion<C>> point(y.begin(), y.end()), slope(2 * n + 2);
        point.insert(point.end(), direction.begin(), direction.end());
        with_direction(point, slope);
        return coefficients<C>(std::span<const Expansion<C>>(slope), 0);
    };
    const std::vector<C> moved = at(error.coefficient), slope = first(moved, n + 1);
    std::vector<C> long_y = y;
    long_y.insert(long_y.end(), slope.begin(), slope.end());
    const std::vector<C> derivative = error_expansion<C>(tableau, with_direction, std::span<const C>(long_y), q)[q],
                         next = error_expansion<C>(tableau, field, std::span<const C>(y), q + 1)[q + 1];
    std::vector<C> sum(n, C(0));
    for (std::size_t i = 0; i < n; ++i) sum[i] = next[i] + next[i] - moved[n + 1 + i] - derivative[n + 1 + i];
    return {q + 1, sum};
}

template <class C>
Term<C> one_step(const Setting& setting, const ode::Tableau& back, Evidence& evidence) {
    using Power = Expansion<C>;
    Subject<Power> subject = make_subject<Power>(setting);
    const Term<C> predicted = predicted_return<C>(subject.field, setting.tableau, coefficients<C>(std::span<const Power>(subject.x0), 0), C(0));
    const std::vector<Power> there = solve<Power>(setting.tableau, subject.field, 0, Power::variable(), 1, subject.x0);
    const std::vector<Power> again = solve<Power>(back, subject.field, Power::variable(), 0, 1, there);
    evidence.hypotheses.push_back({"the predicted coefficient does not vanish: the generic case", shown(predicted), size_of(predicted) > 0});
    evidence.findings.push_back(term_finding("leading term", predicted, leading<C>(minus(again, subject.x0))));
    return predicted;
}

// ‖K‖ of x̃₀ - x₀ = h^order K + … over [0, T] and back: the integral of what one step there and back leaves at x(s), carried back to 0.
double integrated_return(const Setting& setting, const Mpfr50& T, std::size_t order) {
    const Field<RealSeries> series = make_subject<RealSeries>(setting).field;
    Subject<Mpfr50> subject = make_subject<Mpfr50>(setting);
    const std::size_t n = subject.x0.size();
    const std::vector<Mpfr50> k = integral(T, [&](const Mpfr50& s) {
        const std::vector<Mpfr50> x = exact_step(subject.field, 0, s, subject.x0).x1, back = exact_step(subject.field, s, 0, x).jacobian;
        const Term<Mpfr50> left = predicted_return<Mpfr50>(series, setting.tableau, x, s);
        std::vector<Mpfr50> value(n, Mpfr50(0));
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n && left.exponent == order + 1; ++j) value[i] += back[i * n + j] * left.coefficient[j];
        return value;
    });
    return ScalarTraits<Mpfr50>::to_double(norm(k));
}

// ‖x̃₀ - x₀‖ over [0, 1/16] and back in 1, 2, 4, … 4096 steps.
void interval(const Setting& setting, std::size_t order, Evidence& evidence) {
    Subject<Mpfr50> subject = make_subject<Mpfr50>(setting);
    const Mpfr50 end = Mpfr50(1) / 16;
    const double constant = integrated_return(setting, end, order);
    const Slope slope = slope_over(1.0 / 16, [&](std::size_t steps) {
        const std::vector<Mpfr50> there = solve<Mpfr50>(setting.tableau, subject.field, 0, end, steps, subject.x0);
        return distance(solve<Mpfr50>(setting.tableau, subject.field, end, 0, steps, there), subject.x0);
    });
    evidence.findings.push_back(slope_finding("slope", slope, order));
    evidence.findings.push_back(constant_finding(constant, slope));
    evidence.figures.push_back(slope_figure(R"(Distance from $x_0$ after $[0, 1/16]$ and back, and its predicted leading term)", R"($\lVert \tilde{x}_0 - x_0 \rVert$)",
                                            {curve_of(slope, static_cast<double>(order), constant, setting.tableau.name)}));
}

Evidence evidence_of(const Setting& setting, const ode::Tableau& back) {
    Evidence evidence{.subject = setting.tableau.name + " on " + describe(setting)};
    const std::size_t p = ode::order(setting.tableau), returned = p % 2 == 1 ? p : p + 1;
    evidence.hypotheses.push_back(smoothness(setting, p + 3));
    in_series(setting, [&]<class C>(std::type_identity<C>) {
        const Term<C> predicted = one_step<C>(setting, back, evidence);
        evidence.findings.push_back(equality("parity", fmt::format("{}: $p = {}$ is {}", returned, p, p % 2 == 1 ? "odd" : "even"),
                                             fmt::format("{} from the composed expansions", predicted.exponent - 1), predicted.exponent == returned + 1));
        if (affordable(setting) && predicted.exponent < series_terms) interval(setting, predicted.exponent - 1, evidence);
    });
    return evidence;
}

Evidence run(const Setting& setting) { return evidence_of(setting, setting.tableau); }
Evidence run_broken(const Setting& setting) { return evidence_of(setting, with_changed_entry(setting.tableau)); }

}  // namespace

Claim there_and_back() {
    Claim claim{.id = "there-and-back",
                .title = "There and back: solved forwards, then backwards",
                .source = "Hairer, Lubich, Wanner 2006, Chapter II (adjoint methods)",
                .explanation =
                    R"(Solving backwards in time from the computed end does not lead back to the start: an explicit Runge–Kutta method is not its own inverse. The distance of the state $\tilde{x}_0$ that it does lead to decides whether a state may be recomputed on the way back instead of being stored.

A step errs by $h^{p+1} C_{p+1} + h^{p+2} C_{p+2} + \ldots$ forwards, and backwards by the same with $-h$ for $h$. For odd $p$ the two add up to $2 C_{p+1} h^{p+1}$. For even $p$ they cancel and the next power rules: its coefficient is $2 C_{p+2} - F' C_{p+1} - C_{p+1}' F$, with $F$ the field with time as one more variable. Each is computed from the rooted trees, in rational numbers, before one step forwards and one backwards is carried out with $h$ as a formal variable.

Over an interval one power is lost, as always: the state returns with order $p$ for odd $p$ and $p + 1$ for even $p$. What one step there and back leaves, integrated along the solution and carried back to the start, predicts the constant. Both are measured at 50 digits.)",
                .readings = {}};
    claim.readings = {{.name = "precise",
                       .statement = R"($\tilde{x}_0 - x_0 = 2 C_{p+1} h^{p+1} + O(h^{p+2})$ for odd $p$, $\left( 2 C_{p+2} - F' C_{p+1} - C_{p+1}' F \right) h^{p+2} + O(h^{p+3})$ for even $p$; over an interval one power less.)",
                       .expected = always(true),
                       .run = run,
                       .control = {[](const Setting& setting) { return "On the way back " + changed_entry(setting.tableau) + "."; },
                                   "leading term", run_broken}}};
    claim.axes = {.tableaus = all_tableaus("midpoint"), .fields = {"polynomial", "linear", "mixture"}, .dims = {2, 1, 3, 10}, .seed = true, .model = true};
    return claim;
}

}  // namespace costate::claims
