// L of the end of a flow: what gradient methods differentiate when they guide.
#pragma once

#include "guidance/guide/flow_model.hpp"
#include "guidance/guide/objective.hpp"

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::guidance {

/// How a loss is put to an optimiser: L itself, or 10 log₁₀ of a measurement's mean square, −PSNR up to a constant (D-Flow's recipe).
enum class LossScale { plain, minus_psnr };

/// A TerminalLoss: L(end(x(t₁))), where end is x̂₁(t₁, ·) for a model that stops earlier than 1 and the identity otherwise. Refers to model and
/// objective, which outlive it. What it was last called with is kept, so that the loss and its gradient at one place cost one evaluation.
template <class T>
class EndLoss {
public:
    EndLoss(FlowModel<T>& model, Objective<T>& objective, LossScale scale = LossScale::plain) : model_(&model), objective_(&objective), scale_(scale) {}

    [[nodiscard]] T operator()(std::span<const T> x) const {
        evaluate(x);
        return loss_;
    }
    /// x̄ = ∇L(x), assigned.
    void gradient(std::span<const T> x, std::span<T> x_bar) const {
        evaluate(x);
        if (!model_->ends_with_estimate()) {
            std::copy(slope_.begin(), slope_.end(), x_bar.begin());
            return;
        }
        std::fill(x_bar.begin(), x_bar.end(), T(0));
        model_->pullback(record_, std::span<const T>(slope_), x_bar);
    }
    /// The sample that x(t₁) = x stands for.
    [[nodiscard]] std::span<const T> sample(std::span<const T> x) const {
        evaluate(x);
        return end_;
    }
    /// L of the sample, whatever the scale.
    [[nodiscard]] T plain(std::span<const T> x) const {
        evaluate(x);
        return plain_;
    }

private:
    void evaluate(std::span<const T> x) const {
        if (at_.size() == x.size() && std::equal(x.begin(), x.end(), at_.begin())) return;
        end_.assign(x.begin(), x.end());
        if (model_->ends_with_estimate()) model_->denoise(model_->t1(), x, std::span<T>(end_), record_);
        slope_.resize(x.size());
        plain_ = loss_ = objective_->gradient(std::span<const T>(end_), std::span<T>(slope_));
        const Measurement<T>* measurement = objective_->measurement();
        if (scale_ == LossScale::minus_psnr && measurement != nullptr) {
            const T mean_square = T(2) * plain_ / (static_cast<T>(measurement->weight) * static_cast<T>(measurement->y.size()));
            loss_ = T(10) * std::log10(mean_square);
            const T rate = T(10) / (std::log(T(10)) * plain_);
            for (T& value : slope_) value *= rate;
        }
        at_.assign(x.begin(), x.end());
    }

    FlowModel<T>* model_;
    Objective<T>* objective_;
    LossScale scale_;
    mutable typename FlowModel<T>::Record record_{};
    mutable std::vector<T> at_{}, end_{}, slope_{};
    mutable T loss_{}, plain_{};
};

}  // namespace costate::guidance
