// Double precision, and the sensitivities along a solution.
#include "guidance/tolerance_compute_impl.hpp"

#include <cmath>

namespace costate::guidance {

namespace detail {

ComputeTolerance tolerances_in_f64(const Study::Parts& parts, const Watch& watch) { return tolerances_in<double>(parts, watch); }

namespace {

double length(std::span<const double> v) {
    double sum = 0;
    for (const double x : v) sum += x * x;
    return std::sqrt(sum);
}

/// ‖A‖₂ of an n × n matrix by power iteration on AᵀA.
double spectral_norm(std::span<const double> a, std::size_t n) {
    std::vector<double> v(n), w(n);
    for (std::size_t i = 0; i < n; ++i) v[i] = 1 + 0.1 * static_cast<double>(i);
    double norm = 0, before = -1;
    for (int k = 0; k < 200 && std::abs(norm - before) > 1e-6 * norm; ++k) {
        before = norm;
        for (std::size_t i = 0; i < n; ++i) {
            w[i] = 0;
            for (std::size_t j = 0; j < n; ++j) w[i] += a[i * n + j] * v[j];
        }
        norm = length(w) / length(v);
        std::fill(v.begin(), v.end(), 0.0);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) v[j] += a[i * n + j] * w[i];
        const double size = length(v);
        if (!(size > 0)) break;
        for (double& x : v) x /= size;
    }
    return norm;
}

}  // namespace
}  // namespace detail

std::optional<Amplification> amplification(const Study& study) {
    const Study::Parts& parts = study.parts();
    using Field = detail::StudyField<double>;
    const std::size_t n = parts.problem.dimension;
    if (n > detail::most_watched || parts.problem.regular) return std::nullopt;
    Field field = detail::study_model<double>(parts).field(false, [] {});
    const ode::Tableau& tableau = ode::find_tableau("dormand-prince");
    ode::AdaptiveForward<double> forward(tableau);
    ode::AdaptiveOptions<double> options;
    options.tolerance.rtol = options.tolerance.atol = 1e-9;
    const std::vector<double> knots{parts.problem.t1}, x0(parts.start(0, 1).begin(), parts.start(0, 1).end());
    const auto inputs = ode::Directions<double>::every(n, 0);  // the control of the state alone is blind at an equilibrium
    if (!ode::follow_sensitivities<Field, double>(field, parts.problem.t0, ode::View<double>(knots), x0, inputs, options, forward).ok()) return std::nullopt;
    const ode::Coefficients<double> method(ode::without_idle_stages(tableau));
    ode::StepWorkspace<double> ws;
    ode::StepRecord<Field, double> record;
    std::vector<double> rows(n * n, 0.0), x1(n);  // ∂x(t₁)/∂x(t), row by row
    for (std::size_t i = 0; i < n; ++i) rows[i * n + i] = 1;
    std::vector<double> states = x0;  // at t₀ and at the ends of all steps
    for (std::size_t node = 0; node < forward.grid.steps(); ++node) {
        const auto x = std::span<const double>(states).subspan(node * n, n);
        ode::step<double>(method, field, forward.grid.at(node), forward.grid.step(node), x, x1, record, ws);
        states.insert(states.end(), x1.begin(), x1.end());
    }
    Amplification result;
    const std::size_t steps = forward.grid.steps(), every = 1 + steps / 400;
    const auto keep = [&](std::size_t node) {
        result.times.push_back(forward.grid.at(node));
        result.norms.push_back(detail::spectral_norm(rows, n));
        result.largest = std::max(result.largest, result.norms.back());
    };
    keep(steps);
    for (std::size_t node = steps; node-- > 0;) {
        const auto x = std::span<const double>(states).subspan(node * n, n);
        ode::step<double>(method, field, forward.grid.at(node), forward.grid.step(node), x, x1, record, ws);
        for (std::size_t i = 0; i < n; ++i) {
            const auto row = std::span<double>(rows).subspan(i * n, n);
            ode::step_vjp<double>(method, field, forward.grid.at(node), forward.grid.step(node), x, record, row, row, {}, nullptr, ws);
        }
        if (node % every == 0) keep(node);
    }
    std::reverse(result.times.begin(), result.times.end());
    std::reverse(result.norms.begin(), result.norms.end());
    result.from_start = result.norms.front();
    result.condition = result.from_start * detail::length(x0) / detail::length(std::span<const double>(states).last(n));
    return result;
}

}  // namespace costate::guidance
