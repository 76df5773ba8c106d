// Each method's own numbers, chosen on images that the comparison does not see, with the same budget for all.
#pragma once

#include "guidance/guide/comparison.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace costate::guidance {

/// What was tried of one method: spellings with their scores, the best one first by score.
struct TunedMethod {
    std::string given, chosen;
    std::vector<std::pair<std::string, double>> tried;
};

/// Candidates a method may try, whatever the number of its parameters.
inline constexpr std::size_t tuning_budget = 8;

/// For each method of the setup at most tuning_budget candidates on the `images` images after the comparison's last: the grid of its first parameter at
/// the others' defaults; then that of the second at the best first, or, of a method with one, the geometric means of the best value and its neighbours
/// and one step beyond the end of the grid where the best is its end. The score is the mean PSNR, without a truth the mean of -L; a failed sample counts as the worst.
/// Throws what guide_setup throws where there are not so many images; GuidanceStopped.
std::vector<TunedMethod> tune(const GuideSetup& setup, std::size_t images, const GuideHooks& hooks);

/// JSON with the number of images they were chosen on, and back; nothing for what is none, or was chosen on another number.
std::string to_json(const std::vector<TunedMethod>& tuned, std::size_t images);
std::vector<TunedMethod> tuned_from_json(const std::string& text, std::size_t images);

}  // namespace costate::guidance
