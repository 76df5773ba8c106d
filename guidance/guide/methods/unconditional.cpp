#include "guidance/guide/march.hpp"
#include "guidance/guide/methods/list.hpp"

namespace costate::guidance {

namespace {

/// x ← x + h u_t(x): what the model makes of its start, whatever is asked.
struct Unconditional {
    static constexpr std::string_view name = "unconditional", meaning = "the model's own sample, nothing asked of it: what the others are measured against",
                                      source = "Lipman et al. 2023, Flow Matching for Generative Modeling";
    double steps = 100;
    static constexpr std::array<Parameter<Unconditional>, 1> parameters{{{"steps", &Unconditional::steps, "Euler steps from noise to data", {}, {}, true}}};

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        std::vector<T> u(problem.model.dim());
        GuidanceResult<T> result = march(problem, steps_of(problem, steps), [&](const T& t, const T& h, std::span<T> x) {
            problem.model(t, std::span<const T>(x), std::span<T>(u));
            for (std::size_t i = 0; i < x.size(); ++i) x[i] += h * u[i];
        });
        result.peak_bytes += u.size() * sizeof(T);
        return result;
    }
};

}  // namespace

GuidanceMethod methods::unconditional() { return GuidanceMethod::of<Unconditional>(); }

}  // namespace costate::guidance
