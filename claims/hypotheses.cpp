#include "claims/hypotheses.hpp"

#include "claims/measure/slope.hpp"
#include "claims/networks.hpp"
#include "claims/subjects.hpp"
#include "claims/subjects/components.hpp"
#include "nn/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

namespace costate::claims {

namespace {

struct Seen {
    std::string found;
    bool holds = false;
};

// Values at s = 0 … 4 along (t, x) + s (τ, u), differences of order 4: all 0
// for a polynomial of degree 3.
Seen polynomial_along_lines(const Setting& setting) {
    Subject<Rational> subject = make_subject<Rational>(setting);
    const std::size_t n = subject.x0.size();
    constexpr std::array<int, 5> binomial{1, -4, 6, -4, 1};
    constexpr std::uint32_t lines = 3;
    bool zero = true;
    for (std::uint32_t line = 0; line < lines; ++line) {
        const std::vector<Rational> along = rational_numbers(setting.seed, 60 + line, n + 1);
        std::vector<Rational> x = subject.x0, slope(n), difference(n, Rational(0));
        Rational t = ratio(1, 3);
        for (const int factor : binomial) {
            subject.field(t, x, slope);
            for (std::size_t i = 0; i < n; ++i) {
                difference[i] += factor * slope[i];
                x[i] += along[i];
            }
            t += along[n];
        }
        zero = zero && std::all_of(difference.begin(), difference.end(), [](const Rational& d) { return d == 0; });
    }
    return {fmt::format("differences of order 4 along {} lines are {}: {}", lines, zero ? "$0$ in ℚ" : "not $0$",
                        zero ? R"(polynomials of degree 3 at most, $C^\infty$)" : "no polynomial of degree 3"),
            zero};
}

// Pivots of LDLᵀ in ℚ.
bool positive_definite(const guidance::SmallMatrix<Rational>& covariance) {
    try {
        const guidance::Ldl<Rational> factor(covariance);
        for (std::size_t j = 0; j < factor.size(); ++j)
            if (factor.pivot(j) <= 0) return false;
        return true;
    } catch (const std::domain_error&) {  // a pivot 0
        return false;
    }
}

// The smallest α² + σ² at t = j/32; negative where α or σ² has no finite Taylor series there, or σ² < 0.
double least_scale(const guidance::AnyPath& path) {
    constexpr int intervals = 32;
    double least = std::numeric_limits<double>::infinity();
    for (int j = 0; j <= intervals; ++j) {
        const RealSeries t = RealSeries(from_rational<Mpfr50>(ratio(j, intervals))) + RealSeries::variable();
        const guidance::PathPoint<RealSeries> p = guidance::at<RealSeries>(path, t);
        for (std::size_t k = 0; k < series_terms; ++k)
            if (!std::isfinite(ScalarTraits<Mpfr50>::to_double(Mpfr50(p.alpha[k] + p.sigma2[k])))) return -1;
        if (p.sigma2[0] < 0) return -1;
        least = std::min(least, ScalarTraits<Mpfr50>::to_double(Mpfr50(p.alpha[0] * p.alpha[0] + p.sigma2[0])));
    }
    return least;
}

Seen regular_model(const Setting& setting) {
    const auto parts = components(setting);
    const auto singular =
        std::find_if(parts.begin(), parts.end(), [](const auto& part) { return !positive_definite(part.covariance); });
    if (singular != parts.end())
        return {fmt::format("the covariance of component {} is not positive definite", singular - parts.begin() + 1), false};
    const double least = least_scale(setting.path);
    return {
        fmt::format(
            R"(pivots of every covariance $C_k$ positive in ℚ; $\alpha_t^2 + \sigma_t^2 \ge {}$ and Taylor series finite on $[0, 1]$: )"
            R"($S_t = \alpha_t^2 C_k + \sigma_t^2 I$ is {}positive definite{})",
            number(least, 3), least > 0 ? "" : "not always ", least > 0 ? ", the field analytic" : ""),
        least > 0};
}

Seen smooth_layers(const Setting& setting, std::size_t k) {
    if (!setting.model) throw std::invalid_argument("field 'network': no file is given; add --model FILE");
    const nn::NetworkDescription description = load_network(*setting.model).description;
    std::vector<std::string> ops;
    bool analytic = true;
    for (std::size_t i = 0; i < description.layers.size(); ++i) {
        const nn::Layer& layer = description.layers[i];
        const std::optional<std::size_t> derivatives = derivatives_of_op(layer.op);
        const std::string where = fmt::format("layer {} ('{}') is {}", i, layer.out, layer.op);
        if (!derivatives) return {where + ", of which no derivatives are known", false};
        if (*derivatives < k) return {fmt::format("{}, which is $C^{{{}}}$ and no more", where, *derivatives), false};
        analytic = analytic && *derivatives == every_derivative;
        if (std::find(ops.begin(), ops.end(), layer.op) == ops.end()) ops.push_back(layer.op);
    }
    return {fmt::format("{} layers of {}, {}", description.layers.size(), fmt::join(ops, ", "), analytic ? "all analytic" : "all with so many derivatives"), true};
}

}  // namespace

std::optional<std::size_t> derivatives_of_op(std::string_view op) {
    // norms are: their ε keeps the root away from 0; quotients, roots, logarithms and powers are where they are defined, which is not known
    static constexpr std::array<std::string_view, 47> analytic{
        "linear", "silu", "tanh", "gelu", "softplus", "sigmoid", "concat_time", "concat", "time_embedding", "add", "mul", "conv2d", "groupnorm",
        "add_channel", "upsample_nearest", "avg_pool2d", "concat_skip", "flatten", "exp", "sin", "cos", "erf", "affine", "sub", "constant", "parameter",
        "reshape", "transpose", "slice", "gather", "expand", "pad", "sum", "mean", "prod", "matmul", "softmax", "log_softmax", "attention",
        "self_attention", "tokens", "untokens", "layernorm", "rmsnorm", "batchnorm", "conv_transpose2d", "resize"};
    if (std::find(analytic.begin(), analytic.end(), op) != analytic.end()) return every_derivative;
    static constexpr std::array<std::string_view, 8> kinked{"relu", "abs", "clamp", "maximum", "minimum", "max", "min", "max_pool2d"};
    if (std::find(kinked.begin(), kinked.end(), op) != kinked.end()) return 0;
    return std::nullopt;
}

Hypothesis smoothness(const Setting& setting, std::size_t k) {
    const Seen seen = setting.field == "network" ? smooth_layers(setting, k)
                      : on_a_path(setting)       ? regular_model(setting)
                                                 : polynomial_along_lines(setting);
    return {fmt::format("the field is $C^{{{}}}$", k), seen.found, seen.holds};
}

}  // namespace costate::claims
