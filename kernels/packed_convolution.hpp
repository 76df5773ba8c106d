// The weights of a convolution packed once, read many times.
#pragma once

#include "kernels/aligned.hpp"
#include "kernels/check.hpp"
#include "kernels/convolution_pairs.hpp"
#include "kernels/reference/convolution.hpp"
#include "kernels/square_weights.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <span>
#include <vector>

namespace costate::kernels {

/// x ↦ convolution of x, or z̄ ↦ its transpose, in the layout that the chosen kernels read fastest; for scalars and shapes without vector
/// kernels a plain copy of W. The transpose of a convolution with stride is one convolution for each phase of the pixels.
template <Scalar T>
class PackedConvolution {
public:
    enum class Direction : std::uint8_t { forward, transposed };
    /// Channels first … first + count of x; count 0 means all.
    struct Channels {
        std::size_t first = 0, count = 0;
    };

    PackedConvolution() = default;
    /// `wanted`, of a transpose of one group: the channels of x̄ that are asked for; the others are set to 0, or stay what they are (accumulate).
    /// Throws std::invalid_argument for a shape that is none (check_shape), a wrong size of W, or channels that are not there.
    PackedConvolution(std::span<const T> w, const ConvolutionShape& shape, Direction direction, Channels wanted = {})
        : PackedConvolution(shape, direction, wanted) {
        if constexpr (simd::Vectorised<T>) table_ = &simd::table<T>();
        lay_out();
        assign(w);
    }
    /// For the kernels of a given table instead of the chosen one.
    PackedConvolution(std::span<const T> w, const ConvolutionShape& shape, Direction direction, const simd::Table<T>& table, Channels wanted = {})
        requires simd::Vectorised<T>
        : PackedConvolution(shape, direction, wanted) {
        table_ = &table;
        lay_out();
        assign(w);
    }

    [[nodiscard]] bool empty() const { return data_.empty(); }
    [[nodiscard]] const ConvolutionShape& shape() const { return shape_; }
    [[nodiscard]] std::size_t bytes() const { return data_.size() * sizeof(T); }

    /// New weights of the same shape; nothing is allocated. Throws std::invalid_argument for a wrong size.
    void assign(std::span<const T> w) {
        check_size("PackedConvolution::assign", "w", w.size(), shape_.weight_size());
        const std::size_t whole = shape_.group_channels() * shape_.taps(), part = part_.group_channels() * shape_.taps();
        for (std::size_t o = 0; phases_.empty() && o < shape_.outputs; ++o)
            std::copy_n(w.data() + o * whole + first_ * shape_.taps(), part, data_.data() + o * part);
        if constexpr (simd::Vectorised<T>) {
            if (squares_) return pack_squares(w);
        }
        for (const Phase& phase : phases_) pack(phase, w);
    }

    /// One sample: y starts at itself (accumulate), at the bias of its channel, or at 0; x ⊙ scale takes the place of x where scale is not null.
    void operator()(const T* x, const T* scale, const T* bias, T* y, bool accumulate) const {
        if (part_.channels != shape_.channels) {
            const std::size_t begin = first_ * shape_.in_plane();
            if (!accumulate) {
                std::fill_n(y, begin, T(0));
                std::fill(y + begin + part_.in_size(), y + shape_.in_size(), T(0));
            }
            y += begin;
        }
        if constexpr (simd::Vectorised<T>) {
            if (squares_) return table_->convolve_squares(call(phases_[0], 0, x, scale, bias, y, accumulate));
            for (const Phase& phase : phases_)
                for (std::size_t g = 0; g < shape_.groups; ++g) table_->convolve(call(phase, g, x, scale, bias, y, accumulate));
        }
        if (!phases_.empty()) return;
        std::vector<T> scaled;
        if (scale) {
            const std::size_t n = forward() ? shape_.in_size() : shape_.out_size();
            for (std::size_t i = 0; i < n; ++i) scaled.push_back(x[i] * scale[i]);
            x = scaled.data();
        }
        plain(x, bias, y, accumulate);
    }

    /// Whether Winograd's transform is used: other roundings than the plain loops'.
    [[nodiscard]] bool by_squares() const { return squares_; }
    /// Whether x ⊙ scale costs no array of its own.
    [[nodiscard]] bool scales() const { return !phases_.empty(); }

