// The largest or the mean of windows, and images at other sizes
#pragma once

#include "nn/layers/convolution.hpp"

#include <algorithm>
#include <array>

namespace costate::nn::layers {

/// What both share; without a stride windows lie side by side.
struct Pooling : OfWindows {
    static constexpr std::array<TensorRole, 0> roles{};
    static constexpr NumberRole kernel_number{"kernel", false, 0, 1, largest_number, true}, ceil_number{"ceil", false, 0, 0, 1, true},
        no_stride{"stride", false, 0, 1, largest_number, true};
    static constexpr std::array<ListRole, 4> lists{{stride_list, padding_list, dilation_list, {"kernel", false, 1, 1 << 24}}};

    static std::vector<std::size_t> shape(const Layer& layer) {
        const autodiff::Image x = image(layer.in_shapes[0]);
        if (!layer.lists.contains("kernel") && layer.count("kernel") == 0) throw LayerError("has no number \"kernel\"; give it");
        const autodiff::PoolWindow w = window(layer);
        for (const auto& [reach, padded] : {std::pair(w.dilation_y * (w.kernel_height - 1) + 1, x.height + w.top + w.bottom),
                                            std::pair(w.dilation_x * (w.kernel_width - 1) + 1, x.width + w.left + w.right)})
            if (reach > padded)
                throw LayerError("has squares of " + std::to_string(w.kernel_height) + " x " + std::to_string(w.kernel_width) +
                                 " for an input of the shape " + shape_text(layer.in_shapes[0]) + "; they have to fit it");
        // a window has to see a pixel, and there is a limit to what all of them look at
        if (std::max(w.top, w.bottom) > w.dilation_y * (w.kernel_height - 1) || std::max(w.left, w.right) > w.dilation_x * (w.kernel_width - 1))
            throw LayerError("has windows that see padding alone; pad by less than the kernel");
        std::vector<std::size_t> result{x.channels, w.out_height(x.height), w.out_width(x.width)};
        if (values_of(result) > (std::size_t{1} << 28) / std::max<std::size_t>(w.kernel_height * w.kernel_width, 1))
            throw LayerError("looks at more than 2^28 pixels in all; use smaller windows");
        return result;
    }
    static double work(const Layer& layer) { return static_cast<double>(window(layer).kernel_height * window(layer).kernel_width); }

protected:
    static autodiff::PoolWindow window(const Layer& layer) {
        const auto kernel = sizes(layer, "kernel", 2), padding = sizes(layer, "padding", 4), dilation = sizes(layer, "dilation", 2);
        auto stride = sizes(layer, "stride", 2);
        for (std::size_t a = 0; a < 2; ++a) stride[a] = stride[a] == 0 ? kernel[a] : stride[a];
        return {
            kernel[0], kernel[1], stride[0], stride[1], padding[0], padding[1], padding[2], padding[3], dilation[0], dilation[1], layer.count("ceil") != 0};
    }
};

struct MaxPool2d : Pooling {
    static constexpr std::string_view name = "max_pool2d", meaning = "the largest of windows of `kernel`; padding is never the largest";
    static constexpr std::array<NumberRole, 5> numbers{{kernel_number, no_stride, padding_number, dilation_number, ceil_number}};
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        return autodiff::max_pool2d(in[0], image(layer.in_shapes[0]), window(layer));
    }
};

struct AvgPool2d : Pooling {
    static constexpr std::string_view name = "avg_pool2d", meaning = "means of windows of `kernel`; padding counts where `count_padding` is 1";
    static constexpr std::array<NumberRole, 6> numbers{
        {kernel_number, no_stride, padding_number, dilation_number, ceil_number, {"count_padding", false, 1, 0, 1, true}}};
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const autodiff::PoolWindow w = window(layer);
        const bool squares = w.kernel_height == w.kernel_width && w.stride_y == w.kernel_height && w.stride_x == w.kernel_width && !w.ceil_mode;
        const bool bare = w.top + w.left + w.bottom + w.right == 0 && w.dilation_y == 1 && w.dilation_x == 1;
        if (squares && bare) return autodiff::avg_pool2d(in[0], image(layer.in_shapes[0]), w.kernel_height);
        return autodiff::avg_pool2d(in[0], image(layer.in_shapes[0]), w, layer.count("count_padding") != 0);
    }
};

/// Pixels between pixels; what coordinates and rounding mean is said in autodiff/window.hpp.
struct ResizeLayer {
    static constexpr std::string_view name = "resize",
                                      meaning = "channels x `height` x `width`, by `mode` linear or nearest, with `coordinates` and `rounding`";
    static constexpr std::size_t least_inputs = 1, most_inputs = 1;
    static constexpr std::array<TensorRole, 0> roles{};
    static constexpr std::array<std::string_view, 3> options{"mode", "coordinates", "rounding"};
    static constexpr std::array<NumberRole, 4> numbers{{{"height", true, 1, 1, largest_number, true},
                                                        {"width", true, 1, 1, largest_number, true},
                                                        {"scale_y", false, 0, 0, largest_number, false},
                                                        {"scale_x", false, 0, 0, largest_number, false}}};
    static std::vector<std::size_t> shape(const Layer& layer) {
        std::vector<std::size_t> result{image(layer.in_shapes[0]).channels, layer.count("height"), layer.count("width")};
        if (target(layer).linear && result[1] * result[2] > largest_table)
            throw LayerError("makes more than 2^22 pixels between pixels, each with a list of its four neighbours; resize to fewer");
        return result;
    }
    static double work(const Layer&) { return 8; }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        return autodiff::resize(in[0], image(layer.in_shapes[0]), target(layer));
    }

private:
    static constexpr std::size_t largest_table = std::size_t{1} << 22;

    template <class E, std::size_t n>
    static E choice(const Layer& layer, const char* key, const std::array<std::pair<std::string_view, E>, n>& choices) {
        const auto given = layer.texts.find(key);
        if (given == layer.texts.end()) return choices[0].second;
        std::string known;
        for (const auto& [text, value] : choices) {
            if (text == given->second) return value;
            known += (known.empty() ? "" : ", ") + std::string(text);
        }
        throw LayerError("has a text \"" + std::string(key) + "\" that is none of " + known + "; choose one of them");
    }

    static autodiff::Resize target(const Layer& layer) {
        using enum autodiff::Coordinates;
        using enum autodiff::Nearest;
        static constexpr std::array<std::pair<std::string_view, bool>, 2> modes{{{"nearest", false}, {"linear", true}}};
        static constexpr std::array<std::pair<std::string_view, autodiff::Coordinates>, 4> places{
            {{"half_pixel", half_pixel}, {"asymmetric", asymmetric}, {"align_corners", align_corners}, {"pytorch_half_pixel", pytorch_half_pixel}}};
        static constexpr std::array<std::pair<std::string_view, autodiff::Nearest>, 4> roundings{
            {{"round_prefer_floor", round_down}, {"round_prefer_ceil", round_up}, {"floor", floor}, {"ceil", ceil}}};
        autodiff::Resize to{.height = layer.count("height"),
                            .width = layer.count("width"),
                            .linear = choice(layer, "mode", modes),
                            .coordinates = choice(layer, "coordinates", places),
                            .nearest = choice(layer, "rounding", roundings)};
        if (const double s = layer.numbers.at("scale_y"); s > 0) to.scale_y = s;
        if (const double s = layer.numbers.at("scale_x"); s > 0) to.scale_x = s;
        return to;
    }
};

}  // namespace costate::nn::layers
