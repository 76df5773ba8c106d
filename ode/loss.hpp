// L = ℓ(x(t₁)): losses on the end of a flow.
#pragma once

#include "scalar/traits.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace costate::ode {

/// loss(x₁) = ℓ(x₁), summed over the batch;  loss.gradient(x₁, x̄): x̄ = ∇ℓ(x₁) (assigned, same layout as x₁).
template <class L, class T>
concept TerminalLoss = Scalar<T> && requires(const L& loss, std::span<const T> x1, std::span<T> x_bar) {
    { loss(x1) } -> std::convertible_to<T>;
    loss.gradient(x1, x_bar);
};

namespace detail {

/// Throws std::invalid_argument unless a state of `size` values is a whole number of times as long as what it is compared with.
inline void check_rows(const char* loss, const char* name, std::size_t size, std::size_t given) {
    if (given == 0 || size % given != 0)
        throw std::invalid_argument(std::string(loss) + ": the state has " + std::to_string(size) + " values and " + name + " " + std::to_string(given) +
                                    "; give " + name + " one sample or the whole batch");
}

/// What the values [first, first + count) of a batch-major state are compared with: their part of a whole batch, or the one sample for all.
template <class T>
std::span<const T> rows_of(const char* loss, const char* name, std::span<const T> all, std::size_t first, std::size_t count) {
    if (!all.empty() && first % all.size() + count <= all.size()) return all.subspan(first % all.size(), count);
    check_rows(loss, name, first, all.size());
    check_rows(loss, name, count, all.size());
    return all;
}

}  // namespace detail

/// ℓ(x) = ½ Σ_b ‖x_b − y‖²,  ∇ℓ = x_b − y.
/// y is one sample (compared with every row of the batch) or a whole batch; what is not a multiple of y's size throws
/// std::invalid_argument.
template <Scalar T>
class SquaredDistance {
public:
    explicit SquaredDistance(std::vector<T> y) : y_(std::move(y)) {}

    [[nodiscard]] T operator()(std::span<const T> x1) const {
        detail::check_rows("squared distance", "the target y", x1.size(), y_.size());
        return Part{y_}(x1);
    }

    void gradient(std::span<const T> x1, std::span<T> x_bar) const {
        detail::check_rows("squared distance", "the target y", x1.size(), y_.size());
        Part{y_}.gradient(x1, x_bar);
    }

    [[nodiscard]] const std::vector<T>& target() const { return y_; }

    /// The loss of some rows of a batch, a view of y: the SquaredDistance has to outlive it. States are whole multiples of y, unchecked.
    struct Part {
        std::span<const T> y;
        [[nodiscard]] T operator()(std::span<const T> x1) const {
            T twice = T(0);
            for (std::size_t row = 0; row < x1.size(); row += y.size())
                for (std::size_t i = 0; i < y.size(); ++i) {
                    const T difference = x1[row + i] - y[i];
                    twice += difference * difference;
                }
            return twice / T(2);
        }
        void gradient(std::span<const T> x1, std::span<T> x_bar) const {
            for (std::size_t row = 0; row < x1.size(); row += y.size())
                for (std::size_t i = 0; i < y.size(); ++i) x_bar[row + i] = x1[row + i] - y[i];
        }
    };
    /// That of the values [first, first + count) of a batch-major state, both whole samples. Throws std::invalid_argument when they do not fit y.
    [[nodiscard]] Part part(std::size_t first, std::size_t count) const {
        return {detail::rows_of<T>("squared distance", "the target y", y_, first, count)};
    }

private:
    std::vector<T> y_;
};

/// ℓ(x) = Σ v·x, ∇ℓ = v: the gradient of a flow with this loss is vᵀ∂Φ/∂x.
/// v is a whole batch or one sample for every row; what is not a multiple of v's size throws std::invalid_argument.
template <Scalar T>
class LinearFunctional {
public:
    explicit LinearFunctional(std::vector<T> v) : v_(std::move(v)) {}

    [[nodiscard]] T operator()(std::span<const T> x1) const {
        detail::check_rows("linear functional", "v", x1.size(), v_.size());
        return Part{v_}(x1);
    }

    void gradient(std::span<const T> x1, std::span<T> x_bar) const {
        detail::check_rows("linear functional", "v", x1.size(), v_.size());
        Part{v_}.gradient(x1, x_bar);
    }

    /// The same of the values [first, first + count) of a batch-major state; see SquaredDistance::Part.
    struct Part {
        std::span<const T> v;
        [[nodiscard]] T operator()(std::span<const T> x1) const {
            T sum = T(0);
            for (std::size_t row = 0; row < x1.size(); row += v.size())
                for (std::size_t i = 0; i < v.size(); ++i) sum += v[i] * x1[row + i];
            return sum;
        }
        void gradient(std::span<const T> x1, std::span<T> x_bar) const {
            for (std::size_t row = 0; row < x1.size(); row += v.size()) std::copy(v.begin(), v.end(), x_bar.begin() + static_cast<std::ptrdiff_t>(row));
        }
    };
    [[nodiscard]] Part part(std::size_t first, std::size_t count) const { return {detail::rows_of<T>("linear functional", "v", v_, first, count)}; }

private:
    std::vector<T> v_;
};

}  // namespace costate::ode
