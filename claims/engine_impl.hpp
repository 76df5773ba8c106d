// The bodies of claims/engine.hpp, for engine_*.cpp only.
#pragma once

#include "claims/engine.hpp"
#include "ode/gradient/methods.hpp"
#include "ode/path_loss.hpp"
#include "ode/solve.hpp"

#include <stdexcept>
#include <string>

namespace costate::claims {

template <class T>
std::vector<T> solve(const ode::Tableau& tableau, Field<T>& f, const std::type_identity_t<T>& t0, const std::type_identity_t<T>& t1,
                     std::size_t steps, In<T> x0) {
    std::vector<T> x1(x0.size());
    ode::StepWorkspace<T> ws;
    ode::solve<T>(ode::Coefficients<T>(tableau), f, ode::Grid<T>(t0, t1, steps), x0, x1, ws);
    return x1;
}

template <class T>
Tangent<T> solve_tangent(const ode::Tableau& tableau, Field<T>& f, const std::type_identity_t<T>& t0, const std::type_identity_t<T>& t1,
                         std::size_t steps, In<T> x0, In<T> x0_dot) {
    Tangent<T> state{{x0.begin(), x0.end()}, {x0_dot.begin(), x0_dot.end()}}, next = state;
    const ode::Coefficients<T> method(tableau);
    const ode::Grid<T> grid(t0, t1, steps);
    ode::StepWorkspace<T> ws;
    for (std::size_t n = 0; n < steps; ++n) {
        ode::step_jvp<T>(method, f, grid.at(n), grid.h, state.x1, nullptr, state.x1_dot, {}, next.x1, next.x1_dot, ws);
        std::swap(state, next);
    }
    return state;
}

template <class T>
ode::GradientResult<T> gradient(std::string_view method, Field<T>& f, const Loss<T>& loss, const ode::Tableau& tableau,
                                const std::type_identity_t<T>& t0, const std::type_identity_t<T>& t1, std::size_t steps, In<T> x0) {
    ode::GradientResult<T> result;
    ode::with_gradient_method(method, [&](const auto& m) { result = m(f, loss, tableau, t0, t1, steps, x0); });
    return result;
}

template <class T>
std::vector<T> solve(const ode::Tableau& tableau, Field<T>& f, const ode::TimeGrid<T>& grid, In<T> x0) {
    std::vector<T> x1(x0.size());
    ode::StepWorkspace<T> ws;
    ode::solve<T>(ode::Coefficients<T>(tableau), f, grid, x0, x1, ws);
    return x1;
}

template <class T>
ode::GradientResult<T> gradient_on_knots(std::string_view method, Field<T>& f, const std::vector<Loss<T>>& losses, const ode::Tableau& tableau,
                                         const ode::TimeGrid<T>& grid, In<T> x0) {
    const ode::SumOverKnots<T, Loss<T>> loss({losses.begin(), losses.end()});
    ode::GradientResult<T> result;
    const auto by = [&]<class Method>(const Method& m) {
        typename Method::template Workspace<Field<T>, T> ws(tableau);
        m(f, loss, grid, x0, ode::GradientOptions{}, ws, result);
    };
    if (method == ode::dto::Partner::name) by(ode::dto::Partner{});
    else if (method == ode::dto::StoreAll::name) by(ode::dto::StoreAll{});
    else throw std::invalid_argument("gradient_on_knots: there is no method '" + std::string(method) + "' here; dto and partner are");
    return result;
}

template <class T>
std::vector<T> solve_own_map(std::string_view method, Field<T>& f, const ode::Tableau& tableau, const std::type_identity_t<T>& t0,
                             const std::type_identity_t<T>& t1, std::size_t steps, In<T> x0) {
    std::vector<T> x1;
    ode::with_gradient_method(method, [&]<class Method>(const Method& m) {
        if constexpr (ode::has_own_map<Method>()) x1 = m.solve(f, tableau, T(t0), t1, steps, x0);
        else throw std::invalid_argument("the gradient method '" + std::string(method) + "' has no solver of its own");
    });
    return x1;
}

template <class T>
std::vector<T> discrete_jacobian(const ode::Tableau& tableau, Field<T>& f, const std::type_identity_t<T>& t0,
                                 const std::type_identity_t<T>& t1, std::size_t steps, In<T> x0) {
    std::vector<T> jacobian;
    for (std::size_t i = 0; i < x0.size(); ++i) {
        std::vector<T> unit(x0.size(), T(0));
        unit[i] = T(1);
        const auto row = ode::dto::StoreAll{}(f, ode::any_loss<T>(ode::LinearFunctional<T>(unit)), tableau, T(t0), t1, steps, x0,
                                              ode::GradientOptions{false, false});
        jacobian.insert(jacobian.end(), row.x_bar.begin(), row.x_bar.end());
    }
    return jacobian;
}

}  // namespace costate::claims
