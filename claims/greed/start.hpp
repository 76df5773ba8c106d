// Where the claims on the greedy gradient begin, and what their theorems ask of model, loss and path.
#pragma once

#include "claims/greed/ahead.hpp"
#include "claims/hypotheses.hpp"
#include "claims/networks.hpp"
#include "claims/measure/slope.hpp"
#include "guidance/paths/conversions.hpp"

#include <string>
#include <utility>
#include <vector>

namespace costate::claims::ahead {

/// A model at t = 3/5, a state x and a second vector y (the target of a loss, or the adjoint that comes in): rational numbers.
template <class T>
struct Start {
    Model<T> model;
    std::vector<T> x, y;
    T t;
    Place<T> from, to;  ///< at t and at the end of the path
};

template <class T>
Start<T> start_of(Model<T> model, const Setting& setting) {
    const std::size_t d = model.x1hat.dim();
    const T t = start_time<T>();
    return {std::move(model),
            numbers_in<T>(rational_numbers(setting.seed, 3, d)),
            numbers_in<T>(rational_numbers(setting.seed, 4, d)),
            t,
            place_at<T>(setting.path, t),
            place_at<T>(setting.path, T(1))};
}

/// run.template operator()<T>() in the scalar of the strongest proof: ℚ where the model has values there, else 50 digits, double for a
/// network that is too large for them.
template <class Run>
Evidence in_scalar(const Setting& setting, const Run& run) {
    if (setting.field == "network" && !fifty_digits_affordable(setting)) return run.template operator()<double>();
    return exact_here(setting) ? run.template operator()<Rational>() : run.template operator()<Mpfr50>();
}

/// $u_t = E[α' X₁ + σ' X₀ | X_t = x]$, the model trained to zero loss: its velocity against its denoiser at one state.
template <class T>
Hypothesis trained(Model<T>& model, const T& t, In<T> x) {
    const std::vector<T> u = value<T>(model.velocity, t, x), guess = value<T>(model.x1hat, t, x);
    const guidance::Affine<T> from = guidance::velocity_from_x1<T>(model.path, t);
    std::vector<T> conditional(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) conditional[i] = from.on_x * x[i] + from.on_n * guess[i];
    const Finding same = equality<T>("", "", u, conditional);
    return {"trained to zero loss: $u_t(x) = \\mathbb{E}[\\dot\\alpha X_1 + \\dot\\sigma X_0 | X_t = x]$ with $\\hat{x}_1$ for "
            "the mean",
            "velocity and denoiser: " + same.measured, same.holds};
}

/// $L ∈ C¹$: (L(x + v) - L(x - v))/2 = ∇L(x)·v for all v where L is a polynomial of degree 2, with v = x here.
template <class T>
Hypothesis differentiable(const Loss<T>& loss, const std::vector<T>& x) {
    const std::vector<T> none(x.size(), T(0));
    std::vector<T> twice = x, slope(x.size());
    for (T& v : twice) v = T(2) * v;
    loss.gradient(x, slope);
    T along(0);
    for (std::size_t i = 0; i < x.size(); ++i) along += slope[i] * x[i];
    const Finding same = equality<T>("", "", std::vector<T>{T(loss(twice) - loss(none)) / T(2)}, std::vector<T>{along});
    return {"$L$ is continuously differentiable, its gradient $\\nabla L$",
            "of degree 2 at most: $\\frac{1}{2}(L(2x) - L(0))$ and $\\nabla L(x) \\cdot x$: " + same.measured, same.holds};
}

/// What the theorems on the greedy gradient ask for, at the start of the run.
template <class T>
void add_hypotheses(Evidence& evidence, const Setting& setting, Start<T>& start, const Loss<T>& loss) {
    evidence.hypotheses.push_back(noise_left(start.model.path, ScalarTraits<T>::to_double(start.t)));
    evidence.hypotheses.push_back(trained<T>(start.model, start.t, start.x));
    evidence.hypotheses.push_back(differentiable<T>(loss, start.x));
    evidence.hypotheses.push_back(smoothness(setting, 1));
    evidence.hypotheses.back().decides = setting.field != "network";  // one state is looked at, where a kink need not be
}

/// The settings of the claims on one Euler step.
Axes axes_of_one_euler_step();

}  // namespace costate::claims::ahead
