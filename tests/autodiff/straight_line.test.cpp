// Scalar programs as straight lines against the replay op by op: == at every batch, in float and in double.
#include "autodiff/lines.hpp"
#include "autodiff/program_field.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <numeric>
#include <thread>

using namespace costate;
using namespace costate::autodiff;
using namespace costate::autodiff::test;

namespace {

/// The same program, replayed op by op.
template <class T>
Program<T> without_lines(Tape<T>& tape, const FreezeOptions& options = {}) {
    Program<T> program(tape, options);
    const_cast<autodiff::detail::Plan<T>&>(*program.plan()).lines = nullptr;
    return program;
}

/// Every op that scalar code uses, with a shared input, a constant input that no gradient is wanted for, and θ.
template <class T>
void every_op(Tape<T>& tape) {
    const Var<T> t = tape.input(1, Sharing::shared, "t"), x = tape.input(3, Sharing::per_sample, "x"),
                 z = tape.input(2, Sharing::per_sample, "z");
    const std::vector<T> values{T(0.75), T(-1.25), T(0.5)};
    const Var<T> p = tape.parameter(values, "p");
    const Var<T> s = 1 - p[0], a = x[0] * p[1] + t, b = x[1] / (2 + x[2] * x[2]), c = -a * b - T(0.3);
    const Var<T> r = sqrt(a * a + b * b + 1);
    Var<T> all = exp(-r) + log(r) + sin(a) * cos(b) + tanh(c) + sigmoid(a) - silu(b) + gelu(c) + relu(a) * softplus(b) + erf(c);
    all = all + pow(r, 3) + pow(b, -2) + s / r + sum(x) + dot(x, p) * t + z[0] * sigmoid(z[1]);
    const Var<T> combined = linear_combination<T>({T(0.5), T(-2), T(3)}, {a, x, p});
    tape.output(concat(std::vector<Var<T>>{all, combined, x * p, broadcast(b, 2)}));
    tape.output(t * p);
    tape.output(x);
}

template <class T>
Arrays<T> values(const std::vector<Port>& ports, std::size_t batch, unsigned seed) {
    std::mt19937_64 random(seed);
    return random_arrays<T>(ports, batch, random);
}

template <class T>
void compare_every_op(std::size_t batch, const FreezeOptions& options) {
    Tape<T> tape;
    every_op(tape);
    const Program<T> lines(tape, options), reference = without_lines(tape, options);
    REQUIRE(lines.plan()->lines);
    const auto in = values<T>(lines.inputs(), batch, 1), bar = values<T>(lines.outputs(), batch, 2);
    CHECK(forward(lines, in, batch) == forward(reference, in, batch));
    const auto ours = pullback(lines, in, bar, batch), theirs = pullback(reference, in, bar, batch);
    CHECK(ours.out == theirs.out);
    CHECK(ours.in_bar[1] == theirs.in_bar[1]);
    // Sums over the batch: sample after sample, which the replay does at batch 1.
    std::vector<T> t_bar(ours.in_bar[0].size(), T(0)), theta_bar(ours.theta_bar.size(), T(0));
    Workspace<T> ws;
    Record<T> record;
    for (std::size_t b = 0; b < batch; ++b) {
        const auto row = [b](const std::vector<T>& v, const Port& port) {
            const std::size_t n = port.size, begin = port.sharing == Sharing::shared ? 0 : b * n;
            return std::vector<T>(&v[begin], &v[begin] + n);
        };
        Arrays<T> x, y_bar, y = zeros<T>(lines.outputs(), 1);
        for (std::size_t i = 0; i < in.size(); ++i) x.push_back(row(in[i], lines.inputs()[i]));
        for (std::size_t k = 0; k < bar.size(); ++k) y_bar.push_back(row(bar[k], lines.outputs()[k]));
        const std::vector<std::span<T>> in_bar{t_bar, {}, {}};
        reference.forward(read(x), write(y), 1, record, ws);
        reference.pullback(record, read(y_bar), in_bar, theta_bar, ws);
    }
    CHECK(ours.in_bar[0] == t_bar);
    CHECK(ours.theta_bar == theta_bar);
}

}  // namespace

