#include "nn/onnx/fold.hpp"
#include "nn/onnx/operators.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace costate::nn::onnx {

namespace {

using Integers = std::vector<std::int64_t>;

/// What moves over an item of channels × height × width; an item of channels × length is one of height 1.
struct Window {
    std::size_t axes;                            ///< 1 or 2
    Integers kernel, stride, padding, dilation;  ///< down and across; padding is top, left, bottom, right
};

Shape image(const Value& v) { return v.rank() == 3 ? Shape{v.dims[1], 1, v.dims[2]} : Shape{v.dims[1], v.dims[2], v.dims[3]}; }

void check_item(const Value& x) {
    if (x.rank() != 3 && x.rank() != 4)
        throw GraphError("works on a value of the shape " + text_of(x.dims) +
                         "; this version does batch x channels x length and batch x channels x height x width");
}

Integers both(const Translation& t, const char* key, std::size_t axes, std::int64_t otherwise) {
    Integers values = t.node.integers(key).value_or(Integers(axes, otherwise));
    if (values.size() != axes || std::ranges::any_of(values, [](std::int64_t v) { return v < 1 || v > 1 << 24; }))
        throw GraphError("has " + in_quotes(key) + " that are not one positive number for each axis; export the network again");
    if (axes == 1) values.insert(values.begin(), 1);
    return values;
}

/// Padding such that there are ⌈n/stride⌉ windows.
void same_padding(Window& window, const Shape& sizes, bool upper) {
    for (std::size_t a = 0; a < 2; ++a) {
        const auto n = static_cast<std::int64_t>(sizes[a + 1]);
        const std::int64_t all = std::max<std::int64_t>(
            ((n + window.stride[a] - 1) / window.stride[a] - 1) * window.stride[a] + (window.kernel[a] - 1) * window.dilation[a] + 1 - n, 0);
        const std::int64_t less = all / 2;
        window.padding[a] = upper ? less : all - less;
        window.padding[a + 2] = upper ? all - less : less;
    }
}

Window window_of(const Translation& t, const Value& x, std::optional<Integers> kernel) {
    check_item(x);
    Window window{x.rank() - 2, {}, {}, Integers(4, 0), {}};
    window.kernel = kernel && !t.node.has("kernel_shape") ? *kernel : both(t, "kernel_shape", window.axes, 1);
    window.stride = both(t, "strides", window.axes, 1);
    window.dilation = both(t, "dilations", window.axes, 1);
    const std::string automatic = t.node.text("auto_pad", "NOTSET");
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
        same_padding(window, image(x), automatic == "SAME_UPPER");
    } else if (const auto pads = t.node.integers("pads"); pads && automatic != "VALID") {
        if (pads->size() != 2 * window.axes || std::ranges::any_of(*pads, [](std::int64_t v) { return v < 0 || v > 1 << 24; }))
            throw GraphError("has \"pads\" that are not two numbers for each axis; export the network again");
        if (window.axes == 1) window.padding = {0, (*pads)[0], 0, (*pads)[1]};
        else window.padding = *pads;
    }
    return window;
}

Lists lists(const Window& window, bool kernel) {
    Lists result{{"stride", window.stride}, {"padding", window.padding}, {"dilation", window.dilation}};
    if (kernel) result["kernel"] = window.kernel;
    return result;
}

/// A layer on the image of one item; its result's dims follow from the layer's own.
Value on_image(Translation& t, const Value& v, const char* op, Numbers numbers, Lists with, Texts texts) {
    Layer layer{op, {t.read(v, image(v))}, {}, std::move(texts), std::move(numbers), std::move(with)};
    Value result = v;
    result.layer = t.emitter.write(std::move(layer));
    const Shape& s = t.emitter.shape(result.layer);
    result.dims = v.rank() == 3 ? Shape{1, s[0], s[2]} : Shape{1, s[0], s[1], s[2]};
    return result;
}

/// The kernel as channels × channels × height × width.
Shape kernel_shape(const Tensor& weight, std::size_t axes) {
    if (weight.shape.size() != axes + 2)
        throw GraphError("has a weight of the shape " + text_of(weight.shape) + " for images of " + std::to_string(axes) + " axes; export the network again");
    Shape shape = weight.shape;
    if (axes == 1) shape.insert(shape.begin() + 2, 1);
    return shape;
}

