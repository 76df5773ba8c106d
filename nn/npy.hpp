// NumPy's .npy files as arrays of double.
#pragma once

#include "nn/safetensors.hpp"

#include <filesystem>

namespace costate::nn {

/// file = "\x93NUMPY" version ‖ header length ‖ {'descr': …, 'fortran_order': …, 'shape': (…)} ‖ data
/// Little-endian float16, float32, float64 or int64, in C or Fortran order; the result is in C order. The file is not trusted.
/// Throws NpyError: one sentence with file and remedy, also for values that are not finite.
Array read_npy(const std::filesystem::path& file);

/// Writes float64 in C order, version 1.0; the file appears whole or not at all. Throws NpyError.
void write_npy(const std::filesystem::path& file, const Array& values);

}  // namespace costate::nn
