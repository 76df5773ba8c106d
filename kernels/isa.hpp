// Which instruction set the float and double kernels use: chosen once a process, or named by a test.
#pragma once

#include <string_view>
#include <vector>

namespace costate::kernels {

/// baseline: what every x86-64 has (SSE2, no fused multiply-add); avx2: AVX2 and FMA; avx512: AVX-512 F, CD, DQ, BW, VL.
enum class Isa { baseline, avx2, avx512 };

constexpr std::string_view name(Isa isa) { return isa == Isa::baseline ? "baseline" : isa == Isa::avx2 ? "avx2" : "avx512"; }

/// Whether this machine (processor and operating system) runs it.
bool supported(Isa isa);

/// All that this machine runs, the narrowest first.
std::vector<Isa> supported_isas();

/// The widest that `supported` has, or the one that `wanted` names when it is not empty.
/// Throws std::invalid_argument for an unknown name and std::runtime_error for one that this machine does not run.
Isa choose_isa(std::string_view wanted);

/// choose_isa of the environment variable COSTATE_ISA, read at the first call and kept. Throws like choose_isa.
Isa chosen_isa();

}  // namespace costate::kernels
