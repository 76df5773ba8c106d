// Values at record time: the ops' own forward on one sample, for what somebody asked and nothing else.
#pragma once

#include "autodiff/impl/tape.hpp"

namespace costate::autodiff {

template <class T>
void Tape<T>::evaluate(NodeId id) {
    if (value_offsets_.size() < graph_.nodes.size()) {
        value_offsets_.resize(graph_.nodes.size());
        evaluated_.resize(graph_.nodes.size());
    }
    std::vector<NodeId> needed, open{id};
    std::vector<bool> seen(id + 1u);
    while (!open.empty()) {
        const NodeId i = open.back();
        open.pop_back();
        if (evaluated_[i] || seen[i]) continue;
        seen[i] = true;
        needed.push_back(i);
        for (const NodeId a : graph_.arguments_of(i)) open.push_back(a);
    }
    std::sort(needed.begin(), needed.end());  // order of recording: arguments first
    for (const NodeId i : needed) {
        value_offsets_[i] = values_.size();
        values_.resize(values_.size() + graph_.nodes[i].size);
        if (graph_.nodes[i].kind == detail::Kind::operation) evaluate_operation(i);
        else evaluate_leaf(i);
        evaluated_[i] = true;
    }
}

template <class T>
void Tape<T>::evaluate_leaf(NodeId id) {
    const detail::Node& node = graph_.nodes[id];
    const T* from = graph_.coefficients.data() + node.number;
    if (node.kind == detail::Kind::parameter) from = graph_.parameter_values.data() + graph_.parameters[node.number].offset;
    if (node.kind == detail::Kind::input) {
        const detail::Leaf& input = graph_.inputs[node.number];
        if (!input.has_example) {
            throw std::invalid_argument("a value was asked for at record time (by a comparison, say) that depends on input '" +
                                        input.name + "', which has no example; pass example values to Tape::input");
        }
        from = graph_.examples.data() + input.offset;
    }
    std::copy_n(from, node.size, values_.data() + value_offsets_[id]);
}

template <class T>
void Tape<T>::evaluate_operation(NodeId id) {
    using namespace detail;
    const Node& node = graph_.nodes[id];
    const auto place = [&](NodeId i) { return Ref{value_offsets_[i], work_shared}; };
    std::vector<Operand> operands;
    for (const NodeId a : graph_.arguments_of(node)) operands.push_back({place(a), {}, graph_.nodes[a].size, true, false});
    Called called;
    for (const auto& program : graph_.programs) called.push_back(program->plan().get());
    const Space space = facts(node.op).space(node, graph_, Mode::inference, called);
    Instruction instruction{};
    instruction.op = node.op;
    instruction.shared = true;
    instruction.size = node.size;
    instruction.operand_count = node.argument_count;
    instruction.extra = node.extra;
    instruction.number = node.number;
    instruction.words = node.words;
    instruction.y = place(id);
    instruction.scratch = {0, work_lanes};
    instruction.scratch_shared = {space.scratch, work_lanes};
    std::vector<T> scratch(space.scratch + space.scratch_shared + 1);
    std::vector<Base<T>> bases(first_port);
    bases[work_shared] = {values_.data(), 1};
    bases[work_lanes] = {scratch.data(), 1};
    std::vector<Base<T>> nested;
    if (node.op == ops::index_of<ops::Call>) {
        const Plan<T>& plan = *graph_.programs[node.number]->plan();
        nested.resize(plan.base_count() + plan.nested_bases);
    }
    Frame<T> f;
    f.instruction = &instruction;
    f.operands = operands.data();
    f.bases = bases.data();
    f.nested = nested.data();
    f.resources = {graph_.coefficients.data(), nullptr, nullptr, graph_.programs.data(), graph_.words.data()};
    table<T>[node.op].forward(f);
}

}  // namespace costate::autodiff
