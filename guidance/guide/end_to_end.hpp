// L of the end of a flow as a function of its start: what optimisers minimise.
#pragma once

#include "guidance/guide/method.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace costate::guidance {

/// The solver that was asked for, else the method's own.
template <class T>
const ode::Tableau& tableau_of(const GuidanceProblem<T>& problem, std::string_view own) {
    return ode::find_tableau(problem.options.tableau.empty() ? own : std::string_view(problem.options.tableau));
}

/// x₀ ↦ L(Φ(x₀)), Φ by equal steps of a tableau from the model's t₀ to its t₁, ∇L by the gradient method of the options: an nn::Objective. Of the
/// places that were looked at it keeps the one that is offered with the smallest score.
template <class T>
class EndToEnd {
public:
    EndToEnd(GuidanceProblem<T>& problem, std::string_view tableau, std::size_t steps, LossScale scale = LossScale::plain)
        : problem_(&problem), tableau_(&tableau_of(problem, tableau)), steps_(problem.options.steps > 0 ? problem.options.steps : steps),
          loss_(problem.model, problem.objective, scale), gradient_(flow_gradient<T>(problem.options.gradient, *tableau_)) {}

    /// L(Φ(x₀)) in the scale that was asked for; slope is assigned its gradient.
    T operator()(std::span<const T> x0, std::span<T> slope) {
        FlowModel<T>& model = problem_->model;
        gradient_(model, loss_, model.t0(), model.t1(), steps_, x0, result_);
        std::copy(result_.x_bar.begin(), result_.x_bar.end(), slope.begin());
        peak_bytes_ = std::max(peak_bytes_, result_.cost.peak_bytes);
        x0_.assign(x0.begin(), x0.end());
        plain_ = loss_.plain(result_.x1);
        return result_.loss;
    }

    /// L where it was last called, whatever the scale.
    [[nodiscard]] T plain() const { return plain_; }
    /// Where it was last called: kept if the score is the smallest so far.
    void offer(T score) {
        if (!best_x0_.empty() && !std::isnan(score_) && !(score < score_)) return;
        score_ = score;
        best_ = plain_;
        best_x0_ = x0_;
        const std::span<const T> sample = loss_.sample(result_.x1);
        best_x_.assign(sample.begin(), sample.end());
    }
    /// L of what is kept.
    [[nodiscard]] T best() const { return best_; }

    /// Φ backwards: the x(t₀) whose end is x, up to the solver's error.
    [[nodiscard]] std::vector<T> backwards(std::vector<T> x) const {
        const T alpha = at<T>(problem_->model.path(), problem_->model.t1()).alpha;
        for (T& value : x) value *= alpha;
        return flow<T>(problem_->model, *tableau_, problem_->model.t1(), problem_->model.t0(), steps_, x);
    }

    /// The best sample; with keep_trajectory the solver's states towards it. `own_bytes`: what the optimiser holds.
    [[nodiscard]] GuidanceResult<T> result(std::size_t own_bytes) {
        GuidanceResult<T> result;
        if (problem_->options.keep_trajectory) result.trajectory = trajectory();
        result.x = std::move(best_x_);
        result.peak_bytes = peak_bytes_ + own_bytes + 3 * x0_.size() * sizeof(T);
        return result;
    }

private:
    [[nodiscard]] std::vector<std::vector<T>> trajectory() const {
        FlowModel<T>& model = problem_->model;
        std::vector<std::vector<T>> states{best_x0_};
        const T h = (model.t1() - model.t0()) / static_cast<T>(steps_);
        for (std::size_t n = 0; n < steps_; ++n) {
            const T t = model.t0() + static_cast<T>(n) * h, next = n + 1 == steps_ ? model.t1() : t + h;
            states.push_back(flow<T>(model, *tableau_, t, next, 1, states.back()));
        }
        if (model.ends_with_estimate()) states.emplace_back();
        states.back() = best_x_;
        return states;
    }

    GuidanceProblem<T>* problem_;
    const ode::Tableau* tableau_;
    std::size_t steps_;
    EndLoss<T> loss_;
    FlowGradient<T> gradient_;
    ode::GradientResult<T> result_;
    std::vector<T> x0_, best_x0_, best_x_;
    T plain_{}, best_{}, score_{};
    std::size_t peak_bytes_ = 0;
};

}  // namespace costate::guidance
