// Treatment (b) of the step sizes: the controller is differentiated with everything else, forwards, a tangent a direction.
#pragma once

#include "kernels/elementwise.hpp"
#include "ode/adaptive/solve.hpp"
#include "ode/tangent_field.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::ode {

namespace detail {

/// d log φ of a Controller along one direction, beside its memory.
struct ControllerTangent {
    std::array<double, 2> errors{}, ratios{};  ///< d log err_{n−1}, d log err_{n−2}; d log r_n, d log r_{n−1}
    double last_step = 0;                      ///< d log h of the last accepted step
    bool any_step = false;

    /// After acceptance with d log err and d log h; `past` is the memory as it was before, `factor` what came out: 0 where a limit was met.
    double accepted(const Controller& c, double error, double d_error, double k, double d_step, const ControllerMemory& past, double factor) {
        if (any_step) ratios = {d_step - last_step, ratios[0]};
        any_step = true;
        last_step = d_step;
        const double most = past.rejected ? 1 : c.grow, integral = c.safety * std::pow(error, -1 / k);
        double d = 0;
        if (error > 0 && factor > c.shrink && factor < most) {
            const bool by_integral = past.errors[0] == 0 || (c.at_most_integral && factor == integral);
            d = by_integral ? -d_error / k : -(c.beta[0] * d_error + c.beta[1] * errors[0] + c.beta[2] * errors[1]) / k - c.alpha[0] * ratios[0] - c.alpha[1] * ratios[1];
        }
        errors = {error > c.least_error ? d_error : 0, errors[0]};
        return d;
    }
};

/// The loop of AdaptiveRun with tangents; one direction at a time, on the same steps.
template <class F, OrderedScalar T>
class ControlledRun {
public:
    ControlledRun(const PairCoefficients<T>& pair, F& f, View<T> x0, View<T> x0_dot, View<T> theta_dot, const AdaptiveOptions<T>& options)
        : pair_(pair), f_(f), theta_dot_(theta_dot), options_(options), n_(x0.size()), x_(x0.begin(), x0.end()), x_dot_(x0_dot.begin(), x0_dot.end()) {
        for (std::vector<T>* v : {&k_, &k_dot_}) v->resize(pair.stages * n_);
        for (std::vector<T>* v : {&y_, &y_dot_, &next_, &next_dot_, &e_, &e_dot_}) v->resize(n_);
        zeros_.assign(n_, T(0));
    }

    /// ẋ(t₁), and the times of the accepted steps. False where a limit of the options is met.
    bool operator()(const T& t0, const T& t1, std::vector<T>& times) {
        const double k = static_cast<double>(pair_.error_order);
        times.assign(1, t0);
        T t = t0, t_dot(0), h = t1 < t0 ? -options_.first_step : options_.first_step, h_dot(0);
        for (std::size_t tried = 0; !(t == t1); ++tried) {
            if (tried == options_.max_steps) return false;
            if (options_.max_step > T(0) && size(h) > options_.max_step) {
                h = h < T(0) ? -options_.max_step : options_.max_step;
                h_dot = T(0);
            }
            const bool last = size(t1 - t) <= size(h) * (T(101) / T(100));
            const T t_next = last ? t1 : T(t + h);
            h = t_next - t;
            if (last) h_dot = -t_dot;
            const double error = attempt(t, t_dot, h, h_dot), d_error = change(), d_step = ScalarTraits<T>::to_double(h_dot / h);
            double factor = 0, d_factor = 0;
            if (error <= 1) {
                const ControllerMemory past = memory_;
                factor = after_acceptance(options_.controller, error, k, ScalarTraits<T>::to_double(size(h)), memory_);
                d_factor = tangent_.accepted(options_.controller, error, d_error, k, d_step, past, factor);
                times.push_back(t = t_next);
                t_dot += h_dot;
                x_.swap(next_);
                x_dot_.swap(next_dot_);
            } else {
                factor = after_rejection(options_.controller, error, k, memory_);
                if (factor > options_.controller.shrink && factor < options_.controller.safety) d_factor = -d_error / k;
            }
            h_dot = (h_dot + h * T(d_factor)) * T(factor);
            h *= T(factor);
            if (!(size(h) > T(0))) return false;
        }
        return true;
    }

    [[nodiscard]] const std::vector<T>& tangent() const { return x_dot_; }

private:
    static T size(const T& x) { return x < T(0) ? T(-x) : x; }
    std::span<const T* const> rows(const Terms<T>& terms, const std::vector<T>& block) {
        pointers_.clear();
        for (const std::size_t j : terms.index) pointers_.push_back(block.data() + j * n_);
        return pointers_;
    }
    /// base + h Σ c k and its tangent base' + h Σ c k' + h' Σ c k.
    void combine(const Terms<T>& terms, const T& h, const T& h_dot, std::span<const T> base, std::span<const T> base_dot, std::span<T> out, std::span<T> out_dot) {
        const std::span<const T> c = terms.coefficient;
        kernels::rk_combine<T>(base, h, c, rows(terms, k_), out);
        kernels::rk_combine<T>(base_dot, h, c, rows(terms, k_dot_), out_dot);
        kernels::rk_combine<T>(out_dot, h_dot, c, rows(terms, k_), out_dot);
    }

