// The members of GaussianMixture that speak of X₁ given X_t = x and of the density; included by gaussian_mixture.hpp.
#pragma once

#include "guidance/models/gaussian_mixture.hpp"

namespace costate::guidance {

template <class T>
void GaussianMixture<T>::denoiser(const T& t, std::span<const T> x, std::span<T> x1hat) {
    at_time(t);
    std::fill(x1hat.begin(), x1hat.end(), T(0));
    for (std::size_t b = 0; b < x.size(); b += dim_) {
        at_point(x.subspan(b, dim_));
        for (std::size_t k = 0; k < components_.size(); ++k) {
            const std::vector<T> mean = component_mean(k);
            for (std::size_t i = 0; i < dim_; ++i) x1hat[b + i] += at_point_[k].pi * mean[i];
        }
    }
}

/// m̂_k - x̂₁, a row a component. Where α ≥ σ as -(σ²/α)(y_k - ȳ), equal because x - αm̂_k = σ²y_k: near the data all m̂_k tend to x/α,
/// and the difference of means would be noise. One component: 0.
template <class T>
SmallMatrix<T> GaussianMixture<T>::deviations() const {
    const std::size_t count = components_.size();
    SmallMatrix<T> rows(count, dim_);
    if constexpr (OrderedScalar<T>) {
        if (count == 1) return rows;
        const bool near_data = p_.sigma2 < p_.alpha * p_.alpha;
        std::vector<T> mean(dim_, T(0));
        for (std::size_t k = 0; k < count; ++k) {
            const std::vector<T> value = near_data ? at_point_[k].y : component_mean(k);
            for (std::size_t i = 0; i < dim_; ++i) {
                rows(k, i) = value[i];
                mean[i] += at_point_[k].pi * value[i];
            }
        }
        const T factor = near_data ? T(-p_.sigma2 / p_.alpha) : T(1);
        for (std::size_t k = 0; k < count; ++k)
            for (std::size_t i = 0; i < dim_; ++i) rows(k, i) = factor * (rows(k, i) - mean[i]);
    }
    return rows;
}

/// λᵀJ = Σ π_k αS_k⁻¹C_kλ - Σ π_k λ·(m̂_k - x̂₁) y_k
template <class T>
void GaussianMixture<T>::denoiser_vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar) {
    at_time(t);
    std::vector<T> c_lambda(dim_);
    for (std::size_t b = 0; b < x.size(); b += dim_) {
        at_point(x.subspan(b, dim_));
        const std::span<const T> row = lambda.subspan(b, dim_);
        const std::vector<T> along = deviations()(row);
        for (std::size_t k = 0; k < components_.size(); ++k) {
            const detail::ComponentAtPoint<T>& c = at_point_[k];
            std::fill(c_lambda.begin(), c_lambda.end(), T(0));
            components_[k].covariance.multiply_add(row, c_lambda);
            at_time_[k].S.solve(std::span<T>(c_lambda));
            for (std::size_t i = 0; i < dim_; ++i)
                x_bar[b + i] += c.pi * (p_.alpha * c_lambda[i] - along[k] * c.y[i]);
        }
    }
}

template <class T>
void GaussianMixture<T>::score(const T& t, std::span<const T> x, std::span<T> out) {
    at_time(t);
    std::fill(out.begin(), out.end(), T(0));
    for (std::size_t b = 0; b < x.size(); b += dim_) {
        at_point(x.subspan(b, dim_));
        for (const detail::ComponentAtPoint<T>& c : at_point_)
            for (std::size_t i = 0; i < dim_; ++i) out[b + i] -= c.pi * c.y[i];
    }
}

template <class T>
void GaussianMixture<T>::noise(const T& t, std::span<const T> x, std::span<T> epsilon) {
    score(t, x, epsilon);
    const T sigma = p_.sigma();
    for (T& e : epsilon) e = -sigma * e;
}

template <class T>
std::span<const T> GaussianMixture<T>::one_sample(const T& t, std::span<const T> x) {
    if (x.size() != dim_)
        throw std::invalid_argument("gaussian mixture: x has " + std::to_string(x.size()) + " values where one sample of " +
                                    std::to_string(dim_) + " is wanted; call it a sample at a time");
    at_time(t);
    at_point(x);
    return x;
}

template <class T>
SmallMatrix<T> GaussianMixture<T>::denoiser_jacobian(const T& t, std::span<const T> x) {
    x = one_sample(t, x);
    SmallMatrix<T> J(dim_, dim_);
    const SmallMatrix<T> deviation = deviations();
    for (std::size_t k = 0; k < components_.size(); ++k) {
        const T& pi = at_point_[k].pi;
        J += T(pi * p_.alpha) * at_time_[k].S.solve(components_[k].covariance);
        add_outer<T>(J, -pi, deviation.row(k), at_point_[k].y);
    }
    return J;
}

template <class T>
SmallMatrix<T> GaussianMixture<T>::posterior_covariance(const T& t, std::span<const T> x) {
    x = one_sample(t, x);
    SmallMatrix<T> variance(dim_, dim_);
    const SmallMatrix<T> deviation = deviations();
    for (std::size_t k = 0; k < components_.size(); ++k) {
        const T& pi = at_point_[k].pi;
        variance += T(pi * p_.sigma2) * at_time_[k].S.solve(components_[k].covariance);
        add_outer<T>(variance, pi, deviation.row(k), deviation.row(k));
    }
    return variance;
}

template <class T>
SmallMatrix<T> GaussianMixture<T>::velocity_jacobian(const T& t, std::span<const T> x) {
    x = one_sample(t, x);
    SmallMatrix<T> A(dim_, dim_);
    for (std::size_t k = 0; k < components_.size(); ++k) {
        const detail::ComponentAtPoint<T>& c = at_point_[k];
        A += c.pi * at_time_[k].S.solve(at_time_[k].half_S_dot);
        std::vector<T> difference(dim_);
        for (std::size_t i = 0; i < dim_; ++i) difference[i] = c.u[i] - u_[i];
        add_outer<T>(A, -c.pi, difference, c.y);
    }
    return A;
}

template <class T>
T GaussianMixture<T>::divergence(const T& t, std::span<const T> x) {
    return velocity_jacobian(t, x).trace();
}

template <class T>
T GaussianMixture<T>::log_density(const T& t, std::span<const T> x) {
    require_transcendental<T>();
    if constexpr (TranscendentalScalar<T>) {
        using std::exp, std::log;
        x = one_sample(t, x);
        std::vector<T> term(components_.size());
        for (std::size_t k = 0; k < components_.size(); ++k) {
            T log_determinant(0), square(0);
            for (std::size_t i = 0; i < dim_; ++i) {
                log_determinant += log(at_time_[k].S.pivot(i));
                square += (x[i] - p_.alpha * components_[k].mean[i]) * at_point_[k].y[i];
            }
            term[k] = log(components_[k].weight) - (log_determinant + square) / T(2);
        }
        T top = term[0], sum(0);
        for (const T& value : term)
            if (top < value) top = value;
        for (const T& value : term) sum += exp(T(value - top));
        return top + log(sum) - T(static_cast<int>(dim_)) * log(T(T(2) * detail::Pi<T>::value())) / T(2);
    } else {
        return T(0);
    }
}

template <class T>
std::vector<T> GaussianMixture<T>::weights(const T& t, std::span<const T> x) {
    x = one_sample(t, x);
    std::vector<T> pi;
    for (const detail::ComponentAtPoint<T>& c : at_point_) pi.push_back(c.pi);
    return pi;
}

}  // namespace costate::guidance
