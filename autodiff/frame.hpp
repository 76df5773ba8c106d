// Instructions of a program, and what an op sees of one while it runs.
#pragma once

#include "autodiff/graph.hpp"
#include "kernels/packed_convolution.hpp"
#include "kernels/packed_matrix.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>

namespace costate::autodiff::detail {

/// Where a base pointer comes from; ports follow: inputs, outputs, then their adjoints or tangents in the same order.
// clang-format off
enum Place : std::uint32_t {
    nowhere, constants, parameters, record_shared, record_lanes, work_shared, work_lanes, theta, first_port
};
// clang-format on

template <class T>
struct Base {
    T* data = nullptr;
    std::size_t scale = 1;  // batch for blocks with a row a sample, 1 for shared ones
};

/// base + offset · scale: the position of a block, whatever the batch.
struct Ref {
    std::uint64_t offset : 48 = 0;
    std::uint64_t base : 16 = nowhere;
};

struct Operand {
    Ref value;
    Ref other;           // adjoint in reverse, tangent in tangent replays
    std::uint32_t size;  // values a sample
    bool shared;
    bool assign;  // the adjoint's first contribution: it is assigned, later ones are added
};

struct Instruction {
    std::uint16_t op;
    bool shared;         // one row, whatever the batch
    std::uint32_t size;  // values a sample of the result
    std::uint32_t first_operand, operand_count;
    std::uint32_t extra;
    std::uint64_t number;
    std::uint32_t words;
    Ref y, y_other;  // y_other: adjoint or tangent of the result
    Ref saved, saved_shared, scratch, scratch_shared;
};

/// W for y = x Wᵀ and, where x̄ is wanted, for x̄ = z̄ W; or the same of a convolution.
template <class T>
struct Packs {
    kernels::PackedMatrix<T> forward, transposed;
    kernels::PackedConvolution<T> convolution, transposed_convolution;

    /// New weights for all that is packed.
    void assign(std::span<const T> w) {
        for (auto* matrix : {&forward, &transposed})
            if (matrix->outputs() != 0) matrix->assign(w);
        for (auto* of_images : {&convolution, &transposed_convolution})
            if (!of_images->empty()) of_images->assign(w);
    }
};

/// What instructions refer to by position.
template <class T>
struct Resources {
    const T* coefficients = nullptr;
    const Packs<T>* constant_packs = nullptr;
    const Packs<T>* parameter_packs = nullptr;
    const std::shared_ptr<const Program<T>>* programs = nullptr;
    const std::uint32_t* words = nullptr;
};

/// The struct of 32-bit integers that the words at `from` are.
template <class G>
G from_words(const std::uint32_t* from) {
    static_assert(std::is_trivially_copyable_v<G> && sizeof(G) % sizeof(std::uint32_t) == 0);
    G g;
    std::memcpy(static_cast<void*>(&g), from, sizeof(G));
    return g;
}

/// One instruction on its blocks; pointers are resolved when asked for. A null pointer: not kept, not wanted, or zero (tangents).
template <class T>
struct Frame {
    using value_type = T;

    const Instruction* instruction = nullptr;
    const Operand* operands = nullptr;
    const Base<T>* bases = nullptr;
    Base<T>* nested = nullptr;  // base pointers of a called program
    std::size_t batch = 1;
    Resources<T> resources;

    [[nodiscard]] T* at(Ref ref) const {
        const Base<T>& base = bases[ref.base];
        return base.data ? base.data + ref.offset * base.scale : nullptr;
    }
    /// Rows of the result: the batch, or 1 for a shared one.
    [[nodiscard]] std::size_t rows() const { return instruction->shared ? 1 : batch; }
    [[nodiscard]] std::size_t size() const { return instruction->size; }
    [[nodiscard]] std::size_t count() const { return rows() * size(); }
    [[nodiscard]] std::size_t arity() const { return instruction->operand_count; }

    [[nodiscard]] const T* x(std::size_t i) const { return at(operands[i].value); }
    [[nodiscard]] std::size_t x_size(std::size_t i) const { return operands[i].size; }
    [[nodiscard]] bool x_shared(std::size_t i) const { return operands[i].shared; }
    [[nodiscard]] std::size_t x_rows(std::size_t i) const { return operands[i].shared ? 1 : batch; }
    [[nodiscard]] std::size_t x_count(std::size_t i) const { return x_rows(i) * x_size(i); }
    /// x has the rows and the size of the result.
    [[nodiscard]] bool flat(std::size_t i) const {
        return operands[i].size == size() && operands[i].shared == instruction->shared;
    }
    [[nodiscard]] T* bar(std::size_t i) const { return at(operands[i].other); }
    [[nodiscard]] bool assign(std::size_t i) const { return operands[i].assign; }
    [[nodiscard]] const T* dot(std::size_t i) const { return at(operands[i].other); }

    [[nodiscard]] T* y() const { return at(instruction->y); }
    [[nodiscard]] const T* y_bar() const { return at(instruction->y_other); }
    [[nodiscard]] T* y_dot() const { return at(instruction->y_other); }
    [[nodiscard]] T* saved() const { return at(instruction->saved); }
    [[nodiscard]] T* saved_shared() const { return at(instruction->saved_shared); }
    [[nodiscard]] T* scratch() const { return at(instruction->scratch); }
    [[nodiscard]] T* scratch_shared() const { return at(instruction->scratch_shared); }

    [[nodiscard]] std::uint64_t number() const { return instruction->number; }
    [[nodiscard]] std::uint32_t extra() const { return instruction->extra; }
    [[nodiscard]] const T* coefficients() const { return resources.coefficients + instruction->number; }
    [[nodiscard]] const std::uint32_t* words() const { return resources.words + instruction->words; }
};

}  // namespace costate::autodiff::detail
