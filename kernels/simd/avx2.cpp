// Compiled with the flags of AVX2 and FMA (kernels/CMakeLists.txt): only constants and raw-pointer kernels may leave this file.
#include "kernels/simd/architectures.hpp"
#include "kernels/simd/make_table.hpp"

namespace costate::kernels::simd {
namespace {
constexpr Table<float> f32 = make_table<xsimd::batch<float, xsimd::fma3<xsimd::avx2>>>(Isa::avx2);
constexpr Table<double> f64 = make_table<xsimd::batch<double, xsimd::fma3<xsimd::avx2>>>(Isa::avx2);
}  // namespace

template <>
const Table<float>& avx2<float>() {
    return f32;
}
template <>
const Table<double>& avx2<double>() {
    return f64;
}

}  // namespace costate::kernels::simd
