// ∇L of the end of a flow by any gradient method, by name: compiled once a scalar, whatever guides with it.
#pragma once

#include "guidance/guide/end_loss.hpp"
#include "ode/gradient/result.hpp"
#include "ode/loss.hpp"
#include "ode/tableau.hpp"

#include <concepts>
#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace costate::guidance {

/// Any TerminalLoss by reference, EndLoss or a costate: gradient methods are compiled for this one. The loss outlives it.
template <class T>
class LossView {
public:
    template <ode::TerminalLoss<T> L>
        requires(!std::same_as<L, LossView>)
    LossView(const L& loss)  // NOLINT(google-explicit-constructor): a view
        : loss_(&loss),
          value_([](const void* l, std::span<const T> x) -> T { return (*static_cast<const L*>(l))(x); }),
          gradient_([](const void* l, std::span<const T> x, std::span<T> x_bar) { static_cast<const L*>(l)->gradient(x, x_bar); }) {}

    [[nodiscard]] T operator()(std::span<const T> x) const { return value_(loss_, x); }
    void gradient(std::span<const T> x, std::span<T> x_bar) const { gradient_(loss_, x, x_bar); }

private:
    const void* loss_;
    T (*value_)(const void*, std::span<const T>);
    void (*gradient_)(const void*, std::span<const T>, std::span<T>);
};

/// gradient(model, loss, t₀, t₁, steps, x₀, result): equal steps of the tableau from t₀ to t₁; result.x_bar = ∇_{x₀}L, result.loss, result.x1. Keeps its
/// workspace between calls: one a thread.
template <class T>
using FlowGradient = std::function<void(FlowModel<T>&, const LossView<T>&, const T&, const T&, std::size_t, std::span<const T>, ode::GradientResult<T>&)>;

/// By the name of a gradient method, "dto", "binomial:4", "backsolve" (costate list methods).
/// Throws std::invalid_argument with a sentence for an unknown name or an implicit tableau.
template <class T>
FlowGradient<T> flow_gradient(std::string_view method, const ode::Tableau& tableau);

template <>
FlowGradient<float> flow_gradient(std::string_view method, const ode::Tableau& tableau);
template <>
FlowGradient<double> flow_gradient(std::string_view method, const ode::Tableau& tableau);

/// x(t₁) from x(t₀) by equal steps; t₁ < t₀ goes backwards.
template <class T>
std::vector<T> flow(FlowModel<T>& model, const ode::Tableau& tableau, const T& t0, const T& t1, std::size_t steps, std::span<const T> x0);

extern template std::vector<float> flow(FlowModel<float>&, const ode::Tableau&, const float&, const float&, std::size_t, std::span<const float>);
extern template std::vector<double> flow(FlowModel<double>&, const ode::Tableau&, const double&, const double&, std::size_t, std::span<const double>);

}  // namespace costate::guidance
