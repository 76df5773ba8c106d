// f(t, x; θ) in single precision inside a solver in double precision.
#pragma once

#include "ode/vector_field.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace costate::ode {

/// f(t, x) = up(n(down t, down x)) for a RecordingField<Low> n: a RecordingField<High>. Steps, stages and λ are in High; what the field computes,
/// also its products, is in Low, and so is its record. θ̄ and t̄ of one call come from Low; the sums over calls are in High.
/// The gradient is that of the computed steps up to Low's rounding, also where the roundings down are concerned: their derivative is taken as 1.
/// Owns a copy of n and scratch: one a thread. Allocates nothing once warm for a size.
template <class Narrow, class High = double, class Low = float>
    requires RecordingField<Narrow, Low>
class MixedField {
public:
    using Record = typename Narrow::Record;

    explicit MixedField(Narrow narrow) : narrow_(std::move(narrow)) {}

    [[nodiscard]] std::size_t dim() const { return narrow_.dim(); }
    [[nodiscard]] std::size_t parameter_count() const { return narrow_.parameter_count(); }
    [[nodiscard]] Record make_record() { return narrow_.make_record(); }
    [[nodiscard]] const Narrow& narrow() const { return narrow_; }

    /// dx = f(t, x).
    void operator()(const High& t, std::span<const High> x, std::span<High> dx) {
        narrow_(static_cast<Low>(t), down(x, x_), room(dx.size(), dx_));
        assign(dx_, dx);
    }

    /// dx = f(t, x), keeping in `record` what pullback needs.
    void forward(const High& t, std::span<const High> x, std::span<High> dx, Record& record) {
        narrow_.forward(static_cast<Low>(t), down(x, x_), room(dx.size(), dx_), record);
        assign(dx_, dx);
    }

    /// x̄ += λᵀ∂f/∂x, θ̄ += λᵀ∂f/∂θ, t̄ += λᵀ∂f/∂t at the recorded (t, x).
    void pullback(const Record& record, std::span<const High> lambda, std::span<High> x_bar, std::span<High> theta_bar, High& t_bar) {
        Low t_bar_low(0);
        const auto lambda_low = down(lambda, lambda_);
        narrow_.pullback(record, lambda_low, zeros(x_bar.size(), x_bar_), zeros(theta_bar.size(), theta_bar_), t_bar_low);
        add(t_bar_low, x_bar, theta_bar, t_bar);
    }

    /// The same at (t, x).
    void vjp(const High& t, std::span<const High> x, std::span<const High> lambda, std::span<High> x_bar, std::span<High> theta_bar, High& t_bar) {
        Low t_bar_low(0);
        const auto x_low = down(x, x_), lambda_low = down(lambda, lambda_);
        narrow_.vjp(static_cast<Low>(t), x_low, lambda_low, zeros(x_bar.size(), x_bar_), zeros(theta_bar.size(), theta_bar_), t_bar_low);
        add(t_bar_low, x_bar, theta_bar, t_bar);
    }

    /// dx = f(t, x), dẋ = ∂f/∂x ẋ + ∂f/∂t ṫ + ∂f/∂θ θ̇.
    void jvp(const High& t, std::span<const High> x, const High& t_dot, std::span<const High> x_dot, std::span<const High> theta_dot,
             std::span<High> dx, std::span<High> dx_dot) {
        const auto x_low = down(x, x_), x_dot_low = down(x_dot, lambda_), theta_dot_low = down(theta_dot, theta_bar_);
        narrow_.jvp(static_cast<Low>(t), x_low, static_cast<Low>(t_dot), x_dot_low, theta_dot_low, room(dx.size(), dx_), room(dx_dot.size(), x_bar_));
        assign(dx_, dx);
        assign(x_bar_, dx_dot);
    }

private:
    static std::span<const Low> down(std::span<const High> values, std::vector<Low>& to) {
        to.resize(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) to[i] = static_cast<Low>(values[i]);
        return to;
    }
    static std::span<Low> room(std::size_t size, std::vector<Low>& values) {
        values.resize(size);
        return values;
    }
    static std::span<Low> zeros(std::size_t size, std::vector<Low>& values) {
        values.assign(size, Low(0));
        return values;
    }
    static void assign(const std::vector<Low>& from, std::span<High> to) {
        for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<High>(from[i]);
    }
    void add(const Low& t_bar_low, std::span<High> x_bar, std::span<High> theta_bar, High& t_bar) const {
        for (std::size_t i = 0; i < x_bar.size(); ++i) x_bar[i] += static_cast<High>(x_bar_[i]);
        for (std::size_t i = 0; i < theta_bar.size(); ++i) theta_bar[i] += static_cast<High>(theta_bar_[i]);
        t_bar += static_cast<High>(t_bar_low);
    }

    Narrow narrow_;
    std::vector<Low> x_, dx_, lambda_, x_bar_, theta_bar_;
};

}  // namespace costate::ode
