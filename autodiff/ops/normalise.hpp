#pragma once

#include "autodiff/ops/op.hpp"
#include "kernels/normalisation.hpp"

namespace costate::autodiff::ops {

/// y = act(x̂ w + b), x̂ = (x - mean)/√(variance + ε) over groups of channels; operands x, and w, b (shared, one a channel) or neither. The words
/// are a kernels::NormalisationShape, ε is a coefficient; freeze fuses act. Keeps x̂, act'(z) and 1/√(variance + ε).
struct Normalise : Op {
    static constexpr std::string_view name = "normalise";
    static constexpr bool fuses = true;
    template <class T>
    static constexpr bool supported = TranscendentalScalar<T>;
    template <class T>
    static constexpr void require() {
        require_transcendental<T>();
    }
    static bool reads(const Node&, std::size_t input, std::uint64_t wanted) { return input == 1 && (wanted & 1) != 0; }
    static std::size_t coefficients(const Node&) { return 1; }

    /// saved: x̂, then the slope, then the inverses; scratch: z̄ or w z̄ of one group, or of the tangent all of x̂'s.
    static Space space(const Node& node, const Topology& graph, Mode mode, const Called&) {
        const auto s = detail::from_words<kernels::NormalisationShape>(graph.words.data() + node.words);
        const std::size_t slope = activation(node.extra) == kernels::Function::identity ? 0 : node.size;
        return {.saved = mode == Mode::inference ? 0 : node.size + slope + s.groups,
                .scratch = mode == Mode::tangent ? node.size : 0,
                .scratch_shared = mode == Mode::reverse && (slope != 0 || s.pixels == 1) ? s.group_size() : 0};
    }
    static double flops(const Node& node, const Topology&, const Called&) { return 8.0 * node.size; }

    template <class T>
    static kernels::NormalisationShape shape(const Frame<T>& f) {
        return detail::from_words<kernels::NormalisationShape>(f.words());
    }
    template <class T>
    static kernels::NormalisationRecord<T> record(const Frame<T>& f) {
        T* saved = f.saved();
        if (!saved) return {};
        const bool has_slope = activation(f.extra()) != kernels::Function::identity;
        return {saved, has_slope ? saved + f.count() : nullptr, saved + (has_slope ? 2 : 1) * f.count()};
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        const bool affine = f.arity() == 3;
        kernels::normalise<T>(shape(f), f.rows(), f.x(0), affine ? f.x(1) : nullptr, affine ? f.x(2) : nullptr, *f.coefficients(), activation(f.extra()), f.y(),
                              record(f));
    }
    /// x̄ += (w z̄ - mean(w z̄) - x̂ mean(w z̄ x̂))/√(variance + ε),  w̄ += Σ z̄ x̂,  b̄ += Σ z̄,  z̄ = ȳ ⊙ act'(z)
    template <class T>
    static void vjp(const Frame<T>& f) {
        const bool affine = f.arity() == 3;
        kernels::NormalisationAdjoints<T> bar{f.bar(0), !f.assign(0), affine ? f.bar(1) : nullptr, affine ? f.bar(2) : nullptr};
        if (bar.weight && f.assign(1)) zero(bar.weight, f.x_size(1));
        if (bar.bias && f.assign(2)) zero(bar.bias, f.x_size(2));
        kernels::normalise_pullback<T>(shape(f), f.rows(), f.y_bar(), affine ? f.x(1) : nullptr, record(f), f.scratch_shared(), bar);
    }
    /// ẏ = act'(z) ⊙ (x̂̇ w + x̂ ẇ + ḃ)
    template <class T>
    static void jvp(const Frame<T>& f) {
        const auto s = shape(f);
        const auto kept = record(f);
        T* y_dot = f.y_dot();
        T* h_dot = f.scratch();
        if (f.dot(0)) kernels::normalise_tangent<T>(s, f.rows(), f.dot(0), kept, h_dot);
        else zero(h_dot, f.count());
        const bool affine = f.arity() == 3;
        for (std::size_t i = 0; i < f.count(); ++i) {
            const std::size_t c = i / s.pixels % s.weights();
            T z = affine ? T(f.x(1)[c] * h_dot[i]) : h_dot[i];
            if (affine && f.dot(1)) z += f.dot(1)[c] * kept.normalised[i];
            if (affine && f.dot(2)) z += f.dot(2)[c];
            y_dot[i] = kept.slope ? T(kept.slope[i] * z) : z;
        }
    }
};

}  // namespace costate::autodiff::ops
