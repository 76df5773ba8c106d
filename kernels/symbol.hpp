// Symbol<T>: a scalar that computes nothing and writes down what would be computed. Any template over Scalar, run once on
// Symbols, yields its trace; the arithmetic is that of T, operation by operation, nothing reordered or fused.
#pragma once

#include "kernels/elementwise.hpp"
#include "kernels/trace.hpp"
#include "scalar/traits.hpp"

#include <array>
#include <concepts>
#include <span>
#include <stdexcept>
#include <utility>

namespace costate::kernels {

/// A traced value, or a plain constant of no trace; arithmetic between plain constants stays plain. x + 0, x - 0, 1 x and x/1 are
/// x itself (so -0 + 0 is -0 here).
template <class T>
class Symbol {
public:
    Symbol() : constant_(0) {}
    Symbol(const T& value) : constant_(value) {}
    // clang-format off
    template <class I>
        requires((std::integral<I> || std::floating_point<I>) && !std::same_as<I, T> && !std::same_as<I, bool>)
    Symbol(I value) : constant_(static_cast<T>(value)) {}
    // clang-format on
    Symbol(Trace<T>& trace, ValueId id) : trace_(&trace), id_(id), constant_(0) {}

    [[nodiscard]] bool is_constant() const { return trace_ == nullptr; }
    [[nodiscard]] Trace<T>* trace() const { return trace_; }
    /// The value's number in `trace`, where a plain constant gets one.
    [[nodiscard]] ValueId in(Trace<T>& trace) const { return trace_ ? id_ : trace.constant(constant_); }
    [[nodiscard]] const T& constant() const { return constant_; }
    [[nodiscard]] bool is(int value) const { return is_constant() && constant_ == static_cast<T>(value); }

    Symbol& operator+=(const Symbol& o) { return *this = *this + o; }
    Symbol& operator-=(const Symbol& o) { return *this = *this - o; }
    Symbol& operator*=(const Symbol& o) { return *this = *this * o; }
    Symbol& operator/=(const Symbol& o) { return *this = *this / o; }

    friend Symbol operator-(const Symbol& a) {
        return a.trace_ ? Symbol(*a.trace_, a.trace_->unary(Operation::negate, a.id_)) : Symbol(-a.constant_);
    }
    friend Symbol operator+(const Symbol& a, const Symbol& b) {
        if (a.is(0)) return b;
        if (b.is(0)) return a;
        return !a.trace_ && !b.trace_ ? Symbol(a.constant_ + b.constant_) : traced(Operation::add, a, b);
    }
    friend Symbol operator-(const Symbol& a, const Symbol& b) {
        if (b.is(0)) return a;
        return !a.trace_ && !b.trace_ ? Symbol(a.constant_ - b.constant_) : traced(Operation::sub, a, b);
    }
    friend Symbol operator*(const Symbol& a, const Symbol& b) {
        if (a.is(1)) return b;
        if (b.is(1)) return a;
        return !a.trace_ && !b.trace_ ? Symbol(a.constant_ * b.constant_) : traced(Operation::mul, a, b);
    }
    friend Symbol operator/(const Symbol& a, const Symbol& b) {
        if (b.is(1)) return a;
        return !a.trace_ && !b.trace_ ? Symbol(a.constant_ / b.constant_) : traced(Operation::div, a, b);
    }

private:
    static Symbol traced(Operation operation, const Symbol& a, const Symbol& b) {
        Trace<T>& trace = a.trace_ ? *a.trace_ : *b.trace_;
        return {trace, trace.binary(operation, a.in(trace), b.in(trace))};
    }

