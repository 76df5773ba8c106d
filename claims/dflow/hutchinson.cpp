#include "claims/dflow/hutchinson.hpp"

#include "claims/measure/slope.hpp"
#include "claims/subjects.hpp"
#include "guidance/study_random.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace costate::claims {

namespace {

double real(const Mpfr50& value) { return ScalarTraits<Mpfr50>::to_double(value); }

// A probe's coordinate: its values and their probabilities.
struct Probe {
    std::vector<Rational> values, probabilities;
};

const Probe& rademacher() {
    static const Probe probe{{ratio(1), ratio(-1)}, {ratio(1, 2), ratio(1, 2)}};
    return probe;
}

// Moments 0, 1, 0, 3 of orders 1 to 4, the Gaussian's; the variance of a quadratic form knows no other.
const Probe& five_values() {
    static const Probe probe{{ratio(0), ratio(1), ratio(-1), ratio(2), ratio(-2)},
                             {ratio(1, 2), ratio(1, 6), ratio(1, 6), ratio(1, 12), ratio(1, 12)}};
    return probe;
}

struct Moments {
    Rational mean, variance;
};

// The first `free` coordinates of ε run through all values, the others are 0; εᵀAε by one jvp an ε.
Moments moments(Field<Rational>& f, const std::vector<Rational>& x, const Probe& probe, std::size_t free) {
    std::vector<Rational> e(x.size(), ratio(0)), dx(x.size()), Ae(x.size());
    Rational mean = 0, square = 0;
    const std::function<void(std::size_t, const Rational&)> visit = [&](std::size_t i, const Rational& probability) {
        if (i < free) {
            for (std::size_t k = 0; k < probe.values.size(); ++k) {
                e[i] = probe.values[k];
                visit(i + 1, probability * probe.probabilities[k]);
            }
            return;
        }
        f.jvp(ratio(0), x, ratio(0), e, {}, dx, Ae);
        Rational estimate = 0;
        for (std::size_t j = 0; j < e.size(); ++j) estimate += e[j] * Ae[j];
        mean += probability * estimate;
        square += probability * estimate * estimate;
    };
    visit(0, ratio(1));
    return {mean, square - mean * mean};
}

// tr A, Σ a_ii² and ‖(A + Aᵀ)/2‖² of the leading block of the field's Jacobian.
struct Invariants {
    Rational trace, diagonal, symmetric;
};
Invariants invariants(Field<Rational>& f, const std::vector<Rational>& x, std::size_t block) {
    std::vector<std::vector<Rational>> columns;
    std::vector<Rational> unit(x.size(), ratio(0)), dx(x.size()), column(x.size());
    for (std::size_t j = 0; j < block; ++j) {
        unit[j] = 1;
        f.jvp(ratio(0), x, ratio(0), unit, {}, dx, column);
        unit[j] = 0;
        columns.push_back(column);
    }
    Invariants sums{};
    for (std::size_t i = 0; i < block; ++i) {
        sums.trace += columns[i][i];
        sums.diagonal += columns[i][i] * columns[i][i];
        for (std::size_t j = 0; j < block; ++j) {
            const Rational entry = (columns[i][j] + columns[j][i]) / 2;
            sums.symmetric += entry * entry;
        }
    }
    return sums;
}

Finding same(std::string name, const std::string& what, const Rational& predicted, const Rational& measured) {
    return {std::move(name), what + " " + number(predicted), number(measured), "exact", Proof::exact, predicted == measured};
}

// tr A, 2‖A_s‖² and 48 tr A_s⁴: the first, second and fourth cumulant of εᵀAε for ε of N(0, I).
struct Cumulants {
    double mean, variance, fourth;
};
Cumulants gaussian_cumulants(const Matrix& A) {
    const Matrix symmetric = Mpfr50(Mpfr50(1) / 2) * (A + A.transpose()), square = symmetric * symmetric;
    const Mpfr50 fourth = size(square);
    return {real(A.trace()), 2 * real(square.trace()), 48 * real(Mpfr50(fourth * fourth))};
}

// Mean and variance of `count` values of εᵀ D_xu ε, ε of N(0, scale² I).
struct Sample {
    double mean = 0, variance = 0;
};
Sample sample(Field<double>& f, const TrajectoryNode& node, std::uint64_t seed, std::size_t count, double scale) {
    constexpr std::uint32_t stream = 0x687574;
    const std::size_t d = node.x.size();
    const double t = real(node.t);
    std::vector<double> x, dx(d), Ae(d), normals = guidance::standard_normals(seed, stream, count * d);
    for (const Mpfr50& value : node.x) x.push_back(real(value));
    for (double& value : normals) value *= scale;
    Sample sums;
    for (std::size_t n = 0; n < count; ++n) {
        const std::span<const double> e = std::span<const double>(normals).subspan(n * d, d);
        f.jvp(t, x, 0, e, {}, dx, Ae);
        double estimate = 0;
        for (std::size_t i = 0; i < d; ++i) estimate += e[i] * Ae[i];
        const double off = estimate - sums.mean;
        sums.mean += off / static_cast<double>(n + 1);
        sums.variance += off * (estimate - sums.mean);
    }
    sums.variance /= static_cast<double>(count - 1);
    return sums;
}

Finding within(std::string name, const std::string& what, double predicted, double measured, double deviation) {
    return {std::move(name),
            what + " " + number(predicted, 6),
            number(measured, 6),
            "± " + number(half_width * deviation, 2) + ", " + number(half_width, 1) + " standard deviations",
            Proof::statistics,
            std::abs(measured - predicted) <= half_width * deviation,
            false};
}

}  // namespace

