// Compiled with the flags of its instruction set (bench/kernels/CMakeLists.txt).
#include "bench/kernels/raw/tile.hpp"

namespace costate::bench {

double raw_avx512(const float* a, const float* b, float* y) { return raw_tile<float, 64, 14>(a, b, y); }
double raw_avx512(const double* a, const double* b, double* y) { return raw_tile<double, 64, 14>(a, b, y); }

}  // namespace costate::bench
