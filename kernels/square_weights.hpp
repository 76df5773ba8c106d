// What convolutions by squares (kernels/simd/winograd.hpp) are packed with.
#pragma once

#include <cstddef>

namespace costate::kernels {

/// (G g Gᵀ)_ij, k = 4 i + j, of the taps g(u, v) in double: rows of G are (1, 0, 0), (½, ½, ½), (½, -½, ½), (0, 0, 1).
template <class Taps>
double square_weight(std::size_t k, const Taps& g) {
    const auto row = [](std::size_t i, const auto& a) {
        return i == 0 ? a(0) : i == 3 ? a(2) : (a(0) + a(2) + (i == 1 ? a(1) : -a(1))) / 2;
    };
    return row(k / 4, [&](std::size_t u) { return row(k % 4, [&](std::size_t v) { return g(u, v); }); });
}

}  // namespace costate::kernels
