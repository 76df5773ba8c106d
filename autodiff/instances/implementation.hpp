// Everything that a scalar's Tape and Program are made of. Include it for scalars that autodiff/instances/ does not
// compile (Dual, Series).
#pragma once

#include "autodiff/impl/evaluate.hpp"
#include "autodiff/impl/profile.hpp"
#include "autodiff/impl/replay.hpp"
#include "autodiff/impl/run.hpp"
#include "autodiff/impl/tape.hpp"
