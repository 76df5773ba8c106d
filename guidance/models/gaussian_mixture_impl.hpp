// The members of GaussianMixture; included by gaussian_mixture.hpp.
#pragma once

#include "guidance/models/gaussian_mixture.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace costate::guidance {

template <class T>
GaussianMixture<T>::GaussianMixture(std::vector<MixtureComponent<T>> components, AnyPath path)
    : components_(std::move(components)), path_(std::move(path)) {
    if (components_.empty()) throw std::invalid_argument("gaussian mixture: it has no component; give at least one");
    dim_ = components_.front().mean.size();
    for (std::size_t k = 0; k < components_.size(); ++k) {
        const MixtureComponent<T>& c = components_[k];
        if (dim_ == 0 || c.mean.size() != dim_ || c.covariance.rows() != dim_ || c.covariance.columns() != dim_)
            throw std::invalid_argument("gaussian mixture: component " + std::to_string(k) + " has a mean of " +
                                        std::to_string(c.mean.size()) + " values and a covariance of " +
                                        std::to_string(c.covariance.rows()) + " x " + std::to_string(c.covariance.columns()) +
                                        "; give all of them the size of the first mean");
    }
    at_time_.resize(components_.size());
    constexpr std::size_t times = 24, numbers = 65'536;  // kept at most: a step of Gauss's collocation, and of the entries of all S_k
    room_ = std::min(times, numbers / (components_.size() * dim_ * dim_));
    at_point_.resize(components_.size());
    u_.resize(dim_);
    slope_.resize(dim_);
    scratch_.resize(2 * dim_);
    if constexpr (TranscendentalScalar<T>) {
        using std::log;
        if (components_.size() > 1)
            for (const MixtureComponent<T>& c : components_) log_weights_.push_back(log(c.weight));
    }
}

template <class T>
void GaussianMixture<T>::exchange(Moment& other) {
    std::swap(warm_, other.warm);
    std::swap(has_slopes_, other.has_slopes);
    std::swap(time_, other.time);
    std::swap(alpha_slope_, other.alpha_slope);
    std::swap(half_sigma2_slope_, other.half_sigma2_slope);
    std::swap(p_, other.p);
    std::swap(at_time_, other.components);
}

/// Whether t is that of the last call or of one of those before it, which then is the last; else the last is put by.
template <class T>
bool GaussianMixture<T>::recall(const T& t) {
    if (warm_ && t == time_) return true;
    for (Moment& moment : earlier_) {
        if (!moment.warm || !(moment.time == t)) continue;
        exchange(moment);
        return true;
    }
    if (warm_ && room_ > 0) {
        if (earlier_.size() < room_) {
            first_ = earlier_.size();
            earlier_.emplace_back().components.resize(components_.size());
        }
        exchange(earlier_[first_]);
        first_ = (first_ + 1) % room_;
    }
    return false;
}

/// α, σ², … and the factors of every S_k; nothing where t is that of a call not long ago.
template <class T>
void GaussianMixture<T>::at_time(const T& t) {
    if (recall(t)) return;
    warm_ = has_slopes_ = false;
    p_ = at<T>(path_, t);
    const bool several = components_.size() > 1;
    for (std::size_t k = 0; k < components_.size(); ++k) {
        at_time_[k].set(p_, components_[k].covariance);
        if constexpr (TranscendentalScalar<T>) {
            using std::log;
            if (!several) continue;
            T log_determinant(0);
            for (std::size_t i = 0; i < dim_; ++i) log_determinant += log(at_time_[k].S.pivot(i));
            at_time_[k].log_scale = log_weights_[k] - log_determinant / T(2);
        }
    }
    time_ = t;
    warm_ = true;
}

