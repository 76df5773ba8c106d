// The list of gradient methods: adding one touches its file, its test, and this list.
#pragma once

#include "ode/gradient/backsolve.hpp"
#include "ode/gradient/forward_sensitivities.hpp"
#include "ode/gradient/partner.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/gradient/stored_states.hpp"

#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace costate::ode {

/// method(f, loss, tableau, t₀, t₁, steps, x₀, options) → GradientResult, a name, what it means, whether it differentiates the
/// discrete map itself, and the order at which it tends to the
/// continuous gradient.
template <class M, class F, class L, class T>
concept GradientMethod = requires(const M& method, F& f, const L& loss, const Tableau& tableau, const T& t, std::size_t steps,
                                  View<T> x0) {
    { M::name } -> std::convertible_to<std::string_view>;
    { M::meaning } -> std::convertible_to<std::string_view>;
    { M::discrete } -> std::convertible_to<bool>;
    { M::predicted_order(tableau) } -> std::convertible_to<std::size_t>;
    { method(f, loss, tableau, t, t, steps, x0, GradientOptions{}) } -> std::same_as<GradientResult<T>>;
};

using GradientMethods = std::tuple<dto::StoreAll, dto::Partner, otd::Backsolve, otd::StoredStates, ForwardSensitivities>;

/// visit(method) for every method of the list, in its order.
template <class Visit>
void for_each_gradient_method(Visit&& visit) {
    std::apply([&](const auto&... method) { (visit(method), ...); }, GradientMethods{});
}

/// The names in the order of the list.
inline std::vector<std::string_view> gradient_method_names() {
    std::vector<std::string_view> names;
    for_each_gradient_method([&](const auto& method) { names.push_back(method.name); });
    return names;
}

/// visit(method) for the method of that name. Throws std::invalid_argument with the list of known names.
template <class Visit>
void with_gradient_method(std::string_view name, Visit&& visit) {
    bool found = false;
    std::string known;
    for_each_gradient_method([&](const auto& method) {
        known += (known.empty() ? "" : ", ") + std::string(method.name);
        if (method.name != name) return;
        found = true;
        visit(method);
    });
    if (!found) throw std::invalid_argument("there is no gradient method named '" + std::string(name) + "'; known are " + known);
}

}  // namespace costate::ode
