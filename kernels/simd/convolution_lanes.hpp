// Convolutions with outputs in the lanes, Yᵀ_po = b_o + Σ_k x(p's pixel of k = (channel, tap)) W_ko: one copy of x whatever taps and stride are, tiles of
// any pixels; Y is transposed on its way to memory. Of a transpose with stride the phases of a row lie side by side in Yᵀ: whole rows are written.
#pragma once

#include "kernels/simd/lanes_tile.hpp"
#include "kernels/simd/tap_image.hpp"
#include "kernels/simd/transpose.hpp"

namespace costate::kernels::simd {
namespace {

// A panel of W stays in L1, Yᵀ and the image in L2.
template <class V>
struct ConvolutionLanes {
    static constexpr std::size_t steps = 216, panel = Blocking<V>::panel;
    static constexpr std::size_t sums = (std::size_t{128} << 10) / sizeof(Element<V>), outputs = 512 / sizeof(Element<V>);
};

// Blocks of the grid. Phases share an image: of all channels, where fewer pixels make room for them.
template <class V>
ImageBlocks<V> lanes_blocks(const TapCall<Element<V>>& call, std::size_t most_pixels) {
    constexpr std::size_t fewest = 64;
    if (call.phase_count == 1) return {call, most_pixels, ConvolutionLanes<V>::steps};
    const std::size_t steps = call.channels * call.tap_count;
    ImageBlocks<V> blocks(call, most_pixels, steps);
    for (std::size_t pixels = most_pixels / 2; pixels >= fewest && blocks.channels < call.channels; pixels /= 2) {
        const ImageBlocks<V> smaller(call, pixels, steps);
        if (smaller.channels == call.channels) blocks = smaller;
    }
    return blocks;
}

// Some outputs of one phase at the pixels of `tile`: blocks of the image's channels, of outputs.
template <class V>
void multiply_phase(const TapCall<Element<V>>& call, const TapPhase& phase, const ImageBlocks<V>& blocks, const TapBlock& block,
                    const TapImage<Element<V>>& image, std::size_t output, std::size_t outputs, LanesTile<Element<V>> tile) {
    using T = Element<V>;
    using B = ConvolutionLanes<V>;
    std::ptrdiff_t steps[B::steps];
    const std::size_t all_steps = call.channels * phase.tap_count;
    const std::size_t most = nearly_equal(block.channels, phase.tap_count == 0 ? block.channels : B::steps / phase.tap_count);
    list_steps<V>({call.taps + phase.first_tap, phase.tap_count}, blocks, image, part_from(0, most, block.channels), steps);
    tile.steps = steps;
    T* const sums = tile.sums;
    const T* const start = tile.start;
    for (std::size_t c = 0; c < block.channels; c += most) {
        tile.x = image.first + c * image.plane;
        tile.count = part_from(c, most, block.channels) * phase.tap_count;
        tile.read = block.channel + c != 0;
        for (std::size_t o = 0; o < outputs; o += B::panel) {
            const std::size_t vectors = outputs - o > width<V> ? 2 : 1;
            tile.b = call.weights + phase.first_weight + (output + o) * all_steps + (block.channel + c) * phase.tap_count * vectors * width<V>;
            tile.sums = sums + o, tile.start = start + o;
            multiply_lanes<V>(tile, block.rows * block.columns, vectors);
        }
    }
}

// Y of one rectangle, of every step_y-th row from y on, from Yᵀ.
template <class V>
void write_lanes(const TapCall<Element<V>>& call, const TapBlock& block, std::size_t y_first, const Element<V>* sums, std::size_t stride, std::size_t outputs,
                 Element<V>* y) {
    const bool joined = contiguous(call, block);
    const std::size_t in_run = call.out_step_x * block.columns * (joined ? block.rows : 1), column = call.out_step_x * block.column;
    const std::size_t n = joined ? in_run : part_from(column, in_run, call.out_width), height = call.out_plane / call.out_width;
    for (std::size_t run = 0, runs = joined ? 1 : block.rows; run < runs; ++run, sums += in_run * stride) {
        const std::size_t row = y_first + (block.row + run) * call.out_step_y;
        if (row < height) write_transpose<V>(n, outputs, sums, stride, call.accumulate, y + row * call.out_width + column, call.out_plane);
    }
}

// Blocks of outputs, of pixels, rows of phases, blocks of channels. Weights lie in panels of outputs (the last in whole vectors), and there step by step.
template <class V>
void convolve_lanes(const TapCall<Element<V>>& call) {
    using T = Element<V>;
    using B = ConvolutionLanes<V>;
    const std::size_t most_outputs = (nearly_equal(call.outputs, B::outputs) + B::panel - 1) / B::panel * B::panel, step = call.out_step_x;
    const std::size_t stride = (part_from(0, most_outputs, call.outputs) + width<V> - 1) / width<V> * width<V>;
    const ImageBlocks<V> blocks = lanes_blocks<V>(call, B::sums / stride / step);
    alignas(64) T copy[ImageBlocks<V>::capacity], sums[B::sums], start[B::outputs] = {};
    std::ptrdiff_t pixels[B::sums / width<V>];
    LanesTile<T> tile{.x = nullptr, .rows = pixels, .steps = nullptr, .count = 0, .b = nullptr, .sums = sums, .stride = step * stride, .start = start,
                      .read = false, .add = false};
    for (std::size_t output = 0; output < call.outputs; output += most_outputs) {
        const std::size_t outputs = part_from(output, most_outputs, call.outputs);
        for (std::size_t o = 0; call.bias && !call.accumulate && o < outputs; ++o) start[o] = call.bias[output + o];
        for_each_rectangle<V>(call, blocks, [&](TapBlock block) {
            TapImage<T> image{};
            const TapPhase* const end = call.phases + call.phase_count;
            for (const TapPhase *first = call.phases, *last = first; first != end; first = last) {
                while (last != end && last->y == first->y) ++last;
                for (block.channel = 0; block.channel < call.channels; block.channel += blocks.channels) {
                    block.channels = part_from(block.channel, blocks.channels, call.channels);
                    if (first == call.phases || blocks.channels < call.channels) image = tap_image<V>(call, blocks, block, copy);
                    if (first == call.phases) list_pixels(call, block, image, pixels);
                    for (const TapPhase* phase = first; phase != last; ++phase) {
                        tile.sums = sums + phase->x * stride;
                        multiply_phase<V>(call, *phase, blocks, block, image, output, outputs, tile);
                    }
                }
                write_lanes<V>(call, block, first->y, sums, stride, outputs, call.y + output * call.out_plane);
            }
        });
    }
}

}  // namespace
}  // namespace costate::kernels::simd
