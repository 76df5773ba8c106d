#include "ode/gradient/sensitive_steps.hpp"

#include <iomanip>
#include <sstream>

namespace costate::ode {

std::string Watch::warning() const {
    if (!blind()) return {};
    std::ostringstream text;
    text << std::setprecision(2) << "the steps suit the state, whose error estimate is at most " << state
         << " of the tolerance, but not its derivatives, where it reaches " << sensitivity
         << " of it: the gradient may be wrong; control the error of the sensitivities too (follow_sensitivities)";
    return text.str();
}

}  // namespace costate::ode
