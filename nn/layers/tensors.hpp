// The recorded tensors of a layer.
#pragma once

#include "autodiff/var.hpp"
#include "nn/layers/layer.hpp"

namespace costate::nn {

/// By role: parameters or constants of the tape.
template <class T>
using Tensors = std::map<std::string, autodiff::Var<T>, std::less<>>;

/// A number as it stands in the file; of a power series the constant term.
template <class T>
T in_scalar(double value) {
    if constexpr (requires { typename T::Coefficient; }) return T(static_cast<typename T::Coefficient>(value));
    else return static_cast<T>(value);
}

}  // namespace costate::nn
