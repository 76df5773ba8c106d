// W packed once, read many times: the right-hand side of y = x Wᵀ.
#pragma once

#include "kernels/aligned.hpp"
#include "kernels/check.hpp"
#include "kernels/parallel.hpp"
#include "kernels/reference/linear.hpp"
#include "kernels/simd/table.hpp"

#include <algorithm>
#include <span>

namespace costate::kernels {

/// The matrix of x ↦ x Wᵀ in the layout that the chosen kernels read fastest (for scalars without vector kernels: a plain copy).
/// The transposed pack of the same W serves the reverse sweep x̄ = z̄ W.
template <Scalar T>
class PackedMatrix {
public:
    PackedMatrix() = default;

    /// x ↦ x Wᵀ for W (rows × cols, row-major): inputs = cols, outputs = rows. Throws std::invalid_argument for a wrong size.
    PackedMatrix(std::span<const T> w, std::size_t rows, std::size_t cols) : PackedMatrix(rows, cols, false) { assign(w); }

    /// z̄ ↦ z̄ W for the same W: inputs = rows, outputs = cols. Throws std::invalid_argument for a wrong size.
    static PackedMatrix transposed(std::span<const T> w, std::size_t rows, std::size_t cols) {
        PackedMatrix packed(cols, rows, true);
        packed.assign(w);
        return packed;
    }

    /// Packed for the kernels of a given table instead of the chosen one.
    PackedMatrix(std::span<const T> w, std::size_t rows, std::size_t cols, const simd::Table<T>& table)
        requires simd::Vectorised<T>
        : PackedMatrix(rows, cols, false, &table) {
        assign(w);
    }

    /// New weights of the same shape and orientation; nothing is allocated. Throws std::invalid_argument for a wrong size.
    void assign(std::span<const T> w) {
        check_size("PackedMatrix::assign", "w", w.size(), outputs_ * inputs_);
        if constexpr (simd::Vectorised<T>) pack(w);
        else
            for (std::size_t o = 0; o < outputs_; ++o)
                for (std::size_t k = 0; k < inputs_; ++k) data_[o * inputs_ + k] = w[source(o, k)];
    }

    [[nodiscard]] std::size_t outputs() const { return outputs_; }
    [[nodiscard]] std::size_t inputs() const { return inputs_; }
    [[nodiscard]] std::size_t bytes() const { return data_.size() * sizeof(T); }

    /// At batch 1 at most `threads` threads share the outputs from now on (0: all), each at least share_bytes of the weights; every result is
    /// bitwise the same. Where a batch is shared already, by tiles, one thread is best.
    void share(std::size_t threads) { threads_ = threads; }

    /// Runs a checked call; the public forms are linear and linear_pullback.
    void operator()(const simd::LinearCall<T>& call) const {
        const simd::Packed<T> packed{data_.data(), outputs_, inputs_, row_stride_};
        if constexpr (simd::Vectorised<T>) {
            if (!table_) return;
            if (call.batch == 1 && threads_ != 1 && bytes() >= 2 * share_bytes && row_stride_ == 0) return shared(packed, call);
            table_->linear(packed, call);
        } else {
            reference::linear(packed, call);
        }
    }

private:
    PackedMatrix(std::size_t outputs, std::size_t inputs, bool transposed, const simd::Table<T>* table = nullptr)
        : outputs_(outputs), inputs_(inputs), transposed_(transposed), table_(table) {
        std::size_t size = outputs * inputs;
        if constexpr (simd::Vectorised<T>) {
            if (!table_) table_ = &simd::table<T>();
            const auto padded = [](std::size_t n, std::size_t unit) { return (n + unit - 1) / unit * unit; };
            if (simd::is_narrow(outputs, inputs)) row_stride_ = padded(inputs, simd::narrow_lanes);
            size = row_stride_ != 0 ? outputs * row_stride_ : padded(outputs, table_->panel_width) * inputs;
        }
        data_.resize(size, T(0));
    }

    // Panels in nearly equal parts. What is stored on the way in is stored before, since the parts read it all.
    void shared(const simd::Packed<T>& packed, simd::LinearCall<T> call) const {
        const std::size_t panels = (outputs_ + table_->panel_width - 1) / table_->panel_width;
        const std::size_t threads = threads_ == 0 ? thread_count() : threads_, parts = std::min({threads, bytes() / share_bytes, panels});
        if (call.scale && call.scaled) {
            table_->mul(inputs_, call.x, call.scale, call.scaled);
            call.x = call.scaled;
            call.scale = nullptr;
        }
        const auto part = [&](std::size_t i) {
            simd::LinearCall<T> own = call;
            own.first_panel = i * panels / parts;
            own.end_panel = (i + 1) * panels / parts;
            table_->linear(packed, own);
        };
        parallel_for(parts, part, threads);
    }

    [[nodiscard]] std::size_t source(std::size_t o, std::size_t k) const {
        return transposed_ ? k * outputs_ + o : o * inputs_ + k;
    }

    void pack(std::span<const T> w) {
        if (row_stride_ == 0) return pack_panels(w);
        for (std::size_t o = 0; o < outputs_; ++o)
            for (std::size_t k = 0; k < inputs_; ++k) data_[o * row_stride_ + k] = w[source(o, k)];
    }

    void pack_panels(std::span<const T> w) {
        const std::size_t width = table_->panel_width;
        T* target = data_.data();
        for (std::size_t k0 = 0; k0 < inputs_; k0 += table_->k_block) {
            const std::size_t k1 = std::min(inputs_, k0 + table_->k_block);
            for (std::size_t o0 = 0; o0 < outputs_; o0 += width, target += (k1 - k0) * width) {
                const std::size_t count = std::min(width, outputs_ - o0);
                for (std::size_t k = k0; k < k1; ++k)
                    for (std::size_t o = 0; o < count; ++o) target[(k - k0) * width + o] = w[source(o0 + o, k)];
            }
        }
    }

    static constexpr std::size_t share_bytes = std::size_t{256} << 10;  // a core reads them in some 10 µs, a thread starts in 1 or 2

    AlignedVector<T> data_;
    std::size_t outputs_ = 0, inputs_ = 0, row_stride_ = 0, threads_ = 1;
    bool transposed_ = false;
    const simd::Table<T>* table_ = nullptr;
};

}  // namespace costate::kernels
