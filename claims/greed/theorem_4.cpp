#include "claims/greed/ahead.hpp"
#include "claims/greed/flow.hpp"
#include "claims/greed/list.hpp"
#include "claims/greed/one_step.hpp"
#include "claims/measure/series.hpp"
#include "claims/measure/slope.hpp"

namespace costate::claims {

namespace {

using namespace ahead;

template <class C>
std::vector<C> end_state(const Subject<Expansion<C>>& subject) {
    std::vector<C> y;
    for (const auto& v : subject.x0) y.push_back(v[0]);
    for (const auto& v : subject.v) y.push_back(v[0]);
    y.push_back(C(1));
    return y;
}

// The derivative's part of (x, ẋ, t).
template <class V>
std::vector<V> derivative_part(const std::vector<V>& y) {
    const std::size_t n = (y.size() - 1) / 2;
    return {y.begin() + static_cast<std::ptrdiff_t>(n), y.begin() + static_cast<std::ptrdiff_t>(2 * n)};
}

// ∂/∂x Φ^num_{1-h,1} v - ∂/∂x Φ_{1-h,1} v as a series in h, and what the rooted trees say of its first coefficient.
template <class C>
Prediction add_series(Evidence& evidence, const ode::Tableau& used, const Setting& setting) {
    using S = Expansion<C>;
    Subject<S> subject = make_subject<S>(setting);
    const Autonomous<C> tangent = tangent_field<C>(subject.field);
    const auto error = predicted_error<C>(setting.tableau, tangent, end_state<C>(subject));
    const std::vector<C> predicted = derivative_part(error.constant);
    const S t0 = S(1) - S::variable();
    std::vector<S> start = subject.x0;
    start.insert(start.end(), subject.v.begin(), subject.v.end());
    start.push_back(t0);
    const std::vector<S> flow = derivative_part(flow_over_step<C>(tangent, start, error.order + 1));
    std::vector<S> difference = solve_tangent<S>(used, subject.field, t0, S(1), 1, subject.x0, subject.v).x1_dot;
    for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= flow[i];
    add_first_coefficient<C>(evidence, error.order, difference, predicted);
    return prediction_of<C>(error.order, predicted, difference);
}

// ∂/∂x of one step from 1 - h against that of the flow, along v.
KnownError error_at(Subject<Mpfr50>& s, Subject<double>&, const ode::Tableau& used, std::size_t order, const Mpfr50& h) {
    const Mpfr50 t = 1 - h;
    const Direction truth =
        exact_direction(s.field, t, Mpfr50(1), s.x0, s.v, columns_for(ScalarTraits<Mpfr50>::to_double(h), order + 1));
    const Mpfr50 error = distance(solve_tangent<Mpfr50>(used, s.field, t, Mpfr50(1), 1, s.x0, s.v).x1_dot, truth.x1_dot);
    return {error, truth.error / ScalarTraits<Mpfr50>::to_double(error)};
}

Prediction series_of(Evidence& evidence, const ode::Tableau& used, const Setting& setting) {
    return rational(setting) ? add_series<Rational>(evidence, used, setting) : add_series<Mpfr50>(evidence, used, setting);
}

}  // namespace

Claim single_step_gradients() {
    Claim claim;
    claim.id = "greed-theorem-4";
    claim.title = "Truncation error of the gradient of a single step";
    claim.source = "Blasingame & Liu 2025, Theorem 4";
    claim.explanation =
        "One step of an explicit Runge–Kutta method goes from $t = 1 - h$ to the end. The derivative of a step is the same "
        "step of the field and its tangent equation together, $(x, v)' = (u, D_x u\\, v)$, so the first term of its error is a "
        "sum over rooted trees of that larger field: it is computed before anything is measured.\n\n"
        "Then the error is computed as a power series in $h$, step and flow each in exact arithmetic where the field has "
        "rational coefficients: what comes first is compared with the prediction. At 50 digits the slope over 12 halvings and "
        "its constant are measured beside it. Where the predicted coefficient is zero the method does better than the theorem "
        "says (superconvergence), which is then what is predicted.";
    complete(claim,
             "$\\lVert \\nabla_x \\Phi^{num}_{t,1}(x) - \\nabla_x \\Phi_{t,1}(x) \\rVert = O(h^{\\alpha+1})$ for one step, $h = "
             "1 - t$, of an explicit Runge–Kutta method of order $\\alpha$",
             {series_of, error_at, {}, "Error of the gradient of one step, along v"});
    return claim;
}

}  // namespace costate::claims
