// exp, log, sin, erf and what activations are made of, on one vector register.
//
// Coefficients: minimax polynomials by Remez exchange and a minimax rational function by reweighted least squares, both fitted in
// 60-digit arithmetic to the weight named beside each and rounded to the format; the fit's own error is in brackets.
#pragma once

#include "kernels/simd/vector.hpp"

#include <limits>

namespace costate::kernels::simd {
namespace {

template <class T>
struct Coefficients {
    // (eʳ - 1 - r)/r² on |r| ≤ ln2/2, weight |r| [1.8e-17]
    static constexpr std::array<T, 10> exp = {
        0.50000000000000056, 0.16666666666666685, 0.041666666666573905, 0.008333333333314874, 0.0013888888932325671,
        0.00019841269902437186, 2.4801504480770677e-05, 2.7557228467113724e-06, 2.7626320934828137e-07,
        2.5114316613861625e-08};
    // (2 artanh s - 2s)/s³ in s², |s| ≤ 0.1716, weight s² [2.5e-18]
    static constexpr std::array<T, 7> log = {
        0.6666666666666734, 0.3999999999941336, 0.28571428742724136, 0.22222198534813098, 0.18183566500127746,
        0.15313990682413028, 0.14796588613525222};
    // erf(x)/x in x², |x| ≤ 1 [7.1e-18]
    static constexpr std::array<T, 12> erf = {
        1.1283791670955126, -0.37612638903183548, 0.11283791670945253, -0.026866170643276233, 0.0052239776074236213,
        -0.00085483259897058529, 0.00012055295320815185, -1.4924744670342449e-05, 1.6447517773201075e-06,
        -1.6209176697240427e-07, 1.3722979850269634e-08, -7.8011958222979995e-10};
    // e^(a²/2) Φ(-a) = P(a)/Q(a) on [0, 40], relative [1.2e-18]; all coefficients positive: nothing cancels
    static constexpr std::array<T, 11> tail_p = {
        0.5, 0.82857653176403934, 0.68062370114577453, 0.3581260849053457, 0.13242831196412436, 0.035797416613335652,
        0.0071543613170419644, 0.0010451929643440978, 0.0001072332118189485, 7.0264704017245326e-06,
        2.260775635245206e-07};
    static constexpr std::array<T, 12> tail_q = {
        1, 2.4550376243309442, 2.8200840189353467, 2.0047963767883643, 0.98235622993392002, 0.34934994788007534,
        0.092315501658239957, 0.01820098477159782, 0.0026375229864409678, 0.00026936049313493833,
        1.761274937984777e-05, 5.666924129901341e-07};
    // (Φ(x) - ½)/x in x², |x| ≤ ½ [1.0e-18]
    static constexpr std::array<T, 8> normal = {
        0.3989422804014327, -0.066490380066904928, 0.0099735570099925164, -0.0011873282140927751,
        0.00011543466576699644, -9.4444692732494993e-06, 6.6508113266305617e-07, -3.9018847452905342e-08};
    // (sin r - r)/r³ and (cos r - 1 + r²/2)/r⁴ in r², |r| ≤ π/4, weights r² and r⁴ [3.5e-18, 4.8e-20]
    static constexpr std::array<T, 6> sin = {
        -0.16666666666666632, 0.0083333333333223368, -0.00019841269829740883, 2.7557313667107782e-06,
        -2.5050754015331238e-08, 1.5896546868498911e-10};
    static constexpr std::array<T, 6> cos = {
        0.041666666666666602, -0.001388888888887412, 2.4801587289466243e-05, -2.7557314344611324e-07,
        2.0875721876200489e-09, -1.1359560216429424e-11};
    static constexpr T ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45;  // n · ln2_high is exact for |n| < 2¹¹
    static constexpr T exp_limit = 800, gauss_limit = 28, normal_limit = 40;           // beyond: 0 or ∞, e^(-x²) = 0, Φ(-x) = 0
    static constexpr T silu_limit = -700;                                              // from here on e^-x is finite
    static constexpr T smallest_normal = 0x1p-1022, subnormal_scale = 0x1p54, subnormal_shift = 54;
};

template <>
struct Coefficients<float> {
    static constexpr std::array<float, 6> exp = {
        0.5f, 0.166666672f, 0.041666355f, 0.00833327323f, 0.00139409979f, 0.000199141432f};
    static constexpr std::array<float, 4> log = {0.666666627f, 0.400003344f, 0.285372794f, 0.235827446f};
    static constexpr std::array<float, 7> erf = {
        1.12837911f, -0.37612626f, 0.112836003f, -0.0268544443f, 0.00518953521f, -0.000802084105f, 7.88911784e-05f};
    static constexpr std::array<float, 5> tail_p = {0.5f, 0.440206647f, 0.184654787f, 0.0411126465f, 0.00418764725f};
    static constexpr std::array<float, 6> tail_q = {
        1.0f, 1.67829835f, 1.20839262f, 0.473218828f, 0.103059933f, 0.01049677f};
    static constexpr std::array<float, 4> normal = {0.398942292f, -0.0664899498f, 0.00996488053f, -0.00113124249f};
    static constexpr float ln2_high = 0.693145752f, ln2_low = 1.42860677e-06f;  // n · ln2_high is exact for |n| < 2⁸
    static constexpr float exp_limit = 130, gauss_limit = 11, normal_limit = 15, silu_limit = -80;
    static constexpr float smallest_normal = 0x1p-126f, subnormal_scale = 0x1p25f, subnormal_shift = 25;
};

// eˣ = 2ⁿ (1 + growth), |ln(1 + growth)| ≤ ln2/2 up to rounding; NaN stays NaN.
template <class V>
struct Exponential {
    V growth, mantissa;  // mantissa = 1 + growth
    PowerOfTwo<V> scaled;
    [[gnu::always_inline]] V value() const { return scaled(mantissa); }
};

// For |x| ≤ exp_limit, and NaN.
template <class V>
[[gnu::always_inline]] inline Exponential<V> exponential_within(const V& x) {
    using T = Element<V>;
    using C = Coefficients<T>;
    const V shift(Format<T>::round_shift);
    const V n = add_product(x, V(T(1.4426950408889634074L)), shift) - shift;
    const V r = subtract_product(n, V(C::ln2_low), subtract_product(n, V(C::ln2_high), x));
    const V growth = add_product(r * r, polynomial(r, C::exp), r);
    return {growth, V(1) + growth, PowerOfTwo<V>(n)};
}
template <class V>
[[gnu::always_inline]] inline Exponential<V> exponential(const V& x) {
    const V limit(Coefficients<Element<V>>::exp_limit);
    return exponential_within(xsimd::min(limit, xsimd::max(-limit, x)));  // this order of operands keeps a NaN
}

// k ln2 + log(1 + f) for 1 + f in [√½, √2], k integral (k = 0: relative accuracy down to the smallest f).
template <class V>
[[gnu::always_inline]] inline V log_near_one(const V& f, const V& k) {
    using C = Coefficients<Element<V>>;
    const V half_square = V(Element<V>(0.5)) * f * f;
    const V s = f / (V(2) + f), z = s * s;
    const V tail = add_product(s, add_product(z, polynomial(z, C::log), half_square), k * V(C::ln2_low));
    return k * V(C::ln2_high) - ((half_square - tail) - f);
}

template <class V>
[[gnu::always_inline]] inline V logarithm(const V& x) {
    using T = Element<V>;
    using C = Coefficients<T>;
    using F = Format<T>;
    using I = Integers<V>;
    constexpr auto one = F::bias << F::mantissa_bits;
    constexpr auto root_half = static_cast<typename F::Integer>(is_double<V> ? 0x3fe6a09e667f3bcd : 0x3f3504f3);  // bits of √½
    constexpr T integer_bits = F::round_shift / T(1.5);  // its mantissa holds a small integer as it is
    const auto tiny = x < V(C::smallest_normal);
    const I raw = bits<I>(xsimd::select(tiny, x * V(C::subnormal_scale), x));
    const I exponent = (raw + I(one - root_half)) >> F::mantissa_bits;
    const V m = bits<V>(raw - (exponent << F::mantissa_bits) + I(one));
    const V biased = bits<V>(exponent | bits<I>(V(integer_bits))) - V(integer_bits);
    const V k = biased - V(static_cast<T>(F::bias)) - xsimd::select(tiny, V(C::subnormal_shift), V(0));
    const V infinity(std::numeric_limits<T>::infinity()), nan(std::numeric_limits<T>::quiet_NaN());
    const V finite = log_near_one(m - V(1), k);
    const V positive = xsimd::select(x < infinity, finite, x);  // +∞ and NaN
    return xsimd::select(x == V(0), -infinity, xsimd::select(x < V(0), nan, positive));
}

// log(1 + e) for e in [0, 1], relative accuracy down to subnormal e
template <class V>
[[gnu::always_inline]] inline V log1p_unit(const V& e) {
    using T = Element<V>;
    const auto large = e > V(T(0.41421356));
    const V f = xsimd::select(large, (e - V(1)) * V(T(0.5)), e);
    return log_near_one(f, xsimd::select(large, V(1), V(0)));
}

// e^(-c a²) for c = 1 or ½ and a ≥ 0 below exp_limit after squaring, the rounding of a² made good.
template <class V>
struct Gaussian {
    V mantissa;
    PowerOfTwo<V> scaled;
};
template <class V>
[[gnu::always_inline]] inline Gaussian<V> gaussian(const V& a, const V& c) {
    const ExactSquare<V> exact = exact_square(a);
    const Exponential<V> e = exponential(-c * exact.square);
    return {subtract_product(e.mantissa, c * exact.tail, e.mantissa), e.scaled};
}

// e^(a²/2) Φ(-a), a ≥ 0: the normal tail without its decay
template <class V>
[[gnu::always_inline]] inline V scaled_normal_tail(const V& a) {
    using C = Coefficients<Element<V>>;
    return polynomial(a, C::tail_p) / polynomial(a, C::tail_q);
}

template <class V>
struct SinCos {
    V sin, cos;
};

// a + b = sum + error exactly (Knuth)
template <class V>
struct TwoSum {
    V sum, error;
    [[gnu::always_inline]] TwoSum(const V& a, const V& b) : sum(a + b) {
        const V t = sum - a;
        error = (a - (sum - t)) + (b - t);
    }
};

// sin x and cos x of doubles, |x| ≤ 10⁶: x - n π/2 = high + low with π/2 in four parts, n times each of the first three exact,
// so that the multiples of π/2 lose no accuracy (Cody & Waite).
template <class V>
[[gnu::always_inline]] inline SinCos<V> sincos_reduced(const V& x) {
    using C = Coefficients<double>;
    using I = Integers<V>;
    const V shift(Format<double>::round_shift);
    const V shifted = add_product(x, V(0.63661977236758134308), shift);
    const V n = shifted - shift;
    const V first = x - n * V(0x1.921fb544p+0);
    const TwoSum<V> second(first, -(n * V(0x1.0b4611a6p-34)));
    const TwoSum<V> third(second.sum, second.error - n * V(0x1.3198a2ep-69));
    const V r = third.sum, low = third.error - n * V(0x1.b839a252049c1p-104);
    const V z = r * r, half = V(0.5) * z;
    const V s = xsimd::select(r == V(0), x, r + add_product(r * z, polynomial(z, C::sin), low * (V(1) - half)));  // keeps -0
    const V one_minus = V(1) - half;
    const V c = one_minus + (((V(1) - one_minus) - half) + add_product(z * z, polynomial(z, C::cos), -(r * low)));
    const I q = bits<I>(shifted);
    const auto odd = bits<V>((q << 63) | bits<I>(V(1.0))) < V(0);
    const I sin_sign = (q >> 1) << 63, cos_sign = ((q + I(1)) >> 1) << 63;
    return {bits<V>(bits<I>(xsimd::select(odd, c, s)) ^ sin_sign), bits<V>(bits<I>(xsimd::select(odd, s, c)) ^ cos_sign)};
}

}  // namespace
}  // namespace costate::kernels::simd
