#include "ode/checkpoint/schedule.hpp"

namespace costate::ode::checkpoint {

Schedule collect(Plan plan) {
    plan.rewind();
    Schedule schedule{plan.steps(), plan.memory_slots(), plan.file_slots(), {}};
    while (const Action* action = plan.next()) schedule.actions.push_back(*action);
    return schedule;
}

}  // namespace costate::ode::checkpoint
