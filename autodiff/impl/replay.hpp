// Running instructions: forward, reverse, tangent.
#pragma once

#include "autodiff/impl/table.hpp"
#include "autodiff/plan.hpp"

#include <algorithm>

namespace costate::autodiff::detail {

template <class T>
Replay<T>::Replay(const Plan<T>& p, const Store<T>& s, Base<T>* memory, std::size_t samples)
    : plan(p), store(s), bases(memory), batch(samples) {
    std::fill_n(bases, plan.base_count(), Base<T>{});
    // Read only: no instruction writes there.
    base(constants) = {const_cast<T*>(plan.constants.data()), 1};
    base(parameters) = {const_cast<T*>(store.parameters.data()), 1};
}

template <class T>
Frame<T> Replay<T>::frame() const {
    Frame<T> f;
    f.bases = bases;
    f.nested = bases + plan.base_count();
    f.batch = batch;
    f.resources = {plan.coefficients.data(), plan.constant_packs.data(), store.packs.data(), store.programs.data(), plan.words.data()};
    return f;
}

template <class T>
void Replay<T>::copy(const std::vector<Copy>& copies) const {
    const Frame<T> f = frame();
    for (const Copy& c : copies) {
        T* to = f.at(c.to);
        if (!to) continue;
        const std::size_t count = c.size * (c.shared ? 1 : batch);
        if (const T* from = f.at(c.from)) std::copy_n(from, count, to);
        else std::fill_n(to, count, T(0));
    }
}

template <class T>
void Replay<T>::run(Mode mode) const {
    const Routine& routine = plan.routine(mode);
    copy(routine.before);
    Frame<T> f = frame();
    for (const Instruction& i : routine.code) {
        f.instruction = &i;
        f.operands = routine.operands.data() + i.first_operand;
        const Operation<T>& op = table<T>[i.op];
        if (mode == Mode::reverse) {
            op.vjp(f);
            continue;
        }
        op.forward(f);
        if (mode == Mode::tangent && i.y_other.base != nowhere) op.jvp(f);
    }
    copy(routine.after);
}

}  // namespace costate::autodiff::detail
