// What a frozen program is whatever its scalar: four lists of instructions over blocks whose places are decided at freeze.
#pragma once

#include "autodiff/frame.hpp"
#include "autodiff/types.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace costate::autodiff::detail {

/// The four kinds of replay.
enum class Mode : std::uint8_t { inference, recording, reverse, tangent };

/// Values a sample and values once.
struct Extent {
    std::size_t lanes = 0, shared = 0;
    [[nodiscard]] Extent hull(Extent o) const { return {std::max(lanes, o.lanes), std::max(shared, o.shared)}; }
};

/// Values that an op keeps for its vjp (saved, written by forward) or needs while it runs (scratch): a sample, and once.
struct Space {
    std::size_t saved = 0, saved_shared = 0, scratch = 0, scratch_shared = 0;
};

/// to = from, or 0 where from is nowhere; nothing where `to` has no pointer.
struct Copy {
    Ref from, to;
    std::size_t size;
    bool shared;
};

/// What one kind of replay runs: copies, instructions, copies.
struct Routine {
    std::vector<Copy> before, after;
    std::vector<Instruction> code;
    std::vector<Operand> operands;
    Extent work;
};

/// Where a packed parameter lies in θ, to pack it anew.
struct PackSource {
    std::size_t offset, count;
};

/// A called program whose parameters are part of θ.
struct CalledParameters {
    std::size_t program, offset, count;
};

struct Blueprint {
    std::vector<Port> inputs, outputs, parameters;
    std::vector<bool> differentiates;  // by input
    std::vector<std::uint32_t> words;  // integers that ops carry
    std::vector<PackSource> parameter_packs;
    std::vector<CalledParameters> called;
    std::array<Routine, 4> routines;  // by Mode
    Extent record;
    std::size_t nested_bases = 0;  // pointers that the deepest chain of called programs needs
    std::size_t guards = 0;
    bool smooth = true;
    bool small = false;  // layers are plain rows of weights, fit for a straight line
    double flops = 0;

    [[nodiscard]] std::size_t input(std::size_t i) const { return first_port + i; }
    [[nodiscard]] std::size_t output(std::size_t k) const { return first_port + inputs.size() + k; }
    /// Adjoints in reverse, tangents in tangent replays.
    [[nodiscard]] std::size_t input_other(std::size_t i) const { return output(outputs.size()) + i; }
    [[nodiscard]] std::size_t output_other(std::size_t k) const { return input_other(inputs.size()) + k; }
    [[nodiscard]] std::size_t base_count() const { return output_other(outputs.size()); }
    [[nodiscard]] const Routine& routine(Mode mode) const { return routines[static_cast<std::size_t>(mode)]; }
    [[nodiscard]] Routine& routine(Mode mode) { return routines[static_cast<std::size_t>(mode)]; }
};

/// The called programs of a graph, by position.
using Called = std::vector<const Blueprint*>;

/// What an op says about itself, whatever the scalar; by position in the list.
struct Facts {
    std::string_view name;
    bool smooth, traces;
    /// The elementwise function that the op is (as kernels::Function), or -1.
    int function;
    bool fuses;  // freeze may make the activation that follows part of it: Node::extra
    std::size_t (*coefficients)(const Node&);
    bool (*reads)(const Node&, std::size_t, std::uint64_t);
    bool (*reads_result)(std::uint64_t);
    Space (*space)(const Node&, const Topology&, Mode, const Called&);
    double (*flops)(const Node&, const Topology&, const Called&);
};
const Facts& facts(std::uint16_t op);

/// Ports, smoothness, counts: what a program says about itself.
void describe(const Topology& graph, const Called& called, Blueprint& plan);

/// Decides instructions and places: fills the routines and the record's extent. `homes` says where leaves lie.
void lay_out(const Topology& graph, const Called& called, const std::vector<bool>& active, const std::vector<bool>& wanted,
             const std::vector<Ref>& homes, Blueprint& plan);

}  // namespace costate::autodiff::detail
