// h_{n+1} = φ h_n: how a step's error estimate sets the length of the next. A controller is a small value, like a tableau.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace costate::ode {

/// With err = ‖estimate‖, 1 at the tolerance, the estimate of order k in h, and r_n = h_n/h_{n−1}:
///   φ = safety · err_n^(−β₁/k) err_{n−1}^(−β₂/k) err_{n−2}^(−β₃/k) r_n^(−α₂) r_{n−1}^(−α₃),   kept within [shrink, grow]
/// (Söderlind, Digital filters in adaptive time-stepping, 2003, eq. 31).
/// After a rejection φ = safety · err^(−1/k) < 1, and the step after it does not grow.
struct Controller {
    std::string_view name = "gustafsson-predictive";
    std::array<double, 3> beta{2, -1, 0};
    std::array<double, 2> alpha{-1, 0};
    double safety = 0.9;
    double shrink = 0.2, grow = 10;  ///< the least and the greatest φ
    double least_error = 1e-4;       ///< what err counts at least once it is past: a lucky step is no promise
    bool at_most_integral = true;    ///< φ is at most that of the integral controller

    /// β₁ = 1: the elementary controller (Hairer, Nørsett, Wanner, Solving ODEs I, II.4, eq. 4.13).
    [[nodiscard]] static Controller integral();
    /// β = (0.85, −0.2): of dopri5 (Hairer, Nørsett, Wanner, Solving ODEs II, IV.2, eq. 2.43b, with β = 0.04 at k = 5). Fewest rejections where
    /// stability, not accuracy, limits the step.
    [[nodiscard]] static Controller pi();
    /// β = (0.7, −0.4) (Gustafsson, Control theoretic techniques for stepsize selection in explicit Runge–Kutta methods, 1991).
    [[nodiscard]] static Controller gustafsson_pi();
    /// β = (2, −1), α₂ = −1, at most the integral φ: predictive PI control (Gustafsson 1994; Hairer, Nørsett, Wanner II, IV.8, eq. 8.25). The default:
    /// of these the nearest to errors proportional to the tolerance, with the fewest evaluations on non-stiff problems.
    [[nodiscard]] static Controller gustafsson_predictive();
    /// β = (¼, ¼), α₂ = ¼: H211b with b = 4, a digital filter (Söderlind 2003, Table 1).
    [[nodiscard]] static Controller h211b();
};

/// The past that a controller looks at; a new one forgets.
struct ControllerMemory {
    std::array<double, 2> errors{};  ///< err_{n−1}, err_{n−2}; 0: not yet
    std::array<double, 2> ratios{};  ///< r_n, r_{n−1}; 0: not yet
    double last_step = 0;            ///< |h_n| of the last accepted step
    bool rejected = false;           ///< whether the step being tried has been rejected before
};

/// φ after a step of length |h| that was accepted with this error, which then is remembered.
[[nodiscard]] double after_acceptance(const Controller& controller, double error, double k, double h, ControllerMemory& memory);

/// φ < 1 after a step that was rejected with this error, NaN and ∞ included.
[[nodiscard]] double after_rejection(const Controller& controller, double error, double k, ControllerMemory& memory);

/// The controllers that have a name.
[[nodiscard]] std::span<const Controller> controllers();

/// Throws std::invalid_argument with the list of names for any other.
[[nodiscard]] const Controller& find_controller(std::string_view name);

/// Throws std::invalid_argument unless 0 < safety ≤ 1, 0 < shrink < 1 < grow and all is finite.
void check_controller(const Controller& controller);

}  // namespace costate::ode
