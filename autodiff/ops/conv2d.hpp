#pragma once

#include "autodiff/ops/linear.hpp"
#include "kernels/convolution.hpp"

namespace costate::autodiff::ops {

/// y = act(W ∗ x + b), a two-dimensional cross-correlation; operands x, W (shared), b (shared, optional, one a channel). The words are a
/// kernels::ConvolutionShape; freeze fuses act and packs W where it is a leaf. Keeps act'(z) alone.
struct Conv2d : Op {
    static constexpr std::string_view name = "conv2d";
    static constexpr bool fuses = true;
    /// x̄ reads W unless W is packed; W̄ reads x.
    static bool reads(const Node& node, std::size_t input, std::uint64_t wanted) { return Linear::reads(node, input, wanted); }
    static Space space(const Node& node, const Topology& graph, Mode mode, const Called& called) { return Linear::space(node, graph, mode, called); }
    static double flops(const Node& node, const Topology& graph, const Called&) {
        const auto s = detail::from_words<kernels::ConvolutionShape>(graph.words.data() + node.words);
        return (2.0 * static_cast<double>(s.group_channels() * s.taps()) + 1) * static_cast<double>(node.size);
    }
    template <class T>
    static kernels::ConvolutionShape shape(const Frame<T>& f) {
        return detail::from_words<kernels::ConvolutionShape>(f.words());
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        const auto act = activation(f.extra());
        const T* bias = f.arity() == 3 ? f.x(2) : nullptr;
        const auto y = view(f.y(), f.count()), slope = view(f.saved(), f.saved() ? f.count() : 0);
        if (const auto* w = packs(f)) {
            const std::size_t channels = bias ? f.x_size(2) : 0;
            return kernels::convolution<T>(w->convolution, view(bias, channels), act, f.rows(), view(f.x(0), f.x_count(0)), y, slope);
        }
        kernels::reference::convolve(shape(f), f.rows(), f.x(0), f.x(1), bias, f.y(), false);
        const auto z = view(static_cast<const T*>(f.y()), f.count());
        if (!slope.empty()) kernels::apply_with_slope<T>(act, z, y, slope);
        else if (act != kernels::Function::identity) kernels::apply<T>(act, z, y);
    }

    /// z̄ = ȳ ⊙ act'(z),  x̄ += Wᵀ ∗ z̄,  W̄ += z̄ ∗ x,  b̄ += Σ over batch and pixels of z̄
    template <class T>
    static void vjp(const Frame<T>& f) {
        const auto y_bar = view(f.y_bar(), f.count());
        const auto slope = view(static_cast<const T*>(f.saved()), f.saved() ? f.count() : 0);
        const auto* w = packs(f);
        T* bias_bar = f.arity() == 3 ? f.bar(2) : nullptr;
        // the packed transpose scales on the way in: then z̄ is wanted for the weights alone
        const bool scales = w && !w->transposed_convolution.empty() && w->transposed_convolution.scales();
        auto z_bar = y_bar;
        if (!slope.empty() && (f.bar(1) || bias_bar || (f.bar(0) && !scales))) {
            kernels::mul<T>(y_bar, slope, view(f.scratch(), f.count()));
            z_bar = view(static_cast<const T*>(f.scratch()), f.count());
        }
        pull_x(f, y_bar, z_bar, slope);
        if (T* bar = f.bar(1)) {
            if (f.assign(1)) zero(bar, f.x_size(1));
            if (w) kernels::convolution_weights_accumulate<T>(w->convolution, f.rows(), z_bar, view(f.x(0), f.x_count(0)), view(bar, f.x_size(1)));
            else kernels::reference::convolve_weights(shape(f), f.rows(), z_bar.data(), f.x(0), bar);
        }
        if (bias_bar) {
            if (f.assign(2)) zero(bias_bar, f.x_size(2));
            kernels::plane_sums_accumulate<T>(f.rows(), z_bar, view(bias_bar, f.x_size(2)));
        }
    }

    /// x̄ (+)= Wᵀ ∗ z̄ where x̄ is wanted; z̄ is there, or ȳ and the slope are.
    template <class T>
    static void pull_x(const Frame<T>& f, std::span<const T> y_bar, std::span<const T> z_bar, std::span<const T> slope) {
        T* bar = f.bar(0);
        if (!bar) return;
        const auto* w = packs(f);
        if (!w) return kernels::reference::convolve_back(shape(f), f.rows(), z_bar.data(), f.x(1), bar, !f.assign(0));
        const bool made = z_bar.data() != y_bar.data();
        kernels::convolution_pullback<T>(w->transposed_convolution, f.rows(), z_bar, made ? std::span<const T>{} : slope, view(bar, f.x_count(0)), !f.assign(0));
    }

    /// ẏ = act'(z) ⊙ (W ∗ ẋ + Ẇ ∗ x + ḃ)
    template <class T>
    static void jvp(const Frame<T>& f) {
        const T* bias_dot = f.arity() == 3 ? f.dot(2) : nullptr;
        T* z_dot = f.saved() ? f.scratch() : f.y_dot();
        const auto s = shape(f);
        const std::size_t plane = s.out_plane();
        for (std::size_t i = 0; i < f.count(); ++i) z_dot[i] = bias_dot ? bias_dot[i / plane % s.outputs] : T(0);
        if (const T* dot = f.dot(0)) {
            if (const auto* w = packs(f))
                kernels::convolution<T>(w->convolution, {}, kernels::Function::identity, f.rows(), view(dot, f.x_count(0)), view(z_dot, f.count()), {}, true);
            else kernels::reference::convolve<T>(s, f.rows(), dot, f.x(1), nullptr, z_dot, true);
        }
        if (const T* dot = f.dot(1)) kernels::reference::convolve<T>(s, f.rows(), f.x(0), dot, nullptr, z_dot, true);
        if (const T* slope = f.saved())
            kernels::mul<T>(view(static_cast<const T*>(z_dot), f.count()), view(slope, f.count()), view(f.y_dot(), f.count()));
    }
};

}  // namespace costate::autodiff::ops
