// A small graph about one op of the tape: what it is recorded from, and how.
#pragma once

#include "autodiff/var.hpp"

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

namespace costate::claims::classical {

enum class Role { sample, shared, parameter };

struct Operand {
    std::size_t size;
    Role role = Role::sample;
};

template <class T>
using Record = std::function<autodiff::Var<T>(const std::vector<autodiff::Var<T>>&)>;

/// Records one output from its operands; `op` is the op that it is about, `positive` asks for positive operands.
template <class T>
struct OpGraph {
    std::string_view op;
    std::vector<Operand> operands;
    Record<T> record;
    bool positive = false;
};

}  // namespace costate::claims::classical
