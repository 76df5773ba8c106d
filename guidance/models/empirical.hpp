// The exact flow model of a data set: (1/N) Σ N(p_i, τ²I) on a path, evaluated in O(N d) a sample.
#pragma once

#include "guidance/models/mixture_terms.hpp"
#include "ode/vector_field.hpp"

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace costate::guidance {

/// s = α²τ² + σ², z_i = x - αp_i, π_i ∝ exp(-‖z_i‖²/2s), p̄ = Σ π_i p_i:
///   u = α'p̄ + (½s'/s)(x - αp̄),  x̂₁ = (σ²p̄ + ατ²x)/s,  ∂p̄/∂x = (α/s) Cov_π(p).
/// A DifferentiableField without parameters; batch-major, one sample where said. τ = 0 is the training set itself: then every
/// function throws std::domain_error where σ_t = 0, and Φ_{0,t₁} sends almost everything to a data point as t₁ → 1.
/// One point calls nothing transcendental. It owns scratch: a model belongs to one thread.
template <class T>
class EmpiricalData {
public:
    /// points: N · d values, row-major. Throws std::invalid_argument for no point or a size that is no multiple of d.
    EmpiricalData(std::vector<T> points, std::size_t d, T tau, AnyPath path)
        : points_(std::move(points)), d_(d), tau2_(tau * tau), path_(std::move(path)) {
        if (d == 0 || points_.empty() || points_.size() % d != 0)
            throw std::invalid_argument("empirical data: " + std::to_string(points_.size()) +
                                        " values do not make points of dimension " + std::to_string(d) + "; give N times d of them, N at least 1");
        log_term_.resize(count());
        pi_.resize(count());
        mean_.resize(d);
        mean_slope_.resize(d);
        slope_.resize(d);
    }

    [[nodiscard]] std::size_t dim() const { return d_; }
    [[nodiscard]] std::size_t parameter_count() const { return 0; }
    [[nodiscard]] std::size_t count() const { return points_.size() / d_; }
    [[nodiscard]] const AnyPath& path() const { return path_; }

    /// dx = u_t(x)
    void operator()(const T& t, std::span<const T> x, std::span<T> dx) {
        at_time(t);
        for (std::size_t b = 0; b < x.size(); b += d_) velocity(x.subspan(b, d_), dx.subspan(b, d_));
    }
    void vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T& t_bar);
    void jvp(const T& t, std::span<const T> x, const T& t_dot, std::span<const T> x_dot, std::span<const T> theta_dot, std::span<T> dx,
             std::span<T> dx_dot);

    /// x̂₁
    void denoiser(const T& t, std::span<const T> x, std::span<T> x1hat);
    /// x̄ += λᵀJ, J = ατ²/s I + (ασ²/s²) Cov_π
    void denoiser_vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar);
    /// ∇log p_t = -(x - αp̄)/s
    void score(const T& t, std::span<const T> x, std::span<T> out);
    /// ε̂ = σ(x - αp̄)/s
    void noise(const T& t, std::span<const T> x, std::span<T> epsilon);

    /// π_i, the posterior of the data points given X_t = x; one sample.
    [[nodiscard]] std::vector<T> posterior_weights(const T& t, std::span<const T> x);
    /// out = Var(X₁ | X_t = x) v = (τ²σ²/s) v + (σ²/s)² Cov_π v; one sample.
    void posterior_covariance_times(const T& t, std::span<const T> x, std::span<const T> v, std::span<T> out);
    /// div u; one sample.
    [[nodiscard]] T divergence(const T& t, std::span<const T> x);
    /// log (1/N) Σ N(x; αp_i, sI); one sample.
    [[nodiscard]] T log_density(const T& t, std::span<const T> x);

private:
    void at_time(const T& t);
    void at_point(std::span<const T> x);
    void at_sample(const T& t, std::span<const T> x);
    void velocity(std::span<const T> x, std::span<T> u);
    void add_covariance_times(const T& factor, std::span<const T> v, std::span<T> out);
    void add_time_slope(const T& t, const T& factor, std::span<const T> x, std::span<T> out);
    /// α' - α ½s'/s, what ∂u/∂p̄ is
    [[nodiscard]] T on_mean() const { return p_.alpha_dot - p_.alpha * half_s_dot_ / s_; }
    [[nodiscard]] const T* point(std::size_t i) const { return points_.data() + i * d_; }

    std::vector<T> points_;
    std::size_t d_;
    T tau2_;
    AnyPath path_;
    PathPoint<T> p_{};
    T s_{}, half_s_dot_{};
    std::vector<T> log_term_, pi_, mean_, mean_slope_, slope_;
};

}  // namespace costate::guidance

#include "guidance/models/empirical_impl.hpp"
