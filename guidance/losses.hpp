// Losses of inverse problems: ½‖y - Hx‖² at the end, and Σᵢ ℓᵢ(x(tᵢ)) along the way.
#pragma once

#include "guidance/models/small_matrix.hpp"
#include "ode/gradient/result.hpp"
#include "ode/loss.hpp"
#include "ode/solve.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace costate::guidance {

/// ℓ(x) = ½ Σ_b ‖y - H x_b‖²,  ∇ℓ = Hᵀ(H x_b - y).
/// H is m × d; y is one observation of m values (compared with every sample) or one a sample.
/// Throws std::invalid_argument for sizes that do not fit.
template <Scalar T>
class LinearObservation {
public:
    LinearObservation(SmallMatrix<T> H, std::vector<T> y) : H_(std::move(H)), y_(std::move(y)) {
        if (H_.rows() == 0 || H_.columns() == 0 || y_.empty() || y_.size() % H_.rows() != 0)
            throw std::invalid_argument("linear observation: H has " + std::to_string(H_.rows()) + " rows and y " +
                                        std::to_string(y_.size()) + " values; give y that many, once or once a sample");
    }

    [[nodiscard]] T operator()(std::span<const T> x1) const { return whole(x1)(x1); }
    void gradient(std::span<const T> x1, std::span<T> x_bar) const { whole(x1).gradient(x1, x_bar); }

    /// The loss of some rows of a batch, a view of H and y: the LinearObservation has to outlive it. Sizes are unchecked.
    struct Part {
        const SmallMatrix<T>* H;
        std::span<const T> y;  // of one sample for all, or of each

        [[nodiscard]] T operator()(std::span<const T> x1) const {
            T twice(0);
            for_each_sample(x1, [&](std::size_t, const std::vector<T>& residual) {
                for (const T& r : residual) twice += r * r;
            });
            return twice / T(2);
        }
        void gradient(std::span<const T> x1, std::span<T> x_bar) const {
            std::fill(x_bar.begin(), x_bar.end(), T(0));
            for_each_sample(x1, [&](std::size_t start, const std::vector<T>& residual) {
                H->multiply_transposed_add(residual, x_bar.subspan(start, H->columns()));
            });
        }

    private:
        // visit(start of the sample, H x_b - y_b)
        template <class Visit>
        void for_each_sample(std::span<const T> x1, Visit&& visit) const {
            const std::size_t d = H->columns(), m = H->rows();
            std::vector<T> residual(m);
            for (std::size_t b = 0; b < x1.size() / d; ++b) {
                for (std::size_t i = 0; i < m; ++i) residual[i] = -y[(b * m + i) % y.size()];
                H->multiply_add(x1.subspan(b * d, d), residual);
                visit(b * d, residual);
            }
        }
    };

    /// That of the values [first, first + count) of a batch-major state, both whole samples; y of this object is one observation or reaches there.
    /// Throws std::invalid_argument where it does not.
    [[nodiscard]] Part part(std::size_t first, std::size_t count) const {
        const std::size_t d = H_.columns(), m = H_.rows(), begin = first / d * m, length = count / d * m;
        if (first % d != 0 || count % d != 0 || (y_.size() != m && begin + length > y_.size())) refuse(first + count);
        return {&H_, y_.size() == m ? std::span<const T>(y_) : std::span<const T>(y_).subspan(begin, length)};
    }

private:
    [[nodiscard]] Part whole(std::span<const T> x1) const {
        const std::size_t d = H_.columns(), m = H_.rows();
        if (x1.size() % d != 0 || (y_.size() != m && y_.size() != x1.size() / d * m)) refuse(x1.size());
        return {&H_, y_};
    }
    [[noreturn]] void refuse(std::size_t size) const {
        throw std::invalid_argument("linear observation: the state has " + std::to_string(size) + " values, H " + std::to_string(H_.columns()) +
                                    " columns and y " + std::to_string(y_.size()) + " values; give whole samples, and y once or once a sample");
    }

    SmallMatrix<T> H_;
    std::vector<T> y_;
};

/// ℓ(x(t))
template <class L, class T>
struct TimedLoss {
    T t;
    L loss;
};

/// Σᵢ ℓᵢ(x(tᵢ)), the times ascending; the first may be the start itself.
template <class L, class T>
struct SumOverTimes {
    std::vector<TimedLoss<L, T>> terms;
};

