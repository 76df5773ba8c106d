// Random numbers that are the same on every machine: a counter, a key, and no state.
#pragma once

#include "scalar/philox.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace costate::guidance {

using costate::philox;

/// count values of N(0, 1) rounded to float: z = √(-2 log u₁) (cos 2πu₂, sin 2πu₂) (Box and Muller 1958).
/// Computed with 50 digits, so that no mathematical library's last bit shows; held exactly by every floating-point scalar, so that
/// a study solves the same problem in every precision. Different streams of one seed are independent.
std::vector<double> standard_normals(std::uint64_t seed, std::uint32_t stream, std::size_t count);

}  // namespace costate::guidance
