// Pseudo-random members of every scalar, from a counter: the same on every machine.
#pragma once

#include "scalar/dual.hpp"
#include "scalar/series.hpp"
#include "scalar/traits.hpp"

#include <cstdint>

namespace costate::samples {

/// SplitMix64 (Steele, Lea & Flood 2014).
class Source {
public:
    explicit Source(std::uint64_t seed) : state_(seed) {}
    std::uint64_t bits() {
        std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        return z ^ (z >> 31);
    }
    /// An integer in [-bound, bound].
    int integer(int bound) { return static_cast<int>(bits() % static_cast<std::uint64_t>(2 * bound + 1)) - bound; }

private:
    std::uint64_t state_;
};

/// Floating point: k/16 with |k| ≤ 64, never 0; sums and products of three of them are exact in float: the axioms hold with ==.
template <class T>
struct Sample {
    static T draw(Source& source) {
        const int k = source.integer(64);
        return T(k == 0 ? 1 : k) / T(16);
    }
};

template <>
struct Sample<Rational> {
    static Rational draw(Source& source) {
        const int n = source.integer(1000);
        return ratio(n == 0 ? 7 : n, 1 + source.integer(50) + 50);
    }
};

template <>
struct Sample<PrimeField> {
    static PrimeField draw(Source& source) { return PrimeField::from_residue(source.bits() | 1); }
};

template <class T, std::size_t N>
struct Sample<Series<T, N>> {
    static Series<T, N> draw(Source& source) {
        Series<T, N> a;
        for (std::size_t k = 0; k < N; ++k) a[k] = Sample<T>::draw(source);
        return a;
    }
};

template <class T>
struct Sample<Dual<T>> {
    static Dual<T> draw(Source& source) {
        const T a = Sample<T>::draw(source);
        return {a, Sample<T>::draw(source)};
    }
};

template <class T>
T draw(Source& source) {
    return Sample<T>::draw(source);
}

}  // namespace costate::samples
