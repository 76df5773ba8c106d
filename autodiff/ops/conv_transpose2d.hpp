#pragma once

#include "autodiff/ops/conv2d.hpp"

namespace costate::autodiff::ops {

/// y = act(Wᵀ ∗ x + b): the transpose of the convolution whose kernels::ConvolutionShape the words are; x has that one's outputs, y its image, W
/// its layout. Operands x, W (shared), b (shared, optional, one a channel of y); freeze fuses act and packs W where it is a leaf. Keeps act'(z).
struct ConvTranspose2d : Conv2d {
    static constexpr std::string_view name = "conv_transpose2d";
    static double flops(const Node& node, const Topology& graph, const Called&) {
        const auto s = detail::from_words<kernels::ConvolutionShape>(graph.words.data() + node.words);
        return 2.0 * static_cast<double>(s.group_channels() * s.taps() * s.out_size()) + node.size;
    }

    /// y = Wᵀ ∗ x + b, or y += Wᵀ ∗ x; b may be null.
    template <class T>
    static void transpose(const Frame<T>& f, const T* x, const T* weight, const T* bias, T* y, bool accumulate) {
        const auto s = shape(f);
        const std::size_t plane = s.in_plane();
        if (bias)
            for (std::size_t i = 0; i < f.rows() * s.channels; ++i) std::fill_n(y + i * plane, plane, bias[i % s.channels]);
        const auto* w = weight == f.x(1) ? packs(f) : nullptr;
        const bool add = accumulate || bias;
        if (w) kernels::convolution_pullback<T>(w->transposed_convolution, f.rows(), view(x, f.x_count(0)), {}, view(y, f.count()), add);
        else kernels::reference::convolve_back<T>(s, f.rows(), x, weight, y, add);
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        const auto act = activation(f.extra());
        transpose(f, f.x(0), f.x(1), f.arity() == 3 ? f.x(2) : nullptr, f.y(), false);
        const auto y = view(f.y(), f.count()), slope = view(f.saved(), f.saved() ? f.count() : 0);
        const auto z = view(static_cast<const T*>(f.y()), f.count());
        if (!slope.empty()) kernels::apply_with_slope<T>(act, z, y, slope);
        else if (act != kernels::Function::identity) kernels::apply<T>(act, z, y);
    }
    /// z̄ = ȳ ⊙ act'(z),  x̄ += W ∗ z̄,  W̄ += x ∗ z̄,  b̄ += Σ over batch and pixels of z̄
    template <class T>
    static void vjp(const Frame<T>& f) {
        auto z_bar = view(f.y_bar(), f.count());
        if (const T* slope = f.saved()) {
            kernels::mul<T>(z_bar, view(slope, f.count()), view(f.scratch(), f.count()));
            z_bar = view(static_cast<const T*>(f.scratch()), f.count());
        }
        const auto* w = packs(f);
        const auto s = shape(f);
        if (T* bar = f.bar(0)) {
            if (w)
                kernels::convolution<T>(w->convolution, {}, kernels::Function::identity, f.rows(), z_bar, view(bar, f.x_count(0)), {}, !f.assign(0));
            else kernels::reference::convolve<T>(s, f.rows(), z_bar.data(), f.x(1), nullptr, bar, !f.assign(0));
        }
        if (T* bar = f.bar(1)) {
            if (f.assign(1)) zero(bar, f.x_size(1));
            if (w) kernels::convolution_weights_accumulate<T>(w->convolution, f.rows(), view(f.x(0), f.x_count(0)), z_bar, view(bar, f.x_size(1)));
            else kernels::reference::convolve_weights(s, f.rows(), f.x(0), z_bar.data(), bar);
        }
        if (T* bar = f.arity() == 3 ? f.bar(2) : nullptr) {
            if (f.assign(2)) zero(bar, f.x_size(2));
            kernels::plane_sums_accumulate<T>(f.rows(), z_bar, view(bar, f.x_size(2)));
        }
    }
    /// ẏ = act'(z) ⊙ (Wᵀ ∗ ẋ + Ẇᵀ ∗ x + ḃ)
    template <class T>
    static void jvp(const Frame<T>& f) {
        const T* bias_dot = f.arity() == 3 ? f.dot(2) : nullptr;
        T* z_dot = f.saved() ? f.scratch() : f.y_dot();
        zero(z_dot, f.count());
        if (f.dot(0)) transpose(f, f.dot(0), f.x(1), bias_dot, z_dot, true);
        if (f.dot(1)) transpose<T>(f, f.x(0), f.dot(1), f.dot(0) ? nullptr : bias_dot, z_dot, true);
        const auto s = shape(f);
        if (bias_dot && !f.dot(0) && !f.dot(1))
            for (std::size_t i = 0; i < f.count(); ++i) z_dot[i] = bias_dot[i / s.in_plane() % s.channels];
        if (const T* slope = f.saved())
            kernels::mul<T>(view(static_cast<const T*>(z_dot), f.count()), view(slope, f.count()), view(f.y_dot(), f.count()));
    }
};

}  // namespace costate::autodiff::ops
