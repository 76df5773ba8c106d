#include "guidance/guide/methods/list.hpp"

namespace costate::guidance {

namespace {

/// H⁺y of the first measurement.
struct PseudoInverse {
    static constexpr std::string_view name = "pseudo-inverse", meaning = "of the images that explain y best the shortest: no model", source = "Moore 1920, Penrose 1955";
    static constexpr std::array<Parameter<PseudoInverse>, 0> parameters{};

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        const Measurement<T>& m = *problem.objective.any_measurement();
        GuidanceResult<T> result;
        result.x.resize(m.H.columns());
        m.H.pseudo_inverse(std::span<const T>(m.y), std::span<T>(result.x));
        return result;
    }
};

/// Hᵀ(HHᵀ + σ_y²I)⁻¹y: the posterior mean were images N(0, I).
struct RegularisedInverse {
    static constexpr std::string_view name = "regularised-inverse", meaning = "the mean of the posterior were images N(0, I): no model",
                                      source = "Wiener 1949; Tikhonov 1963";
    static constexpr std::array<Parameter<RegularisedInverse>, 0> parameters{};

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        const Measurement<T>& m = *problem.objective.any_measurement();
        GuidanceResult<T> result;
        result.x.resize(m.H.columns());
        std::vector<T> solved(m.y.size());
        m.H.solve(1, static_cast<double>(m.sigma_y * m.sigma_y), std::span<const T>(m.y), std::span<T>(solved));
        m.H.transposed(std::span<const T>(solved), std::span<T>(result.x));
        return result;
    }
};

}  // namespace

GuidanceMethod methods::pseudo_inverse() { return GuidanceMethod::of<PseudoInverse>(); }
GuidanceMethod methods::regularised_inverse() { return GuidanceMethod::of<RegularisedInverse>(); }

}  // namespace costate::guidance
