#pragma once

#include "autodiff/ops/op.hpp"
#include "kernels/softmax.hpp"

namespace costate::autodiff::ops {

/// y = exp(x)/Σ exp(x) or its logarithm along one axis; the words are a kernels::SoftmaxShape. The reverse sweep reads y alone.
struct Softmax : Op {
    static constexpr std::string_view name = "softmax";
    static constexpr bool traces = false;
    template <class T>
    static constexpr bool supported = TranscendentalScalar<T>;
    template <class T>
    static constexpr void require() {
        require_transcendental<T>();
    }
    static bool reads_result(std::uint64_t) { return true; }
    static Space space(const Node& node, const Topology& graph, Mode, const Called&) {
        return {.scratch_shared = detail::from_words<kernels::SoftmaxShape>(graph.words.data() + node.words).scratch()};
    }
    static double flops(const Node& node, const Topology&, const Called&) { return 5.0 * node.size; }

    template <class T>
    static kernels::SoftmaxShape shape(const Frame<T>& f) {
        return detail::from_words<kernels::SoftmaxShape>(f.words());
    }
    template <class T>
    static void forward(const Frame<T>& f) {
        kernels::softmax<T>(shape(f), f.rows(), f.x(0), f.y(), f.scratch_shared());
    }
    /// x̄ += y ⊙ (ȳ - Σ ȳ y);  of the logarithm: x̄ += ȳ - exp(y) Σ ȳ
    template <class T>
    static void vjp(const Frame<T>& f) {
        if (T* bar = f.bar(0)) kernels::softmax_product<T>(shape(f), f.rows(), f.y(), f.y_bar(), bar, !f.assign(0), false, f.scratch_shared());
    }
    /// ẏ = y ⊙ (ẋ - Σ ẋ y);  of the logarithm: ẏ = ẋ - Σ exp(y) ẋ
    template <class T>
    static void jvp(const Frame<T>& f) {
        if (const T* dot = f.dot(0)) kernels::softmax_product<T>(shape(f), f.rows(), f.y(), dot, f.y_dot(), false, true, f.scratch_shared());
        else zero(f.y_dot(), f.count());
    }
};

}  // namespace costate::autodiff::ops
