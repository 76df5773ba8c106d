// Pictures of checkpoint schedules, drawn from their actions, and of what they cost.
#pragma once

#include "guidance/report.hpp"
#include "ode/checkpoint/action.hpp"

#include <string>

namespace costate::guidance {

/// Steps of the solve over steps of work: where it is, what lies in a slot from when to when, what is reversed.
/// Throws std::invalid_argument for a schedule that ode::checkpoint::check refuses.
Picture schedule_picture(const ode::checkpoint::Schedule& schedule, const std::string& method);

}  // namespace costate::guidance
