#include "claims/measure/slope.hpp"

#include "scalar/traits.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace costate::claims {

bool Slope::agrees(double p) const { return uncertainty <= 0.1 && std::abs(value - p) <= uncertainty + 0.02; }
bool Slope::at_least(double p) const { return uncertainty <= 0.1 && value >= p - 0.02 - uncertainty; }
std::string Slope::text() const { return fmt::format("{:.4f} ± {:.0e}", std::abs(value) < 5e-5 ? 0.0 : value, uncertainty); }

Slope slope_of(std::span<const double> h, std::span<const double> error, double known_to) {
    if (h.size() != error.size() || h.size() < 3)
        throw std::invalid_argument(fmt::format("slope: {} steps and {} errors; give as many of both, at least 3", h.size(), error.size()));
    Slope slope{.h = {h.begin(), h.end()}, .error = {error.begin(), error.end()}, .local = {}};
    for (std::size_t k = 0; k < error.size(); ++k) {
        if (!(error[k] > 0) || !std::isfinite(error[k]))
            throw std::runtime_error(fmt::format("slope: the error at h = {} is {}; there is no slope where the error vanishes", h[k], error[k]));
        if (k > 0) slope.local.push_back(std::log2(error[k - 1] / error[k]));
    }
    const double last = slope.local.back(), before = slope.local[slope.local.size() - 2];
    slope.value = 2 * last - before;
    slope.uncertainty = std::abs(last - before) + 4 * known_to / std::log(2.0);
    const double p = std::round(slope.value), now = error.back() / std::pow(h.back(), p),
                 previous = error[error.size() - 2] / std::pow(h[h.size() - 2], p);
    slope.constant = 2 * now - previous;
    return slope;
}

Slope slope_of(const std::function<Mpfr50(const Mpfr50&)>& error_at, const Mpfr50& first, std::size_t halvings, double known_to) {
    std::vector<double> h, error;
    Mpfr50 step = first;
    for (std::size_t k = 0; k <= halvings; ++k, step /= 2) {
        h.push_back(ScalarTraits<Mpfr50>::to_double(step));
        error.push_back(ScalarTraits<Mpfr50>::to_double(error_at(step)));
    }
    return slope_of(h, error, known_to);
}

Curve curve_of(const Slope& slope, double predicted_order, double predicted_constant, std::string label) {
    Curve curve{std::move(label), slope.h, slope.error, {}};
    for (const double h : slope.h) curve.predicted.push_back(predicted_constant * std::pow(h, predicted_order));
    return curve;
}

Mpfr50 norm(std::span<const Mpfr50> a) {
    Mpfr50 sum = 0;
    for (const Mpfr50& v : a) sum += v * v;
    return sqrt(sum);
}

Mpfr50 distance(std::span<const Mpfr50> a, std::span<const Mpfr50> b) {
    Mpfr50 sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrt(sum);
}

std::string number(double value, int digits) { return fmt::format("{:.{}g}", value, digits); }
std::string number(const Mpfr50& value, int digits) { return value.str(digits, std::ios_base::fmtflags(0)); }
std::string number(const Rational& value) { return value.str(); }

}  // namespace costate::claims
