// p(x | y) of an exact model under a linear measurement with normal noise, in closed form: the truth for posterior samplers.
#pragma once

#include "guidance/guide/normals.hpp"
#include "guidance/guide/operators/linear_operator.hpp"
#include "guidance/models/mixture_terms.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace costate::guidance {

/// x ~ Σ w_k N(m_k, C_k), y = Hx + n, n ~ N(0, σ_y² I), σ_y > 0. With G_k = C_kHᵀ(HC_kHᵀ + σ_y²I)⁻¹ the posterior is again a mixture:
///   w_k' ∝ w_k N(y; Hm_k, HC_kHᵀ + σ_y²I),  m_k' = m_k + G_k(y - Hm_k),  C_k' = C_k - G_kHC_k.
/// A component that has τ²I for covariance is held without a matrix, so the data set's own flow can have thousands.
class MixturePosterior {
public:
    /// A mixture. Throws std::invalid_argument for σ_y = 0, or H and y of other sizes than the components.
    MixturePosterior(std::vector<MixtureComponent<double>> components, const LinearOperator<double>& H, std::span<const double> y, double sigma_y);
    /// (1/N) Σ N(p_i, τ²I), points row by row.
    MixturePosterior(std::span<const double> points, std::size_t d, double tau, const LinearOperator<double>& H, std::span<const double> y, double sigma_y);

    [[nodiscard]] std::size_t dim() const { return d_; }
    /// w_k'
    [[nodiscard]] const std::vector<double>& weights() const { return weights_; }
    /// Σ w_k' m_k'
    [[nodiscard]] const std::vector<double>& mean() const { return mean_; }
    /// Σ w_k' (C_k' + (m_k' - m)(m_k' - m)ᵀ), row by row.
    [[nodiscard]] const std::vector<double>& covariance() const { return covariance_; }
    /// A draw: k by w', x ~ N(m_k, C_k), n ~ N(0, σ_y²I), then x + G_k(y - Hx - n) (Matheron's rule).
    void draw(const NormalSource& random, std::span<double> x) const;
    /// p(k | x), the same with and without y.
    [[nodiscard]] std::vector<double> shares(std::span<const double> x) const;

private:
    void finish(std::vector<double> log_weights);
    void update(std::size_t k, std::vector<double>& x, std::span<const double> noise) const;
    void sample_prior(std::size_t k, const NormalSource& random, std::span<double> x) const;
    [[nodiscard]] std::size_t count() const { return tau_ > 0 ? points_.size() / d_ : components_.size(); }
    [[nodiscard]] std::span<const double> prior_mean(std::size_t k) const;

    std::size_t d_ = 0;
    double tau_ = 0, sigma_y_;
    std::vector<MixtureComponent<double>> components_{};
    std::vector<double> points_{};
    LinearOperator<double> H_;
    std::vector<double> y_;
    std::vector<SmallMatrix<double>> gains_{}, roots_{};  // G_k, and L of C_k = LLᵀ
    std::vector<Ldl<double>> inverses_{};
    std::vector<double> weights_{}, mean_{}, covariance_{};
};

/// C = LLᵀ, lower; a pivot that is not positive counts as 0.
SmallMatrix<double> lower_root(const SmallMatrix<double>& C);

/// How far samples are from the posterior. `floor`: the sliced W₂ of two sets of exact draws, as many as the samples; weights: the mean of shares().
struct PosteriorDistance {
    double sliced_w2 = 0, floor = 0;
    double mean = 0;        ///< ‖mean - exact‖ / √tr Cov
    double covariance = 0;  ///< ‖Cov - exact‖_F / ‖exact‖_F
    std::vector<double> weights{}, exact_weights{};
};

/// Samples row by row, at least two. Throws std::invalid_argument for fewer.
PosteriorDistance distance_to(const MixturePosterior& posterior, std::span<const double> samples, std::uint64_t seed);

}  // namespace costate::guidance
