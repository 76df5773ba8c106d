// Polynomial fields of the tests: explicit time, parameters, hand-written derivatives, any scalar.
#pragma once

#include "ode/tableau.hpp"
#include "scalar/traits.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace costate::testing {

/// f₀ = p₀xy + p₁tx + p₂,  f₁ = p₃x² − p₁t²y + p₀y.
template <class T>
struct Polynomial {
    std::vector<T> p;

    static constexpr std::size_t dim() { return 2; }
    [[nodiscard]] std::size_t parameter_count() const { return 4; }

    void operator()(const T& t, std::span<const T> state, std::span<T> slope) {
        for (std::size_t b = 0; b < state.size(); b += 2) {
            const T &x = state[b], &y = state[b + 1];
            slope[b] = p[0] * x * y + p[1] * t * x + p[2];
            slope[b + 1] = p[3] * x * x - p[1] * t * t * y + p[0] * y;
        }
    }

    void vjp(const T& t, std::span<const T> state, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar,
             T& t_bar) {
        for (std::size_t b = 0; b < state.size(); b += 2) {
            const T &x = state[b], &y = state[b + 1], &u = lambda[b], &v = lambda[b + 1];
            t_bar += u * p[1] * x - v * T(2) * p[1] * t * y;
            if (!x_bar.empty()) {
                x_bar[b] += u * (p[0] * y + p[1] * t) + v * T(2) * p[3] * x;
                x_bar[b + 1] += u * p[0] * x + v * (p[0] - p[1] * t * t);
            }
            if (theta_bar.empty()) continue;
            theta_bar[0] += u * x * y + v * y;
            theta_bar[1] += u * t * x - v * t * t * y;
            theta_bar[2] += u;
            theta_bar[3] += v * x * x;
        }
    }

    void jvp(const T& t, std::span<const T> state, const T& t_dot, std::span<const T> dot, std::span<const T> theta_dot,
             std::span<T> slope, std::span<T> slope_dot) {
        (*this)(t, state, slope);
        for (std::size_t b = 0; b < state.size(); b += 2) {
            const T &x = state[b], &y = state[b + 1], &u = dot[b], &v = dot[b + 1];
            slope_dot[b] = (p[0] * y + p[1] * t) * u + p[0] * x * v + p[1] * x * t_dot;
            slope_dot[b + 1] = T(2) * p[3] * x * u + (p[0] - p[1] * t * t) * v - T(2) * p[1] * t * y * t_dot;
            if (theta_dot.empty()) continue;
            slope_dot[b] += x * y * theta_dot[0] + t * x * theta_dot[1] + theta_dot[2];
            slope_dot[b + 1] += y * theta_dot[0] - t * t * y * theta_dot[1] + x * x * theta_dot[3];
        }
    }
};

/// The same field as a RecordingField; counts its calls.
template <class T>
struct RecordingPolynomial : Polynomial<T> {
    struct Record {
        T t{};
        std::vector<T> x;
        [[nodiscard]] std::size_t bytes() const { return sizeof(T) * (1 + x.capacity()); }
    };
    std::size_t evaluations = 0, vjps = 0, jvps = 0;

    explicit RecordingPolynomial(std::vector<T> parameters) : Polynomial<T>{std::move(parameters)} {}
    Record make_record() { return {}; }

    void operator()(const T& t, std::span<const T> x, std::span<T> dx) {
        ++evaluations;
        Polynomial<T>::operator()(t, x, dx);
    }
    void forward(const T& t, std::span<const T> x, std::span<T> dx, Record& record) {
        (*this)(t, x, dx);
        record.t = t;
        record.x.assign(x.begin(), x.end());
    }
    void pullback(const Record& record, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T& t_bar) {
        ++vjps;
        Polynomial<T>::vjp(record.t, record.x, lambda, x_bar, theta_bar, t_bar);
    }
    void jvp(const T& t, std::span<const T> x, const T& t_dot, std::span<const T> x_dot, std::span<const T> theta_dot,
             std::span<T> dx, std::span<T> dx_dot) {
        ++jvps;
        Polynomial<T>::jvp(t, x, t_dot, x_dot, theta_dot, dx, dx_dot);
    }
};

/// f = A x, autonomous, 2 × 2; A is the parameter.
template <class T>
struct Linear {
    std::vector<T> a;

    static constexpr std::size_t dim() { return 2; }
    [[nodiscard]] std::size_t parameter_count() const { return 4; }
    void operator()(const T&, std::span<const T> x, std::span<T> dx) {
        for (std::size_t b = 0; b < x.size(); b += 2)
            for (std::size_t i = 0; i < 2; ++i) dx[b + i] = a[2 * i] * x[b] + a[2 * i + 1] * x[b + 1];
    }
    void vjp(const T&, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T&) {
        for (std::size_t b = 0; b < x.size(); b += 2)
            for (std::size_t i = 0; i < 2; ++i)
                for (std::size_t j = 0; j < 2; ++j) {
                    if (!x_bar.empty()) x_bar[b + j] += lambda[b + i] * a[2 * i + j];
                    if (!theta_bar.empty()) theta_bar[2 * i + j] += lambda[b + i] * x[b + j];
                }
    }
    void jvp(const T& t, std::span<const T> x, const T&, std::span<const T> x_dot, std::span<const T> theta_dot, std::span<T> dx,
             std::span<T> dx_dot) {
        (*this)(t, x, dx);
        (*this)(t, x_dot, dx_dot);
        if (theta_dot.empty()) return;
        for (std::size_t b = 0; b < x.size(); b += 2)
            for (std::size_t i = 0; i < 2; ++i) dx_dot[b + i] += theta_dot[2 * i] * x[b] + theta_dot[2 * i + 1] * x[b + 1];
    }
};

template <class T>
std::vector<T> scalars(std::initializer_list<Rational> values) {
    std::vector<T> result;
    for (const Rational& q : values) result.push_back(from_rational<T>(q));
    return result;
}

/// The parameters and states that the tests use: no zeros, no symmetry.
template <class T>
std::vector<T> parameters() {
    return scalars<T>({ratio(2, 3), ratio(-1, 2), ratio(3, 5), ratio(1, 4)});
}
template <class T>
std::vector<T> batch_of_two() {
    return scalars<T>({ratio(1, 2), ratio(-2, 3), ratio(4, 5), ratio(1, 3)});
}
template <class T>
std::vector<T> target() {
    return scalars<T>({ratio(1, 7), ratio(5, 4)});
}

/// The stages of a tableau with its one entry (i, j) changed: negative controls.
inline ode::Tableau perturbed(ode::Tableau tableau, std::size_t i, std::size_t j, const Rational& by = ratio(1, 1000)) {
    tableau.A(i, j) += by;
    return tableau;
}

}  // namespace costate::testing
