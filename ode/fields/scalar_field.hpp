// λᵀ∂f/∂x, λᵀ∂f/∂θ, λᵀ∂f/∂t of a named field by dual numbers: a DifferentiableField that needs no tape.
#pragma once

#include "ode/vector_field.hpp"
#include "scalar/dual.hpp"
#include "scalar/traits.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace costate::ode {

/// Field's equation with parameters θ in the scalar T, on a batch. One pass on Dual<T> an input wanted: meant for fields of a few variables.
template <class Field, Scalar T>
class ScalarField {
public:
    /// The field's own parameters.
    ScalarField() : ScalarField(defaults()) {}
    explicit ScalarField(std::vector<T> parameters)
        : parameters_(std::move(parameters)), x_(Field::dim), dx_(Field::dim) {
        for (const T& p : parameters_) p_.emplace_back(p);
    }

    [[nodiscard]] std::size_t dim() const { return Field::dim; }
    [[nodiscard]] std::size_t parameter_count() const { return parameters_.size(); }
    [[nodiscard]] const std::vector<T>& parameters() const { return parameters_; }

    void operator()(const T& t, std::span<const T> x, std::span<T> dx) const {
        for (std::size_t b = 0; b < x.size(); b += Field::dim)
            Field{}(t, x.subspan(b, Field::dim), std::span<const T>(parameters_), dx.subspan(b, Field::dim));
    }

    void vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T& t_bar) {
        for (std::size_t b = 0; b < x.size(); b += Field::dim) {
            load(x.subspan(b, Field::dim));
            const std::span<const T> row = lambda.subspan(b, Field::dim);
            for (std::size_t i = 0; !x_bar.empty() && i < Field::dim; ++i) x_bar[b + i] += slope(x_[i], Dual<T>(t), row);
            for (std::size_t i = 0; i < theta_bar.size(); ++i) theta_bar[i] += slope(p_[i], Dual<T>(t), row);
            t_bar += product(Dual<T>::variable(t), row);
        }
    }

    void jvp(const T& t, std::span<const T> x, const T& t_dot, std::span<const T> x_dot, std::span<const T> theta_dot, std::span<T> dx,
             std::span<T> dx_dot) {
        for (std::size_t i = 0; i < theta_dot.size(); ++i) p_[i].tangent = theta_dot[i];
        for (std::size_t b = 0; b < x.size(); b += Field::dim) {
            for (std::size_t i = 0; i < Field::dim; ++i) x_[i] = Dual<T>(x[b + i], x_dot[b + i]);
            evaluate(Dual<T>(t, t_dot));
            for (std::size_t i = 0; i < Field::dim; ++i) {
                dx[b + i] = dx_[i].value;
                dx_dot[b + i] = dx_[i].tangent;
            }
        }
        for (Dual<T>& p : p_) p.tangent = T(0);
    }

private:
    static std::vector<T> defaults() {
        std::vector<T> p;
        for (const Rational& q : Field::parameters()) p.push_back(from_rational<T>(q));
        return p;
    }
    void load(std::span<const T> x) {
        for (std::size_t i = 0; i < Field::dim; ++i) x_[i] = Dual<T>(x[i]);
    }
    void evaluate(const Dual<T>& t) { Field{}(t, std::span<const Dual<T>>(x_), std::span<const Dual<T>>(p_), std::span<Dual<T>>(dx_)); }

    /// λᵀ ∂f at t with the tangents now set.
    T product(const Dual<T>& t, std::span<const T> lambda) {
        evaluate(t);
        T sum = T(0);
        for (std::size_t i = 0; i < Field::dim; ++i) sum += lambda[i] * dx_[i].tangent;
        return sum;
    }
    /// λᵀ ∂f/∂(input), for one of the entries of x_ or p_.
    T slope(Dual<T>& input, const Dual<T>& t, std::span<const T> lambda) {
        input.tangent = T(1);
        const T sum = product(t, lambda);
        input.tangent = T(0);
        return sum;
    }

    std::vector<T> parameters_;
    std::vector<Dual<T>> p_, x_, dx_;
};

/// The rationals of a field's description in the scalar T.
template <Scalar T>
std::vector<T> in_scalar(std::span<const Rational> values) {
    std::vector<T> result;
    for (const Rational& q : values) result.push_back(from_rational<T>(q));
    return result;
}

}  // namespace costate::ode
