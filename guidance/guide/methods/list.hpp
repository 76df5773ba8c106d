// The guidance methods, each in a file of its own beside this one.
#pragma once

#include "guidance/guide/method.hpp"

namespace costate::guidance::methods {

GuidanceMethod unconditional();
GuidanceMethod greedy();

}  // namespace costate::guidance::methods
