#include "claims/measure/global_error.hpp"

#include "ode/gauss.hpp"

#include <utility>

namespace costate::claims {

namespace {

using Vector = std::vector<Mpfr50>;

// y' = F(y), w' = F'(y) w: both are coefficients of F(y + εw).
struct Carried {
    Vector y, w;
};

Carried slope_of(const Autonomous<Mpfr50>& field, const Carried& at) {
    const std::size_t n = at.y.size();
    std::vector<RealSeries> point(n), slope(n);
    for (std::size_t i = 0; i < n; ++i) {
        point[i] = RealSeries(at.y[i]);
        point[i][1] = at.w[i];
    }
    field(point, slope);
    return {coefficients<Mpfr50>(std::span<const RealSeries>(slope), 0),
            coefficients<Mpfr50>(std::span<const RealSeries>(slope), 1)};
}

void add(Carried& to, const Mpfr50& factor, const Carried& what) {
    for (std::size_t i = 0; i < to.y.size(); ++i) {
        to.y[i] += factor * what.y[i];
        to.w[i] += factor * what.w[i];
    }
}

void carry(const Autonomous<Mpfr50>& field, Carried& state, const Mpfr50& length) {
    constexpr int steps = 4;
    const Mpfr50 h = length / steps;
    for (int n = 0; n < steps; ++n) {
        Carried stage = state;
        const Carried k1 = slope_of(field, stage);
        add(stage, h / 2, k1);
        const Carried k2 = slope_of(field, stage);
        stage = state;
        add(stage, h / 2, k2);
        const Carried k3 = slope_of(field, stage);
        stage = state;
        add(stage, h, k3);
        const Carried k4 = slope_of(field, stage);
        add(state, h / 6, k1);
        add(state, h / 3, k2);
        add(state, h / 3, k3);
        add(state, h / 6, k4);
    }
}

}  // namespace

GlobalError global_error(const ode::Tableau& tableau, std::size_t q, const Autonomous<Mpfr50>& field, std::vector<Mpfr50> y,
                         const Mpfr50& T, std::size_t nodes) {
    const ode::GaussRule<Mpfr50> rule = ode::gauss_rule<Mpfr50>(nodes);
    Carried state{std::move(y), {}};
    state.w.assign(state.y.size(), Mpfr50(0));
    Mpfr50 at = 0;
    for (std::size_t j = 0; j < nodes; ++j) {
        carry(field, state, T * (rule.nodes[j] - at));
        at = rule.nodes[j];
        const Vector source = error_expansion<Mpfr50>(tableau, field, std::span<const Mpfr50>(state.y), q)[q];
        for (std::size_t i = 0; i < source.size(); ++i) state.w[i] += T * rule.weights[j] * source[i];
    }
    carry(field, state, T * (1 - at));
    return {std::move(state.y), std::move(state.w)};
}

std::vector<Mpfr50> integral(const Mpfr50& T, const std::function<std::vector<Mpfr50>(const Mpfr50&)>& f) {
    const ode::GaussRule<Mpfr50> rule = ode::gauss_rule<Mpfr50>(5);
    Vector sum;
    for (std::size_t j = 0; j < rule.size(); ++j) {
        const Vector value = f(T * rule.nodes[j]);
        sum.resize(value.size(), Mpfr50(0));
        for (std::size_t i = 0; i < value.size(); ++i) sum[i] += T * rule.weights[j] * value[i];
    }
    return sum;
}

}  // namespace costate::claims
