// What a Program promises beyond the ops: outputs, parameters, dead code, fusion, frozen inputs, sharing, errors.
#include "autodiff/gradient.hpp"
#include "kernels/reduce.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

using namespace costate;
using namespace costate::autodiff;
using namespace costate::autodiff::test;

namespace {

std::size_t occurrences(const std::vector<std::string_view>& names, std::string_view name) {
    return static_cast<std::size_t>(std::count(names.begin(), names.end(), name));
}

// y = silu(x W₁ᵀ + b₁) W₂ᵀ + b₂
struct Mlp {
    Tape<double> tape;
    Mlp() {
        std::mt19937_64 random(7);
        const Var<double> x = tape.input(3, Sharing::per_sample, "x");
        const Var<double> w1 = tape.parameter(random_values<double>(15, random), {5, 3}, "w1"),
                          b1 = tape.parameter(random_values<double>(5, random), "b1");
        const Var<double> w2 = tape.parameter(random_values<double>(10, random), {2, 5}, "w2"),
                          b2 = tape.parameter(random_values<double>(2, random), "b2");
        tape.output(linear(silu(linear(x, w1) + b1), w2, b2));
    }
};

}  // namespace

// A Var is a scalar: it can do what its values can.
static_assert(Scalar<Var<double>> && TranscendentalScalar<Var<double>> && OrderedScalar<Var<Rational>> &&
              ExactScalar<Var<Rational>>);
static_assert(!TranscendentalScalar<Var<PrimeField>> && !OrderedScalar<Var<PrimeField>>);

TEST_CASE("generic scalar code runs on Vars: rational coefficients, reference kernels, activations by their ordinary names") {
    Tape<double> tape;
    const Var<double> x = tape.input(1, Sharing::per_sample, "x"), k = tanh(x);
    const std::vector<Var<double>> c{from_rational<Var<double>>(ratio(1, 4))};
    const std::vector<const Var<double>*> stages{&k};
    Var<double> y;
    kernels::rk_combine<Var<double>>({&x, 1}, Var<double>(0.5), c, stages, {&y, 1});
    using costate::sigmoid, costate::silu;  // as generic code does; those of Var are more special
    tape.output(sigmoid(y) + silu(y));
    const double z = 0.3 + 0.5 * (0.25 * std::tanh(0.3)), s = 1 / (1 + std::exp(-z));
    CHECK(forward<double>(freeze(tape), {{0.3}}, 1)[0][0] == Approx(s + z * s));
}

TEST_CASE("gradient of a scalar function: f = x y + sin x, against its derivative written out") {
    const std::vector<double> x{0.7, -1.3};
    const auto g = gradient([](auto v) { return v[0] * v[1] + sin(v[0]); }, x);
    CHECK(g.value == Approx(0.7 * -1.3 + std::sin(0.7)));
    CHECK(g.gradient[0] == Approx(-1.3 + std::cos(0.7)));
    CHECK(g.gradient[1] == Approx(0.7));
}

TEST_CASE("linear, bias and activation are one instruction, forward and back") {
    Mlp net;
    const auto s = freeze(net.tape).summary();
    CHECK(s.forward == std::vector<std::string_view>{"linear", "linear"});
    CHECK(s.pullback == std::vector<std::string_view>{"linear", "linear"});
}

TEST_CASE("an unfused value is not fused away when it is read twice") {
    Tape<double> tape;
    const Var<double> x = tape.input(2, Sharing::per_sample, "x");
    const Var<double> z = linear(x, tape.constant(std::vector<double>{1, 2, 3, 4}, {2, 2}));
    tape.output(tanh(z) + z);
    const auto program = freeze(tape);
    CHECK(occurrences(program.summary().forward, "tanh") == 1);
    const auto y = forward<double>(program, {{1, 1}}, 1);
    CHECK(y[0][0] == Approx(std::tanh(3.0) + 3));
    CHECK(y[0][1] == Approx(std::tanh(7.0) + 7));
}

