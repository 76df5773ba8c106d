#include "claims/dflow/short_time.hpp"

#include "claims/dflow/trajectory.hpp"
#include "claims/measure/series.hpp"
#include "claims/measure/slope.hpp"
#include "claims/subjects.hpp"

#include <string>
#include <utility>
#include <vector>

namespace costate::claims {

namespace {

using Series8 = RealSeries;

struct ShortTime {
    std::vector<Series8> tangent;  ///< D(h) v
    std::vector<Series8> printed;  ///< exp(∫₀ʰ G) v
    Matrix G, G_dot;               ///< at h = 0
};

// exp(A) v = Σ Aᵏ v / k!: A starts with h, so that the first terms are all.
std::vector<Series8> exponential_times(const std::vector<Series8>& A, std::vector<Series8> v) {
    const std::size_t d = v.size();
    std::vector<Series8> term = v;
    for (std::size_t k = 1; k < series_terms; ++k) {
        std::vector<Series8> next(d);
        for (std::size_t i = 0; i < d; ++i) {
            for (std::size_t j = 0; j < d; ++j) next[i] += A[i * d + j] * term[j];
            next[i] = next[i] / Mpfr50(static_cast<int>(k));
            v[i] += next[i];
        }
        term = std::move(next);
    }
    return v;
}

ShortTime expand(const Setting& setting) {
    Subject<Series8> subject = make_subject<Series8>(setting);
    const std::size_t d = subject.field.dim();
    const std::vector<Mpfr50> x0 = numbers_in<Mpfr50>(start_of(setting, d));
    std::vector<Mpfr50> y0 = x0;
    for (const Series8& v : subject.v) y0.push_back(v[0]);
    y0.push_back(Mpfr50(1) / 2);
    const std::vector<Series8> y = flow_series<Mpfr50>(tangent_field<Mpfr50>(subject.field), y0);
    std::vector<Series8> integral(d * d), slope(d), column(d), unit(d, Series8(0));
    ShortTime result{{y.begin() + static_cast<std::ptrdiff_t>(d), y.end() - 1}, {}, Matrix(d, d), Matrix(d, d)};
    for (std::size_t j = 0; j < d; ++j) {
        unit[j] = Series8(1);
        subject.field.jvp(y[2 * d], std::span(y).first(d), Series8(0), unit, {}, slope, column);
        unit[j] = Series8(0);
        for (std::size_t i = 0; i < d; ++i) {
            integral[i * d + j] = column[i].integral();
            result.G(i, j) = column[i][0];
            result.G_dot(i, j) = column[i][1];
        }
    }
    result.printed = exponential_times(integral, subject.v);
    return result;
}

std::string listed(const std::vector<Mpfr50>& values) {
    std::string text;
    for (std::size_t i = 0; i < values.size() && i < 3; ++i) text += (i == 0 ? "" : ", ") + number(values[i], 8);
    return values.size() > 3 ? "(" + text + ", …)" : "(" + text + ")";
}

}  // namespace

Finding short_time_gap(const Setting& setting) {
    const ShortTime expansion = expand(setting);
    std::vector<Mpfr50> v;
    for (const Series8& value : expansion.tangent) v.push_back(value[0]);
    std::vector<Mpfr50> predicted = commutator(expansion.G_dot, expansion.G)(v);
    for (Mpfr50& value : predicted) value /= 12;
    std::vector<Series8> gap = expansion.tangent;
    double largest = 1;
    for (std::size_t i = 0; i < gap.size(); ++i) {
        for (std::size_t k = 0; k < series_terms; ++k) largest = std::max(largest, std::abs(ScalarTraits<Mpfr50>::to_double(gap[i][k])));
        gap[i] -= expansion.printed[i];
    }
    const double zero = 1e-38 * largest;
    const std::size_t first = valuation<Mpfr50>(gap, zero);
    if (commuting(setting))
        return {"short time",
                "no term: the matrices commute",
                first == series_terms ? "every coefficient up to $h^7$ vanishes" : "a term in $h^" + std::to_string(first) + "$",
                "coefficients below " + number(zero, 1) + " count as 0",
                Proof::bound,
                first == series_terms};
    const std::vector<Mpfr50> measured = coefficients<Mpfr50>(gap, 3);
    const bool agrees = first == 3 && distance(measured, predicted) < 1e-30 * norm(predicted);
    return {"short time",
            "$\\frac{1}{12} h^3 [\\dot G, G] v$, coefficient " + listed(predicted),
            "first term $h^" + std::to_string(first) + "$, coefficient " + listed(measured),
            "coefficients at 50 digits, to 1e-30 relative",
            Proof::bound,
            agrees};
}

}  // namespace costate::claims
