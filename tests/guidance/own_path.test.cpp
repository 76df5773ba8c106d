// Paths of one's own: copies of the library's paths, whose formulas and derivatives are written out and tested in paths.test.cpp.
#include "guidance/models/gaussian_mixture.hpp"
#include "guidance/paths/conversions.hpp"
#include "guidance/paths/end.hpp"
#include "guidance/paths/own_path.hpp"
#include "mixtures.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

using namespace costate;
using namespace costate::guidance;

namespace {

struct Straight {
    static constexpr std::string_view name = "straight";
    auto alpha(const auto& t) const { return t; }
    auto sigma(const auto& t) const { return 1 - t; }
};

// α = tⁿ: a path with a parameter, and a name that tells it
struct Power {
    int n;
    std::string name = "power:" + std::to_string(n);
    template <class T> T alpha(const T& t) const {
        T product(1);
        for (int k = 0; k < n; ++k) product = product * t;
        return product;
    }
    template <class T> T sigma(const T& t) const {
        T sum(1);
        for (int k = 1; k < n; ++k) sum = sum * t + 1;
        return (1 - t) * sum;
    }
};

struct Root {
    static constexpr std::string_view name = "root";
    template <class T> T alpha(const T& t) const { return t; }
    template <class T> T sigma2(const T& t) const { return (1 - t) * (1 + t); }
};

// cond-ot by the square of its σ
struct Squared {
    static constexpr std::string_view name = "squared";
    auto alpha(const auto& t) const { return t; }
    auto sigma2(const auto& t) const { return (1 - t) * (1 - t); }
};

struct Wave {
    static constexpr std::string_view name = "wave";
    template <class T> T alpha(const T& t) const { return sin(pi<T>() / 2 * t); }
    template <class T> T sigma(const T& t) const { return sin(pi<T>() / 2 * (1 - t)); }
};

struct Decay {
    static constexpr std::string_view name = "decay";
    template <class T> T rate(const T& t) const { return (1 - t) * ((1 - t) * from_rational<T>(ratio(199, 20)) + from_rational<T>(ratio(1, 10))); }
    template <class T> T alpha(const T& t) const { return exp(-rate(t) / 2); }
    template <class T> T sigma2(const T& t) const {
        const T half = tanh(rate(t) / 2);
        return 2 * half / (1 + half);
    }
};

struct Exploding {
    static constexpr std::string_view name = "exploding";
    int alpha(const auto&) const { return 1; }
    template <class T> T sigma(const T& t) const { return exp((1 - t) * log(from_rational<T>(ratio(1000)))) / 100; }
};

using Pair = std::pair<AnyPath, AnyPath>;
std::vector<Pair> rational_pairs() {
    return {{own_path(Straight{}), CondOt{}}, {own_path(Power{3}), PolynomialPath{3}}, {own_path(Root{}), LinearVp{}}};
}
std::vector<Pair> all_pairs() {
    std::vector<Pair> pairs = rational_pairs();
    for (Pair& pair : std::vector<Pair>{{own_path(Wave{}), CosinePath{}}, {own_path(Decay{}), Vp{}}, {own_path(Exploding{}), Ve{}}}) pairs.push_back(std::move(pair));
    return pairs;
}

template <class T>
void equal(const Pair& pair, const T& t) {
    const PathPoint<T> own = at<T>(pair.first, t), known = at<T>(pair.second, t);
    INFO(name_of(pair.first));
    CHECK((own.alpha == known.alpha && own.alpha_dot == known.alpha_dot));
    CHECK((own.sigma2 == known.sigma2 && own.sigma2_dot == known.sigma2_dot));
    CHECK((own.s == known.s && own.s_dot == known.s_dot && own.s_is_sigma == known.s_is_sigma));
}

// |a - b| / |b|, or |a| where b = 0
template <class T>
double apart(const T& a, const T& b) {
    const double size = std::abs(ScalarTraits<T>::to_double(b)), gap = std::abs(ScalarTraits<T>::to_double(T(a - b)));
    return size == 0 ? gap : gap / size;
}

// The same of derivatives, which near their zeros have the rounding of the argument: of the size of the path, 1.
template <class T>
double rates_apart(const T& a, const T& b) {
    return std::abs(ScalarTraits<T>::to_double(T(a - b))) / (1 + std::abs(ScalarTraits<T>::to_double(b)));
}

// in units of the last place
template <class T>
void close(const Pair& pair, const char* time, double bound) {
    const T t = from_rational<T>(Rational(time)), unit = std::numeric_limits<T>::epsilon();
    const PathPoint<T> own = at<T>(pair.first, t), known = at<T>(pair.second, t);
    const double limit = bound * ScalarTraits<T>::to_double(unit);
    INFO(name_of(pair.first) << " at t = " << time << " in " << ScalarTraits<T>::name);
    CHECK(apart(own.alpha, known.alpha) <= limit);
    CHECK(rates_apart(own.alpha_dot, known.alpha_dot) <= limit);
    CHECK(apart(own.sigma2, known.sigma2) <= limit);
    CHECK(rates_apart(own.sigma2_dot, known.sigma2_dot) <= limit);
    CHECK(rates_apart(own.sigma_dot(), known.sigma_dot()) <= limit);
    if (own.sigma() < 4 * own.alpha && own.sigma() > known.alpha / 50)  // elsewhere t hardly depends on the ratio, or the ratio on t
        CHECK(apart(time_of_ratio<T>(pair.first, own.ratio()), t) <= 100 * limit);
}

}  // namespace