/// y_k, u_k, π_k and u = Σ π_k u_k at one sample.
template <class T>
void GaussianMixture<T>::at_point(std::span<const T> x) {
    for (std::size_t k = 0; k < components_.size(); ++k) {
        detail::ComponentAtPoint<T>& c = at_point_[k];
        const std::vector<T>& m = components_[k].mean;
        c.y.resize(dim_);
        c.u.resize(dim_);
        for (std::size_t i = 0; i < dim_; ++i) scratch_[i] = c.y[i] = x[i] - p_.alpha * m[i];
        at_time_[k].S.solve(std::span<T>(c.y));
        if (components_.size() > 1)
            c.log_term = at_time_[k].log_scale - detail::inner<T>(std::span<const T>(scratch_).first(dim_), c.y) / T(2);
        for (std::size_t i = 0; i < dim_; ++i) c.u[i] = p_.alpha_dot * m[i];
        at_time_[k].half_S_dot.multiply_add(c.y, c.u);
    }
    detail::normalise_weights<T>(
        components_.size(), [&](std::size_t k) -> const T& { return at_point_[k].log_term; },
        [&](std::size_t k) -> T& { return at_point_[k].pi; });
    std::fill(u_.begin(), u_.end(), T(0));
    for (const detail::ComponentAtPoint<T>& c : at_point_)
        for (std::size_t i = 0; i < dim_; ++i) u_[i] += c.pi * c.u[i];
}

/// m̂_k = m_k + αC_ky_k
template <class T>
std::vector<T> GaussianMixture<T>::component_mean(std::size_t k) const {
    std::vector<T> mean(dim_, T(0));
    components_[k].covariance.multiply_add(at_point_[k].y, mean);
    for (std::size_t i = 0; i < dim_; ++i) mean[i] = components_[k].mean[i] + p_.alpha * mean[i];
    return mean;
}

/// out += Σ π_k A_k v - Σ π_k (u_k - u)(y_k·v)
template <class T>
void GaussianMixture<T>::add_jacobian_times(std::span<const T> v, std::span<T> out) {
    const std::span<T> a_v = std::span<T>(scratch_).first(dim_);
    for (std::size_t k = 0; k < components_.size(); ++k) {
        const detail::ComponentAtPoint<T>& c = at_point_[k];
        std::fill(a_v.begin(), a_v.end(), T(0));
        at_time_[k].half_S_dot.multiply_add(v, a_v);
        at_time_[k].S.solve(a_v);
        const T slope = detail::inner<T>(c.y, v);
        for (std::size_t i = 0; i < dim_; ++i) out[i] += c.pi * (a_v[i] - (c.u[i] - u_[i]) * slope);
    }
}

/// out += Σ π_k A_k λ - Σ π_k (λ·(u_k - u)) y_k
template <class T>
void GaussianMixture<T>::add_transposed_times(std::span<const T> lambda, std::span<T> out) {
    const std::span<T> a_v = std::span<T>(scratch_).first(dim_);
    for (std::size_t k = 0; k < components_.size(); ++k) {
        const detail::ComponentAtPoint<T>& c = at_point_[k];
        std::fill(a_v.begin(), a_v.end(), T(0));
        at_time_[k].half_S_dot.multiply_add(lambda, a_v);
        at_time_[k].S.solve(a_v);
        T weight(0);
        for (std::size_t i = 0; i < dim_; ++i) weight += lambda[i] * (c.u[i] - u_[i]);
        for (std::size_t i = 0; i < dim_; ++i) out[i] += c.pi * (a_v[i] - weight * c.y[i]);
    }
}

