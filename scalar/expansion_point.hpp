// f(x₀) at the constant term of an expansion (Series, Dual): any x₀ where the scalar has f, and over an exact scalar the one x₀ at
// which f is rational.
#pragma once

#include "scalar/functions.hpp"

#include <stdexcept>

namespace costate {

/// True for scalars that expand another one about a point (Series, Dual): their functions reduce to those of the constant term.
template <class T>
inline constexpr bool is_expansion = false;

/// Does 1/x exist? Expansions overload it: theirs exists when that of the constant term does.
template <class T>
bool is_unit(const T& x) {
    return !(x == T(0));
}

}  // namespace costate

namespace costate::detail::point {

// Exact scalars that are not expansions themselves: ℚ and ℤ/p know f only at `where`.
template <class T>
concept OnlyOnePoint = !TranscendentalScalar<T> && !is_expansion<T>;

template <class T>
T known(const T& x, int where, const T& value, const char* sentence) {
    if (!(x == T(where))) throw std::domain_error(sentence);
    return value;
}

template <class T>
T exp(const T& x) {
    if constexpr (OnlyOnePoint<T>) {
        return known(x, 0, T(1), "exp of an expansion over an exact scalar needs the constant term 0; subtract it first");
    } else {
        using std::exp;
        return exp(x);
    }
}

template <class T>
T log(const T& x) {
    if constexpr (OnlyOnePoint<T>) {
        return known(x, 1, T(0), "log of an expansion over an exact scalar needs the constant term 1; divide by it first");
    } else {
        using std::log;
        return log(x);
    }
}

template <class T>
T log1p(const T& x) {
    if constexpr (OnlyOnePoint<T>) {
        return known(x, 0, T(0), "log1p of an expansion over an exact scalar needs the constant term 0; use log and scale");
    } else {
        using std::log1p;
        return log1p(x);
    }
}

template <class T>
T sqrt(const T& x) {
    if constexpr (OnlyOnePoint<T>) {
        return known(x, 1, T(1), "sqrt of an expansion over an exact scalar needs the constant term 1; divide by it first");
    } else {
        using std::sqrt;
        return sqrt(x);
    }
}

template <class T>
T sin(const T& x) {
    if constexpr (OnlyOnePoint<T>) {
        return known(x, 0, T(0), "sin of an expansion over an exact scalar needs the constant term 0; subtract it first");
    } else {
        using std::sin;
        return sin(x);
    }
}

template <class T>
T cos(const T& x) {
    if constexpr (OnlyOnePoint<T>) {
        return known(x, 0, T(1), "cos of an expansion over an exact scalar needs the constant term 0; subtract it first");
    } else {
        using std::cos;
        return cos(x);
    }
}

template <class T>
T tanh(const T& x) {
    if constexpr (OnlyOnePoint<T>) {
        return known(x, 0, T(0), "tanh of an expansion over an exact scalar needs the constant term 0; subtract it first");
    } else {
        using std::tanh;
        return tanh(x);
    }
}

template <class T>
T sigmoid(const T& x) {
    if constexpr (OnlyOnePoint<T>) {
        const T half = T(1) / T(2);
        return known(x, 0, half, "sigmoid of an expansion over an exact scalar needs the constant term 0; subtract it first");
    } else {
        using costate::sigmoid;  // and, by argument-dependent lookup, the overload of an expansion declared later
        return sigmoid(x);
    }
}

template <class T>
T tanh_slope(const T& x) {
    return T(4) * point::sigmoid(T(x + x)) * point::sigmoid(T(-x - x));
}

}  // namespace costate::detail::point
