// Where a solve on a given grid first meets a value that is not finite.
#pragma once

#include "ode/adaptive/status.hpp"
#include "ode/coefficients.hpp"
#include "ode/step.hpp"
#include "ode/time_grid.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace costate::ode {

/// The place, and the stage at which the slope was asked for: f(t, y) with y of all samples.
template <Scalar T>
struct FirstNonFinite {
    NonFinite place;
    T t{};
    std::vector<T> y;
};

/// Takes the steps of the grid one by one, k_i and x_{n+1} looked at as they come; nothing where all are finite. Evaluates f as a step does,
/// and is meant for a solve that has failed.
template <class F, OrderedScalar T, class G>
    requires VectorField<F, T> && StepGrid<G, T>
std::optional<FirstNonFinite<T>> first_non_finite(const Coefficients<T>& method, F& f, const G& grid, View<T> x0) {
    const std::size_t n = x0.size(), dim = f.dim();
    const auto bad = [](std::span<const T> v) { return std::find_if(v.begin(), v.end(), [](const T& x) { return !(x - x == T(0)); }) - v.begin(); };
    const auto place = [&](NonFinite::In in, std::size_t stage, std::size_t step, const T& t, const T& h, std::ptrdiff_t at) {
        const auto index = static_cast<std::size_t>(at);
        return NonFinite{in, stage, step, ScalarTraits<T>::to_double(t), ScalarTraits<T>::to_double(h), index / dim, index % dim};
    };
    const auto size = static_cast<std::ptrdiff_t>(n);
    std::vector<T> x(x0.begin(), x0.end());
    if (const auto at = bad(x); at < size) return FirstNonFinite<T>{place(NonFinite::In::state, 0, 0, grid.first(), T(0), at), grid.first(), x};
    StepWorkspace<T> ws;
    ws.forward(method.stages, n);
    const std::span<T> k = ws.k;
    for (std::size_t step = 0; step < step_count(grid); ++step) {
        const T t = grid.at(step), h = grid.step(step);
        for (std::size_t i = 0; i < method.stages; ++i) {
            const T time = t + method.c[i] * h;
            const std::span<const T> y = detail::stage_state<T>(method, i, h, x, k, ws);
            const std::span<T> slope = k.subspan(i * n, n);
            if (const auto at = bad(y); at < size)
                return FirstNonFinite<T>{place(NonFinite::In::sum, i + 1, step + 1, time, h, at), time, {y.begin(), y.end()}};
            f(time, y, slope);
            if (const auto at = bad(slope); at < size)
                return FirstNonFinite<T>{place(NonFinite::In::slope, i + 1, step + 1, time, h, at), time, {y.begin(), y.end()}};
        }
        std::vector<T> next(n);
        detail::finish<T>(method, h, x, k, next, ws);
        if (const auto at = bad(next); at < size) return FirstNonFinite<T>{place(NonFinite::In::sum, method.stages, step + 1, t, h, at), t, next};
        x.swap(next);
    }
    return std::nullopt;
}

}  // namespace costate::ode
