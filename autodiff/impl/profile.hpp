// Program: the time of each op, instruction by instruction.
#pragma once

#include "autodiff/impl/program.hpp"
#include "autodiff/impl/run.hpp"
#include "autodiff/impl/table.hpp"

#include <algorithm>
#include <chrono>

namespace costate::autodiff {

namespace detail {

constexpr std::size_t profile_runs = 7;  // of everything; the shortest counts

/// Seconds of one call, the shortest of some, the clock's own time taken off.
template <class F>
double shortest_seconds(F&& call) {
    using Clock = std::chrono::steady_clock;
    double shortest = 1e9, clock = 1e9;
    for (std::size_t i = 0; i < profile_runs; ++i) {
        const auto before = Clock::now(), begin = Clock::now();
        call();
        const auto end = Clock::now();
        shortest = std::min(shortest, std::chrono::duration<double>(end - begin).count());
        clock = std::min(clock, std::chrono::duration<double>(begin - before).count());
    }
    return std::max(0.0, shortest - clock);
}

/// Adds the time of each instruction of a routine that has run once, by the names of the ops, to forward or pullback.
template <class T>
void time_instructions(const Replay<T>& replay, Mode mode, std::vector<OpSeconds>& ops) {
    const Routine& routine = replay.plan.routine(mode);
    Frame<T> f;
    f.bases = replay.bases;
    f.nested = replay.bases + replay.plan.base_count();
    f.batch = replay.batch;
    f.resources = {replay.plan.coefficients.data(), replay.plan.constant_packs.data(), replay.store.packs.data(), replay.store.programs.data(),
                   replay.plan.words.data()};
    for (const Instruction& i : routine.code) {
        f.instruction = &i;
        f.operands = routine.operands.data() + i.first_operand;
        const Operation<T>& op = table<T>[i.op];
        const double seconds = shortest_seconds([&] { mode == Mode::reverse ? op.vjp(f) : op.forward(f); });
        const std::string_view name = facts(i.op).name;
        auto at = std::find_if(ops.begin(), ops.end(), [&](const OpSeconds& known) { return known.name == name; });
        if (at == ops.end()) at = ops.insert(ops.end(), {name, 0, 0, 0});
        (mode == Mode::reverse ? at->pullback : at->forward) += seconds;
        at->count += mode == Mode::reverse ? 0 : 1;
    }
}

/// One array a port, filled with one value; those that are not wanted are empty.
template <class T>
struct PortArrays {
    std::vector<std::vector<T>> values;
    std::vector<std::span<T>> spans;

    template <class Wanted>
    PortArrays(const std::vector<Port>& ports, std::size_t batch, Wanted&& wanted) {
        for (std::size_t i = 0; i < ports.size(); ++i)
            values.emplace_back(wanted(i) ? ports[i].size * (ports[i].sharing == Sharing::shared ? 1 : batch) : 0, T(0));
        for (auto& array : values) spans.emplace_back(array);
    }
};

}  // namespace detail

template <class T>
std::vector<OpSeconds> Program<T>::profile(Inputs<T> inputs, Inputs<T> out_bar, std::size_t batch, bool want_theta) const {
    Workspace<T> workspace;
    Record<T> record;
    detail::PortArrays<T> out(plan_->outputs, batch, [](std::size_t) { return true; });
    detail::PortArrays<T> in_bar(plan_->inputs, batch, [&](std::size_t i) { return differentiates(i); });
    std::vector<T> theta_bar(want_theta ? parameter_count() : 0, T(0));
    const auto forward_all = [&] { forward(inputs, out.spans, batch, record, workspace); };
    const auto pull_all = [&] { pullback(record, out_bar, in_bar.spans, theta_bar, workspace); };
    forward_all();
    pull_all();
    if (plan_->lines) return {{"scalar code", plan_->routine(detail::Mode::recording).code.size(), detail::shortest_seconds(forward_all), detail::shortest_seconds(pull_all)}};
    std::vector<OpSeconds> ops;
    for (const detail::Mode mode : {detail::Mode::recording, detail::Mode::reverse}) {
        auto r = replay(plan_->routine(mode).work, batch, workspace);
        r.base(detail::record_lanes) = {record.lanes_.data(), batch};
        r.base(detail::record_shared) = {record.shared_.data(), 1};
        detail::bind(r, plan_->input(0), inputs);
        detail::bind(r, plan_->output(0), out.spans);
        if (mode == detail::Mode::reverse) {
            detail::bind(r, plan_->output_other(0), out_bar);
            detail::bind(r, plan_->input_other(0), in_bar.spans);
            if (want_theta) r.base(detail::theta) = {theta_bar.data(), 1};
        }
        r.run(mode);
        detail::time_instructions(r, mode, ops);
    }
    return ops;
}

}  // namespace costate::autodiff
