// Arithmetic kernels, reductions and the Runge–Kutta combination: bitwise the reference, on every instruction set.
#include "kernels/elementwise.hpp"
#include "kernels/reduce.hpp"

#include <catch2/catch.hpp>

#include <numeric>
#include <random>

using namespace costate;
using namespace costate::kernels;

namespace {

template <class T>
std::vector<T> noise(std::size_t n, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<T> v(n);
    for (auto& a : v) a = static_cast<T>(std::uniform_real_distribution<double>(0.5, 2)(random) * (random() % 2 ? 1 : -1));
    return v;
}

std::vector<std::size_t> lengths() {
    std::vector<std::size_t> n(18);
    std::iota(n.begin(), n.end(), 0);
    for (const std::size_t m : {31, 32, 33, 63, 64, 65, 127, 128, 129, 1000}) n.push_back(m);
    return n;
}

template <class T>
struct Case {
    typename simd::Table<T>::Binary kernel;
    void (*reference)(std::size_t, const T*, const T*, T*);
};

}  // namespace

TEMPLATE_TEST_CASE("binary kernels are the reference bit by bit, in place and out of line", "[quick]", float, double) {
    using T = TestType;
    for (const Isa isa : supported_isas()) {
        const auto& t = simd::table<T>(isa);
        const std::vector<Case<T>> cases = {{t.add, reference::add<T>},
                                            {t.sub, reference::sub<T>},
                                            {t.mul, reference::mul<T>},
                                            {t.div, reference::div<T>},
                                            {t.mul_accumulate, reference::mul_accumulate<T>},
                                            {t.mul_subtract, reference::mul_subtract<T>},
                                            {t.div_accumulate, reference::div_accumulate<T>}};
        for (const std::size_t n : lengths()) {
            const auto a = noise<T>(n + 1, 1), b = noise<T>(n + 1, 2), start = noise<T>(n + 2, 3);
            for (const auto& c : cases) {
                auto y = start, expected = start;
                c.kernel(n, a.data() + 1, b.data(), y.data() + 1);
                c.reference(n, a.data() + 1, b.data(), expected.data() + 1);
                CHECK(y == expected);  // the element on either side included
                c.kernel(n, y.data(), b.data(), y.data());
                c.reference(n, expected.data(), b.data(), expected.data());
                CHECK(y == expected);
            }
        }
    }
}

TEMPLATE_TEST_CASE("one-operand and row kernels are the reference bit by bit", "[quick]", float, double) {
    using T = TestType;
    for (const Isa isa : supported_isas()) {
        const auto& t = simd::table<T>(isa);
        for (const std::size_t n : lengths()) {
            const auto x = noise<T>(3 * n, 1), row = noise<T>(n, 4), start = noise<T>(3 * n + 1, 2);
            auto y = start, expected = start;
            const T* const in = x.data();
            T *const out = y.data(), *const wanted = expected.data();
            t.axpy(n, T(1.1), in, out);
            reference::axpy<T>(n, T(1.1), in, wanted);
            CHECK(y == expected);
            t.accumulate(n, in, out);
            reference::accumulate<T>(n, in, wanted);
            CHECK(y == expected);
            t.negate(n, out, out);
            reference::negate<T>(n, wanted, wanted);
            CHECK(y == expected);
            t.scale(n, T(0.3), in, out);
            reference::scale<T>(n, T(0.3), in, wanted);
            CHECK(y == expected);
            t.add_row(3, n, in, row.data(), out);
            reference::add_row<T>(3, n, in, row.data(), wanted);
            CHECK(y == expected);
        }
    }
}

