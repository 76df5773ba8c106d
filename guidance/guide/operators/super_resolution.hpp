// Means of blocks of pixels: what a coarser camera sees.
#pragma once

#include "guidance/guide/image_shape.hpp"
#include "guidance/guide/operators/spectrum.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace costate::guidance {

/// y_{c,i,j} = k⁻² Σ_{a,b<k} x_{c, ki+a, kj+b}, HHᵀ = k⁻² I, H⁺ = k²Hᵀ: every pixel of the block is the mean. k divides both sides.
template <class T>
class SuperResolution {
public:
    SuperResolution(const ImageShape& shape, std::size_t k) : shape_(shape), k_(k) {}

    [[nodiscard]] std::size_t rows() const { return small().size(); }
    [[nodiscard]] std::size_t columns() const { return shape_.size(); }
    [[nodiscard]] std::optional<ImageShape> measurement_shape() const { return small(); }

    void apply(std::span<const T> x, std::span<T> y) const;
    void transposed(std::span<const T> y, std::span<T> x) const { spread(gram(), y, x); }
    void pseudo_inverse(std::span<const T> y, std::span<T> x) const { spread(1, y, x); }
    void solve(double s2, double v2, std::span<const T> r, std::span<T> out) const {
        scale(solve_factor(gram(), gram(), s2, v2), r, out);
    }

private:
    [[nodiscard]] ImageShape small() const { return {shape_.channels, shape_.height / k_, shape_.width / k_}; }
    [[nodiscard]] double gram() const { return 1 / static_cast<double>(k_ * k_); }
    void spread(double factor, std::span<const T> y, std::span<T> x) const;

    ImageShape shape_;
    std::size_t k_;
};

extern template class SuperResolution<float>;
extern template class SuperResolution<double>;

}  // namespace costate::guidance
