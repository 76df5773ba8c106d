// Functions of Var<T>; included by var.hpp.
#pragma once

#include "autodiff/ops/list.hpp"
#include "autodiff/var.hpp"
#include "scalar/functions.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace costate::autodiff {

namespace detail {

/// Records Op where its scalar supports it; a compile-time error names what is missing elsewhere.
template <class Op, class T>
Var<T> record(Tape<T>& tape, std::span<const Var<T>> arguments, std::size_t size, std::uint64_t number = 0,
              std::uint32_t extra = 0, std::uint32_t words = 0) {
    Op::template require<T>();
    return tape.record(ops::index_of<Op>, arguments, size, number, extra, words);
}

template <class T>
std::size_t common_size(std::string_view what, const Var<T>& a, const Var<T>& b) {
    if (a.size() == b.size() || b.size() == 1) return a.size();
    if (a.size() == 1) return b.size();
    throw std::invalid_argument(std::string(what) + ": arrays of " + std::to_string(a.size()) + " and " +
                                std::to_string(b.size()) + " values do not go together; pass equal sizes or a scalar");
}

template <class Op, class T>
Var<T> binary(const Var<T>& a, const Var<T>& b) {
    Op::template require<T>();
    if (a.is_constant() && b.is_constant()) return Var<T>(Op::value(a.constant(), b.constant()));
    Tape<T>& tape = a.is_constant() ? *b.tape() : *a.tape();
    const std::array<Var<T>, 2> arguments{a, b};
    return record<Op, T>(tape, arguments, common_size(Op::name, a, b));
}

template <class Op, class T>
Var<T> unary(const Var<T>& x) {
    Op::template require<T>();
    if (x.is_constant()) return Var<T>(Op::value(x.constant()));
    const std::array<Var<T>, 1> arguments{x};
    return record<Op, T>(*x.tape(), arguments, x.size());
}

template <class T>
bool compare(ops::Relation relation, const Var<T>& a, const Var<T>& b) {
    if (a.size() != 1 || b.size() != 1) {
        throw std::invalid_argument("comparison: arrays of " + std::to_string(a.size()) + " and " + std::to_string(b.size()) +
                                    " values; compare scalars, element by element");
    }
    const bool holds = ops::holds(relation, a.value(), b.value());
    if (a.is_constant() && b.is_constant()) return holds;
    Tape<T>& tape = a.is_constant() ? *b.tape() : *a.tape();
    const std::array<Var<T>, 2> arguments{a, b};
    record<ops::Guard, T>(tape, arguments, 0, ops::encode(relation, holds), tape.next_guard());
    return holds;
}

template <class T>
bool is_plain(const Var<T>& x, int value) {
    return x.is_constant() && x.constant() == T(value);
}

/// A plain constant becomes a recorded one.
template <class T>
Var<T> on_tape(Tape<T>& tape, const Var<T>& x) {
    return x.is_constant() ? tape.constant(x.constant()) : x;
}

template <class T>
Tape<T>& tape_of(std::string_view what, std::span<const Var<T>> values) {
    for (const Var<T>& v : values) {
        if (!v.is_constant()) return *v.tape();
    }
    throw std::invalid_argument(std::string(what) + ": no argument belongs to a tape; pass at least one recorded value");
}

}  // namespace detail

template <class T>
Var<T> negate(const Var<T>& x) {
    return detail::unary<ops::Negate>(x);
}
template <class T>
Var<T> add(const Var<T>& a, const Var<T>& b) {
    if (detail::is_plain(a, 0)) return b;
    if (detail::is_plain(b, 0)) return a;
    return detail::binary<ops::Add>(a, b);
}
template <class T>
Var<T> subtract(const Var<T>& a, const Var<T>& b) {
    if (detail::is_plain(b, 0)) return a;
    return detail::binary<ops::Subtract>(a, b);
}
template <class T>
Var<T> multiply(const Var<T>& a, const Var<T>& b) {
    if (detail::is_plain(a, 1)) return b;
    if (detail::is_plain(b, 1)) return a;
    return detail::binary<ops::Multiply>(a, b);
}
template <class T>
Var<T> divide(const Var<T>& a, const Var<T>& b) {
    if (detail::is_plain(b, 1)) return a;
    return detail::binary<ops::Divide>(a, b);
}

template <class T>
bool compare_equal(const Var<T>& a, const Var<T>& b) {
    return detail::compare(ops::Relation::equal, a, b);
}
template <class T>
bool compare_less(const Var<T>& a, const Var<T>& b) {
    require_ordered<T>();
    if constexpr (OrderedScalar<T>) return detail::compare(ops::Relation::less, a, b);
    return false;
}
template <class T>
bool compare_less_equal(const Var<T>& a, const Var<T>& b) {
    require_ordered<T>();
    if constexpr (OrderedScalar<T>) return detail::compare(ops::Relation::less_equal, a, b);
    return false;
}

template <class T>
Var<T> exp(const Var<T>& x) {
    return detail::unary<ops::Exp>(x);
}
template <class T>
Var<T> log(const Var<T>& x) {
    return detail::unary<ops::Log>(x);
}
template <class T>
Var<T> sqrt(const Var<T>& x) {
    return detail::unary<ops::Sqrt>(x);
}
template <class T>
Var<T> sin(const Var<T>& x) {
    return detail::unary<ops::Sin>(x);
}
template <class T>
Var<T> cos(const Var<T>& x) {
    return detail::unary<ops::Cos>(x);
}
template <class T>
Var<T> tanh(const Var<T>& x) {
    return detail::unary<ops::Tanh>(x);
}
template <class T>
Var<T> erf(const Var<T>& x) {
    return detail::unary<ops::Erf>(x);
}
template <class T>
Var<T> sigmoid(const Var<T>& x) {
    return detail::unary<ops::Sigmoid>(x);
}
template <class T>
Var<T> silu(const Var<T>& x) {
    return detail::unary<ops::Silu>(x);
}
template <class T>
Var<T> gelu(const Var<T>& x) {
    return detail::unary<ops::Gelu>(x);
}
template <class T>
Var<T> relu(const Var<T>& x) {
    return detail::unary<ops::Relu>(x);
}
template <class T>
Var<T> softplus(const Var<T>& x) {
    return detail::unary<ops::Softplus>(x);
}

/// xⁿ, n an integer with |n| ≤ 2³⁰ (x ≠ 0 where n < 0); x⁰ = 1. Throws std::invalid_argument for larger ones.
template <class T, std::integral I>
Var<T> pow(const Var<T>& x, I exponent) {
    if (std::cmp_greater(exponent, 1 << 30) || std::cmp_less(exponent, -(1 << 30)))
        throw std::invalid_argument("pow: the exponent " + std::to_string(exponent) + " is beyond 2^30; use exp(p log x)");
    const int n = static_cast<int>(exponent);
    if (n == 1) return x;
    if (x.is_constant()) return Var<T>(ops::integer_power(x.constant(), n));
    const std::array<Var<T>, 1> arguments{x};
    return detail::record<ops::Power, T>(*x.tape(), arguments, x.size(), ops::encode_exponent(n));
}

/// x^p = exp(p log x) for x > 0 and any p, a number or a Var; broadcasts.
// clang-format off
template <class T, class P>
    requires(!std::integral<P> && std::convertible_to<P, Var<T>>)
Var<T> pow(const Var<T>& x, const P& p) { return exp(Var<T>(p) * log(x)); }
// clang-format on

}  // namespace costate::autodiff

#include "autodiff/array_functions.hpp"
#include "autodiff/image_functions.hpp"
