// Small network files put together for tests.
#pragma once

#include "nn/safetensors.hpp"

#include <cmath>
#include <string>
#include <vector>

/// A tensor of that shape with values sin(1), sin(2), …: no symmetry, all of size about 1.
inline costate::nn::TensorToWrite waves(std::string name, std::vector<std::size_t> shape, double phase = 0) {
    costate::nn::Array values(costate::nn::Array::shape_type(shape.begin(), shape.end()));
    for (std::size_t i = 0; i < values.size(); ++i) values.flat(i) = std::sin(static_cast<double>(i + 1) + phase);
    return {std::move(name), std::move(values), costate::nn::DType::f64};
}

inline costate::nn::Metadata network_metadata(std::string architecture, std::string input_shape = "[2]",
                                              std::string parametrisation = "velocity") {
    return {{"costate.format", "1"},
            {"architecture", std::move(architecture)},
            {"input_shape", std::move(input_shape)},
            {"parametrisation", std::move(parametrisation)},
            {"path", "cond-ot"}};
}
