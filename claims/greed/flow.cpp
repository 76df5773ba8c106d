#include "claims/greed/flow.hpp"

#include "ode/extrapolation.hpp"

#include <algorithm>
#include <cmath>

namespace costate::claims::ahead {

namespace {

// weights[i · n + j] = ∫₀^{i/n} ℓ_j for the Lagrange polynomials of the nodes 0, 1/n, …, (n-1)/n; i = 0 … n.
template <class C>
std::vector<C> integrals(std::size_t n) {
    std::vector<C> weights((n + 1) * n);
    const auto node = [n](std::size_t k) { return ratio(static_cast<int>(k), static_cast<int>(n)); };
    for (std::size_t j = 0; j < n; ++j) {
        std::vector<Rational> p{ratio(1)};  // coefficients of ℓ_j, ascending
        for (std::size_t k = 0; k < n; ++k) {
            if (k == j) continue;
            const Rational scale = 1 / (node(j) - node(k));
            p.push_back(ratio(0));
            for (std::size_t m = p.size(); m-- > 0;) p[m] = scale * ((m > 0 ? p[m - 1] : ratio(0)) - node(k) * p[m]);
        }
        for (std::size_t i = 0; i <= n; ++i) {
            Rational sum = 0, power = 1;
            for (std::size_t m = 0; m < p.size(); ++m) {
                power *= ratio(static_cast<int>(i), static_cast<int>(n));
                sum += p[m] * power / static_cast<int>(m + 1);
            }
            weights[i * n + j] = from_rational<C>(sum);
        }
    }
    return weights;
}

// (x, ẋ)' = (f, ∂f/∂x ẋ)
struct Along {
    Field<Mpfr50>& f;

    [[nodiscard]] std::size_t dim() const { return 2 * f.dim(); }
    void operator()(const Mpfr50& t, std::span<const Mpfr50> y, std::span<Mpfr50> slope) {
        const std::size_t n = f.dim();
        f.jvp(t, y.first(n), Mpfr50(0), y.subspan(n), {}, slope.first(n), slope.subspan(n));
    }
};

// x' = f
struct Still {
    Field<Mpfr50>& f;

    [[nodiscard]] std::size_t dim() const { return f.dim(); }
    void operator()(const Mpfr50& t, std::span<const Mpfr50> x, std::span<Mpfr50> slope) { f(t, x, slope); }
};

// (x, λ, a)' = (f, -λᵀ∂f/∂x, -λ)
struct Backward {
    Field<Mpfr50>& f;

    [[nodiscard]] std::size_t dim() const { return 3 * f.dim(); }
    void operator()(const Mpfr50& t, std::span<const Mpfr50> y, std::span<Mpfr50> slope) {
        const std::size_t n = f.dim();
        const std::span<Mpfr50> lambda = slope.subspan(n, n), a = slope.subspan(2 * n);
        Mpfr50 t_bar = 0;
        std::fill(lambda.begin(), lambda.end(), Mpfr50(0));
        f(t, y.first(n), slope.first(n));
        f.vjp(t, y.first(n), y.subspan(n, n), lambda, {}, t_bar);
        for (std::size_t i = 0; i < n; ++i) {
            lambda[i] = -lambda[i];
            a[i] = -y[n + i];
        }
    }
};

// One step of order 2·columns, and the largest difference from one order less.
template <class F>
double extrapolated(F field, const Mpfr50& t0, const Mpfr50& t1, const std::vector<Mpfr50>& start, std::vector<Mpfr50>& end,
                    std::size_t columns) {
    ode::ExtrapolationWorkspace<Mpfr50> ws;
    end.resize(start.size());
    ode::extrapolation_step(field, t0, Mpfr50(t1 - t0), columns, std::span<const Mpfr50>(start), std::span<Mpfr50>(end), ws);
    double error = 0;
    for (std::size_t i = 0; i < end.size(); ++i)
        error = std::max(error, std::abs(ScalarTraits<Mpfr50>::to_double(Mpfr50(end[i] - ws.table[1][i]))));
    return error;
}

std::vector<Mpfr50> part(const std::vector<Mpfr50>& y, std::size_t k, std::size_t n) {
    const auto begin = y.begin() + static_cast<std::ptrdiff_t>(k * n);
    return {begin, begin + static_cast<std::ptrdiff_t>(n)};
}

}  // namespace

template <class C>
std::vector<Expansion<C>> flow_over_step(const Autonomous<C>& field, std::span<const Expansion<C>> y0, std::size_t orders) {
    const std::size_t n = orders, size = y0.size();
    const std::vector<C> weights = integrals<C>(n);
    const auto h = Expansion<C>::variable();
    std::vector<std::vector<Expansion<C>>> y(n + 1, {y0.begin(), y0.end()}), slope(n, std::vector<Expansion<C>>(size));
    for (std::size_t sweep = 0; sweep < orders; ++sweep) {
        for (std::size_t j = sweep == 0 ? 0 : 1; j < n; ++j) {
            if (sweep == 0 && j > 0) slope[j] = slope[0];  // every node starts at y₀
            else field(y[j], slope[j]);
        }
        for (std::size_t i = 1; i <= n; ++i)
            for (std::size_t k = 0; k < size; ++k) {
                Expansion<C> sum(0);
                for (std::size_t j = 0; j < n; ++j) sum += slope[j][k] * weights[i * n + j];
                y[i][k] = y0[k] + h * sum;
            }
    }
    return y[n];
}

template std::vector<Expansion<Rational>> flow_over_step(const Autonomous<Rational>&, std::span<const Expansion<Rational>>,
                                                         std::size_t);
template std::vector<Expansion<Mpfr50>> flow_over_step(const Autonomous<Mpfr50>&, std::span<const Expansion<Mpfr50>>,
                                                       std::size_t);

Direction exact_direction(Field<Mpfr50>& f, const Mpfr50& t0, const Mpfr50& t1, In<Mpfr50> x0, In<Mpfr50> v,
                          std::size_t columns) {
    std::vector<Mpfr50> start(x0.begin(), x0.end()), end;
    start.insert(start.end(), v.begin(), v.end());
    const double error = extrapolated(Along{f}, t0, t1, start, end, columns);
    return {part(end, 0, x0.size()), part(end, 1, x0.size()), error};
}

Direction exact_end(Field<Mpfr50>& f, const Mpfr50& t0, const Mpfr50& t1, In<Mpfr50> x0, std::size_t columns) {
    const std::vector<Mpfr50> start(x0.begin(), x0.end());
    Direction result;
    result.error = extrapolated(Still{f}, t0, t1, start, result.x1, columns);
    return result;
}

Adjoint exact_adjoint(Field<Mpfr50>& f, const Mpfr50& t1, const Mpfr50& t0, In<Mpfr50> x1, In<Mpfr50> lambda1,
                      std::size_t columns) {
    std::vector<Mpfr50> start(x1.begin(), x1.end()), end;
    start.insert(start.end(), lambda1.begin(), lambda1.end());
    start.resize(3 * x1.size(), Mpfr50(0));
    const double error = extrapolated(Backward{f}, t1, t0, start, end, columns);
    return {part(end, 0, x1.size()), part(end, 1, x1.size()), part(end, 2, x1.size()), error};
}

std::size_t columns_for(double h, std::size_t order) {
    const double bits = std::max(1.0, -std::log2(h));
    return 2 + static_cast<std::size_t>(std::ceil((static_cast<double>(order) + 40.0 / bits) / 2));
}

}  // namespace costate::claims::ahead
