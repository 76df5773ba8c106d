// A program as one op of another: the same numbers as when its operations are recorded inline.
#include "support.hpp"

#include <catch2/catch.hpp>

using namespace costate;
using namespace costate::autodiff;
using namespace costate::autodiff::test;

namespace {

// g(x, t) = (t x ⊙ p / (1 + x ⊙ x), Σ x³) on Vars, for the called program and for the inline recording.
template <class T>
std::vector<Var<T>> body(const Var<T>& x, const Var<T>& t, const Var<T>& p) {
    return {t * x * p / (1 + x * x), sum(pow(x, 3))};
}

template <class T>
std::shared_ptr<const Program<T>> program_of_body(const std::vector<T>& p, const FreezeOptions& options = {}) {
    Tape<T> tape;
    const Var<T> x = tape.input(3, Sharing::per_sample, "x"), t = tape.input(1, Sharing::shared, "t");
    for (const auto& y : body(x, t, tape.parameter(p, "p"))) tape.output(y);
    return std::make_shared<const Program<T>>(freeze(tape, options));
}

// x ← x + t g₀(x, t) g₁(x, t), twice; with a parameter of its own.
template <class T, class G>
Program<T> outer(G g, const std::vector<T>& q) {
    Tape<T> tape;
    Var<T> x = tape.input(3, Sharing::per_sample, "x");
    const Var<T> t = tape.input(1, Sharing::shared, "t");
    const auto inner = g(tape);
    for (int i = 0; i < 2; ++i) {
        const auto y = inner(x, t);
        x = x + t * y[0] * y[1];
    }
    tape.output(x * tape.parameter(q, "q"));
    tape.output(inner(tape.constant(q), t)[0]);  // shared alone
    return freeze(tape);
}

}  // namespace

TEMPLATE_TEST_CASE("call equals the inline recording: values, all gradients, tangents", "", PrimeField, Rational) {
    using T = TestType;
    const std::vector<T> p{T(2), T(-1), T(3)}, q{T(1) / T(2), T(5), T(1)};
    const auto program = program_of_body(p);
    const auto by_call =
        outer<T>([&](Tape<T>&) { return [&](const Var<T>& x, const Var<T>& t) {
                                     return call(program, {x, t});
                                 }; }, q);
    const auto inlined = outer<T>(
        [&](Tape<T>& tape) {
            const Var<T> theta = tape.parameter(p, "p");
            return [theta](const Var<T>& x, const Var<T>& t) { return body(x, t, theta); };
        },
        q);
    CHECK(by_call.parameter_count() == 6);
    std::mt19937_64 random(1);
    for (const std::size_t batch : {1u, 3u}) {
        const auto in = random_arrays<T>(by_call.inputs(), batch, random), v = random_arrays<T>(by_call.outputs(), batch, random);
        const auto u = random_arrays<T>(by_call.inputs(), batch, random);
        const auto w = random_values<T>(6, random);
        const auto a = pullback(by_call, in, v, batch), b = pullback(inlined, in, v, batch);
        CHECK(a.out == b.out);
        CHECK(a.in_bar == b.in_bar);
        CHECK(a.theta_bar == b.theta_bar);
        CHECK(forward(by_call, in, batch) == b.out);
        const auto c = pushforward(by_call, in, u, w, batch), d = pushforward(inlined, in, u, w, batch);
        CHECK(c.out == b.out);
        CHECK(c.out_dot == d.out_dot);
    }
    // new parameters reach the called program, and only this owner's
    Program<T> changed = by_call, changed_inline = inlined;
    const auto theta = random_values<T>(6, random);
    changed.set_parameters(theta);
    changed_inline.set_parameters(theta);
    const auto in = random_arrays<T>(by_call.inputs(), 2, random), v = random_arrays<T>(by_call.outputs(), 2, random);
    CHECK(pullback(changed, in, v, 2).theta_bar == pullback(changed_inline, in, v, 2).theta_bar);
    CHECK(forward(changed, in, 2) == forward(changed_inline, in, 2));
    CHECK(forward(changed, in, 2) != forward(by_call, in, 2));
    CHECK(program->parameters()[0] == p[0]);
}

TEST_CASE("frozen inputs of a called program stay without gradient; a frozen caller leaves no pullback in it") {
    const auto program = program_of_body<double>({1, 2, 3}, {.frozen_inputs = {"t"}, .freeze_all_parameters = true});
    Tape<double> tape;
    const Var<double> x = tape.input(3, Sharing::per_sample, "x"), t = tape.input(1, Sharing::shared, "t");
    tape.output(call(program, {x, t})[0]);
    const auto p = freeze(tape);
    CHECK(p.parameter_count() == 0);
    const auto r = pullback<double>(p, {{1, 2, 3}, {2}}, {{1, 1, 1}}, 1);
    CHECK(r.in_bar[1][0] == 0);
    CHECK(r.in_bar[0][0] == Approx(0.0).margin(1e-15));  // d/dx (2 x/(1 + x²)) at 1
    CHECK(freeze(tape, {.frozen_inputs = {"x", "t"}}).summary().pullback.empty());
}

TEST_CASE("guards inside a called program still guard") {
    Tape<double> inner;
    const Var<double> x = inner.input(1, Sharing::per_sample, "x", std::vector<double>{1});
    inner.output(x > 0 ? x : -x);
    const auto program = std::make_shared<const Program<double>>(freeze(inner));
    Tape<double> tape;
    tape.output(call(program, {tape.input(1, Sharing::per_sample, "x")})[0] * 2);
    const auto p = freeze(tape);
    CHECK_FALSE(p.smooth());
    CHECK(forward<double>(p, {{3}}, 1)[0][0] == 6);
    CHECK_THROWS_AS(forward<double>(p, {{3, -1}}, 2), BranchChanged);
}

TEST_CASE("a call says what does not fit") {
    const auto program = program_of_body<double>({1, 2, 3});
    Tape<double> tape;
    const Var<double> x = tape.input(3, Sharing::per_sample, "x"), s = tape.input(1, Sharing::per_sample, "s");
    CHECK_THROWS_WITH(call(program, {x}), Catch::Contains("1 values for a program of 2 inputs"));
    CHECK_THROWS_WITH(call(program, {x, x}), Catch::Contains("input 't' has 3"));
    CHECK_THROWS_WITH(call(program, {x, s}), Catch::Contains("per sample"));
}