    double attempt(const T& t, const T& t_dot, const T& h, const T& h_dot) {
        for (std::size_t i = 0; i < pair_.stages; ++i) {
            const T& c = pair_.c[i];
            combine(pair_.rows[i], h, h_dot, x_, x_dot_, y_, y_dot_);
            f_.jvp(t + c * h, std::span<const T>(y_), t_dot + c * h_dot, std::span<const T>(y_dot_), theta_dot_, std::span<T>(k_).subspan(i * n_, n_),
                   std::span<T>(k_dot_).subspan(i * n_, n_));
        }
        combine(pair_.weights, h, h_dot, x_, x_dot_, next_, next_dot_);
        combine(pair_.error, h, h_dot, zeros_, zeros_, e_, e_dot_);
        return error_norm<T>(options_.tolerance, f_.dim(), e_, {}, x_, next_);
    }

    /// d log ‖e‖, of the sample that rules: Σ w q q' / Σ w q², q = e/s, s = atol + rtol max(|x|, |x'|).
    double change() const {
        const Tolerances<T>& tolerance = options_.tolerance;
        const std::size_t dim = f_.dim();
        double most = 0, result = 0;
        for (std::size_t b = 0; b < n_; b += dim) {
            double square = 0, product = 0;
            for (std::size_t i = 0; i < dim; ++i) {
                if (!tolerance.counts(i) || e_[b + i] == T(0)) continue;
                const bool later = size(x_[b + i]) < size(next_[b + i]);
                const T &x = later ? next_[b + i] : x_[b + i], &x_dot = later ? next_dot_[b + i] : x_dot_[b + i];
                const T s = tolerance.absolute(i) + tolerance.relative(i) * size(x), s_dot = tolerance.relative(i) * (x < T(0) ? T(-x_dot) : x_dot);
                const double w = tolerance.weights.empty() ? 1 : ScalarTraits<T>::to_double(tolerance.weights[i]);
                const double q = ScalarTraits<T>::to_double(e_[b + i] / s);
                square += w * q * q;
                product += w * q * ScalarTraits<T>::to_double((e_dot_[b + i] - e_[b + i] / s * s_dot) / s);
            }
            if (square > most) {
                most = square;
                result = product / square;
            }
        }
        return result;
    }

    const PairCoefficients<T>& pair_;
    F& f_;
    View<T> theta_dot_;
    const AdaptiveOptions<T>& options_;
    std::size_t n_;
    std::vector<T> x_, x_dot_, k_, k_dot_, y_, y_dot_, next_, next_dot_, e_, e_dot_, zeros_;
    std::vector<const T*> pointers_;
    ControllerMemory memory_;
    ControllerTangent tangent_;
};

}  // namespace detail

/// Tangents ẋ(t₁) of the computed solution as a function of x₀ and θ, its step sizes with it: ḣ_{n+1} from the controller's formula, through
/// rejected steps too; a step cut to end at t₁ gives back what the ones before have taken. For each direction a row of x₀.size() values.
/// This is the derivative of what a program computes (until the number of steps changes), and not nearer to that of the differential equation
/// than the one with frozen steps: the terms in ḣ are of the size of the local errors, and spurious (Alexe and Sandu 2009). Costs S jvps a step
/// tried and direction. options.first_step is frozen.
/// Throws std::invalid_argument without a first_step, with save times or for a pair with two estimates, and as TangentField; std::runtime_error
/// where a limit of the options is met.
template <class F, OrderedScalar T>
    requires DifferentiableField<F, T>
std::vector<T> controlled_tangents(const PairCoefficients<T>& pair, F& f, const T& t0, const std::type_identity_t<T>& t1, View<T> x0,
                                   const Directions<std::type_identity_t<T>>& directions, const AdaptiveOptions<std::type_identity_t<T>>& options,
                                   std::vector<std::type_identity_t<T>>& times) {
    if (!(options.first_step > T(0)) || !pair.second.empty())
        throw std::invalid_argument("controlled tangents: options.first_step is 0 or the pair has two estimates; give a first step and another pair");
    if (!options.save_at.empty())
        throw std::invalid_argument("controlled tangents: options.save_at has " + std::to_string(options.save_at.size()) +
                                    " times, and tangents are those of x(t1) alone; solve to each of the times in turn");
    const TangentField<F, T> rows(f, x0.size(), directions);
    std::vector<T> start, result;
    rows.start(x0, start);
    const std::size_t n = x0.size(), parameters = directions.theta.size() / rows.directions();
    for (std::size_t k = 0; k < rows.directions(); ++k) {
        const auto theta_dot = View<T>(directions.theta).subspan(k * parameters, parameters);
        detail::ControlledRun<F, T> run(pair, f, x0, View<T>(start).subspan((1 + k) * n, n), theta_dot, options);
        if (!run(t0, t1, times))
            throw std::runtime_error("controlled tangents: the solve does not reach t1 within max_steps or its steps vanish; solve_adaptive says where");
        result.insert(result.end(), run.tangent().begin(), run.tangent().end());
    }
    return result;
}

}  // namespace costate::ode
