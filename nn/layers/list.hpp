// The one list of layers.
#pragma once

#include "nn/layers/activations.hpp"
#include "nn/layers/convolution.hpp"
#include "nn/layers/elementwise.hpp"
#include "nn/layers/group_norm.hpp"
#include "nn/layers/image_shapes.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/rearrange.hpp"
#include "nn/layers/time_embedding.hpp"

#include <tuple>

namespace costate::nn::layers {

using List = std::tuple<Linear, Silu, Tanh, Gelu, Softplus, Relu, Sigmoid, ConcatTime, Concat, TimeEmbedding, Add, Mul, Conv2d, GroupNorm,
                        AddChannel, UpsampleNearest, AvgPool2d, ConcatSkip, Flatten>;

}  // namespace costate::nn::layers
