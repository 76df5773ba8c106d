// X_i = x + h Σ_j a_ij f_j(X_j): the stages of a Gauss step at 50 digits, corrected by a linear system solved in double precision.
#pragma once

#include "scalar/multiprecision.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace costate::claims {

/// (I - h A ⊗ J) δ = residual with J_i close to ∂f_i/∂x: factorised once, each correction gains about 12 digits (iterative refinement).
class StageEquations {
public:
    /// A is s × s, jacobians s matrices of d × d, row-major. Throws std::runtime_error where the system is singular.
    StageEquations(const std::vector<Mpfr50>& A, const Mpfr50& h, std::size_t d, std::vector<double> jacobians);

    using Rhs = std::function<void(std::size_t node, std::span<const Mpfr50> X, std::span<Mpfr50> dX)>;
    /// stages in: a guess, out: the solution. Returns f_i(X_i). Throws std::runtime_error where the corrections do not become small.
    std::vector<Mpfr50> solve(std::span<const Mpfr50> x, std::vector<Mpfr50>& stages, const Rhs& rhs) const;

private:
    void correct(std::vector<double>& b) const;

    const std::vector<Mpfr50>& A_;
    Mpfr50 h_;
    std::size_t s_, d_;
    std::vector<double> lu_;
    std::vector<std::size_t> rows_;
};

}  // namespace costate::claims
