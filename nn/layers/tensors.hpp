// The recorded tensors of a layer.
#pragma once

#include "autodiff/var.hpp"
#include "nn/layers/layer.hpp"

namespace costate::nn {

/// By role: parameters or constants of the tape.
template <class T>
using Tensors = std::map<std::string, autodiff::Var<T>, std::less<>>;

}  // namespace costate::nn
