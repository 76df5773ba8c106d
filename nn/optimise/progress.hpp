// How a minimisation stands, as data and as one sentence.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>

namespace costate::nn {

enum class Progress {
    descending,  ///< the last step lowered the loss; more can be taken
    converged,   ///< max |∂L/∂θ_i| is at most the tolerance asked for
    stalled,     ///< no step along the negative gradient meets the Wolfe conditions
    non_finite,  ///< the loss or its gradient where it begins; nothing was changed
};

/// "descending", "converged", "stalled", "non-finite"
[[nodiscard]] const char* name_of(Progress progress);

/// Numbers as doubles, for reports.
struct MinimiserStatus {
    Progress progress = Progress::descending;
    double loss = 0, steepest = 0;  ///< L(θ), max |∂L/∂θ_i|
    std::size_t steps = 0, evaluations = 0;

    /// Another step may help.
    [[nodiscard]] bool descending() const { return progress == Progress::descending; }
    /// Where it stands, and what to do where it failed.
    [[nodiscard]] std::string sentence() const;
};

namespace detail {

/// The first entry that is NaN or ∞, values.size() where there is none.
template <class T>
std::size_t first_non_finite(std::span<const T> values) {
    return static_cast<std::size_t>(std::find_if_not(values.begin(), values.end(), [](T v) { return std::isfinite(v); }) - values.begin());
}

/// "the loss" or "entry 3 of the gradient"
template <class T>
std::string what_is_not_finite(T loss, std::span<const T> gradient) {
    return std::isfinite(loss) ? "entry " + std::to_string(first_non_finite(gradient)) + " of the gradient" : "the loss";
}

}  // namespace detail
}  // namespace costate::nn
