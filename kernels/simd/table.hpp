// The kernels of one instruction set as a table of functions on raw pointers. Sizes are checked by the callers in kernels/*.hpp.
#pragma once

#include "kernels/function.hpp"
#include "kernels/isa.hpp"
#include "kernels/simd/line.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace costate::kernels::simd {

/// A layer of few outputs is narrow, on every instruction set: its sums over the inputs run in `narrow_lanes` lanes.
inline constexpr std::size_t narrow_outputs = 8, narrow_lanes = 16;
constexpr bool is_narrow(std::size_t outputs, std::size_t inputs) {
    return 0 < outputs && outputs <= narrow_outputs && 2 * outputs <= inputs;
}

/// So many inputs are summed in one chain; a longer sum is that of its blocks' sums, on every instruction set.
template <class T>
inline constexpr std::size_t sum_block = 2048 / sizeof(T);

/// W packed for y = x Wᵀ. Inputs are cut into blocks of `k_block` = sum_block, outputs into panels of `panel_width` (padded with zeros);
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

/// Where a tap of a kernel reads, from the position that belongs to a point of the grid.
struct Tap {
    std::int32_t y, x;
};

/// Pixels (y, x) + step i of the plane that is written, and the taps that reach them; where the first of them and of their weights are.
struct TapPhase {
    std::size_t y, x, step_y, step_x, height, width, first_tap, tap_count, first_weight;
};

/// y at every point (i, j) of a grid = Σ_k W_k x at (i in_step + tap): a convolution of one group, or a phase of its transpose, whose grid is
/// every out_step-th pixel. Outside its plane x is 0. Weights lie tile by tile of outputs (nearly equal, at most Table::tile_rows), and there
/// for each k = (channel, tap) the outputs side by side, tap_stride apart.
inline constexpr std::size_t tap_stride = 16;
template <class T>
struct TapCall {
    std::size_t channels, outputs;      // of the group
    std::size_t in_height, in_width;    // plane of x
    std::size_t out_width, out_plane;   // rows and planes of y
    std::size_t grid_height, grid_width;
    std::size_t in_step_y, in_step_x, out_y, out_x, out_step_y, out_step_x;
    const Tap* taps;
    std::size_t tap_count;
    const T* weights;
    const T* x;
    const T* scale;  // x ⊙ scale takes the place of x; may be null
    const T* bias;   // of the outputs, where sums start; may be null
    T* y;
    bool accumulate;  // sums start at y instead, or are added to it
    const TapPhase* phases;  // for convolve_lanes: all, row by row; taps are those of all, the grid is that of the first
    std::size_t phase_count;
};

/// Of a batch: samples of x and of y begin so far apart.
struct Samples {
    std::size_t count, x_step, y_step;
};

/// y_rp = Σ_k a_rk x_kp, every number a high and a low part; the error is about K 2⁻¹⁰⁴ of Σ_k |a_rk x_kp| (T. J. Dekker, Numer. Math. 18, 1971).
/// a is rows × steps, x steps × columns, y rows × columns, each row-major; columns are a multiple of pair_columns.
inline constexpr std::size_t pair_columns = 8;
template <class T>
struct PairCall {
    std::size_t rows, steps, columns;
    const T *a, *a_low, *x, *x_low;
    T *y, *y_low;
};

/// What the vector kernels can do: so many taps, so many rows between the first and the last that they read.
inline constexpr std::size_t most_taps = 64, most_tap_rows = 16;

/// Convolutions with outputs in the lanes: x around the pixels of a block lies in so much memory.
inline constexpr std::size_t image_bytes = std::size_t{128} << 10;
/// The phases of a row are written together; so many may be.
inline constexpr std::size_t most_phase_step = 8;
/// For planes as they lie: their pixels; offsets have 32 bits.
inline constexpr std::size_t most_plane = std::size_t{1} << 22;
/// With taps in the rows: U in so much memory, taps that reach so far along a row.
inline constexpr std::size_t tap_sum_bytes = std::size_t{192} << 10, most_tap_reach = 48;

/// Convolutions by squares (kernels/simd/winograd.hpp): places in the transform of a square; so many channels and outputs together.
inline constexpr std::size_t square_places = 16, most_square_rows = 256;

/// Windows side by side in a row of an image: tap (u, v) of window j is x[u row_step + v column_step + j stride], u < rows, v < columns.
struct WindowRow {
    std::size_t count, rows, columns, row_step, column_step, stride;
    std::size_t first_row = 0;  ///< of the kernel: what is kept of tap (u, v) is u + first_row and v
};

/// `count` places with `entries` indices each, entry k of place i at index[k count + i]; the same for each of `rows` rows, side by side, of `size` ≤ 2³¹
/// values. Indices are below size, or 2³² - 1: nothing.
struct IndexList {
    const std::uint32_t* index;
    std::size_t count, entries, rows, size;
};
inline constexpr std::size_t most_listed = std::size_t{1} << 31, widest = 16;  ///< of IndexList::size; no vector has more lanes

/// Functions of numbers a, b, c, d:
///   maximum, minimum (NaN where one is)                 raise  a < b ? b : a            lower  b < a ? b : a
///   less, less_equal, equal  a ∘ b ? 1 : 0              where  a = 0 ? c : b            inside  a ≤ c or d ≤ a ? 0 : b
///   larger_share  b < a ? c : a < b ? 0 : c/2           smaller_share  a < b ? c : b < a ? 0 : c/2
///   floor, ceil, round (of two the even one), sign, abs of a                            power  b aⁿ
enum class Pointwise : std::uint8_t {
    maximum, minimum, less, less_equal, equal, raise, lower, where, larger_share, smaller_share, inside, floor, ceil, round, sign, abs, power
};
constexpr std::size_t operands_of(Pointwise f) {
    using enum Pointwise;
    if (f == inside) return 4;
    if (f == where || f == larger_share || f == smaller_share) return 3;
    return f == floor || f == ceil || f == round || f == sign || f == abs ? 1 : 2;
}

