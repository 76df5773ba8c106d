// ẋ = f(t, x; θ) and L(x₁) behind std::function: many fields and losses, one instantiation of the solvers.
#pragma once

#include "ode/loss.hpp"
#include "ode/vector_field.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <utility>

namespace costate::ode {

/// A DifferentiableField<T> by value. Copies share the field they were made from, and with it that field's scratch: one thread at a time.
template <class T>
struct AnyField {
    using In = std::span<const T>;
    using Out = std::span<T>;

    std::size_t dimension = 0, parameters = 0;
    std::function<void(const T&, In, Out)> value;
    std::function<void(const T&, In, In, Out, Out, T&)> reverse;           ///< as vjp
    std::function<void(const T&, In, const T&, In, In, Out, Out)> forward;  ///< as jvp
    std::size_t evaluations = 0, vjps = 0;                                  ///< calls so far

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

/// Takes the field over.
template <class T, class F>
    requires DifferentiableField<F, T>
AnyField<T> any_field(F field) {
    auto f = std::make_shared<F>(std::move(field));
    return {f->dim(), f->parameter_count(), [f](auto&&... a) { (*f)(a...); }, [f](auto&&... a) { f->vjp(a...); }, [f](auto&&... a) { f->jvp(a...); }};
}

/// A TerminalLoss<T> by value.
template <class T>
struct AnyLoss {
    std::function<T(std::span<const T>)> value;
    std::function<void(std::span<const T>, std::span<T>)> slope;  ///< x̄ = ∇ℓ(x₁), assigned

    [[nodiscard]] T operator()(std::span<const T> x1) const { return value(x1); }
    void gradient(std::span<const T> x1, std::span<T> x_bar) const { slope(x1, x_bar); }
};

/// Takes the loss over.
template <class T, class L>
    requires TerminalLoss<L, T>
AnyLoss<T> any_loss(L loss) {
    auto l = std::make_shared<const L>(std::move(loss));
    return {[l](std::span<const T> x1) { return T((*l)(x1)); }, [l](std::span<const T> x1, std::span<T> x_bar) { l->gradient(x1, x_bar); }};
}

}  // namespace costate::ode
