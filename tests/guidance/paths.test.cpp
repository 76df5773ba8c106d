// The seven paths against the table of formulas evaluated at 100 digits, their derivatives, their inverses and how they end.
#include "guidance/paths/end.hpp"
#include "guidance/paths/path.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <string>

using namespace costate;
using namespace costate::guidance;

namespace {

using R = Mpfr100;
using T = Mpfr50;

// α and σ as they are written in the literature (Lipman et al. 2023; Song et al. 2021; Karras et al. 2022 for EDM's range), naively:
// at 100 digits the cancellation at the ends costs 12 digits of 100.
struct Naive {
    std::string name;
    std::function<R(R)> alpha, sigma;
};

R vp_T(const R& t) { return (1 - t) * (1 - t) / 2 * (R(20) - R(1) / 10) + (1 - t) / 10; }
R edm_alpha(const R& t) {
    const R q = R(1) / 100000, A = 1 - (1 - t) * (1 - t);
    return sqrt((1 - 2 * q) * A * A + q);
}
R pi() { return acos(R(-1)); }

const std::vector<Naive>& table() {
    static const std::vector<Naive> rows{
        {"cond-ot", [](R t) { return t; }, [](R t) { return R(1 - t); }},
        {"polynomial", [](R t) { return R(t * t); }, [](R t) { return R(1 - t * t); }},
        {"polynomial:5", [](R t) { return R(pow(t, 5)); }, [](R t) { return R(1 - pow(t, 5)); }},
        {"cosine", [](R t) { return R(sin(pi() * t / 2)); }, [](R t) { return R(cos(pi() * t / 2)); }},
        {"linear-vp", [](R t) { return t; }, [](R t) { return R(sqrt(1 - t * t)); }},
        {"vp", [](R t) { return R(exp(-vp_T(t) / 2)); }, [](R t) { return R(sqrt(1 - exp(-vp_T(t)))); }},
        {"ve", [](R) { return R(1); }, [](R t) { return R(pow(R(10), 1 - t) * pow(R(1) / 100, t)); }},
        {"edm", edm_alpha, [](R t) { return R(sqrt(1 - edm_alpha(t) * edm_alpha(t))); }}};
    return rows;
}

// (f(t+ε) - f(t-ε))/2ε at 100 digits: 60 digits remain
template <class F>
R slope(const F& f, const R& t) {
    const R epsilon("1e-30");
    return (f(t + epsilon) - f(t - epsilon)) / (2 * epsilon);
}

double relative(const R& found, const R& expected) {
    if (expected == 0) return static_cast<double>(abs(found));
    return static_cast<double>(abs(found - expected) / abs(expected));
}

template <class S>
void agrees(const Naive& row, const S& t, double bound) {
    const AnyPath path = find_path(row.name);
    const PathPoint<S> p = at<S>(path, t);
    const auto square = [&](const R& s) -> R { return row.sigma(s) * row.sigma(s); };
    const R T100(t);
    INFO(row.name << " at t = " << t);
    CHECK(relative(R(p.alpha), row.alpha(T100)) < bound);
    CHECK(relative(R(p.alpha_dot), slope(row.alpha, T100)) < bound);
    CHECK(relative(R(p.sigma2), square(T100)) < bound);
    CHECK(relative(R(p.sigma2_dot), slope(square, T100)) < bound);
    CHECK(relative(R(p.sigma()), row.sigma(T100)) < bound);
    CHECK(relative(R(p.sigma_dot()), slope(row.sigma, T100)) < bound);
    CHECK(relative(R(p.s_dot / p.s), slope(row.sigma, T100) / row.sigma(T100)) < bound);
}

}  // namespace

TEST_CASE("alpha, sigma and their derivatives keep their digits up to both ends") {
    const double h = std::ldexp(1.0, -40);
    // the relative condition of e^x is |x| ≤ 14 here; a few roundings beside it
    for (const Naive& row : table())
        for (const double t : {h, 0.1, 0.5, 0.75, 1 - h}) agrees<double>(row, t, 40 * 0x1p-53);
    // at 50 digits the difference quotient of the table itself, (1e-30/h)², allows no more
    for (const Naive& row : table())
        for (const char* t : {"0.3", "0.999999"}) agrees<T>(row, T(t), 1e-46);
}

