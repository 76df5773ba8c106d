// A field behind std::function: many test fields, one instantiation of the solvers.
#pragma once

#include "ode/fields/scalar_field.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace costate::testing {

template <class T>
struct AnyField {
    using In = std::span<const T>;
    using Out = std::span<T>;

    std::size_t dimension, parameters;
    std::function<void(const T&, In, Out)> value;
    std::function<void(const T&, In, In, Out, Out, T&)> reverse;
    std::function<void(const T&, In, const T&, In, In, Out, Out)> forward;
    std::size_t evaluations = 0, vjps = 0;

    [[nodiscard]] std::size_t dim() const { return dimension; }
    [[nodiscard]] std::size_t parameter_count() const { return parameters; }
    void operator()(const T& t, In x, Out dx) {
        ++evaluations;
        value(t, x, dx);
    }
    void vjp(const T& t, In x, In lambda, Out x_bar, Out theta_bar, T& t_bar) {
        ++vjps;
        reverse(t, x, lambda, x_bar, theta_bar, t_bar);
    }
    void jvp(const T& t, In x, const T& t_dot, In x_dot, In theta_dot, Out dx, Out dx_dot) { forward(t, x, t_dot, x_dot, theta_dot, dx, dx_dot); }
};

/// Any DifferentiableField, copied.
template <class T, class F>
AnyField<T> any(F field) {
    auto f = std::make_shared<F>(std::move(field));
    return {f->dim(), f->parameter_count(), [f](auto&&... a) { (*f)(a...); }, [f](auto&&... a) { f->vjp(a...); }, [f](auto&&... a) { f->jvp(a...); }};
}

/// A named field's equation with these parameters.
template <class Field, class T>
AnyField<T> any_scalar(std::vector<T> parameters) {
    return any<T>(ode::ScalarField<Field, T>(std::move(parameters)));
}

}  // namespace costate::testing
