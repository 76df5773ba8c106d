#include "guidance/guide/operators/masks.hpp"

#include "guidance/guide/images.hpp"
#include "guidance/guide/normals.hpp"
#include "nn/npy.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

namespace costate::guidance {

namespace {

// The pixels for which keep(pixel), in every channel.
template <class Keep>
std::vector<std::size_t> in_every_channel(const ImageShape& shape, Keep&& keep) {
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < shape.size(); ++i)
        if (keep(i % shape.pixels())) kept.push_back(i);
    return kept;
}

// Whether each value is kept, of one channel or of all: in an array what is not 0, in a picture what is not black.
std::vector<bool> mask_in_file(const ImageShape& shape, const std::filesystem::path& file) {
    std::vector<bool> keep;
    std::string size;
    bool fits = false;
    if (file.extension() == ".npy") {
        for (const double value : nn::read_npy(file)) keep.push_back(value != 0);
        size = "has " + std::to_string(keep.size()) + " values";
        fits = keep.size() == shape.pixels() || keep.size() == shape.size();
    } else {
        const Images picture = read_images(file, 0, 1);
        for (const double value : picture.values) keep.push_back(value > -1);
        size = "is " + to_string(picture.shape);
        fits = picture.shape == shape || picture.shape == ImageShape{1, shape.height, shape.width};
    }
    if (!fits)
        throw std::invalid_argument("the mask in " + file.string() + " " + size + " and the image " + to_string(shape) + "; give one value a pixel");
    return keep;
}

}  // namespace

std::vector<std::size_t> kept_outside_box(const ImageShape& shape, std::size_t side) {
    const std::size_t h = shape.height, w = shape.width;
    if (!shape.is_image())
        throw std::invalid_argument("there is no box in a plain vector of " + to_string(shape) + "; use inpaint:random, or give images");
    if (side == 0 || side > std::min(h, w) || (side == h && side == w))
        throw std::invalid_argument("no box of side " + std::to_string(side) + " with something around it fits into an image of " +
                                    to_string(shape) + "; give a side from 1 to " + std::to_string(std::min(h, w) - (h == w ? 1 : 0)));
    const std::size_t top = (h - side) / 2, left = (w - side) / 2;
    return in_every_channel(shape, [&](std::size_t pixel) { return pixel / w - top >= side || pixel % w - left >= side; });
}

std::vector<std::size_t> kept_at_random(const ImageShape& shape, double fraction, std::uint64_t seed) {
    const std::size_t n = shape.pixels();
    if (!(fraction > 0) || fraction > 1)
        throw std::invalid_argument("the fraction of pixels to keep is " + std::to_string(fraction) + "; give one above 0, at most 1");
    const auto count = static_cast<std::size_t>(std::llround(fraction * static_cast<double>(n)));
    if (count == 0)
        throw std::invalid_argument("a fraction of " + std::to_string(fraction) + " keeps none of " + std::to_string(n) + " pixels; give a larger one");
    const NormalSource random(seed);
    std::vector<double> u(n);
    for (std::size_t i = 0; i < n; ++i) u[i] = random.uniform(Draw::mask, 0, i);
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return u[i]; });
    std::vector<bool> keep(n);
    for (std::size_t i = 0; i < count; ++i) keep[order[i]] = true;
    return in_every_channel(shape, [&](std::size_t pixel) { return keep[pixel]; });
}

std::vector<std::size_t> kept_in_file(const ImageShape& shape, const std::filesystem::path& file) {
    const std::vector<bool> mask = mask_in_file(shape, file);
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < shape.size(); ++i)
        if (mask[i % mask.size()]) kept.push_back(i);
    if (kept.empty())
        throw std::invalid_argument("the mask in " + file.string() + " keeps nothing; give one that is not 0 where a pixel is kept");
    return kept;
}

}  // namespace costate::guidance