TEST_CASE("what the forms without cancellation are for: the written ones lose 12 digits at 1 - 2^-40") {
    const double t = 1 - std::ldexp(1.0, -40), alpha = std::sin(M_PI * t / 2), T_vp = .5 * 19.9 * (1 - t) * (1 - t) + .1 * (1 - t);
    const R sigma = table()[3].sigma(R(t)), vp = table()[5].sigma(R(t));
    CHECK(relative(R(1 - alpha * alpha), sigma * sigma) > 1e-6);
    CHECK(relative(R(std::cos(M_PI * t / 2)), sigma) > 1e-6);
    CHECK(relative(R(1 - std::exp(-T_vp)), vp * vp) > 1e-6);
}

TEST_CASE("the written derivatives are those of the written values: dual numbers at 50 digits") {
    for (const AnyPath& path : paths()) {
        INFO(name_of(path));
        for (const char* time : {"0.125", "0.7"}) {
            const auto p = at<Dual<T>>(path, Dual<T>::variable(T(time)));
            CHECK(abs(p.alpha.tangent - p.alpha_dot.value) < 1e-47);
            CHECK(abs(p.sigma2.tangent / p.sigma2_dot.value - 1) < 1e-47);
            CHECK(abs(p.sigma().tangent / p.sigma_dot().value - 1) < 1e-47);
        }
    }
}

TEST_CASE("rational paths are exact in the rationals, the prime field and expansions") {
    const Rational t = ratio(3, 5);
    const auto linear = at<Rational>(LinearVp{}, t);
    CHECK((linear.sigma2 == ratio(16, 25) && linear.sigma2_dot == ratio(-6, 5) && linear.sigma() == ratio(4, 5)));
    CHECK((linear.sigma_dot() == ratio(-3, 4) && linear.ratio() == ratio(4, 3)));
    CHECK((linear.gamma() == ratio(3, 4) && linear.snr() == ratio(9, 16)));
    const auto cube = at<Rational>(find_path("polynomial:3"), t);
    CHECK((cube.alpha == ratio(27, 125) && cube.sigma() == ratio(98, 125) && cube.sigma_dot() == ratio(-27, 25)));
    CHECK(time_of_ratio<Rational>(CondOt{}, ratio(2, 3)) == t);
    CHECK(time_of_ratio<Rational>(LinearVp{}, ratio(4, 3)) == t);
    CHECK(at<PrimeField>(CondOt{}, PrimeField(7)).sigma() == PrimeField(-6));
    CHECK(at<PrimeField>(LinearVp{}, PrimeField(7)).sigma2 == PrimeField(-48));

    // σ² at 1 - h: by hand 2h - h², and for vp h/10 + (9.95 - .005)h² + …, rational about t = 1
    using Q = Series<Rational, 4>;
    const Q end = Q(1) - Q::variable();
    CHECK(at<Q>(LinearVp{}, end).sigma2 == Q(std::array<Rational, 4>{ratio(0), ratio(2), ratio(-1), ratio(0)}));
    const auto vp = at<Q>(Vp{}, end);
    CHECK((vp.sigma2[0] == 0 && vp.sigma2[1] == ratio(1, 10) && vp.sigma2[2] == ratio(9945, 1000)));
    CHECK(vp.alpha * vp.alpha + vp.sigma2 == Q(1));
}

