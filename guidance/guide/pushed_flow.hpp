// A flow that is pushed before every step: what FlowGrad, OC-Flow and a control signal share.
#pragma once

#include "guidance/guide/end_to_end.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace costate::guidance {

/// x_{j+1} = Ψ_j(x_j + w_j), j = 0 … N - 1, Ψ_j one step of a tableau from t_j to t_j + h, and λ_j = (∂Ψ_j)ᵀλ_{j+1}, λ_N = ∇L(x_N): then
/// ∂L/∂w_j = λ_j = ∇_{x_j}L. With w_j = h z(t_j) it is ẋ = u + z to the first order in h, and λ is its adjoint state. States are kept, and each step
/// is solved again by the gradient method of the options when it is differentiated: 2N evaluations and N vjps of a stage for one gradient.
template <class T>
class PushedFlow {
public:
    PushedFlow(GuidanceProblem<T>& problem, std::size_t steps, std::string_view tableau = "euler")
        : problem_(&problem), tableau_(&tableau_of(problem, tableau)), steps_(problem.options.steps > 0 ? problem.options.steps : steps),
          dim_(problem.model.dim()), loss_(problem.model, problem.objective), step_(flow_gradient<T>(problem.options.gradient, *tableau_)),
          start_(problem.start()), pushes_(steps_ * dim_), states_(steps_ * dim_), costates_(steps_ * dim_), end_(dim_) {}

    [[nodiscard]] std::size_t steps() const { return steps_; }
    [[nodiscard]] T h() const { return (problem_->model.t1() - problem_->model.t0()) / static_cast<T>(steps_); }
    /// w_j, to be written; 0 at first.
    [[nodiscard]] std::span<T> push(std::size_t j) { return std::span<T>(pushes_).subspan(j * dim_, dim_); }
    /// λ_j where it was last solved.
    [[nodiscard]] std::span<const T> costate(std::size_t j) const { return std::span<const T>(costates_).subspan(j * dim_, dim_); }

    /// L(x_N). Its sample is kept if that is the smallest so far.
    T solve() {
        std::vector<T> x = start_;
        for (std::size_t j = 0; j < steps_; ++j) {
            const std::span<T> kept = std::span<T>(states_).subspan(j * dim_, dim_), w = push(j);
            for (std::size_t i = 0; i < dim_; ++i) kept[i] = x[i] + w[i];
            x = flow<T>(problem_->model, *tableau_, at(j), at(j + 1), 1, kept);
        }
        end_ = std::move(x);
        const T loss = loss_.plain(end_);
        if (best_.empty() || std::isnan(smallest_) || loss < smallest_) keep(loss);
        return loss;
    }

    /// λ_{N-1} … λ_0 of the last solve.
    void differentiate() {
        std::vector<T> lambda(dim_);
        loss_.gradient(end_, lambda);
        for (std::size_t j = steps_; j-- > 0;) {
            const Costate along{lambda};
            step_(problem_->model, along, at(j), at(j + 1), 1, std::span<const T>(states_).subspan(j * dim_, dim_), result_);
            peak_bytes_ = std::max(peak_bytes_, result_.cost.peak_bytes);
            std::copy(result_.x_bar.begin(), result_.x_bar.end(), lambda.begin());
            std::copy(lambda.begin(), lambda.end(), costates_.begin() + static_cast<std::ptrdiff_t>(j * dim_));
        }
    }

    /// The best sample; with keep_trajectory the pushed states towards it.
    [[nodiscard]] GuidanceResult<T> result() {
        GuidanceResult<T> result;
        result.x = std::move(best_);
        result.trajectory = std::move(trajectory_);
        result.peak_bytes = peak_bytes_ + (pushes_.size() + states_.size() + costates_.size() + 3 * dim_) * sizeof(T);
        return result;
    }

private:
    /// λᵀx
    struct Costate {
        const std::vector<T>& lambda;
        [[nodiscard]] T operator()(std::span<const T> x) const {
            T sum(0);
            for (std::size_t i = 0; i < x.size(); ++i) sum += lambda[i] * x[i];
            return sum;
        }
        void gradient(std::span<const T>, std::span<T> x_bar) const { std::copy(lambda.begin(), lambda.end(), x_bar.begin()); }
    };

    [[nodiscard]] T at(std::size_t j) const { return j == steps_ ? problem_->model.t1() : problem_->model.t0() + static_cast<T>(j) * h(); }

    void keep(T loss) {
        smallest_ = loss;
        const std::span<const T> sample = loss_.sample(end_);
        best_.assign(sample.begin(), sample.end());
        if (!problem_->options.keep_trajectory) return;
        trajectory_.clear();
        for (std::size_t j = 0; j < steps_; ++j) trajectory_.emplace_back(states_.begin() + static_cast<std::ptrdiff_t>(j * dim_), states_.begin() + static_cast<std::ptrdiff_t>((j + 1) * dim_));
        trajectory_.push_back(best_);
    }

    GuidanceProblem<T>* problem_;
    const ode::Tableau* tableau_;
    std::size_t steps_, dim_;
    EndLoss<T> loss_;
    FlowGradient<T> step_;
    ode::GradientResult<T> result_;
    std::vector<T> start_, pushes_, states_, costates_, end_, best_;
    std::vector<std::vector<T>> trajectory_;
    T smallest_{};
    std::size_t peak_bytes_ = 0;
};

/// `iterations` times: solve, differentiate, update(pushed); then solve. The sample of the smallest loss.
template <class T, class Update>
GuidanceResult<T> descend(GuidanceProblem<T>& problem, PushedFlow<T>& pushed, std::size_t iterations, Update&& update) {
    std::string note;
    for (std::size_t n = 0;; ++n) {
        problem.watch(static_cast<double>(n) / static_cast<double>(iterations + 1));
        const T loss = pushed.solve();
        if (n == iterations) break;
        if (!std::isfinite(loss)) {
            note = "iteration " + std::to_string(n) + ": the loss is not finite; lower the rate";
            break;
        }
        pushed.differentiate();
        update();
    }
    GuidanceResult<T> result = pushed.result();
    result.note = std::move(note);
    return result;
}

}  // namespace costate::guidance
