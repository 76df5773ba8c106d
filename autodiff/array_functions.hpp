// Array functions of Var<T>: reductions, linear maps, rearrangements, calls; included by var.hpp.
#pragma once

#include "autodiff/var.hpp"

namespace costate::autodiff {

/// Σᵢ xᵢ, i ascending.
template <class T>
Var<T> sum(const Var<T>& x) {
    if (x.size() == 1) return x;
    const std::array<Var<T>, 1> arguments{x};
    return detail::record<ops::Sum, T>(*x.tape(), arguments, 1);
}

/// Σᵢ aᵢ bᵢ, i ascending. Throws std::invalid_argument for unequal sizes.
template <class T>
Var<T> dot(const Var<T>& a, const Var<T>& b) {
    if (a.size() != b.size()) {
        throw std::invalid_argument("dot: arrays of " + std::to_string(a.size()) + " and " + std::to_string(b.size()) +
                                    " values; pass equal sizes");
    }
    if (a.size() == 1) return a * b;
    const std::array<Var<T>, 2> arguments{a, b};
    return detail::record<ops::Dot, T>(*a.tape(), arguments, 1);
}

/// Σₖ cₖ xₖ, k ascending; sizes agree or are 1. Throws std::invalid_argument for none, or for counts or sizes that differ.
template <class T>
Var<T> linear_combination(std::span<const T> coefficients, std::span<const Var<T>> values) {
    if (values.empty() || coefficients.size() != values.size()) {
        throw std::invalid_argument("linear_combination: " + std::to_string(coefficients.size()) + " coefficients for " +
                                    std::to_string(values.size()) + " values; pass one each, and at least one");
    }
    Tape<T>& tape = detail::tape_of<T>("linear_combination", values);
    Var<T> widest = values[0];
    for (const Var<T>& v : values) {
        if (detail::common_size("linear_combination", widest, v) != widest.size()) widest = v;
    }
    return detail::record<ops::LinearCombination, T>(tape, values, widest.size(), tape.keep(coefficients));
}
template <class T>
Var<T> linear_combination(const std::vector<T>& coefficients, const std::vector<Var<T>>& values) {
    return linear_combination<T>(std::span<const T>{coefficients}, std::span<const Var<T>>{values});
}

template <class T>
Var<T> Var<T>::slice(std::size_t begin, std::size_t count) const {
    if (count == 0 || begin + count > size()) {
        throw std::out_of_range("slice: values " + std::to_string(begin) + " to " + std::to_string(begin + count) +
                                " of an array of " + std::to_string(size()) + "; stay inside it and take at least one");
    }
    if (count == size()) return *this;
    const detail::Node& node = tape_->graph().nodes[id_];
    if (node.kind == detail::Kind::operation && node.op == ops::index_of<ops::Concat>) {
        std::size_t offset = 0;
        for (const NodeId part : tape_->graph().arguments_of(node)) {
            const std::size_t n = tape_->graph().nodes[part].size;
            if (offset == begin && n == count) return Var(tape_, part, n);
            offset += n;
        }
    }
    const std::array<Var, 1> arguments{*this};
    return detail::record<ops::Slice, T>(*tape_, arguments, count, begin);
}

namespace detail {

template <class T>
Var<T> linear(std::span<const Var<T>> arguments) {
    const Var<T>&x = arguments[0], &weight = arguments[1];
    Tape<T>& tape = tape_of<T>("linear", arguments);
    const std::size_t rows = weight.size() / x.size();
    if (rows * x.size() != weight.size() || rows == 0 || (arguments.size() == 3 && arguments[2].size() != rows)) {
        throw std::invalid_argument("linear: a weight of " + std::to_string(weight.size()) + " values for an input of " +
                                    std::to_string(x.size()) +
                                    (arguments.size() == 3 ? " and a bias of " + std::to_string(arguments[2].size()) : "") +
                                    "; the weight has one row of the input's size for each value of the bias");
    }
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        if (!arguments[i].is_constant() && arguments[i].tape()->graph().nodes[arguments[i].id()].sharing == Sharing::per_sample)
            throw std::invalid_argument(
                "linear: weight and bias have to be shared by the batch; multiply and sum for a matrix per sample");
    }
    if (!weight.is_constant()) {
        const Node& node = weight.tape()->graph().nodes[weight.id()];
        if (node.kind == Kind::parameter || node.kind == Kind::constant) {
            const Shape& shape = weight.tape()->graph().shapes[node.extra];
            if (!shape.empty() && (shape.size() != 2 || shape[1] != x.size())) {
                throw std::invalid_argument("linear: the weight's shape is not " + std::to_string(rows) + " x " +
                                            std::to_string(x.size()) + "; pass a matrix with a column for each input value");
            }
        }
    }
    return record<ops::Linear, T>(tape, arguments, rows);
}

}  // namespace detail

