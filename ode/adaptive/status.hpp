// How an adaptive solve ended, as data and as one sentence.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace costate::ode {

enum class Outcome {
    success,               ///< x₁ is the state at t₁
    stopped,               ///< by the caller's hook
    step_too_small,        ///< the tolerance asks for steps that t cannot resolve, or below the least step allowed
    too_many_steps,        ///< accepted and rejected together
    too_many_evaluations,  ///< of f
    non_finite,            ///< NaN or ∞, however short the step
    event_not_bracketed,   ///< an event comes within its tolerance of zero and turns back, or is not finite
    too_many_events,       ///< more than asked for, or closer to each other than t can resolve
};

/// Where a value that is not finite was seen first.
struct NonFinite {
    enum class In { state, slope, sum } in = In::slope;  ///< x₀ itself, a slope k_i, or x₁ and the estimate made of finite slopes
    std::size_t stage = 0;                               ///< i of k_i, counted from 1; the stage after the last is f(t₁, x₁)
    std::size_t step = 0;                                ///< the step that was tried, counted from 1
    double t = 0, h = 0;                                 ///< of the stage; of the step
    std::size_t sample = 0, component = 0;               ///< counted from 0
};

/// Numbers as doubles, for reports. No allocation before sentence().
struct Status {
    Outcome outcome = Outcome::success;
    double t = 0;           ///< where the solve ended: that of the last accepted step
    double h = 0;           ///< the step that failed
    std::size_t steps = 0;  ///< accepted and rejected
    std::size_t limit = 0;  ///< of what there was too much
    std::optional<NonFinite> non_finite = {};
    std::size_t event = 0;  ///< of the last two outcomes: which, counted from 0

    [[nodiscard]] bool ok() const { return outcome == Outcome::success; }
    /// What happened, where, and what to do; "reached t = …" on success.
    [[nodiscard]] std::string sentence() const;
};

/// "the slope of stage 3 in step 7 of length 0.1 (t = 0.65), component 0 of sample 2"
[[nodiscard]] std::string place_of(const NonFinite& bad);

/// "non-finite", "step too small", …
[[nodiscard]] const char* name_of(Outcome outcome);

}  // namespace costate::ode
