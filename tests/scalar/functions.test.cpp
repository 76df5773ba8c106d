// Activations and slopes in every floating-point scalar, against their definitions at 1000 digits: cancellation costs nothing there.
#include "scalar/functions.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <vector>

using namespace costate;
using Wide = Mpfr<1000>;

namespace {

Wide wide_sigmoid(const Wide& x) { return 1 / (1 + exp(-x)); }
Wide wide_cdf(const Wide& x) { return (1 + erf(x / sqrt(Wide(2)))) / 2; }
Wide wide_density(const Wide& x) { return exp(-x * x / 2) / sqrt(8 * atan(Wide(1))); }
Wide magnitude(const Wide& x) { return x < 0 ? Wide(-x) : x; }

// |value - reference| ≤ units · ε · scale, or below the range of T altogether
template <class T>
bool close(const T& value, const Wide& reference, const Wide& scale, double units) {
    const Wide error = magnitude(static_cast<Wide>(value) - reference);
    const Wide floor = static_cast<Wide>(std::numeric_limits<T>::min()) * 4;
    return error <= units * static_cast<Wide>(std::numeric_limits<T>::epsilon()) * magnitude(scale) || error <= floor;
}

template <class T>
bool close(const T& value, const Wide& reference, double units) {
    return close(value, reference, reference, units);
}

template <class T>
std::vector<T> arguments() {
    std::vector<T> xs;
    for (const double x : {0.0, 1e-30, 1e-8, 0.1, 0.5, 1.0, 1.2784645, 2.0, 3.7, 6.1, 9.0, 17.0, 25.0, 37.0, 60.0, 88.0, 120.0,
                           300.0, 700.0}) {
        xs.push_back(T(x));
        xs.push_back(T(-x));
    }
    return xs;
}

}  // namespace

TEMPLATE_TEST_CASE("sigmoid, silu, softplus and their slopes keep relative accuracy in both tails", "", float, double, long double,
                   Mpfr50) {
    using T = TestType;
    for (const T& x : arguments<T>()) {
        const Wide z = static_cast<Wide>(x), s = wide_sigmoid(z), mirrored = wide_sigmoid(-z);
        CAPTURE(x);
        CHECK(close(sigmoid(x), s, 3));
        CHECK(close(sigmoid_slope(x), s * mirrored, 6));
        CHECK(close(silu(x), z * s, 4));
        CHECK(close(silu_slope(x), s * (1 + z * mirrored), s * (1 + magnitude(z) * mirrored), 8));
        CHECK(close(softplus(x), log(1 + exp(z)), 4));
        CHECK(close(softplus_slope(x), s, 3));
        CHECK(close(tanh_slope(x), 4 * wide_sigmoid(2 * z) * wide_sigmoid(-2 * z), 6));
    }
}

TEMPLATE_TEST_CASE("gelu and its slope: a few units for x ≥ -1, x² units in the left tail", "", float, double, long double,
                   Mpfr50) {
    using T = TestType;
    for (const T& x : arguments<T>()) {
        if (magnitude(static_cast<Wide>(x)) > 60) continue;  // the definition with 1 + erf needs more than 1000 digits there
        const Wide z = static_cast<Wide>(x), p = wide_cdf(z), d = wide_density(z);
        const double tail = x < T(-1) ? static_cast<double>(z * z) : 0.0;
        CAPTURE(x);
        CHECK(close(gelu(x), z * p, 4 + 2 * tail));
        CHECK(close(gelu_slope(x), p + z * d, p + magnitude(z) * d, 6 + 2 * static_cast<double>(z * z)));
        CHECK(close(erf_slope(x), 2 / sqrt(4 * atan(Wide(1))) * exp(-z * z), 4 + 2 * static_cast<double>(z * z)));
    }
}

TEST_CASE("textbook formulas fail the same bounds") {
    const double left = -10, far = -50, right = 20;
    CHECK_FALSE(close(left * (1 + std::erf(left / std::sqrt(2.0))) / 2, Wide(left) * wide_cdf(left), 4 + 2 * left * left));
    CHECK_FALSE(close(std::log(1 + std::exp(far)), log(1 + exp(Wide(far))), 4));
    CHECK_FALSE(close(1 - std::tanh(right) * std::tanh(right), 4 * wide_sigmoid(2 * right) * wide_sigmoid(-2 * right), 6));
    CHECK_FALSE(close(1 - sigmoid(40.0), wide_sigmoid(-40), 3));
    CHECK_FALSE(close(std::log(1 + std::exp(800.0)), Wide(800), 4));
}