/// x Wᵀ (+ b): W is shared with out rows of x.size() values, row-major; b has out values.
/// Throws std::invalid_argument where sizes do not fit or W or b is per sample.
template <class T>
Var<T> linear(const Var<T>& x, const Var<T>& weight) {
    return detail::linear<T>(std::array<Var<T>, 2>{x, weight});
}
template <class T>
Var<T> linear(const Var<T>& x, const Var<T>& weight, const Var<T>& bias) {
    return detail::linear<T>(std::array<Var<T>, 3>{x, weight, bias});
}

/// The values one after the other. Throws std::invalid_argument when none belongs to a tape.
template <class T>
Var<T> concat(std::span<const Var<T>> values) {
    if (values.size() == 1 && !values[0].is_constant()) return values[0];
    std::size_t size = 0;
    for (const Var<T>& v : values) size += v.size();
    return detail::record<ops::Concat, T>(detail::tape_of<T>("concat", values), values, size);
}
template <class T>
Var<T> concat(const std::vector<Var<T>>& values) {
    return concat<T>(std::span<const Var<T>>{values});
}
template <class T>
Var<T> concat(const Var<T>& a, const Var<T>& b) {
    return concat<T>(std::array<Var<T>, 2>{a, b});
}

/// Scalars into an array on `tape` (plain constants too).
template <class T>
Var<T> stack(Tape<T>& tape, std::span<const Var<T>> values) {
    std::vector<Var<T>> recorded;
    for (const Var<T>& v : values) recorded.push_back(detail::on_tape(tape, v));
    return concat<T>(recorded);
}

/// The elements of an array as scalars.
template <class T>
std::vector<Var<T>> elements(const Var<T>& x) {
    std::vector<Var<T>> result;
    for (std::size_t i = 0; i < x.size(); ++i) result.push_back(x[i]);
    return result;
}

/// The recorded scalar x repeated n times. Throws std::invalid_argument when x is an array or a plain constant, or n is 0.
template <class T>
Var<T> broadcast(const Var<T>& x, std::size_t n) {
    if (x.size() != 1 || n == 0 || (n > 1 && x.is_constant())) {
        throw std::invalid_argument("broadcast: an array of " + std::to_string(x.size()) + " values to " + std::to_string(n) +
                                    "; pass a recorded scalar and a positive size");
    }
    if (n == 1) return x;
    const std::array<Var<T>, 1> arguments{x};
    return detail::record<ops::Broadcast, T>(*x.tape(), arguments, n);
}

/// [sin(t f₁) … sin(t fₘ), cos(t f₁) … cos(t fₘ)] for the scalar t.
template <class T>
Var<T> time_embedding(const Var<T>& t, const Var<T>& frequencies) {
    const Var<T> angle = t * frequencies;
    return concat(sin(angle), cos(angle));
}

/// The outputs of `program` at these inputs, as one op. The program's parameters become parameters of the tape (once for
/// all calls of it). Throws std::invalid_argument when the inputs do not fit: count, sizes, or a per-sample value for a
/// shared input.
template <class T>
std::vector<Var<T>> call(const std::shared_ptr<const Program<T>>& program, std::span<const Var<T>> inputs) {
    Tape<T>& tape = detail::tape_of<T>("call", inputs);
    std::vector<Var<T>> arguments(inputs.begin(), inputs.end());
    const std::uint32_t position = tape.keep(program, arguments);
    std::size_t total = 0;
    for (const Port& port : program->outputs()) total += port.size;
    const Var<T> block = detail::record<ops::Call, T>(tape, std::span<const Var<T>>{arguments}, total, position);
    if (program->output_count() == 1) return {block};
    std::vector<Var<T>> results;
    std::size_t offset = 0;
    for (const Port& port : program->outputs()) {
        results.push_back(detail::record<ops::Part, T>(tape, std::array<Var<T>, 1>{block}, port.size, offset));
        offset += port.size;
    }
    return results;
}
template <class T>
std::vector<Var<T>> call(const std::shared_ptr<const Program<T>>& program, const std::vector<Var<T>>& inputs) {
    return call<T>(program, std::span<const Var<T>>{inputs});
}

}  // namespace costate::autodiff
