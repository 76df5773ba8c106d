// The adjoint equation integrated by the partner tableau on the forward grid: DTO in the language of OTD.
#pragma once

#include "ode/gradient/calling_forms.hpp"
#include "ode/gradient/discrete.hpp"
#include "ode/rooted_trees.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace costate::ode::dto {

/// The partner run from t + h back to t, where it is explicit. With β_i = b_i, e_i = 0, or β_i = 1, e_i = 1 where b_i = 0, and
/// m_j = (∂f/∂x)ᵀΛ_j at the forward stage j:
///   Λ_i = (1 − e_i) λ₁ + Σ_{j>i} r_ij h^(1+e_j−e_i) m_j,   r_ij = β_j a_ji / β_i,   λ₀ = λ₁ + Σ_i β_i h^(1+e_i) m_i.
/// Without zero weights r_ij = b_j − Â_ij is the partner Â in reversed time (Hager 2000, Sanz-Serna 2016). The rule for b_i = 0
/// is that of Matsubara, Miyatake, Yaguchi 2021 (b̃_i = h): substitute μ_i = h^(1+e_i) β_i Λ_i into step_vjp's recursion.
template <Scalar T>
struct PartnerCoefficients {
    struct Row {
        std::vector<std::size_t> index;  // j > i with r_ij ≠ 0
        std::vector<T> r;
        std::vector<int> power;  // 1 + e_j − e_i
    };
    std::vector<Row> rows;
    std::vector<T> beta;
    std::vector<int> zero_weight;  // e_i

    explicit PartnerCoefficients(const Tableau& tableau)
        : PartnerCoefficients(without_idle_stages(tableau), ode::partner(tableau)) {}

    /// From a forward tableau without idle stages and the partner to use; without one, Matsubara's rule.
    PartnerCoefficients(const Tableau& forward, const std::optional<Tableau>& partner_tableau) {
        const std::size_t s = forward.stages();
        std::vector<Rational> weight(forward.b);
        for (Rational& b : weight) {
            zero_weight.push_back(b == 0 ? 1 : 0);
            if (b == 0) b = 1;
            beta.push_back(from_rational<T>(b));
        }
        rows.resize(s);
        for (std::size_t i = 0; i < s; ++i)
            for (std::size_t j = i + 1; j < s; ++j) {
                const Rational r = partner_tableau ? Rational(partner_tableau->b[j] - partner_tableau->A(i, j))
                                                   : Rational(weight[j] * forward.A(j, i) / weight[i]);
                if (r == 0) continue;
                rows[i].index.push_back(j);
                rows[i].r.push_back(from_rational<T>(r));
                rows[i].power.push_back(1 + zero_weight[j] - zero_weight[i]);
            }
    }
};

namespace detail {

/// Λ_i from λ₁ and the m_j, j > i, in ws.mu.
template <Scalar T>
void partner_stage(const PartnerCoefficients<T>& adjoint, std::size_t i, const T (&h_power)[3], std::span<const T> lambda1,
                   std::span<const T> m, StepWorkspace<T>& ws) {
    const typename PartnerCoefficients<T>::Row& row = adjoint.rows[i];
    ws.coefficient.clear();
    for (std::size_t k = 0; k < row.r.size(); ++k) ws.coefficient.push_back(row.r[k] * h_power[row.power[k]]);
    const std::span<const T> start = adjoint.zero_weight[i] ? std::span<const T>(ws.zeros) : lambda1;
    kernels::rk_combine<T>(start, h_power[0], ws.coefficient, ws.gather(row.index, m, lambda1.size()), ws.mu);
}

/// λ₀ = λ₁ + h Σ_i β_i h^e_i m_i.
template <Scalar T>
void partner_finish(const PartnerCoefficients<T>& adjoint, const T (&h_power)[3], std::span<const T> lambda1,
                    std::span<const T> m, std::span<T> lambda0, StepWorkspace<T>& ws) {
    ws.coefficient.clear();
    ws.pointers.clear();
    for (std::size_t i = 0; i < adjoint.rows.size(); ++i) {
        ws.coefficient.push_back(adjoint.beta[i] * h_power[adjoint.zero_weight[i]]);
        ws.pointers.push_back(m.data() + i * lambda1.size());
    }
    kernels::rk_combine<T>(lambda1, h_power[1], ws.coefficient, ws.pointers, lambda0);
}

}  // namespace detail

