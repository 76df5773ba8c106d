// Compiled with the flags of AVX-512 (kernels/CMakeLists.txt): only constants and raw-pointer kernels may leave this file.
#include "kernels/simd/architectures.hpp"
#include "kernels/simd/make_table.hpp"

namespace costate::kernels::simd {
namespace {
constexpr Table<float> f32 = make_table<xsimd::batch<float, xsimd::avx512bw>>(Isa::avx512);
constexpr Table<double> f64 = make_table<xsimd::batch<double, xsimd::avx512bw>>(Isa::avx512);
}  // namespace

template <>
const Table<float>& avx512<float>() {
    return f32;
}
template <>
const Table<double>& avx512<double>() {
    return f64;
}

}  // namespace costate::kernels::simd
