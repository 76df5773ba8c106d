// One sample by one method in one precision; the scalars meet the comparison here and nowhere else.
#pragma once

#include "guidance/guide/comparison.hpp"

namespace costate::guidance::detail {

/// What came of one method on one image.
struct GuideOutcome {
    GuideRow row;
    std::vector<double> sample{};
    std::vector<std::vector<double>> way{};
};

/// Computes rows; owns a model, so one a thread. `image` counts from 0 within the setup; `draw` is the number of the random numbers.
using GuideCompute = std::function<GuideOutcome(const GuidanceMethod& method, std::size_t image, std::uint32_t draw, const std::function<void(double)>& watch)>;

/// Makes computers that share one network and one operator.
std::function<GuideCompute()> guide_in_f32(const GuideSetup& setup);
std::function<GuideCompute()> guide_in_f64(const GuideSetup& setup);

}  // namespace costate::guidance::detail
