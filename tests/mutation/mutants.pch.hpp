// What nearly every source of costate_mutants reads.
#pragma once

#include "claims/claim.hpp"
#include "claims/engine.hpp"
#include "claims/subjects.hpp"
#include "ode/loss.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <stdexcept>
