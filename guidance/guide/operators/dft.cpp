#include "guidance/guide/operators/dft.hpp"

#include <cmath>
#include <numbers>

namespace costate::guidance {

namespace {

std::vector<std::complex<double>> roots_of_unity(std::size_t n) {
    std::vector<std::complex<double>> roots(n);
    for (std::size_t k = 0; k < n; ++k) {
        const double angle = -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n);
        roots[k] = {std::cos(angle), std::sin(angle)};
    }
    return roots;
}

// The entries begin, begin + stride, … of the grid, as many as there are roots; `line` is scratch of that many.
void transform(std::span<const std::complex<double>> roots, std::complex<double>* begin, std::size_t stride,
               std::vector<std::complex<double>>& line) {
    const std::size_t n = roots.size();
    for (std::size_t i = 0; i < n; ++i) line[i] = begin[i * stride];
    for (std::size_t u = 0; u < n; ++u) {
        double real = 0, imaginary = 0;
        for (std::size_t i = 0, k = 0; i < n; ++i) {
            real += line[i].real() * roots[k].real() - line[i].imag() * roots[k].imag();
            imaginary += line[i].real() * roots[k].imag() + line[i].imag() * roots[k].real();
            k += u;
            if (k >= n) k -= n;
        }
        begin[u * stride] = {real, imaginary};
    }
}

}  // namespace

Dft::Dft(std::size_t height, std::size_t width)
    : height_(height), width_(width), row_roots_(roots_of_unity(width)), column_roots_(roots_of_unity(height)) {}

void Dft::forward(std::span<std::complex<double>> grid) const {
    std::vector<std::complex<double>> line(width_);
    for (std::size_t i = 0; i < height_; ++i) transform(row_roots_, grid.data() + i * width_, 1, line);
    line.resize(height_);
    for (std::size_t j = 0; j < width_; ++j) transform(column_roots_, grid.data() + j, width_, line);
}

// The inverse is the conjugate of the transform of the conjugate, over hw.
void Dft::inverse(std::span<std::complex<double>> grid) const {
    for (auto& x : grid) x = std::conj(x);
    forward(grid);
    const double factor = 1 / static_cast<double>(height_ * width_);
    for (auto& x : grid) x = {factor * x.real(), -factor * x.imag()};
}

}  // namespace costate::guidance