void hutchinson(const Setting& setting, Evidence& evidence) {
    Setting linear = setting;
    linear.field = "linear";
    Subject<Rational> subject = make_subject<Rational>(linear);
    const std::size_t d = setting.dim, block = std::min<std::size_t>(d, 4);
    const Invariants whole = invariants(subject.field, subject.x0, d), part = invariants(subject.field, subject.x0, block);
    const Moments signs = moments(subject.field, subject.x0, rademacher(), d),
                  gaussian = moments(subject.field, subject.x0, five_values(), block);
    const std::string count = std::to_string(std::size_t{1} << d), rows = std::to_string(block);
    evidence.findings.push_back(
        same("unbiased", "$A$ a matrix of rational numbers, not $D_x u$; mean over all " + count + " vectors of signs $= \\operatorname{tr} A =$", whole.trace, signs.mean));
    evidence.findings.push_back(same("variance with signs", "$2(\\|A_s\\|_F^2 - \\sum a_{ii}^2) =$",
                                     2 * (whole.symmetric - whole.diagonal), signs.variance));
    evidence.findings.push_back(same("variance with Gaussian moments",
                                     "$2\\|A_s\\|_F^2 =$" + (block < d ? " ($A$ its first " + rows + " rows and columns)" : std::string()), 2 * part.symmetric,
                                     gaussian.variance));
}

void hutchinson_sample(const Setting& setting, const TrajectoryNode& node, Evidence& evidence, double scale) {
    const std::size_t count = 8192 / node.x.size();
    const Cumulants predicted = gaussian_cumulants(node.G);
    const double n = static_cast<double>(count), square = predicted.variance * predicted.variance;
    Field<double> f = make_subject<double>(setting).field;
    const Sample found = sample(f, node, setting.seed, count, scale);
    const std::string of = " of " + std::to_string(count) + " Gaussian probes:";
    evidence.findings.push_back(within("sampled mean", "$\\operatorname{tr} D_x u$, the mean" + of, predicted.mean, found.mean,
                                       std::sqrt(predicted.variance / n)));
    evidence.findings.push_back(within("sampled variance", "$2\\|A_s\\|_F^2$, $A = D_x u$, the variance" + of, predicted.variance,
                                       found.variance, std::sqrt((2 * square + predicted.fourth) / n)));
}

}  // namespace costate::claims
