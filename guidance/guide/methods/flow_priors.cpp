#include "guidance/guide/hutchinson.hpp"
#include "guidance/guide/march.hpp"
#include "guidance/guide/measurement_score.hpp"
#include "guidance/guide/methods/list.hpp"
#include "nn/optimise/adam.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace costate::guidance {

namespace {

/// At every t, K steps of a new Adam on x along the gradient of the local objective
///   λ‖H(x + h u) - y'‖² + h div u - log p_t(x),  y' = α(t + h) y + σ(t + h) Hz,  z ~ N(0, I) the start,
/// then x ← x + h u. -∇log p_t = ε̂/σ is the path's, the gradient of div u that of one probe of signs (HutchinsonSlope, a central difference:
/// float programs have no second derivatives). It begins at t₀, or at 0.05 where u does not determine ε̂ at t₀. 3K + 1 evaluations and 3K vjps a step. With K = 1 a step of Adam is the sign of the gradient.
struct FlowPriors {
    static constexpr std::string_view name = "flow-priors", meaning = "steps of Adam on a local posterior at every time, the likelihood by the flow's divergence",
                                      source = "Zhang et al. 2024, Flow Priors for Linear Inverse Problems via Iterative Corrupted Trajectory Matching, algorithm 1";
    double steps = 100, lambda = 1000, rate = 0.01, inner = 1;
    static constexpr std::array<Parameter<FlowPriors>, 4> parameters{{
        {"steps", &FlowPriors::steps, "Euler steps from noise to data, N", {}, {}, true},
        {"lambda", &FlowPriors::lambda, "weight of the measurement", {100, 1000, 10000}},
        {"rate", &FlowPriors::rate, "Adam's, eta", {0.005, 0.01, 0.03, 0.1}},
        {"inner", &FlowPriors::inner, "steps of Adam at every time, K", {}, {}, true},
    }};

    template <class T>
    std::optional<std::string> refuses(const Objective<T>& objective, const FlowModel<T>&) const {
        return lacks_measurement(objective);
    }

    /// The local objective of one time and its gradient.
    template <class T>
    struct Local {
        const Measurement<T>& measurement;
        FlowModel<T>& model;
        HutchinsonSlope<T> slope;
        std::vector<T> u, ahead, gradient, missed, probe;
        typename FlowModel<T>::Record record{};

        Local(const Measurement<T>& m, FlowModel<T>& f)
            : measurement(m), model(f), slope(f), u(f.dim()), ahead(f.dim()), gradient(f.dim()), missed(m.y.size()), probe(f.dim()) {}

        /// λ‖H(x + h u) - y'‖²; `gradient` is that of the whole.
        T at(const T& lambda, const T& t, const T& h, std::span<const T> x, std::span<const T> wanted) {
            model.forward(t, x, std::span<T>(u), record);
            for (std::size_t i = 0; i < x.size(); ++i) ahead[i] = x[i] + h * u[i];
            measurement.H.apply(std::span<const T>(ahead), std::span<T>(missed));
            T square(0);
            for (std::size_t i = 0; i < missed.size(); ++i) {
                missed[i] -= wanted[i];
                square += missed[i] * missed[i];
            }
            measurement.H.transposed(std::span<const T>(missed), std::span<T>(ahead));
            const T sigma = guidance::at<T>(model.path(), t).sigma();
            const Affine<T> noise = epsilon_from_velocity<T>(model.path(), t);
            for (std::size_t i = 0; i < x.size(); ++i) {
                gradient[i] = T(2) * lambda * ahead[i] + (noise.on_x * x[i] + noise.on_n * u[i]) / sigma;
                ahead[i] *= T(2) * lambda * h;
            }
            model.pullback(record, std::span<const T>(ahead), std::span<T>(gradient));
            slope.add(h, t, x, std::span<const T>(probe), std::span<T>(gradient));
            return lambda * square;
        }
    };

    /// t₀, or 0.05 where α'σ - ασ' = 0 at t₀: on polynomial and edm, where only networks begin later of themselves.
    template <class T>
    static T determined_from(const FlowModel<T>& model) {
        try {
            (void)epsilon_from_velocity<T>(model.path(), model.t0());
            return model.t0();
        } catch (const std::domain_error&) {
            return std::max(model.t0(), T(0.05));
        }
    }

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        FlowModel<T>& model = problem.model;
        const Measurement<T>& measurement = required_measurement(name, problem.objective);
        Local<T> local(measurement, model);
        std::vector<T> z(model.dim()), seen(measurement.y.size()), wanted(measurement.y.size());
        problem.random.fill(Draw::start, 0, std::span<T>(z));
        measurement.H.apply(std::span<const T>(z), std::span<T>(seen));
        const T begin = determined_from(model);
        const PathPoint<T> p = at<T>(model.path(), begin);
        std::vector<T> x0 = z;
        for (T& value : x0) value *= std::sqrt(p.alpha * p.alpha + p.sigma2);
        std::uint32_t draw = 0;
        GuidanceResult<T> result = march(problem, begin, steps_of(problem, steps), std::move(x0), [&](const T& t, const T& h, std::span<T> x) {
            const PathPoint<T> next = at<T>(model.path(), std::min(t + h, model.t1()));
            for (std::size_t i = 0; i < seen.size(); ++i) wanted[i] = next.alpha * measurement.y[i] + next.sigma() * seen[i];
            nn::Adam<T> adam(x.size(), {.rate = static_cast<T>(rate)});
            for (std::size_t k = 0; k < static_cast<std::size_t>(inner); ++k) {
                problem.random.fill(Draw::probe, draw++, std::span<T>(local.probe));
                for (T& value : local.probe) value = value < T(0) ? T(-1) : T(1);
                const T loss = local.at(static_cast<T>(lambda), t, h, std::span<const T>(x), std::span<const T>(wanted));
                adam.step(loss, std::span<const T>(local.gradient), x);
            }
            model(t, std::span<const T>(x), std::span<T>(local.u));
            for (std::size_t i = 0; i < x.size(); ++i) x[i] += h * local.u[i];
        });
        result.peak_bytes += local.record.bytes() + (9 * model.dim() + 3 * seen.size()) * sizeof(T);
        return result;
    }
};

}  // namespace

GuidanceMethod methods::flow_priors() { return GuidanceMethod::of<FlowPriors>(); }

}  // namespace costate::guidance
