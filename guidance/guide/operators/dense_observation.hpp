// Any matrix.
#pragma once

#include "guidance/guide/image_shape.hpp"
#include "guidance/guide/operators/row_matrix.hpp"
#include "guidance/guide/operators/singular_values.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace costate::guidance {

/// y = Hx with H = Σ_i q_i σ_i v_iᵀ found once: H⁺y = Σ v_i (q_i·y)/σ_i over the σ_i that do not count as 0 (spectrum.hpp),
/// solve = Σ q_i (q_i·r)/(s²σ_i² + v²).
template <class T>
class DenseObservation {
public:
    /// The decomposition takes O(rows² columns), so there is a limit.
    static constexpr std::size_t most_rows = 256;

    /// Throws std::invalid_argument for no row, more than most_rows, a value that is not finite, and H = 0.
    explicit DenseObservation(RowMatrix matrix);

    [[nodiscard]] std::size_t rows() const { return matrix_.rows; }
    [[nodiscard]] std::size_t columns() const { return matrix_.columns; }
    [[nodiscard]] std::optional<ImageShape> measurement_shape() const { return std::nullopt; }

    void apply(std::span<const T> x, std::span<T> y) const { multiply(matrix_, x, y); }
    void transposed(std::span<const T> y, std::span<T> x) const { multiply_transposed(matrix_, y, x); }
    void pseudo_inverse(std::span<const T> y, std::span<T> x) const;
    void solve(double s2, double v2, std::span<const T> r, std::span<T> out) const;

private:
    RowMatrix matrix_;
    SingularValues svd_;
    double largest2_ = 0;
};

extern template class DenseObservation<float>;
extern template class DenseObservation<double>;

}  // namespace costate::guidance
