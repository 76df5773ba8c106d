#include "claims/greed/ahead.hpp"
#include "claims/greed/flow.hpp"
#include "claims/greed/list.hpp"
#include "claims/greed/one_step.hpp"
#include "claims/measure/series.hpp"
#include "claims/measure/slope.hpp"

#include <stdexcept>

namespace costate::claims {

namespace {

using namespace ahead;

// x₁* - Φ_{1-h,1}(x) as a series in h, where x(h) solves Φ^num_{1-h,1}(x) = x₁* with `steps` steps; correct up to h^orders.
template <class C>
std::vector<Expansion<C>> miss_series(const ode::Tableau& tableau, Subject<Expansion<C>>& subject, std::size_t steps,
                                      std::size_t orders) {
    using S = Expansion<C>;
    const S t0 = S(1) - S::variable();
    std::vector<S> x = subject.x0;
    for (std::size_t order = 0; order <= orders; ++order) {  // x ← x + x₁* - Φ^num(x): one coefficient more each time
        const std::vector<S> x1 = solve<S>(tableau, subject.field, t0, S(1), steps, x);
        for (std::size_t i = 0; i < x.size(); ++i) x[i] += subject.x0[i] - x1[i];
    }
    x.push_back(t0);
    std::vector<S> end = flow_over_step<C>(autonomous<C>(subject.field), x, orders);
    end.pop_back();
    for (std::size_t i = 0; i < end.size(); ++i) end[i] = subject.x0[i] - end[i];
    return end;
}

// The first coefficient of two steps is 2⁻ᵖ times that of one.
template <class C>
Finding two_steps(std::string name, const ode::Tableau& tableau, Subject<Expansion<C>>& subject) {
    const std::size_t p = ode::order(tableau);
    const std::vector<C> one = coefficients<C>(miss_series<C>(tableau, subject, 1, p + 1), p + 1);
    std::vector<C> two = coefficients<C>(miss_series<C>(tableau, subject, 2, p + 1), p + 1);
    for (C& c : two) c = C(1 << p) * c;
    Finding finding = equality<C>(std::move(name),
                                  "1/" + std::to_string(1 << p) +
                                      " of the constant, order "
                                      "" +
                                      std::to_string(p + 1),
                                  two, one);
    if (!ScalarTraits<C>::exact) {
        const bool nothing = size_of<C>(std::span<const C>(one)) < 1e-35 && size_of<C>(std::span<const C>(two)) < 1e-35;
        finding.holds = nothing || relative_difference<C>(two, one) < 1e-30;
        finding.uncertainty = "rounding below 1e-30";
        if (nothing) finding.measured = "0 in both: superconvergence";
    }
    finding.proof = ScalarTraits<C>::exact ? Proof::coefficient : Proof::bound;
    return finding;
}

template <class C>
Prediction add_series(Evidence& evidence, const ode::Tableau& used, const Setting& setting) {
    Subject<Expansion<C>> subject = make_subject<Expansion<C>>(setting);
    std::vector<C> at_end;
    for (const auto& v : subject.x0) at_end.push_back(v[0]);
    at_end.push_back(C(1));
    auto error = predicted_error<C>(setting.tableau, autonomous<C>(subject.field), at_end);
    error.constant.pop_back();
    const auto miss = miss_series<C>(used, subject, 1, error.order + 1);
    add_first_coefficient<C>(evidence, error.order, miss, error.constant);
    if (subject.x0.size() <= 3) evidence.findings.push_back(two_steps<C>("two steps", setting.tableau, subject));
    evidence.findings.push_back(two_steps<C>("two steps of Euler", ode::find_tableau("euler"), subject));
    return prediction_of<C>(error.order, error.constant, miss);
}

// Φ^num(x) = x₁*, x ← x + P(x) (x₁* - Φ^num(x)) until the last change is below `small`; P(x) takes the miss to the change.
template <class T, class P>
std::vector<T> iterate(const ode::Tableau& tableau, Subject<T>& s, const T& t, std::vector<T> x, P&& change, double small) {
    for (int iteration = 0; iteration < 200; ++iteration) {
        std::vector<T> miss = solve<T>(tableau, s.field, t, T(1), 1, x);
        for (std::size_t i = 0; i < x.size(); ++i) miss[i] = s.x0[i] - miss[i];
        miss = change(x, miss);
        for (std::size_t i = 0; i < x.size(); ++i) x[i] += miss[i];
        if (size_of<T>(miss) < small) return x;
    }
    throw std::runtime_error("the state whose step ends at x1* was not found at t = " + number(ScalarTraits<T>::to_double(t)) +
                             "; take another seed or "
                             "field");
}

// Newton's iteration in double precision; from there with the last inverse of the step's Jacobian, so that each iteration gains a dozen
// digits.
std::vector<Mpfr50> solve_for(const ode::Tableau& tableau, Subject<Mpfr50>& s, Subject<double>& guess, const Mpfr50& t) {
    const std::size_t d = s.x0.size();
    const double time = ScalarTraits<Mpfr50>::to_double(t);
    const auto jacobian = [&](const std::vector<double>& x) {
        return Matrix<double>(d, d, discrete_jacobian<double>(tableau, guess.field, time, 1.0, 1, x));
    };
    const auto newton = [&](const std::vector<double>& x, const std::vector<double>& miss) {
        return solve_linear<double>(jacobian(x), miss);
    };
    const std::vector<double> near = iterate<double>(tableau, guess, time, guess.x0, newton, 1e-11);
    const Matrix<double> D = jacobian(near);
    Matrix<Mpfr50> inverse(d, d);
    for (std::size_t j = 0; j < d; ++j) {
        std::vector<double> unit(d, 0.0);
        unit[j] = 1;
        const std::vector<double> column = solve_linear<double>(D, unit);
        for (std::size_t i = 0; i < d; ++i) inverse(i, j) = column[i];
    }
    const auto by_inverse = [&](const std::vector<Mpfr50>&, const std::vector<Mpfr50>& miss) { return inverse(miss); };
    return iterate<Mpfr50>(tableau, s, t, {near.begin(), near.end()}, by_inverse, 1e-47);
}

// How far from x₁* the flow ends from the state whose step of length h ends there.
KnownError error_at(Subject<Mpfr50>& s, Subject<double>& guess, const ode::Tableau& used, std::size_t order, const Mpfr50& h) {
    const Mpfr50 t = 1 - h;
    const std::vector<Mpfr50> x = solve_for(used, s, guess, t);
    const Direction truth = exact_end(s.field, t, Mpfr50(1), x, columns_for(ScalarTraits<Mpfr50>::to_double(h), order + 1));
    const Mpfr50 error = distance(truth.x1, s.x0);
    return {error, truth.error / ScalarTraits<Mpfr50>::to_double(error)};
}

Hypothesis sequence(Subject<Mpfr50>& s, Subject<double>& guess, const ode::Tableau& used, const Mpfr50& h) {
    const Mpfr50 t = 1 - h;
    const Mpfr50 off = distance(solve<Mpfr50>(used, s.field, t, Mpfr50(1), 1, solve_for(used, s, guess, t)), s.x0);
    return {"a sequence of states converges: $\\Phi^{num}_{t,1}(x^{(n)}) \\to x_1^*$",
            (off == 0 ? "exactly, in 50 digits," : "to within " + number(off, 1)) + " at $1 - t = $ " + number(h, 2), off < Mpfr50("1e-44")};
}

Prediction series_of(Evidence& evidence, const ode::Tableau& used, const Setting& setting) {
    return rational(setting) ? add_series<Rational>(evidence, used, setting) : add_series<Mpfr50>(evidence, used, setting);
}

}  // namespace

Claim posterior_of_order_alpha() {
    Claim claim;
    claim.id = "greed-corollary-4-1";
    claim.title = "Where guidance with a step of order α converges to";
    claim.source = "Blasingame & Liu 2025, Corollary 4.1";
    claim.explanation =
        "Guidance that looks ahead with one step of a method of order $\\alpha$ makes the end $\\Phi^{num}_{t,1}(x)$ of that "
        "step optimal. The run solves $\\Phi^{num}_{t,1}(x) = x_1^*$ for $x$ as a power series in $h = 1 - t$, follows the "
        "flow from there, and looks at the first coefficient of $x_1^* - \\Phi_{t,1}(x)$: it is the method's one-step error at "
        "the optimum, known beforehand from the rooted trees.\n\n"
        "Two steps of half the length keep the order and divide the constant by $2^\\alpha$: two steps of Euler halve it. At "
        "50 digits the distance is measured for 12 halvings as well.";
    complete(claim,
             "if $\\Phi^{num}_{t,1}(x^{(n)}) \\to x_1^*$ for one step of order $\\alpha$ then "
             "$\\Phi_{t,1}(x^{(n)})$ tends to within $O(h^{\\alpha+1})$ of $x_1^*$; $k$ steps keep the "
             "order and divide the constant by $k^\\alpha$",
             {series_of, error_at, sequence, "Distance of the flow's end from the optimum"});
    return claim;
}

}  // namespace costate::claims
