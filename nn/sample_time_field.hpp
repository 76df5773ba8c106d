// A network file as the field of a batch whose samples stand at times of their own.
#pragma once

#include "autodiff/sample_time_field.hpp"
#include "nn/network.hpp"

namespace costate::nn {

/// ẋ_b = u(t_b, x_b), a time a sample whatever options.time says: nn::field for ode::solve_batch and ode::dto::AdaptiveBatch. In float and double.
/// Throws NetworkError when u is no velocity.
template <class T>
autodiff::SampleTimeProgramField<T> sample_time_field(const Network& network, const ProgramOptions& options = {});

}  // namespace costate::nn
