// The one list of layers.
#pragma once

#include "nn/layers/activations.hpp"
#include "nn/layers/elementwise.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/rearrange.hpp"
#include "nn/layers/time_embedding.hpp"

#include <tuple>

namespace costate::nn::layers {

using List = std::tuple<Linear, Silu, Tanh, Gelu, Softplus, Relu, Sigmoid, ConcatTime, Concat, TimeEmbedding, Add, Mul>;

}  // namespace costate::nn::layers
