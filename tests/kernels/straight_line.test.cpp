// Straight lines of random scalar code: one sample, lanes of every instruction set, and machine code agree with the kernels
// called one by one, bitwise.
#include "kernels/reduce.hpp"
#include "kernels/straight_line.hpp"
#include "kernels/symbol.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace costate;
using namespace costate::kernels;

namespace {

/// Random code over two rows of x and one shared value; every operation, run on Symbols or on plain values.
template <class S, class T>
std::vector<S> random_code(std::uint64_t seed, std::vector<S> v) {
    std::mt19937_64 random(seed);
    const auto pick = [&] { return v[random() % v.size()]; };
    for (int i = 0; i < 60; ++i) {
        const S a = pick(), b = pick();
        switch (random() % 8) {
            case 0:
                v.push_back(a + b);
                break;
            case 1:
                v.push_back(a - b);
                break;
            case 2:
                v.push_back(a * b);
                break;
            case 3:
                v.push_back(a / (b * b + T(1)));
                break;
            case 4:
                v.push_back(-a);
                break;
            case 5:
                v.push_back(a * T(0.5) - T(3));
                break;
            default: {
                const auto f = static_cast<Function>(1 + random() % (function_count - 1));
                const S x = f == Function::log || f == Function::sqrt ? S(a * a + T(0.25))
                            : f == Function::exp                      ? S(a / (a * a + T(1)))
                                                                      : a;
                S y, slope;
                if constexpr (std::same_as<S, T>) {
                    apply_with_slope<T>(f, std::span<const T>(&x, 1), std::span<T>(&y, 1), std::span<T>(&slope, 1));
                } else {
                    y = reference::value(f, x);
                    slope = reference::slope(f, x);
                }
                v.push_back(y);
                v.push_back(slope);
            }
        }
    }
    return {v.end() - 5, v.end()};
}

template <class T>
struct Code {
    Trace<T> trace;
    std::optional<SplitPlan> plan;

    explicit Code(std::uint64_t seed) {
        const auto x = trace.declare({ArrayLayout::rows, 2, true}), p = trace.declare({ArrayLayout::shared, 1, true}),
                   y = trace.declare({ArrayLayout::rows, 5, false}), sum = trace.declare({ArrayLayout::shared, 1, false});
        const auto result =
            random_code<Symbol<T>, T>(seed, {{trace, trace.load(x, 0)}, {trace, trace.load(x, 1)}, {trace, trace.load(p, 0)}});
        for (std::size_t i = 0; i < 5; ++i) trace.store(y, i, result[i].in(trace));
        Symbol<T> total(trace, trace.accumulator(sum, 0));
        for (const Symbol<T>& r : result) total += r;
        trace.begin_second_half();
        plan = split(trace, {});
    }
};

template <class T>
struct Result {
    std::vector<T> y;
    T sum;
};
/// NaN equals NaN.
template <class T>
bool same(const Result<T>& a, const Result<T>& b) {
    const auto equal = [](T x, T y) { return x == y || (x != x && y != y); };
    return equal(a.sum, b.sum) && std::equal(a.y.begin(), a.y.end(), b.y.begin(), b.y.end(), equal);
}

template <class T>
Result<T> run(const StraightLine<T>& line, std::vector<T> x, T p) {
    const std::size_t batch = x.size() / 2;
    Result<T> r{std::vector<T>(5 * batch), T(1)};
    std::vector<T> scratch(line.scratch(batch));
    const std::array<T*, 4> arrays{x.data(), &p, r.y.data(), &r.sum};
    REQUIRE(line.run(arrays.data(), nullptr, batch, scratch));
    return r;
}

template <class T>
std::vector<T> inputs(std::size_t batch) {
    std::mt19937 random(5);
    std::vector<T> x(2 * batch);
    for (T& v : x) v = static_cast<T>(static_cast<int>(random() % 4001) - 2000) / T(1000);
    return x;
}

template <class T>
void compare(std::uint64_t seed, std::size_t batch, bool compiled) {
    INFO("seed " << seed << ", batch " << batch);
    Code<T> code(seed);
    REQUIRE(code.plan);
    const std::vector<T> x = inputs<T>(batch);
    Result<T> expected{{}, T(1)};
    for (std::size_t b = 0; b < batch; ++b) {
        const auto y = random_code<T, T>(seed, {x[2 * b], x[2 * b + 1], T(0.75)});
        for (const T& v : y) expected.sum += v;
        expected.y.insert(expected.y.end(), y.begin(), y.end());
    }
    StraightLine<T> line(code.plan->value, code.trace.constants());
    if (compiled) CHECK(line.compile());
    CHECK(same(run(line, x, T(0.75)), expected));
}

}  // namespace

