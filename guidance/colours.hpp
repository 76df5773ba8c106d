// Okabe and Ito's colours, told apart by everybody; in a picture a second round of them is dashed.
#pragma once

#include <array>

namespace costate::guidance {

inline constexpr std::array colours{"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"};

}  // namespace costate::guidance