TEMPLATE_TEST_CASE("straight lines equal the replay op by op, bitwise, at every batch", "", float, double) {
    for (const std::size_t batch : {1u, 7u, 64u, 65u}) {
        INFO("batch " << batch);
        compare_every_op<TestType>(batch, {});
        compare_every_op<TestType>(batch, {.frozen_inputs = {"z"}});
        compare_every_op<TestType>(batch, {.frozen_inputs = {"t"}, .freeze_all_parameters = true});
        compare_every_op<TestType>(batch, {.machine_code = true});
    }
}

namespace {

/// y = |x₀| x₁ written with a comparison, recorded at x₀ > 0.
Tape<double>& with_guard(Tape<double>& tape) {
    const Var<double> x = tape.input(2, Sharing::per_sample, "x", std::vector<double>{1.0, 1.0});
    tape.output(x[0] > 0 ? x[0] * x[1] : -x[0] * x[1]);
    return tape;
}

/// The guard and sample that a forward of this many samples, one of them negative, reports.
std::pair<std::size_t, std::size_t> reported(const Program<double>& program, std::size_t batch, std::size_t negative) {
    Workspace<double> ws;
    Record<double> record;
    Arrays<double> in{std::vector<double>(2 * batch, 1.0)}, out = zeros<double>(program.outputs(), batch);
    in[0][2 * negative] = -1;
    try {
        program.forward(read(in), write(out), batch, record, ws);
    } catch (const BranchChanged& e) {
        CHECK(record.batch() == 0);
        return {e.guard(), e.sample()};
    }
    return {99, 99};
}

}  // namespace

TEST_CASE("a comparison that turns out otherwise is reported with guard and sample, at every batch") {
    Tape<double> tape;
    const Program<double> program(with_guard(tape));
    REQUIRE(program.plan()->lines);
    CHECK(reported(program, 1, 0) == std::pair<std::size_t, std::size_t>(0, 0));
    CHECK(reported(program, 65, 64) == std::pair<std::size_t, std::size_t>(0, 64));
    CHECK(reported(program, 7, 3) == std::pair<std::size_t, std::size_t>(0, 3));
    const Arrays<double> fine{{2, 3}};
    CHECK(forward(program, fine, 1) == Arrays<double>{{6}});
}

TEST_CASE("programs with large layers, calls or long arrays are replayed op by op, small layers are lines") {
    Tape<double> tape;
    const Var<double> x = tape.input(40, Sharing::per_sample, "x");
    tape.output(sin(x));
    CHECK(!Program<double>(tape).plan()->lines);
    for (const std::size_t size : {11u, 12u}) {  // 121 weights, 144 weights
        Tape<double> other;
        const Var<double> z = other.input(size, Sharing::per_sample, "z");
        other.output(linear(z, other.parameter(std::vector<double>(size * size, 0.5), Shape{size, size}, "W")));
        CHECK((Program<double>(other).plan()->lines != nullptr) == (size == 11));
    }
    Tape<double> scalar;
    const auto many = elements(scalar.input(40, Sharing::per_sample, "x"));
    scalar.output(concat(std::vector<Var<double>>{many[0] * many[39], many[1] + many[2]}));
    CHECK(Program<double>(scalar).plan()->lines);
    for (const std::size_t size : {20u, 200u}) {  // nothing is computed
        Tape<double> moved;
        moved.output(moved.input(size, Sharing::per_sample, "x"));
        CHECK((Program<double>(moved).plan()->lines != nullptr) == (size == 20));
    }
}

TEST_CASE("new parameters are used, and a record of the old ones is refused") {
    Tape<double> tape;
    every_op(tape);
    Program<double> program(tape);
    const auto in = values<double>(program.inputs(), 3, 5), bar = values<double>(program.outputs(), 3, 6);
    Workspace<double> ws;
    Record<double> record;
    auto out = zeros<double>(program.outputs(), 3), in_bar = zeros<double>(program.inputs(), 3);
    program.forward(read(in), write(out), 3, record, ws);
    const auto before = out;
    program.set_parameters(std::vector<double>{0.5, 0.25, 2});
    CHECK_THROWS_AS(program.pullback(record, read(bar), write(in_bar), {}, ws), std::invalid_argument);
    program.forward(read(in), write(out), 3, record, ws);
    CHECK(out != before);
    CHECK_NOTHROW(program.pullback(record, read(bar), write(in_bar), {}, ws));
}

