// What scalar code computes, as a list of operations on numbered values: each value is assigned once and names earlier ones.
#pragma once

#include "kernels/function.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

namespace costate::kernels {

/// Where the value i of sample b lies in an array of `size` values a sample.
///   rows    data[b · size + i]       the caller's batch-major arrays
///   shared  data[i]                  the same for every sample
enum class ArrayLayout : std::uint8_t { rows, shared };

/// An array that traced code reads or writes; its address is given when the code runs.
struct TracedArray {
    ArrayLayout layout;
    std::size_t size;
    bool again;  ///< the second half of a trace may read it too
};

/// store: array[index] = a, after everything else.  accumulate: array[index] += a, samples ascending, in order of recording.
/// guard: a ∘ b turns out as it did.  value and slope: f(a) and f'(a) of the vector kernels.
// clang-format off
enum class Operation : std::uint8_t {
    constant, load, accumulator, add, sub, mul, div, negate, value, slope, store, accumulate, guard
};
// clang-format on

enum class Comparison : std::uint8_t { equal, less, less_equal };

using ValueId = std::uint32_t;

struct TracedNode {
    Operation operation;
    std::uint8_t detail;  // the function; of a guard: twice the comparison, and 1 where it held
    std::uint16_t array;
    ValueId a, b;  // operands; of a leaf a is the index; of store and accumulate b is the index

    friend bool operator==(const TracedNode&, const TracedNode&) = default;
};

/// A trace whatever its scalar. Equal operations on equal values are one value.
class TraceTopology {
public:
    [[nodiscard]] const std::vector<TracedNode>& nodes() const { return nodes_; }
    [[nodiscard]] const std::vector<TracedArray>& arrays() const { return arrays_; }
    /// Where the second half begins: what is recorded later may run on its own, after the first half.
    [[nodiscard]] std::size_t cut() const { return cut_; }
    void begin_second_half() { cut_ = nodes_.size(); }

    std::uint16_t declare(TracedArray array) {
        arrays_.push_back(array);
        return static_cast<std::uint16_t>(arrays_.size() - 1);
    }
    ValueId load(std::uint16_t array, std::size_t index) {
        return once({Operation::load, 0, array, static_cast<ValueId>(index), 0});
    }
    /// array[index] as something that terms are added to: acc + x accumulates x there and is acc again.
    ValueId accumulator(std::uint16_t array, std::size_t index) {
        return once({Operation::accumulator, 0, array, static_cast<ValueId>(index), 0});
    }
    void store(std::uint16_t array, std::size_t index, ValueId value) {
        nodes_.push_back({Operation::store, 0, array, value, static_cast<ValueId>(index)});
    }
    void guard(Comparison comparison, bool holds, ValueId a, ValueId b) {
        nodes_.push_back(
            {Operation::guard, static_cast<std::uint8_t>(2 * static_cast<int>(comparison) + (holds ? 1 : 0)), 0, a, b});
    }
    ValueId binary(Operation operation, ValueId a, ValueId b) {
        if (operation == Operation::add && nodes_[a].operation == Operation::accumulator) {
            nodes_.push_back({Operation::accumulate, 0, nodes_[a].array, b, nodes_[a].a});
            return a;
        }
        const bool commutes = operation == Operation::add || operation == Operation::mul;
        return commutes && b < a ? once({operation, 0, 0, b, a}) : once({operation, 0, 0, a, b});
    }
    ValueId unary(Operation operation, ValueId a, Function f = Function::identity) {
        return once({operation, static_cast<std::uint8_t>(f), 0, a, 0});
    }

protected:
    ValueId once(const TracedNode& node) {
        const auto [known, fresh] = known_.try_emplace(node, static_cast<ValueId>(nodes_.size()));
        if (fresh) nodes_.push_back(node);
        return known->second;
    }

private:
    struct Hash {
        std::size_t operator()(const TracedNode& n) const {
            const auto head =
                static_cast<std::uint64_t>(n.operation) << 24 | static_cast<std::uint64_t>(n.detail) << 16 | n.array;
            const std::uint64_t mixed = (head * 0x9e3779b97f4a7c15u + n.a) * 0xbf58476d1ce4e5b9u + n.b;
            return static_cast<std::size_t>((mixed ^ mixed >> 29) * 0x94d049bb133111ebu);
        }
    };
    std::vector<TracedNode> nodes_;
    std::vector<TracedArray> arrays_;
    std::unordered_map<TracedNode, ValueId, Hash> known_;
    std::size_t cut_ = 0;
};

/// A trace in T. One trace belongs to one thread; Symbols name it, so it stays alive and in place while they are used.
template <class T>
class Trace : public TraceTopology {
public:
    Trace() = default;
    Trace(const Trace&) = delete;
    Trace& operator=(const Trace&) = delete;

    [[nodiscard]] const std::vector<T>& constants() const { return constants_; }

    /// Values that compare equal and have the same sign are one constant.
    ValueId constant(const T& value) {
        std::size_t i = 0;
        while (i < constants_.size() && !same(constants_[i], value)) ++i;
        if (i == constants_.size()) constants_.push_back(value);
        return once({Operation::constant, 0, 0, static_cast<ValueId>(i), 0});
    }

private:
    static bool same(const T& a, const T& b) { return a == b && T(1) / a == T(1) / b; }

    std::vector<T> constants_;
};

}  // namespace costate::kernels
