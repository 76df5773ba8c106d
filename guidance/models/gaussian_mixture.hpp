// The exact flow model of Σ w_k N(m_k, C_k): u = Σ π_k(x) u_k(x) in the form that is regular at both ends.
#pragma once

#include "guidance/models/mixture_terms.hpp"
#include "ode/vector_field.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace costate::guidance {

/// u_k = α'm_k + ½S_k'S_k⁻¹(x - αm_k), S_k = α²C_k + σ²I, π_k ∝ w_k N(x; αm_k, S_k).
/// A DifferentiableField without parameters. States are batch-major; functions that return a matrix or a number take one sample. It
/// keeps the factors of S_k of the last few t and scratch: a model belongs to one thread (copy it for another). One component calls
/// nothing transcendental: on a rational path it is exact in ℚ, ℤ/p and ℚ[[h]]; more than one throw std::domain_error there.
template <class T>
class GaussianMixture {
public:
    /// Throws std::invalid_argument for no component, or sizes that differ from the first mean's.
    GaussianMixture(std::vector<MixtureComponent<T>> components, AnyPath path);

    [[nodiscard]] std::size_t dim() const { return dim_; }
    [[nodiscard]] std::size_t parameter_count() const { return 0; }
    [[nodiscard]] const AnyPath& path() const { return path_; }
    [[nodiscard]] const std::vector<MixtureComponent<T>>& components() const { return components_; }

    /// dx = u_t(x)
    void operator()(const T& t, std::span<const T> x, std::span<T> dx);
    /// λᵀD_xu = Σ π_k λᵀA_k + Σ π_k λ·(u_k - u) ∇log p_k,  A_k = ½S_k'S_k⁻¹ symmetric.
    void vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T& t_bar);
    void jvp(const T& t, std::span<const T> x, const T& t_dot, std::span<const T> x_dot, std::span<const T> theta_dot, std::span<T> dx,
             std::span<T> dx_dot);

    /// x̂₁ = Σ π_k (m_k + αC_ky_k)
    void denoiser(const T& t, std::span<const T> x, std::span<T> x1hat);
    /// x̄ += λᵀJ
    void denoiser_vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar);
    /// ∇log p_t = -Σ π_k y_k
    void score(const T& t, std::span<const T> x, std::span<T> out);
    /// ε̂ = -σ ∇log p_t, not (x - αx̂₁)/σ, which cancels where σ is small.
    void noise(const T& t, std::span<const T> x, std::span<T> epsilon);

    /// J = ∂x̂₁/∂x = Σ π_k αC_kS_k⁻¹ - Σ π_k (m̂_k - x̂₁)y_kᵀ; equal to α/σ² Var(X₁|x), but regular at σ = 0.
    [[nodiscard]] SmallMatrix<T> denoiser_jacobian(const T& t, std::span<const T> x);
    /// Var(X₁ | X_t = x) = Σ π_k σ²C_kS_k⁻¹ + Σ π_k (m̂_k - x̂₁)(m̂_k - x̂₁)ᵀ
    [[nodiscard]] SmallMatrix<T> posterior_covariance(const T& t, std::span<const T> x);
    [[nodiscard]] SmallMatrix<T> velocity_jacobian(const T& t, std::span<const T> x);
    /// div u = tr D_xu
    [[nodiscard]] T divergence(const T& t, std::span<const T> x);
    /// log Σ w_k N(x; αm_k, S_k), normalised
    [[nodiscard]] T log_density(const T& t, std::span<const T> x);
    /// π_k(x)
    [[nodiscard]] std::vector<T> weights(const T& t, std::span<const T> x);

private:
    /// α, σ², …, the factors of every S_k, and what add_time_slope adds to them, at one t.
    struct Moment {
        bool warm = false, has_slopes = false;
        T time{}, alpha_slope{}, half_sigma2_slope{};  // t, α'', ½(σ²)''
        PathPoint<T> p{};
        std::vector<detail::ComponentAtTime<T>> components{};
    };

    [[nodiscard]] bool recall(const T& t);
    void exchange(Moment& other);
    void at_time(const T& t);
    void at_point(std::span<const T> x);
    [[nodiscard]] std::span<const T> one_sample(const T& t, std::span<const T> x);
    [[nodiscard]] std::vector<T> component_mean(std::size_t k) const;
    [[nodiscard]] SmallMatrix<T> deviations() const;
    void add_jacobian_times(std::span<const T> v, std::span<T> out);
    void add_transposed_times(std::span<const T> lambda, std::span<T> out);
    void add_time_slope(const T& factor, std::span<T> out);

    std::vector<MixtureComponent<T>> components_;
    AnyPath path_;
    std::size_t dim_ = 0;
    std::vector<T> log_weights_;

    // earlier moments, of which the next to go is first_; then what is at the last t, and at the last x of a call
    std::vector<Moment> earlier_;
    std::size_t room_ = 0, first_ = 0;
    bool warm_ = false, has_slopes_ = false;
    T time_{}, alpha_slope_{}, half_sigma2_slope_{};  // t, α'', ½(σ²)''
    PathPoint<T> p_{};
    std::vector<detail::ComponentAtTime<T>> at_time_;
    std::vector<detail::ComponentAtPoint<T>> at_point_;
    std::vector<T> u_, slope_, scratch_;
};

/// The mixture with rational parameters in the scalar T, correctly rounded.
template <class T>
GaussianMixture<T> mixture_in(const std::vector<MixtureComponent<Rational>>& components, AnyPath path);

}  // namespace costate::guidance

#include "guidance/models/gaussian_mixture_impl.hpp"
#include "guidance/models/gaussian_mixture_posterior.hpp"
