// What compares, chooses and rounds: the definitions, on every instruction set, and inside the arrays.
#include "guarded.hpp"
#include "kernels/pointwise.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <deque>
#include <limits>
#include <random>
#include <vector>

using namespace costate::kernels;
using simd::Operand;
using simd::Pointwise;

namespace {

constexpr std::size_t function_total = static_cast<std::size_t>(Pointwise::power) + 1;

template <class T>
T defined(Pointwise f, T a, T b, T c, T d, int exponent) {
    switch (f) {
    case Pointwise::maximum: return std::isnan(a) || std::isnan(b) ? std::numeric_limits<T>::quiet_NaN() : std::max(a, b);
    case Pointwise::minimum: return std::isnan(a) || std::isnan(b) ? std::numeric_limits<T>::quiet_NaN() : std::min(a, b);
    case Pointwise::less: return a < b ? T(1) : T(0);
    case Pointwise::less_equal: return a <= b ? T(1) : T(0);
    case Pointwise::equal: return a == b ? T(1) : T(0);
    case Pointwise::raise: return a < b ? b : a;
    case Pointwise::lower: return b < a ? b : a;
    case Pointwise::where: return a == 0 ? c : b;
    case Pointwise::larger_share: return b < a ? c : a < b ? T(0) : c / 2;
    case Pointwise::smaller_share: return a < b ? c : b < a ? T(0) : c / 2;
    case Pointwise::inside: return a <= c || d <= a ? T(0) : b;
    case Pointwise::floor: return std::floor(a);
    case Pointwise::ceil: return std::ceil(a);
    case Pointwise::round: return std::nearbyint(a);
    case Pointwise::sign: return a < 0 ? T(-1) : a > 0 ? T(1) : a;
    case Pointwise::abs: return std::abs(a);
    case Pointwise::power: break;
    }
    T result = 1;
    for (int k = 0; k < std::abs(exponent); ++k) result *= a;
    return exponent < 0 ? b * (1 / result) : b * result;
}

/// Few different values, so that many are equal; every fifth a NaN, an infinity, a zero, a half, or near the largest that has a fraction.
template <class T>
std::vector<T> values(std::size_t n, unsigned seed) {
    std::mt19937 random(seed);
    const T infinity = std::numeric_limits<T>::infinity(), halves = T(1) / std::numeric_limits<T>::epsilon() / 2 - T(0.5);
    const T special[] = {std::numeric_limits<T>::quiet_NaN(), infinity, -infinity, T(-0.0), T(0.5), T(-1.5), T(2.5), halves, -halves, std::numeric_limits<T>::max()};
    std::vector<T> all(n);
    for (T& x : all) x = random() % 5 == 0 ? special[random() % 10] : T(static_cast<int>(random() % 9) - 4) / 2;
    return all;
}

template <class T>
bool same(T a, T b) {
    return a == b || (std::isnan(a) && std::isnan(b));
}

// Powers of numbers whose products are exact: small integers.
template <class T>
void tame(std::vector<T>& x, Pointwise f) {
    for (T& v : x)
        if (f == Pointwise::power) v = T(static_cast<int>(std::isfinite(v) && std::abs(v) < 4 ? 2 * v : 3));
}

template <class T>
void check(const simd::Table<T>& table, Pointwise f, std::size_t n, unsigned ones, bool add, int exponent) {
    std::vector<std::vector<T>> x;
    for (unsigned k = 0; k < 4; ++k) tame(x.emplace_back(values<T>(n, 7 * k + static_cast<unsigned>(n))), f);
    if (f == Pointwise::power && exponent < 0) std::fill(x[0].begin(), x[0].end(), T(2));
    simd::PointwiseCall<T> call{.function = f, .n = n, .x = {}, .y = nullptr, .add = add, .exponent = exponent};
    std::deque<Guarded<T>> arrays;
    const std::size_t arity = simd::operands_of(f);
    for (std::size_t k = 0; k < arity; ++k) {
        const bool one = (ones >> k & 1) != 0;
        T* const data = arrays.emplace_back(one ? 1 : n);
        std::copy_n(x[k].begin(), one ? 1 : n, data);
        call.x[k] = {data, one};
    }
    call.y = arrays.emplace_back(n);
    std::fill_n(call.y, n, T(0.25));
    table.pointwise(call);
    const auto operand = [&](std::size_t k, std::size_t i) { return k < arity ? x[k][(ones >> k & 1) != 0 ? 0 : i] : T(0); };
    bool right = true;
    for (std::size_t i = 0; i < n; ++i) {
        const T value = defined(f, operand(0, i), operand(1, i), operand(2, i), operand(3, i), exponent);
        right = right && same(call.y[i], add ? T(T(0.25) + value) : value);
    }
    INFO("function " << static_cast<int>(f) << ", " << n << " numbers, single operands " << ones << (add ? ", added" : ""));
    CHECK(right);
}

template <class T>
void check_all() {
    for (const Isa isa : supported_isas()) {
        const auto& table = simd::table<T>(isa);
        for (std::size_t f = 0; f < function_total; ++f)
            for (const std::size_t n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 67})
                for (unsigned ones = 0; ones < 1u << simd::operands_of(static_cast<Pointwise>(f)); ++ones)
                    for (const bool add : {false, true})
                        check<T>(table, static_cast<Pointwise>(f), n, ones, add, static_cast<int>(n % 5) - 1);
    }
}

}  // namespace

TEST_CASE("what compares, chooses and rounds is as defined, on every instruction set and inside its arrays", "[quick]") {
    check_all<float>();
    check_all<double>();
}

TEST_CASE("a number of operands that does not belong is refused, and an operand may be the result") {
    std::vector<double> x{-2.5, 0.5, 1.5, 7, -0.5};
    CHECK_THROWS_AS((pointwise<double>(Pointwise::maximum, 5, {{x.data()}}, x.data())), std::invalid_argument);
    const double low = -1;
    pointwise<double>(Pointwise::raise, 5, {{x.data()}, {&low, true}}, x.data());
    CHECK(x == std::vector<double>{-1, 0.5, 1.5, 7, -0.5});
    pointwise<double>(Pointwise::round, 5, {{x.data()}}, x.data());
    CHECK(x == std::vector<double>{-1, 0, 2, 7, 0});
}
