#include "autodiff/blueprint.hpp"

#include "autodiff/ops/list.hpp"

namespace costate::autodiff::detail {

namespace {

template <class Op>
constexpr int function_of() {
    if constexpr (requires { Op::function; }) return static_cast<int>(Op::function);
    else return -1;
}

template <class... Ops>
constexpr std::array<Facts, sizeof...(Ops)> make_facts(ops::TypeList<Ops...>) {
    return {Facts{Ops::name, Ops::smooth, Ops::traces, function_of<Ops>(), Ops::fuses, &Ops::coefficients, &Ops::reads, &Ops::reads_result, &Ops::space, &Ops::flops}...};
}

constexpr auto all_facts = make_facts(ops::List{});

}  // namespace

const Facts& facts(std::uint16_t op) { return all_facts[op]; }

void describe(const Topology& graph, const Called& called, Blueprint& plan) {
    plan.words = graph.words;
    for (const Leaf& leaf : graph.inputs) plan.inputs.push_back({leaf.name, leaf.size, leaf.sharing});
    for (const Leaf& leaf : graph.parameters) plan.parameters.push_back({leaf.name, leaf.size, leaf.sharing});
    for (std::size_t k = 0; k < graph.outputs.size(); ++k)
        plan.outputs.push_back({graph.output_names[k], graph.nodes[graph.outputs[k]].size, Sharing::per_sample});
    for (const Node& node : graph.nodes) {
        if (node.kind != Kind::operation) continue;
        plan.flops += facts(node.op).flops(node, graph, called);
        plan.smooth = plan.smooth && facts(node.op).smooth;
        if (node.op == ops::index_of<ops::Guard>) ++plan.guards;
        if (facts(node.op).fuses) plan.smooth = plan.smooth && ops::activation(node.extra) != kernels::Function::relu;
        if (node.op != ops::index_of<ops::Call>) continue;
        const Blueprint& inner = *called[node.number];
        plan.smooth = plan.smooth && inner.smooth;
        plan.guards += inner.guards;
        plan.nested_bases = std::max(plan.nested_bases, inner.base_count() + inner.nested_bases);
    }
}

}  // namespace costate::autodiff::detail
