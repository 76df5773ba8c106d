#include "ode/adaptive/status.hpp"

#include <sstream>

namespace costate::ode {

namespace {

template <class... Parts>
std::string text(const Parts&... parts) {
    std::ostringstream out;
    out.precision(9);
    (out << ... << parts);
    return out.str();
}

}  // namespace

std::string place_of(const NonFinite& bad) {
    const std::string place = text("component ", bad.component, " of sample ", bad.sample);
    if (bad.in == NonFinite::In::state) return text("the state x0 at t = ", bad.t, " in ", place);
    const std::string step = text("step ", bad.step, " of length ", bad.h, " (t = ", bad.t, "), ", place);
    return bad.in == NonFinite::In::slope ? text("the slope of stage ", bad.stage, " in ", step) : text("the sum of finite slopes in ", step);
}

const char* name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::success: return "success";
        case Outcome::stopped: return "stopped";
        case Outcome::step_too_small: return "step too small";
        case Outcome::too_many_steps: return "too many steps";
        case Outcome::too_many_evaluations: return "too many evaluations";
        case Outcome::non_finite: return "non-finite";
        case Outcome::event_not_bracketed: return "event not bracketed";
        case Outcome::too_many_events: return "too many events";
    }
    return "unknown";
}

std::string Status::sentence() const {
    const std::string at = text("at t = ", t, " after ", steps, " steps");
    switch (outcome) {
        case Outcome::success: return text("reached t = ", t, " in ", steps, " steps");
        case Outcome::stopped: return text("stopped by the caller ", at);
        case Outcome::step_too_small:
            return text("step too small: ", at, " the error control asks for |h| = ", h,
                        "; the solution may have a pole or a jump there: end before it, or loosen the tolerances");
        case Outcome::too_many_steps: return text("too many steps: ", at, " the limit of ", limit, " is reached; raise max_steps or loosen the tolerances");
        case Outcome::too_many_evaluations:
            return text("too many evaluations: ", at, " another step could exceed ", limit, "; raise max_evaluations or loosen the tolerances");
        case Outcome::non_finite:
            return text("non-finite: ", non_finite ? place_of(*non_finite) : at, ", is not finite, however short the step; end before it or mend the field");
        case Outcome::event_not_bracketed:
            return text("event not bracketed: ", at, " event ", event, " comes within its tolerance of zero without crossing it, or is not finite there; ",
                        "tighten the tolerances, or move the event");
        case Outcome::too_many_events:
            return text("too many events: ", at, " event ", event, " takes place again",
                        limit == 0 ? std::string(" before t can tell the two apart; end before they accumulate")
                                   : text(" after the limit of ", limit, " events; raise max_events or end earlier"));
    }
    return at;
}

}  // namespace costate::ode
