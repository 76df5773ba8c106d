// One component N(m, C) of a mixture on a path, factorised at one t, and seen from one x.
#pragma once

#include "guidance/models/small_matrix.hpp"
#include "guidance/paths/path.hpp"

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace costate::guidance {

/// w · N(mean, covariance); the covariance is d × d, positive definite (semidefinite: valid where σ > 0).
template <class T>
struct MixtureComponent {
    T weight;
    std::vector<T> mean;
    SmallMatrix<T> covariance;
};

namespace detail {

/// S = α²C + σ²I, ½S' = αα'C + ½(σ²)'I, S = L D Lᵀ; where there are several components log w - ½ log det S. Of C the lower triangle is read.
template <class T>
struct ComponentAtTime {
    Ldl<T> S;
    SmallMatrix<T> half_S_dot;
    T half_trace{}, log_scale{};
    std::vector<T> column;

    void set(const PathPoint<T>& p, const SmallMatrix<T>& C) {
        const std::size_t d = C.rows();
        const T on_C = p.alpha * p.alpha, on_C_dot = p.alpha * p.alpha_dot;
        SmallMatrix<T>& s = S.matrix(d);
        if (half_S_dot.rows() != d) half_S_dot = SmallMatrix<T>(d, d);
        for (std::size_t i = 0; i < d; ++i) {
            for (std::size_t j = 0; j <= i; ++j) {
                s(i, j) = on_C * C(i, j);
                half_S_dot(i, j) = on_C_dot * C(i, j);
                half_S_dot(j, i) = half_S_dot(i, j);
            }
            s(i, i) += p.sigma2;
            half_S_dot(i, i) += p.sigma2_dot / T(2);
        }
        S.factorise();
    }

    /// ½ tr(S⁻¹S'): d solutions, so only where a derivative in t is asked for.
    void add_trace() {
        const std::size_t d = S.size();
        half_trace = T(0);
        column.resize(d);
        for (std::size_t j = 0; j < d; ++j) {
            for (std::size_t i = 0; i < d; ++i) column[i] = half_S_dot(i, j);
            S.solve(std::span<T>(column));
            half_trace += column[j];
        }
    }
};

/// At one x:  y = S⁻¹(x - αm) = -∇log p_k,  u_k = α'm + ½S'y,  log w_k p_k up to a constant, and π_k, the component's posterior weight.
template <class T>
struct ComponentAtPoint {
    std::vector<T> y, u;
    T log_term{}, pi{};
};

/// Σ a_i b_i
template <class T>
T inner(std::span<const T> a, std::span<const T> b) {
    T sum(0);
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

/// π_k = e^(ℓ_k - max ℓ) / Σ. One component: 1, and nothing transcendental is called. Throws std::domain_error for more than one
/// component in a scalar without exp.
template <class T, class Log, class Pi>
void normalise_weights(std::size_t count, Log&& log_term, Pi&& pi) {
    if (count == 1) {
        pi(0) = T(1);
        return;
    }
    if constexpr (TranscendentalScalar<T> && OrderedScalar<T>) {
        using std::exp;
        std::size_t best = 0;
        for (std::size_t k = 1; k < count; ++k)
            if (log_term(best) < log_term(k)) best = k;
        const T top = log_term(best);
        T sum(0);
        for (std::size_t k = 0; k < count; ++k) {
            pi(k) = exp(T(log_term(k) - top));
            sum += pi(k);
        }
        for (std::size_t k = 0; k < count; ++k) pi(k) = pi(k) / sum;
    } else {
        throw std::domain_error("the weights of " + std::to_string(count) +
                                " components need exp, which this exact scalar does not have; use one component");
    }
}

}  // namespace detail
}  // namespace costate::guidance