    /// W̄ += of one sample, for the forward direction.
    void weights(const T* z_bar, const T* x, T* w_bar) const {
        if constexpr (simd::Vectorised<T>) {
            if (!phases_.empty()) {
                const std::size_t rows = shape_.group_outputs() * shape_.group_channels() * shape_.taps();
                for (std::size_t g = 0; g < shape_.groups; ++g)
                    table_->convolve_weights(call(phases_[0], g, x, nullptr, nullptr, const_cast<T*>(z_bar), true), w_bar + g * rows);
                return;
            }
        }
        reference::convolve_weights(shape_, 1, z_bar, x, w_bar);
    }

private:
    /// Pixels `first + step i` of the plane that is written, and the taps that reach them.
    struct Phase {
        std::size_t y, x, step_y, step_x, height, width, first_tap, tap_count, first_weight;
    };

    PackedConvolution(const ConvolutionShape& shape, Direction direction, Channels wanted) : shape_(shape), part_(shape), direction_(direction) {
        check_shape(shape);
        if (wanted.count == 0) return;
        if (forward() || shape.groups != 1 || wanted.first + wanted.count > shape.channels)
            throw std::invalid_argument("PackedConvolution: channels " + std::to_string(wanted.first) + " to " + std::to_string(wanted.first + wanted.count) +
                                        " of " + std::to_string(shape.channels) + " are not those of a transpose of one group; ask for all");
        first_ = wanted.first;
        part_.channels = static_cast<std::uint32_t>(wanted.count);
    }

    void plain(const T* x, const T* bias, T* y, bool accumulate) const {
        if constexpr (std::same_as<T, long double>) {
            if (forward()) convolve_in_pairs(shape_, x, data_.data(), bias, y, accumulate);
            else convolve_back_in_pairs(part_, x, data_.data(), y, accumulate);
        } else {
            if (forward()) reference::convolve(shape_, 1, x, data_.data(), bias, y, accumulate);
            else reference::convolve_back(part_, 1, x, data_.data(), y, accumulate);
        }
    }

    [[nodiscard]] bool forward() const { return direction_ == Direction::forward; }
    [[nodiscard]] std::size_t channels() const { return forward() ? shape_.group_channels() : shape_.group_outputs(); }
    [[nodiscard]] std::size_t outputs() const { return forward() ? shape_.group_outputs() : part_.group_channels(); }
    [[nodiscard]] std::size_t tiles() const { return (outputs() + table_->tile_rows - 1) / table_->tile_rows; }

    void lay_out() {
        if constexpr (simd::Vectorised<T>) {
            const std::size_t reach = shape_.dilation_y * (shape_.kernel_height - 1);
            squares_ = done_by_squares(*table_, shape_, channels(), outputs(), forward() ? shape_.out_height() : shape_.height,
                                       forward() ? shape_.out_width() : shape_.width);
            if (shape_.taps() <= simd::most_taps && reach < simd::most_tap_rows) {
                if (forward()) add_phase(0, 0, 1, 1);
                else
                    for (std::size_t y = 0; y < std::min(shape_.stride_y, shape_.height); ++y)
                        for (std::size_t x = 0; x < std::min(shape_.stride_x, shape_.width); ++x) add_phase(y, x, shape_.stride_y, shape_.stride_x);
                return;
            }
        }
        data_.resize(part_.weight_size(), T(0));
    }

    void add_phase(std::size_t y, std::size_t x, std::size_t step_y, std::size_t step_x) {
        Phase phase{y, x, step_y, step_x, shape_.out_height(), shape_.out_width(), taps_.size(), 0, data_.size()};
        if (!forward()) {
            phase.height = (shape_.height - y + step_y - 1) / step_y;
            phase.width = (shape_.width - x + step_x - 1) / step_x;
        }
        for (std::size_t u = 0; u < shape_.kernel_height; ++u)
            for (std::size_t v = 0; v < shape_.kernel_width; ++v) {
                const auto ty = static_cast<std::int64_t>(u * shape_.dilation_y) - shape_.top, tx = static_cast<std::int64_t>(v * shape_.dilation_x) - shape_.left;
                const auto dy = static_cast<std::int64_t>(y) - ty, dx = static_cast<std::int64_t>(x) - tx;
                const auto sy = static_cast<std::int64_t>(step_y), sx = static_cast<std::int64_t>(step_x);
                if (!forward() && (dy % sy != 0 || dx % sx != 0)) continue;
                const simd::Tap tap = forward() ? simd::Tap{static_cast<std::int32_t>(ty), static_cast<std::int32_t>(tx)}
                                                : simd::Tap{static_cast<std::int32_t>(dy / sy), static_cast<std::int32_t>(dx / sx)};
                taps_.push_back(tap);
                kernel_positions_.push_back(static_cast<std::uint32_t>(u * shape_.kernel_width + v));
            }
        phase.tap_count = taps_.size() - phase.first_tap;
        data_.resize(data_.size() + shape_.groups * group_size(phase) + simd::tap_stride, T(0));
        phases_.push_back(phase);
    }

