// The gradient in a convolution's weights as the matrix product it is, W̄ᵀ_(ct)o += Σ_p x_c(p's pixel at tap t) zᵀ_po: rows of channels and taps, outputs
// in the lanes; no sum is folded, and any stride is as good as 1.
#pragma once

#include "kernels/simd/lanes_tile.hpp"
#include "kernels/simd/tap_image.hpp"
#include "kernels/simd/transpose.hpp"

namespace costate::kernels::simd {
namespace {

// zᵀ of a rectangle of the grid stays in L1, W̄ᵀ and the image in L2.
template <class V>
struct WeightBlocking {
    static constexpr std::size_t panel = LanesBlocking<V>::vectors * width<V>;
    static constexpr std::size_t pixels = LanesBlocking<V>::panel_bytes / (panel * sizeof(Element<V>));
    static constexpr std::size_t steps = 432;  // channels · taps
    static constexpr std::size_t sums = (std::size_t{192} << 10) / sizeof(Element<V>);
};

// One rectangle of one sample: zᵀ of each panel of outputs, against all steps. `tile` lacks what depends on the panel; its rows are `steps`.
template <class V>
void add_weights(const TapCall<Element<V>>& call, const TapBlock& block, const LanesTile<Element<V>>& all, std::size_t steps, const Element<V>* z,
                 std::size_t outputs) {
    using B = WeightBlocking<V>;
    alignas(64) Element<V> panel[B::pixels * B::panel];
    const bool joined = block.columns == call.out_width;
    const std::size_t runs = joined ? 1 : block.rows, n = joined ? block.rows * block.columns : block.columns;
    z += block.row * call.out_width + block.column;
    for_each_group<LanesBlocking<V>::vectors>((outputs + width<V> - 1) / width<V>, [&](std::size_t first, std::size_t vectors) {
        const std::size_t lanes = vectors * width<V>, output = first * width<V>, count = outputs - output < lanes ? outputs - output : lanes;
        for (std::size_t run = 0; run < runs; ++run)
            transpose<V>(count, n, z + output * call.out_plane + run * call.out_width, call.out_plane, panel + run * n * lanes, lanes);
        LanesTile<Element<V>> tile = all;
        tile.b = panel;
        tile.sums += output;
        multiply_lanes<V>(tile, steps, vectors);
    });
}

// Blocks of channels, then of outputs, whose sums over all pixels of all samples stay in L2.
template <class V>
void multiply_weights(const TapCall<Element<V>>& call, const ImageBlocks<V>& blocks, const Samples& samples, Element<V>* w_bar) {
    using T = Element<V>;
    using B = WeightBlocking<V>;
    alignas(64) T copy[ImageBlocks<V>::capacity], sums[B::sums];
    alignas(64) static constexpr T zeros[B::panel] = {};
    std::ptrdiff_t steps[B::steps], pixels[B::pixels];
    const std::size_t fit = B::sums / (blocks.channels * call.tap_count) / width<V> * width<V>;
    const std::size_t most_outputs = (nearly_equal(call.outputs, fit) + width<V> - 1) / width<V> * width<V>;
    const std::size_t stride = call.channels * call.tap_count;
    for (std::size_t channel = 0; channel < call.channels; channel += blocks.channels)
        for (std::size_t output = 0; output < call.outputs; output += most_outputs) {
            const std::size_t channels = part_from(channel, blocks.channels, call.channels), outputs = part_from(output, most_outputs, call.outputs);
            LanesTile<T> tile{.x = nullptr, .rows = steps, .steps = pixels, .count = 0, .b = nullptr, .sums = sums, .stride = most_outputs, .start = zeros,
                              .read = false, .add = false};
            TapCall<T> one = call;
            for (std::size_t sample = 0; sample < samples.count; ++sample, one.x += samples.x_step, one.y += samples.y_step)
                for_each_rectangle<V>(one, blocks, [&](TapBlock block) {
                    block.channel = channel, block.channels = channels;
                    const auto image = tap_image<V>(one, blocks, block, copy);
                    list_steps<V>({one.taps, one.tap_count}, blocks, image, channels, steps);
                    list_pixels(one, block, image, pixels);
                    tile.x = image.first;
                    tile.count = block.rows * block.columns;
                    add_weights<V>(one, block, tile, channels * call.tap_count, one.y + output * call.out_plane, outputs);
                    tile.add = true;
                });
            write_transpose<V>(channels * call.tap_count, outputs, sums, most_outputs, true, w_bar + output * stride + channel * call.tap_count, stride);
        }
}

// One tap, on the pixel itself, and so few pixels that the transpose of W̄ would cost more than that of x.
template <class V>
bool fewer_pixels(const TapCall<Element<V>>& call, const ImageBlocks<V>& blocks, const Samples& samples) {
    const std::size_t pixels = call.grid_height * call.grid_width;
    const bool same = call.tap_count == 1 && blocks.direct && call.in_width == call.grid_width && call.in_height == call.grid_height;
    return same && samples.count == 1 && pixels <= WeightBlocking<V>::pixels && call.channels % width<V> == 0 &&
           call.channels * pixels < call.outputs * (pixels + call.channels);
}

// Then the same sums with channels in the lanes, added to W̄ as it lies.
template <class V>
void multiply_few_pixels(const TapCall<Element<V>>& call, Element<V>* w_bar) {
    using T = Element<V>;
    using B = WeightBlocking<V>;
    alignas(64) T panel[B::pixels * B::panel];
    alignas(64) static constexpr T zeros[B::panel] = {};
    std::ptrdiff_t outputs[B::steps], pixels[B::pixels];
    const std::size_t count = call.grid_height * call.grid_width;
    for (std::size_t p = 0; p < count; ++p) pixels[p] = static_cast<std::ptrdiff_t>(p);
    for (std::size_t o = 0; o < B::steps; ++o) outputs[o] = static_cast<std::ptrdiff_t>(o * call.out_plane);
    for_each_group<LanesBlocking<V>::vectors>(call.channels / width<V>, [&](std::size_t first, std::size_t vectors) {
        const std::size_t lanes = vectors * width<V>, channel = first * width<V>;
        transpose<V>(lanes, count, call.x + channel * count, count, panel, lanes);
        for (std::size_t output = 0; output < call.outputs; output += B::steps) {
            const LanesTile<T> tile{.x = call.y + output * call.out_plane, .rows = outputs, .steps = pixels, .count = count, .b = panel,
                                    .sums = w_bar + output * call.channels + channel, .stride = call.channels, .start = zeros,
                                    .read = false, .add = true};
            multiply_lanes<V>(tile, part_from(output, B::steps, call.outputs), vectors);
        }
    });
}

}  // namespace
}  // namespace costate::kernels::simd
