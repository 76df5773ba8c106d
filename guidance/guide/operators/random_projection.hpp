// Orthonormal rows in random directions.
#pragma once

#include "guidance/guide/image_shape.hpp"
#include "guidance/guide/operators/row_matrix.hpp"
#include "guidance/guide/operators/spectrum.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace costate::guidance {

/// y = Hx, the rows of H those of a Gaussian matrix made orthonormal one after the other (Gram–Schmidt, twice): HHᵀ = I, H⁺ = Hᵀ.
/// The first rows do not depend on how many there are.
template <class T>
class RandomProjection {
public:
    /// From Draw::operator_rows of the seed. Throws std::invalid_argument unless 1 ≤ rows ≤ columns.
    RandomProjection(std::size_t rows, std::size_t columns, std::uint64_t seed);

    [[nodiscard]] std::size_t rows() const { return matrix_.rows; }
    [[nodiscard]] std::size_t columns() const { return matrix_.columns; }
    [[nodiscard]] std::optional<ImageShape> measurement_shape() const { return std::nullopt; }

    void apply(std::span<const T> x, std::span<T> y) const { multiply(matrix_, x, y); }
    void transposed(std::span<const T> y, std::span<T> x) const { multiply_transposed(matrix_, y, x); }
    void pseudo_inverse(std::span<const T> y, std::span<T> x) const { transposed(y, x); }
    void solve(double s2, double v2, std::span<const T> r, std::span<T> out) const { scale(solve_factor(1, 1, s2, v2), r, out); }

private:
    RowMatrix matrix_;
};

extern template class RandomProjection<float>;
extern template class RandomProjection<double>;

}  // namespace costate::guidance
