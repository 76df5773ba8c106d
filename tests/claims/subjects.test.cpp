#include "claims/subjects.hpp"

#include "claims/measure/slope.hpp"

#include <catch2/catch.hpp>

using namespace costate;
using namespace costate::claims;

namespace {

Setting setting_of(std::string_view field, std::size_t dim) {
    Setting setting;
    setting.field = field;
    setting.dim = dim;
    return setting;
}

template <class T>
T dot(const std::vector<T>& a, const std::vector<T>& b) {
    T sum(0);
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

// λ·(J ẋ + f_t ṫ + f_θ θ̇) and (λᵀJ)·ẋ + (λᵀf_t) ṫ + (λᵀf_θ)·θ̇ on a batch of two.
template <class T>
std::pair<T, T> both_sides(Field<T> f) {
    const std::size_t n = 2 * f.dim();
    const auto random = [](std::uint32_t stream, std::size_t count) { return numbers_in<T>(rational_numbers(7, stream, count)); };
    const auto x = random(1, n), x_dot = random(2, n), lambda = random(3, n), theta_dot = random(4, f.parameter_count());
    const T t = from_rational<T>(ratio(1, 3)), t_dot = from_rational<T>(ratio(2, 5));
    std::vector<T> dx(n), dx_dot(n), x_bar(n, T(0)), theta_bar(f.parameter_count(), T(0));
    T t_bar(0);
    f.jvp(t, x, t_dot, x_dot, theta_dot, dx, dx_dot);
    f.vjp(t, x, lambda, x_bar, theta_bar, t_bar);
    return {dot(lambda, dx_dot), dot(x_bar, x_dot) + dot(theta_bar, theta_dot) + t_bar * t_dot};
}

}  // namespace

TEST_CASE("the polynomial and the linear field: adjointness is exact") {
    for (const std::size_t d : {1, 2, 3, 10}) {
        for (const char* name : {"linear", "polynomial", "gaussian"}) {
            const auto [left, right] = both_sides(make_subject<Rational>(setting_of(name, d)).field);
            CHECK(left == right);
            const auto [a, b] = both_sides(make_subject<PrimeField>(setting_of(name, d)).field);
            CHECK(a == b);
        }
    }
}

TEST_CASE("jvp of the polynomial field is the coefficient of h in a power series") {
    const Setting setting = setting_of("polynomial", 3);
    auto on_series = make_subject<RationalSeries>(setting).field;
    auto field = make_subject<Rational>(setting).field;
    const auto x = rational_numbers(1, 1, 3), v = rational_numbers(1, 2, 3);
    std::vector<RationalSeries> y(3), slope(3);
    for (std::size_t i = 0; i < 3; ++i) y[i] = RationalSeries(x[i]) + RationalSeries::variable() * v[i];
    const RationalSeries t = RationalSeries(ratio(1, 5)) + RationalSeries::variable() * ratio(3);
    on_series(t, y, slope);
    std::vector<Rational> dx(3), dx_dot(3);
    field.jvp(ratio(1, 5), x, ratio(3), v, {}, dx, dx_dot);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(dx[i] == slope[i][0]);
        CHECK(dx_dot[i] == slope[i][1]);
    }
}

TEST_CASE("every field is one field in every scalar") {
    for (const std::string_view name : field_names()) {
        if (name == "network") continue;
        for (const std::size_t d : {1, 2, 3}) {
            const Setting setting = setting_of(name, d);
            auto coarse = make_subject<double>(setting);
            auto fine = make_subject<Mpfr50>(setting);
            std::vector<double> dx(d);
            std::vector<Mpfr50> dx50(d);
            coarse.field(0.25, coarse.x0, dx);
            fine.field(Mpfr50(0.25), fine.x0, dx50);
            for (std::size_t i = 0; i < d; ++i) CHECK(dx[i] == Approx(static_cast<double>(dx50[i])).epsilon(1e-10).margin(1e-12));
            CHECK_FALSE(describe(setting).empty());
            CHECK(on_a_path(setting) == (name != "linear" && name != "polynomial"));
        }
    }
}

TEST_CASE("the field of a data set is that of its mixture, by other formulas") {
    for (const std::size_t d : {1, 2, 3, 10}) {
        const Setting setting = setting_of("data-set", d);
        auto subject = make_subject<Mpfr50>(setting);
        auto model = make_model<Mpfr50>(setting);
        auto wider = model.components();
        for (auto& part : wider) part.covariance = Mpfr50("1.0001") * part.covariance;
        guidance::GaussianMixture<Mpfr50> other(wider, setting.path);
        std::vector<Mpfr50> u(d), expected(d), different(d);
        for (const char* t : {"0", "0.4", "0.96", "1"}) {
            subject.field(Mpfr50(t), subject.x0, u);
            model(Mpfr50(t), subject.x0, expected);
            other(Mpfr50(t), subject.x0, different);
            CHECK(distance(u, expected) < Mpfr50("1e-42") * norm(expected));
            if (std::string_view(t) != "0" && std::string_view(t) != "1") CHECK(distance(u, different) > Mpfr50("1e-30") * norm(expected));
        }
        CHECK(norm(subject.x0) > 0);
    }
}

TEST_CASE("what a scalar cannot do is said in a sentence") {
    CHECK_THROWS_WITH(make_subject<Rational>(setting_of("mixture", 2)), Catch::Contains("no values in exact arithmetic"));
    CHECK_THROWS_WITH(make_subject<RationalSeries>(setting_of("network", 2)), Catch::Contains("needs another field"));
    CHECK_THROWS_WITH(make_subject<double>(setting_of("network", 2)), Catch::Contains("--model"));
    Setting cosine = setting_of("gaussian", 2);
    cosine.path = guidance::find_path("cosine");
    CHECK_FALSE(rational(cosine));
    CHECK_THROWS_AS(make_subject<Rational>(cosine), std::invalid_argument);
}

TEST_CASE("random rational numbers repeat, and differ between streams and seeds") {
    const auto a = rational_numbers(0, 5, 6), again = rational_numbers(0, 5, 6), other = rational_numbers(0, 6, 6), seeded = rational_numbers(1, 5, 6);
    CHECK(a == again);
    CHECK_FALSE(a == other);
    CHECK_FALSE(a == seeded);
    for (const Rational& q : a) CHECK((q >= ratio(-3, 2) && q <= ratio(3, 2)));
}

TEST_CASE("a subject is told in numbers from which it can be made again") {
    Setting setting;
    for (const std::string_view field : field_names()) {
        setting.field = field;
        const std::string text = in_numbers(setting);
        INFO(text);
        CHECK(text.empty() == (field == "network"));
        for (const Rational& q : rational_numbers(0, field == "linear" ? 1 : 2, field == "linear" ? 4 : field == "polynomial" ? 8 : 0))
            CHECK(text.find(q.str()) != std::string::npos);
    }
    setting.dim = 10;
    setting.field = "mixture";
    CHECK(in_numbers(setting).empty());
}