Texts weights(Translation& t, std::size_t axes, std::size_t outputs) {
    const Tensor& weight = t.constant(1, "weights");
    Texts texts{{"weight", t.weight(weight, kernel_shape(weight, axes), "weight")}};
    if (t.has(2)) texts["bias"] = t.weight(t.constant(2, "a bias"), {outputs}, "bias");
    return texts;
}

double group_count(const Translation& t) { return static_cast<double>(t.node.integer("group", 1)); }

void conv(Translation& t) {
    const Tensor& weight = t.constant(1, "weights");
    const auto item = [&](const Value& v) {
        check_item(v);
        const Shape kernel = kernel_shape(weight, v.rank() - 2);
        const Window window = window_of(t, v, Integers{static_cast<std::int64_t>(kernel[2]), static_cast<std::int64_t>(kernel[3])});
        if (window.kernel != Integers{static_cast<std::int64_t>(kernel[2]), static_cast<std::int64_t>(kernel[3])})
            throw GraphError("has a kernel_shape that is not its weight's; export the network again");
        return on_image(t, v, "conv2d", {{"groups", group_count(t)}}, lists(window, false), weights(t, window.axes, kernel[0]));
    };
    t.result(t.each(t.in(0), item));
}

/// Padding that gives a wanted output_shape, the odd one where auto_pad says; more output than the windows give is output_padding.
void fit_output(const Translation& t, Window& window, const Shape& sizes, Integers& more) {
    const auto wanted = t.node.integers("output_shape");
    const std::string automatic = t.node.text("auto_pad", "NOTSET");
    const bool same = automatic.starts_with("SAME");
    if (!wanted && !same) return;
    for (std::size_t a = 0; a < 2; ++a) {
        if (window.axes == 1 && a == 0) continue;
        const auto n = static_cast<std::int64_t>(sizes[a + 1]);
        const std::int64_t goal = wanted ? wanted->at(wanted->size() - 2 + a) : n * window.stride[a];
        const std::int64_t all = window.stride[a] * (n - 1) + more[a] + (window.kernel[a] - 1) * window.dilation[a] + 1 - goal;
        const std::int64_t half = std::max<std::int64_t>(all, 0) / 2, rest = std::max<std::int64_t>(all, 0) - half;
        window.padding[a] = automatic == "SAME_UPPER" ? half : rest;
        window.padding[a + 2] = automatic == "SAME_UPPER" ? rest : half;
        if (all < 0) more[a] -= all;
    }
}

void conv_transpose(Translation& t) {
    const Tensor& weight = t.constant(1, "weights");
    const auto item = [&](const Value& v) {
        check_item(v);
        const Shape kernel = kernel_shape(weight, v.rank() - 2);
        Window window = window_of(t, v, Integers{static_cast<std::int64_t>(kernel[2]), static_cast<std::int64_t>(kernel[3])});
        Integers more = t.node.integers("output_padding").value_or(Integers(window.axes, 0));
        if (more.size() != window.axes) throw GraphError("has an \"output_padding\" that is not one number for each axis; export the network again");
        if (window.axes == 1) more.insert(more.begin(), 0);
        if (t.node.text("auto_pad", "NOTSET") != "NOTSET") window.padding.assign(4, 0);
        fit_output(t, window, image(v), more);
        Lists with = lists(window, false);
        with["output_padding"] = more;
        return on_image(t, v, "conv_transpose2d", {{"groups", group_count(t)}}, with,
                        weights(t, window.axes, kernel[1] * static_cast<std::size_t>(t.node.integer("group", 1))));
    };
    t.result(t.each(t.in(0), item));
}

void pool(Translation& t, const char* op) {
    if (t.node.outputs.size() > 1) throw GraphError("gives the places of the largest too; export the network without");
    if (t.node.integer("storage_order", 0) != 0) throw GraphError("stores columns first; export the network without");
    Numbers numbers{{"ceil", static_cast<double>(t.node.integer("ceil_mode", 0))}};
    if (std::string_view(op) == "avg_pool2d") numbers["count_padding"] = static_cast<double>(t.node.integer("count_include_pad", 0));
    t.result(t.each(t.in(0), [&](const Value& v) { return on_image(t, v, op, numbers, lists(window_of(t, v, std::nullopt), true), {}); }));
}

