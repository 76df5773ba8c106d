// What a tape holds and freeze reads: nodes in order of recording, each naming earlier nodes.
#pragma once

#include "autodiff/types.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace costate::autodiff {

template <class T>
class Program;

namespace detail {

/// Inputs that a tape may have, and outputs: their positions, and those of their adjoints, fit 16 bits.
inline constexpr std::size_t most_ports = 8000;

enum class Kind : std::uint8_t { input, parameter, constant, operation };

struct Node {
    Kind kind;
    Sharing sharing;
    std::uint16_t op;              // position in ops::List when kind is operation
    std::uint32_t size;            // values a sample
    std::uint32_t first_argument;  // into Graph::arguments
    std::uint32_t argument_count;
    std::uint64_t number;  // what the op needs to know; for leaves: position in inputs, parameters, or offset in coefficients
    std::uint32_t extra;   // the same, second word
    std::uint32_t words = 0;  // and where its integers begin in Topology::words: a geometry, indices
};

struct Leaf {
    std::string name;
    NodeId node;
    std::size_t size;
    Sharing sharing;
    std::size_t offset;  // parameters: in the flat vector; inputs: of the example in Graph::examples
    bool has_example;
    std::shared_ptr<const void> belongs_to;  // parameters of a called program: its identity
};

/// What a graph is whatever its scalar.
struct Topology {
    std::vector<Node> nodes;
    std::vector<NodeId> arguments;
    std::vector<Leaf> inputs, parameters;
    std::vector<Shape> shapes;  // by Node::extra of parameter and constant leaves
    std::vector<std::uint32_t> words;
    std::vector<NodeId> outputs;
    std::vector<std::string> output_names;
    std::size_t guard_count = 0;

    [[nodiscard]] std::span<const NodeId> arguments_of(const Node& node) const {
        return {arguments.data() + node.first_argument, node.argument_count};
    }
    [[nodiscard]] std::span<const NodeId> arguments_of(NodeId id) const { return arguments_of(nodes[id]); }
};

template <class T>
struct Graph : Topology {
    std::vector<T> coefficients;      // values of constants and coefficients of ops
    std::vector<T> parameter_values;  // flat, in order of creation
    std::vector<T> examples;
    std::vector<std::shared_ptr<const Program<T>>> programs;
};

}  // namespace detail
}  // namespace costate::autodiff
