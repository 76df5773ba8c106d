#include "claims/dflow/stage_equations.hpp"

#include "scalar/traits.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace costate::claims {

StageEquations::StageEquations(const std::vector<Mpfr50>& A, const Mpfr50& h, std::size_t d, std::vector<double> jacobians)
    : A_(A), h_(h), s_(jacobians.size() / (d * d)), d_(d), lu_(s_ * d * s_ * d), rows_(s_ * d) {
    const std::size_t n = s_ * d;
    for (std::size_t row = 0; row < n; ++row)
        for (std::size_t column = 0; column < n; ++column) {
            const std::size_t i = row / d, j = column / d;
            const double a = ScalarTraits<Mpfr50>::to_double(Mpfr50(h * A[i * s_ + j]));
            lu_[row * n + column] = (row == column ? 1 : 0) - a * jacobians[j * d * d + (row % d) * d + column % d];
        }
    for (std::size_t j = 0; j < n; ++j) {
        std::size_t pivot = j;
        for (std::size_t i = j + 1; i < n; ++i)
            if (std::abs(lu_[i * n + j]) > std::abs(lu_[pivot * n + j])) pivot = i;
        if (!(std::abs(lu_[pivot * n + j]) > 0))
            throw std::runtime_error("the stage equations of a trajectory are singular; use a smoother field");
        rows_[j] = pivot;
        if (pivot != j) std::swap_ranges(&lu_[j * n], &lu_[j * n] + n, &lu_[pivot * n]);
        for (std::size_t i = j + 1; i < n; ++i) {
            const double ratio = lu_[i * n + j] /= lu_[j * n + j];
            for (std::size_t k = j + 1; k < n; ++k) lu_[i * n + k] -= ratio * lu_[j * n + k];
        }
    }
}

void StageEquations::correct(std::vector<double>& b) const {
    const std::size_t n = b.size();
    for (std::size_t j = 0; j < n; ++j) std::swap(b[j], b[rows_[j]]);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < i; ++j) b[i] -= lu_[i * n + j] * b[j];
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t j = i + 1; j < n; ++j) b[i] -= lu_[i * n + j] * b[j];
        b[i] /= lu_[i * n + i];
    }
}

std::vector<Mpfr50> StageEquations::solve(std::span<const Mpfr50> x, std::vector<Mpfr50>& stages, const Rhs& rhs) const {
    std::vector<Mpfr50> F(stages.size()), residual(stages.size());
    std::vector<double> b(stages.size());
    for (int attempt = 0; attempt < 12; ++attempt) {
        for (std::size_t i = 0; i < s_; ++i)
            rhs(i, std::span<const Mpfr50>(stages).subspan(i * d_, d_), std::span<Mpfr50>(F).subspan(i * d_, d_));
        double change = 0, scale = 0;
        for (std::size_t i = 0; i < stages.size(); ++i) {
            Mpfr50 sum = 0;
            for (std::size_t j = 0; j < s_; ++j) sum += A_[i / d_ * s_ + j] * F[j * d_ + i % d_];
            residual[i] = x[i % d_] + h_ * sum - stages[i];
            b[i] = ScalarTraits<Mpfr50>::to_double(residual[i]);
            scale = std::max(scale, std::abs(ScalarTraits<Mpfr50>::to_double(stages[i])));
        }
        correct(b);
        for (std::size_t i = 0; i < stages.size(); ++i) {
            stages[i] += Mpfr50(b[i]);
            change = std::max(change, std::abs(b[i]));
        }
        if (change <= 1e-27 * scale) return F;
    }
    throw std::runtime_error("the stage equations of a trajectory do not converge; use a smoother field");
}

}  // namespace costate::claims