void global(Translation& t, const char* op) {
    if (t.in(0).rank() < 3) throw GraphError("works on a value without positions; export the network again");
    std::vector<std::size_t> axes;
    for (std::size_t a = 2; a < t.in(0).rank(); ++a) axes.push_back(a);
    t.result(t.reduced(op, t.in(0), axes, true));
}

/// New sizes and scales of each axis, from one input or the other.
struct Sizes {
    Shape to;
    std::vector<double> scale;
    bool by_scale = false;
};

Sizes resize_sizes(const Translation& t, std::size_t scales_input, std::size_t sizes_input) {
    const Value& x = t.in(0);
    Sizes result{x.dims, std::vector<double>(x.rank(), 1), false};
    std::vector<std::int64_t> axes;
    for (std::size_t i = 0; i < x.rank(); ++i) axes.push_back(static_cast<std::int64_t>(i));
    if (const auto given = t.node.integers("axes")) axes = *given;
    const bool by_scale = t.has(scales_input) && !t.constant(scales_input, "scales").values.empty();
    if (!by_scale && !t.has(sizes_input)) throw GraphError("has neither scales nor sizes; export the network again");
    const Tensor& given = t.constant(by_scale ? scales_input : sizes_input, "scales or sizes");
    result.by_scale = by_scale;
    if (given.values.size() != axes.size()) throw GraphError("needs a scale or size for each axis; export the network again");
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const std::size_t axis = axis_of(axes[i], x.rank());
        const Size size = size_at(given, i), old = at(x.size(axis), t.fixed_batch);
        if (by_scale ? size == Size{0, 1} : size == old) continue;
        if (x.batch_axis == axis || !size.plain() || !(size.v > 0) || !(size.v < 1 << 24))
            throw GraphError("resizes the batch, or to a size that is none; export the network again");
        result.scale[axis] = by_scale ? size.v : size.v / static_cast<double>(x.dims[axis]);
        result.to[axis] = by_scale ? static_cast<std::size_t>(std::floor(size.v * static_cast<double>(x.dims[axis]))) : static_cast<std::size_t>(size.v);
    }
    return result;
}

std::string coordinates(const Translation& t, const char* otherwise) {
    const std::string mode = t.node.text("coordinate_transformation_mode", otherwise);
    if (mode == "pytorch_half_pixel" || mode == "half_pixel" || mode == "asymmetric" || mode == "align_corners") return mode;
    throw GraphError("has the coordinate_transformation_mode " + in_quotes(mode) +
                     "; this version does half_pixel, pytorch_half_pixel, asymmetric and align_corners");
}

void resized(Translation& t, std::size_t scales_input, std::size_t sizes_input, const char* mode_of_coordinates, const std::string& rounding) {
    const Value& x = t.in(0);
    const std::string mode = t.node.text("mode", "nearest");
    if (mode != "nearest" && mode != "linear") throw GraphError("has the mode " + in_quotes(mode) + "; this version resizes nearest and linear");
    if (t.node.integer("antialias", 0) != 0 || t.node.integer("exclude_outside", 0) != 0 || t.node.text("keep_aspect_ratio_policy", "stretch") != "stretch")
        throw GraphError("resizes with antialias, exclude_outside or a kept aspect ratio, which this version does not do; export the network without");
    check_item(x);
    const Sizes sizes = resize_sizes(t, scales_input, sizes_input);
    const std::string where = coordinates(t, mode_of_coordinates);
    const Shape in = image(x);
    if (sizes.to[0] != x.dims[0] || sizes.to[1] != x.dims[1]) throw GraphError("resizes channels; this version resizes height and width");
    const std::size_t height = x.rank() == 3 ? 1 : sizes.to[2], width = sizes.to.back();
    const double down = x.rank() == 3 ? 1 : sizes.scale[2], across = sizes.scale.back();
    const bool whole = down == across && down == std::floor(down) && in[1] * static_cast<std::size_t>(down) == height && x.rank() == 4;
    const bool repeats =
        mode == "nearest" && whole && ((where == "asymmetric" && rounding == "floor") || (where == "half_pixel" && rounding.starts_with("round")));
    Numbers numbers{{"height", static_cast<double>(height)}, {"width", static_cast<double>(width)}};
    if (sizes.by_scale) numbers["scale_y"] = down, numbers["scale_x"] = across;  // else new/old, exactly
    const auto item = [&](const Value& v) {
        if (repeats) return on_image(t, v, "upsample_nearest", {{"scale", down}}, {}, {});
        return on_image(t, v, "resize", numbers, {}, {{"mode", mode}, {"coordinates", where}, {"rounding", rounding}});
    };
    t.result(t.each(x, item));
}

