// Comparisons: decided at the example, checked in every replay.
#include "support.hpp"

#include <catch2/catch.hpp>

using namespace costate;
using namespace costate::autodiff;
using namespace costate::autodiff::test;

namespace {

template <class V>
V clipped(const V& x) {
    if (x > V(1)) return V(1);
    if (x <= V(-1)) return V(-1);
    return x * x;
}

template <class T>
Program<T> record_at(const T& example) {
    Tape<T> tape;
    const Var<T> x = tape.input(1, Sharing::per_sample, "x", std::vector<T>{example});
    tape.output(clipped(x));
    return freeze(tape);
}

template <class T>
std::string message(const Program<T>& p, const Arrays<T>& in, std::size_t batch) {
    try {
        forward(p, in, batch);
    } catch (const BranchChanged& e) {
        return std::to_string(e.guard()) + " " + std::to_string(e.sample()) + " " + e.what();
    }
    return "";
}

}  // namespace

TEMPLATE_TEST_CASE("a replay in the recorded branch gives its value, any other throws and names comparison and sample", "",
                   double, Rational, Mpfr50) {
    using T = TestType;
    const auto inside = record_at(T(1) / T(2));
    CHECK(inside.summary().guards == 2);
    CHECK(forward<T>(inside, {{T(1) / T(4), T(-1) / T(2)}}, 2)[0] == std::vector<T>{T(1) / T(16), T(1) / T(4)});
    CHECK(message<T>(inside, {{T(0), T(2)}}, 2).starts_with("0 1 comparison 0 turned out otherwise for sample 1"));
    CHECK(message<T>(inside, {{T(-3), T(0)}}, 2).starts_with("1 0 "));
    CHECK(message<T>(inside, {{T(1)}}, 1).empty());  // x > 1 is still false at the boundary
    CHECK(message<T>(inside, {{T(-1)}}, 1) != "");   // x <= -1 is true at the boundary
    const auto above = record_at(T(3));
    CHECK(above.summary().guards == 1);
    CHECK(forward<T>(above, {{T(5)}}, 1)[0][0] == T(1));
    CHECK_THROWS_AS(forward<T>(above, {{T(1)}}, 1), BranchChanged);
}

TEST_CASE("guards hold in the recording forward and in the pushforward too") {
    const auto p = record_at(0.5);
    Workspace<double> ws;
    Record<double> record;
    Arrays<double> in{{2}}, out{{0}}, dot{{1}};
    CHECK_THROWS_AS(p.forward(read(in), write(out), 1, record, ws), BranchChanged);
    CHECK_THROWS_AS(p.pullback(record, read(out), {}, {}, ws), std::invalid_argument);
    CHECK_THROWS_AS(p.pushforward(read(in), read(dot), {}, write(out), write(dot), 1, ws), BranchChanged);
}

TEST_CASE("equality is guarded, also in a field without order") {
    Tape<PrimeField> tape;
    const Var<PrimeField> x = tape.input(1, Sharing::per_sample, "x", std::vector<PrimeField>{0});
    tape.output(x == 0 ? x + 5 : x);
    const auto p = freeze(tape);
    CHECK(forward<PrimeField>(p, {{0}}, 1)[0][0] == PrimeField(5));
    CHECK_THROWS_AS(forward<PrimeField>(p, {{3}}, 1), BranchChanged);
}

TEST_CASE("a comparison of constants, or of what depends on constants alone, guards nothing") {
    Tape<double> tape;
    const Var<double> x = tape.input(1, Sharing::per_sample, "x"), two = tape.constant(2.0);
    CHECK(Var<double>(1.0) < Var<double>(2.0));
    CHECK(two * 3 > 5);
    tape.output(x);
    CHECK(freeze(tape).summary().guards == 0);
}

TEST_CASE("NaN takes the branch it would take in plain code") {
    const auto p = record_at(0.5);
    CHECK(std::isnan(forward<double>(p, {{std::nan("")}}, 1)[0][0]));
    CHECK_THROWS_AS(forward<double>(record_at(3.0), {{std::nan("")}}, 1), BranchChanged);
}
