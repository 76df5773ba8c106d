// a ∘ b with numpy's broadcasting: axes agree from the last on, or one of them is 1 or missing
#pragma once

#include "autodiff/choice_functions.hpp"
#include "autodiff/rearrange_functions.hpp"
#include "nn/layers/tensors.hpp"

#include <algorithm>
#include <array>

namespace costate::nn::layers {

/// Throws LayerError where shapes do not go together.
inline std::vector<std::size_t> broadcast_shape(const std::vector<std::size_t>& a, const std::vector<std::size_t>& b) {
    std::vector<std::size_t> result(std::max(a.size(), b.size()));
    for (std::size_t i = 1; i <= result.size(); ++i) {
        const std::size_t n = i <= a.size() ? a[a.size() - i] : 1, m = i <= b.size() ? b[b.size() - i] : 1;
        if (n != m && n != 1 && m != 1)
            throw LayerError("has inputs of the shapes " + shape_text(a) + " and " + shape_text(b) +
                             "; they have to agree, axis by axis from the last on, or be 1");
        result[result.size() - i] = n == 1 ? m : n;
    }
    return result;
}

/// x in another shape; one number stays one, ops repeat it.
template <class T>
autodiff::Var<T> repeated(const autodiff::Var<T>& x, const std::vector<std::size_t>& from, const std::vector<std::size_t>& to) {
    return x.size() == 1 || x.size() == values_of(to) ? x : autodiff::broadcast_to(x, from, to);
}

/// What these share: two inputs.
struct Elementwise {
    static constexpr std::size_t least_inputs = 2, most_inputs = 2;
    static constexpr std::array<TensorRole, 0> roles{};
    static constexpr std::array<std::string_view, 0> options{};
    static std::vector<std::size_t> shape(const Layer& layer) { return broadcast_shape(layer.in_shapes[0], layer.in_shapes[1]); }

protected:
    template <class T>
    static autodiff::Var<T> operand(std::span<const autodiff::Var<T>> in, const Layer& layer, std::size_t i) {
        return repeated(in[i], layer.in_shapes[i], layer.out_shape);
    }
};

struct Add : Elementwise {
    static constexpr std::string_view name = "add", meaning = "a + b";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const autodiff::Var<T> a = operand(in, layer, 0), b = operand(in, layer, 1);
        return a + b;
    }
};

struct Subtract : Elementwise {
    static constexpr std::string_view name = "sub", meaning = "a - b";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const autodiff::Var<T> a = operand(in, layer, 0), b = operand(in, layer, 1);
        return a - b;
    }
};

struct Mul : Elementwise {
    static constexpr std::string_view name = "mul", meaning = "a b, element by element";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const autodiff::Var<T> a = operand(in, layer, 0), b = operand(in, layer, 1);
        return a * b;
    }
};

struct Divide : Elementwise {
    static constexpr std::string_view name = "div", meaning = "a/b";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const autodiff::Var<T> a = operand(in, layer, 0), b = operand(in, layer, 1);
        return a / b;
    }
};

struct Maximum : Elementwise {
    static constexpr std::string_view name = "maximum", meaning = "max(a, b)";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const autodiff::Var<T> a = operand(in, layer, 0), b = operand(in, layer, 1);
        return autodiff::maximum(a, b);
    }
};

struct Minimum : Elementwise {
    static constexpr std::string_view name = "minimum", meaning = "min(a, b)";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const autodiff::Var<T> a = operand(in, layer, 0), b = operand(in, layer, 1);
        return autodiff::minimum(a, b);
    }
};

struct Pow : Elementwise {
    static constexpr std::string_view name = "pow", meaning = "a to the b, a > 0";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const autodiff::Var<T> a = operand(in, layer, 0), b = operand(in, layer, 1);
        return exp(b * log(a));
    }
};

struct Less : Elementwise {
    static constexpr std::string_view name = "less", meaning = "1 where a < b, else 0";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const autodiff::Var<T> a = operand(in, layer, 0), b = operand(in, layer, 1);
        return autodiff::less(a, b);
    }
};

struct LessEqual : Elementwise {
    static constexpr std::string_view name = "less_equal", meaning = "1 where a ≤ b, else 0";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const autodiff::Var<T> a = operand(in, layer, 0), b = operand(in, layer, 1);
        return autodiff::less_equal(a, b);
    }
};

struct Equal : Elementwise {
    static constexpr std::string_view name = "equal", meaning = "1 where a = b, else 0";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const autodiff::Var<T> a = operand(in, layer, 0), b = operand(in, layer, 1);
        return autodiff::equal(a, b);
    }
};

struct Where {
    static constexpr std::string_view name = "where", meaning = "a where c is not 0, else b, of c, a, b";
    static constexpr std::size_t least_inputs = 3, most_inputs = 3;
    static constexpr std::array<TensorRole, 0> roles{};
    static constexpr std::array<std::string_view, 0> options{};
    static std::vector<std::size_t> shape(const Layer& layer) {
        return broadcast_shape(layer.in_shapes[0], broadcast_shape(layer.in_shapes[1], layer.in_shapes[2]));
    }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const auto operand = [&](std::size_t i) { return repeated(in[i], layer.in_shapes[i], layer.out_shape); };
        return autodiff::where(operand(0), operand(1), operand(2));
    }
};

/// Numbers of the file as a value.
struct ConstantLayer {
    static constexpr std::string_view name = "constant", meaning = "the tensor `value`, without a gradient";
    static constexpr std::size_t least_inputs = 0, most_inputs = 0;
    static constexpr std::array<TensorRole, 1> roles{{{"value", TensorUse::constant, true}}};
    static constexpr std::array<std::string_view, 0> options{};
    static std::vector<std::size_t> shape(const Layer& layer) { return layer.tensor_shapes.at("value"); }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>>, const Tensors<T>& tensors, const Layer&) {
        return tensors.at("value");
    }
};

struct ParameterLayer : ConstantLayer {
    static constexpr std::string_view name = "parameter", meaning = "the tensor `value`, a weight";
    static constexpr std::array<TensorRole, 1> roles{{{"value", TensorUse::parameter, true}}};
};

}  // namespace costate::nn::layers
