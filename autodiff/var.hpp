// Var<T>: a scalar, or an array, whose operations a tape records.
#pragma once

#include "autodiff/tape.hpp"
#include "scalar/traits.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace costate::autodiff {

/// A handle to a recorded value (a scalar is an array of one), or a plain constant that belongs to no tape; arithmetic
/// between plain constants stays plain. Binary operations broadcast: sizes agree or one of them is 1; a shared value
/// meets every sample. Operations on Vars of two tapes, or of sizes that do not fit, throw std::invalid_argument.
template <class T>
class Var {
public:
    using value_type = T;

    Var() : constant_(0) {}
    Var(const T& value) : constant_(value) {}
    // clang-format off
    template <class I>
        requires(std::integral<I> && !std::same_as<I, T> && !std::same_as<I, bool>)
    Var(I value) : constant_(from_integer(value)) {}
    template <class F>
        requires(std::floating_point<F> && !std::same_as<F, T> && !ScalarTraits<T>::exact && std::constructible_from<T, F>)
    Var(F value) : constant_(T(value)) {}
    // clang-format on
    Var(Tape<T>* tape, NodeId id, std::size_t size)
        : tape_(tape), id_(id), size_(static_cast<std::uint32_t>(size)), constant_(0) {}

    /// Values a sample.
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool is_constant() const { return tape_ == nullptr; }
    /// nullptr for a plain constant.
    [[nodiscard]] Tape<T>* tape() const { return tape_; }
    [[nodiscard]] NodeId id() const { return id_; }
    /// The value of a plain constant.
    [[nodiscard]] const T& constant() const { return constant_; }

    /// The value at the inputs' examples (first value of an array). Throws std::invalid_argument when an input has no example.
    [[nodiscard]] T value() const { return tape_ ? tape_->values(id_).front() : constant_; }
    [[nodiscard]] std::vector<T> values() const { return tape_ ? tape_->values(id_) : std::vector<T>{constant_}; }

    /// x[i] as a scalar. Throws std::out_of_range.
    Var operator[](std::size_t i) const { return slice(i, 1); }
    /// x[begin … begin+count). Throws std::out_of_range.
    [[nodiscard]] Var slice(std::size_t begin, std::size_t count) const;

    Var& operator+=(const Var& o) { return *this = *this + o; }
    Var& operator-=(const Var& o) { return *this = *this - o; }
    Var& operator*=(const Var& o) { return *this = *this * o; }
    Var& operator/=(const Var& o) { return *this = *this / o; }

    friend Var operator+(const Var& a) { return a; }
    friend Var operator-(const Var& a) { return negate(a); }
    friend Var operator+(const Var& a, const Var& b) { return add(a, b); }
    friend Var operator-(const Var& a, const Var& b) { return subtract(a, b); }
    friend Var operator*(const Var& a, const Var& b) { return multiply(a, b); }
    friend Var operator/(const Var& a, const Var& b) { return divide(a, b); }

    // Comparisons of scalars: decided at the inputs' examples and recorded; a replay that would decide otherwise throws
    // BranchChanged.
    friend bool operator==(const Var& a, const Var& b) { return compare_equal(a, b); }
    friend bool operator<(const Var& a, const Var& b) { return compare_less(a, b); }
    friend bool operator<=(const Var& a, const Var& b) { return compare_less_equal(a, b); }
    friend bool operator>(const Var& a, const Var& b) { return compare_less(b, a); }
    friend bool operator>=(const Var& a, const Var& b) { return compare_less_equal(b, a); }

private:
    template <class I>
    static T from_integer(I value) {
        if constexpr (std::constructible_from<T, I>) return T(value);
        else return ScalarTraits<T>::from_rational(Rational(value));
    }

    Tape<T>* tape_ = nullptr;
    NodeId id_ = 0;
    std::uint32_t size_ = 1;
    T constant_;
};

}  // namespace costate::autodiff

/// A Var can do what its scalar can; exact and ordered mean the recorded values.
template <class T>
struct costate::ScalarTraits<costate::autodiff::Var<T>> {
    static constexpr bool exact = ScalarTraits<T>::exact, ordered = ScalarTraits<T>::ordered,
                          transcendental = ScalarTraits<T>::transcendental;
    static constexpr int digits10 = ScalarTraits<T>::digits10;
    static constexpr std::string_view name = ScalarTraits<T>::name;
    static autodiff::Var<T> from_rational(const Rational& q) { return autodiff::Var<T>(ScalarTraits<T>::from_rational(q)); }
    static double to_double(const autodiff::Var<T>& x) { return ScalarTraits<T>::to_double(x.value()); }
};

#include "autodiff/var_functions.hpp"
