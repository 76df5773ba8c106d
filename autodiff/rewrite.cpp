#include "autodiff/rewrite.hpp"

#include "autodiff/ops/list.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace costate::autodiff::detail {

namespace {

template <class Op>
bool is(const Node& node) {
    return node.kind == Kind::operation && node.op == ops::index_of<Op>;
}

/// By leaf: its name is one of `names`.
std::vector<bool> named(const std::vector<Leaf>& leaves, const std::vector<std::string>& names, const std::string& what) {
    std::vector<bool> found(leaves.size());
    for (const std::string& name : names) {
        const auto leaf = std::find_if(leaves.begin(), leaves.end(), [&](const Leaf& l) { return l.name == name; });
        if (leaf == leaves.end())
            throw std::invalid_argument("freeze: there is no " + what + " '" + name + "' to freeze; name one of the tape's");
        found[static_cast<std::size_t>(leaf - leaves.begin())] = true;
    }
    return found;
}

bool constant_arguments(const Topology& graph, const Node& node) {
    const auto arguments = graph.arguments_of(node);
    return std::all_of(arguments.begin(), arguments.end(), [&](NodeId a) { return graph.nodes[a].kind == Kind::constant; });
}

/// node = z + bias becomes x Wᵀ + bias, where shapes allow.
void add_bias(Topology& graph, Node& node, NodeId z, NodeId bias) {
    const Node& linear = graph.nodes[z];
    const Node& b = graph.nodes[bias];
    if (linear.argument_count != 2 || b.sharing != Sharing::shared || b.size != linear.size || node.size != linear.size) return;
    const std::array<NodeId, 3> arguments{graph.arguments_of(linear)[0], graph.arguments_of(linear)[1], bias};
    node.op = linear.op;
    node.number = linear.number;
    node.extra = linear.extra;
    node.first_argument = static_cast<std::uint32_t>(graph.arguments.size());
    node.argument_count = 3;
    graph.arguments.insert(graph.arguments.end(), arguments.begin(), arguments.end());
}

}  // namespace

std::vector<bool> frozen_parameters(const Topology& graph, const FreezeOptions& options) {
    auto frozen = named(graph.parameters, options.frozen_parameters, "parameter");
    if (options.freeze_all_parameters) frozen.assign(frozen.size(), true);
    return frozen;
}

std::vector<bool> live(const Topology& graph) {
    std::vector<bool> alive(graph.nodes.size());
    for (const NodeId id : graph.outputs) alive[id] = true;
    for (std::size_t id = graph.nodes.size(); id-- > 0;) {
        if (is<ops::Guard>(graph.nodes[id])) alive[id] = !constant_arguments(graph, graph.nodes[id]);
        if (!alive[id]) continue;
        for (const NodeId a : graph.arguments_of(static_cast<NodeId>(id))) alive[a] = true;
    }
    return alive;
}

bool foldable(const Topology& graph, const Node& node) {
    return node.kind == Kind::operation && node.sharing == Sharing::shared && !is<ops::Guard>(node) &&
           constant_arguments(graph, node);
}

void fuse(Topology& graph, const std::vector<bool>& alive) {
    std::vector<std::uint32_t> uses(graph.nodes.size());
    for (const NodeId id : graph.outputs) ++uses[id];
    for (NodeId id = 0; id < graph.nodes.size(); ++id) {
        if (!alive[id]) continue;
        for (const NodeId a : graph.arguments_of(id)) ++uses[a];
    }
    const auto open = [&](NodeId z) {
        const Node& node = graph.nodes[z];
        return node.kind == Kind::operation && facts(node.op).fuses && node.extra == 0 && uses[z] == 1;
    };
    const auto open_linear = [&](NodeId z) { return open(z) && is<ops::Linear>(graph.nodes[z]); };
    for (NodeId id = 0; id < graph.nodes.size(); ++id) {
        Node& node = graph.nodes[id];
        if (!alive[id] || node.kind != Kind::operation) continue;
        const auto arguments = graph.arguments_of(node);
        const int function = facts(node.op).function;
        if (is<ops::Add>(node)) {
            if (open_linear(arguments[0])) add_bias(graph, node, arguments[0], arguments[1]);
            else if (open_linear(arguments[1])) add_bias(graph, node, arguments[1], arguments[0]);
        } else if (function >= 0 && open(arguments[0])) {
            node = graph.nodes[arguments[0]];
            node.extra = static_cast<std::uint32_t>(function);
        }
    }
}

void compact(Topology& graph, const std::vector<bool>& alive) {
    std::vector<NodeId> renamed(graph.nodes.size());
    std::vector<Node> nodes;
    std::vector<NodeId> arguments;
    for (NodeId id = 0; id < graph.nodes.size(); ++id) {
        if (!alive[id]) continue;
        Node node = graph.nodes[id];
        const auto old = graph.arguments_of(node);
        node.first_argument = static_cast<std::uint32_t>(arguments.size());
        for (const NodeId a : old) arguments.push_back(renamed[a]);
        renamed[id] = static_cast<NodeId>(nodes.size());
        nodes.push_back(node);
    }
    for (NodeId& id : graph.outputs) id = renamed[id];
    graph.nodes = std::move(nodes);
    graph.arguments = std::move(arguments);
}

Activity activity(const Topology& graph, const FreezeOptions& options) {
    Activity a{std::vector<bool>(graph.nodes.size()), std::vector<bool>(graph.nodes.size()),
               named(graph.inputs, options.frozen_inputs, "input")};
    a.differentiates.flip();
    for (NodeId id = 0; id < graph.nodes.size(); ++id) {
        const Node& node = graph.nodes[id];
        if (node.kind == Kind::input) a.active[id] = a.differentiates[node.number];
        if (node.kind == Kind::parameter) a.active[id] = true;
        if (is<ops::Guard>(node)) continue;
        for (const NodeId argument : graph.arguments_of(node)) a.active[id] = a.active[id] || a.active[argument];
    }
    for (const NodeId id : graph.outputs) a.wanted[id] = a.active[id];
    for (std::size_t id = graph.nodes.size(); id-- > 0;) {
        if (!a.wanted[id]) continue;
        for (const NodeId argument : graph.arguments_of(static_cast<NodeId>(id))) a.wanted[argument] = a.active[argument];
    }
    return a;
}

}  // namespace costate::autodiff::detail
