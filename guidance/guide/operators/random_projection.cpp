#include "guidance/guide/operators/random_projection.hpp"

#include "guidance/guide/normals.hpp"

#include <cmath>
#include <stdexcept>
#include <string>

namespace costate::guidance {

template <class T>
RandomProjection<T>::RandomProjection(std::size_t rows, std::size_t columns, std::uint64_t seed) : matrix_{rows, columns, {}} {
    if (rows == 0 || rows > columns)
        throw std::invalid_argument(std::to_string(rows) + " orthonormal rows do not exist in dimension " + std::to_string(columns) +
                                    "; give from 1 to " + std::to_string(columns));
    matrix_.values.resize(rows * columns);
    const NormalSource normals(seed);
    for (std::size_t i = 0; i < rows; ++i) {
        const auto row = matrix_.row(i);
        normals.fill(Draw::operator_rows, static_cast<std::uint32_t>(i), row);
        for (int pass = 0; pass < 2; ++pass) {
            for (std::size_t k = 0; k < i; ++k) {
                const auto other = matrix_.row(k);
                const double along = inner_product<double>(other, row);
                for (std::size_t j = 0; j < columns; ++j) row[j] -= along * other[j];
            }
            const double length = std::sqrt(inner_product<double>(row, row));
            for (double& x : row) x /= length;
        }
    }
}

template class RandomProjection<float>;
template class RandomProjection<double>;

}  // namespace costate::guidance