TEMPLATE_TEST_CASE("sums keep one order on every instruction set and at every alignment", "[quick]", float, double) {
    using T = TestType;
    for (const std::size_t n : lengths()) {
        const auto a = noise<T>(n + 3, 5), b = noise<T>(n + 3, 6);
        const T sum_reference = reference::sum<T>(n, a.data() + 1);
        const T dot_reference = reference::dot<T>(n, a.data() + 1, b.data() + 2);
        for (const Isa isa : supported_isas()) {
            CHECK(simd::table<T>(isa).sum(n, a.data() + 1) == sum_reference);
            CHECK(simd::table<T>(isa).dot(n, a.data() + 1, b.data() + 2) == dot_reference);
        }
    }
    // Negative control: another order gives another result, so the equalities above say something.
    int different = 0;
    for (unsigned seed = 0; seed < 20; ++seed) {
        const auto a = noise<T>(1000, seed);
        different += std::accumulate(a.begin(), a.end(), T(0)) != reference::sum<T>(1000, a.data());
    }
    CHECK(different > 0);
    // In exact arithmetic the order is invisible: the sum is right, not merely reproducible.
    std::vector<Rational> q(100);
    for (int i = 0; i < 100; ++i) q[i] = ratio(1, (i + 1) * (i + 2));
    CHECK(sum<Rational>(q) == ratio(100, 101));  // telescopes
    CHECK(dot<Rational>(q, std::vector<Rational>(100, Rational(2))) == ratio(200, 101));
}

TEMPLATE_TEST_CASE("rk_combine is the reference bit by bit, in place too", "[quick]", float, double) {
    using T = TestType;
    for (const Isa isa : supported_isas()) {
        for (const std::size_t n : lengths()) {
            for (const std::size_t terms : {0, 1, 2, 7}) {
                std::vector<std::vector<T>> k;
                std::vector<const T*> pointers;
                for (std::size_t j = 0; j < terms; ++j) k.push_back(noise<T>(n, 10 + j));
                for (const auto& kj : k) pointers.push_back(kj.data());
                const auto c = noise<T>(terms, 3), x = noise<T>(n, 4);
                auto y = x, expected = x;
                simd::table<T>(isa).rk_combine(n, y.data(), T(0.1), terms, c.data(), pointers.data(), y.data());
                reference::rk_combine<T>(n, x.data(), T(0.1), terms, c.data(), pointers.data(), expected.data());
                CHECK(y == expected);
            }
        }
    }
    const std::vector<T> x = {T(1), T(2)}, k = {T(4), T(8)}, c = {T(0.5)};
    const std::vector<const T*> pointers = {k.data()};
    std::vector<T> y(2);
    rk_combine<T>(x, T(2), c, pointers, y);
    CHECK(y == std::vector<T>{T(5), T(10)});
    CHECK_THROWS_AS(rk_combine<T>(x, T(2), std::vector<T>{}, pointers, y), std::invalid_argument);
}

TEMPLATE_TEST_CASE("the public forms", "[quick]", double, Rational, Mpfr50) {
    using T = TestType;
    const std::vector<T> a = {T(6), T(8)}, b = {T(3), T(2)};
    std::vector<T> y(2, T(1));
    const auto is = [&](int first, int second) { return y[0] == T(first) && y[1] == T(second); };
    add<T>(a, b, y);
    CHECK(is(9, 10));
    sub<T>(a, b, y);
    CHECK(is(3, 6));
    mul<T>(a, b, y);
    CHECK(is(18, 16));
    div<T>(a, b, y);
    CHECK(is(2, 4));
    mul_accumulate<T>(a, b, y);
    CHECK(is(20, 20));
    mul_subtract<T>(b, b, y);
    CHECK(is(11, 16));
    div_accumulate<T>(a, b, y);
    CHECK(is(13, 20));
    negate<T>(y, y);
    CHECK(is(-13, -20));
    axpy<T>(T(2), a, y);
    CHECK(is(-1, -4));
    accumulate<T>(b, y);
    CHECK(is(2, -2));
    scale<T>(T(3), a, y);
    CHECK(is(18, 24));
    add_row<T>(1, a, b, y);
    CHECK(is(9, 10));
    CHECK_THROWS_WITH(add<T>(a, std::span<const T>(b).first(1), y),
                      Catch::Contains("kernels::add: the span 'b' has 1 elements instead of 2"));
}
