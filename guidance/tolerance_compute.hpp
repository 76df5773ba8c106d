// One gradient through an adaptive solve, in one precision: one source file a scalar.
#pragma once

#include "guidance/study_compute.hpp"
#include "guidance/tolerances.hpp"
#include "ode/adaptive/status.hpp"
#include "ode/gradient/sensitive_steps.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace costate::guidance::detail {

/// The gradient of one sample, `repetitions` times at most for the clock.
struct ToleranceTask {
    ToleranceMethod method;
    const ode::Tableau* tableau = nullptr;
    double tolerance = 1e-3;
    std::size_t sample = 0, repetitions = 1;
    bool watch = false;  // compare the estimates of state and sensitivities
};

struct ToleranceOutcome {
    std::vector<Mpfr50> state, gradient;  // nothing where the solve failed
    ode::Status status;
    bool way_back = false;  // whether the status is that of the way back
    std::string op{};       // where the solve was not finite: the op that made it so, and at which state
    ode::AdaptiveCounts there, back;
    ode::Cost cost;
    double seconds = 0;
    std::optional<ode::Watch> watch{};
    std::string note{};
};

using ComputeTolerance = std::function<ToleranceOutcome(const ToleranceTask&)>;

ComputeTolerance tolerances_in_f32(const Study::Parts& parts, const Watch& watch);
ComputeTolerance tolerances_in_f64(const Study::Parts& parts, const Watch& watch);

}  // namespace costate::guidance::detail
