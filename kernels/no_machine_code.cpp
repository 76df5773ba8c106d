// Without asmjit straight lines are interpreted.
#include "kernels/machine_code.hpp"

namespace costate::kernels {

template <simd::Vectorised T>
std::optional<MachineCode> make_machine_code(const LineView<T>&, std::size_t, const simd::Table<T>&, std::size_t) {
    return std::nullopt;
}
template std::optional<MachineCode> make_machine_code(const LineView<float>&, std::size_t, const simd::Table<float>&, std::size_t);
template std::optional<MachineCode> make_machine_code(const LineView<double>&, std::size_t, const simd::Table<double>&, std::size_t);

}  // namespace costate::kernels
