// The kernels of one instruction set as a table of functions on raw pointers. Sizes are checked by the callers in kernels/*.hpp.
#pragma once

#include "kernels/function.hpp"
#include "kernels/isa.hpp"
#include "kernels/simd/line.hpp"

#include <concepts>
#include <cstddef>

namespace costate::kernels::simd {

/// A layer of few outputs is narrow, on every instruction set: its sums over the inputs run in `narrow_lanes` lanes.
inline constexpr std::size_t narrow_outputs = 8, narrow_lanes = 16;
constexpr bool is_narrow(std::size_t outputs, std::size_t inputs) {
    return 0 < outputs && outputs <= narrow_outputs && 2 * outputs <= inputs;
}

/// W packed for y = x Wᵀ. Inputs are cut into blocks of `k_block`, outputs into panels of `panel_width` (padded with zeros);
/// stored block by block, panel by panel, input by input, a panel's outputs side by side: the order in which a product reads it.
/// Of a narrow layer: the rows of W, `row_stride` apart, padded with zeros to whole narrow_lanes.
template <class T>
struct Packed {
    const T* data;
    std::size_t outputs, inputs;
    std::size_t row_stride = 0;  // of a narrow layer; 0: panels
};

/// z = x Wᵀ + bias, y = act(z), slope = act'(z); x may be scaled on the way in. Null pointers switch a part off.
template <class T>
struct LinearCall {
    std::size_t batch = 0;
    const T* x = nullptr;                 // batch × inputs
    const T* scale = nullptr;             // x ⊙ scale takes the place of x
    T* scaled = nullptr;                  // and is stored here; may be x or scale itself
    const T* bias = nullptr;              // outputs
    Function activation = Function::identity;
    T* y = nullptr;                       // batch × outputs; must not overlap x, scale or scaled
    T* slope = nullptr;                   // batch × outputs
    bool accumulate = false;              // y += ...; with the identity only
    std::size_t first_panel = 0, end_panel = 0;  // of a layer that is not narrow, at batch 1: these panels alone; 0, 0: all
};

/// n counts elements; y may be an input itself (same start) in every elementwise kernel. Layouts are batch-major.
template <class T>
struct Table {
    using Binary = void (*)(std::size_t n, const T* a, const T* b, T* y);

    Isa isa;
    std::size_t panel_width, k_block;  // layout of Packed

    void (*linear)(const Packed<T>& w, const LinearCall<T>& call);
    void (*outer_accumulate)(std::size_t batch, std::size_t rows, std::size_t cols, const T* z_bar, const T* x, T* w_bar);
    void (*column_sums_accumulate)(std::size_t batch, std::size_t cols, const T* z_bar, T* bias_bar);

    void (*apply)(Function f, std::size_t n, const T* x, T* y);
    void (*apply_with_slope)(Function f, std::size_t n, const T* x, T* y, T* slope);

    Binary add, sub, mul, div, mul_accumulate, mul_subtract, div_accumulate;
    void (*negate)(std::size_t n, const T* x, T* y);
    void (*scale)(std::size_t n, T c, const T* x, T* y);
    void (*axpy)(std::size_t n, T c, const T* x, T* y);
    void (*accumulate)(std::size_t n, const T* x, T* y);
    void (*add_row)(std::size_t batch, std::size_t cols, const T* x, const T* row, T* y);

    T (*sum)(std::size_t n, const T* x);
    T (*dot)(std::size_t n, const T* a, const T* b);
    void (*rk_combine)(std::size_t n, const T* x, T h, std::size_t terms, const T* c, const T* const* k, T* y);

    bool (*straight_line)(const LineView<T>& line, const LineCall<T>& call);
};

/// The scalars that have vector kernels.
template <class T>
concept Vectorised = std::same_as<T, float> || std::same_as<T, double>;

/// The kernels of an instruction set, for tests and comparisons. Throws std::runtime_error when this machine does not run it.
template <Vectorised T>
const Table<T>& table(Isa isa);

/// The kernels of chosen_isa(); throws like it.
template <Vectorised T>
const Table<T>& table();

}  // namespace costate::kernels::simd