TEST_CASE("frozen parameters are constants: no gradient work for them") {
    Mlp net;
    const auto frozen = freeze(net.tape, {.freeze_all_parameters = true});
    CHECK(frozen.parameter_count() == 0);
    const auto open = freeze(net.tape);
    CHECK(open.parameter_count() == 32);
    // x W alone needs no x: the record of the frozen program keeps the slopes, that of the open one the layers' inputs too
    CHECK(frozen.summary().record_bytes == 5 * sizeof(double));
    CHECK(open.summary().record_bytes == (5 + 3 + 5) * sizeof(double));
    const auto part = freeze(net.tape, {.frozen_parameters = {"w1", "b1"}});
    CHECK(part.parameter_count() == 12);
    std::mt19937_64 random(1);
    const auto x = random_arrays<double>(open.inputs(), 4, random), v = random_arrays<double>(open.outputs(), 4, random);
    const auto a = pullback(open, x, v, 4), b = pullback(frozen, x, v, 4), c = pullback(part, x, v, 4);
    CHECK(a.in_bar == b.in_bar);
    CHECK(a.in_bar == c.in_bar);
    CHECK(std::vector<double>(a.theta_bar.begin() + 20, a.theta_bar.end()) == c.theta_bar);
}

TEST_CASE("a frozen input has no gradient work; everything frozen leaves no pullback at all") {
    Tape<double> tape;
    const Var<double> x = tape.input(2, Sharing::per_sample, "x"), u = tape.input(2, Sharing::per_sample, "u");
    tape.output(x * exp(u));
    CHECK(freeze(tape).summary().pullback == std::vector<std::string_view>{"mul", "exp"});
    const auto frozen = freeze(tape, {.frozen_inputs = {"u"}});
    CHECK(frozen.summary().pullback == std::vector<std::string_view>{"mul"});
    CHECK(freeze(tape, {.frozen_inputs = {"u", "x"}}).summary().pullback.empty());
    Workspace<double> ws;
    Record<double> record;
    Arrays<double> in{{1, 2}, {0, 0}}, out{{0, 0}}, bar{{0, 0}, {0, 0}};
    frozen.forward(read(in), write(out), 1, record, ws);
    CHECK_THROWS_WITH(frozen.pullback(record, read(out), write(bar), {}, ws), Catch::Contains("input 'u' is frozen"));
}

TEST_CASE("dead ops and constants vanish") {
    Tape<double> tape;
    const Var<double> x = tape.input(2, Sharing::per_sample, "x");
    const Var<double> c = exp(tape.constant(std::vector<double>{0, 1})) * 2;
    exp(x * 5);
    tape.output(x * c);
    const auto program = freeze(tape);
    CHECK(program.summary().forward == std::vector<std::string_view>{"mul"});
    CHECK(forward<double>(program, {{1, 1}}, 1)[0][1] == Approx(2 * std::exp(1.0)));
}

TEST_CASE("what depends on shared values alone runs once a replay") {
    Tape<double> tape;
    const Var<double> t = tape.input(1, Sharing::shared, "t"), x = tape.input(2, Sharing::per_sample, "x");
    tape.output(concat(x, time_embedding(t, tape.constant(std::vector<double>{1, 2}))));
    const auto program = freeze(tape);
    CHECK(program.summary().workspace_bytes == 0);
    CHECK(program.summary().record_bytes == 0);
    const auto y = forward<double>(program, {{0.5}, {1, 2, 3, 4}}, 2);
    CHECK(y[0][2] == Approx(std::sin(0.5)));
    CHECK(y[0][6 + 5] == Approx(std::cos(1.0)));
}

TEST_CASE("outputs: an input, a shared value and the same value twice are all allowed") {
    Tape<Rational> tape;
    const Var<Rational> x = tape.input(2, Sharing::per_sample, "x"), t = tape.input(1, Sharing::shared, "t"),
                        p = tape.parameter(std::vector<Rational>{5}, "p");
    const Var<Rational> y = x * t;
    for (const auto& v : {y, y, x, t * t, tape.constant(Rational(7)), p}) tape.output(v);
    const auto program = freeze(tape);
    const Arrays<Rational> in{{1, 2, 3, 4}, {3}};
    const auto out = forward(program, in, 2);
    CHECK(out == Arrays<Rational>{{3, 6, 9, 12}, {3, 6, 9, 12}, {1, 2, 3, 4}, {9, 9}, {7, 7}, {5, 5}});
    const auto r = pullback(program, in, {{1, 1, 1, 1}, {1, 0, 0, 0}, {1, 1, 1, 2}, {1, 1}, {1, 1}, {2, 3}}, 2);
    CHECK(r.in_bar == Arrays<Rational>{{3 + 3 + 1, 3 + 1, 3 + 1, 3 + 2}, {10 + 1 + 12}});
    CHECK(r.theta_bar == std::vector<Rational>{5});
    const auto d = pushforward<Rational>(program, in, {{1, 0, 0, 1}, {1}}, {1}, 2);
    CHECK(d.out == out);
    CHECK(d.out_dot == Arrays<Rational>{{4, 2, 3, 7}, {4, 2, 3, 7}, {1, 0, 0, 1}, {6, 6}, {0, 0}, {1, 1}});
}

