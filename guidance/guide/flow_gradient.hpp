// ∇L of the end of a flow by any gradient method, by name: compiled once a scalar, whatever guides with it.
#pragma once

#include "guidance/guide/end_loss.hpp"
#include "ode/gradient/result.hpp"
#include "ode/tableau.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace costate::guidance {

/// gradient(model, loss, t₀, t₁, steps, x₀, result): equal steps of the tableau from t₀ to t₁; result.x_bar = ∇_{x₀}L, result.loss, result.x1. Keeps its
/// workspace between calls: one a thread.
template <class T>
using FlowGradient = std::function<void(FlowModel<T>&, const EndLoss<T>&, const T&, const T&, std::size_t, std::span<const T>, ode::GradientResult<T>&)>;

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
