// Whole schedules as lists of actions.
#pragma once

#include "ode/checkpoint/action.hpp"
#include "ode/checkpoint/plan.hpp"

#include <cstddef>

namespace costate::ode::checkpoint {

/// All actions of a plan, from its first: 16 bytes each. A Plan gives the same ones by one, in the memory of the slots.
Schedule collect(Plan plan);

inline Schedule make(const Spec& spec, std::size_t steps) { return collect(Plan(spec, steps)); }

// The rules of plan.hpp. Each throws std::invalid_argument for steps = 0 or without a slot.
inline Schedule store_all(std::size_t steps) { return make({Rule::store_all, 0, 0}, steps); }
inline Schedule states_only(std::size_t steps) { return make({Rule::states_only, 0, 0}, steps); }
inline Schedule every(std::size_t steps, std::size_t k) { return make({Rule::every, k, 0}, steps); }
inline Schedule square_root(std::size_t steps) { return make({Rule::square_root, 0, 0}, steps); }
inline Schedule binomial(std::size_t steps, std::size_t slots) { return make({Rule::binomial, slots, 0}, steps); }
inline Schedule mixed(std::size_t steps, std::size_t slots) { return make({Rule::mixed, slots, 0}, steps); }
inline Schedule two_level(std::size_t steps, std::size_t memory_slots, std::size_t file_slots) {
    return make({Rule::two_level, memory_slots, file_slots}, steps);
}
inline Schedule online(std::size_t steps, std::size_t slots) { return make({Rule::online, slots, 0}, steps); }

}  // namespace costate::ode::checkpoint
