#include "ode/adaptive/interpolants.hpp"
#include "scalar/dual.hpp"

#include <utility>
#include <vector>

namespace costate::ode::detail {

namespace {

using Row = std::vector<Rational>;

// row += c · other, where other is not the longer one.
void add(Row& row, const Rational& c, const Row& other) {
    for (std::size_t i = 0; i < other.size(); ++i) row[i] += c * other[i];
}

// H'(τ)/h as weights of the slopes.
Row hermite_slope(const PairCoefficients<Rational>& pair, const Rational& tau, std::size_t size) {
    const Rational rest = 1 - tau;
    Row w(size, 0);
    for (std::size_t m = 0; m < pair.weights.index.size(); ++m) w[pair.weights.index[m]] += 6 * tau * rest * pair.weights.coefficient[m];
    w[0] += rest * (1 - 3 * tau);
    w[pair.stages - 1] += tau * (3 * tau - 2);
    return w;
}

// M X = Y for rows Y; M has an inverse.
std::vector<Row> solved(std::vector<Row> m, std::vector<Row> y) {
    const std::size_t n = m.size();
    for (std::size_t i = 0; i < n; ++i) {
        std::size_t pivot = i;
        while (m[pivot][i] == 0) ++pivot;
        std::swap(m[pivot], m[i]);
        std::swap(y[pivot], y[i]);
        const Rational scale = 1 / m[i][i];
        for (Rational& v : m[i]) v *= scale;
        for (Rational& v : y[i]) v *= scale;
        for (std::size_t k = 0; k < n; ++k) {
            if (k == i || m[k][i] == 0) continue;
            const Rational factor = -m[k][i];
            add(m[k], factor, m[i]);
            add(y[k], factor, y[i]);
        }
    }
    return y;
}

}  // namespace

Interpolant bootstrapped_interpolant(EmbeddedPair pair, std::size_t order) {
    pair.interpolant = {};
    Interpolant& made = pair.interpolant;
    while (made.order < order) {
        const PairCoefficients<Rational> below(pair);
        const std::size_t count = made.order - 2, known = below.stages + below.extra, size = known + count;
        std::vector<Row> slopes, matrix;
        for (std::size_t i = 0; i < count; ++i) {
            const Rational tau = ratio(static_cast<long>(i + 1), static_cast<long>(count + 2));  // not symmetric: else values and slopes are dependent
            Row value(known, 0);
            below.interpolation_weights(tau, value);
            made.extra.push_back(std::move(value));
            Row slope(size, 0);
            slope[known + i] = 1;
            add(slope, -1, hermite_slope(below, tau, size));
            slopes.push_back(std::move(slope));
            matrix.emplace_back();
            for (std::size_t m = 0; m < count; ++m) matrix.back().push_back(bump<Dual<Rational>>(m, Dual<Rational>::variable(tau)).tangent);
        }
        made.d = solved(std::move(matrix), std::move(slopes));
        ++made.order;
        made.source = "bootstrapped: Enright, Jackson, Norsett, Thomsen 1986";
    }
    return made;
}

}  // namespace costate::ode::detail
