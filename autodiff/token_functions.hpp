// Functions of Var<T> that networks on tokens are made of: softmax, products of matrices, attention, tables, and normalisation by rows and by
// constants. Arrays with axes lie row-major in a sample. Not included by var.hpp.
#pragma once

#include "autodiff/rearrange_functions.hpp"

namespace costate::autodiff {

using kernels::AttentionShape;
using kernels::MatmulShape;

namespace detail {

template <class T>
Var<T> softmax(const Var<T>& x, const Shape& shape, std::size_t axis, bool logarithm) {
    ops::Softmax::require<T>();
    check_array("softmax", x, shape);
    if (axis >= shape.size())
        throw std::invalid_argument("softmax: axis " + std::to_string(axis) + " of " + axes_text(shape) + " is not there; count axes from 0");
    kernels::SoftmaxShape s{.length = static_cast<std::uint32_t>(shape[axis]), .logarithm = logarithm ? 1u : 0u};
    for (std::size_t a = 0; a < shape.size(); ++a)
        if (a != axis) (a < axis ? s.outer : s.inner) *= static_cast<std::uint32_t>(shape[a]);
    const std::array<Var<T>, 1> arguments{x};
    Tape<T>& tape = tape_of<T>("softmax", arguments);
    return record<ops::Softmax, T>(tape, arguments, x.size(), 0, 0, keep_geometry(tape, s));
}

template <class T>
Var<T> repeated(const Var<T>& x, std::size_t each, std::size_t all) {
    std::vector<std::uint32_t> indices;
    for (std::size_t k = 0; k < all; ++k)
        for (std::size_t i = 0; i < x.size(); ++i) indices.insert(indices.end(), each, static_cast<std::uint32_t>(i));
    return gather<T>(x, indices);
}

}  // namespace detail

/// exp(x)/Σ exp(x) along one axis, the largest taken off before: no overflow. Throws std::invalid_argument for an axis that is not there.
template <class T>
Var<T> softmax(const Var<T>& x, const Shape& shape, std::size_t axis) {
    return detail::softmax(x, shape, axis, false);
}
/// x - log Σ exp(x) along one axis, as softmax.
template <class T>
Var<T> log_softmax(const Var<T>& x, const Shape& shape, std::size_t axis) {
    return detail::softmax(x, shape, axis, true);
}

/// op(a) op(b) for every block: rows × inner times inner × columns. An operand has all blocks, or one that meets every block; each is per sample
/// or shared. Throws std::invalid_argument where sizes do not fit the shape.
template <class T>
Var<T> matmul(const Var<T>& a, const Var<T>& b, const MatmulShape& shape) {
    const std::array<Var<T>, 2> arguments{a, b};
    if (shape.rows == 0 || shape.inner == 0 || shape.columns == 0 || shape.blocks == 0)
        throw std::invalid_argument("matmul: a size or the number of blocks is 0; give at least 1");
    if (a.size() != shape.a_size()) detail::check_image_size("matmul", "the left factor", a.size(), shape.blocks * shape.a_size());
    if (b.size() != shape.b_size()) detail::check_image_size("matmul", "the right factor", b.size(), shape.blocks * shape.b_size());
    Tape<T>& tape = detail::tape_of<T>("matmul", arguments);
    return detail::record<ops::Matmul, T>(tape, arguments, shape.size(), 0, 0, detail::keep_geometry(tape, shape));
}

/// softmax(scale · q kᵀ) v for every head (Vaswani et al., "Attention is all you need", 2017, eq. (1), where scale = 1/√depth): q heads × queries ×
/// depth, k heads × keys × depth, v heads × keys × width, the result heads × queries × width. The matrix of scores never exists as a whole.
/// Throws std::invalid_argument where sizes do not fit the shape.
template <class T>
Var<T> attention(const Var<T>& q, const Var<T>& k, const Var<T>& v, const AttentionShape& shape, const std::type_identity_t<T>& scale) {
    const std::array<Var<T>, 3> arguments{q, k, v};
    for (const std::uint32_t n : {shape.heads, shape.queries, shape.keys, shape.depth, shape.width, shape.query_tile, shape.key_tile})
        if (n == 0) throw std::invalid_argument("attention: a size is 0; give at least 1");
    detail::check_image_size("attention", "q", q.size(), shape.heads * shape.q_size());
    detail::check_image_size("attention", "k", k.size(), shape.heads * shape.k_size());
    detail::check_image_size("attention", "v", v.size(), shape.heads * shape.v_size());
    Tape<T>& tape = detail::tape_of<T>("attention", arguments);
    return detail::record<ops::Attention, T>(tape, arguments, shape.heads * shape.y_size(), tape.keep({&scale, 1}), 0, detail::keep_geometry(tape, shape));
}

/// Rows of a table (rows × width), one for each index: a value rounded to the nearest integer, halves up, from 0. Only the table has a derivative.
/// A replay with an index that names no row throws std::out_of_range. Throws std::invalid_argument when the width does not divide the table.
template <class T>
Var<T> lookup(const Var<T>& table, std::size_t width, const Var<T>& indices) {
    const std::array<Var<T>, 2> arguments{table, indices};
    if (width == 0 || table.size() % width != 0)
        throw std::invalid_argument("lookup: a table of " + std::to_string(table.size()) + " values has no rows of " + std::to_string(width) +
                                    "; give a width that divides it");
    return detail::record<ops::Lookup, T>(detail::tape_of<T>("lookup", arguments), arguments, indices.size() * width, 0, static_cast<std::uint32_t>(width));
}

/// Layer normalisation over the last axes: x is rows of w.size() values, each with its own mean and variance (biased), w and b one for each value
/// of a row. centred = false leaves the mean out: RMS normalisation (Zhang & Sennrich, 2019), b a constant 0 where there is none.
/// Throws std::invalid_argument where sizes do not fit or w or b is per sample.
template <class T>
Var<T> layer_norm(const Var<T>& x, const Var<T>& weight, const Var<T>& bias, const std::type_identity_t<T>& epsilon, bool centred = true) {
    if (x.size() % weight.size() != 0)
        throw std::invalid_argument("layer_norm: " + std::to_string(x.size()) + " values are no rows of " + std::to_string(weight.size()) +
                                    "; pass one weight for each value of a row");
    const auto groups = static_cast<std::uint32_t>(x.size() / weight.size());
    return normalise(x, weight, bias, {.channels = static_cast<std::uint32_t>(x.size()), .groups = groups, .centred = centred ? 1u : 0u, .common = 1}, epsilon);
}

/// Batch normalisation with the statistics of training: (x - mean)/√(variance + ε) · w + b by channel; all four are shared and one a channel.
/// Throws std::invalid_argument where sizes do not fit.
template <class T>
Var<T> batch_norm(const Var<T>& x, const Var<T>& mean, const Var<T>& variance, const Var<T>& weight, const Var<T>& bias,
                  const std::type_identity_t<T>& epsilon) {
    const std::size_t channels = mean.size();
    for (const Var<T>* v : {&variance, &weight, &bias}) detail::check_image_size("batch_norm", "a statistic, weight or bias", v->size(), channels);
    if (x.size() % channels != 0)
        throw std::invalid_argument("batch_norm: " + std::to_string(x.size()) + " values have no " + std::to_string(channels) +
                                    " channels; give one mean a channel");
    const Var<T> factor = weight / sqrt(variance + Var<T>(epsilon));
    return add_channel(x * detail::repeated(factor, x.size() / channels, 1), bias - mean * factor);
}

}  // namespace costate::autodiff
