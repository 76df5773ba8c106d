// The one list of layers.
#pragma once

#include "nn/layers/activations.hpp"
#include "nn/layers/axes.hpp"
#include "nn/layers/concat_time.hpp"
#include "nn/layers/convolution.hpp"
#include "nn/layers/elementwise.hpp"
#include "nn/layers/functions.hpp"
#include "nn/layers/image_shapes.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/norms.hpp"
#include "nn/layers/pooling.hpp"
#include "nn/layers/reductions.hpp"
#include "nn/layers/time_embedding.hpp"
#include "nn/layers/tokens.hpp"

#include <tuple>

namespace costate::nn::layers {

using List = std::tuple<Linear, Silu, Tanh, Gelu, Softplus, Relu, Sigmoid, ConcatTime, Concat, TimeEmbedding, Add, Mul, Conv2d, GroupNorm,
                        AddChannel, UpsampleNearest, AvgPool2d, ConcatSkip, Flatten,
                        Exp, Log, Sqrt, Sin, Cos, Erf, Abs, Floor, Ceil, Round, Sign, AffineLayer, PowerLayer, ClampLayer,
                        Subtract, Divide, Maximum, Minimum, Pow, Less, LessEqual, Equal, Where, ConstantLayer, ParameterLayer,
                        Reshape, Transpose, SliceLayer, GatherLayer, ExpandLayer, PadLayer, SumOver, MeanOver, MaxOver, MinOver, ProdOver,
                        Matmul, SoftmaxLayer, LogSoftmaxLayer, AttentionLayer, SelfAttention, TokensLayer, UntokensLayer, EmbeddingLayer,
                        LayerNorm, RmsNorm, BatchNorm, ConvTranspose2d, MaxPool2d, ResizeLayer>;

}  // namespace costate::nn::layers
