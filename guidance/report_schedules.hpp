// Pictures of checkpoint schedules, drawn from their actions, and of what they cost.
#pragma once

#include "guidance/report.hpp"
#include "ode/checkpoint/plan.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace costate::guidance {

/// Steps of the solve over steps of work: where it is, what lies in a slot from when to when, what is reversed.
/// Throws std::invalid_argument for a schedule that ode::checkpoint::check refuses.
Chart schedule_picture(const ode::checkpoint::Schedule& schedule, const std::string& method);

/// The schedule of a gradient method that runs one; nothing for the others.
std::optional<ode::checkpoint::Spec> schedule_of(std::string_view method);

/// Whether its gradient is bitwise that of dto, by whatever schedule.
bool is_checkpointed(std::string_view method);

/// Seconds over bytes on the finest grid of the first tableau in `precision`, every method a labelled mark, and the curves that theory draws for
/// binomial and mixed schedules with 1, 2, 3, … slots: n + E(n, s) and M(n, s) steps forward and n reversed, each of the two costing half of a step of
/// dto. Nothing without a row of dto and one of a binomial schedule, which the curves start from.
std::optional<Chart> memory_picture(const StudyProblem& problem, std::span<const StudyRow> rows, const std::string& precision);

}  // namespace costate::guidance
