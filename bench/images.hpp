// W6: a small U-Net on 1 × 28 × 28 with SiLU, 3 × 3 convolutions 2-32-64-64-up-96-32-1, t a channel of its own; the shared one where it is present.
#pragma once

#include "bench/workloads.hpp"

namespace costate::bench {

struct ConvolutionLayer {
    std::uint32_t channels, outputs, side, stride;

    [[nodiscard]] autodiff::ConvolutionShape shape() const {
        return {.channels = channels, .height = side, .width = side, .outputs = outputs, .kernel_height = 3, .kernel_width = 3, .stride_y = stride,
                .stride_x = stride, .top = 1, .left = 1, .bottom = 1, .right = 1};
    }
    [[nodiscard]] double flops() const { return 2.0 * static_cast<double>(shape().out_size() * channels * 9); }
};

/// Weights, starts and targets of 16 samples.
struct Unet {
    static constexpr std::size_t side = 28, pixels = side * side, samples = 16, steps = 3;
    static constexpr std::array<ConvolutionLayer, 5> layers{{{2, 32, 28, 1}, {32, 64, 28, 2}, {64, 64, 14, 1}, {96, 32, 28, 1}, {32, 1, 28, 1}}};
    std::vector<std::vector<double>> weights, biases;
    std::vector<double> x0, y;

    /// Operations of the convolutions of one evaluation, a sample.
    [[nodiscard]] static double flops() {
        double sum = 0;
        for (const ConvolutionLayer& layer : layers) sum += layer.flops();
        return sum;
    }
};

inline Unet made_unet() {
    Numbers numbers(2026);
    Unet u;
    for (const ConvolutionLayer& layer : Unet::layers) {
        u.weights.push_back(numbers.take(layer.shape().weight_size(), std::sqrt(3 / (9.0 * layer.channels))));
        u.biases.push_back(numbers.take(layer.outputs, 0.1));
    }
    u.x0 = numbers.take(Unet::samples * Unet::pixels, std::sqrt(3.0));
    u.y = numbers.take(Unet::samples * Unet::pixels, std::sqrt(3.0));
    return u;
}

inline Unet read_unet(const std::filesystem::path& file) {
    const nn::SafetensorsFile in(file);
    Unet u{.weights = {}, .biases = {}, .x0 = values_of(in, "x0"), .y = values_of(in, "y")};
    for (std::size_t l = 0; l < Unet::layers.size(); ++l) {
        u.weights.push_back(values_of(in, "conv" + std::to_string(l) + ".weight"));
        u.biases.push_back(values_of(in, "conv" + std::to_string(l) + ".bias"));
    }
    return u;
}

inline Unet unet() {
    const auto file = std::filesystem::path(COSTATE_SHARED_DIR) / "data" / "workloads" / "w6_f64.safetensors";
    return std::filesystem::exists(file) ? read_unet(file) : made_unet();
}

/// ẋ = u(t, x), weights frozen, t common to the batch.
template <class T>
autodiff::ProgramField<T> field(const Unet& network) {
    using namespace autodiff;
    Tape<T> tape;
    const Var<T> t = tape.input(1, Sharing::shared, "t"), x = tape.input(Unet::pixels, Sharing::per_sample, "x");
    const auto layer = [&](std::size_t l, const Var<T>& in) {
        return conv2d(in, tape.constant(in_scalar<T>(network.weights[l])), tape.constant(in_scalar<T>(network.biases[l])), Unet::layers[l].shape());
    };
    const Var<T> high = silu(layer(0, concat(x, broadcast(t, Unet::pixels))));
    const Var<T> low = silu(layer(2, silu(layer(1, high))));
    const Var<T> joined = concat(high, upsample_nearest(low, {64, Unet::side / 2, Unet::side / 2}, 2));
    tape.output(layer(4, silu(layer(3, joined))), "u");
    FreezeOptions options;
    options.frozen_inputs = {"t"};
    return ProgramField<T>(freeze(tape, options));
}

}  // namespace costate::bench
