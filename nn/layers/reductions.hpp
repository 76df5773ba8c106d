// Sums, means, products and the largest over axes
#pragma once

#include "autodiff/window_functions.hpp"
#include "nn/layers/axes.hpp"

#include <algorithm>
#include <array>

namespace costate::nn::layers {

/// What sums and the like share: the named axes are gone from the result.
struct Reduction : OfAxes {
    static constexpr std::array<ListRole, 1> lists{{{"axes", true, 0, 15}}};
    static std::vector<std::size_t> shape(const Layer& layer) {
        const auto axes = layer.counts("axes");
        std::vector<std::size_t> result, sorted = axes;
        const auto& in = layer.in_shapes[0];
        std::sort(sorted.begin(), sorted.end());
        if (sorted.empty() || sorted.back() >= in.size() || std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
            throw LayerError("has \"axes\" that are not those of an input of the shape " + shape_text(in) + "; name at least one, each once, from 0");
        for (std::size_t a = 0; a < in.size(); ++a)
            if (std::find(axes.begin(), axes.end(), a) == axes.end()) result.push_back(in[a]);
        return result;
    }
    static double work(const Layer& layer) {
        return static_cast<double>(values_of(layer.in_shapes[0])) / static_cast<double>(std::max<std::size_t>(values_of(shape(layer)), 1));
    }
};

struct SumOver : Reduction {
    static constexpr std::string_view name = "sum", meaning = "sums over `axes`";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        return autodiff::sum_over(in[0], layer.in_shapes[0], layer.counts("axes"));
    }
};

struct MeanOver : Reduction {
    static constexpr std::string_view name = "mean", meaning = "means over `axes`";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        return autodiff::mean_over(in[0], layer.in_shapes[0], layer.counts("axes"));
    }
};

struct MaxOver : Reduction {
    static constexpr std::string_view name = "max", meaning = "the largest over `axes`";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        return autodiff::max_over(in[0], layer.in_shapes[0], layer.counts("axes"));
    }
};

struct MinOver : Reduction {
    static constexpr std::string_view name = "min", meaning = "the smallest over `axes`";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        return autodiff::min_over(in[0], layer.in_shapes[0], layer.counts("axes"));
    }
};

struct ProdOver : Reduction {
    static constexpr std::string_view name = "prod", meaning = "products over `axes`";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        return autodiff::prod_over(in[0], layer.in_shapes[0], layer.counts("axes"));
    }
};

}  // namespace costate::nn::layers