    [[nodiscard]] std::size_t group_size(const Phase& phase) const {
        return tiles() * channels() * (squares_ ? simd::square_places : phase.tap_count) * simd::tap_stride;
    }

    /// f(first output, outputs) of every tile, as simd::for_each_group.
    template <class F>
    void for_each_tile(F f) const {
        for (std::size_t tile = 0, first = 0, count = tiles(); tile < count; ++tile) {
            const std::size_t rows = (outputs() - first + count - tile - 1) / (count - tile);
            f(first, rows);
            first += rows;
        }
    }

    /// G g Gᵀ of every pair, taps in the order in which they read.
    void pack_squares(std::span<const T> w)
        requires simd::Vectorised<T>
    {
        T* to = data_.data();
        for (std::size_t k = 0; k < simd::square_places; ++k)
            for_each_tile([&](std::size_t first, std::size_t rows) {
                for (std::size_t c = 0; c < channels(); ++c, to += simd::tap_stride)
                    for (std::size_t r = 0; r < rows; ++r) {
                        const auto at = [&](std::size_t tap) { return double{w[source(0, first + r, c, forward() ? tap : 8 - tap)]}; };
                        to[r] = static_cast<T>(square_weight(k, [&](std::size_t u, std::size_t v) { return at(3 * u + v); }));
                    }
            });
    }

    void pack(const Phase& phase, std::span<const T> w) {
        const std::size_t steps = channels() * phase.tap_count;
        T* to = data_.data() + phase.first_weight;
        for (std::size_t g = 0; g < shape_.groups; ++g)
            for_each_tile([&](std::size_t first, std::size_t rows) {
                for (std::size_t k = 0; k < steps; ++k, to += simd::tap_stride)
                    for (std::size_t r = 0; r < rows; ++r) to[r] = w[source(g, first + r, k / phase.tap_count, phase.first_tap + k % phase.tap_count)];
            });
    }
    /// The weight of the group's output (what is written), channel (what is read) and tap.
    [[nodiscard]] std::size_t source(std::size_t g, std::size_t output, std::size_t channel, std::size_t tap) const {
        const std::size_t o = g * shape_.group_outputs() + (forward() ? output : channel), c = forward() ? channel : first_ + output;
        return (o * shape_.group_channels() + c) * shape_.taps() + kernel_positions_[tap];
    }

    [[nodiscard]] simd::TapCall<T> call(const Phase& phase, std::size_t g, const T* x, const T* scale, const T* bias, T* y, bool accumulate) const {
        const bool ahead = forward();
        const std::size_t in_height = ahead ? shape_.height : shape_.out_height(), in_width = ahead ? shape_.width : shape_.out_width();
        const std::size_t out_plane = ahead ? shape_.out_plane() : shape_.in_plane();
        const std::size_t read = g * channels() * in_height * in_width;
        return {.channels = channels(), .outputs = outputs(), .in_height = in_height, .in_width = in_width,
                .out_width = ahead ? shape_.out_width() : shape_.width, .out_plane = out_plane,
                .grid_height = phase.height, .grid_width = phase.width,
                .in_step_y = ahead ? shape_.stride_y : 1, .in_step_x = ahead ? shape_.stride_x : 1,
                .out_y = phase.y, .out_x = phase.x, .out_step_y = phase.step_y, .out_step_x = phase.step_x,
                .taps = taps_.data() + (squares_ && !ahead ? 8 : phase.first_tap), .tap_count = phase.tap_count,
                .weights = data_.data() + phase.first_weight + g * group_size(phase),
                .x = x + read, .scale = scale ? scale + read : nullptr, .bias = bias ? bias + g * outputs() : nullptr,
                .y = y + g * outputs() * out_plane, .accumulate = accumulate};
    }

    ConvolutionShape shape_, part_;  // part_: of the channels that are asked for
    std::size_t first_ = 0;          // of them
    Direction direction_ = Direction::forward;
    AlignedVector<T> data_;
    std::vector<simd::Tap> taps_;
    std::vector<std::uint32_t> kernel_positions_;  // of the taps
    std::vector<Phase> phases_;                    // none: W as it is
    const simd::Table<T>* table_ = nullptr;
    bool squares_ = false;  // G g Gᵀ is packed
};

}  // namespace costate::kernels
