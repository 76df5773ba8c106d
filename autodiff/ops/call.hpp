#pragma once

#include "autodiff/ops/op.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/program.hpp"

namespace costate::autodiff::ops {

/// (y₀, y₁, …) = program(x₀, x₁, …; θ): the program of position `number`, its outputs block after block (see Part).
/// Operands are the inputs, and last θ where the program has parameters: only its adjoint and tangent are used, its
/// values are the program's own. The inner record lies in the caller's.
struct Call : Op {
    static constexpr std::string_view name = "call";

    static Space space(const Node& node, const Topology&, Mode mode, const Called& called) {
        const detail::Blueprint& p = *called[node.number];
        const bool keeps = mode == Mode::recording || mode == Mode::reverse;
        detail::Extent work = p.routine(mode).work;
        if (mode != Mode::reverse)
            work = work.hull(p.routine(Mode::inference).work);  // what nobody differentiates runs without a record
        return {keeps ? p.record.lanes : 0, keeps ? p.record.shared : 0, work.lanes, work.shared};
    }
    static double flops(const Node& node, const Topology&, const Called& called) { return called[node.number]->flops; }

    /// The base pointers of the inner replay, ports not yet set.
    template <class T>
    static detail::Replay<T> inner(const Frame<T>& f) {
        const Program<T>& program = *f.resources.programs[f.number()];
        detail::Replay<T> replay(*program.plan(), program.store(), f.nested, f.rows());
        replay.base(detail::record_shared) = {f.saved_shared(), 1};
        replay.base(detail::record_lanes) = {f.saved(), f.rows()};
        replay.base(detail::work_shared) = {f.scratch_shared(), 1};
        replay.base(detail::work_lanes) = {f.scratch(), f.rows()};
        return replay;
    }
    /// A block of the ports `first` … gets the pointers; the outputs' blocks lie one after the other.
    template <class T>
    static void bind_outputs(detail::Replay<T>& replay, std::size_t first, T* block) {
        for (std::size_t k = 0; k < replay.plan.outputs.size(); ++k) {
            replay.base(first + k) = {block, 1};
            block += replay.batch * replay.plan.outputs[k].size;
        }
    }
    template <class T>
    static void bind_values(const Frame<T>& f, detail::Replay<T>& replay) {
        for (std::size_t i = 0; i < replay.plan.inputs.size(); ++i)
            replay.base(replay.plan.input(i)) = {const_cast<T*>(f.x(i)), 1};
        bind_outputs(replay, replay.plan.output(0), f.y());
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        auto replay = inner(f);
        bind_values(f, replay);
        const bool keeps = f.saved() || f.saved_shared();
        replay.run(keeps ? Mode::recording : Mode::inference);
    }
    /// x̄_i += (∂y/∂x_i)ᵀ ȳ,  θ̄ += (∂y/∂θ)ᵀ ȳ
    template <class T>
    static void vjp(const Frame<T>& f) {
        auto replay = inner(f);
        for (std::size_t i = 0; i < f.arity(); ++i) {
            T* bar = f.bar(i);
            if (bar && f.assign(i)) zero(bar, f.x_count(i));
            replay.base(i < replay.plan.inputs.size() ? replay.plan.input_other(i) : std::size_t{detail::theta}) = {bar, 1};
        }
        bind_outputs(replay, replay.plan.output_other(0), const_cast<T*>(f.y_bar()));
        replay.run(Mode::reverse);
    }
    /// ẏ = Σ_i ∂y/∂x_i ẋ_i + ∂y/∂θ θ̇; repeats the forward
    template <class T>
    static void jvp(const Frame<T>& f) {
        auto replay = inner(f);
        bind_values(f, replay);
        for (std::size_t i = 0; i < f.arity(); ++i)
            replay.base(i < replay.plan.inputs.size() ? replay.plan.input_other(i) : std::size_t{detail::theta}) = {
                const_cast<T*>(f.dot(i)), 1};
        bind_outputs(replay, replay.plan.output_other(0), f.y_dot());
        replay.run(Mode::tangent);
    }
};

}  // namespace costate::autodiff::ops
