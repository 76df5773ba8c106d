// The gradient in a convolution's weights as dot products over the pixels, pixels in the lanes: where outputs or sums are few.
#pragma once

#include "kernels/simd/narrow.hpp"
#include "kernels/simd/tap_copies.hpp"

namespace costate::kernels::simd {
namespace {

/// w_bar[r, s] += Σ_p z[r·plane + p] x[offsets[s] + p] over n pixels side by side.
template <class T>
struct TapDots {
    std::size_t n;
    const T* z;
    std::size_t plane;
    const T* x;
    const std::int32_t* offsets;
    T* w_bar;
    std::size_t stride;
};

template <class V, std::size_t Rows, std::size_t Steps>
void tap_products(const TapDots<Element<V>>& call) {
    const Element<V>* const z = call.z;
    const Element<V>* const x = call.x;
    const std::size_t n = call.n, plane = call.plane;
    V sums[Rows][Steps];
    for (auto& of_row : sums)
        for (V& sum : of_row) sum = V(0);
    const auto add = [&](auto in, std::size_t p) __attribute__((always_inline)) {
        V zv[Rows];
#pragma GCC unroll 4
        for (std::size_t r = 0; r < Rows; ++r) zv[r] = in(z + r * plane + p);
#pragma GCC unroll 6
        for (std::size_t s = 0; s < Steps; ++s) {
            const V xv = in(x + call.offsets[s] + p);
#pragma GCC unroll 4
            for (std::size_t r = 0; r < Rows; ++r) sums[r][s] = add_product(zv[r], xv, sums[r][s]);
        }
    };
    std::size_t p = 0;
    for (; p + width<V> <= n; p += width<V>) add([](const Element<V>* at) { return read<V>(at); }, p);
    if (p < n) add([rest = n - p](const Element<V>* at) { return read_partial<V>(at, rest); }, p);
    for (std::size_t r = 0; r < Rows; ++r)
        for (std::size_t s = 0; s < Steps; ++s) call.w_bar[r * call.stride + s] += fold(sums[r][s]);
}

// Rows and steps of one call: their sums fit the registers.
inline constexpr std::size_t dot_rows = 4;
template <class V>
inline constexpr std::size_t dot_steps = has_avx512<V> ? 6 : 2;
template <class V>
constexpr auto dot_tiles = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<void (*)(const TapDots<Element<V>>&), sizeof...(I)>{&tap_products<V, I / dot_steps<V> + 1, I % dot_steps<V> + 1>...};
}(std::make_index_sequence<dot_rows * dot_steps<V>>{});

// w_bar's rows lie `stride` apart.
template <class V>
void dot_weights(const TapCall<Element<V>>& call, Element<V>* w_bar, std::size_t stride) {
    using T = Element<V>;
    alignas(64) T memory[Copies<V>::capacity];
    std::int32_t offsets[Copies<V>::most_steps];
    const Copies<V> copies(call);
    for_each_block<V>(call, copies, [&](const TapBlock& block) {
        lay_down<V>(call, copies, block, memory);
        list_offsets<V>(call, copies, block, offsets);
        const bool whole = contiguous(call, block);
        const std::size_t runs = whole ? 1 : block.rows, n = whole ? block.rows * block.columns : block.columns;
        for (std::size_t run = 0; run < runs; ++run)
            for_each_group<dot_rows>(call.outputs, [&](std::size_t output, std::size_t rows) {
                const T* const z = call.y + output * call.out_plane + (block.row + run) * call.out_width + block.column;
                T* const target = w_bar + output * stride + block.channel * call.tap_count;
                for_each_group<dot_steps<V>>(block.channels * call.tap_count, [&](std::size_t step, std::size_t steps) {
                    const TapDots<T> dots{n, z, call.out_plane, memory + run * block.columns, offsets + step, target + step, stride};
                    dot_tiles<V>[(rows - 1) * dot_steps<V> + steps - 1](dots);
                });
            });
    });
}

// Of one sample. With few outputs and a stride of one x and z change places, W̄_oct = Σ_q x_c(q) z_o(q - t): z is what is copied, x is read as it lies.
template <class V>
void dot_weights(const TapCall<Element<V>>& call, Element<V>* w_bar) {
    const std::size_t stride = call.channels * call.tap_count;
    if (call.outputs >= dot_rows || call.in_step_y != 1 || call.in_step_x != 1) return dot_weights<V>(call, w_bar, stride);
    Tap taps[most_taps];
    for (std::size_t t = 0; t < call.tap_count; ++t) taps[t] = {-call.taps[t].y, -call.taps[t].x};
    TapCall<Element<V>> swapped = call;
    swapped.channels = 1, swapped.outputs = call.channels, swapped.taps = taps;
    swapped.in_height = call.grid_height, swapped.in_width = call.grid_width;
    swapped.grid_height = call.in_height, swapped.grid_width = swapped.out_width = call.in_width, swapped.out_plane = call.in_height * call.in_width;
    swapped.y = const_cast<Element<V>*>(call.x);
    for (std::size_t o = 0; o < call.outputs; ++o) {
        swapped.x = call.y + o * call.out_plane;
        dot_weights<V>(swapped, w_bar + o * stride, call.tap_count);
    }
}

}  // namespace
}  // namespace costate::kernels::simd
