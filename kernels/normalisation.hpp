// Group normalisation and its kin: x̂ = (x - mean)/√(variance + ε) over groups of channels, y = act(x̂ w + b). Arrays are batch-major, a sample
// channels × pixels.
#pragma once

#include "kernels/elementwise.hpp"
#include "kernels/reduce.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

namespace costate::kernels {

/// groups = 1 on one pixel is layer normalisation, groups = channels instance normalisation; not centred (mean taken as 0, the variance is
/// mean x²) it is RMS normalisation. `common`: w and b are those of a group, which all groups share: rows that are normalised each by itself are
/// groups of one pixel.
struct NormalisationShape {
    std::uint32_t channels = 1, pixels = 1, groups = 1, centred = 1, common = 0;
    [[nodiscard]] std::size_t size() const { return std::size_t{channels} * pixels; }
    [[nodiscard]] std::size_t group_size() const { return size() / groups; }
    [[nodiscard]] std::size_t group_channels() const { return channels / groups; }
    /// Values of w, and of b.
    [[nodiscard]] std::size_t weights() const { return common != 0 ? group_channels() : channels; }
};

/// What the reverse sweep needs of a forward: x̂ and act'(z) like x, 1/√(variance + ε) one a group. Null pointers: not kept.
template <class T>
struct NormalisationRecord {
    T* normalised = nullptr;
    T* slope = nullptr;
    T* inverse = nullptr;
};

/// y = act(x̂ w + b), w and b one a channel (both null: y = act(x̂)); biased variance, sums in the order of kernels::sum.
template <TranscendentalScalar T>
void normalise(const NormalisationShape& s, std::size_t batch, const T* x, const T* weight, const T* bias, const T& epsilon, Function act, T* y,
               const NormalisationRecord<T>& record) {
    using std::sqrt;
    const std::size_t n = s.group_size(), p = s.pixels, channels = s.group_channels();
    const T count(static_cast<int>(n));
    for (std::size_t i = 0; i < batch * s.groups; ++i, x += n, y += n) {
        const std::size_t first = i * channels % s.weights();
        const std::span<T> h(record.normalised ? record.normalised + i * n : y, n), z(y, n);
        const T mean = s.centred != 0 ? T(sum<T>({x, n}) / count) : T(0);
        affine<T>(T(1), {x, n}, T(-mean), h);
        const T inverse = T(1) / T(sqrt(T(dot<T>(h, h) / count + epsilon)));
        if (record.inverse) record.inverse[i] = inverse;
        scale<T>(inverse, h, h);
        for (std::size_t c = 0; weight && p > 1 && c < channels; ++c)
            affine<T>(weight[first + c], h.subspan(c * p, p), bias[first + c], z.subspan(c * p, p));
        if (weight && p == 1) {
            mul<T>(h, {weight + first, n}, z);
            accumulate<T>({bias + first, n}, z);
        }
        if (!weight && h.data() != z.data()) std::copy(h.begin(), h.end(), z.begin());
        if (record.slope) apply_with_slope<T>(act, z, z, {record.slope + i * n, n});
        else if (act != Function::identity) apply<T>(act, z, z);
    }
}

/// The adjoints of one normalisation; null ones are not wanted, those of weight and bias are added to.
template <class T>
struct NormalisationAdjoints {
    T* x = nullptr;
    bool add_x = false;
    T* weight = nullptr;
    T* bias = nullptr;
};

namespace detail {

/// One group, z = z̄ and h = x̂ of it; w and the adjoints of w and b are the group's, `scratch` may be z.
template <Scalar T>
void normalise_group_pullback(const NormalisationShape& s, std::span<const T> z, std::span<const T> h, const T* w, const T& inverse, T* scratch, T* w_bar,
                              T* b_bar, T* x_bar, bool add) {
    const std::size_t n = z.size(), p = s.pixels, channels = s.group_channels();
    const T count(static_cast<int>(n));
    const bool by_channel = w && p > 1;
    T mean(0), product(0);
    for (std::size_t c = 0; by_channel && c < channels; ++c) {
        const T of_z = sum<T>(z.subspan(c * p, p)), of_product = dot<T>(z.subspan(c * p, p), h.subspan(c * p, p));
        mean += w[c] * of_z;
        product += w[c] * of_product;
        if (w_bar) w_bar[c] += of_product;
        if (b_bar) b_bar[c] += of_z;
    }
    if (w && p == 1) {
        if (w_bar) mul_accumulate<T>(z, h, {w_bar, n});
        if (b_bar) accumulate<T>(z, {b_bar, n});
        mul<T>(z, {w, n}, {scratch, n});
        z = {scratch, n};
    }
    if (!x_bar) return;
    if (!by_channel) {
        mean = sum<T>(z);
        product = dot<T>(z, h);
    }
    const T from_mean = s.centred != 0 ? T(-(inverse * mean / count)) : T(0), from_product = T(-(inverse * product / count));
    if (!by_channel) return affine_pair<T>(inverse, z, from_product, h, from_mean, {x_bar, n}, add);
    for (std::size_t c = 0; c < channels; ++c)
        affine_pair<T>(T(inverse * w[c]), z.subspan(c * p, p), from_product, h.subspan(c * p, p), from_mean, {x_bar + c * p, p}, add);
}

}  // namespace detail

/// z̄ = ȳ ⊙ slope; w̄ += Σ z̄ x̂, b̄ += Σ z̄; x̄ (+)= (w z̄ - mean(w z̄) - x̂ mean(w z̄ x̂)) / √(variance + ε), means over the group.
/// `scratch` holds a group's values where there is a slope, or a weight on groups of one pixel.
template <Scalar T>
void normalise_pullback(const NormalisationShape& s, std::size_t batch, const T* y_bar, const T* weight, const NormalisationRecord<T>& record, T* scratch,
                        const NormalisationAdjoints<T>& bar) {
    const std::size_t n = s.group_size();
    const auto from = [](T* data, std::size_t at) { return data ? data + at : nullptr; };
    for (std::size_t i = 0; i < batch * s.groups; ++i) {
        const std::size_t first = i * s.group_channels() % s.weights();
        std::span<const T> z(y_bar + i * n, n);
        if (record.slope) {
            mul<T>(z, {record.slope + i * n, n}, {scratch, n});
            z = {scratch, n};
        }
        detail::normalise_group_pullback<T>(s, z, {record.normalised + i * n, n}, weight ? weight + first : nullptr, record.inverse[i], scratch,
                                            from(bar.weight, first), from(bar.bias, first), from(bar.x, i * n), bar.add_x);
    }
}

/// x̂̇ = (ẋ - mean(ẋ) - x̂ mean(ẋ x̂)) / √(variance + ε)
template <Scalar T>
void normalise_tangent(const NormalisationShape& s, std::size_t batch, const T* x_dot, const NormalisationRecord<T>& record, T* normalised_dot) {
    const std::size_t n = s.group_size();
    const T count(static_cast<int>(n));
    for (std::size_t i = 0; i < batch * s.groups; ++i) {
        const std::span<const T> dx(x_dot + i * n, n), h(record.normalised + i * n, n);
        const T inverse = record.inverse[i], mean = s.centred != 0 ? T(sum<T>(dx) / count) : T(0), product = dot<T>(dx, h) / count;
        affine_pair<T>(inverse, dx, T(-(inverse * product)), h, T(-(inverse * mean)), {normalised_dot + i * n, n}, false);
    }
}

}  // namespace costate::kernels
