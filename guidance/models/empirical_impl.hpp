// The members of EmpiricalData; included by empirical.hpp.
#pragma once

#include "guidance/models/empirical.hpp"

#include <algorithm>

namespace costate::guidance {

template <class T>
void EmpiricalData<T>::at_time(const T& t) {
    p_ = at<T>(path_, t);
    s_ = p_.alpha * p_.alpha * tau2_ + p_.sigma2;
    half_s_dot_ = p_.alpha * p_.alpha_dot * tau2_ + p_.sigma2_dot / T(2);
    if (!is_unit(s_))
        throw std::domain_error("empirical data with tau = 0 have no velocity where sigma = 0" + place(path_, t) +
                                "; stop at an earlier t1, or give the points a tau above 0");
}

/// ℓ_i = -‖z_i‖²/2s, π_i and p̄ at one sample; a weight that has underflowed to 0 costs nothing more.
template <class T>
void EmpiricalData<T>::at_point(std::span<const T> x) {
    const std::size_t n = count();
    for (std::size_t i = 0; i < n; ++i) {
        T square(0);
        for (std::size_t j = 0; j < d_; ++j) {
            const T z = x[j] - p_.alpha * point(i)[j];
            square += z * z;
        }
        log_term_[i] = -square / (T(2) * s_);
    }
    detail::normalise_weights<T>(
        n, [&](std::size_t i) -> const T& { return log_term_[i]; }, [&](std::size_t i) -> T& { return pi_[i]; });
    std::fill(mean_.begin(), mean_.end(), T(0));
    for (std::size_t i = 0; i < n; ++i) {
        if (pi_[i] == T(0)) continue;
        for (std::size_t j = 0; j < d_; ++j) mean_[j] += pi_[i] * point(i)[j];
    }
}

template <class T>
void EmpiricalData<T>::at_sample(const T& t, std::span<const T> x) {
    if (x.size() != d_)
        throw std::invalid_argument("empirical data: x has " + std::to_string(x.size()) + " values where one sample of " +
                                    std::to_string(d_) + " is wanted; call it a sample at a time");
    at_time(t);
    at_point(x);
}

template <class T>
void EmpiricalData<T>::velocity(std::span<const T> x, std::span<T> u) {
    at_point(x);
    const T a = half_s_dot_ / s_;
    for (std::size_t j = 0; j < d_; ++j) u[j] = p_.alpha_dot * mean_[j] + a * (x[j] - p_.alpha * mean_[j]);
}

/// out += factor Cov_π v = factor Σ π_i (p_i - p̄)((p_i - p̄)·v)
template <class T>
void EmpiricalData<T>::add_covariance_times(const T& factor, std::span<const T> v, std::span<T> out) {
    if (count() == 1) return;
    for (std::size_t i = 0; i < count(); ++i) {
        if (pi_[i] == T(0)) continue;
        T along(0);
        for (std::size_t j = 0; j < d_; ++j) along += (point(i)[j] - mean_[j]) * v[j];
        along = factor * pi_[i] * along;
        for (std::size_t j = 0; j < d_; ++j) out[j] += along * (point(i)[j] - mean_[j]);
    }
}

/// out += factor ∂u/∂t,  ∂u/∂t = α''p̄ + a'(x - αp̄) - aα'p̄ + (α' - αa) ∂ₜp̄,  a = ½s'/s,
/// ∂ₜp̄ = Σ π_i (p_i - p̄) ∂ₜℓ_i,  ∂ₜℓ_i = α' p_i·z_i/s - 2aℓ_i.
template <class T>
void EmpiricalData<T>::add_time_slope(const T& t, const T& factor, std::span<const T> x, std::span<T> out) {
    const auto slopes = at<Dual<T>>(path_, Dual<T>::variable(t));
    const T alpha_slope = slopes.alpha_dot.tangent, a = half_s_dot_ / s_;
    const T half_s_slope = (p_.alpha_dot * p_.alpha_dot + p_.alpha * alpha_slope) * tau2_ + slopes.sigma2_dot.tangent / T(2);
    const T a_slope = half_s_slope / s_ - T(2) * a * a;
    std::fill(mean_slope_.begin(), mean_slope_.end(), T(0));
    for (std::size_t i = 0; count() > 1 && i < count(); ++i) {
        if (pi_[i] == T(0)) continue;
        T along(0);
        for (std::size_t j = 0; j < d_; ++j) along += point(i)[j] * (x[j] - p_.alpha * point(i)[j]);
        const T weight = pi_[i] * (p_.alpha_dot * along / s_ - T(2) * a * log_term_[i]);
        for (std::size_t j = 0; j < d_; ++j) mean_slope_[j] += weight * (point(i)[j] - mean_[j]);
    }
    for (std::size_t j = 0; j < d_; ++j)
        out[j] += factor * ((alpha_slope - a * p_.alpha_dot) * mean_[j] + a_slope * (x[j] - p_.alpha * mean_[j]) +
                            on_mean() * mean_slope_[j]);
}

/// D_xu = a I + (α' - αa)(α/s) Cov_π, symmetric.
template <class T>
void EmpiricalData<T>::vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T>, T& t_bar) {
    at_time(t);
    const T a = half_s_dot_ / s_, on_covariance = on_mean() * p_.alpha / s_;
    for (std::size_t b = 0; b < x.size(); b += d_) {
        at_point(x.subspan(b, d_));
        const std::span<const T> row = lambda.subspan(b, d_);
        for (std::size_t j = 0; !x_bar.empty() && j < d_; ++j) x_bar[b + j] += a * row[j];
        if (!x_bar.empty()) add_covariance_times(on_covariance, row, x_bar.subspan(b, d_));
        std::fill(slope_.begin(), slope_.end(), T(0));
        add_time_slope(t, T(1), x.subspan(b, d_), slope_);
        t_bar += detail::inner<T>(row, slope_);
    }
}