    Trace<T>* trace_ = nullptr;
    ValueId id_ = 0;
    T constant_;
};

namespace detail {
template <class T>
Symbol<T> traced_value(Function f, const Symbol<T>& x) {
    if (x.trace()) return {*x.trace(), x.trace()->unary(Operation::value, x.in(*x.trace()), f)};
    const std::array<T, 1> in{x.constant()};
    std::array<T, 1> out;
    apply<T>(f, in, out);
    return Symbol<T>(out[0]);
}
template <class T>
Symbol<T> traced_slope(Function f, const Symbol<T>& x) {
    if (x.trace()) return {*x.trace(), x.trace()->unary(Operation::slope, x.in(*x.trace()), f)};
    const std::array<T, 1> in{x.constant()};
    std::array<T, 1> out, slope;
    apply_with_slope<T>(f, in, out, slope);
    return Symbol<T>(slope[0]);
}
}  // namespace detail

// Functions and slopes are found by argument-dependent lookup where generic code asks for them (scalar/functions.hpp).
// clang-format off
template <class T> Symbol<T> exp(const Symbol<T>& x) { return detail::traced_value(Function::exp, x); }
template <class T> Symbol<T> log(const Symbol<T>& x) { return detail::traced_value(Function::log, x); }
template <class T> Symbol<T> sqrt(const Symbol<T>& x) { return detail::traced_value(Function::sqrt, x); }
template <class T> Symbol<T> sin(const Symbol<T>& x) { return detail::traced_value(Function::sin, x); }
template <class T> Symbol<T> cos(const Symbol<T>& x) { return detail::traced_value(Function::cos, x); }
template <class T> Symbol<T> tanh(const Symbol<T>& x) { return detail::traced_value(Function::tanh, x); }
template <class T> Symbol<T> sigmoid(const Symbol<T>& x) { return detail::traced_value(Function::sigmoid, x); }
template <class T> Symbol<T> silu(const Symbol<T>& x) { return detail::traced_value(Function::silu, x); }
template <class T> Symbol<T> gelu(const Symbol<T>& x) { return detail::traced_value(Function::gelu, x); }
template <class T> Symbol<T> relu(const Symbol<T>& x) { return detail::traced_value(Function::relu, x); }
template <class T> Symbol<T> softplus(const Symbol<T>& x) { return detail::traced_value(Function::softplus, x); }
template <class T> Symbol<T> erf(const Symbol<T>& x) { return detail::traced_value(Function::erf, x); }
template <class T> Symbol<T> tanh_slope(const Symbol<T>& x) { return detail::traced_slope(Function::tanh, x); }
template <class T> Symbol<T> sigmoid_slope(const Symbol<T>& x) { return detail::traced_slope(Function::sigmoid, x); }
template <class T> Symbol<T> silu_slope(const Symbol<T>& x) { return detail::traced_slope(Function::silu, x); }
template <class T> Symbol<T> gelu_slope(const Symbol<T>& x) { return detail::traced_slope(Function::gelu, x); }
template <class T> Symbol<T> relu_slope(const Symbol<T>& x) { return detail::traced_slope(Function::relu, x); }
template <class T> Symbol<T> softplus_slope(const Symbol<T>& x) { return detail::traced_slope(Function::softplus, x); }
template <class T> Symbol<T> erf_slope(const Symbol<T>& x) { return detail::traced_slope(Function::erf, x); }
template <class T> std::pair<Symbol<T>, Symbol<T>> silu_with_slope(const Symbol<T>& x) { return {silu(x), silu_slope(x)}; }
// clang-format on

/// Writes down that `a ∘ b` has to turn out as `holds` says in every sample that the trace runs on.
template <class T>
void expect(Comparison comparison, bool holds, const Symbol<T>& a, const Symbol<T>& b) {
    Trace<T>* trace = a.trace() ? a.trace() : b.trace();
    if (!trace) throw std::invalid_argument("expect: a comparison of two constants; decide it where it is recorded");
    trace->guard(comparison, holds, a.in(*trace), b.in(*trace));
}

}  // namespace costate::kernels

/// A Symbol can do what its scalar can; from_rational gives a plain constant, rounded as T rounds.
template <class T>
struct costate::ScalarTraits<costate::kernels::Symbol<T>> {
    static constexpr bool exact = false, ordered = true, transcendental = true;
    static constexpr int digits10 = ScalarTraits<T>::digits10;
    static constexpr std::string_view name = "symbol";
    static kernels::Symbol<T> from_rational(const Rational& q) { return kernels::Symbol<T>(ScalarTraits<T>::from_rational(q)); }
};