/// out += factor ∂u/∂t,  ∂u/∂t = Σ π_k (α''m_k + ½S''y_k + ½S'y_k') + Σ π_k (u_k - u) ∂ₜlog p_k,
/// y_k' = S⁻¹(-α'm_k - S'y_k),  ∂ₜlog p_k = -½tr(S⁻¹S') + α'm_k·y_k + ½y_kᵀS'y_k,  ½S'' = (α'² + αα'')C + ½(σ²)''I.
template <class T>
void GaussianMixture<T>::add_time_slope(const T& factor, std::span<T> out) {
    if (!has_slopes_) {
        const auto slopes = at<Dual<T>>(path_, Dual<T>::variable(time_));
        alpha_slope_ = slopes.alpha_dot.tangent;
        half_sigma2_slope_ = slopes.sigma2_dot.tangent / T(2);
        for (detail::ComponentAtTime<T>& c : at_time_)
            if (components_.size() > 1) c.add_trace();
        has_slopes_ = true;
    }
    const T on_C = p_.alpha_dot * p_.alpha_dot + p_.alpha * alpha_slope_;
    const std::span<T> y_dot = std::span<T>(scratch_).first(dim_), sum = std::span<T>(scratch_).last(dim_);
    for (std::size_t k = 0; k < components_.size(); ++k) {
        const detail::ComponentAtPoint<T>& c = at_point_[k];
        const std::vector<T>& m = components_[k].mean;
        std::fill(sum.begin(), sum.end(), T(0));
        at_time_[k].half_S_dot.multiply_add(c.y, sum);  // ½S'y
        const T log_slope = p_.alpha_dot * detail::inner<T>(m, c.y) + detail::inner<T>(c.y, sum) - at_time_[k].half_trace;
        for (std::size_t i = 0; i < dim_; ++i) y_dot[i] = -p_.alpha_dot * m[i] - T(2) * sum[i];
        at_time_[k].S.solve(y_dot);
        std::fill(sum.begin(), sum.end(), T(0));
        components_[k].covariance.multiply_add(c.y, sum);
        for (std::size_t i = 0; i < dim_; ++i) sum[i] = alpha_slope_ * m[i] + on_C * sum[i] + half_sigma2_slope_ * c.y[i];
        at_time_[k].half_S_dot.multiply_add(y_dot, sum);
        for (std::size_t i = 0; i < dim_; ++i) out[i] += factor * c.pi * (sum[i] + (c.u[i] - u_[i]) * log_slope);
    }
}

template <class T>
void GaussianMixture<T>::operator()(const T& t, std::span<const T> x, std::span<T> dx) {
    at_time(t);
    for (std::size_t b = 0; b < x.size(); b += dim_) {
        at_point(x.subspan(b, dim_));
        std::copy(u_.begin(), u_.end(), dx.begin() + static_cast<std::ptrdiff_t>(b));
    }
}

template <class T>
void GaussianMixture<T>::vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T>, T& t_bar) {
    at_time(t);
    for (std::size_t b = 0; b < x.size(); b += dim_) {
        at_point(x.subspan(b, dim_));
        const std::span<const T> row = lambda.subspan(b, dim_);
        if (!x_bar.empty()) add_transposed_times(row, x_bar.subspan(b, dim_));
        std::fill(slope_.begin(), slope_.end(), T(0));
        add_time_slope(T(1), slope_);
        t_bar += detail::inner<T>(row, slope_);
    }
}

template <class T>
void GaussianMixture<T>::jvp(const T& t, std::span<const T> x, const T& t_dot, std::span<const T> x_dot, std::span<const T>,
                             std::span<T> dx, std::span<T> dx_dot) {
    at_time(t);
    std::fill(dx_dot.begin(), dx_dot.end(), T(0));
    for (std::size_t b = 0; b < x.size(); b += dim_) {
        at_point(x.subspan(b, dim_));
        std::copy(u_.begin(), u_.end(), dx.begin() + static_cast<std::ptrdiff_t>(b));
        add_jacobian_times(x_dot.subspan(b, dim_), dx_dot.subspan(b, dim_));
        if (!(t_dot == T(0))) add_time_slope(t_dot, dx_dot.subspan(b, dim_));
    }
}

template <class T>
GaussianMixture<T> mixture_in(const std::vector<MixtureComponent<Rational>>& components, AnyPath path) {
    std::vector<MixtureComponent<T>> converted;
    for (const MixtureComponent<Rational>& c : components) {
        MixtureComponent<T>& to = converted.emplace_back();
        to.weight = from_rational<T>(c.weight);
        for (const Rational& m : c.mean) to.mean.push_back(from_rational<T>(m));
        to.covariance = SmallMatrix<T>(c.covariance.rows(), c.covariance.columns());
        for (std::size_t i = 0; i < c.covariance.rows(); ++i)
            for (std::size_t j = 0; j < c.covariance.columns(); ++j) to.covariance(i, j) = from_rational<T>(c.covariance(i, j));
    }
    return GaussianMixture<T>(std::move(converted), std::move(path));
}

}  // namespace costate::guidance
