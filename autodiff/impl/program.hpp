// Program: what it says about itself, and its parameters.
#pragma once

#include "autodiff/boundary.hpp"
#include "autodiff/impl/freeze.hpp"
#include "autodiff/program.hpp"

#include <utility>

namespace costate::autodiff {

template <class T>
Program<T>::Program(Tape<T>& tape, const FreezeOptions& options) {
    auto plan = std::make_shared<detail::Plan<T>>();
    auto store = std::make_shared<detail::Store<T>>();
    detail::freeze(tape, options, *plan, *store);
    plan_ = std::move(plan);
    store_ = std::move(store);
}

template <class T>
const std::vector<Port>& Program<T>::inputs() const {
    return plan_->inputs;
}
template <class T>
const std::vector<Port>& Program<T>::outputs() const {
    return plan_->outputs;
}
template <class T>
const std::vector<Port>& Program<T>::parameter_ports() const {
    return plan_->parameters;
}
template <class T>
std::span<const T> Program<T>::parameters() const {
    return store_->parameters;
}
template <class T>
bool Program<T>::smooth() const {
    return plan_->smooth;
}
template <class T>
bool Program<T>::differentiates(std::size_t input) const {
    return plan_->differentiates.at(input);
}

template <class T>
void Program<T>::set_parameters(std::span<const T> values) {
    detail::check_count("set_parameters", "theta", values.size(), parameter_count());
    if (store_.use_count() != 1) store_ = std::make_shared<detail::Store<T>>(*store_);
    detail::Store<T>& store = *store_;
    std::copy(values.begin(), values.end(), store.parameters.begin());
    for (std::size_t i = 0; i < store.packs.size(); ++i) {
        const detail::PackSource& source = plan_->parameter_packs[i];
        store.packs[i].assign(values.subspan(source.offset, source.count));
    }
    for (const detail::CalledParameters& called : plan_->called) {
        auto own = std::make_shared<Program<T>>(*store.programs[called.program]);
        own->set_parameters(values.subspan(called.offset, called.count));
        store.programs[called.program] = std::move(own);
    }
    ++store.version;
}

template <class T>
ProgramSummary Program<T>::summary() const {
    ProgramSummary s;
    for (const auto& i : plan_->routine(detail::Mode::recording).code) s.forward.push_back(detail::facts(i.op).name);
    for (const auto& i : plan_->routine(detail::Mode::reverse).code) s.pullback.push_back(detail::facts(i.op).name);
    detail::Extent work;
    for (const detail::Routine& routine : plan_->routines) work = work.hull(routine.work);
    s.flops = plan_->flops;
    s.record_bytes = plan_->record.lanes * sizeof(T);
    s.record_bytes_shared = plan_->record.shared * sizeof(T);
    s.workspace_bytes = work.lanes * sizeof(T);
    s.workspace_bytes_shared = work.shared * sizeof(T);
    s.guards = plan_->guards;
    return s;
}

}  // namespace costate::autodiff
