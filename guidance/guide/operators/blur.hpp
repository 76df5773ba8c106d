// Convolution with a kernel on a grid without borders.
#pragma once

#include "guidance/guide/image_shape.hpp"
#include "guidance/guide/operators/blur_kernels.hpp"
#include "guidance/guide/operators/dft.hpp"

#include <complex>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace costate::guidance {

/// y(i, j) = Σ_{a,b} k(a, b) x(i - a + a₀, j - b + b₀) in every channel, (a₀, b₀) the kernel's centre, indices modulo the sides: periodic at the
/// border, so the Fourier transform diagonalises H, and pseudo_inverse and solve use it: F(Hx) = K F(x), in double, at hw(h + w) multiplications.
/// Frequencies with |K| at or below relative_tolerance (spectrum.hpp) of the largest count as lost.
template <class T>
class Blur {
public:
    /// Throws std::invalid_argument for a kernel that is larger than the image.
    Blur(const ImageShape& shape, const BlurKernel& kernel);

    [[nodiscard]] std::size_t rows() const { return shape_.size(); }
    [[nodiscard]] std::size_t columns() const { return shape_.size(); }
    [[nodiscard]] std::optional<ImageShape> measurement_shape() const { return shape_; }

    void apply(std::span<const T> x, std::span<T> y) const { convolve(taps_, x, y); }
    void transposed(std::span<const T> y, std::span<T> x) const { convolve(transposed_taps_, y, x); }
    void pseudo_inverse(std::span<const T> y, std::span<T> x) const;
    void solve(double s2, double v2, std::span<const T> r, std::span<T> out) const;

private:
    /// y(i, j) += weight x(i + down, j + right), modulo the sides
    struct Tap {
        std::size_t down, right;
        T weight;
    };
    void convolve(std::span<const Tap> taps, std::span<const T> in, std::span<T> out) const;
    template <class Factor>
    void filter(std::span<const T> in, std::span<T> out, Factor&& factor) const;

    ImageShape shape_;
    std::vector<Tap> taps_, transposed_taps_;
    Dft dft_;
    std::vector<std::complex<double>> response_;  // K
    double largest2_ = 0;                         // max |K|²
};

extern template class Blur<float>;
extern template class Blur<double>;

}  // namespace costate::guidance
