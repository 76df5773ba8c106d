// Convolutions with outputs in the lanes, Yᵀ_po = b_o + Σ_k x(p's pixel of k = (channel, tap)) W_ko: one copy of x whatever taps and stride are, tiles of
// any pixels; Y is transposed on its way to memory.
#pragma once

#include "kernels/simd/lanes_tile.hpp"
#include "kernels/simd/tap_image.hpp"
#include "kernels/simd/transpose.hpp"

namespace costate::kernels::simd {
namespace {

// A panel of W stays in L1, Yᵀ and the image in L2.
template <class V>
struct ConvolutionLanes {
    static constexpr std::size_t pixels = 256;
    static constexpr std::size_t steps = 216;
};

// Y of one rectangle from Yᵀ.
template <class V>
void write_lanes(const TapCall<Element<V>>& call, const TapBlock& block, const Element<V>* sums, std::size_t outputs, Element<V>* y) {
    using T = Element<V>;
    constexpr std::size_t stride = LanesBlocking<V>::outputs;
    const bool joined = contiguous(call, block);
    const std::size_t runs = joined ? 1 : block.rows, n = joined ? block.rows * block.columns : block.columns, step = call.out_step_x;
    for (std::size_t run = 0; run < runs; ++run, sums += n * stride) {
        T* const to = y + (call.out_y + (block.row + run) * call.out_step_y) * call.out_width + call.out_x + block.column * step;
        if (step == 1) {
            write_transpose<V>(n, outputs, sums, stride, call.accumulate, to, call.out_plane);
            continue;
        }
        for_each_transposed<V>(n, outputs, sums, stride, [&](std::size_t output, std::size_t pixel, std::size_t count, const V& v) {
            alignas(64) T values[width<V>];
            T* const at = to + output * call.out_plane + pixel * step;
            write(values, v);
            for (std::size_t i = 0; call.accumulate && i < count; ++i) values[i] = at[i * step] + values[i];
            write_spaced<V>(at, step, values, count);
        });
    }
}

// Blocks of outputs, of pixels, of channels. Weights lie in panels of outputs (the last in whole vectors), and there step by step.
template <class V>
void convolve_lanes(const TapCall<Element<V>>& call) {
    using T = Element<V>;
    using B = ConvolutionLanes<V>;
    constexpr std::size_t most = LanesBlocking<V>::outputs, panel = Blocking<V>::panel;
    const ImageBlocks<V> blocks(call, B::pixels, B::steps);
    alignas(64) T copy[ImageBlocks<V>::capacity], sums[B::pixels * most], start[most] = {};
    std::ptrdiff_t steps[B::steps], pixels[B::pixels];
    const std::size_t all_steps = call.channels * call.tap_count, most_outputs = (nearly_equal(call.outputs, most) + panel - 1) / panel * panel;
    for (std::size_t output = 0; output < call.outputs; output += most_outputs) {
        const std::size_t outputs = part_from(output, most_outputs, call.outputs);
        for (std::size_t o = 0; call.bias && !call.accumulate && o < outputs; ++o) start[o] = call.bias[output + o];
        for_each_rectangle<V>(call, blocks, [&](TapBlock block) {
            for (; block.channel < call.channels; block.channel += block.channels) {
                block.channels = part_from(block.channel, blocks.channels, call.channels);
                const auto image = tap_image<V>(call, blocks, block, copy);
                list_steps<V>(call, blocks, image, block.channels, steps);
                list_pixels(call, block, image, pixels);
                for (std::size_t o = 0; o < outputs; o += panel) {
                    const std::size_t vectors = outputs - o > width<V> ? 2 : 1;
                    const T* const weights = call.weights + (output + o) * all_steps + block.channel * call.tap_count * vectors * width<V>;
                    const LanesTile<T> tile{.x = image.first, .rows = pixels, .steps = steps, .count = block.channels * call.tap_count, .b = weights,
                                            .sums = sums + o, .start = start + o, .read = block.channel != 0, .add = false};
                    multiply_lanes<V>(tile, block.rows * block.columns, vectors);
                }
            }
            write_lanes<V>(call, block, sums, outputs, call.y + output * call.out_plane);
        });
    }
}

}  // namespace
}  // namespace costate::kernels::simd
