// Reversible schemes: the gradient of a solver that runs backwards exactly, its states reconstructed and never stored.
#pragma once

#include "ode/gradient/calling_forms.hpp"
#include "ode/gradient/discrete.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace costate::ode::reversible {

/// One evaluation k = f(t, x), kept for its transpose: by the field's record where it records, else by t and a copy of x.
template <class F, Scalar T>
class Evaluation {
public:
    void operator()(F& f, const T& t, std::span<const T> x, std::span<T> k) {
        if constexpr (RecordingField<F, T>) {
            if (record_.empty()) record_.push_back(f.make_record());
            f.forward(t, x, k, record_.front());
        } else {
            t_ = t;
            x_.assign(x.begin(), x.end());
            f(t, x, k);
        }
    }

    /// x̄ += μᵀ∂f/∂x, θ̄ += μᵀ∂f/∂θ; returns μᵀ∂f/∂t.
    T pull(F& f, std::span<const T> mu, std::span<T> x_bar, std::span<T> theta_bar) const {
        T tau = T(0);
        if constexpr (RecordingField<F, T>) f.pullback(record_.front(), mu, x_bar, theta_bar, tau);
        else f.vjp(t_, x_, mu, x_bar, theta_bar, tau);
        return tau;
    }

    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = ode::detail::bytes_of(x_);
        for (const auto& record : record_) total += ode::detail::record_bytes(record);
        return total;
    }

private:
    T t_{};
    std::vector<T> x_;
    std::vector<typename ode::detail::FieldRecord<F, T>::type> record_;  // at most one
};

/// The state of a scheme, `parts` arrays of n values one after the other, x the first of them; its adjoint; and the scheme's own
/// scratch and records. `states` is empty unless the oracle that stores them all is asked for. Serves one field.
template <class Scheme, class F, Scalar T>
struct Workspace {
    Scheme scheme;
    std::vector<T> state, bars, lambda, states;

    explicit Workspace(const Tableau& tableau) : scheme(tableau) {}

    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = scheme.bytes();
        for (const std::vector<T>* v : {&state, &bars, &lambda, &states}) total += ode::detail::bytes_of(*v);
        return total;
    }
};

namespace detail {

/// max_i |a_i − b_i| / max_i |b_i|; in scalars without an absolute value 0 where a = b and infinity elsewhere.
template <Scalar T>
double relative_gap(std::span<const T> a, std::span<const T> b) {
    if constexpr (std::is_floating_point_v<T> || TranscendentalScalar<T>) {
        double gap = 0, size = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            const double difference = std::abs(static_cast<double>(ScalarTraits<T>::to_double(a[i] - b[i])));
            gap = difference <= gap ? gap : difference;  // keeps a NaN
            size = std::max(size, std::abs(static_cast<double>(ScalarTraits<T>::to_double(b[i]))));
        }
        return gap == 0 ? 0 : gap / size;
    } else {
        return std::equal(a.begin(), a.end(), b.begin()) ? 0 : HUGE_VAL;
    }
}

/// From x₀ to x_N; `keep` holds every state in ws.states.
template <Scalar T, class Scheme, class F>
void forward(F& f, const Grid<T>& grid, View<T> x0, bool keep, Workspace<Scheme, F, T>& ws) {
    const std::size_t whole = Scheme::parts * x0.size();
    ws.state.resize(whole);
    ws.states.resize(keep ? grid.steps * whole : 0);
    ws.scheme.start(f, grid.t0, x0, ws.state);
    for (std::size_t n = 0; n < grid.steps; ++n) {
        if (keep) std::copy(ws.state.begin(), ws.state.end(), ws.states.begin() + static_cast<std::ptrdiff_t>(n * whole));
        ws.scheme.advance(f, grid.at(n), grid.h, ws.state);
    }
}

/// The reverse of the sweep from the bars at t₁: in each step the state at its start is reconstructed (or taken from the stored
/// ones), then the bars are pulled back through it.
template <Scalar T, class Scheme, class F>
void backward(F& f, const Grid<T>& grid, const GradientOptions& options, Workspace<Scheme, F, T>& ws, GradientResult<T>& result) {
    const std::size_t whole = ws.state.size();
    const std::span<const T> states = ws.states;
    const std::span<T> theta_bar = result.theta_bar;
    dto::detail::GridBars<Grid<T>, T> times(grid, options, result);
    ws.scheme.turn(f, grid.at(grid.steps), ws.state);
    for (std::size_t n = grid.steps; n-- > 0;) {
        TimeBars<T> time{T(0), T(0)};
        const auto kept = states.empty() ? states : states.subspan(n * whole, whole);
        ws.scheme.retreat(f, grid.at(n), grid.h, ws.state, kept);
        ws.scheme.pull(f, grid.at(n), grid.h, ws.state, ws.bars, theta_bar, options.want_time ? &time : nullptr);
        times.add(n, time);
    }
    times.add_start(ws.scheme.pull_start(f, ws.bars, theta_bar, result.x_bar));
    times.finish();
}

}  // namespace detail

