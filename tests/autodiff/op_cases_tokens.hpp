// Ops of networks on tokens as cases: products of matrices, tables, softmax, attention, normalisation by rows and by constants.
#pragma once

#include "autodiff/choice_functions.hpp"
#include "autodiff/token_functions.hpp"
#include "op_case.hpp"

namespace costate::autodiff::test {

template <class T>
void add_matmul_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    struct Way {
        std::size_t a_blocks, b_blocks;
        std::uint32_t ta, tb;
    };
    for (const Way& way : {Way{2, 2, 0, 0}, Way{2, 1, 0, 1}, Way{1, 2, 1, 0}, Way{2, 2, 1, 1}}) {
        const MatmulShape s{.rows = 2, .inner = 3, .columns = 1, .blocks = 2, .transpose_a = way.ta, .transpose_b = way.tb};
        cases.push_back({"matmul " + std::to_string(way.a_blocks) + std::to_string(way.b_blocks) + std::to_string(way.ta) + std::to_string(way.tb),
                         {{6 * way.a_blocks}, {3 * way.b_blocks}},
                         false,
                         [s](const auto& v) { return matmul(v[0], v[1], s); },
                         [way](const Samples<T>& v) {
                             std::vector<R> y(4, R(0));
                             for (std::size_t i = 0; i < 4; ++i)
                                 for (std::size_t k = 0; k < 3; ++k) {
                                     const std::size_t block = i / 2, row = i % 2;
                                     const std::size_t of_a = way.a_blocks == 2 ? block * 6 : 0, of_b = way.b_blocks == 2 ? block * 3 : 0;
                                     y[i] += v[0][of_a + (way.ta ? k * 2 + row : row * 3 + k)] * v[1][of_b + k];
                                 }
                             return y;
                         }});
    }
    cases.push_back({"matmul with itself",
                     {{4}},
                     false,
                     [](const auto& v) { return matmul(v[0], v[0], {.rows = 2, .inner = 2, .columns = 2, .transpose_b = 1}); },
                     [](const Samples<T>& v) {
                         const auto& x = v[0];
                         const R mixed = x[0] * x[2] + x[1] * x[3];
                         return std::vector<R>{R(x[0] * x[0] + x[1] * x[1]), mixed, mixed, R(x[2] * x[2] + x[3] * x[3])};
                     }});
}

/// Rows 0, 1 or 2 of a table, by a value in [-1, 1].
template <class T>
void add_lookup_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    cases.push_back({"lookup",
                     {{6}, {2}},
                     false,
                     [](const auto& v) { return lookup(v[0], 2, v[1] + T(101) / T(100)); },
                     [](const Samples<T>& v) {
                         std::vector<R> y;
                         for (const R& x : v[1]) {
                             const std::size_t row = x < R(-51) / R(100) ? 0 : x < R(49) / R(100) ? 1 : 2;
                             y.insert(y.end(), {v[0][2 * row], v[0][2 * row + 1]});
                         }
                         return y;
                     }});
}

template <class T>
void add_softmax_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    const auto value = [](const std::vector<R>& x, std::size_t length, std::size_t inner, bool logarithm) {
        std::vector<R> y;
        for (std::size_t i = 0; i < x.size(); ++i) {
            const std::size_t first = i / (length * inner) * length * inner + i % inner;
            R sum(0);
            for (std::size_t l = 0; l < length; ++l) sum += exp(x[first + l * inner]);
            y.push_back(logarithm ? R(x[i] - log(sum)) : R(exp(x[i]) / sum));
        }
        return y;
    };
    const auto one = [&](const std::string& name, std::size_t axis, std::size_t length, std::size_t inner, bool logarithm) {
        cases.push_back({name,
                         {{12}},
                         false,
                         [=](const auto& v) { return logarithm ? log_softmax(v[0], {2, 3, 2}, axis) : softmax(v[0], {2, 3, 2}, axis); },
                         [=](const Samples<T>& v) { return value(v[0], length, inner, logarithm); }});
    };
    one("softmax middle", 1, 3, 2, false);
    one("softmax last", 2, 2, 1, false);
    one("log_softmax first", 0, 2, 6, true);
    one("log_softmax last", 2, 2, 1, true);
}

template <class T>
void add_attention_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    for (const std::uint32_t causal : {0u, 1u})
        for (const std::uint32_t tile : {1u, 64u}) {
            const AttentionShape s{.heads = 2, .queries = 2, .keys = 3, .depth = 2, .width = 1, .causal = causal, .query_tile = tile, .key_tile = 2 * tile};
            cases.push_back({"attention causal " + std::to_string(causal) + " tiles of " + std::to_string(tile),
                             {{8}, {12}, {6}},
                             false,
                             [s](const auto& v) { return attention(v[0], v[1], v[2], s, T(3) / T(4)); },
                             [causal](const Samples<T>& v) {
                                 std::vector<R> y;
                                 for (std::size_t i = 0; i < 4; ++i) {
                                     R sum(0), total(0);
                                     for (std::size_t j = 0; j < (causal ? i % 2 + 1 : 3); ++j) {
                                         const std::size_t key = i / 2 * 3 + j;
                                         const R weight = exp(R((v[0][2 * i] * v[1][2 * key] + v[0][2 * i + 1] * v[1][2 * key + 1]) * R(3) / R(4)));
                                         sum += weight;
                                         total += weight * v[2][key];
                                     }
                                     y.push_back(total / sum);
                                 }
                                 return y;
                             }});
        }
}

template <class T>
void add_row_normalisation_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    const auto rows = [](const Samples<T>& v, bool centred) {
        std::vector<R> y;
        for (std::size_t r = 0; r < 2; ++r) {
            R mean(0), square(0);
            for (std::size_t i = 0; centred && i < 3; ++i) mean += v[0][3 * r + i] / R(3);
            for (std::size_t i = 0; i < 3; ++i) square += (v[0][3 * r + i] - mean) * (v[0][3 * r + i] - mean) / R(3);
            for (std::size_t i = 0; i < 3; ++i) y.push_back((v[0][3 * r + i] - mean) / sqrt(R(square + R(1) / R(4))) * v[1][i] + v[2][i]);
        }
        return y;
    };
    for (const bool centred : {true, false})
        cases.push_back({centred ? "layer_norm" : "rms_norm",
                         {{6}, {3, Role::parameter}, {3, Role::shared}},
                         false,
                         [centred](const auto& v) { return layer_norm(v[0], v[1], v[2], T(1) / T(4), centred); },
                         [rows, centred](const Samples<T>& v) { return rows(v, centred); }});
    cases.push_back({"batch_norm",
                     {{4}, {2, Role::shared}, {2, Role::parameter}},
                     true,
                     [](const auto& v) { return batch_norm(v[0], v[1], v[2], v[1] * 2, v[2], T(1) / T(4)); },
                     [](const Samples<T>& v) {
                         std::vector<R> y;
                         for (std::size_t i = 0; i < 4; ++i)
                             y.push_back((v[0][i] - v[1][i / 2]) / sqrt(R(v[2][i / 2] + R(1) / R(4))) * v[1][i / 2] * R(2) + v[2][i / 2]);
                         return y;
                     }});
}

}  // namespace costate::autodiff::test
