// L = Σ_k ℓ_k(x(s_k)): losses along the way, at the knots of a grid.
#pragma once

#include "kernels/elementwise.hpp"
#include "ode/coefficients.hpp"
#include "ode/loss.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace costate::ode {

/// A loss of the end that has terms at earlier knots too, k = 0 … loss.knots() − 2:
/// loss.at_knot(k, x, x̄) = ℓ_k(x) with x̄ = ∇ℓ_k(x) (assigned), or nothing where there is no term.
template <class L, class T>
concept PathLoss = TerminalLoss<L, T> && requires(const L& loss, std::size_t k, std::span<const T> x, std::span<T> x_bar) {
    { loss.knots() } -> std::convertible_to<std::size_t>;
    { loss.at_knot(k, x, x_bar) } -> std::same_as<std::optional<T>>;
};

/// Σ_k ℓ_k(x(s_k)) over the knots s_0 = t₀, …, s_K = t₁ of the grid: one loss or none a knot.
/// A gradient method adds ∇ℓ_k to λ where its sweep meets s_k, so one solve there and back serves all terms; ∂L/∂s_k are the result's knot_bars.
template <Scalar T, class L>
    requires TerminalLoss<L, T>
class SumOverKnots {
public:
    /// Throws std::invalid_argument for fewer terms than two knots.
    explicit SumOverKnots(std::vector<std::optional<L>> terms) : terms_(std::move(terms)) {
        if (terms_.size() < 2)
            throw std::invalid_argument("sum over knots: it has " + std::to_string(terms_.size()) +
                                        " terms; give one (or none in its place) for each knot, both ends among them");
    }

    [[nodiscard]] std::size_t knots() const { return terms_.size(); }
    [[nodiscard]] std::optional<T> at_knot(std::size_t k, std::span<const T> x, std::span<T> x_bar) const {
        if (!terms_[k]) return std::nullopt;
        terms_[k]->gradient(x, x_bar);
        return T((*terms_[k])(x));
    }

    [[nodiscard]] T operator()(std::span<const T> x1) const { return terms_.back() ? T((*terms_.back())(x1)) : T(0); }
    void gradient(std::span<const T> x1, std::span<T> x_bar) const {
        if (terms_.back()) terms_.back()->gradient(x1, x_bar);
        else std::fill(x_bar.begin(), x_bar.end(), T(0));
    }

private:
    std::vector<std::optional<L>> terms_;
};

}  // namespace costate::ode
