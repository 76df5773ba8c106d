// What optimize-then-discretize methods share: the augmented state [x | λ | g] at t₁, what is read off at t₀, and what they keep.
#pragma once

#include "ode/adjoint.hpp"
#include "ode/gradient/discrete.hpp"
#include "ode/gradient/hermite.hpp"
#include "ode/gradient/method_name.hpp"
#include "ode/gradient/otd_parameters.hpp"
#include "ode/rooted_trees.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

namespace costate::ode::otd {

/// What ∇_θL by Gauss quadrature needs beside the method's own: the rule, both ends of the step and their slopes.
template <Scalar T>
struct GaussScratch {
    GaussRule<T> rule;
    std::vector<HermiteWeights<T>> at_nodes;
    std::vector<T> right, right_slope, left_slope, node;  // [x | λ]; λ alone where x is interpolated

    /// The ⌊(p+1)/2⌋-node rule of a tableau of order p, made once.
    void prepare(const Tableau& tableau) {
        if (rule.size() > 0) return;
        rule = gauss_nodes<T>((order(tableau) + 1) / 2);
        for (const T& tau : rule.nodes) at_nodes.emplace_back(tau);
    }
    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = 0;
        for (const std::vector<T>* v : {&rule.nodes, &rule.weights, &right, &right_slope, &left_slope, &node}) total += ode::detail::bytes_of(*v);
        return total + ode::detail::bytes_of(at_nodes);
    }
};

/// The forward states (and slopes) that the method keeps, the augmented state, λ at t₁, and the step's scratch. Serves one field.
template <class F, Scalar T>
struct Workspace {
    Coefficients<T> method;
    Tableau tableau;
    StepWorkspace<T> step;
    std::vector<T> states, slopes, augmented, lambda;
    std::vector<T> theta;                     // one node's λᵀ∂f/∂θ
    std::vector<T> stage, value;              // x where it is interpolated, f there
    std::vector<HermiteWeights<T>> at_stages;  // of x, counted from the left end
    GaussScratch<T> gauss;
    std::vector<AdjointField<F, T>> adjoint;  // at most one; kept so that its record stays warm
    std::vector<typename ode::detail::FieldRecord<F, T>::type> record;
    const F* field = nullptr;
    Cost calls;  // of the way back and of what the method adds to the way forward

    explicit Workspace(const Tableau& given) : method(given), tableau(given) {}

    /// The adjoint field of f, made anew only when f or the sizes change.
    AdjointField<F, T>& adjoint_of(F& f, std::size_t n, bool want_theta) {
        const std::size_t dim = 2 * n + (want_theta ? f.parameter_count() : 0);
        if (adjoint.empty() || field != &f || adjoint.front().dim() != dim) {
            adjoint.clear();
            adjoint.emplace_back(f, n, want_theta);
            field = &f;
        }
        return adjoint.front();
    }

    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = step.bytes() + gauss.bytes() + ode::detail::bytes_of(at_stages);
        for (const std::vector<T>* v : {&states, &slopes, &augmented, &lambda, &theta, &stage, &value}) total += ode::detail::bytes_of(*v);
        for (const AdjointField<F, T>& a : adjoint) total += a.bytes();
        for (const auto& r : record) total += ode::detail::record_bytes(r);
        return total;
    }
};

namespace detail {

template <class G, class T>
constexpr bool unequal = !std::is_same_v<G, Grid<T>>;

/// λᵀf(t, x), summed over the batch.
template <Scalar T, class F>
T pairing(F& f, const T& t, std::span<const T> x, std::span<const T> lambda, StepWorkspace<T>& ws) {
    ws.y.resize(x.size());
    f(t, x, ws.y);
    return kernels::dot<T>(lambda, std::span<const T>(ws.y).first(x.size()));
}

/// L, x₁, ∂L/∂t₁ = λ₁ᵀf(t₁, x₁), room for ∂L/∂s_k, and [x₁ | ∇L(x₁) | 0] in ws.augmented; without g where `theta` does not augment the state with it.
template <Scalar T, class F, class L, class G>
void start(F& f, const L& loss, const G& grid, std::span<const T> x1, const GradientOptions& options, Workspace<F, T>& ws,
           GradientResult<T>& result, ThetaBy theta = ThetaBy::augmented) {
    dto::detail::start_reverse<T>(f, loss, x1, options, ws.lambda, result);
    ws.augmented.assign(x1.begin(), x1.end());
    ws.augmented.insert(ws.augmented.end(), ws.lambda.begin(), ws.lambda.end());
    if (theta == ThetaBy::augmented) ws.augmented.resize(2 * x1.size() + result.theta_bar.size(), T(0));
    if (theta == ThetaBy::gauss && options.want_theta) ws.gauss.prepare(ws.tableau);
    ws.calls = {};
    result.knot_bars.assign(options.want_time && unequal<G, T> ? grid.knots() : 0, T(0));
    if (options.want_time) result.t1_bar = pairing<T>(f, grid.last(), x1, ws.lambda, ws.step);
}

/// λ += ∇ℓ_k(x_n) in ws.augmented and s̄_k = ∇ℓ_kᵀf(s_k, x_n), where x_n, at a node between the ends, is met by a term of the loss; says whether it is.
template <Scalar T, class F, class L, class G>
bool meet(F& f, const L& loss, const G& grid, std::size_t n, const GradientOptions& options, Workspace<F, T>& ws, GradientResult<T>& result) {
    const std::size_t size = result.x1.size();
    const std::span<T> augmented = ws.augmented;
    if (n == 0 || !dto::detail::jump<T>(loss, grid, n, augmented.first(size), augmented.subspan(size, size), ws.step, result)) return false;
    if (options.want_time && unequal<G, T>) {
        result.knot_bars[*grid.knot_at(n)] = pairing<T>(f, grid.at(n), augmented.first(size), ws.step.scratch, ws.step);
        ++ws.calls.evaluations;
    }
    return true;
}

/// ∇ₓL = λ(t₀), ∇_θL = g(t₀) where that is a part of the augmented state, ∂L/∂t₀ = −λ(t₀)ᵀf(t₀, x₀), and the cost:
/// `forward` steps of s stages, and what the way back has counted.
template <Scalar T, class F, class L, class G>
void finish(F& f, const L& loss, const G& grid, View<T> x0, const GradientOptions& options, std::size_t forward, Workspace<F, T>& ws,
            GradientResult<T>& result) {
    const std::span<const T> augmented = ws.augmented, lambda = augmented.subspan(x0.size(), x0.size()),
                             g = augmented.subspan(2 * x0.size());
    result.x_bar.assign(lambda.begin(), lambda.end());
    std::copy(g.begin(), g.end(), result.theta_bar.begin());
    if (options.want_time) result.t0_bar = -pairing<T>(f, grid.first(), x0, lambda, ws.step);
    if (!result.knot_bars.empty()) {
        result.knot_bars.front() = result.t0_bar;
        result.knot_bars.back() = result.t1_bar;
    }
    dto::detail::jump<T>(loss, grid, 0, x0, result.x_bar, ws.step, result);
    result.cost = {forward * ws.method.stages + ws.calls.evaluations + (options.want_time ? 2u : 0u), ws.calls.vjps, 0, ws.bytes()};
}

}  // namespace detail
}  // namespace costate::ode::otd
