// Straight-line code as machine code, for one sample or for one vector of samples, where costate is built with asmjit.
#pragma once

#include "kernels/simd/line.hpp"
#include "kernels/simd/table.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace costate::kernels {

/// Where lanes find what is not at a place that the code knows.
struct LanePlaces {
    void* kept;               // kept value i of the first lane lies i times kept_stride bytes from here
    std::uint64_t kept_stride;
    void* rows;               // what is loaded from rows and stored to them, in order of the steps, lanes values each
    void* terms;              // what is accumulated, likewise
};

/// Executable memory that is never writable at the same address. The pages go when the last owner does.
class MachineCode {
public:
    using Entry = int (*)(const void* arrays, void* kept, std::uint64_t kept_stride, void* rows, void* terms);
    MachineCode(std::shared_ptr<const void> pages, Entry entry) : pages_(std::move(pages)), entry_(entry) {}

    /// Code for one sample, on the arrays of a LineCall; false when a guard turned out otherwise.
    template <class T>
    [[nodiscard]] bool run(T* const* arrays, T* kept) const {
        return entry_(arrays, kept, 0, nullptr, nullptr) != 0;
    }
    /// Code for lanes: rows and what is accumulated pass through `places`; of the arrays it reads the shared ones alone.
    template <class T>
    [[nodiscard]] bool run(T* const* arrays, const LanePlaces& places) const {
        return entry_(arrays, places.kept, places.kept_stride, places.rows, places.terms) != 0;
    }

private:
    std::shared_ptr<const void> pages_;
    Entry entry_;
};

/// The same operations in the same order, on registers; functions are those of `table`. lanes: 1, or the values in a register of the
/// table's instruction set. Nothing when costate is built without asmjit, or when the system gives no executable memory.
template <simd::Vectorised T>
std::optional<MachineCode> make_machine_code(const LineView<T>& line, std::size_t slots, const simd::Table<T>& table, std::size_t lanes);

}  // namespace costate::kernels
