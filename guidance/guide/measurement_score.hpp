// How a linear measurement bends the flow: the score of y given x(t) with a Gaussian about x̂₁, in the two forms of ΠGDM and OT-ODE.
#pragma once

#include "guidance/guide/flow_model.hpp"
#include "guidance/guide/objective.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace costate::guidance {

/// The sentence of a method for y = Hx + n that is given something else, without its name.
[[nodiscard]] std::string measurement_wanted();

/// Why such a method cannot do this task; nothing where it can.
template <class T>
std::optional<std::string> lacks_measurement(const Objective<T>& objective) {
    return objective.measurement() == nullptr ? std::optional(measurement_wanted()) : std::nullopt;
}

/// Throws std::invalid_argument with the method's name and that sentence.
template <class T>
const Measurement<T>& required_measurement(std::string_view method, const Objective<T>& objective) {
    if (objective.measurement() == nullptr) throw std::invalid_argument(std::string(method) + ": " + measurement_wanted());
    return *objective.measurement();
}

/// ∇ₓ log p(y | x) for X₁ | x ~ N(x̂₁, s²I), s² = σ²/(α² + σ²), s held fixed:
///   b = JᵀHᵀ(s²HHᵀ + σ_y²I)⁻¹(y - Hx̂₁),  J = ∂x̂₁/∂x
/// which is exact for X₁ ~ N(m, I). One evaluation and one vjp. Refers to model and measurement, which outlive it.
template <class T>
class MeasurementScore {
public:
    MeasurementScore(FlowModel<T>& model, const Measurement<T>& measurement)
        : model_(&model), measurement_(&measurement), estimate_(model.dim()), pulled_(model.dim()), score_(model.dim()), residual_(measurement.y.size()),
          solved_(measurement.y.size()) {}

    [[nodiscard]] const AnyPath& path() const { return model_->path(); }
    /// x̂₁ and b at (t, x): valid until the next call.
    void at(const T& t, std::span<const T> x) {
        const PathPoint<T> p = guidance::at<T>(path(), t);
        const double s2 = static_cast<double>(p.sigma2 / (p.alpha * p.alpha + p.sigma2)), sigma_y = static_cast<double>(measurement_->sigma_y);
        const LinearOperator<T>& H = measurement_->H;
        model_->denoise(t, x, std::span<T>(estimate_), record_);
        H.apply(std::span<const T>(estimate_), std::span<T>(residual_));
        for (std::size_t i = 0; i < residual_.size(); ++i) residual_[i] = measurement_->y[i] - residual_[i];
        H.solve(s2, sigma_y * sigma_y, std::span<const T>(residual_), std::span<T>(solved_));
        H.transposed(std::span<const T>(solved_), std::span<T>(pulled_));
        std::fill(score_.begin(), score_.end(), T(0));
        model_->pullback(record_, std::span<const T>(pulled_), std::span<T>(score_));
    }
    [[nodiscard]] std::span<const T> estimate() const { return estimate_; }
    [[nodiscard]] std::span<const T> score() const { return score_; }
    [[nodiscard]] std::size_t bytes() const {
        return record_.bytes() + (estimate_.size() + pulled_.size() + score_.size() + residual_.size() + solved_.size()) * sizeof(T);
    }

private:
    FlowModel<T>* model_;
    const Measurement<T>* measurement_;
    typename FlowModel<T>::Record record_{};
    std::vector<T> estimate_, pulled_, score_, residual_, solved_;
};

/// The model's u where α = 0 and y says nothing yet about x; else the u of ε̂ - σ c b, ε̂ = (x - αx̂₁)/σ: b added to the score, c times (ΠGDM).
template <class T>
void pigdm_velocity(MeasurementScore<T>& b, const T& c, const T& t, std::span<const T> x, std::span<T> u) {
    b.at(t, x);
    const std::span<const T> x1hat = b.estimate(), score = b.score();
    const PathPoint<T> p = at<T>(b.path(), t);
    if (p.alpha == T(0)) {
        const Affine<T> plain = velocity_from_x1<T>(b.path(), t);
        for (std::size_t i = 0; i < x.size(); ++i) u[i] = plain.on_x * x[i] + plain.on_n * x1hat[i];
        return;
    }
    const Affine<T> noise = epsilon_from_x1<T>(b.path(), t), velocity = velocity_from_epsilon<T>(b.path(), t);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const T epsilon = noise.on_x * x[i] + noise.on_n * x1hat[i] - p.sigma() * c * score[i];
        u[i] = velocity.on_x * x[i] + velocity.on_n * epsilon;
    }
}

/// u + γ σ² (log α/σ)' b, on Cond-OT u + γ (1 - t)/t b; u alone where α = 0 (OT-ODE).
template <class T>
void ot_ode_velocity(MeasurementScore<T>& b, const T& gamma, const T& t, std::span<const T> x, std::span<T> u) {
    b.at(t, x);
    const PathPoint<T> p = at<T>(b.path(), t);
    const Affine<T> plain = velocity_from_x1<T>(b.path(), t);
    const T weight = p.alpha == T(0) ? T(0) : gamma * (p.sigma2 * p.alpha_dot / p.alpha - p.sigma2_dot / T(2));
    for (std::size_t i = 0; i < x.size(); ++i) u[i] = plain.on_x * x[i] + plain.on_n * b.estimate()[i] + weight * b.score()[i];
}

}  // namespace costate::guidance
