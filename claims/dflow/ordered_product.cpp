#include "claims/dflow/ordered_product.hpp"

#include "claims/measure/slope.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace costate::claims {

namespace {

using Vector = std::vector<Mpfr50>;

double largest(const Vector& v) {
    double most = 0;
    for (const Mpfr50& value : v) most = std::max(most, std::abs(ScalarTraits<Mpfr50>::to_double(value)));
    return most;
}

// e^{hG} v by its series.
Vector exponential_times(const Matrix& G, const Mpfr50& h, Vector v) {
    Vector term = v, next(v.size());
    const double small = 1e-26 * largest(v);
    for (int k = 1; k < 400 && largest(term) > small; ++k) {
        const Mpfr50 factor = h / k;
        std::fill(next.begin(), next.end(), Mpfr50(0));
        G.multiply_add(term, next);
        for (std::size_t i = 0; i < v.size(); ++i) {
            term[i] = factor * next[i];
            v[i] += term[i];
        }
    }
    return v;
}

Vector product_times(const Trajectory& way, Product product, std::size_t factors, Vector v) {
    const Mpfr50 h = (way.t1 - way.t0) / static_cast<int>(factors);
    for (std::size_t n = 0; n < factors; ++n) {
        const std::size_t place = product == Product::reversed ? factors - 1 - n : n;
        const Mpfr50 t = way.t0 + h * static_cast<int>(place) + (product == Product::left_ends ? Mpfr50(0) : Mpfr50(h / 2));
        v = exponential_times(way.jacobian(t), h, std::move(v));
    }
    return v;
}

// The pieces' derivatives of G' once more: a polynomial through the slopes at the same nodes.
std::vector<Matrix> second_slopes(const TrajectoryPiece& piece, const std::vector<Matrix>& first) {
    const std::size_t s = first.size(), d = first.front().rows();
    TrajectoryPiece derived{piece.start, piece.length, piece.nodes, {}};
    for (std::size_t k = 0; k < s; ++k) {
        Matrix c(d, d);
        for (std::size_t j = 0; j < s; ++j) {
            const Mpfr50 xi = 2 * (piece.nodes[j].t - piece.start) / piece.length - 1;
            Mpfr50 before = 1, now = k == 0 ? Mpfr50(1) : xi;
            for (std::size_t n = 1; n < k; ++n) {
                const auto m = static_cast<int>(n);
                const Mpfr50 next = ((2 * m + 1) * xi * now - m * before) / (m + 1);
                before = std::exchange(now, next);
            }
            c += Mpfr50(Mpfr50(static_cast<int>(2 * k + 1)) * piece.nodes[j].weight / piece.length * now) * first[j];
        }
        derived.legendre.push_back(std::move(c));
    }
    return slopes(derived);
}

// ∫ D(1) D(t)⁻¹ (G''/24 + [G', G]/12) D(t) v dt
Vector predicted_constant(const Trajectory& way, const Vector& v) {
    Vector sum(v.size(), Mpfr50(0));
    for (const TrajectoryPiece& piece : way.pieces) {
        const std::vector<Matrix> first = slopes(piece), second = second_slopes(piece, first);
        for (std::size_t j = 0; j < piece.nodes.size(); ++j) {
            const TrajectoryNode& node = piece.nodes[j];
            const Matrix defect = Mpfr50(Mpfr50(1) / 24) * second[j] + Mpfr50(Mpfr50(1) / 12) * commutator(first[j], node.G);
            const Vector there = solved(node.D, defect(node.D(v)));
            for (std::size_t i = 0; i < v.size(); ++i) sum[i] += node.weight * there[i];
        }
    }
    return way.D(sum);
}

}  // namespace

OrderedProduct ordered_product(const Trajectory& way, Product product) {
    const std::size_t d = way.x0.size(), halvings = certified_halvings;
    Vector v;
    for (std::size_t i = 0; i < d; ++i) v.push_back(Mpfr50(1) / static_cast<int>(i + 1));
    const double length = ScalarTraits<Mpfr50>::to_double(Mpfr50(way.t1 - way.t0));
    const double constant = ScalarTraits<Mpfr50>::to_double(norm(predicted_constant(way, v)));
    const Vector exact = way.D(v);
    const auto error_at = [&](const Mpfr50& h) {
        const auto factors = static_cast<std::size_t>(std::lround(length / ScalarTraits<Mpfr50>::to_double(h)));
        return distance(product_times(way, product, factors, v), exact);
    };
    const Slope slope = slope_of(error_at, Mpfr50(way.t1 - way.t0), halvings, 1e-6);
    const bool constant_agrees = std::abs(slope.constant - constant) < 0.01 * constant;
    Finding finding{"ordered product",
                    "order 2, constant " + number(constant, 5),
                    "order " + slope.text() + ", constant " + number(slope.constant, 5),
                    number(static_cast<double>(halvings)) + " halvings at 50 digits",
                    Proof::slope,
                    slope.agrees(2) && constant_agrees};
    Figure figure{"The product of $N$ exponentials against $D$", "length of an interval", "error", true, true,
                  {curve_of(slope, 2, constant, "$\\|e^{hG(t_N)} \\cdots e^{hG(t_1)} v - Dv\\|$")}};
    return {std::move(finding), std::move(figure)};
}

}  // namespace costate::claims
