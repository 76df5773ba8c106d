// The U-Net of ../shared/data/models/mnist_unet, written in C++.
#pragma once

#include "nn/modules.hpp"

/// 1 × 28 × 28 at three resolutions of 16, 48 and 96 channels; the time is added to every channel of every block.
inline costate::nn::Network unet() {
    using namespace costate::nn;
    NetworkBuilder net({.input_shape = {1, 28, 28}});
    const Value time = silu(Linear{"time", 128}(TimeEmbedding{"time_embedding", 32}(net.t())));
    const auto conv = [](const std::string& name, std::size_t out, const Value& x, std::size_t stride = 1) {
        return Conv2d{.name = name, .out = out, .kernel = 3, .stride = stride, .padding = 1}(x);
    };
    const auto block = [&](const std::string& name, std::size_t out, const Value& x) {
        const Value h = conv(name + ".conv1", out, silu(GroupNorm{name + ".norm1", 8}(x)));
        const Value timed = add_channel(h, Linear{name + ".time", out}(time));
        const Value y = conv(name + ".conv2", out, silu(GroupNorm{name + ".norm2", 8}(timed)));
        return y + (x.shape()[0] == out ? x : Conv2d{name + ".skip", out, 1}(x));
    };
    const Value s0 = block("down0", 16, conv("conv_in", 16, net.x()));
    const Value s1 = block("down1", 48, conv("pool0", 48, s0, 2));
    const Value middle = block("mid1", 96, block("mid0", 96, conv("pool1", 96, s1, 2)));
    const Value u1 = block("up1", 48, concat({conv("grow1", 48, upsample_nearest(middle, 2)), s1}));
    const Value u0 = block("up0", 16, concat({conv("grow0", 16, upsample_nearest(u1, 2)), s0}));
    return net.network(conv("conv_out", 1, silu(GroupNorm{"norm_out", 8}(u0))));
}
