// From an amount of memory to a schedule.
#pragma once

#include "ode/checkpoint/plan.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace costate::ode::checkpoint {

/// Bytes: of a slot that holds a state, of one that holds a step's record (x_n included), and of all that is needed beside slots.
struct Sizes {
    std::size_t state = 0, record = 0, fixed = 0;
};

/// A schedule, what it takes, and both in a sentence.
struct Choice {
    Spec spec;
    std::uint64_t forward_steps = 0;
    std::size_t bytes = 0;
    std::string sentence;
};

/// Of store-all, binomial and mixed with as many slots as fit into `memory` bytes the one with the fewest forward steps, and of those
/// with equally few the one with the fewest bytes. Throws std::invalid_argument for steps = 0, a size of 0, or less memory than
/// the fixed part and, for more than one step, one state need.
Choice choose(std::size_t memory, const Sizes& sizes, std::size_t steps);

/// "64MB", "1.5 GiB", "100000": bytes; kB, MB, GB, TB are powers of 1000, KiB, MiB, GiB, TiB of 1024, in either case.
/// Throws std::invalid_argument for anything else, for less than a byte and for more than 2⁶² bytes.
std::size_t parse_bytes(std::string_view text);

/// "812 bytes", "63.9 MB": three digits.
std::string bytes_in_words(std::size_t bytes);

}  // namespace costate::ode::checkpoint
