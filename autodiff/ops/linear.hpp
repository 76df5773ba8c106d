#pragma once

#include "autodiff/ops/op.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/linear.hpp"

namespace costate::autodiff::ops {

/// How an instruction names a packed weight: 0 none, else 1 + 2·position + (1 where it is a parameter's).
constexpr std::uint64_t encode_pack(std::size_t position, bool parameter) { return 1 + 2 * position + (parameter ? 1 : 0); }
template <class T>
const detail::Packs<T>* packs(const Frame<T>& f) {
    if (f.number() == 0) return nullptr;
    const std::size_t position = (f.number() - 1) / 2;
    return ((f.number() - 1) % 2 ? f.resources.parameter_packs : f.resources.constant_packs) + position;
}

/// y = act(x Wᵀ + b), operands x, W (shared, out × in), b (shared, optional); freeze fuses act and packs W where it is a leaf.
/// Keeps act'(z) alone: the reverse sweep never needs z.
struct Linear : Op {
    static constexpr std::string_view name = "linear";
    static constexpr bool fuses = true;
    /// x̄ reads W unless W is packed; W̄ reads x.
    static bool reads(const Node& node, std::size_t input, std::uint64_t wanted) {
        return input == 0 ? (wanted & 2) != 0 : input == 1 && (wanted & 1) != 0 && node.number == 0;
    }
    static Space space(const Node& node, const Topology&, Mode mode, const Called&) {
        const std::size_t n = activation(node.extra) == kernels::Function::identity ? 0 : node.size;
        return {.saved = mode == Mode::inference ? 0 : n, .scratch = mode == Mode::reverse || mode == Mode::tangent ? n : 0};
    }
    static double flops(const Node& node, const Topology& graph, const Called&) {
        return 2.0 * graph.nodes[graph.arguments_of(node)[1]].size + node.size;
    }

    /// y (+)= act(x Wᵀ + b) with W in plain rows, k ascending from the bias.
    template <class T>
    static void rows(const Frame<T>& f, const T* x, const T* weight, const T* bias, T* y, T* slope, kernels::Function act,
                     bool accumulate) {
        const std::size_t in = f.x_size(0);
        T* z = y;
        for (std::size_t b = 0; b < f.rows(); ++b, x += in) {
            const T* w = weight;
            for (std::size_t o = 0; o < f.size(); ++o, w += in, ++z) {
                T sum = bias ? bias[o] : T(0);
                if (accumulate) sum = *z + sum;
                for (std::size_t k = 0; k < in; ++k) sum = sum + x[k] * w[k];
                *z = sum;
            }
        }
        if (act == kernels::Function::identity) return;
        const auto all = view(static_cast<const T*>(y), f.count());
        if (slope) kernels::apply_with_slope<T>(act, all, view(y, f.count()), view(slope, f.count()));
        else kernels::apply<T>(act, all, view(y, f.count()));
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        const auto act = activation(f.extra());
        const T* bias = f.arity() == 3 ? f.x(2) : nullptr;
        if (const auto* w = packs(f)) {
            T* slope = f.saved();
            kernels::linear<T>(w->forward, view(bias, bias ? f.size() : 0), act, f.rows(), view(f.x(0), f.x_count(0)),
                               view(f.y(), f.count()), view(slope, slope ? f.count() : 0));
        } else {
            rows(f, f.x(0), f.x(1), bias, f.y(), f.saved(), act, false);
        }
    }

    /// z̄ = ȳ ⊙ act'(z),  x̄ += z̄ W,  W̄ += z̄ᵀ x,  b̄ += Σ_batch z̄
    template <class T>
    static void vjp(const Frame<T>& f) {
        const auto y_bar = view(f.y_bar(), f.count());
        const T* slope = f.saved();
        T* z = slope ? f.scratch() : nullptr;
        const auto z_bar = slope ? view(static_cast<const T*>(z), f.count()) : y_bar;
        pull_x(f, y_bar, z);
        if (T* bar = f.bar(1)) {
            if (f.assign(1)) zero(bar, f.x_size(1));
            kernels::outer_accumulate<T>(f.rows(), z_bar, view(f.x(0), f.x_count(0)), view(bar, f.x_size(1)));
        }
        if (T* bar = f.arity() == 3 ? f.bar(2) : nullptr) {
            if (f.assign(2)) zero(bar, f.size());
            kernels::column_sums_accumulate<T>(f.rows(), z_bar, view(bar, f.size()));
        }
    }

    /// z̄ into z where there is an activation, and x̄ (+)= z̄ W where x̄ is wanted.
    template <class T>
    static void pull_x(const Frame<T>& f, std::span<const T> y_bar, T* z) {
        T* bar = f.bar(0);
        const auto slope = view(static_cast<const T*>(f.saved()), z ? f.count() : 0);
        const auto* w = packs(f);
        if (bar && w) {
            const bool keeps_z = z && (f.bar(1) || (f.arity() == 3 && f.bar(2)));
            kernels::linear_pullback<T>(w->transposed, f.rows(), y_bar, slope, view(z, keeps_z ? f.count() : 0),
                                        view(bar, f.x_count(0)), !f.assign(0));
            return;
        }
        if (z) kernels::mul<T>(y_bar, slope, view(z, f.count()));
        if (!bar) return;
        if (f.assign(0)) zero(bar, f.x_count(0));
        const T* z_bar = z ? z : y_bar.data();
        const std::size_t in = f.x_size(0);
        for (std::size_t b = 0; b < f.rows(); ++b, bar += in)
            for (std::size_t o = 0; o < f.size(); ++o, ++z_bar)
                kernels::axpy<T>(*z_bar, view(f.x(1) + o * in, in), view(bar, in));
    }

    /// ẏ = act'(z) ⊙ (ẋ Wᵀ + x Ẇᵀ + ḃ)
    template <class T>
    static void jvp(const Frame<T>& f) {
        const T* bias_dot = f.arity() == 3 ? f.dot(2) : nullptr;
        T* y_dot = f.y_dot();
        T* z_dot = f.saved() ? f.scratch() : y_dot;
        for (std::size_t b = 0; b < f.rows(); ++b)
            for (std::size_t o = 0; o < f.size(); ++o) z_dot[b * f.size() + o] = bias_dot ? bias_dot[o] : T(0);
        if (const T* dot = f.dot(0)) {
            if (const auto* w = packs(f))
                kernels::linear<T>(w->forward, {}, kernels::Function::identity, f.rows(), view(dot, f.x_count(0)),
                                   view(z_dot, f.count()), {}, true);
            else rows<T>(f, dot, f.x(1), nullptr, z_dot, nullptr, kernels::Function::identity, true);
        }
        if (const T* dot = f.dot(1)) rows<T>(f, f.x(0), dot, nullptr, z_dot, nullptr, kernels::Function::identity, true);
        if (const T* slope = f.saved())
            kernels::mul<T>(view(static_cast<const T*>(z_dot), f.count()), view(slope, f.count()), view(y_dot, f.count()));
    }
};

}  // namespace costate::autodiff::ops
