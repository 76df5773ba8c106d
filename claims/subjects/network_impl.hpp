// The bodies of network_field and network_output, for subjects/network*.cpp only: u = a(t) x + b(t) n(t, x), the flow of a network's output n, whole or
// between the times at which a and b are finite.
#pragma once

#include "claims/networks.hpp"
#include "guidance/fields/velocity_of.hpp"
#include "nn/network.hpp"

#include <span>
#include <utility>
#include <vector>

namespace costate::claims {

namespace detail {

// F(s, x) = (t₁ - t₀) u(t₀ + s (t₁ - t₀), x), s in [0, 1]
template <class T, class Velocity>
struct UnitFlow {
    Velocity u;
    T t0, length;

    [[nodiscard]] std::size_t dim() const { return u.dim(); }
    [[nodiscard]] std::size_t parameter_count() const { return u.parameter_count(); }
    void operator()(const T& s, std::span<const T> x, std::span<T> dx) {
        u(time(s), x, dx);
        for (T& value : dx) value *= length;
    }
    void vjp(const T& s, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T& s_bar) {
        std::vector<T> scaled(lambda.begin(), lambda.end());
        for (T& value : scaled) value *= length;
        T t_bar(0);
        u.vjp(time(s), x, scaled, x_bar, theta_bar, t_bar);
        s_bar += length * t_bar;
    }
    void jvp(const T& s, std::span<const T> x, const T& s_dot, std::span<const T> x_dot, std::span<const T> theta_dot, std::span<T> dx,
             std::span<T> dx_dot) {
        u.jvp(time(s), x, T(length * s_dot), x_dot, theta_dot, dx, dx_dot);
        for (T& value : dx) value *= length;
        for (T& value : dx_dot) value *= length;
    }

private:
    [[nodiscard]] T time(const T& s) const { return t0 + s * length; }
};

template <class T>
autodiff::ProgramField<T> recorded(const nn::Network& network) {
    return autodiff::ProgramField<T>(nn::program<T>(network, {.frozen_parameters = true}));
}

}  // namespace detail

template <class T>
Field<T> network_output(const NetworkFile& file) {
    return ode::any_field<T>(detail::recorded<T>(load_network(file)));
}

template <class T>
Field<T> network_field(const Setting& setting) {
    const nn::Network network = load_network(*setting.model);
    using guidance::Parametrisation;
    const Parametrisation given = guidance::find_parametrisation(network.description.parametrisation);
    if (given == Parametrisation::velocity) return ode::any_field<T>(detail::recorded<T>(network));
    using Velocity = guidance::VelocityOf<autodiff::ProgramField<T>, T>;
    Velocity flow(detail::recorded<T>(network), given, setting.path);
    if (!setting.unit_flow) return ode::any_field<T>(std::move(flow));
    const RegularTimes times = regular_times(given, setting.path);
    return ode::any_field<T>(detail::UnitFlow<T, Velocity>{std::move(flow), from_rational<T>(times.t0), from_rational<T>(Rational(times.t1 - times.t0))});
}

}  // namespace costate::claims