TEST_CASE("an irrational path in an exact scalar says so, and a root says which") {
    for (const AnyPath& path : paths()) {
        if (!is_transcendental(path)) continue;
        CHECK_THROWS_WITH(at<Rational>(path, ratio(1, 2)), Catch::Contains(name_of(path)) && Catch::Contains("cond-ot"));
        CHECK_THROWS_AS(at<PrimeField>(path, PrimeField(2)), std::domain_error);
        CHECK_THROWS_AS(time_of_ratio<Rational>(path, ratio(1, 2)), std::domain_error);
    }
    CHECK_THROWS_WITH(at<Rational>(LinearVp{}, ratio(1, 2)).sigma(), Catch::Contains("3/4"));
    CHECK_THROWS_AS(at<PrimeField>(LinearVp{}, PrimeField(2)).sigma(), std::domain_error);
    CHECK_THROWS_AS((at<Series<Rational, 3>>(CosinePath{}, Series<Rational, 3>(1))), std::domain_error);
    CHECK_THROWS_AS(at<double>(LinearVp{}, 1.0).sigma_dot(), std::domain_error);
    CHECK_THROWS_AS(ratio_at<double>(CondOt{}, 0.0), std::domain_error);
    CHECK_THROWS_AS(time_of_ratio<double>(EdmPoly2{}, 1e-3), std::domain_error);
}

TEST_CASE("time_of_ratio inverts sigma/alpha, as a function: on power series at 50 digits") {
    using S = Series<T, 4>;
    for (const AnyPath& path : paths()) {
        INFO(name_of(path));
        for (const char* time : {"0.2", "0.95"}) {
            const S t = S(T(time)) + S::variable() * T(2), back = time_of_ratio<S>(path, ratio_at<S>(path, t));
            for (std::size_t k = 0; k < 4; ++k) CHECK(abs(back[k] - t[k]) < 1e-43);
        }
    }
    for (const char* name : {"cond-ot", "polynomial", "polynomial:4", "cosine", "linear-vp", "vp"})
        CHECK(time_of_ratio<double>(find_path(name), 0.0) == 1);
    for (const char* name : {"ve", "edm"}) {
        const AnyPath path = find_path(name);
        CHECK(time_of_ratio<double>(path, ratio_at<double>(path, 1.0)) == Approx(1).margin(1e-6));
    }
}

TEST_CASE("how a path ends follows from its own expansion") {
    const auto is = [](const AnyPath& path, std::size_t exponent, const T& constant) {
        const auto end = end_exponent(path);
        INFO(name_of(path));
        REQUIRE(end);
        CHECK(end->exponent == exponent);
        CHECK(abs(end->constant - constant) < 1e-45);
        CHECK(reaches_data(path));
    };
    const T half_pi = acos(T(-1)) / 2;
    is(CondOt{}, 2, 1);
    is(PolynomialPath{}, 2, 4);
    is(CosinePath{}, 2, half_pi * half_pi);
    is(LinearVp{}, 1, 2);
    is(Vp{}, 1, T(1) / 10);
    for (const AnyPath& path : {AnyPath(Ve{}), AnyPath(EdmPoly2{})}) {
        CHECK_FALSE(end_exponent(path));
        CHECK_FALSE(reaches_data(path));
    }
    CHECK(abs(end_of(Ve{}).sigma - T(1) / 100) < 1e-48);
    CHECK(abs(end_of(EdmPoly2{}).sigma - sqrt(T(1) / 100000)) < 1e-48);
    // changed parameters change the prediction: n² for a power, and a vp whose rate vanishes at the end has σ² = 1 - e^(-B h²/2)
    is(PolynomialPath{5}, 2, 25);
    is(Vp{ratio(0), ratio(20)}, 2, 10);
    CHECK(end_exponent(EdmPoly2{ratio(0)})->constant == 2);
}

TEST_CASE("paths are found by name") {
    for (const AnyPath& path : paths()) CHECK(find_path(name_of(path)).index() == path.index());
    CHECK(paths().size() == 7);
    CHECK(name_of(find_path("polynomial:3")) == "polynomial:3");
    CHECK(std::get<PolynomialPath>(find_path("polynomial:3")).n == 3);
    CHECK_THROWS_WITH(find_path("condot"), Catch::Contains("cond-ot") && Catch::Contains("edm"));
    for (const char* name : {"polynomial:", "polynomial:0", "polynomial:100", "polynomial:2x"})
        CHECK_THROWS_WITH(find_path(name), Catch::Contains("degree"));
}
