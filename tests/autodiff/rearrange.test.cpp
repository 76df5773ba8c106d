// Rearrangements in exact arithmetic, against their meaning position by position; adjointness with ==.
#include "autodiff/rearrange_functions.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

using namespace costate;
using namespace costate::autodiff;
using namespace costate::autodiff::test;

namespace {

using Position = std::vector<std::size_t>;

/// x at a position of its shape.
template <class T>
T at(const std::vector<T>& x, const Shape& shape, const Position& position) {
    std::size_t place = 0;
    for (std::size_t a = 0; a < shape.size(); ++a) place = place * shape[a] + position[a];
    return x[place];
}

/// value(position) for every position of the shape.
template <class T, class Value>
std::vector<T> filled(const Shape& shape, Value value) {
    std::vector<T> y;
    for (std::size_t i = 0; i < shape[0]; ++i)
        for (std::size_t j = 0; j < shape[1]; ++j)
            for (std::size_t k = 0; k < shape[2]; ++k) y.push_back(value(Position{i, j, k}));
    return y;
}

/// The values that `record` gives for x of two samples are those of `expected`, sample by sample, and ⟨v, J u⟩ = ⟨Jᵀ v, u⟩.
template <class T, class Record, class Expected>
void check(const Shape& shape, Record record, Expected expected) {
    std::mt19937_64 random(3);
    Tape<T> tape;
    const Var<T> x = tape.input(shape[0] * shape[1] * shape[2], Sharing::per_sample, "x");
    tape.output(record(x));
    const auto program = freeze(tape);
    const std::size_t batch = 2, n = x.size(), m = program.outputs()[0].size;
    const auto in = random_arrays<T>(program.inputs(), batch, random), u = random_arrays<T>(program.inputs(), batch, random),
               v = random_arrays<T>(program.outputs(), batch, random);
    const auto y = forward(program, in, batch)[0];
    for (std::size_t b = 0; b < batch; ++b) {
        const std::vector<T> sample(in[0].begin() + static_cast<std::ptrdiff_t>(b * n), in[0].begin() + static_cast<std::ptrdiff_t>((b + 1) * n));
        const std::vector<T> part(y.begin() + static_cast<std::ptrdiff_t>(b * m), y.begin() + static_cast<std::ptrdiff_t>((b + 1) * m));
        CHECK((part == expected(sample)));
    }
    const auto pulled = pullback(program, in, v, batch);
    const auto pushed = pushforward<T>(program, in, u, {}, batch);
    CHECK(inner(v, pushed.out_dot) == inner(pulled.in_bar, u));
    CHECK(inner(v, pushed.out_dot) != T(0));
}

}  // namespace

TEMPLATE_TEST_CASE("transpose, part, pad, broadcast, sum and mean are what they say, and so are their derivatives", "", Rational, PrimeField) {
    using T = TestType;
    using Values = std::vector<T>;
    const Shape shape{2, 3, 4};
    check<T>(shape, [&](const Var<T>& x) { return transpose(x, shape, {2, 0, 1}); },
             [&](const Values& x) { return filled<T>({4, 2, 3}, [&](const Position& p) { return at(x, shape, {p[1], p[2], p[0]}); }); });
    check<T>(shape, [&](const Var<T>& x) { return part_of(x, shape, {{1, 1, 1}, {0, 2, 2}, {1, 3, 1}}); },
             [&](const Values& x) { return filled<T>({1, 2, 3}, [&](const Position& p) { return at(x, shape, {1, 2 * p[1], 1 + p[2]}); }); });
    check<T>(shape, [&](const Var<T>& x) { return pad(x, shape, {0, 1, 2}, {1, 0, 1}); },
             [&](const Values& x) {
                 return filled<T>({3, 4, 7}, [&](const Position& p) { return p[0] < 2 && p[1] >= 1 && p[2] >= 2 && p[2] < 6 ? at(x, shape, {p[0], p[1] - 1, p[2] - 2}) : T(0); });
             });
    const Shape thin{1, 3, 1};
    check<T>(thin, [&](const Var<T>& x) { return broadcast_to(x, {3, 1}, {2, 3, 4}); },
             [&](const Values& x) { return filled<T>({2, 3, 4}, [&](const Position& p) { return x[p[1]]; }); });
    check<T>(shape, [&](const Var<T>& x) { return sum_over(x, shape, {2, 0}); },
             [&](const Values& x) {
                 Values sums(3, T(0));
                 filled<T>(shape, [&](const Position& p) { return sums[p[1]] += at(x, shape, p); });
                 return sums;
             });
    check<T>(shape, [&](const Var<T>& x) { return mean_over(x, shape, {0, 1, 2}); },
             [&](const Values& x) {
                 T sum(0);
                 for (const T& value : x) sum += value;
                 return Values{T(sum / T(24))};
             });
}

TEST_CASE("negative control: another order of the axes, another padding are other values") {
    Tape<Rational> tape;
    const Var<Rational> x = tape.input(6, Sharing::per_sample, "x");
    tape.output(transpose(x, {2, 3}, {1, 0}));
    tape.output(transpose(x, {3, 2}, {1, 0}));
    tape.output(pad(x, {2, 3}, {0, 1}, {0, 0}));
    tape.output(pad(x, {2, 3}, {0, 0}, {0, 1}));
    const auto y = forward(freeze(tape), Arrays<Rational>{{1, 2, 3, 4, 5, 6}}, 1);
    CHECK(y[0] == std::vector<Rational>{1, 4, 2, 5, 3, 6});
    CHECK(y[1] == std::vector<Rational>{1, 3, 5, 2, 4, 6});
    CHECK(y[2] == std::vector<Rational>{0, 1, 2, 3, 0, 4, 5, 6});
    CHECK(y[2] != y[3]);
}

TEST_CASE("shapes that do not fit are refused in one sentence") {
    Tape<double> tape;
    const Var<double> x = tape.input(6, Sharing::per_sample, "x");
    CHECK_THROWS_WITH(transpose(x, {2, 2}, {0, 1}), Catch::Contains("6 values are not 2 x 2"));
    CHECK_THROWS_WITH(transpose(x, {2, 3}, {0, 0}), Catch::Contains("each once"));
    CHECK_THROWS_AS(part_of(x, {2, 3}, {{0, 2, 1}, {0, 3, 2}}), std::out_of_range);
    CHECK_THROWS_AS(part_of(x, {2, 3}, {{2, 1, 1}, {0, 1, 1}}), std::out_of_range);
    CHECK_THROWS_AS(pad(x, {2, 3}, {1}, {1}), std::invalid_argument);
    CHECK_THROWS_WITH(broadcast_to(x, {2, 3}, {3, 3}), Catch::Contains("2 x 3 does not become 3 x 3"));
    CHECK_THROWS_AS(sum_over(x, {2, 3}, {2}), std::invalid_argument);
    CHECK_THROWS_AS(pad(x, {4294967296, 4294967296}, {0, 0}, {0, 0}), std::invalid_argument);
    CHECK_THROWS_AS(gather<double>(x, std::vector<std::uint32_t>{6}), std::out_of_range);
    CHECK_THROWS_AS(segment_sum<double>(x, std::vector<std::uint32_t>{0, 0, 0, 0, 0, 3}, 3), std::out_of_range);
}
