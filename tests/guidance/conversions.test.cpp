// Velocity, x̂₁, ε̂ and score are one thing in four coordinates: from x₁ and x₀ chosen at will, every conversion returns the others.
#include "guidance/paths/conversions.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace costate;
using namespace costate::guidance;

namespace {

// x = αx₁ + σx₀, u = α'x₁ + σ'x₀
template <class T>
struct Point {
    T x, u, x1, x0, score;

    Point(const AnyPath& path, const T& t) : x1(T(7) / T(5)), x0(T(-3) / T(4)) {
        const PathPoint<T> p = at<T>(path, t);
        x = p.alpha * x1 + p.sigma() * x0;
        u = p.alpha_dot * x1 + p.sigma_dot() * x0;
        score = -x0 / p.sigma();
    }
    [[nodiscard]] T of(Parametrisation p) const {
        return p == Parametrisation::velocity ? u : p == Parametrisation::x1 ? x1 : x0;
    }
};

const std::vector<Parametrisation> all{Parametrisation::velocity, Parametrisation::epsilon, Parametrisation::x1};

}  // namespace

TEST_CASE("every conversion on every path, at 50 digits") {
    using T = Mpfr50;
    for (const AnyPath& path : paths())
        for (const char* time : {"0.3", "0.9", "0.9999999999"}) {
            const T t(time);
            const Point<T> point(path, t);
            INFO(name_of(path) << " at " << time);
            for (const Parametrisation given : all)
                for (const Parametrisation wanted : all) {
                    const Affine<T> c = conversion(given, wanted, path, t);
                    CHECK(abs(c.on_x * point.x + c.on_n * point.of(given) - point.of(wanted)) < 1e-36 * (1 + abs(point.u)));
                }
            const Affine<T> from_x1 = score_from_x1(path, t), from_epsilon = score_from_epsilon(path, t);
            CHECK(abs((from_x1.on_x * point.x + from_x1.on_n * point.x1) / point.score - 1) < 1e-36);
            CHECK(abs((from_epsilon.on_x * point.x + from_epsilon.on_n * point.x0) / point.score - 1) < 1e-36);
        }
}

TEST_CASE("every conversion on the rational paths, == in the rationals") {
    for (const char* name : {"cond-ot", "polynomial", "polynomial:3", "linear-vp"}) {
        const AnyPath path = find_path(name);
        const Rational t = ratio(3, 5);
        const Point<Rational> point(path, t);
        for (const Parametrisation given : all)
            for (const Parametrisation wanted : all) {
                const Affine<Rational> c = conversion(given, wanted, path, t);
                CHECK(c.on_x * point.x + c.on_n * point.of(given) == point.of(wanted));
            }
    }
}

TEST_CASE("nothing is divided that the path keeps finite") {
    // at t = 1 of cond-ot: x̂₁ = (1-t)u + x = x, ε̂ = x - u, u of an epsilon model = x - ε̂
    const Affine<Rational> x1 = x1_from_velocity<Rational>(CondOt{}, ratio(1));
    const Affine<Rational> epsilon = epsilon_from_velocity<Rational>(CondOt{}, ratio(1));
    CHECK((x1.on_x == 1 && x1.on_n == 0 && epsilon.on_x == 1 && epsilon.on_n == -1));
    const Affine<Rational> u = velocity_from_epsilon<Rational>(CondOt{}, ratio(1));
    CHECK((u.on_x == 1 && u.on_n == -1));
    // at t = 1 of linear-vp: x̂₁ = x, and a finite velocity means ε̂ = 0 · u
    const Affine<Rational> vp = x1_from_velocity<Rational>(LinearVp{}, ratio(1));
    const Affine<Rational> none = epsilon_from_velocity<Rational>(LinearVp{}, ratio(1));
    CHECK((vp.on_x == 1 && vp.on_n == 0 && none.on_x == 0 && none.on_n == 0));
}

TEST_CASE("a singular end is a sentence with the time, the path and the remedy") {
    using enum Parametrisation;
    const auto named = [](Parametrisation given, Parametrisation wanted, const char* path, double t, const std::string& time) {
        std::string said;
        try {
            (void)conversion(given, wanted, find_path(path), t);
        } catch (const std::domain_error& error) {
            said = error.what();
        }
        INFO(said);
        for (const std::string& part : {" on " + std::string(path) + ";", " at t = " + time + " on", std::string("--t1 below 1"),
                                        std::string("--variables regular")})
            CHECK(said.find(part) != std::string::npos);
    };
    named(x1, velocity, "cond-ot", 1, "1");
    named(epsilon, velocity, "linear-vp", 1, "1");
    named(epsilon, velocity, "cosine", 0, "0");
    named(epsilon, x1, "cond-ot", 0, "0");
    named(x1, epsilon, "vp", 1, "1");
    named(velocity, x1, "polynomial", 0, "0");
    named(velocity, epsilon, "polynomial:3", 0, "0");
    CHECK_THROWS_WITH(score_from_x1(Vp{}, 1.0), Catch::Contains("vp") && Catch::Contains("--t1 below 1"));
    CHECK_THROWS_WITH(score_from_epsilon(CondOt{}, 1.0), Catch::Contains("cond-ot") && Catch::Contains("--t1 below 1"));
    CHECK_NOTHROW(velocity_from_epsilon(Ve{}, 1.0));
    CHECK_NOTHROW(velocity_from_x1(EdmPoly2{}, 1.0));
}

TEST_CASE("parametrisations are found by name") {
    for (const Parametrisation p : all) CHECK(find_parametrisation(name_of(p)) == p);
    CHECK_THROWS_WITH(find_parametrisation("logits"), Catch::Contains("velocity, epsilon or x1"));
}
