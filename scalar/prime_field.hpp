// ℤ/p with p = 2⁶¹ - 1: exact arithmetic of constant cost, for equalities over 10³–10⁵ steps where ℚ explodes.
#pragma once

#include <concepts>
#include <cstdint>
#include <ostream>
#include <stdexcept>

namespace costate {

/// Residue class modulo the Mersenne prime p = 2⁶¹ - 1, kept in [0, p). Not ordered.
/// An identity of rational functions that holds here at random points holds in ℚ up to probability deg/p (Schwartz–Zippel).
class PrimeField {
public:
    static constexpr std::uint64_t modulus = (std::uint64_t{1} << 61) - 1;

    constexpr PrimeField() = default;
    template <std::integral Integer>
    constexpr PrimeField(Integer value) : value_(reduced(value)) {}

    /// The class of a residue that is already reduced or not.
    static constexpr PrimeField from_residue(std::uint64_t residue) {
        PrimeField r;
        r.value_ = residue % modulus;
        return r;
    }

    [[nodiscard]] constexpr std::uint64_t residue() const { return value_; }

    constexpr PrimeField& operator+=(PrimeField o) {
        value_ += o.value_;
        if (value_ >= modulus) value_ -= modulus;
        return *this;
    }
    constexpr PrimeField& operator-=(PrimeField o) { return *this += -o; }
    constexpr PrimeField& operator*=(PrimeField o) {
        const Wide product = static_cast<Wide>(value_) * o.value_;
        const auto low = static_cast<std::uint64_t>(product) & modulus;
        const auto high = static_cast<std::uint64_t>(product >> 61);
        value_ = low + high;
        if (value_ >= modulus) value_ -= modulus;
        return *this;
    }
    /// Throws std::domain_error when the divisor is the zero class.
    constexpr PrimeField& operator/=(PrimeField o) { return *this *= o.inverse(); }

    constexpr PrimeField operator-() const { return value_ == 0 ? *this : from_residue(modulus - value_); }
    friend constexpr PrimeField operator+(PrimeField a, PrimeField b) { return a += b; }
    friend constexpr PrimeField operator-(PrimeField a, PrimeField b) { return a -= b; }
    friend constexpr PrimeField operator*(PrimeField a, PrimeField b) { return a *= b; }
    friend constexpr PrimeField operator/(PrimeField a, PrimeField b) { return a /= b; }
    friend constexpr bool operator==(PrimeField, PrimeField) = default;

    /// a⁻¹ = a^(p-2) (Fermat). Throws std::domain_error for the zero class.
    [[nodiscard]] constexpr PrimeField inverse() const {
        if (value_ == 0) {
            throw std::domain_error("division by zero in the prime field: the divisor is 0 modulo 2^61 - 1; choose other inputs");
        }
        PrimeField result{1}, base = *this;
        for (std::uint64_t e = modulus - 2; e != 0; e >>= 1) {
            if (e & 1) result *= base;
            base *= base;
        }
        return result;
    }

    friend std::ostream& operator<<(std::ostream& out, PrimeField a) { return out << a.value_; }

private:
    __extension__ using Wide = unsigned __int128;

    // v mod p; for v < 0 it is p - (-v mod p), with -v formed in unsigned arithmetic so that the least integer is no special case
    template <std::integral Integer>
    static constexpr std::uint64_t reduced(Integer value) {
        const auto bits = static_cast<std::uint64_t>(value);
        if constexpr (std::signed_integral<Integer>) {
            if (value < 0) return (modulus - (~bits + 1) % modulus) % modulus;
        }
        return bits % modulus;
    }

    std::uint64_t value_ = 0;
};

}  // namespace costate
