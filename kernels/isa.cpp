#include "kernels/isa.hpp"

#include "kernels/simd/architectures.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace costate::kernels {

bool supported(Isa isa) {
    switch (isa) {
    case Isa::baseline: return true;
    case Isa::avx2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Isa::avx512:
        return supported(Isa::avx2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    }
    return false;
}

std::vector<Isa> supported_isas() {
    std::vector<Isa> isas;
    for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512})
        if (supported(isa)) isas.push_back(isa);
    return isas;
}

Isa choose_isa(std::string_view wanted) {
    if (wanted.empty()) return supported_isas().back();
    for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
        if (wanted != name(isa)) continue;
        if (supported(isa)) return isa;
        throw std::runtime_error("COSTATE_ISA asks for '" + std::string(wanted) +
                                 "', which this machine does not run; unset it, or choose '" +
                                 std::string(name(supported_isas().back())) + "' or less");
    }
    throw std::invalid_argument("COSTATE_ISA is '" + std::string(wanted) +
                                "', which names no instruction set; use baseline, avx2 or avx512");
}

Isa chosen_isa() {
    static const Isa isa = [] {
        const char* wanted = std::getenv("COSTATE_ISA");
        return choose_isa(wanted ? wanted : "");
    }();
    return isa;
}

namespace simd {

template <Vectorised T>
const Table<T>& table(Isa isa) {
    if (!supported(isa))
        throw std::runtime_error("kernels::simd::table: this machine does not run '" + std::string(name(isa)) +
                                 "'; ask kernels::supported first");
    switch (isa) {
    case Isa::avx512: return avx512<T>();
    case Isa::avx2: return avx2<T>();
    default: return baseline<T>();
    }
}

template <Vectorised T>
const Table<T>& table() {
    static const Table<T>& chosen = table<T>(chosen_isa());
    return chosen;
}

template const Table<float>& table<float>(Isa);
template const Table<double>& table<double>(Isa);
template const Table<float>& table<float>();
template const Table<double>& table<double>();

}  // namespace simd
}  // namespace costate::kernels
