// λ₀ and ∇_θL of optimize-then-discretize less those of discretize-then-optimize: K h^q + …, computed from the augmented field alone.
#pragma once

#include "ode/extrapolation.hpp"
#include "ode/gradient/otd_parameters.hpp"
#include "ode/rooted_trees.hpp"
#include "ode/step.hpp"
#include "ode/tableau.hpp"
#include "scalar/series.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::ode::otd {

/// Where the way back has x from: stored (resolve is the same), integrated again, or interpolated.
enum class StateBy { stored, backsolved, interpolated };

/// What a gap depends on beside the tableau.
struct Variant {
    StateBy state = StateBy::stored;
    ThetaBy theta = ThetaBy::augmented;
};

/// Derivatives of a field and errors of steps as coefficients of power series. F is a DifferentiableField on S = Series<C, N>.
template <class F, class C, std::size_t N>
class FieldSeries {
public:
    using S = Series<C, N>;

    FieldSeries(F f, const Tableau& tableau) : f_(std::move(f)), method_(tableau), order_(order(tableau)) {
        if (order_ + 2 > N)
            throw std::invalid_argument("gap of '" + tableau.name + "': its order " + std::to_string(order_) + " needs series of " +
                                        std::to_string(order_ + 2) + " terms; these have " + std::to_string(N));
    }
    [[nodiscard]] std::size_t order_of_steps() const { return order_; }

    /// [h^(p+1)] of one step of y' = field(t, y) less its flow, and the flow itself. field is called with (time, state, slope).
    template <class Field>
    std::vector<C> error(const Field& field, const C& t, std::span<const C> y) {
        Wrapped<Field> wrapped{field, y.size()};
        std::vector<S> start(y.begin(), y.end()), end(y.size());
        StepWorkspace<S> ws;
        step<S>(method_, wrapped, S(t), S::variable(), start, end, ws);
        const std::vector<S> exact = flow(field, t, y);
        std::vector<C> result;
        for (std::size_t i = 0; i < y.size(); ++i) result.push_back(end[i][order_ + 1] - exact[i][order_ + 1]);
        return result;
    }
    /// y(t + h) by the Taylor recursion y_[k+1] = field(t + h, y)_[k]/(k+1).
    template <class Field>
    std::vector<S> flow(const Field& field, const C& t, std::span<const C> y) {
        std::vector<S> result(y.begin(), y.end()), slope(y.size());
        const S time = S(t) + S::variable();
        for (std::size_t k = 0; k + 1 < N; ++k) {
            field(time, std::span<const S>(result), std::span<S>(slope));
            for (std::size_t i = 0; i < y.size(); ++i) result[i][k + 1] = slope[i][k] / C(static_cast<int>(k + 1));
        }
        return result;
    }

    /// λᵀ∂f/∂x.
    std::vector<S> pulled(const S& t, std::span<const S> x, std::span<const S> lambda) {
        std::vector<S> bar(x.size(), S(0));
        S t_bar(0);
        f_.vjp(t, x, lambda, std::span<S>(bar), {}, t_bar);
        return bar;
    }
    /// The field of x; that of (x, λ); that of (x, ẋ); that of λ along given x(t₀ + h).
    auto state_field() {
        return [this](const S& t, std::span<const S> y, std::span<S> slope) { f_(t, y, slope); };
    }
    auto adjoint_field() {
        return [this](const S& t, std::span<const S> y, std::span<S> slope) {
            const std::size_t n = y.size() / 2;
            f_(t, y.first(n), slope.first(n));
            const std::vector<S> bar = pulled(t, y.first(n), y.last(n));
            for (std::size_t i = 0; i < n; ++i) slope[n + i] = -bar[i];
        };
    }
    auto tangent_field() {
        return [this](const S& t, std::span<const S> y, std::span<S> slope) {
            const std::size_t n = y.size() / 2;
            f_.jvp(t, y.first(n), S(0), y.last(n), {}, slope.first(n), slope.last(n));
        };
    }
    auto adjoint_along(const C& t0, const std::vector<S>& x) {
        return [this, t0, &x](const S& t, std::span<const S> lambda, std::span<S> slope) {
            std::vector<S> at;
            for (const S& series : x) {
                S sum(series[N - 1]);
                for (std::size_t k = N - 1; k-- > 0;) sum = sum * (t - S(t0)) + S(series[k]);
                at.push_back(sum);
            }
            const std::vector<S> bar = pulled(t, at, lambda);
            for (std::size_t i = 0; i < bar.size(); ++i) slope[i] = -bar[i];
        };
    }

private:
    template <class Field>
    struct Wrapped {
        const Field& field;
        std::size_t n;
        [[nodiscard]] std::size_t dim() const { return n; }
        void operator()(const S& t, std::span<const S> y, std::span<S> slope) const { field(t, y, slope); }
    };

