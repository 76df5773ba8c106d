// The weights of a convolution packed once, read many times.
#pragma once

#include "kernels/aligned.hpp"
#include "kernels/check.hpp"
#include "kernels/convolution_pairs.hpp"
#include "kernels/convolution_way.hpp"
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
            if (by_squares()) return pack_squares(w);
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
            for (const Phase& phase : std::span(phases_).first(joined() ? 1 : phases_.size()))
                for (std::size_t g = 0; g < shape_.groups; ++g) run(call(phase, g, x, scale, bias, y, accumulate));
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
    [[nodiscard]] bool by_squares() const { return way_ == Way::squares; }
    /// Whether x ⊙ scale costs no array of its own.
    [[nodiscard]] bool scales() const { return !phases_.empty(); }

    /// W̄ += of a batch, for the forward direction.
    void weights(std::size_t batch, const T* z_bar, const T* x, T* w_bar) const {
        if constexpr (simd::Vectorised<T>) {
            if (!phases_.empty()) {
                const std::size_t rows = shape_.group_outputs() * shape_.group_channels() * shape_.taps();
                const simd::Samples samples{batch, shape_.in_size(), shape_.out_size()};
                for (std::size_t g = 0; g < shape_.groups; ++g)
                    table_->convolve_weights(call(phases_[0], g, x, nullptr, nullptr, const_cast<T*>(z_bar), true), samples, w_bar + g * rows);
                return;
            }
        }
        reference::convolve_weights(shape_, batch, z_bar, x, w_bar);
    }

private:
    using Phase = simd::TapPhase;
    using Way = ConvolutionWay;

    void run(const simd::TapCall<T>& call) const {
        if (way_ == Way::planes) table_->convolve_planes(call);
        else if (way_ == Way::squares) table_->convolve_squares(call);
        else if (way_ == Way::taps) table_->convolve_taps(call);
        else (joined() ? table_->convolve_lanes : table_->convolve)(call);
    }
    /// Whether one call does all phases.
    [[nodiscard]] bool joined() const { return way_ == Way::lanes && !taps_.empty(); }

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
    void lay_out() {
        if constexpr (simd::Vectorised<T>) {
            const bool ahead = forward();
            way_ = way_of(*table_, shape_, {channels(), outputs(), ahead ? shape_.out_height() : shape_.height, ahead ? shape_.out_width() : shape_.width});
            if (way_ != Way::none) phases_ = phases_of(shape_, ahead);
            for (Phase& phase : phases_) {
                phase.first_tap = taps_.size();
                phase.first_weight = group_weights_;
                for (const KernelTap& tap : taps_of(shape_, ahead, phase.y, phase.x)) taps_.push_back(tap.tap), kernel_positions_.push_back(tap.place);
                phase.tap_count = taps_.size() - phase.first_tap;
                group_weights_ += phase_size(phase) + simd::tap_stride;
            }
            data_.resize(shape_.groups * group_weights_, T(0));
        }
        if (phases_.empty()) data_.resize(part_.weight_size(), T(0));
    }

    template <class F>
    void for_each_unit(const Phase& phase, F f) const {
        kernels::for_each_unit(way_, *table_, outputs() * (way_ == Way::taps ? phase.tap_count : 1), f);
    }
    /// Steps of each row.
    [[nodiscard]] std::size_t steps(const Phase& phase) const {
        return channels() * (way_ == Way::squares ? simd::square_places : way_ == Way::taps ? 1 : phase.tap_count);
    }
    /// Of one group.
    [[nodiscard]] std::size_t phase_size(const Phase& phase) const {
        std::size_t size = 0;
        for_each_unit(phase, [&](std::size_t, std::size_t, std::size_t of_step) { size += steps(phase) * of_step; });
        return size;
    }

    /// G g Gᵀ of every pair, taps in the order in which they read.
    void pack_squares(std::span<const T> w)
        requires simd::Vectorised<T>
    {
        T* to = data_.data();
        for (std::size_t k = 0; k < simd::square_places; ++k)
            for_each_unit(phases_[0], [&](std::size_t first, std::size_t rows, std::size_t of_step) {
                for (std::size_t c = 0; c < channels(); ++c, to += of_step)
                    for (std::size_t r = 0; r < rows; ++r) {
                        const auto at = [&](std::size_t tap) { return double{w[source(0, first + r, c, forward() ? tap : 8 - tap)]}; };
                        to[r] = static_cast<T>(square_weight(k, [&](std::size_t u, std::size_t v) { return at(3 * u + v); }));
                    }
            });
    }

    void pack(const Phase& phase, std::span<const T> w) {
        const std::size_t taps = phase.tap_count, per_row = way_ == Way::taps ? taps : 1, per_step = way_ == Way::taps ? 1 : taps;
        for (std::size_t g = 0; g < shape_.groups; ++g) {
            T* to = data_.data() + g * group_weights_ + phase.first_weight;
            for_each_unit(phase, [&](std::size_t first, std::size_t rows, std::size_t of_step) {
                for (std::size_t k = 0; k < steps(phase); ++k, to += of_step)
                    for (std::size_t r = 0; r < rows; ++r) {
                        const std::size_t row = first + r, tap = per_row > 1 ? row % per_row : k % per_step;
                        to[r] = w[source(g, row / per_row, k / per_step, phase.first_tap + tap)];
                    }
            });
        }
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
                .taps = taps_.data() + (by_squares() && !ahead ? 8 : phase.first_tap), .tap_count = joined() ? taps_.size() : phase.tap_count,
                .weights = data_.data() + g * group_weights_ + phase.first_weight,
                .x = x + read, .scale = scale ? scale + read : nullptr, .bias = bias ? bias + g * outputs() : nullptr,
                .y = y + g * outputs() * out_plane, .accumulate = accumulate,
                .phases = phases_.data(), .phase_count = phases_.size()};
    }

    ConvolutionShape shape_, part_;  // part_: of the channels that are asked for
    std::size_t first_ = 0;          // of them
    Direction direction_ = Direction::forward;
    AlignedVector<T> data_;
    std::size_t group_weights_ = 0;  // of data_, a group's
    std::vector<simd::Tap> taps_;
    std::vector<std::uint32_t> kernel_positions_;  // of the taps
    std::vector<Phase> phases_;                    // none: W as it is
    const simd::Table<T>* table_ = nullptr;
    Way way_ = Way::none;  // how w is packed; squares: G g Gᵀ
};

}  // namespace costate::kernels
