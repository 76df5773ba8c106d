// ∇f in one call.
#pragma once

#include "autodiff/program.hpp"
#include "autodiff/var.hpp"

#include <array>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace costate::autodiff {

template <class T>
struct ValueAndGradient {
    T value;
    std::vector<T> gradient;
};

/// f(x) and ∇f(x) of f: span<const Var<T>> → Var<T>, recorded at x.
/// Throws std::invalid_argument when x is empty or f returns an array.
template <class T, class F>
ValueAndGradient<T> gradient(F&& f, std::span<const T> x) {
    Tape<T> tape;
    const std::vector<Var<T>> variables = elements(tape.input(x.size(), Sharing::shared, "x", x));
    Var<T> y = std::forward<F>(f)(std::span<const Var<T>>{variables});
    if (y.size() != 1)
        throw std::invalid_argument("gradient: f returns " + std::to_string(y.size()) + " values; return one scalar");
    if (y.is_constant()) y = tape.constant(y.constant());
    tape.output(y);
    const Program<T> program = freeze(tape);
    ValueAndGradient<T> result{T(0), std::vector<T>(x.size(), T(0))};
    Record<T> record;
    Workspace<T> workspace;
    const T one(1);
    const std::array<std::span<const T>, 1> in{x}, out_bar{std::span<const T>{&one, 1}};
    const std::array<std::span<T>, 1> out{std::span<T>{&result.value, 1}}, in_bar{std::span<T>{result.gradient}};
    program.forward(in, out, 1, record, workspace);
    program.pullback(record, out_bar, in_bar, {}, workspace);
    return result;
}
template <class T, class F>
ValueAndGradient<T> gradient(F&& f, const std::vector<T>& x) {
    return gradient<T>(std::forward<F>(f), std::span<const T>{x});
}

}  // namespace costate::autodiff
