#include "guidance/guide/mixture_posterior.hpp"

#include "guidance/guide/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

namespace costate::guidance {

namespace {

constexpr std::uint32_t draw_component = 0, draw_state = 1, draw_noise = 2;

/// H column by column.
SmallMatrix<double> dense(const LinearOperator<double>& H) {
    SmallMatrix<double> M(H.rows(), H.columns());
    std::vector<double> e(H.columns()), column(H.rows());
    for (std::size_t j = 0; j < H.columns(); ++j) {
        e[j] = 1;
        H.apply(std::span<const double>(e), std::span<double>(column));
        for (std::size_t i = 0; i < H.rows(); ++i) M(i, j) = column[i];
        e[j] = 0;
    }
    return M;
}

void check(std::size_t d, const LinearOperator<double>& H, std::span<const double> y, double sigma_y) {
    if (!(sigma_y > 0))
        throw std::invalid_argument("posterior: without noise in the measurement it has no density; give --noise above 0");
    if (H.columns() != d || H.rows() != y.size())
        throw std::invalid_argument("posterior: H is " + std::to_string(H.rows()) + " x " + std::to_string(H.columns()) + ", y has " + std::to_string(y.size()) +
                                    " values and x " + std::to_string(d) + "; make them fit");
}

/// log N(r; 0, S) without its (2π) part.
double log_normal(const Ldl<double>& S, const std::vector<double>& r) {
    std::vector<double> solved = r;
    S.solve(std::span<double>(solved));
    double square = 0, determinant = 0;
    for (std::size_t i = 0; i < r.size(); ++i) {
        square += r[i] * solved[i];
        determinant += std::log(S.pivot(i));
    }
    return -(square + determinant) / 2;
}

std::vector<double> normalised(std::vector<double> logs) {
    const double top = *std::max_element(logs.begin(), logs.end());
    double sum = 0;
    for (double& value : logs) sum += value = std::exp(value - top);
    for (double& value : logs) value /= sum;
    return logs;
}

}  // namespace

SmallMatrix<double> lower_root(const SmallMatrix<double>& C) {
    const std::size_t n = C.rows();
    SmallMatrix<double> L(n, n);
    for (std::size_t j = 0; j < n; ++j) {
        double pivot = C(j, j);
        for (std::size_t k = 0; k < j; ++k) pivot -= L(j, k) * L(j, k);
        if (!(pivot > 0)) continue;
        L(j, j) = std::sqrt(pivot);
        for (std::size_t i = j + 1; i < n; ++i) {
            double sum = C(i, j);
            for (std::size_t k = 0; k < j; ++k) sum -= L(i, k) * L(j, k);
            L(i, j) = sum / L(j, j);
        }
    }
    return L;
}

MixturePosterior::MixturePosterior(std::vector<MixtureComponent<double>> components, const LinearOperator<double>& H, std::span<const double> y, double sigma_y)
    : d_(components.empty() ? 0 : components.front().mean.size()), sigma_y_(sigma_y), components_(std::move(components)), H_(H), y_(y.begin(), y.end()) {
    check(d_, H, y, sigma_y);
    const SmallMatrix<double> M = dense(H);
    std::vector<double> logs;
    covariance_.assign(d_ * d_, 0);
    for (const auto& c : components_) {
        const SmallMatrix<double> HC = M * c.covariance;
        SmallMatrix<double> S = HC * M.transpose();
        for (std::size_t i = 0; i < S.rows(); ++i) S(i, i) += sigma_y * sigma_y;
        const Ldl<double> factor(S);
        gains_.push_back(factor.solve(HC).transpose());
        roots_.push_back(lower_root(c.covariance));
        inverses_.emplace_back(c.covariance);
        std::vector<double> miss(y_.size());
        H.apply(std::span<const double>(c.mean), std::span<double>(miss));
        for (std::size_t i = 0; i < miss.size(); ++i) miss[i] = y_[i] - miss[i];
        logs.push_back(std::log(c.weight) + log_normal(factor, miss));
    }
    finish(std::move(logs));
    for (std::size_t k = 0; k < components_.size(); ++k) {
        const SmallMatrix<double> rest = components_[k].covariance - gains_[k] * (M * components_[k].covariance);
        for (std::size_t i = 0; i < d_ * d_; ++i) covariance_[i] += weights_[k] * rest.values()[i];
    }
}

MixturePosterior::MixturePosterior(std::span<const double> points, std::size_t d, double tau, const LinearOperator<double>& H, std::span<const double> y,
                                   double sigma_y)
    : d_(d), tau_(tau), sigma_y_(sigma_y), points_(points.begin(), points.end()), H_(H), y_(y.begin(), y.end()) {
    check(d, H, y, sigma_y);
    if (!(tau > 0)) throw std::invalid_argument("posterior: points without width have no density; give --tau above 0");
    std::vector<double> miss(y_.size()), solved(y_.size()), logs;
    for (std::size_t k = 0; k < count(); ++k) {
        H.apply(prior_mean(k), std::span<double>(miss));
        double square = 0;
        for (std::size_t i = 0; i < miss.size(); ++i) miss[i] = y_[i] - miss[i];
        H.solve(tau * tau, sigma_y * sigma_y, std::span<const double>(miss), std::span<double>(solved));
        for (std::size_t i = 0; i < miss.size(); ++i) square += miss[i] * solved[i];
        logs.push_back(-square / 2);  // the determinant is the same for all
    }
    covariance_.assign(d_ * d_, 0);
    finish(std::move(logs));
    const SmallMatrix<double> M = dense(H);
    std::vector<double> column(y_.size()), back(d_);
    for (std::size_t j = 0; j < d_; ++j) {  // τ²I - τ⁴Hᵀ(τ²HHᵀ + σ_y²I)⁻¹H
        for (std::size_t i = 0; i < y_.size(); ++i) column[i] = M(i, j);
        H.solve(tau * tau, sigma_y * sigma_y, std::span<const double>(column), std::span<double>(solved));
        H.transposed(std::span<const double>(solved), std::span<double>(back));
        for (std::size_t i = 0; i < d_; ++i) covariance_[i * d_ + j] += (i == j ? tau * tau : 0) - tau * tau * tau * tau * back[i];
    }
}

std::span<const double> MixturePosterior::prior_mean(std::size_t k) const {
    if (tau_ > 0) return std::span<const double>(points_).subspan(k * d_, d_);
    return components_[k].mean;
}

/// Weights, mean and what the means' spread adds to the covariance.
void MixturePosterior::finish(std::vector<double> log_weights) {
    weights_ = normalised(std::move(log_weights));
    mean_.assign(d_, 0);
    const std::vector<double> none(y_.size());
    std::vector<std::vector<double>> means(count());
    for (std::size_t k = 0; k < count(); ++k) {
        if (weights_[k] < 1e-14) continue;
        means[k].assign(prior_mean(k).begin(), prior_mean(k).end());
        update(k, means[k], none);
        for (std::size_t i = 0; i < d_; ++i) mean_[i] += weights_[k] * means[k][i];
    }
    for (std::size_t k = 0; k < count(); ++k) {
        if (means[k].empty()) continue;
        for (std::size_t i = 0; i < d_; ++i)
            for (std::size_t j = 0; j < d_; ++j) covariance_[i * d_ + j] += weights_[k] * (means[k][i] - mean_[i]) * (means[k][j] - mean_[j]);
    }
}

/// x ← x + G_k(y - Hx - n)
void MixturePosterior::update(std::size_t k, std::vector<double>& x, std::span<const double> noise) const {
    std::vector<double> miss(y_.size());
    H_.apply(std::span<const double>(x), std::span<double>(miss));
    for (std::size_t i = 0; i < miss.size(); ++i) miss[i] = y_[i] - miss[i] - noise[i];
    if (tau_ == 0) return gains_[k].multiply_add(miss, std::span<double>(x));
    std::vector<double> solved(y_.size()), back(d_);
    H_.solve(tau_ * tau_, sigma_y_ * sigma_y_, std::span<const double>(miss), std::span<double>(solved));
    H_.transposed(std::span<const double>(solved), std::span<double>(back));
    for (std::size_t i = 0; i < d_; ++i) x[i] += tau_ * tau_ * back[i];
}

void MixturePosterior::sample_prior(std::size_t k, const NormalSource& random, std::span<double> x) const {
    std::vector<double> z(d_);
    random.fill(Draw::data, draw_state, std::span<double>(z));
    std::copy(prior_mean(k).begin(), prior_mean(k).end(), x.begin());
    if (tau_ == 0) return roots_[k].multiply_add(z, x);
    for (std::size_t i = 0; i < d_; ++i) x[i] += tau_ * z[i];
}

void MixturePosterior::draw(const NormalSource& random, std::span<double> x) const {
    double u = random.uniform(Draw::data, draw_component, 0);
    std::size_t k = 0;
    while (k + 1 < weights_.size() && u >= weights_[k]) u -= weights_[k++];
    std::vector<double> state(d_), noise(y_.size());
    sample_prior(k, random, state);
    random.fill(Draw::data, draw_noise, std::span<double>(noise));
    for (double& value : noise) value *= sigma_y_;
    update(k, state, noise);
    std::copy(state.begin(), state.end(), x.begin());
}

std::vector<double> MixturePosterior::shares(std::span<const double> x) const {
    std::vector<double> logs(count()), r(d_);
    for (std::size_t k = 0; k < count(); ++k) {
        const std::span<const double> mean = prior_mean(k);
        for (std::size_t i = 0; i < d_; ++i) r[i] = x[i] - mean[i];
        double square = 0;
        for (const double v : r) square += v * v;
        logs[k] = tau_ > 0 ? -square / (2 * tau_ * tau_) : std::log(components_[k].weight) + log_normal(inverses_[k], r);
    }
    return normalised(std::move(logs));
}

PosteriorDistance distance_to(const MixturePosterior& posterior, std::span<const double> samples, std::uint64_t seed) {
    const std::size_t d = posterior.dim(), n = samples.size() / d;
    if (n < 2) throw std::invalid_argument("posterior: a distance needs two samples at least; draw more");
    std::vector<double> a(n * d), b(n * d), mean(d), weights(posterior.weights().size());
    for (std::size_t i = 0; i < n; ++i) {
        // keys of their own: exact draws are independent of the samples and of each other
        posterior.draw(NormalSource(seed ^ 0x9e3779b97f4a7c15, static_cast<std::uint32_t>(2 * i)), std::span<double>(a).subspan(i * d, d));
        posterior.draw(NormalSource(seed ^ 0x9e3779b97f4a7c15, static_cast<std::uint32_t>(2 * i + 1)), std::span<double>(b).subspan(i * d, d));
        const std::vector<double> shares = posterior.shares(samples.subspan(i * d, d));
        for (std::size_t k = 0; k < shares.size(); ++k) weights[k] += shares[k] / static_cast<double>(n);
        for (std::size_t j = 0; j < d; ++j) mean[j] += samples[i * d + j] / static_cast<double>(n);
    }
    PosteriorDistance distance{sliced_w2(samples, a, d, 100, seed), sliced_w2(b, a, d, 100, seed), 0, 0, std::move(weights), posterior.weights()};
    double trace = 0, miss = 0, off = 0, whole = 0;
    for (std::size_t i = 0; i < d; ++i) {
        trace += posterior.covariance()[i * d + i];
        miss += (mean[i] - posterior.mean()[i]) * (mean[i] - posterior.mean()[i]);
    }
    std::vector<double> covariance(d * d);
    for (std::size_t s = 0; s < n; ++s)
        for (std::size_t i = 0; i < d; ++i)
            for (std::size_t j = 0; j < d; ++j)
                covariance[i * d + j] += (samples[s * d + i] - mean[i]) * (samples[s * d + j] - mean[j]) / static_cast<double>(n - 1);
    for (std::size_t i = 0; i < d * d; ++i) {
        off += (covariance[i] - posterior.covariance()[i]) * (covariance[i] - posterior.covariance()[i]);
        whole += posterior.covariance()[i] * posterior.covariance()[i];
    }
    distance.mean = std::sqrt(miss / trace);
    distance.covariance = std::sqrt(off / whole);
    return distance;
}

}  // namespace costate::guidance