namespace detail {

// ℓ(x) + λ·x: a term and what the later intervals hand back.
template <class L, class T>
struct PushedLoss {
    const L& loss;
    std::span<const T> lambda;

    T operator()(std::span<const T> x) const {
        T sum = loss(x);
        for (std::size_t i = 0; i < lambda.size(); ++i) sum += lambda[i] * x[i];
        return sum;
    }
    void gradient(std::span<const T> x, std::span<T> x_bar) const {
        loss.gradient(x, x_bar);
        for (std::size_t i = 0; i < lambda.size(); ++i) x_bar[i] += lambda[i];
    }
};

template <class T>
void require_ascending(const T& before, const T& after, std::size_t i) {
    if constexpr (OrderedScalar<T>)
        if (after < before)
            throw std::invalid_argument("sum over times: term " + std::to_string(i) +
                                        " comes before the one ahead of it or before t0; sort the terms by time");
}

template <class T>
void add(std::vector<T>& to, const std::vector<T>& from) {
    for (std::size_t i = 0; i < from.size(); ++i) to[i] += from[i];
}

// x(t₀), x(t₁), … and Σ ℓᵢ; an interval of length 0 is not solved.
template <class F, class L, class T>
std::vector<std::vector<T>> pass_times(F& f, const SumOverTimes<L, T>& sum, const ode::Tableau& tableau, const T& t0, std::size_t steps,
                                       std::span<const T> x0, ode::GradientResult<T>& total) {
    std::vector<std::vector<T>> states{{x0.begin(), x0.end()}};
    const std::size_t evaluations = steps * ode::effective_stages(tableau);
    T t = t0;
    for (std::size_t i = 0; i < sum.terms.size(); ++i) {
        const TimedLoss<L, T>& term = sum.terms[i];
        require_ascending<T>(t, term.t, i);
        const bool empty = t == term.t;
        states.push_back(empty ? states.back() : ode::solve<T>(tableau, f, t, term.t, steps, states.back()));
        if (!empty) total.cost.evaluations += evaluations;
        total.loss += term.loss(states.back());
        t = term.t;
    }
    return states;
}

inline void add(ode::Cost& to, const ode::Cost& from) {
    to.evaluations += from.evaluations;
    to.vjps += from.vjps;
    to.jvps += from.jvps;
    to.peak_bytes = std::max(to.peak_bytes, from.peak_bytes);
}

}  // namespace detail

/// L = Σ ℓᵢ(x(tᵢ)) and its gradient by any gradient method: `steps` equal steps an interval, the last interval first, each handing
/// its x̄ to the one before as part of that one's terminal gradient. θ̄ is summed; t0_bar and t1_bar are those of the two ends, the
/// times between being fixed. With a discrete method it is the exact derivative of the whole discrete sum.
/// Throws std::invalid_argument for no terms or times that descend.
template <class Method, class F, class L, Scalar T>
ode::GradientResult<T> gradient_over_times(const Method& method, F& f, const SumOverTimes<L, T>& sum, const ode::Tableau& tableau,
                                           const T& t0, std::size_t steps, ode::View<T> x0, const ode::GradientOptions& options = {}) {
    const auto& terms = sum.terms;
    if (terms.empty()) throw std::invalid_argument("sum over times: it has no terms; give at least one");
    ode::GradientResult<T> total;
    const std::vector<std::vector<T>> states = detail::pass_times<F, L, T>(f, sum, tableau, t0, steps, x0, total);
    total.x1 = states.back();
    total.x_bar.assign(x0.size(), T(0));
    total.theta_bar.assign(options.want_theta ? f.parameter_count() : 0, T(0));
    for (std::size_t i = terms.size(); i-- > 0;) {
        const T& start = i == 0 ? t0 : terms[i - 1].t;
        const detail::PushedLoss<L, T> pushed{terms[i].loss, total.x_bar};
        if (start == terms[i].t) {
            std::vector<T> x_bar(x0.size());
            pushed.gradient(states[i], x_bar);
            total.x_bar = std::move(x_bar);
            continue;
        }
        ode::GradientResult<T> part = method(f, pushed, tableau, start, terms[i].t, steps, std::span<const T>(states[i]), options);
        detail::add(total.theta_bar, part.theta_bar);
        if (i == 0) total.t0_bar = part.t0_bar;
        if (i + 1 == terms.size()) total.t1_bar = part.t1_bar;
        detail::add(total.cost, part.cost);
        total.x_bar = std::move(part.x_bar);
    }
    return total;
}

}  // namespace costate::guidance
