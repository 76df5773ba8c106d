// Attention in tiles, softmax and products of matrices at lengths where vectors, tiles and blocks end in the middle, against the formulas in long
// double; run at every vector width.
#include "autodiff/token_functions.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace costate;
using namespace costate::autodiff;
using namespace costate::autodiff::test;

namespace {

using Wide = long double;

template <class T>
Program<T> program_of(const std::vector<std::size_t>& sizes, const std::function<Var<T>(const std::vector<Var<T>>&)>& record) {
    Tape<T> tape;
    std::vector<Var<T>> operands;
    for (const std::size_t n : sizes) operands.push_back(tape.input(n, Sharing::per_sample, "x" + std::to_string(operands.size())));
    tape.output(record(operands));
    return freeze(tape);
}

/// Largest error of y over the largest value, in units of the scalar's precision.
template <class T>
double error(const std::vector<T>& y, const std::vector<Wide>& exact) {
    Wide worst = 0, size = 1e-30L;
    for (std::size_t i = 0; i < y.size(); ++i) {
        worst = std::max(worst, std::abs(y[i] - exact[i]));
        size = std::max(size, std::abs(exact[i]));
    }
    return y.size() == exact.size() ? static_cast<double>(worst / size / std::numeric_limits<T>::epsilon()) : HUGE_VAL;
}

/// ⟨v, J u⟩ - ⟨Jᵀ v, u⟩ in units of the precision times |v| |J u|.
template <class T>
double defect(const Program<T>& p, const Arrays<T>& in, std::size_t batch) {
    std::mt19937_64 random(5);
    const auto v = random_arrays<T>(p.outputs(), batch, random), u = random_arrays<T>(p.inputs(), batch, random);
    const auto pulled = pullback(p, in, v, batch);
    const auto pushed = pushforward<T>(p, in, u, {}, batch);
    const T size = std::sqrt(inner(v, v) * inner(pushed.out_dot, pushed.out_dot));
    return static_cast<double>(std::abs(inner(v, pushed.out_dot) - inner(pulled.in_bar, u)) / size / std::numeric_limits<T>::epsilon());
}

/// softmax(scale q kᵀ) v of one head, row by row.
template <class T>
std::vector<Wide> attended(const AttentionShape& s, const Arrays<T>& in, Wide scale) {
    std::vector<Wide> y;
    for (std::size_t i = 0; i < s.queries; ++i) {
        std::vector<Wide> score;
        for (std::size_t j = 0; j < (s.causal != 0 ? std::min<std::size_t>(i + 1, s.keys) : s.keys); ++j) {
            Wide sum = 0;
            for (std::size_t d = 0; d < s.depth; ++d) sum += Wide(in[0][i * s.depth + d]) * in[1][j * s.depth + d];
            score.push_back(scale * sum);
        }
        const Wide largest = *std::max_element(score.begin(), score.end());
        for (std::size_t c = 0; c < s.width; ++c) {
            Wide total = 0, weighted = 0;
            for (std::size_t j = 0; j < score.size(); ++j) {
                total += std::exp(score[j] - largest);
                weighted += std::exp(score[j] - largest) * in[2][j * s.width + c];
            }
            y.push_back(weighted / total);
        }
    }
    return y;
}

}  // namespace

TEMPLATE_TEST_CASE("attention is its formula whatever the tiles, causal or not, and so is its transpose", "", float, double) {
    using T = TestType;
    for (const std::uint32_t causal : {0u, 1u})
        for (const auto& [query_tile, key_tile] : std::vector<std::pair<std::uint32_t, std::uint32_t>>{{64, 128}, {7, 5}, {1, 200}, {200, 1}, {200, 200}}) {
            const AttentionShape s{.queries = 70, .keys = 133, .depth = 5, .width = 3, .causal = causal, .query_tile = query_tile, .key_tile = key_tile};
            INFO("causal " << causal << ", tiles of " << query_tile << " x " << key_tile);
            const auto program = program_of<T>({350, 665, 399}, [&](const auto& v) { return attention(v[0], v[1], v[2], s, T(3)); });
            std::mt19937_64 random(2);
            const auto in = random_arrays<T>(program.inputs(), 1, random);
            CHECK(error(forward(program, in, 1)[0], attended(s, in, 3)) <= 64);
            CHECK(defect(program, in, 1) <= 64);
            const AttentionShape fewer{.queries = 70, .keys = 132, .depth = 5, .width = 3};
            if (causal == 0) CHECK(error(forward(program, in, 1)[0], attended(fewer, in, 3)) > 1e3);  // negative control
        }
}

