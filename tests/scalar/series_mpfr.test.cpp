// Power series at 50 digits about points other than 0: against closed forms of the derivatives and MPFR's own functions nearby.
#include "scalar/series_functions.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace costate;

namespace {

constexpr std::size_t terms = 24;
using M = Mpfr50;
using S = Series<M, terms>;

bool close(const M& a, const M& b, const char* bound = "1e-45") { return abs(a - b) <= M(bound) * abs(b); }

M factorial(int n) { return n < 2 ? M(1) : M(n * factorial(n - 1)); }

template <class Closed>
bool coefficients_are(const S& s, Closed closed) {
    for (std::size_t k = 0; k < terms; ++k) {
        if (!close(s[k], closed(static_cast<int>(k)))) return false;
    }
    return true;
}

// Hermite polynomial H_n(x) by its three-term recurrence, DLMF table 18.9.1
M hermite(int n, const M& x) {
    M previous(0), current(1);
    for (int k = 0; k < n; ++k) {
        const M next = 2 * x * current - 2 * k * previous;
        previous = current;
        current = next;
    }
    return current;
}

// f's series about a, summed at a + step, is f(a + step): no derivative formula enters.
template <class F>
bool continues(F f, const M& a, const M& step = M("0.003")) {
    return close(f(a + S::variable()).evaluate(step), M(f(M(a + step))), "1e-44");
}

}  // namespace

TEST_CASE("Taylor coefficients about a ≠ 0 equal the closed forms of the derivatives") {
    const M a("1.7");
    const S x = a + S::variable();
    const M half_pi = 2 * atan(M(1));
    CHECK(coefficients_are(exp(x), [&](int k) { return M(exp(a) / factorial(k)); }));
    CHECK(coefficients_are(log(x), [&](int k) { return k == 0 ? M(log(a)) : M((k % 2 == 1 ? 1 : -1) / (k * pow(a, k))); }));
    CHECK(coefficients_are(sin(x), [&](int k) { return M(sin(a + k * half_pi) / factorial(k)); }));
    CHECK(coefficients_are(cos(x), [&](int k) { return M(cos(a + k * half_pi) / factorial(k)); }));
    CHECK(coefficients_are(1 / x, [&](int k) { return M((k % 2 == 0 ? 1 : -1) / pow(a, k + 1)); }));
    CHECK(coefficients_are(sqrt(x), [&](int k) {
        M b = sqrt(a);
        for (int j = 0; j < k; ++j) b *= (M(0.5) - j) / (j + 1) / a;
        return b;
    }));
    const auto erf_coefficient = [&](int k) {  // DLMF 7.10.1
        if (k == 0) return M(erf(a));
        return M((k % 2 == 1 ? 1 : -1) / sqrt(half_pi / 2) * hermite(k - 1, a) * exp(-a * a) / factorial(k));
    };
    CHECK(coefficients_are(erf(x), erf_coefficient));
    CHECK(coefficients_are(erfc(x), [&](int k) { return k == 0 ? M(erfc(a)) : M(-erf_coefficient(k)); }));
    CHECK_FALSE(coefficients_are(erf(x), [&](int k) { return M(erf_coefficient(k) * factorial(k)); }));
    CHECK_FALSE(coefficients_are(exp(x), [&](int k) { return M(exp(a) / factorial(k + 1)); }));
}

TEST_CASE("a series sums to the function at a neighbouring point") {
    for (const char* point : {"-30", "-6.5", "-1.2", "-0.25", "0.4", "1.9", "12", "41"}) {
        const M a(point);
        CAPTURE(point);
        CHECK(continues([](const auto& x) { return exp(x); }, a));
        CHECK(continues([](const auto& x) { return sin(x); }, a));
        CHECK(continues([](const auto& x) { return cos(x); }, a));
        CHECK(continues([](const auto& x) { return tanh(x); }, a));
        CHECK(continues([](const auto& x) { return erf(x); }, a));
        CHECK(continues([](const auto& x) { return sqrt(x * x); }, a));
        CHECK(continues([](const auto& x) { return log(x * x); }, a));
        CHECK(continues([](const auto& x) { return log1p(x * x); }, a));
        CHECK(continues([](const auto& x) { return sigmoid(x); }, a));
        CHECK(continues([](const auto& x) { return silu(x); }, a));
        CHECK(continues([](const auto& x) { return silu_slope(x); }, a));
        CHECK(continues([](const auto& x) { return softplus(x); }, a));
        CHECK(continues([](const auto& x) { return tanh_slope(x); }, a));
        CHECK(continues([](const auto& x) { return relu(x); }, a));
        CHECK_FALSE(close(tanh(a + S::variable()).evaluate(M("-0.003")) + 2, tanh(M(a + M("0.003"))) + 2));  // the wrong side
    }
}

TEST_CASE("gelu, its slope and erfc about points of both tails") {
    for (const char* point : {"-9", "-4", "-1", "0.3", "2.5", "8"}) {
        const M a(point);
        CAPTURE(point);
        CHECK(continues([](const auto& x) { return gelu(x); }, a, M("0.001")));
        CHECK(continues([](const auto& x) { return gelu_slope(x); }, a, M("0.001")));
        CHECK(continues([](const auto& x) { return erfc(x); }, a, M("0.001")));
        CHECK(continues([](const auto& x) { return erf_slope(x); }, a, M("0.001")));
    }
}

TEST_CASE("slopes are derivatives, coefficient by coefficient") {
    const auto matches = [](const S& f, const S& slope) {
        const S d = f.derivative();
        for (std::size_t k = 0; k + 1 < terms; ++k) {
            if (!close(d[k], slope[k], "1e-38")) return false;
        }
        return true;
    };
    for (const char* point : {"-5", "-0.7", "0.9", "6"}) {
        const S x = M(point) + S::variable();
        CAPTURE(point);
        CHECK(matches(sigmoid(x), sigmoid_slope(x)));
        CHECK(matches(silu(x), silu_slope(x)));
        CHECK(matches(gelu(x), gelu_slope(x)));
        CHECK(matches(softplus(x), softplus_slope(x)));
        CHECK(matches(tanh(x), tanh_slope(x)));
        CHECK(matches(erf(x), erf_slope(x)));
        CHECK_FALSE(matches(gelu(x), silu_slope(x)));
    }
}
