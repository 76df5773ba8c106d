// Straight-line code as machine code for one sample, where costate is built with asmjit.
#pragma once

#include "kernels/simd/line.hpp"
#include "kernels/simd/table.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace costate::kernels {

/// Executable memory that is never writable at the same address. The pages go when the last owner does.
class MachineCode {
public:
    using Entry = int (*)(const void* arrays, void* kept);
    MachineCode(std::shared_ptr<const void> pages, Entry entry) : pages_(std::move(pages)), entry_(entry) {}

    /// Runs on the arrays of a LineCall with one sample; false when a guard turned out otherwise.
    template <class T>
    [[nodiscard]] bool run(T* const* arrays, T* kept) const {
        return entry_(arrays, kept) != 0;
    }

private:
    std::shared_ptr<const void> pages_;
    Entry entry_;
};

/// The same operations in the same order, on registers; functions are those of `table`. Nothing when costate is built without
/// asmjit, or when the system gives no executable memory.
template <simd::Vectorised T>
std::optional<MachineCode> make_machine_code(const LineView<T>& line, std::size_t slots, const simd::Table<T>& table);

}  // namespace costate::kernels
