#include "guidance/guide/operators/blur.hpp"

#include "guidance/guide/operators/spectrum.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace costate::guidance {

template <class T>
Blur<T>::Blur(const ImageShape& shape, const BlurKernel& kernel)
    : shape_(shape), dft_(shape.height, shape.width), response_(shape.pixels()) {
    const std::size_t h = shape.height, w = shape.width;
    if (kernel.height > h || kernel.width > w)
        throw std::invalid_argument("the kernel is " + std::to_string(kernel.height) + "x" + std::to_string(kernel.width) + " and the image " +
                                    to_string(shape) + "; give a kernel that is no larger than the image");
    for (std::size_t a = 0; a < kernel.height; ++a)
        for (std::size_t b = 0; b < kernel.width; ++b) {
            const double k = kernel.values[a * kernel.width + b];
            if (k == 0) continue;
            // where the kernel takes from, and where it puts x(0, 0)
            const std::size_t down = (kernel.height / 2 + h - a) % h, right = (kernel.width / 2 + w - b) % w;
            const std::size_t down_t = (h - down) % h, right_t = (w - right) % w;
            taps_.push_back({down, right, static_cast<T>(k)});
            transposed_taps_.push_back({down_t, right_t, static_cast<T>(k)});
            response_[down_t * w + right_t] = k;
        }
    dft_.forward(response_);
    for (const auto& K : response_) largest2_ = std::max(largest2_, std::norm(K));
}

template <class T>
void Blur<T>::convolve(std::span<const Tap> taps, std::span<const T> in, std::span<T> out) const {
    const std::size_t h = shape_.height, w = shape_.width;
    std::fill(out.begin(), out.end(), T(0));
    for (std::size_t c = 0; c < shape_.channels; ++c)
        for (std::size_t i = 0; i < h; ++i) {
            T* const y = out.data() + (c * h + i) * w;
            for (const Tap& tap : taps) {
                const T* const x = in.data() + (c * h + (i + tap.down) % h) * w;
                const std::size_t before_wrap = w - tap.right;
                for (std::size_t j = 0; j < before_wrap; ++j) y[j] += tap.weight * x[j + tap.right];
                for (std::size_t j = before_wrap; j < w; ++j) y[j] += tap.weight * x[j - before_wrap];
            }
        }
}

// out = F⁻¹ (factor(K) F in), each channel
template <class T>
template <class Factor>
void Blur<T>::filter(std::span<const T> in, std::span<T> out, Factor&& factor) const {
    const std::size_t n = shape_.pixels();
    std::vector<std::complex<double>> grid(n);
    for (std::size_t c = 0; c < shape_.channels; ++c) {
        for (std::size_t i = 0; i < n; ++i) grid[i] = static_cast<double>(in[c * n + i]);
        dft_.forward(grid);
        for (std::size_t i = 0; i < n; ++i) grid[i] *= factor(response_[i]);
        dft_.inverse(grid);
        for (std::size_t i = 0; i < n; ++i) out[c * n + i] = static_cast<T>(grid[i].real());
    }
}

template <class T>
void Blur<T>::pseudo_inverse(std::span<const T> y, std::span<T> x) const {
    filter(y, x, [this](const std::complex<double>& K) {
        return counts_as_zero(std::norm(K), largest2_) ? std::complex<double>(0) : std::conj(K) / std::norm(K);
    });
}

template <class T>
void Blur<T>::solve(double s2, double v2, std::span<const T> r, std::span<T> out) const {
    filter(r, out, [&](const std::complex<double>& K) { return solve_factor(std::norm(K), largest2_, s2, v2); });
}

template class Blur<float>;
template class Blur<double>;

}  // namespace costate::guidance