TEST_CASE("set_parameters changes weights in both directions; copies keep their own; old records are refused") {
    Mlp net;
    Program<double> a = freeze(net.tape);
    const Program<double> before = a;
    std::mt19937_64 random(3);
    const auto x = random_arrays<double>(a.inputs(), 2, random), v = random_arrays<double>(a.outputs(), 2, random);
    const auto theta = random_values<double>(32, random);
    const auto old = pullback(a, x, v, 2);
    Workspace<double> ws;
    Record<double> record;
    auto out = zeros<double>(a.outputs(), 2);
    a.forward(read(x), write(out), 2, record, ws);
    a.set_parameters(theta);
    CHECK(std::vector<double>(a.parameters().begin(), a.parameters().end()) == theta);
    CHECK_THROWS_WITH(a.pullback(record, read(v), {}, {}, ws), Catch::Contains("present parameters"));
    CHECK_NOTHROW(before.pullback(record, read(v), {}, {}, ws));
    CHECK(pullback(before, x, v, 2).in_bar == old.in_bar);
    // a program recorded with these values from the start
    Tape<double> tape;
    const auto part = [&](std::size_t b, std::size_t n) { return std::span<const double>(theta).subspan(b, n); };
    const Var<double> in = tape.input(3, Sharing::per_sample, "x");
    const Var<double> w1 = tape.parameter(part(0, 15), "w1"), b1 = tape.parameter(part(15, 5), "b1");
    const Var<double> w2 = tape.parameter(part(20, 10), "w2"), b2 = tape.parameter(part(30, 2), "b2");
    tape.output(linear(silu(linear(in, w1, b1)), w2, b2));
    const auto fresh = pullback(freeze(tape), x, v, 2), changed = pullback(a, x, v, 2);
    CHECK(changed.out == fresh.out);
    CHECK(changed.in_bar == fresh.in_bar);
    CHECK(changed.theta_bar == fresh.theta_bar);
    CHECK(changed.out != old.out);
}

TEST_CASE("threads that share the rows of large layers at batch 1 change no bit of values and gradients") {
    std::mt19937_64 random(8);
    const std::size_t n = 520;  // of doubles 2 MiB a layer
    Tape<double> tape;
    const Var<double> in = tape.input(n, Sharing::per_sample, "x");
    const Var<double> w1 = tape.parameter(random_values<double>(n * n, random), {n, n}, "w1"), b1 = tape.parameter(random_values<double>(n, random), "b1");
    const Var<double> w2 = tape.parameter(random_values<double>(n * n, random), {n, n}, "w2");
    tape.output(linear(silu(linear(in, w1, b1) * (1.0 / 64)), w2));
    FreezeOptions shared;
    shared.row_threads = 2;
    const auto alone = freeze(tape), together = freeze(tape, shared);
    for (const std::size_t batch : {1u, 2u}) {
        const auto x = random_arrays<double>(alone.inputs(), batch, random), v = random_arrays<double>(alone.outputs(), batch, random);
        const auto expected = pullback(alone, x, v, batch), found = pullback(together, x, v, batch);
        CHECK(found.out == expected.out);
        CHECK(found.in_bar == expected.in_bar);
        CHECK(found.theta_bar == expected.theta_bar);
    }
}