TEST_CASE("a copy of a rational path is that path: in the rationals, the prime field, dual numbers and power series") {
    using Q = Series<Rational, 8>;
    for (const Pair& pair : rational_pairs()) {
        CHECK_FALSE(is_transcendental(pair.first));
        for (const Rational& t : {ratio(0), ratio(3, 5), ratio(1, 7), ratio(1)}) {
            equal<Rational>(pair, t);
            equal<Dual<Rational>>(pair, Dual<Rational>(t, ratio(2, 3)));
            equal<Q>(pair, Q(t) + 3 * Q::variable() - Q::variable() * Q::variable());
            equal<Dual<Q>>(pair, Dual<Q>(Q(t) + Q::variable(), Q(ratio(1, 2)) + Q::variable()));
        }
        equal<PrimeField>(pair, PrimeField(123456789));
    }
}

TEST_CASE("the time of a ratio is found exactly where it is rational") {
    const AnyPath straight = own_path(Straight{}), root = own_path(Root{}), square = own_path(Power{2});
    CHECK(time_of_ratio<Rational>(straight, ratio(2, 3)) == ratio(3, 5));
    CHECK(time_of_ratio<Rational>(root, ratio(4, 3)) == ratio(3, 5));
    CHECK(time_of_ratio<Rational>(square, ratio(11, 25)) == ratio(5, 6));
    CHECK(time_of_ratio<Rational>(straight, ratio(0)) == 1);
    CHECK_THROWS_WITH(time_of_ratio<Rational>(root, ratio(1)), Catch::Contains("irrational on path root"));
    CHECK_THROWS_WITH(time_of_ratio<PrimeField>(root, PrimeField(1)), Catch::Contains("prime field"));
    using D = Dual<Rational>;
    using Q = Series<Rational, 6>;
    CHECK(time_of_ratio<D>(root, D(ratio(4, 3), ratio(1))) == time_of_ratio<D>(LinearVp{}, D(ratio(4, 3), ratio(1))));
    const Q r = Q(ratio(11, 25)) + Q::variable();
    CHECK(time_of_ratio<Q>(square, r) == time_of_ratio<Q>(PolynomialPath{}, r));
    CHECK_THROWS_WITH(time_of_ratio<double>(own_path(Exploding{}), 1e-3), Catch::Contains("nowhere on path exploding"));
    CHECK(time_of_ratio<D>(root, D(ratio(0), ratio(1))) == D(1));
    CHECK_THROWS_WITH(time_of_ratio<D>(own_path(Squared{}), D(ratio(0), ratio(1))), Catch::Contains("no power series") && Catch::Contains("in place of sigma2"));
    CHECK(time_of_ratio<D>(own_path(Squared{}), D(ratio(2, 3), ratio(1))) == time_of_ratio<D>(CondOt{}, D(ratio(2, 3), ratio(1))));
    for (const AnyPath& path : {straight, root, own_path(Wave{})})
        for (const double small : {0.0, 1e-30}) CHECK(time_of_ratio<double>(path, small) == 1);
    // a rounding beyond the ends, where the last stage of a solver may lie
    CHECK(time_of_ratio<Mpfr50>(straight, Mpfr50("-1e-48")) == 1 / (1 + Mpfr50("-1e-48")));
    CHECK(time_of_ratio<double>(own_path(Exploding{}), 10 * (1 + 1e-9)) == Approx(-1e-9 / std::log(1000)).epsilon(1e-5));
    CHECK_THROWS_WITH(time_of_ratio<double>(straight, -0.5), Catch::Contains("-0.5 nowhere on path straight"));
    CHECK_THROWS_WITH(time_of_ratio<double>(straight, std::nan("")), Catch::Contains("nowhere"));
    CHECK(time_of_ratio<double>(own_path(Wave{}), 1e30) == Approx(2 / M_PI * 1e-30).epsilon(1e-14));
}

