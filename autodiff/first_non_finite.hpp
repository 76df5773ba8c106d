// Which op of a program makes the first value that is not finite.
#pragma once

#include "autodiff/graph.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/program.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace costate::autodiff {

/// An instruction of a forward replay, counted from 1, of so many, the sample it fails for and the element of its result.
struct NonFiniteOp {
    std::string_view op;
    std::size_t instruction = 0, count = 0, sample = 0, element = 0;
};

/// Runs a forward instruction by instruction; nothing where all results are finite. For diagnosis: allocates, copies the plan.
/// Throws BranchChanged as a replay does.
template <class T>
std::optional<NonFiniteOp> first_non_finite(const Program<T>& program, Inputs<T> inputs, std::size_t batch) {
    detail::Plan<T> plan = *program.plan();
    detail::Routine& routine = plan.routines[static_cast<std::size_t>(detail::Mode::inference)];
    const std::vector<detail::Instruction> code = routine.code;
    routine.after.clear();
    std::vector<T> lanes(routine.work.lanes * batch), shared(routine.work.shared);
    std::vector<detail::Base<T>> bases(plan.base_count() + plan.nested_bases);
    std::vector<std::vector<T>> outputs;
    detail::Replay<T> replay(plan, program.store(), bases.data(), batch);
    replay.base(detail::work_lanes) = {lanes.data(), batch};
    replay.base(detail::work_shared) = {shared.data(), 1};
    for (std::size_t i = 0; i < inputs.size(); ++i) replay.base(plan.input(0) + i) = {const_cast<T*>(inputs[i].data()), 1};  // read only
    outputs.reserve(plan.outputs.size());
    for (std::size_t i = 0; i < plan.outputs.size(); ++i) {
        outputs.emplace_back(plan.outputs[i].size * batch);
        replay.base(plan.output(0) + i) = {outputs.back().data(), 1};
    }
    detail::Frame<T> frame;
    frame.bases = replay.bases;
    frame.batch = batch;
    for (std::size_t n = 0; n < code.size(); ++n) {
        routine.code.assign(1, code[n]);
        replay.run(detail::Mode::inference);
        routine.before.clear();
        frame.instruction = &code[n];
        const T* y = frame.y();
        for (std::size_t i = 0; y && i < frame.count(); ++i)
            if (!(y[i] - y[i] == T(0))) return NonFiniteOp{detail::facts(code[n].op).name, n + 1, code.size(), i / frame.size(), i % frame.size()};
    }
    return std::nullopt;
}

}  // namespace costate::autodiff
