#include "guidance/paths/conversions.hpp"

namespace costate::guidance {

Parametrisation find_parametrisation(std::string_view name) {
    for (const Parametrisation p : {Parametrisation::velocity, Parametrisation::epsilon, Parametrisation::x1})
        if (name_of(p) == name) return p;
    throw std::invalid_argument("parametrisation: there is none named '" + std::string(name) + "'; choose velocity, epsilon or x1");
}

std::string_view name_of(Parametrisation parametrisation) {
    switch (parametrisation) {
        case Parametrisation::velocity: return "velocity";
        case Parametrisation::epsilon: return "epsilon";
        case Parametrisation::x1: break;
    }
    return "x1";
}

}  // namespace costate::guidance