TEST_CASE("values printed by mpmath at 70 digits") {
    const auto agrees = [](const Mpfr50& value, const char* printed) {
        const Mpfr50 expected(printed);
        return abs(value - expected) <= abs(expected) * Mpfr50("1e-47");
    };
    CHECK(agrees(sigmoid(Mpfr50(-20)), "2.061153618190203581430862129474592690752490018869299652e-9"));
    CHECK(agrees(sigmoid(Mpfr50(0.5)), "0.6224593312018545646389005657455084787532793653089101631"));
    CHECK(agrees(silu(Mpfr50(-20)), "-4.122307236380407162861724258949185381504980037738599305e-8"));
    CHECK(agrees(silu_slope(Mpfr50(-2.5)), "-0.09940111134152684113752587008540080949790840986773238529"));
    CHECK(agrees(gelu(Mpfr50(-10)), "-7.619853024160526065973343251599308363504033277956960578e-23"));
    CHECK(agrees(gelu(Mpfr50(-1)), "-0.158655253931457051414767454367962077522087033273395609"));
    CHECK(agrees(gelu(Mpfr50(0.75)), "0.5800294857173488505047033729623926911732013050932991706"));
    CHECK(agrees(gelu_slope(Mpfr50(-10)), "-7.618400096464814085679300147525884151724422280103558981e-22"));
    CHECK(agrees(softplus(Mpfr50(-50)), "1.928749847963917783017156812728211532954684690357056332e-22"));
    CHECK(agrees(softplus(Mpfr50(3)), "3.048587351573742058758925919854689997941881642828108621"));
    CHECK(agrees(tanh_slope(Mpfr50(20)), "1.699341702116635583692882810380141920666576247530354214e-17"));
    CHECK(agrees(erf_slope(Mpfr50(5)), "1.567086653101733530824336832262117158235520794022790948e-11"));
    CHECK_FALSE(agrees(gelu(Mpfr50(0.75)), "0.5800294857173488505047033729623926911732013051"));
}

TEST_CASE("infinities have their limits and NaN stays NaN") {
    const auto check = []<class T>(T infinity, T nan) {
        CHECK(sigmoid(infinity) == 1);
        CHECK(sigmoid(T(-infinity)) == 0);
        CHECK(silu(infinity) == infinity);
        CHECK(silu(T(-infinity)) == 0);
        CHECK(silu_slope(infinity) == 1);
        CHECK(silu_slope(T(-infinity)) == 0);
        CHECK(gelu(infinity) == infinity);
        CHECK(gelu(T(-infinity)) == 0);
        CHECK(gelu_slope(infinity) == 1);
        CHECK(gelu_slope(T(-infinity)) == 0);
        CHECK(softplus(infinity) == infinity);
        CHECK(softplus(T(-infinity)) == 0);
        CHECK(relu(infinity) == infinity);
        CHECK(relu(T(-infinity)) == 0);
        for (const T& y : {sigmoid(nan), silu(nan), silu_slope(nan), gelu(nan), gelu_slope(nan), softplus(nan), relu(nan)}) {
            CHECK(y != y);
        }
    };
    check(std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN());
    check(std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN());
    check(std::numeric_limits<long double>::infinity(), std::numeric_limits<long double>::quiet_NaN());
    check(std::numeric_limits<Mpfr50>::infinity(), std::numeric_limits<Mpfr50>::quiet_NaN());
}

TEST_CASE("relu and its slope are exact, the slope at the kink is 0") {
    CHECK(relu(ratio(-1, 3)) == 0);
    CHECK(relu(ratio(1, 3)) == ratio(1, 3));
    CHECK(relu_slope(ratio(1, 3)) == 1);
    CHECK(relu_slope(ratio(0)) == 0);
    CHECK(relu_slope(-2.0F) == 0.0F);
}

namespace elsewhere {
template <class T>
T error_function(const T& x) {
    using std::erf;
    return erf(x);
}
template <class T>
T complement(const T& x) {
    using std::erfc;
    return erfc(x);
}
}  // namespace elsewhere

TEST_CASE("using std::erf finds the error function of every scalar, rounded correctly in MPFR") {
    // mpmath at 115 digits
    const char* const quarter =
        "0.276326390168236932985068267764815712065353977892311254082471931262685083897302225185184805849741366790049";
    CHECK(elsewhere::error_function(Mpfr50(0.25)) == Mpfr50(quarter));
    CHECK(elsewhere::error_function(Mpfr100(0.25)) == Mpfr100(quarter));
    CHECK(elsewhere::error_function(0.25F) == Approx(0.27632639F));
    CHECK(elsewhere::error_function(0.25) == Approx(0.27632639016823693));
    CHECK(elsewhere::error_function(0.25L) == Approx(0.27632639016823693));
    CHECK(elsewhere::complement(Mpfr50(20)) == Mpfr50("5.395865611607900928934999167905345604088272670923605283e-176"));
    CHECK(elsewhere::error_function(-std::numeric_limits<Mpfr50>::infinity()) == -1);
}
