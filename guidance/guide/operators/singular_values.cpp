#include "guidance/guide/operators/singular_values.hpp"

#include <cmath>
#include <limits>

namespace costate::guidance {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr int most_sweeps = 60;  // ten are usual

void rotate(std::span<double> p, std::span<double> q, double cosine, double sine) {
    for (std::size_t j = 0; j < p.size(); ++j) {
        const double old = p[j];
        p[j] = cosine * old - sine * q[j];
        q[j] = sine * old + cosine * q[j];
    }
}

// One rotation of the rows i and k of W, and of Q alike; whether they were not yet orthogonal. Rows of a squared length at or below `nothing` are rounding.
bool make_orthogonal(SingularValues& s, std::size_t i, std::size_t k, double nothing) {
    const auto p = s.w.row(i), q = s.w.row(k);
    const double alpha = inner_product<double>(p, p), beta = inner_product<double>(q, q), gamma = inner_product<double>(p, q);
    if (std::fmin(alpha, beta) <= nothing || std::abs(gamma) <= 4 * epsilon * std::sqrt(alpha) * std::sqrt(beta)) return false;
    const double zeta = (beta - alpha) / (2 * gamma);
    const double tangent = std::copysign(1 / (std::abs(zeta) + std::hypot(1, zeta)), zeta);
    const double cosine = 1 / std::hypot(1, tangent), sine = cosine * tangent;
    rotate(p, q, cosine, sine);
    rotate(s.q.row(i), s.q.row(k), cosine, sine);
    return true;
}

RowMatrix identity(std::size_t m) {
    RowMatrix one{m, m, std::vector<double>(m * m)};
    for (std::size_t i = 0; i < m; ++i) one.values[i * m + i] = 1;
    return one;
}

}  // namespace

SingularValues singular_values(const RowMatrix& a) {
    SingularValues s{identity(a.rows), a, std::vector<double>(a.rows)};
    double largest = 0;
    for (const double x : a.values) largest = std::fmax(largest, std::abs(x));
    if (largest == 0) return s;
    for (double& x : s.w.values) x /= largest;  // no square overflows
    const double length2 = inner_product<double>(s.w.values, s.w.values), nothing = length2 * epsilon * epsilon;
    bool rotated = true;
    for (int sweep = 0; rotated && sweep < most_sweeps; ++sweep) {
        rotated = false;
        for (std::size_t i = 0; i < a.rows; ++i)
            for (std::size_t k = i + 1; k < a.rows; ++k) rotated = make_orthogonal(s, i, k, nothing) || rotated;
    }
    for (std::size_t i = 0; i < a.rows; ++i) {
        const auto row = s.w.row(i);
        s.sigma[i] = largest * std::sqrt(inner_product<double>(row, row));
        for (double& x : row) x *= largest;
    }
    return s;
}

}  // namespace costate::guidance
