// The singular value decomposition of a matrix with few rows.
#pragma once

#include "guidance/guide/operators/row_matrix.hpp"

#include <vector>

namespace costate::guidance {

/// QA = W with Q orthogonal (m × m) and the rows of W orthogonal: row i of Q is the left singular vector q_i, row i of W is σ_i v_iᵀ.
/// σ in no order; with more rows than columns the surplus is 0 but for rounding.
struct SingularValues {
    RowMatrix q, w;
    std::vector<double> sigma;
};

/// Plane rotations of pairs of rows until all are orthogonal (Hestenes 1958, one-sided Jacobi), which finds small singular values to
/// relative accuracy (Demmel and Veselić 1992): about ten sweeps of m²/2 rotations, each O(m + columns).
[[nodiscard]] SingularValues singular_values(const RowMatrix& a);

}  // namespace costate::guidance