/// One step of the adjoint equation by the partner, from λ₁ to λ₀: the λ₀, θ̄, t̄, h̄ of step_vjp by another association of the
/// same sums. Arguments as in step_vjp; `method` has the forward c_i and `record` the forward slopes.
template <Scalar T, class F>
    requires DifferentiableField<F, T>
void partner_step(const Coefficients<T>& method, const PartnerCoefficients<T>& adjoint, F& f, const std::type_identity_t<T>& t,
                  const std::type_identity_t<T>& h, View<T> x0, const StepRecord<F, T>& record, View<T> lambda1,
                  MutableView<T> lambda0, MutableView<T> theta_bar, TimeBars<std::type_identity_t<T>>* time,
                  StepWorkspace<T>& ws) {
    const std::size_t n = x0.size(), s = method.stages;
    ws.reverse(s, n);
    ws.scratch.resize(theta_bar.size());
    const T h_power[] = {T(1), h, h * h};
    const std::span<T> m = ws.ell, Lambda = ws.mu, stage_theta = ws.scratch;
    std::fill(m.begin(), m.end(), T(0));
    for (std::size_t i = s; i-- > 0;) {
        detail::partner_stage<T>(adjoint, i, h_power, lambda1, m, ws);
        std::fill(stage_theta.begin(), stage_theta.end(), T(0));
        const T tau = ode::detail::stage_vjp<T>(method, i, f, t, h, x0, record, Lambda, m.subspan(i * n, n), stage_theta, ws);
        const T nu = adjoint.beta[i] * h_power[adjoint.zero_weight[i]], mu = h * nu;
        kernels::axpy<T>(mu, stage_theta, theta_bar);
        if (time) {
            time->t += mu * tau;
            time->h += nu * kernels::dot<T>(Lambda, std::span<const T>(record.k).subspan(i * n, n)) + method.c[i] * (mu * tau);
        }
    }
    detail::partner_finish<T>(adjoint, h_power, lambda1, m, lambda0, ws);
}

/// DTO through the partner tableau (Matsubara's rule where a weight is 0). Same gradient as StoreAll: == in exact scalars. Same
/// memory and counts.
struct Partner : CalledOnEqualSteps<Partner> {
    using CalledOnEqualSteps::operator();

    static constexpr std::string_view name = "partner";
    static constexpr std::string_view meaning = "the same by the adjoint equation with the partner tableau (Hager 2000; Matsubara's rule where a weight is 0)";
    static constexpr bool discrete = true;  ///< the derivative of the discrete map, == in exact arithmetic

    template <class F, Scalar T>
    struct Workspace : SweepWorkspace<F, T> {
        PartnerCoefficients<T> adjoint;
        explicit Workspace(const Tableau& tableau) : SweepWorkspace<F, T>(tableau), adjoint(tableau) {}
    };

    /// The pair has the order p of the forward tableau, whatever the partner's order as a tableau of its own.
    static std::size_t predicted_order(const Tableau& tableau) { return order(tableau); }

    /// On any grid, equal steps or not. Allocates nothing once ws and result have met a call of this size.
    template <class F, class L, Scalar T, class G>
        requires DifferentiableField<F, T> && TerminalLoss<L, T> && StepGrid<G, T>
    void operator()(F& f, const L& loss, const G& grid, View<T> x0, const GradientOptions& options, Workspace<F, T>& ws,
                    GradientResult<T>& result) const {
        detail::sweep<T>(f, loss, grid, x0, options, ws, result,
                         [&](const T& t, const T& h, std::span<const T> x, const StepRecord<F, T>& record, std::span<T> lambda,
                             std::span<T> theta_bar, TimeBars<T>* time) {
                             partner_step<T>(ws.method, ws.adjoint, f, t, h, x, record, lambda, lambda, theta_bar, time, ws.step);
                         });
        result.cost.peak_bytes = ws.bytes();
    }
};

}  // namespace costate::ode::dto
