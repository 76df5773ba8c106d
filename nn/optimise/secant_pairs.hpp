// An inverse Hessian from the last few changes of θ and of the gradient.
#pragma once

#include "kernels/elementwise.hpp"
#include "kernels/reduce.hpp"
#include "scalar/traits.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::nn {

/// The last m pairs s = Δθ, y = Δg with sᵀy > 0, and H from them: γI, γ = sᵀy/yᵀy of the newest pair, updated by each pair from the oldest on,
///   H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ,  ρ = 1/(yᵀs)   (BFGS)
/// Room for 2m vectors, all of it taken at once.
template <OrderedScalar T>
class SecantPairs {
public:
    SecantPairs(std::size_t size, std::size_t memory) : size_(size), memory_(memory), s_(size * memory), y_(size * memory), rho_(memory), alpha_(memory) {}

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t count() const { return count_; }
    void clear() { count_ = next_ = 0; }

    /// Keeps a pair, the oldest gives way; without effect where sᵀy ≤ 0 or m = 0.
    void push(std::span<const T> s, std::span<const T> y) {
        const T curvature = kernels::dot<T>(s, y), square = kernels::dot<T>(y, y);
        if (memory_ == 0 || !(T(0) < curvature)) return;
        std::copy(s.begin(), s.end(), s_.begin() + static_cast<std::ptrdiff_t>(next_ * size_));
        std::copy(y.begin(), y.end(), y_.begin() + static_cast<std::ptrdiff_t>(next_ * size_));
        rho_[next_] = T(1) / curvature;
        gamma_ = curvature / square;
        next_ = (next_ + 1) % memory_;
        if (count_ < memory_) ++count_;
    }

    /// v ← H v by two loops of 4m n operations together: Liu and Nocedal 1989; Nocedal and Wright, algorithm 7.4. Without pairs v stays as it is.
    void multiply(std::span<T> v) {
        for (std::size_t back = 1; back <= count_; ++back) {
            const std::size_t p = slot(back);
            alpha_[p] = rho_[p] * kernels::dot<T>(pair(s_, p), v);
            kernels::axpy<T>(-alpha_[p], pair(y_, p), v);
        }
        if (count_ > 0) kernels::scale<T>(gamma_, v, v);
        for (std::size_t back = count_; back > 0; --back) {
            const std::size_t p = slot(back);
            kernels::axpy<T>(alpha_[p] - rho_[p] * kernels::dot<T>(pair(y_, p), v), pair(s_, p), v);
        }
    }

private:
    /// Of the pair that was pushed `back` pushes ago, the newest 1.
    std::size_t slot(std::size_t back) const { return (next_ + memory_ - back) % memory_; }
    std::span<const T> pair(const std::vector<T>& of, std::size_t p) const { return std::span<const T>(of).subspan(p * size_, size_); }

    std::size_t size_, memory_, count_ = 0, next_ = 0;
    std::vector<T> s_, y_, rho_, alpha_;
    T gamma_{};
};

}  // namespace costate::nn