/// Which old index each place of a padded axis shows.
std::vector<std::int64_t> padded_indices(const std::string& mode, std::int64_t size, std::int64_t before, std::int64_t after) {
    std::vector<std::int64_t> indices;
    for (std::int64_t i = -before; i < size + after; ++i) {
        std::int64_t at = std::clamp<std::int64_t>(i, 0, size - 1);
        if (mode == "reflect" && size > 1) {
            const std::int64_t period = 2 * (size - 1), r = ((i % period) + period) % period;
            at = r < size ? r : period - r;
        }
        if (mode == "wrap") at = ((i % size) + size) % size;
        indices.push_back(at);
    }
    return indices;
}

/// What negative padding leaves of an axis.
Value cut(Translation& t, const Value& x, std::size_t axis, std::int64_t before, std::int64_t after) {
    if (before == 0 && after == 0) return x;
    const std::int64_t kept = static_cast<std::int64_t>(x.dims[axis]) - before - after;
    if (kept < 1) throw GraphError("cuts a whole axis away; export the network again");
    return t.sliced(x, {axis, before, static_cast<std::size_t>(kept), 1});
}

void pad(Translation& t) {
    Value x = t.in(0);
    const auto pads = list_argument(t.node, t.tensors(), 1, "pads");
    std::vector<std::int64_t> axes(x.rank());
    std::iota(axes.begin(), axes.end(), 0);
    if (const auto given = list_argument(t.node, t.tensors(), 3, "axes")) axes = *given;
    if (!pads || pads->size() != 2 * axes.size()) throw GraphError("needs two numbers of padding for each axis; export the network again");
    const std::string mode = t.node.text("mode", "constant");
    std::vector<std::int64_t> before(x.sample().size()), after(x.sample().size());
    Value like = x;
    bool any = false;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const std::int64_t b = (*pads)[i], a = (*pads)[axes.size() + i];
        const std::size_t axis = axis_of(axes[i], x.rank());
        if (b == 0 && a == 0) continue;
        if (b > 1 << 24 || a > 1 << 24 || b < -(1 << 24) || a < -(1 << 24)) throw GraphError("pads by more than 2^24; export the network again");
        x = cut(t, x, axis, std::max<std::int64_t>(-b, 0), std::max<std::int64_t>(-a, 0));
        like.dims[axis] = x.dims[axis];
        const std::int64_t more = std::max<std::int64_t>(b, 0), behind = std::max<std::int64_t>(a, 0);
        if (more + behind == 0) continue;
        if (mode != "constant") {
            if (const std::size_t count = x.dims[axis] + static_cast<std::size_t>(more + behind); count > t.budget) charge(count, t.budget);
            x = t.gathered(x, axis, padded_indices(mode, static_cast<std::int64_t>(x.dims[axis]), more, behind));
            continue;
        }
        any = true;
        before[x.sample_axis(axis)] = more;
        after[x.sample_axis(axis)] = behind;
        like.dims[axis] += static_cast<std::size_t>(more + behind);
    }
    if (!any) return t.result(x);
    const double value = t.has(2) ? t.constant(2, "a value").values.at(0) : t.node.real("value", 0);
    t.result(t.layer("pad", {t.read(x)}, like, {{"value", value}}, {{"before", before}, {"after", after}}));
}

constexpr std::array<Operator, 9> image_table{{
    {"AveragePool", [](Translation& t) { pool(t, "avg_pool2d"); }},
    {"Conv", conv},
    {"ConvTranspose", conv_transpose},
    {"GlobalAveragePool", [](Translation& t) { global(t, "mean"); }},
    {"GlobalMaxPool", [](Translation& t) { global(t, "max"); }},
    {"MaxPool", [](Translation& t) { pool(t, "max_pool2d"); }},
    {"Pad", pad},
    {"Resize", [](Translation& t) { resized(t, 2, 3, "half_pixel", t.node.text("nearest_mode", "round_prefer_floor")); }},
    {"Upsample", [](Translation& t) { resized(t, 1, 4, "asymmetric", "floor"); }},
}};

}  // namespace

std::span<const Operator> image_operators() { return image_table; }

}  // namespace costate::nn::onnx
