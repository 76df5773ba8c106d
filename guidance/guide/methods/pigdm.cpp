#include "guidance/guide/march.hpp"
#include "guidance/guide/measurement_score.hpp"
#include "guidance/guide/methods/list.hpp"

namespace costate::guidance {

namespace {

/// x ← x + h u of the score + c JᵀHᵀ(s²HHᵀ + σ_y²I)⁻¹(y - Hx̂₁), s² = σ²/(α² + σ²); (s²HHᵀ)⁺ without noise. One evaluation and one vjp a step.
/// The paper's step is DDIM's with noise; here it is Euler's of the flow. Algorithm 1 gives the correction of equation 7 a weight that changes in time,
/// r_t² = s²; c = 1 at every t, the score as it stands, is this program's choice.
struct Pigdm {
    static constexpr std::string_view name = "pigdm", meaning = "adds to the score that of the measurement, X1 taken for Gaussian about x1hat",
                                      source = "Song et al. 2023, Pseudoinverse-Guided Diffusion Models for Inverse Problems, equation 7; a weight of 1 at all times and Euler's steps are this program's, not algorithm 1's";
    double steps = 100, weight = 1;
    static constexpr std::array<Parameter<Pigdm>, 2> parameters{{
        {"steps", &Pigdm::steps, "Euler steps from noise to data", {}, {}, true},
        {"weight", &Pigdm::weight, "c, how much of it is added", {0.5, 1, 1.5, 2}},
    }};

    template <class T>
    std::optional<std::string> refuses(const Objective<T>& objective, const FlowModel<T>&) const {
        return lacks_measurement(objective);
    }

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        MeasurementScore<T> score(problem.model, required_measurement(name, problem.objective));
        std::vector<T> u(problem.model.dim());
        GuidanceResult<T> result = march(problem, steps_of(problem, steps), [&](const T& t, const T& h, std::span<T> x) {
            pigdm_velocity(score, static_cast<T>(weight), t, std::span<const T>(x), std::span<T>(u));
            for (std::size_t i = 0; i < x.size(); ++i) x[i] += h * u[i];
        });
        result.peak_bytes += score.bytes() + u.size() * sizeof(T);
        return result;
    }
};

}  // namespace

GuidanceMethod methods::pigdm() { return GuidanceMethod::of<Pigdm>(); }

}  // namespace costate::guidance
