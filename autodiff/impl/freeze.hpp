// Freeze: the part that handles values. Frozen parameters and ops of constants become constants, weights are packed.
#pragma once

#include "autodiff/impl/replay.hpp"
#include "autodiff/lines.hpp"
#include "autodiff/rewrite.hpp"
#include "autodiff/tape.hpp"

#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

namespace costate::autodiff::detail {

template <class T>
std::uint64_t keep(Graph<T>& graph, const std::vector<T>& values) {
    graph.coefficients.insert(graph.coefficients.end(), values.begin(), values.end());
    return graph.coefficients.size() - values.size();
}

template <class T>
void freeze_parameters(Graph<T>& graph, const std::vector<bool>& frozen) {
    std::vector<Leaf> kept;
    std::vector<T> theta;
    for (std::size_t i = 0; i < frozen.size(); ++i) {
        Leaf leaf = graph.parameters[i];
        Node& node = graph.nodes[leaf.node];
        const auto begin = graph.parameter_values.begin() + static_cast<std::ptrdiff_t>(leaf.offset);
        const std::vector<T> values(begin, begin + static_cast<std::ptrdiff_t>(leaf.size));
        if (frozen[i]) {
            node.kind = Kind::constant;
            node.number = keep(graph, values);
        } else {
            node.number = kept.size();
            leaf.offset = theta.size();
            theta.insert(theta.end(), values.begin(), values.end());
            kept.push_back(leaf);
        }
    }
    graph.parameters = std::move(kept);
    graph.parameter_values = std::move(theta);
}

/// An op of constants is a constant.
template <class T>
void fold(Tape<T>& tape, Graph<T>& graph, const std::vector<bool>& alive) {
    for (NodeId id = 0; id < graph.nodes.size(); ++id) {
        Node& node = graph.nodes[id];
        if (!alive[id] || !foldable(graph, node)) continue;
        node.number = keep(graph, tape.values(id));
        node.kind = Kind::constant;
        node.argument_count = 0;
    }
}

/// Whether layers and arrays are so small that one straight line beats kernels: then no weight is packed.
inline bool is_small(const Topology& graph) {
    constexpr std::size_t most_weights = 128, most_elements = 32, most_in_all = 1024;
    std::size_t all = 0, given = 0;
    for (const Node& node : graph.nodes) {
        if (node.kind == Kind::input) given += node.size;
        if (node.kind != Kind::operation) continue;
        const bool layer = node.op == ops::index_of<ops::Linear>;
        const std::size_t weights = layer ? graph.nodes[graph.arguments_of(node)[1]].size : 0;
        all += node.size + weights;
        if (!facts(node.op).traces) return false;
        if (node.op == ops::index_of<ops::Call> || node.op == ops::index_of<ops::Conv2d> || node.size > most_elements || weights > most_weights) return false;
    }
    return all <= most_in_all && !mostly_moves(given, all);
}

/// Packs the weights that are leaves, and says where leaves lie.
template <class T>
class Leaves {
public:
    Leaves(Graph<T>& graph, const std::vector<bool>& wanted, std::size_t row_threads, Plan<T>& plan, Store<T>& store)
        : graph_(graph), wanted_(wanted), row_threads_(row_threads), plan_(plan), store_(store) {
        homes.resize(graph.nodes.size());
        plan.small = kernels::simd::Vectorised<T> && is_small(graph);
        for (Node& node : graph.nodes) {
            if (node.kind != Kind::operation) continue;
            if (!plan.small && node.op == ops::index_of<ops::Linear>) pack_matrix(node);
            if (convolves(node)) pack_convolution(node);
        }
        for (NodeId id = 0; id < graph.nodes.size(); ++id) place(id);
        for (const Node& node : graph.nodes) {
            if (node.kind != Kind::operation) continue;
            for (const NodeId a : graph.arguments_of(node)) {
                const bool packed = (node.op == ops::index_of<ops::Linear> || convolves(node)) && node.number != 0 && a == graph.arguments_of(node)[1];
                if (graph.nodes[a].kind == Kind::constant && !packed) place_constant(a);
            }
        }
    }

    std::vector<Ref> homes;

private:
    /// The pack of a weight that is a leaf: where it stands, and whether it is new. `use` tells apart the uses of one weight.
    struct Place {
        Packs<T>* packs;
        std::span<const T> values;
        bool fresh;
    };
    std::optional<Place> find(Node& node, std::vector<std::size_t> use) {
        const NodeId w = graph_.arguments_of(node)[1];
        const Node& weight = graph_.nodes[w];
        if (weight.kind != Kind::constant && weight.kind != Kind::parameter) return std::nullopt;
        const bool parameter = weight.kind == Kind::parameter;
        const std::size_t offset = parameter ? graph_.parameters[weight.number].offset : 0;
        const T* values = parameter ? store_.parameters.data() + offset : graph_.coefficients.data() + weight.number;
        auto& packs = parameter ? store_.packs : plan_.constant_packs;
        const auto [known, fresh] = packed_.try_emplace({w, std::move(use)}, packs.size());
        if (fresh) packs.emplace_back();
        if (fresh && parameter) plan_.parameter_packs.push_back({offset, weight.size});
        node.number = ops::encode_pack(known->second, parameter);
        return Place{&packs[known->second], {values, weight.size}, fresh};
    }