/// An array, or one number that meets all.
template <class T>
struct Operand {
    const T* data;
    bool one = false;
};
template <class T>
struct PointwiseCall {
    Pointwise function;
    std::size_t n;
    Operand<T> x[4];
    T* y;
    bool add;      // to y
    int exponent;  // of power
};

/// n counts elements; y may be an input itself (same start) in every elementwise kernel. Layouts are batch-major.
template <class T>
struct Table {
    using Binary = void (*)(std::size_t n, const T* a, const T* b, T* y);

    Isa isa;
    std::size_t panel_width, k_block;  // layout of Packed
    std::size_t tile_rows;             // layout of a TapCall's weights

    void (*linear)(const Packed<T>& w, const LinearCall<T>& call);
    void (*outer_accumulate)(std::size_t batch, std::size_t rows, std::size_t cols, const T* z_bar, const T* x, T* w_bar);
    void (*product_accumulate)(std::size_t m, std::size_t k, std::size_t n, const T* a, const T* b, T* y);
    void (*column_sums_accumulate)(std::size_t batch, std::size_t cols, const T* z_bar, T* bias_bar);

    void (*convolve)(const TapCall<T>& call);
    /// w_bar[o, k] += Σ over samples and the grid of z[o] x[k], rows `channels · tap_count` apart; z lies where the call has y. For a grid of all pixels.
    void (*convolve_weights)(const TapCall<T>& call, const Samples& samples, T* w_bar);

    /// The same for 3 × 3 taps side by side on every pixel; `taps` is the first of them, and weights are G g Gᵀ: place by place, tiles of outputs,
    /// channels. Null where there is none.
    void (*convolve_squares)(const TapCall<T>& call);

    /// The same with outputs in the lanes (weights: panels of panel_width outputs, the last in whole vectors of half as many, and there step by step), of
    /// all phases at once, out_step_x ≤ most_phase_step; and for few outputs, on every pixel of x, with their taps in the rows (weights: tiles of
    /// outputs · taps, and there channel by channel).
    void (*convolve_lanes)(const TapCall<T>& call);
    void (*convolve_taps)(const TapCall<T>& call);
    /// The same for one tap on the pixel itself, stride 1, planes of fewer than most_plane pixels.
    void (*convolve_planes)(const TapCall<T>& call);

    void (*multiply_pairs)(const PairCall<T>& call);  ///< in double alone

    void (*apply)(Function f, std::size_t n, const T* x, T* y);
    void (*apply_with_slope)(Function f, std::size_t n, const T* x, T* y, T* slope);

    Binary add, sub, mul, div, mul_accumulate, mul_subtract, div_accumulate;
    void (*negate)(std::size_t n, const T* x, T* y);
    void (*scale)(std::size_t n, T c, const T* x, T* y);
    void (*axpy)(std::size_t n, T c, const T* x, T* y);
    void (*accumulate)(std::size_t n, const T* x, T* y);
    void (*add_row)(std::size_t batch, std::size_t cols, const T* x, const T* row, T* y);
    void (*affine)(std::size_t n, T a, const T* x, T b, T* y);
    void (*affine_pair)(std::size_t n, T a, const T* u, T b, const T* v, T c, T* y, bool accumulate);

    void (*pointwise)(const PointwiseCall<T>& call);

    T (*sum)(std::size_t n, const T* x);
    T (*dot)(std::size_t n, const T* a, const T* b);
    void (*rk_combine)(std::size_t n, const T* x, T h, std::size_t terms, const T* c, const T* const* k, T* y);

    /// y_j = the largest of window j, NaN where one is, the first of equal ones; kept, which may be null: its tap, row and column.
    void (*max_row)(const WindowRow& row, const T* x, T* y, T* kept);
    /// x̄[largest of window j] += ȳ_j, and y_j = x[largest of window j], whose tap is what is kept.
    void (*add_to_kept)(const WindowRow& row, const T* kept, const T* y_bar, T* x_bar);
    void (*read_kept)(const WindowRow& row, const T* kept, const T* x, T* y);
    /// y_j = Σ share x over window j, and x̄ += share ȳ_j over it.
    void (*mean_row)(const WindowRow& row, T share, const T* x, T* y);
    void (*mean_row_vjp)(const WindowRow& row, T share, const T* y_bar, T* x_bar);

    /// y_i (+)= x[index_i], 0 where there is nothing, and its transpose y[index_i] += x_i, i ascending; of one entry.
    void (*pick)(const IndexList& list, const T* x, T* y, bool add);
    void (*scatter)(const IndexList& list, const T* x, T* y);
    /// y_i = Σ_k c_ik x[index_ik], k ascending, and x̄[index_ik] += c_ik ȳ_i, i, then k ascending; faster with size · widest values
    /// at `columns`, which may be null, where rows are many.
    void (*sparse)(const IndexList& list, const T* c, const T* x, T* y);
    void (*sparse_vjp)(const IndexList& list, const T* c, const T* y_bar, T* x_bar, T* columns);
    /// y_i = max_k x[index_ik], NaN where one is, the first of equal ones; kept, which may be null: its k. Every index is there.
    void (*list_max)(const IndexList& list, const T* x, T* y, T* kept);

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
