// Functions of Var<T> that networks on images are made of; included by var.hpp. A value of channels × height × width lies row-major in a sample.
#pragma once

#include "autodiff/var.hpp"

namespace costate::autodiff {

using kernels::ConvolutionShape;
using kernels::NormalisationShape;

/// Sizes of a picture.
struct Image {
    std::size_t channels, height, width;
    [[nodiscard]] std::size_t plane() const { return height * width; }
    [[nodiscard]] std::size_t size() const { return channels * plane(); }
};

namespace detail {

/// The struct of 32-bit integers as words of the tape.
template <class T, class G>
std::uint32_t keep_geometry(Tape<T>& tape, const G& geometry) {
    const auto words = std::bit_cast<std::array<std::uint32_t, sizeof(G) / sizeof(std::uint32_t)>>(geometry);
    return tape.keep_words(words);
}

inline void check_image_size(std::string_view what, const std::string& of, std::size_t given, std::size_t expected) {
    if (given == expected) return;
    throw std::invalid_argument(std::string(what) + ": " + of + " has " + std::to_string(given) + " values instead of " + std::to_string(expected) +
                                "; give the shape that it has");
}

/// 1 where none of the indices is missing: Node::extra of the ops that have indices.
inline std::uint32_t every_index(std::span<const std::uint32_t> indices) {
    return std::find(indices.begin(), indices.end(), ops::no_index) == indices.end() ? 1 : 0;
}

template <class T>
void check_shared(std::string_view what, std::span<const Var<T>> weights) {
    for (const Var<T>& w : weights)
        if (!w.is_constant() && w.tape()->graph().nodes[w.id()].sharing == Sharing::per_sample)
            throw std::invalid_argument(std::string(what) + ": weight and bias have to be shared by the batch; pass parameters, constants or shared inputs");
}

template <class T>
Var<T> conv2d(std::span<const Var<T>> arguments, const ConvolutionShape& shape) {
    Tape<T>& tape = tape_of<T>("conv2d", arguments);
    kernels::check_shape(shape);
    check_image_size("conv2d", "the input", arguments[0].size(), shape.in_size());
    check_image_size("conv2d", "the weight", arguments[1].size(), shape.weight_size());
    if (arguments.size() == 3) check_image_size("conv2d", "the bias", arguments[2].size(), shape.outputs);
    check_shared<T>("conv2d", arguments.subspan(1));
    return record<ops::Conv2d, T>(tape, arguments, shape.out_size(), 0, 0, keep_geometry(tape, shape));
}

template <class T>
Var<T> normalise(std::span<const Var<T>> arguments, const NormalisationShape& shape, const T& epsilon) {
    Tape<T>& tape = tape_of<T>("normalise", arguments);
    if (shape.groups == 0 || shape.channels % shape.groups != 0)
        throw std::invalid_argument("normalise: " + std::to_string(shape.groups) + " groups do not divide " + std::to_string(shape.channels) +
                                    " channels; choose a divisor");
    check_image_size("normalise", "the input", arguments[0].size(), shape.size());
    for (std::size_t i = 1; i < arguments.size(); ++i) check_image_size("normalise", "weight or bias", arguments[i].size(), shape.weights());
    check_shared<T>("normalise", arguments.subspan(1));
    return record<ops::Normalise, T>(tape, arguments, shape.size(), tape.keep({&epsilon, 1}), 0, keep_geometry(tape, shape));
}

}  // namespace detail

/// W ∗ x (+ b), a cross-correlation: shape says all. W (outputs × channels/groups × kernel) and b (one a channel) are shared.
/// Throws std::invalid_argument where sizes do not fit the shape, the shape itself is none, or W or b is per sample.
template <class T>
Var<T> conv2d(const Var<T>& x, const Var<T>& weight, const ConvolutionShape& shape) {
    return detail::conv2d<T>(std::array<Var<T>, 2>{x, weight}, shape);
}
template <class T>
Var<T> conv2d(const Var<T>& x, const Var<T>& weight, const Var<T>& bias, const ConvolutionShape& shape) {
    return detail::conv2d<T>(std::array<Var<T>, 3>{x, weight, bias}, shape);
}

/// (x - mean)/√(variance + ε) · w_c + b_c over groups of channels and all their pixels, the variance biased (Wu & He, "Group normalization",
/// ECCV 2018, eq. (7)); kernels::NormalisationShape says how layer, instance and RMS normalisation are special cases.
/// Throws std::invalid_argument where sizes do not fit the shape, or w or b is per sample.
template <class T>
Var<T> normalise(const Var<T>& x, const Var<T>& weight, const Var<T>& bias, const NormalisationShape& shape, const std::type_identity_t<T>& epsilon) {
    return detail::normalise<T>(std::array<Var<T>, 3>{x, weight, bias}, shape, epsilon);
}
template <class T>
Var<T> normalise(const Var<T>& x, const NormalisationShape& shape, const std::type_identity_t<T>& epsilon) {
    return detail::normalise<T>(std::array<Var<T>, 1>{x}, shape, epsilon);
}

/// x_cp + a_c: a value to every pixel of its channel. Throws std::invalid_argument when a's size does not divide that of x.
template <class T>
Var<T> add_channel(const Var<T>& x, const Var<T>& a) {
    const std::array<Var<T>, 2> arguments{x, a};
    if (x.size() % a.size() != 0)
        throw std::invalid_argument("add_channel: " + std::to_string(a.size()) + " values for an image of " + std::to_string(x.size()) +
                                    "; pass one for each channel");
    return detail::record<ops::AddChannel, T>(detail::tape_of<T>("add_channel", arguments), arguments, x.size());
}

/// y_i = x[indices_i], or 0 where the index is ops::no_index. Throws std::invalid_argument for none and std::out_of_range beyond x.
template <class T>
Var<T> gather(const Var<T>& x, std::span<const std::uint32_t> indices) {
    const std::array<Var<T>, 1> arguments{x};
    if (indices.empty()) throw std::invalid_argument("gather: there are no indices; pass at least one");
    for (const std::uint32_t i : indices)
        if (i >= x.size() && i != ops::no_index)
            throw std::out_of_range("gather: index " + std::to_string(i) + " of an array of " + std::to_string(x.size()) + " values; stay inside it");
    Tape<T>& tape = detail::tape_of<T>("gather", arguments);
    return detail::record<ops::Gather, T>(tape, arguments, indices.size(), 0, detail::every_index(indices), tape.keep_words(indices));
}

/// y_j = Σ x_i over the i with segments_i = j < count, i ascending; ops::no_index is left out.
/// Throws std::invalid_argument when there is not one segment for each value or count is 0, std::out_of_range for a segment beyond it.
template <class T>
Var<T> segment_sum(const Var<T>& x, std::span<const std::uint32_t> segments, std::size_t count) {
    const std::array<Var<T>, 1> arguments{x};
    if (segments.size() != x.size() || count == 0)
        throw std::invalid_argument("segment_sum: " + std::to_string(segments.size()) + " segments for " + std::to_string(x.size()) + " values and " +
                                    std::to_string(count) + " sums; pass one each, and at least one sum");
    for (const std::uint32_t i : segments)
        if (i >= count && i != ops::no_index)
            throw std::out_of_range("segment_sum: segment " + std::to_string(i) + " of " + std::to_string(count) + "; count from 0");
    Tape<T>& tape = detail::tape_of<T>("segment_sum", arguments);
    return detail::record<ops::SegmentSum, T>(tape, arguments, count, 0, detail::every_index(segments), tape.keep_words(segments));
}

/// Every pixel scale × scale times. Throws std::invalid_argument when x has not the size of the image, scale is 0 or the result too large.
template <class T>
Var<T> upsample_nearest(const Var<T>& x, const Image& image, std::size_t scale) {
    detail::check_image_size("upsample_nearest", "the input", x.size(), image.size());
    if (scale == 0) throw std::invalid_argument("upsample_nearest: the scale is 0; give at least 1");
    if (scale > 0xffff || x.size() * scale * scale > 0xffffffff)
        throw std::invalid_argument("upsample_nearest: " + std::to_string(x.size()) + " pixels " + std::to_string(scale) + " x " + std::to_string(scale) +
                                    " times are more than 2^32; give a smaller scale");
    Tape<T>& tape = detail::tape_of<T>("upsample_nearest", std::array<Var<T>, 1>{x});
    const auto s = static_cast<std::uint32_t>(scale);
    const ops::UpsampleShape shape{static_cast<std::uint32_t>(image.width), s, s};
    return detail::record<ops::Upsample, T>(tape, std::array<Var<T>, 1>{x}, x.size() * scale * scale, 0, 0, detail::keep_geometry(tape, shape));
}

/// Means over squares of kernel × kernel pixels that lie side by side (the stride is the kernel); what is left over at the far edges is not used.
/// Throws std::invalid_argument when x has not the size of the image or no square fits.
template <class T>
Var<T> avg_pool2d(const Var<T>& x, const Image& image, std::size_t kernel) {
    detail::check_image_size("avg_pool2d", "the input", x.size(), image.size());
    if (kernel == 0 || kernel > image.height || kernel > image.width)
        throw std::invalid_argument("avg_pool2d: squares of " + std::to_string(kernel) + " do not fit an image of " + std::to_string(image.height) + " x " +
                                    std::to_string(image.width) + "; take smaller ones");
    const std::size_t height = image.height / kernel, width = image.width / kernel;
    std::vector<std::uint32_t> segments;
    for (std::size_t c = 0; c < image.channels; ++c)
        for (std::size_t i = 0; i < image.height; ++i)
            for (std::size_t j = 0; j < image.width; ++j) {
                const bool inside = i / kernel < height && j / kernel < width;
                segments.push_back(inside ? static_cast<std::uint32_t>((c * height + i / kernel) * width + j / kernel) : ops::no_index);
            }
    const T share = T(1) / T(static_cast<int>(kernel * kernel));
    return segment_sum<T>(x, segments, image.channels * height * width) * share;
}

}  // namespace costate::autodiff