TEST_CASE("two threads replay one program, each with its own workspace") {
    Tape<double> tape;
    every_op(tape);
    const Program<double> program(tape);
    const auto in = values<double>(program.inputs(), 65, 7), bar = values<double>(program.outputs(), 65, 8);
    const auto expected = pullback(program, in, bar, 65);
    std::array<bool, 2> same{};
    const auto work = [&](std::size_t k) {
        bool all = true;
        for (int i = 0; i < 50; ++i) {
            const auto got = pullback(program, in, bar, 65);
            all = all && got.out == expected.out && got.in_bar == expected.in_bar && got.theta_bar == expected.theta_bar;
        }
        same[k] = all;
    };
    std::thread first(work, 0), second(work, 1);
    first.join();
    second.join();
    CHECK((same[0] && same[1]));
}

TEST_CASE("a small network as a line: calls of one layer run together and change no bit, interpreted or compiled, at every batch") {
    const auto record = [](Tape<double>& tape) {
        const Var<double> x = tape.input(2, Sharing::per_sample, "x");
        std::mt19937_64 random(5);
        std::uniform_real_distribution<double> number(-1, 1);
        const auto some = [&](std::size_t count) {
            std::vector<double> values(count);
            for (double& v : values) v = number(random);
            return values;
        };
        const Var<double> w = tape.parameter(some(40), Shape{20, 2}, "W"), b = tape.parameter(some(20), "b"),
                          v = tape.parameter(some(40), Shape{2, 20}, "V");
        const Var<double> hidden = tanh(linear(x, w, b));
        tape.output(tanh(linear(hidden, v) + sin(x)));  // calls that wait for calls, of two functions
    };
    Tape<double> tape, compiled_tape;
    record(tape);
    record(compiled_tape);
    const Program<double> lines(tape), reference = without_lines(tape, {}), compiled(compiled_tape, {.machine_code = true});
    const auto& steps = lines.plan()->lines->first.plan().steps;
    const auto largest = std::max_element(steps.begin(), steps.end(), [](const auto& a, const auto& b) { return kernels::calls_of(a.op) < kernels::calls_of(b.op); });
    CHECK(kernels::calls_of(largest->op) == kernels::most_calls);
    for (const std::size_t batch : {1u, 7u, 65u}) {
        const auto in = values<double>(lines.inputs(), batch, 1), bar = values<double>(lines.outputs(), batch, 2);
        const auto ours = pullback(lines, in, bar, batch), theirs = pullback(reference, in, bar, batch), machine = pullback(compiled, in, bar, batch);
        CHECK(ours.out == theirs.out);
        CHECK(ours.in_bar == theirs.in_bar);
        CHECK(machine.out == ours.out);
        CHECK(machine.in_bar == ours.in_bar);
        CHECK(machine.theta_bar == ours.theta_bar);
        if (batch == 1) CHECK(ours.theta_bar == theirs.theta_bar);
    }
}

TEST_CASE("negative control: a changed step of a line is noticed") {
    Tape<double> tape;
    every_op(tape);
    const Program<double> program(tape);
    const auto in = values<double>(program.inputs(), 7, 9), bar = values<double>(program.outputs(), 7, 10);
    const auto right = pullback(program, in, bar, 7);
    auto& line = const_cast<kernels::StraightLine<double>&>(program.plan()->lines->second[0]);
    const kernels::StraightLine<double> before = line;
    std::size_t changed = 0, noticed = 0;
    for (std::size_t i = 0; i < before.plan().steps.size(); ++i) {
        kernels::LinePlan plan = before.plan();
        if (plan.steps[i].op != kernels::LineOp::mul && plan.steps[i].op != kernels::LineOp::add) continue;
        plan.steps[i].op = kernels::LineOp::sub;
        std::iota(plan.constants.begin(), plan.constants.end(), 0u);
        line = {std::move(plan), before.constants()};
        const auto wrong = pullback(program, in, bar, 7);
        ++changed;
        if (wrong.in_bar != right.in_bar || wrong.theta_bar != right.theta_bar) ++noticed;
    }
    line = before;
    CHECK(changed > 20);
    CHECK(noticed >= changed * 9 / 10);  // some meet a slope that is 0 in all samples: relu's
    CHECK(pullback(program, in, bar, 7).in_bar == right.in_bar);
}