    F f_;
    Coefficients<S> method_;
    std::size_t order_;
};

/// The gap of a variant to DTO with the same tableau, of order p, for a field whose state ends with `parameters` constant ones (θ' = 0: then the
/// last components are those of ∇_θL). E_y is the coefficient of h^(p+1) in one step of the field of y less its flow:
///   q = p + 1:  K = (-1)^(p+1) E_λ(x, λ) - (∂E_x/∂x)ᵀλ            (E_λ of the field of (x, λ); interpolated: of that of λ along the flow x(t))
///   q = 5 also: interpolated  - Σ b_i c_i²(1-c_i)² ∂(λᵀ∂f/∂x)[x₄],   x₄ the coefficient of h⁴ in the flow
///   ∇_θL by Gauss nodes τ_j, m of them, has instead of E_λ   - κ [h^2m](λᵀ∂f/∂θ),  κ = 1/(2m+1) - Σ w_j τ_j^2m, at q = 2m + 1, and
///   - Σ w_j τ_j²(1-τ_j)² (∂(λᵀ∂f/∂θ)[x₄] + λ₄ᵀ∂f/∂θ) at q = 5.
/// The steps of the field of (x, λ) run backwards, hence the sign; DTO is the derivative of a forward step (Hager 2000; Sanz-Serna 2016).
template <class F, class C, std::size_t N>
class Gap {
public:
    using S = Series<C, N>;

    /// Throws std::invalid_argument where the series are too short for the order.
    Gap(F f, const Tableau& tableau, Variant variant, std::size_t parameters = 0)
        : series_(std::move(f), tableau), variant_(variant), parameters_(parameters), order_(series_.order_of_steps()) {
        for (std::size_t i = 0; i < tableau.stages(); ++i) {
            const Rational c = tableau.c[i], square = c * c * (1 - c) * (1 - c);
            at_stages_ += tableau.b[i] * square;
        }
    }

    /// q for one step; over an interval the gap is of order q - 1.
    [[nodiscard]] std::size_t exponent() const {
        const bool cubic = variant_.state == StateBy::interpolated || (variant_.theta == ThetaBy::gauss && parameters_ > 0);
        return cubic ? std::min<std::size_t>(order_ + 1, 5) : order_ + 1;
    }

    /// K at one point.
    std::vector<C> coefficient(const C& t, std::span<const C> x, std::span<const C> lambda) {
        const std::size_t n = x.size(), by_nodes = variant_.theta == ThetaBy::gauss ? n - parameters_ : n;
        std::vector<C> k(n, C(0));
        if (exponent() == order_ + 1) {
            const std::vector<C> adjoint = adjoint_error(t, x, lambda);
            for (std::size_t i = 0; i < by_nodes; ++i) k[i] += order_ % 2 == 1 ? adjoint[i] : C(-adjoint[i]);
            for (std::size_t i = 0; i < n; ++i) k[i] -= slope_of_error(i, t, x, lambda);
        }
        if (exponent() == 5 && variant_.state == StateBy::interpolated) {
            const std::vector<C> moved = pulled_along(t, x, lambda, coefficients(series_.flow(series_.state_field(), t, x), 4));
            for (std::size_t i = 0; i < by_nodes; ++i) k[i] -= from_rational<C>(at_stages_) * moved[i];
        }
        if (by_nodes < n) add_nodes(t, x, lambda, by_nodes, k);
        return k;
    }

