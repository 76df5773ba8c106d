// Freeze, first half: from the recorded graph to the graph that is worth running.
#pragma once

#include "autodiff/graph.hpp"
#include "autodiff/types.hpp"

#include <vector>

namespace costate::autodiff::detail {

/// By parameter: becomes a constant. Throws std::invalid_argument when a name is unknown.
std::vector<bool> frozen_parameters(const Topology& graph, const FreezeOptions& options);

/// By node: an output or a comparison of what is not constant depends on it.
std::vector<bool> live(const Topology& graph);

/// An op whose operands are constants, and whose value is therefore one.
bool foldable(const Topology& graph, const Node& node);

/// (x Wᵀ) + b, and act(z) of an op that fuses, become one node where nobody else reads what lies between.
void fuse(Topology& graph, const std::vector<bool>& alive);

/// Only live nodes remain, renumbered in order.
void compact(Topology& graph, const std::vector<bool>& alive);

struct Activity {
    std::vector<bool> active;          // by node: depends on an input or parameter whose gradient is wanted
    std::vector<bool> wanted;          // by node: active, and an output depends on it: has an adjoint
    std::vector<bool> differentiates;  // by input
};
/// Throws std::invalid_argument when a frozen input's name is unknown.
Activity activity(const Topology& graph, const FreezeOptions& options);

}  // namespace costate::autodiff::detail
