// The template behind flow_gradient.hpp; included by the source file of each scalar.
#pragma once

#include "guidance/guide/flow_gradient.hpp"
#include "ode/gradient/methods.hpp"
#include "ode/solve.hpp"

#include <memory>

namespace costate::guidance {

namespace detail {

template <class T>
FlowGradient<T> make_flow_gradient(std::string_view name, const ode::Tableau& tableau) {
    FlowGradient<T> gradient;
    ode::with_gradient_method(name, [&]<class Method>(const Method& method) {
        using Workspace = typename Method::template Workspace<FlowModel<T>, T>;
        auto workspace = std::make_shared<Workspace>(tableau);
        gradient = [method, workspace](FlowModel<T>& model, const LossView<T>& loss, const T& t0, const T& t1, std::size_t steps, std::span<const T> x0,
                                       ode::GradientResult<T>& result) {
            method(model, loss, t0, t1, steps, x0, ode::GradientOptions{false, false}, *workspace, result);
        };
    });
    return gradient;
}

}  // namespace detail

template <class T>
std::vector<T> flow(FlowModel<T>& model, const ode::Tableau& tableau, const T& t0, const T& t1, std::size_t steps, std::span<const T> x0) {
    return ode::solve<T>(tableau, model, t0, t1, steps, x0);
}

}  // namespace costate::guidance