template <class T>
void EmpiricalData<T>::jvp(const T& t, std::span<const T> x, const T& t_dot, std::span<const T> x_dot, std::span<const T>,
                           std::span<T> dx, std::span<T> dx_dot) {
    at_time(t);
    const T a = half_s_dot_ / s_, on_covariance = on_mean() * p_.alpha / s_;
    for (std::size_t b = 0; b < x.size(); b += d_) {
        velocity(x.subspan(b, d_), dx.subspan(b, d_));
        for (std::size_t j = 0; j < d_; ++j) dx_dot[b + j] = a * x_dot[b + j];
        add_covariance_times(on_covariance, x_dot.subspan(b, d_), dx_dot.subspan(b, d_));
        if (!(t_dot == T(0))) add_time_slope(t, t_dot, x.subspan(b, d_), dx_dot.subspan(b, d_));
    }
}

template <class T>
void EmpiricalData<T>::denoiser(const T& t, std::span<const T> x, std::span<T> x1hat) {
    at_time(t);
    for (std::size_t b = 0; b < x.size(); b += d_) {
        at_point(x.subspan(b, d_));
        for (std::size_t j = 0; j < d_; ++j) x1hat[b + j] = (p_.sigma2 * mean_[j] + p_.alpha * tau2_ * x[b + j]) / s_;
    }
}

template <class T>
void EmpiricalData<T>::denoiser_vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar) {
    at_time(t);
    for (std::size_t b = 0; b < x.size(); b += d_) {
        at_point(x.subspan(b, d_));
        for (std::size_t j = 0; j < d_; ++j) x_bar[b + j] += p_.alpha * tau2_ / s_ * lambda[b + j];
        add_covariance_times(p_.alpha * p_.sigma2 / (s_ * s_), lambda.subspan(b, d_), x_bar.subspan(b, d_));
    }
}

template <class T>
void EmpiricalData<T>::score(const T& t, std::span<const T> x, std::span<T> out) {
    at_time(t);
    for (std::size_t b = 0; b < x.size(); b += d_) {
        at_point(x.subspan(b, d_));
        for (std::size_t j = 0; j < d_; ++j) out[b + j] = (p_.alpha * mean_[j] - x[b + j]) / s_;
    }
}

template <class T>
void EmpiricalData<T>::noise(const T& t, std::span<const T> x, std::span<T> epsilon) {
    score(t, x, epsilon);
    const T sigma = p_.sigma();
    for (T& e : epsilon) e = -sigma * e;
}

template <class T>
std::vector<T> EmpiricalData<T>::posterior_weights(const T& t, std::span<const T> x) {
    at_sample(t, x);
    return pi_;
}

template <class T>
void EmpiricalData<T>::posterior_covariance_times(const T& t, std::span<const T> x, std::span<const T> v, std::span<T> out) {
    at_sample(t, x);
    const T share = p_.sigma2 / s_;
    for (std::size_t j = 0; j < d_; ++j) out[j] = tau2_ * share * v[j];
    add_covariance_times(share * share, v, out);
}

template <class T>
T EmpiricalData<T>::divergence(const T& t, std::span<const T> x) {
    at_sample(t, x);
    T spread(0);
    for (std::size_t i = 0; count() > 1 && i < count(); ++i) {
        T square(0);
        for (std::size_t j = 0; j < d_; ++j) square += (point(i)[j] - mean_[j]) * (point(i)[j] - mean_[j]);
        spread += pi_[i] * square;
    }
    return T(static_cast<int>(d_)) * half_s_dot_ / s_ + on_mean() * p_.alpha / s_ * spread;
}

template <class T>
T EmpiricalData<T>::log_density(const T& t, std::span<const T> x) {
    require_transcendental<T>();
    if constexpr (TranscendentalScalar<T>) {
        using std::exp, std::log;
        at_sample(t, x);
        T top = log_term_[0], sum(0);
        for (const T& value : log_term_)
            if (top < value) top = value;
        for (const T& value : log_term_) sum += exp(T(value - top));
        return top + log(T(sum / T(static_cast<int>(count())))) -
               T(static_cast<int>(d_)) * log(T(T(2) * detail::Pi<T>::value() * s_)) / T(2);
    } else {
        return T(0);
    }
}

}  // namespace costate::guidance