TEST_CASE("pullback accumulates, and serves repeatedly from one record") {
    Mlp net;
    const auto p = freeze(net.tape);
    std::mt19937_64 random(4);
    const auto x = random_arrays<double>(p.inputs(), 3, random), v = random_arrays<double>(p.outputs(), 3, random);
    const auto once = pullback(p, x, v, 3);
    Workspace<double> ws;
    Record<double> record;
    auto out = zeros<double>(p.outputs(), 3);
    auto bar = zeros<double>(p.inputs(), 3);
    p.forward(read(x), write(out), 3, record, ws);
    p.pullback(record, read(v), write(bar), {}, ws);
    CHECK(bar == once.in_bar);
    p.pullback(record, read(v), write(bar), {}, ws);
    CHECK(bar[0][4] == Approx(2 * once.in_bar[0][4]));
}

TEST_CASE("smooth says whether a kink or a comparison is inside") {
    const auto smooth = [](auto f) {
        Tape<double> tape;
        const Var<double> x = tape.input(1, Sharing::per_sample, "x", std::vector<double>{1});
        tape.output(f(x));
        return freeze(tape).smooth();
    };
    CHECK(smooth([](auto x) { return tanh(x) * x; }));
    CHECK_FALSE(smooth([](auto x) { return relu(x) * x; }));
    CHECK_FALSE(smooth([](auto x) { return relu(linear(x, Var<double>(2.0))); }));
    CHECK_FALSE(smooth([](auto x) { return x > 0 ? x : -x; }));
}

TEST_CASE("errors are one sentence that names what does not fit") {
    Tape<double> tape, other;
    const Var<double> x = tape.input(3, Sharing::per_sample, "x"), y = tape.input(2, Sharing::per_sample, "y"),
                      z = other.input(3, Sharing::per_sample, "z");
    CHECK_THROWS_WITH(x + y, Catch::Contains("add: arrays of 3 and 2"));
    CHECK_THROWS_WITH(x + z, Catch::Contains("another tape"));
    CHECK_THROWS_WITH(dot(x, y), Catch::Contains("dot"));
    CHECK_THROWS_WITH(x[3], Catch::Contains("of an array of 3"));
    CHECK_THROWS_WITH(x < y, Catch::Contains("compare scalars"));
    CHECK_THROWS_WITH(x[0] < y[0], Catch::Contains("no example"));
    CHECK_THROWS_WITH(broadcast(x, 2), Catch::Contains("broadcast: an array of 3"));
    CHECK_THROWS_WITH(linear(x, y), Catch::Contains("linear: a weight of 2"));
    CHECK_THROWS_WITH(linear(x, x), Catch::Contains("shared"));
    CHECK_THROWS_WITH(linear(x, tape.parameter(std::vector<double>(6), {3, 2}, "w")), Catch::Contains("shape"));
    CHECK_THROWS_WITH(tape.parameter(std::vector<double>(6), {3, 3}, "v"), Catch::Contains("shape of 9"));
    CHECK_THROWS_WITH(tape.input(3, Sharing::shared, "x"), Catch::Contains("exists"));
    CHECK_THROWS_WITH(freeze(tape), Catch::Contains("no output"));
    tape.output(x * 2);
    CHECK_THROWS_WITH(tape.output(z), Catch::Contains("another tape"));
    CHECK_THROWS_WITH(freeze(tape, {.frozen_inputs = {"q"}}), Catch::Contains("no input 'q'"));
    CHECK_THROWS_WITH(freeze(tape, {.frozen_parameters = {"q"}}), Catch::Contains("no parameter 'q'"));
    const auto p = freeze(tape);
    Workspace<double> ws;
    Arrays<double> in{{1, 2, 3}, {1, 2}}, out{{0, 0, 0}};
    CHECK_THROWS_WITH(p.forward(read(in), write(out), 0, ws), Catch::Contains("batch is 0"));
    CHECK_THROWS_WITH(p.forward(read(in), write(out), 2, ws), Catch::Contains("input 'x' has 3 values instead of 6"));
    in.pop_back();
    CHECK_THROWS_WITH(p.forward(read(in), write(out), 1, ws), Catch::Contains("1 arrays of input instead of 2"));
    CHECK_THROWS_WITH(p.pullback(Record<double>{}, read(out), {}, {}, ws), Catch::Contains("run forward first"));
}