    void pack_matrix(Node& node) {
        const NodeId x = graph_.arguments_of(node)[0];
        const std::size_t rows = node.size, cols = graph_.nodes[x].size;
        const auto place = find(node, {cols});
        if (!place) return;
        if (place->fresh) {
            place->packs->forward = kernels::PackedMatrix<T>(place->values, rows, cols);
            place->packs->forward.share(row_threads_);
        }
        if (!wanted_[x] || place->packs->transposed.outputs() != 0) return;
        place->packs->transposed = kernels::PackedMatrix<T>::transposed(place->values, rows, cols);
        place->packs->transposed.share(row_threads_);
    }

    static bool convolves(const Node& node) { return node.op == ops::index_of<ops::Conv2d> || node.op == ops::index_of<ops::ConvTranspose2d>; }

    /// The channels of x whose adjoint is wanted, where x is a concatenation with parts that nobody asks for.
    typename kernels::PackedConvolution<T>::Channels wanted_channels(NodeId x, const kernels::ConvolutionShape& shape) const {
        const Node& node = graph_.nodes[x];
        if (node.kind != Kind::operation || node.op != ops::index_of<ops::Concat> || shape.groups != 1) return {};
        const std::size_t plane = shape.in_plane();
        std::size_t first = node.size, end = 0, place = 0;
        for (const NodeId a : graph_.arguments_of(node)) {
            if (wanted_[a]) first = std::min(first, place), end = place + graph_.nodes[a].size;
            place += graph_.nodes[a].size;
        }
        if (end == 0) return {};
        return {first / plane, (end + plane - 1) / plane - first / plane};
    }

    /// W for the op's own direction, and for the other where x̄ is wanted (a transposed convolution always: W̄ reads its geometry).
    void pack_convolution(Node& node) {
        using Packed = kernels::PackedConvolution<T>;
        constexpr std::size_t words = sizeof(kernels::ConvolutionShape) / sizeof(std::uint32_t);
        const auto begin = graph_.words.begin() + node.words;
        const auto shape = from_words<kernels::ConvolutionShape>(&*begin);
        const bool transposed = node.op == ops::index_of<ops::ConvTranspose2d>;
        const NodeId x = graph_.arguments_of(node)[0];
        const auto channels = transposed ? typename Packed::Channels{} : wanted_channels(x, shape);
        std::vector<std::size_t> use(begin, begin + words);
        use.insert(use.end(), {channels.first, channels.count});
        const auto place = find(node, std::move(use));
        if (!place) return;
        if (place->fresh) place->packs->convolution = Packed(place->values, shape, Packed::Direction::forward);
        if ((transposed || wanted_[x]) && place->packs->transposed_convolution.empty())
            place->packs->transposed_convolution = Packed(place->values, shape, Packed::Direction::transposed, channels);
    }

    void place(NodeId id) {
        const Node& node = graph_.nodes[id];
        if (node.kind == Kind::input) homes[id] = {0, static_cast<std::uint16_t>(plan_.input(node.number))};
        if (node.kind == Kind::parameter) homes[id] = {graph_.parameters[node.number].offset, parameters};
    }

    void place_constant(NodeId id) {
        if (homes[id].base != nowhere) return;
        const Node& node = graph_.nodes[id];
        homes[id] = {plan_.constants.size(), constants};
        const T* values = graph_.coefficients.data() + node.number;
        plan_.constants.insert(plan_.constants.end(), values, values + node.size);
    }

    Graph<T>& graph_;
    const std::vector<bool>& wanted_;
    std::size_t row_threads_;
    Plan<T>& plan_;
    Store<T>& store_;
    std::map<std::pair<NodeId, std::vector<std::size_t>>, std::size_t> packed_;
};

/// Coefficients that the remaining ops read, and nothing else of the tape's.
template <class T>
void keep_coefficients(Graph<T>& graph, Plan<T>& plan) {
    for (Node& node : graph.nodes) {
        const std::size_t count = node.kind == Kind::operation ? facts(node.op).coefficients(node) : 0;
        if (count == 0) continue;
        const T* c = graph.coefficients.data() + node.number;
        node.number = plan.coefficients.size();
        plan.coefficients.insert(plan.coefficients.end(), c, c + count);
    }
}

template <class T>
void freeze(Tape<T>& tape, const FreezeOptions& options, Plan<T>& plan, Store<T>& store) {
    Graph<T> graph = tape.graph();
    if (graph.outputs.empty()) throw std::invalid_argument("freeze: the tape has no output; mark one with Tape::output");
    freeze_parameters(graph, frozen_parameters(graph, options));
    fold(tape, graph, live(graph));
    fuse(graph, live(graph));
    compact(graph, live(graph));
    const Activity activities = activity(graph, options);
    Called called;
    for (const auto& program : graph.programs) called.push_back(program->plan().get());
    describe(graph, called, plan);
    plan.differentiates = activities.differentiates;
    for (const Leaf& leaf : graph.parameters) {
        for (std::size_t i = 0; i < graph.programs.size(); ++i) {
            if (leaf.belongs_to == graph.programs[i]) plan.called.push_back({i, leaf.offset, leaf.size});
        }
    }
    store.parameters = graph.parameter_values;
    store.programs = graph.programs;
    const Leaves<T> leaves(graph, activities.wanted, options.row_threads, plan, store);
    keep_coefficients(graph, plan);
    lay_out(graph, called, activities.active, activities.wanted, leaves.homes, plan);
    if constexpr (kernels::simd::Vectorised<T>) plan.lines = make_lines(plan, store, options.machine_code);
}

}  // namespace costate::autodiff::detail
