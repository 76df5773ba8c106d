// The three tests of every vjp: adjointness, difference quotients at 50 digits, and the value that jvp returns beside its tangent.
#pragma once

#include "ode/vector_field.hpp"
#include "tests/guidance/mixtures.hpp"

#include <cstddef>
#include <vector>

namespace costate::testing {

/// Relative errors of a field's products at (t, x), from deterministic directions.
struct ProductErrors {
    double value;       ///< jvp's dx against f
    double adjoint;     ///< ⟨λ, jvp⟩ against ⟨vjp, (ẋ, ṫ, θ̇)⟩
    double difference;  ///< jvp against (f(t + εṫ, x + εẋ) - f(t - εṫ, x - εẋ))/2ε, ε = 1e-14
};

template <class F>
ProductErrors product_errors(F& f, const Mpfr50& t, const std::vector<Mpfr50>& x) {
    using T = Mpfr50;
    const std::size_t n = x.size();
    std::vector<T> lambda(n), x_dot(n), dx(n), jvp_dx(n), dx_dot(n), x_bar(n, T(0)), theta_bar(f.parameter_count(), T(0));
    for (std::size_t i = 0; i < n; ++i) {
        lambda[i] = T(static_cast<int>(3 * i % 7) - 2) / 3;
        x_dot[i] = T(static_cast<int>(5 * i % 11) - 4) / 7;
    }
    const T t_dot = T(3) / 5;
    T t_bar(0);
    std::vector<T> theta_dot(f.parameter_count(), T(0));
    for (std::size_t i = 0; i < theta_dot.size(); ++i) theta_dot[i] = T(static_cast<int>(i) - 1) / 4;
    f(t, std::span<const T>(x), std::span<T>(dx));
    f.jvp(t, std::span<const T>(x), t_dot, std::span<const T>(x_dot), std::span<const T>(theta_dot), std::span<T>(jvp_dx),
          std::span<T>(dx_dot));
    const std::vector<T> forward{product(lambda, dx_dot)};
    f.jvp(t, std::span<const T>(x), t_dot, std::span<const T>(x_dot), {}, std::span<T>(jvp_dx), std::span<T>(dx_dot));
    f.vjp(t, std::span<const T>(x), std::span<const T>(lambda), std::span<T>(x_bar), std::span<T>(theta_bar), t_bar);
    const T epsilon("1e-14");
    std::vector<T> ahead = x, behind = x, f_ahead(n), f_behind(n);
    for (std::size_t i = 0; i < n; ++i) {
        ahead[i] += epsilon * x_dot[i];
        behind[i] -= epsilon * x_dot[i];
    }
    f(t + epsilon * t_dot, std::span<const T>(ahead), std::span<T>(f_ahead));
    f(t - epsilon * t_dot, std::span<const T>(behind), std::span<T>(f_behind));
    for (std::size_t i = 0; i < n; ++i) f_ahead[i] = (f_ahead[i] - f_behind[i]) / (2 * epsilon);
    const std::vector<T> reverse{T(product(x_bar, x_dot) + t_bar * t_dot + product(theta_bar, theta_dot))};
    return {relative(jvp_dx, dx), relative(reverse, forward), relative(dx_dot, f_ahead)};
}

}  // namespace costate::testing