    /// [h] of λᵀ∂f/∂x at x + h v: the derivative of λᵀ∂f/∂x along v.
    std::vector<C> pulled_along(const C& t, std::span<const C> x, std::span<const C> lambda, const std::vector<C>& v) {
        std::vector<S> at(x.begin(), x.end());
        for (std::size_t i = 0; i < x.size(); ++i) at[i] += S::variable() * S(v[i]);
        return coefficients(series_.pulled(S(t), at, std::vector<S>(lambda.begin(), lambda.end())), 1);
    }
    /// E_x, the error constant of the forward step.
    std::vector<C> state_error(const C& t, std::span<const C> x) { return series_.error(series_.state_field(), t, x); }
    [[nodiscard]] std::size_t order_of_steps() const { return order_; }
    [[nodiscard]] const Variant& variant() const { return variant_; }

private:
    static std::vector<C> coefficients(const std::vector<S>& series, std::size_t k) {
        std::vector<C> result;
        for (const S& s : series) result.push_back(s[k]);
        return result;
    }
    static std::vector<C> joined(std::span<const C> a, std::span<const C> b) {
        std::vector<C> y(a.begin(), a.end());
        y.insert(y.end(), b.begin(), b.end());
        return y;
    }

    std::vector<C> adjoint_error(const C& t, std::span<const C> x, std::span<const C> lambda) {
        if (variant_.state == StateBy::interpolated) {
            const std::vector<S> flow = series_.flow(series_.state_field(), t, x);
            return series_.error(series_.adjoint_along(t, flow), t, lambda);
        }
        const std::vector<C> error = series_.error(series_.adjoint_field(), t, joined(x, lambda));
        return {error.begin() + static_cast<std::ptrdiff_t>(x.size()), error.end()};
    }
    // λᵀ∂E_x/∂x_i: the error of the tangent field along e_i
    C slope_of_error(std::size_t i, const C& t, std::span<const C> x, std::span<const C> lambda) {
        std::vector<C> unit(x.size(), C(0));
        unit[i] = C(1);
        const std::vector<C> error = series_.error(series_.tangent_field(), t, joined(x, unit));
        C sum(0);
        for (std::size_t j = 0; j < x.size(); ++j) sum += lambda[j] * error[x.size() + j];
        return sum;
    }
    void add_nodes(const C& t, std::span<const C> x, std::span<const C> lambda, std::size_t first, std::vector<C>& k) {
        const std::size_t n = x.size(), m = (order_ + 1) / 2;
        const std::vector<S> both = series_.flow(series_.adjoint_field(), t, joined(x, lambda));
        const std::span<const S> flow = std::span<const S>(both).first(n), adjoint = std::span<const S>(both).last(n);
        if (exponent() == 2 * m + 1) {
            Rational kappa = ratio(1, static_cast<int>(2 * m + 1));  // times (m!)⁴/((2m)!)²
            for (std::size_t j = 1; j <= m; ++j) kappa *= ratio(static_cast<int>(j * j), static_cast<int>((m + j) * (m + j)));
            const std::vector<S> product = series_.pulled(S(t) + S::variable(), flow, adjoint);
            for (std::size_t i = first; i < n; ++i) k[i] -= from_rational<C>(kappa) * product[i][2 * m];
        }
        if (exponent() != 5) return;
        const C weight = from_rational<C>(m == 2 ? ratio(1, 36) : m == 1 ? ratio(1, 16) : ratio(1, 30));  // Σ w_j τ_j²(1-τ_j)²
        std::vector<C> x4, lambda4;
        for (std::size_t i = 0; i < n; ++i) {
            x4.push_back(flow[i][4]);
            lambda4.push_back(adjoint[i][4]);
        }
        const std::vector<C> by_x = pulled_along(t, x, lambda, x4);
        const std::vector<S> by_lambda = series_.pulled(S(t), std::vector<S>(x.begin(), x.end()), std::vector<S>(lambda4.begin(), lambda4.end()));
        for (std::size_t i = first; i < n; ++i) k[i] -= weight * (by_x[i] + by_lambda[i][0]);
    }

    FieldSeries<F, C, N> series_;
    Variant variant_;
    std::size_t parameters_, order_;
    Rational at_stages_ = 0;  // Σ b_i c_i²(1-c_i)²
};

}  // namespace costate::ode::otd