TEMPLATE_TEST_CASE("scores of thousands overflow nowhere: each query finds its key", "", float, double) {
    using T = TestType;
    constexpr std::size_t n = 150;
    const AttentionShape s{.queries = n, .keys = n, .depth = 2, .width = 1};
    const auto program = program_of<T>({2 * n, 2 * n, n}, [&](const auto& v) { return attention(v[0], v[1], v[2], s, T(30000)); });
    Arrays<T> in(3);
    for (std::size_t i = 0; i < n; ++i) {
        const double angle = 6.28 * static_cast<double>(i) / n;
        for (auto* side : {&in[0], &in[1]}) side->insert(side->end(), {static_cast<T>(std::cos(angle)), static_cast<T>(std::sin(angle))});
        in[2].push_back(static_cast<T>(i));
    }
    const auto y = forward(program, in, 1)[0];
    for (std::size_t i = 0; i < n; ++i) CHECK(std::abs(y[i] - in[2][i]) < T(1e-3));
    const auto pulled = pullback(program, in, {std::vector<T>(n, T(1))}, 1);
    for (const auto& bar : pulled.in_bar)
        for (const T& value : bar) CHECK(std::isfinite(value));
    const auto soft = program_of<T>({4}, [](const auto& v) { return concat(softmax(v[0], {4}, 0), log_softmax(v[0], {4}, 0)); });
    const T half = -std::log(T(2));
    CHECK(forward(soft, Arrays<T>{{T(-1e30), T(1e4), T(1e4), T(0)}}, 1)[0] == std::vector<T>{0, T(0.5), T(0.5), 0, T(-1e30), half, half, T(-1e4) + half});
}

TEMPLATE_TEST_CASE("softmax and products of matrices over ragged lengths", "", float, double) {
    using T = TestType;
    std::mt19937_64 random(3);
    for (const std::size_t length : {1u, 15u, 16u, 33u, 70u}) {
        const auto program = program_of<T>({2 * length}, [&](const auto& v) { return softmax(v[0] * T(8), {2, length}, 1); });
        const auto in = random_arrays<T>(program.inputs(), 3, random);
        std::vector<Wide> exact;
        for (std::size_t r = 0; r < 6; ++r) {
            Wide sum = 0;
            for (std::size_t i = 0; i < length; ++i) sum += std::exp(Wide(8) * in[0][r * length + i]);
            for (std::size_t i = 0; i < length; ++i) exact.push_back(std::exp(Wide(8) * in[0][r * length + i]) / sum);
        }
        CHECK(error(forward(program, in, 3)[0], exact) <= 32);
        if (length > 1) CHECK(defect(program, in, 3) <= 64);
    }
    for (const std::uint32_t transposed : {0u, 1u, 2u, 3u})
        for (const std::uint32_t n : {1u, 17u, 40u}) {
            const MatmulShape s{.rows = 31, .inner = 130, .columns = n, .blocks = 2, .transpose_a = transposed & 1, .transpose_b = transposed >> 1};
            const auto program = program_of<T>({2 * s.a_size(), s.b_size()}, [&](const auto& v) { return matmul(v[0], v[1], s); });
            const auto in = random_arrays<T>(program.inputs(), 2, random);
            std::vector<Wide> exact(4 * s.y_size());
            for (std::size_t i = 0; i < exact.size(); ++i)
                for (std::size_t k = 0; k < 130; ++k) {
                    const std::size_t block = i / s.y_size(), row = i % s.y_size() / n, column = i % n;
                    exact[i] += Wide(in[0][block * s.a_size() + (s.transpose_a != 0 ? k * 31 + row : row * 130 + k)]) *
                                in[1][block / 2 * s.b_size() + (s.transpose_b != 0 ? column * 130 + k : k * n + column)];
                }
            CHECK(error(forward(program, in, 2)[0], exact) <= 32);
            CHECK(defect(program, in, 2) <= 64);
        }
}
