// e(h) ~ C hᵖ: p from errors at h, h/2, h/4, … with the uncertainty that the halvings themselves show.
#pragma once

#include "claims/claim.hpp"
#include "scalar/multiprecision.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace costate::claims {

/// Halvings from the first to the last step of a certified slope.
inline constexpr std::size_t certified_halvings = 12;

/// p = 2 s_K - s_(K-1), s_k = log₂(e_k/e_(k+1)): the local slopes extrapolated to h = 0, where s_k = p + O(h). The uncertainty is
/// |s_K - s_(K-1)| plus what the errors' own uncertainty does to s. C = e_K/h_Kᵖ with p rounded to an integer, extrapolated alike.
struct Slope {
    double value = 0, uncertainty = 0, constant = 0;
    std::vector<double> h, error, local;  ///< local has one value less

    /// Whether value differs from p by at most uncertainty + 0.02, and uncertainty is at most 0.1.
    [[nodiscard]] bool agrees(double p) const;
    /// Whether the slope is at least p - 0.02 - uncertainty, uncertainty at most 0.1.
    [[nodiscard]] bool at_least(double p) const;
    /// "3.0002 ± 4e-4"
    [[nodiscard]] std::string text() const;
};

/// error_at(h) at h = first, first/2, …, `halvings` times halved; each error is known to `known_to` (relative).
/// Throws std::runtime_error where an error is zero or not finite.
Slope slope_of(const std::function<Mpfr50(const Mpfr50&)>& error_at, const Mpfr50& first, std::size_t halvings = certified_halvings,
               double known_to = 1e-9);

/// From errors at h_k = h₀ 2⁻ᵏ that are known already.
Slope slope_of(std::span<const double> h, std::span<const double> error, double known_to = 1e-9);

/// Measured errors and C hᵖ of the prediction.
Curve curve_of(const Slope& slope, double predicted_order, double predicted_constant, std::string label);

/// ‖a‖₂ of values at 50 digits, as one.
Mpfr50 norm(std::span<const Mpfr50> a);
/// ‖a - b‖₂.
Mpfr50 distance(std::span<const Mpfr50> a, std::span<const Mpfr50> b);
/// "1.23e-7": for tables.
std::string number(double value, int digits = 4);
std::string number(const Mpfr50& value, int digits = 6);
std::string number(const Rational& value);

}  // namespace costate::claims
