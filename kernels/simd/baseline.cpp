// Compiled with the flags of every x86-64 (kernels/CMakeLists.txt): only constants and raw-pointer kernels may leave this file.
#include "kernels/simd/architectures.hpp"
#include "kernels/simd/make_table.hpp"

namespace costate::kernels::simd {
namespace {
constexpr Table<float> f32 = make_table<xsimd::batch<float, xsimd::sse2>>(Isa::baseline);
constexpr Table<double> f64 = make_table<xsimd::batch<double, xsimd::sse2>>(Isa::baseline);
}  // namespace

template <>
const Table<float>& baseline<float>() {
    return f32;
}
template <>
const Table<double>& baseline<double>() {
    return f64;
}

}  // namespace costate::kernels::simd
