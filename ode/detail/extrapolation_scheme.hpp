// The modified midpoint rule and the Aitken–Neville scheme of ode/extrapolation.hpp.
#pragma once

#include "ode/vector_field.hpp"
#include "scalar/traits.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace costate::ode {

/// What a step needs; owned by the caller, allocates only when the state or the number of columns grows.
template <Scalar T>
class ExtrapolationWorkspace {
public:
    void reserve(std::size_t state, std::size_t columns) {
        for (auto* v : {&start, &previous, &current, &slope}) v->resize(state);
        while (table.size() < columns) table.emplace_back();
        for (auto& row : table) row.resize(state);
    }
    std::vector<T> start;                    ///< f(t, x), kept when a step is repeated with another H
    std::vector<T> previous, current, slope; ///< the last two midpoint values and f of the last
    std::vector<std::vector<T>> table;       ///< table[i] = T_{j,j-i}: the last row of the Aitken–Neville scheme, best value at [0]
};

namespace detail {

/// max_i |a_i| in double, whatever T: only controllers read it. Infinite where a value is not finite.
template <Scalar T>
double max_norm(std::span<const T> a) {
    double norm = 0;
    for (const T& v : a) {
        const double x = std::abs(ScalarTraits<T>::to_double(v));
        norm = std::isfinite(x) ? std::max(norm, x) : HUGE_VAL;
    }
    return norm;
}

/// Gragg's modified midpoint rule without smoothing: y₁ = x + h f(x), y_{i+1} = y_{i-1} + 2h f(y_i), S = y_n, h = H/n, n even.
template <Scalar T, VectorField<T> F>
void modified_midpoint(F& f, const T& t, const T& H, std::size_t n, std::span<const T> x, ExtrapolationWorkspace<T>& ws) {
    const T h = H / T(static_cast<int>(n));
    const T two_h = h + h;
    for (std::size_t i = 0; i < x.size(); ++i) {
        ws.previous[i] = x[i];
        ws.current[i] = x[i] + h * ws.start[i];
    }
    for (std::size_t step = 1; step < n; ++step) {
        f(T(t + T(static_cast<int>(step)) * h), std::span<const T>(ws.current), std::span<T>(ws.slope));
        for (std::size_t i = 0; i < x.size(); ++i) ws.previous[i] += two_h * ws.slope[i];
        std::swap(ws.previous, ws.current);
    }
}

/// Row j (from 1) enters the scheme:
/// T_{j,i+1} = T_{j,i} + (T_{j,i} - T_{j-1,i}) / ((n_j/n_{j-i})² - 1). Afterwards table[0] = T_{jj}, table[1] = T_{j,j-1}.
template <Scalar T>
void neville(std::size_t j, ExtrapolationWorkspace<T>& ws) {
    // table[m] holds T_{j-1,j-1-m}; a new row is one longer, so the column i of row j goes to table[j-i]
    for (std::size_t m = j - 1; m > 0; --m) std::swap(ws.table[m], ws.table[m - 1]);
    // now table[m] = T_{j-1,j-m} for m = 1 … j-1, table[0] is free; carry T_{j,i} in ws.current
    for (std::size_t i = 1; i < j; ++i) {
        const auto n = static_cast<int>(j), low = static_cast<int>(j - i);
        const T weight = T(low * low) / T(n * n - low * low);
        auto& old = ws.table[j - i];
        for (std::size_t k = 0; k < old.size(); ++k) {
            const T next = ws.current[k] + weight * (ws.current[k] - old[k]);
            old[k] = ws.current[k];
            ws.current[k] = next;
        }
    }
    std::swap(ws.table[0], ws.current);
}

}  // namespace detail

}  // namespace costate::ode
