// x itself: with noise on it, denoising.
#pragma once

#include "guidance/guide/image_shape.hpp"
#include "guidance/guide/operators/spectrum.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace costate::guidance {

/// y = x, H = I.
template <class T>
class Denoising {
public:
    explicit Denoising(const ImageShape& shape) : shape_(shape) {}

    [[nodiscard]] std::size_t rows() const { return shape_.size(); }
    [[nodiscard]] std::size_t columns() const { return shape_.size(); }
    [[nodiscard]] std::optional<ImageShape> measurement_shape() const {
        return shape_.is_image() ? std::optional(shape_) : std::nullopt;
    }

    void apply(std::span<const T> x, std::span<T> y) const { scale(1, x, y); }
    void transposed(std::span<const T> y, std::span<T> x) const { scale(1, y, x); }
    void pseudo_inverse(std::span<const T> y, std::span<T> x) const { scale(1, y, x); }
    void solve(double s2, double v2, std::span<const T> r, std::span<T> out) const { scale(solve_factor(1, 1, s2, v2), r, out); }

private:
    ImageShape shape_;
};

}  // namespace costate::guidance
