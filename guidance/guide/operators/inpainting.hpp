// Some entries of x, as they are.
#pragma once

#include "guidance/guide/image_shape.hpp"
#include "guidance/guide/operators/spectrum.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace costate::guidance {

/// y_i = x_{k_i}, HHᵀ = I, H⁺ = Hᵀ. `kept`: the k_i, ascending and below `columns`.
template <class T>
class Inpainting {
public:
    Inpainting(std::size_t columns, std::vector<std::size_t> kept) : columns_(columns), kept_(std::move(kept)) {}

    [[nodiscard]] std::size_t rows() const { return kept_.size(); }
    [[nodiscard]] std::size_t columns() const { return columns_; }
    [[nodiscard]] std::span<const std::size_t> kept() const { return kept_; }
    /// None: kept pixels have gaps between them; Hᵀy is what can be shown.
    [[nodiscard]] std::optional<ImageShape> measurement_shape() const { return std::nullopt; }

    void apply(std::span<const T> x, std::span<T> y) const {
        for (std::size_t i = 0; i < kept_.size(); ++i) y[i] = x[kept_[i]];
    }
    void transposed(std::span<const T> y, std::span<T> x) const {
        for (T& entry : x) entry = T(0);
        for (std::size_t i = 0; i < kept_.size(); ++i) x[kept_[i]] = y[i];
    }
    void pseudo_inverse(std::span<const T> y, std::span<T> x) const { transposed(y, x); }
    void solve(double s2, double v2, std::span<const T> r, std::span<T> out) const { scale(solve_factor(1, 1, s2, v2), r, out); }

private:
    std::size_t columns_;
    std::vector<std::size_t> kept_;
};

}  // namespace costate::guidance
