// The discrete Fourier transform of a small grid, one axis after the other.
#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::guidance {

/// X(u, v) = Σ_{i,j} x(i, j) e^{-2πi(ui/h + vj/w)} in place, row-major; any h and w, hw(h + w) multiplications.
class Dft {
public:
    Dft(std::size_t height, std::size_t width);

    void forward(std::span<std::complex<double>> grid) const;
    /// x(i, j) = (hw)⁻¹ Σ_{u,v} X(u, v) e^{2πi(ui/h + vj/w)}
    void inverse(std::span<std::complex<double>> grid) const;

private:
    std::size_t height_, width_;
    std::vector<std::complex<double>> row_roots_, column_roots_;  // e^{-2πik/n}
};

}  // namespace costate::guidance