TEMPLATE_TEST_CASE("random lines equal the kernels called one by one", "[quick]", float, double) {
    for (std::uint64_t seed = 0; seed < 40; ++seed)
        for (const std::size_t batch : {1u, 5u, 64u, 131u}) compare<TestType>(seed, batch, false);
}

TEMPLATE_TEST_CASE("machine code gives the same bits", "[quick]", float, double) {
    Code<TestType> code(0);
    if (!StraightLine<TestType>(code.plan->value, code.trace.constants()).compile()) {
        WARN("SKIPPED: built without asmjit");
        return;
    }
    for (std::uint64_t seed = 0; seed < 40; ++seed)
        for (const std::size_t batch : {1u, 5u, 64u, 67u}) compare<TestType>(seed, batch, true);
}

TEMPLATE_TEST_CASE("every instruction set: lanes equal the samples one by one", "[quick]", float, double) {
    using T = TestType;
    for (const Isa isa : supported_isas()) {
        INFO(name(isa));
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            Code<T> code(seed);
            StraightLine<T> line(code.plan->value, code.trace.constants(), simd::table<T>(isa));
            StraightLine<T> machine = line;
            machine.compile();
            const std::vector<T> x = inputs<T>(67);
            const Result<T> all = run(line, x, T(0.5));
            REQUIRE(same(run(machine, x, T(0.5)), all));
            for (std::size_t b = 0; b < 67; ++b) {
                const std::vector<T> row{x[2 * b], x[2 * b + 1]};
                const Result<T> part{{all.y.begin() + 5 * b, all.y.begin() + 5 * b + 5}, T(0)};
                Result<T> one = run(line, row, T(0.5)), coded = run(machine, row, T(0.5));
                one.sum = coded.sum = T(0);
                REQUIRE(same(one, part));
                REQUIRE(same(coded, part));
            }
        }
    }
}

TEST_CASE("guards: interpreted, in lanes and compiled, all three comparisons, NaN included") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const auto comparison : {Comparison::equal, Comparison::less, Comparison::less_equal}) {
        for (const bool holds : {false, true}) {
            Trace<double> trace;
            const auto x = trace.declare({ArrayLayout::rows, 2, true});
            expect(comparison, holds, Symbol<double>(trace, trace.load(x, 0)), Symbol<double>(trace, trace.load(x, 1)));
            trace.begin_second_half();
            StraightLine<double> line(split(trace, {})->value, trace.constants()), machine = line;
            machine.compile();
            for (const auto& [a, b] : {std::pair{1.0, 2.0}, {2.0, 1.0}, {1.0, 1.0}, {nan, 1.0}, {1.0, nan}, {-0.0, 0.0}}) {
                const bool truth = comparison == Comparison::equal ? a == b : comparison == Comparison::less ? a < b : a <= b;
                std::vector<double> row{a, b}, rows{a, b, a, b}, scratch(1000);
                double *one = row.data(), *two = rows.data();
                CHECK(line.run(&one, nullptr, 1, scratch) == (truth == holds));
                CHECK(machine.run(&one, nullptr, 1, scratch) == (truth == holds));
                CHECK(line.run(&two, nullptr, 2, scratch) == (truth == holds));
                CHECK(machine.run(&two, nullptr, 2, scratch) == (truth == holds));
            }
        }
    }
}

TEST_CASE("a trace that steps cannot name is left alone") {
    Trace<double> trace;
    trace.declare({ArrayLayout::rows, 70000, true});
    trace.begin_second_half();
    CHECK(!split(trace, {}));
}
