// A tape records what is computed on Var<T>; freeze turns it into a Program.
#pragma once

#include "autodiff/graph.hpp"
#include "scalar/traits.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace costate::autodiff {

template <class T>
class Var;

/// Owned by its caller, who keeps it alive and in place as long as its Vars are used. One tape belongs to one thread.
/// Values are evaluated at record time only when somebody asks (a comparison, Var::value, a constant at freeze).
template <class T>
class Tape {
public:
    Tape() = default;
    Tape(const Tape&) = delete;
    Tape& operator=(const Tape&) = delete;

    /// An input of `size` values a sample (per_sample) or of `size` values (shared). `example` (size values of one
    /// sample) is needed where a comparison or Var::value depends on the input. Throws std::invalid_argument for size 0,
    /// a repeated name or a wrong example.
    Var<T> input(std::size_t size, Sharing sharing, std::string name, std::span<const T> example = {});

    /// A parameter: shared, its values are stored in the program, θ is all parameters' values flat in order of creation.
    /// `shape` may be {} (a list) and otherwise multiplies to values.size(). Throws std::invalid_argument.
    Var<T> parameter(std::span<const T> values, Shape shape, std::string name);
    Var<T> parameter(std::span<const T> values, std::string name);

    /// Values that no gradient is wanted for, shared. Throws std::invalid_argument for none or a shape that does not
    /// multiply to their number.
    Var<T> constant(std::span<const T> values, Shape shape = {});
    Var<T> constant(const T& value);

    /// Marks a value as the next output of the program; returns its position. In a replay every output has batch × size
    /// values, also one that depends on shared values alone. Throws std::invalid_argument for a value of another tape.
    std::size_t output(const Var<T>& value, std::string name = {});

    /// Number of values recorded so far.
    [[nodiscard]] std::size_t size() const { return graph_.nodes.size(); }

    /// Values of one sample at the inputs' examples. Throws std::invalid_argument when an input it depends on has none.
    std::vector<T> values(NodeId id);

    /// Records the op `op` on Vars of this tape or plain constants: what the functions of var_functions.hpp are made of.
    Var<T> record(std::uint16_t op, std::span<const Var<T>> arguments, std::size_t size, std::uint64_t number = 0,
                  std::uint32_t extra = 0, std::uint32_t words = 0);
    /// Keeps coefficients for an op; returns where they begin.
    std::uint64_t keep(std::span<const T> coefficients);
    /// Keeps integers for an op (its geometry, indices); returns where they begin. Throws std::length_error for more than 2³² in all.
    std::uint32_t keep_words(std::span<const std::uint32_t> words);
    /// Keeps a program to be called; returns its position. Its parameters become a parameter of this tape (the same one
    /// for every call of it).
    std::uint32_t keep(const std::shared_ptr<const Program<T>>& program, std::vector<Var<T>>& arguments);
    /// The next number of a comparison.
    std::uint32_t next_guard() { return static_cast<std::uint32_t>(graph_.guard_count++); }

    [[nodiscard]] const detail::Graph<T>& graph() const { return graph_; }

private:
    NodeId append(detail::Node node);
    NodeId lift(const Var<T>& value);
    Var<T> parameters_of(const std::shared_ptr<const Program<T>>& program, std::uint32_t position);
    void evaluate(NodeId id);
    void evaluate_leaf(NodeId id);
    void evaluate_operation(NodeId id);

    detail::Graph<T> graph_;
    std::vector<T> values_;                   // of evaluated nodes, one sample
    std::vector<std::size_t> value_offsets_;  // where a node's values begin
    std::vector<bool> evaluated_;
};

// Compiled once in autodiff/instances/; for other scalars include autodiff/instances/implementation.hpp.
extern template class Tape<float>;
extern template class Tape<double>;
extern template class Tape<long double>;
extern template class Tape<Mpfr50>;
extern template class Tape<Mpfr100>;
extern template class Tape<Rational>;
extern template class Tape<PrimeField>;

}  // namespace costate::autodiff
