// One table for each scalar and instruction set, defined in that instruction set's file, the only one compiled with its flags.
#pragma once

#include "kernels/simd/table.hpp"

namespace costate::kernels::simd {

template <Vectorised T>
const Table<T>& baseline();
template <Vectorised T>
const Table<T>& avx2();
template <Vectorised T>
const Table<T>& avx512();

}  // namespace costate::kernels::simd
