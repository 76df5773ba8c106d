#include "guidance/paths/end.hpp"
#include "guidance/paths/path.hpp"

#include <charconv>
#include <utility>

namespace costate::guidance {

namespace {

// All but the last, which is no path yet.
template <std::size_t... I>
std::vector<AnyPath> every(std::index_sequence<I...>) {
    return {AnyPath(std::variant_alternative_t<I, AnyPath>{})...};
}

// "polynomial:n", n = 1 … 99
AnyPath polynomial(std::string_view name) {
    const std::string_view digits = name.substr(PolynomialPath::name.size() + 1);
    int n = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
    if (error != std::errc{} || end != digits.data() + digits.size() || n < 1 || n > 99)
        throw std::invalid_argument("path: '" + std::string(name) + "' has no degree from 1 to 99 after the colon; write polynomial:3");
    return PolynomialPath{n};
}

}  // namespace

std::vector<AnyPath> paths() { return every(std::make_index_sequence<std::variant_size_v<AnyPath> - 1>{}); }

AnyPath find_path(std::string_view name) {
    std::string known;
    for (const AnyPath& path : paths()) {
        const std::string own = name_of(path);
        if (own == name) return path;
        known += (known.empty() ? "" : ", ") + own;
    }
    if (name.starts_with(std::string(PolynomialPath::name) + ":")) return polynomial(name);
    throw std::invalid_argument("path: there is no path named '" + std::string(name) + "'; choose one of " + known);
}

std::string name_of(const AnyPath& path) {
    const std::string name = std::visit([](const auto& p) { return std::string(p.name); }, path);
    const auto* polynomial_path = std::get_if<PolynomialPath>(&path);
    const bool degree = polynomial_path != nullptr && polynomial_path->n != PolynomialPath{}.n;
    return degree ? name + ":" + std::to_string(polynomial_path->n) : name;
}

bool has_rational_sigma(const AnyPath& path, const Rational& t) {
    try {
        (void)at<Rational>(path, t).sigma();
        return true;
    } catch (const std::domain_error&) {
        return false;
    }
}

PathEnd end_of(const AnyPath& path) {
    const auto point = at<Mpfr50>(path, Mpfr50(1));
    return {point.alpha, point.sigma()};
}

bool reaches_data(const AnyPath& path) {
    const PathEnd end = end_of(path);
    return end.sigma == 0 && end.alpha == 1;
}

std::optional<EndExpansion> end_exponent(const AnyPath& path) {
    using Expansion = Series<Mpfr50, 6>;
    const Expansion sigma2 = at<Expansion>(path, Expansion(1) - Expansion::variable()).sigma2;
    const Mpfr50 rounding("1e-40");
    for (std::size_t k = 0; k < Expansion::size(); ++k) {
        if (abs(sigma2[k]) < rounding) continue;
        if (k == 0) return std::nullopt;
        return EndExpansion{k, sigma2[k]};
    }
    return std::nullopt;
}

}  // namespace costate::guidance