TEST_CASE("in floating point the values are those of the same formulas, the derivatives to a few roundings") {
    // the same operations in the same order: bit for bit
    for (const double t : {0.0, 0.1, 0.7, 1.0}) {
        const auto own = at<double>(own_path(Power{3}), t), known = at<double>(PolynomialPath{3}, t);
        CHECK((own.alpha == known.alpha && own.sigma() == known.sigma() && own.sigma2 == known.sigma2));
        const auto wave = at<double>(own_path(Wave{}), t), cosine = at<double>(CosinePath{}, t);
        CHECK((wave.alpha == cosine.alpha && wave.sigma() == cosine.sigma() && wave.sigma2 == cosine.sigma2));
    }
    for (const Pair& pair : all_pairs()) {
        CHECK(is_transcendental(pair.first) == is_transcendental(pair.second));
        for (const char* t : {"1/1000", "1/3", "7/10", "999/1000"}) {
            close<float>(pair, t, 60);
            close<double>(pair, t, 60);
            close<long double>(pair, t, 60);
            close<Mpfr50>(pair, t, 60);
            close<Mpfr100>(pair, t, 60);
        }
    }
}

TEST_CASE("expansions about a point agree to 45 digits, and so do their inverses") {
    using S = Series<Mpfr50, 8>;
    const S t = S(Mpfr50(7) / 10) + S::variable() / 8;
    const auto agree = [](const S& a, const S& b) {
        for (std::size_t k = 0; k < S::size(); ++k) CHECK(abs(a[k] - b[k]) < 1e-45 * (1 + abs(b[k])));
    };
    for (const Pair& pair : all_pairs()) {
        INFO(name_of(pair.first));
        const auto own = at<S>(pair.first, t), known = at<S>(pair.second, t);
        agree(own.alpha, known.alpha);
        agree(own.alpha_dot, known.alpha_dot);
        agree(own.sigma2, known.sigma2);
        agree(own.sigma2_dot, known.sigma2_dot);
        agree(time_of_ratio<S>(pair.first, own.ratio()), t);
        const auto end = end_exponent(pair.first), known_end = end_exponent(pair.second);
        REQUIRE(end.has_value() == known_end.has_value());
        if (end) CHECK((end->exponent == known_end->exponent && abs(end->constant - known_end->constant) < 1e-45));
        CHECK(reaches_data(pair.first) == reaches_data(pair.second));
    }
    CHECK_THROWS_WITH((at<Series<double, 12>>(own_path(Root{}), Series<double, 12>(0))), Catch::Contains("h^9"));
}

TEST_CASE("exact models and conversions take a path of one's own as any other") {
    const Rational t = ratio(3, 5);
    const std::vector<Rational> x{ratio(1), ratio(-1, 2), ratio(1, 4)}, lambda{ratio(2), ratio(1, 3), ratio(-1)};
    const auto run = [&](const AnyPath& path) {
        GaussianMixture<Rational> model(testing::one_gaussian(), path);
        std::vector<Rational> all(3), x_bar(3);
        Rational t_bar = 0;
        model(t, x, all);
        model.vjp(t, x, lambda, x_bar, {}, t_bar);
        all.insert(all.end(), x_bar.begin(), x_bar.end());
        all.push_back(t_bar);
        const Affine<Rational> map = velocity_from_x1(path, t), noise = epsilon_from_velocity(path, t);
        all.insert(all.end(), {map.on_x, map.on_n, noise.on_x, noise.on_n});
        return all;
    };
    for (const Pair& pair : rational_pairs()) CHECK(run(pair.first) == run(pair.second));
    CHECK_FALSE(run(own_path(Power{2})) == run(PolynomialPath{3}));

    const auto velocity = [](const AnyPath& path) {
        auto model = mixture_in<double>(testing::gmm2(), path);
        const std::vector<double> at{0.5, -0.25};
        std::vector<double> u(2);
        model(0.7, at, u);
        return u;
    };
    for (const Pair& pair : all_pairs()) CHECK(testing::relative(velocity(pair.first), velocity(pair.second)) < 1e-13);
}

