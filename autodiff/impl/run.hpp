// Program: forward, pullback, pushforward at the caller's arrays.
#pragma once

#include "autodiff/impl/program.hpp"

namespace costate::autodiff {

namespace detail {

template <class V>
void grow(V& values, std::size_t size) {
    if (values.size() < size) values.resize(size);
}

/// Arrays of the ports from `first` on; an empty or missing one has no pointer.
template <class T, class Spans>
void bind(Replay<T>& replay, std::size_t first, const Spans& spans) {
    for (std::size_t i = 0; i < spans.size(); ++i) {
        if (!spans[i].empty()) replay.base(first + i) = {const_cast<T*>(spans[i].data()), 1};
    }
}

/// The arrays of a straight line, one after the other; what is missing is `nowhere`, where it may be written.
template <class T, class Spans>
void append(std::vector<T*>& arrays, const Spans& spans, std::size_t count, T* nowhere = nullptr) {
    for (std::size_t i = 0; i < count; ++i)
        arrays.push_back(i < spans.size() && !spans[i].empty() ? const_cast<T*>(spans[i].data()) : nowhere);
}

}  // namespace detail

template <class T>
detail::Replay<T> Program<T>::replay(const detail::Extent& work, std::size_t batch, Workspace<T>& workspace) const {
    detail::grow(workspace.lanes_, work.lanes * batch);
    detail::grow(workspace.shared_, work.shared);
    detail::grow(workspace.bases_, plan_->base_count() + plan_->nested_bases);
    detail::Replay<T> r(*plan_, *store_, workspace.bases_.data(), batch);
    r.base(detail::work_lanes) = {workspace.lanes_.data(), batch};
    r.base(detail::work_shared) = {workspace.shared_.data(), 1};
    return r;
}

template <class T>
void Program<T>::forward(Inputs<T> inputs, Outputs<T> outputs, std::size_t batch, Workspace<T>& workspace) const {
    detail::check_batch("forward", batch);
    detail::check_ports("forward", "input", inputs, plan_->inputs, batch, false);
    detail::check_ports("forward", "output", outputs, plan_->outputs, batch, false);
    if constexpr (kernels::simd::Vectorised<T>)
        if (plan_->lines && forward_line(plan_->lines->value, inputs, outputs, batch, nullptr, workspace)) return;
    auto r = replay(plan_->routine(detail::Mode::inference).work, batch, workspace);
    detail::bind(r, plan_->input(0), inputs);
    detail::bind(r, plan_->output(0), outputs);
    r.run(detail::Mode::inference);
}

template <class T>
void Program<T>::forward(Inputs<T> inputs, Outputs<T> outputs, std::size_t batch, Record<T>& record,
                         Workspace<T>& workspace) const {
    detail::check_batch("forward", batch);
    detail::check_ports("forward", "input", inputs, plan_->inputs, batch, false);
    detail::check_ports("forward", "output", outputs, plan_->outputs, batch, false);
    record.batch_ = 0;
    if constexpr (kernels::simd::Vectorised<T>) {
        if (plan_->lines) {
            detail::grow(record.lanes_, plan_->lines->kept * batch);
            if (!forward_line(plan_->lines->first, inputs, outputs, batch, record.lanes_.data(), workspace))
                return forward(inputs, outputs, batch, workspace);  // throws BranchChanged
            return sign(record, batch);
        }
    }
    auto r = replay(plan_->routine(detail::Mode::recording).work, batch, workspace);
    detail::grow(record.lanes_, plan_->record.lanes * batch);
    detail::grow(record.shared_, plan_->record.shared);
    r.base(detail::record_lanes) = {record.lanes_.data(), batch};
    r.base(detail::record_shared) = {record.shared_.data(), 1};
    detail::bind(r, plan_->input(0), inputs);
    detail::bind(r, plan_->output(0), outputs);
    r.run(detail::Mode::recording);
    sign(record, batch);
}

template <class T>
bool Program<T>::made(const Record<T>& record) const {
    return !record.made_by_.owner_before(store_) && !store_.owner_before(record.made_by_) && record.version_ == store_->version;
}

template <class T>
void Program<T>::sign(Record<T>& record, std::size_t batch) const {
    if (!made(record)) {  // else the same again: counting owners would cost more than asking
        record.made_by_ = store_;
        record.version_ = store_->version;
    }
    record.batch_ = batch;
}

template <class T>
bool Program<T>::forward_line(const kernels::StraightLine<T>& line, Inputs<T> inputs, Outputs<T> outputs, std::size_t batch, T* kept,
                              Workspace<T>& workspace) const
    requires kernels::simd::Vectorised<T>
{
    detail::grow(workspace.lanes_, line.scratch(batch));
    workspace.arrays_.clear();
    detail::append(workspace.arrays_, inputs, inputs.size());
    detail::append(workspace.arrays_, outputs, outputs.size());
    workspace.arrays_.push_back(store_->parameters.data());
    return line.run(workspace.arrays_.data(), kept, batch, workspace.lanes_);
}

template <class T>
void Program<T>::pullback_line(const Record<T>& record, Inputs<T> out_bar, Outputs<T> in_bar, std::span<T> theta_bar,
                               Workspace<T>& workspace) const
    requires kernels::simd::Vectorised<T>
{
    const auto& line = plan_->lines->second[theta_bar.empty() ? 1 : 0];
    std::size_t largest = 0;
    for (const Port& port : plan_->inputs) largest = std::max(largest, port.size);
    const std::size_t scratch = line.scratch(record.batch_);
    detail::grow(workspace.lanes_, scratch + largest * record.batch_);
    auto& arrays = workspace.arrays_;
    arrays.assign(plan_->inputs.size() + plan_->outputs.size(), nullptr);
    arrays.push_back(store_->parameters.data());
    detail::append(arrays, out_bar, out_bar.size());
    detail::append(arrays, in_bar, plan_->inputs.size(), workspace.lanes_.data() + scratch);
    arrays.push_back(theta_bar.data());
    // Read only in reverse; there are no guards.
    static_cast<void>(line.run(arrays.data(), const_cast<T*>(record.lanes_.data()), record.batch_, workspace.lanes_));
}

template <class T>
void Program<T>::pullback(const Record<T>& record, Inputs<T> out_bar, Outputs<T> in_bar, std::span<T> theta_bar,
                          Workspace<T>& workspace) const {
    if (record.batch_ == 0 || !made(record)) {
        throw std::invalid_argument(
            "Program::pullback: the record is not from a forward of this program with its present parameters; run forward first");
    }
    const std::size_t batch = record.batch_;
    detail::check_ports("pullback", "output adjoint", out_bar, plan_->outputs, batch, false);
    if (!in_bar.empty()) detail::check_ports("pullback", "input adjoint", in_bar, plan_->inputs, batch, true);
    detail::check_frozen("pullback", in_bar, plan_->inputs, plan_->differentiates);
    if (!theta_bar.empty()) detail::check_count("pullback", "theta_bar", theta_bar.size(), parameter_count());
    if constexpr (kernels::simd::Vectorised<T>)
        if (plan_->lines) return pullback_line(record, out_bar, in_bar, theta_bar, workspace);
    auto r = replay(plan_->routine(detail::Mode::reverse).work, batch, workspace);
    // Read only in reverse.
    r.base(detail::record_lanes) = {const_cast<T*>(record.lanes_.data()), batch};
    r.base(detail::record_shared) = {const_cast<T*>(record.shared_.data()), 1};
    detail::bind(r, plan_->output_other(0), out_bar);
    detail::bind(r, plan_->input_other(0), in_bar);
    if (!theta_bar.empty()) r.base(detail::theta) = {theta_bar.data(), 1};
    r.run(detail::Mode::reverse);
}

template <class T>
void Program<T>::pushforward(Inputs<T> inputs, Inputs<T> in_dot, std::span<const T> theta_dot, Outputs<T> outputs,
                             Outputs<T> out_dot, std::size_t batch, Workspace<T>& workspace) const {
    detail::check_batch("pushforward", batch);
    detail::check_ports("pushforward", "input", inputs, plan_->inputs, batch, false);
    detail::check_ports("pushforward", "output", outputs, plan_->outputs, batch, false);
    detail::check_ports("pushforward", "output tangent", out_dot, plan_->outputs, batch, false);
    if (!in_dot.empty()) detail::check_ports("pushforward", "input tangent", in_dot, plan_->inputs, batch, true);
    detail::check_frozen("pushforward", in_dot, plan_->inputs, plan_->differentiates);
    if (!theta_dot.empty()) detail::check_count("pushforward", "theta_dot", theta_dot.size(), parameter_count());
    auto r = replay(plan_->routine(detail::Mode::tangent).work, batch, workspace);
    detail::bind(r, plan_->input(0), inputs);
    detail::bind(r, plan_->output(0), outputs);
    detail::bind(r, plan_->input_other(0), in_dot);
    detail::bind(r, plan_->output_other(0), out_dot);
    if (!theta_dot.empty()) r.base(detail::theta) = {const_cast<T*>(theta_dot.data()), 1};
    r.run(detail::Mode::tangent);
}

}  // namespace costate::autodiff