/// The gradient method of a scheme. A Rule has name, meaning, predicted_order(tableau) and, for its fields and scalars, a Scheme:
///   parts, Scheme(tableau), prepare(rule, n), start(f, t₀, x₀, state), advance(f, t, h, state),
///   turn(f, t₁, state)                    before the first retreat
///   retreat(f, t, h, state, kept)         from the state at t + h to that at t, which is `kept` where that is not empty
///   pull(f, t, h, state, bars, θ̄, time)   the transpose of the step just retreated; time null where it is not wanted
///   pull_start(f, bars, θ̄, x̄)            the transpose of start; returns t̄₀'s part
/// The result is the exact gradient of the scheme's own discrete map, whose end is not that of the tableau. Memory independent of N.
template <class Rule>
struct Reversible : Rule, CalledWithTableau<Reversible<Rule>> {
    using CalledWithTableau<Reversible>::operator();

    static constexpr bool discrete = true;  ///< the derivative of the discrete map, == in exact arithmetic
    static constexpr bool own_map = true;   ///< a map of its own: x₁ is not the tableau's

    Reversible() = default;
    explicit Reversible(Rule rule) : Rule(std::move(rule)) {}

    /// As Rule::named, for rules that are spelled with parameters.
    static std::optional<Reversible> named(std::string_view base, std::span<const std::string_view> parameters)
        requires requires { Rule::named(base, parameters); }
    {
        std::optional<Rule> rule = Rule::named(base, parameters);
        return rule ? std::optional(Reversible(std::move(*rule))) : std::nullopt;
    }

    template <class F, Scalar T>
    using Scheme = typename Rule::template Scheme<F, T>;
    template <class F, Scalar T>
    using Workspace = reversible::Workspace<Scheme<F, T>, F, T>;

    /// Allocates nothing once ws and result have met a call of this size.
    template <class F, class L, Scalar T>
        requires DifferentiableField<F, T> && TerminalLoss<L, T>
    void operator()(F& f, const L& loss, const T& t0, const std::type_identity_t<T>& t1, std::size_t steps, View<T> x0,
                    const GradientOptions& options, Workspace<F, T>& ws, GradientResult<T>& result) const {
        run<F, L, T>(f, loss, Grid<T>(t0, t1, steps), x0, options, false, ws, result);
    }

    /// The gradient of the same map with all N states stored, none reconstructed: what the method is measured by.
    template <class F, class L, Scalar T>
        requires DifferentiableField<F, T> && TerminalLoss<L, T>
    GradientResult<T> store_all(F& f, const L& loss, const Tableau& tableau, const T& t0, const std::type_identity_t<T>& t1,
                                std::size_t steps, View<T> x0, const GradientOptions& options = {}) const {
        Workspace<F, T> ws(tableau);
        GradientResult<T> result;
        run<F, L, T>(f, loss, Grid<T>(t0, t1, steps), x0, options, true, ws, result);
        return result;
    }

    /// x₁ of the scheme, into which T's rounding comes as into the gradient's.
    template <class F, Scalar T>
    std::vector<T> solve(F& f, const Tableau& tableau, const T& t0, const std::type_identity_t<T>& t1, std::size_t steps,
                         View<T> x0) const {
        Workspace<F, T> ws(tableau);
        ode::detail::check_state(f, x0.size());
        ws.scheme.prepare(*this, x0.size());
        detail::forward<T>(f, Grid<T>(t0, t1, steps), x0, false, ws);
        return {ws.state.begin(), ws.state.begin() + static_cast<std::ptrdiff_t>(x0.size())};
    }

private:
    template <class F, class L, Scalar T>
    void run(F& f, const L& loss, const Grid<T>& grid, View<T> x0, const GradientOptions& options, bool keep, Workspace<F, T>& ws,
             GradientResult<T>& result) const {
        const std::size_t size = x0.size();
        ode::detail::check_state(f, size);
        ws.scheme.prepare(*this, size);
        detail::forward<T>(f, grid, x0, keep, ws);
        dto::detail::start_reverse<T>(f, loss, std::span<const T>(ws.state).first(size), options, ws.lambda, result);
        ws.bars.assign(ws.state.size(), T(0));
        std::copy(ws.lambda.begin(), ws.lambda.end(), ws.bars.begin());
        result.x_bar.resize(size);
        detail::backward<T>(f, grid, options, ws, result);
        result.cost = ws.scheme.cost;
        result.cost.peak_bytes = ws.bytes();
        result.reconstruction_error = detail::relative_gap<T>(std::span<const T>(ws.state).first(size), x0);
    }
};

}  // namespace costate::ode::reversible