TEST_CASE("a path of irrational values is known by them, and exact scalars refuse it in a sentence") {
    const AnyPath wave = own_path(Wave{});
    CHECK(is_transcendental(wave));
    CHECK_THROWS_WITH(at<Rational>(wave, ratio(1, 2)), Catch::Contains("path wave has irrational coefficients and the scalar rational is exact"));
    CHECK_THROWS_AS(at<PrimeField>(wave, PrimeField(2)), std::domain_error);
    CHECK_THROWS_AS(time_of_ratio<Rational>(wave, ratio(1)), std::domain_error);
    CHECK_THROWS_AS((at<Series<Rational, 3>>(wave, Series<Rational, 3>(1))), std::domain_error);
    // as on vp: about t = 1 it is rational
    using Q = Series<Rational, 4>;
    CHECK(at<Q>(own_path(Decay{}), Q(1) - Q::variable()).sigma2 == at<Q>(Vp{}, Q(1) - Q::variable()).sigma2);
    CHECK(has_rational_sigma(own_path(Straight{}), ratio(1, 2)));
    CHECK_FALSE(has_rational_sigma(own_path(Root{}), ratio(1, 2)));
    CHECK(has_rational_sigma(own_path(Root{}), ratio(3, 5)));
    CHECK_FALSE(has_rational_sigma(wave, ratio(1, 2)));
}

namespace {

// Each wrong in one thing.
struct Given {
    std::string name = "given";
    int wrong = 0;
    template <class T> T alpha(const T& t) const { return wrong == 1 ? T(1 - t) : wrong == 2 ? T(t - from_rational<T>(ratio(1, 4))) : wrong == 3 ? T(1 / t) : t; }
    template <class T> T sigma(const T& t) const { return wrong == 1 ? t : wrong == 4 ? T(1 - 2 * t) : T(1 - t); }
};
struct Cosine : Wave {
    template <class T> T sigma(const T& t) const { return cos(pi<T>() / 2 * t); }
};
struct SquareRoot : Root {
    template <class T> T sigma(const T& t) const { return sqrt(1 - t * t); }
};

}  // namespace

TEST_CASE("a wrong path is refused in a sentence that names it and what is wrong") {
    CHECK_NOTHROW(own_path(Given{}));
    using Catch::Contains;
    CHECK_THROWS_WITH(own_path(Given{"given", 1}), Contains("'given'") && (Contains("sigma is 0 at t = 0") || Contains("does not decrease")));
    CHECK_THROWS_WITH(own_path(Given{"given", 2}), Contains("alpha is -0.25 at t = 0"));
    CHECK_THROWS_WITH(own_path(Given{"given", 3}), Contains("no expansion of alpha and sigma at t = 0"));
    CHECK_THROWS_WITH(own_path(Given{"given", 4}), Contains("sigma is 0 at t = 1/2"));
    CHECK_THROWS_WITH(own_path(Cosine{}), Contains("'wave'") && Contains("0 but for rounding") && Contains("sigma is"));
    CHECK_THROWS_WITH(own_path(SquareRoot{}), Contains("'root'") && Contains("at t = 1") && Contains("give sigma2"));
    for (const char* name : {"", "my path", "path=mine", "a,b"}) CHECK_THROWS_WITH(own_path(Given{name}), Contains("letters, digits"));
    for (const char* name : {"cond-ot", "cosine", "polynomial:3", "polynomial:mine"}) CHECK_THROWS_WITH(own_path(Given{name}), Contains("the library has a path"));
    for (int wrong = 1; wrong <= 4; ++wrong) CHECK_THROWS_AS(own_path(Given{"given", wrong}), std::invalid_argument);
}

TEST_CASE("the library's list is as it was, and copies share what they are") {
    AnyPath first = own_path(Power{5}), second = first;
    first = CondOt{};
    CHECK(name_of(second) == "power:5");
    CHECK(at<Rational>(second, ratio(1, 2)).alpha == ratio(1, 32));
    for (const AnyPath& path : paths()) CHECK_FALSE(std::holds_alternative<OwnPath>(path));
    CHECK_THROWS_AS(find_path("power:5"), std::invalid_argument);
}
