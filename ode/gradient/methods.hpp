// The list of gradient methods: adding one touches its file, its test, and this list.
#pragma once

#include "ode/gradient/backsolve.hpp"
#include "ode/gradient/checkpointed.hpp"
#include "ode/gradient/forward_sensitivities.hpp"
#include "ode/gradient/interpolating.hpp"
#include "ode/gradient/leapfrog.hpp"
#include "ode/gradient/mccallum_foster.hpp"
#include "ode/gradient/method_name.hpp"
#include "ode/gradient/partner.hpp"
#include "ode/gradient/resolve.hpp"
#include "ode/gradient/reversible_heun.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/gradient/stored_states.hpp"
#include "ode/gradient/within_memory.hpp"

#include <concepts>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace costate::ode {

/// method(f, loss, tableau, t₀, t₁, steps, x₀, options) → GradientResult, a name, what it means, whether it differentiates the
/// discrete map itself, and the order at which it tends to the continuous gradient. A method is a value: what it depends on beside
/// the tableau (slots of a checkpoint schedule, …) is in it and in its name, and a default-constructed one is a sensible choice.
template <class M, class F, class L, class T>
concept GradientMethod = requires(const M& method, F& f, const L& loss, const Tableau& tableau, const T& t, std::size_t steps,
                                  View<T> x0) {
    { M::name } -> std::convertible_to<std::string_view>;
    { M::meaning } -> std::convertible_to<std::string_view>;
    { M::discrete } -> std::convertible_to<bool>;
    { M::predicted_order(tableau) } -> std::convertible_to<std::size_t>;
    { method(f, loss, tableau, t, t, steps, x0, GradientOptions{}) } -> std::same_as<GradientResult<T>>;
};

using GradientMethods = std::tuple<dto::StoreAll, dto::Partner, dto::Checkpointed, dto::WithinMemory, otd::Backsolve, otd::StoredStates, otd::Interpolating, otd::Resolve,
                                   ForwardSensitivities, reversible::McCallumFoster, reversible::AsynchronousLeapfrog, reversible::ReversibleHeun>;

/// Whether the method solves by a scheme of its own, so that its x₁ is not the tableau's and method.store_all is its measure.
template <class M>
constexpr bool has_own_map() {
    if constexpr (requires { M::own_map; }) return M::own_map;
    else return false;
}

/// The one tableau under which a method is listed that no tableau changes; "" for all others.
template <class M>
constexpr std::string_view only_tableau() {
    if constexpr (requires { M::only_tableau; }) return M::only_tableau;
    else return "";
}

namespace detail {

/// A type of methods that are spelled with parameters, or of several names: M::names, and M::named(base, parameters), which is nothing
/// when base is none of them.
template <class M>
concept Spelled = requires(std::string_view base, std::span<const std::string_view> parameters) {
    M::names.size();
    { M::named(base, parameters) } -> std::same_as<std::optional<M>>;
};

template <class M>
std::optional<M> method_named(std::string_view base, std::span<const std::string_view> parameters) {
    if constexpr (Spelled<M>) {
        return M::named(base, parameters);
    } else {
        if (base != M::name) return std::nullopt;
        check_parameter_count(base, parameters, 0);
        return M{};
    }
}

}  // namespace detail

/// visit(method) for every type of the list, in its order, with the parameters that it has by default.
template <class Visit>
void for_each_gradient_method(Visit&& visit) {
    std::apply([&](const auto&... method) { (visit(method), ...); }, GradientMethods{});
}

/// Every name of the list, in its order.
inline std::vector<MethodName> gradient_methods() {
    std::vector<MethodName> list;
    for_each_gradient_method([&]<class M>(const M&) {
        if constexpr (detail::Spelled<M>) list.insert(list.end(), M::names.begin(), M::names.end());
        else list.push_back({M::name, "", M::meaning});
    });
    return list;
}

/// visit(method) for the method of that spelling, "dto" or "binomial:8". Throws std::invalid_argument with the list of known names, or a sentence
/// on the parameters.
template <class Visit>
void with_gradient_method(std::string_view spelling, Visit&& visit) {
    const std::vector<std::string_view> parts = split_spelling(spelling);
    const auto parameters = std::span(parts).subspan(1);
    bool found = false;
    for_each_gradient_method([&]<class M>(const M&) {
        if (found) return;
        const std::optional<M> method = detail::method_named<M>(parts.front(), parameters);
        if (!method) return;
        found = true;
        visit(*method);
    });
    if (found) return;
    std::string known;
    for (const MethodName& method : gradient_methods()) known += (known.empty() ? "" : ", ") + std::string(method.base);
    throw std::invalid_argument("there is no gradient method named '" + std::string(spelling) + "'; known are " + known);
}

}  // namespace costate::ode
