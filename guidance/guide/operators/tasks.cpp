#include "guidance/guide/operators/tasks.hpp"

#include "guidance/guide/operators/masks.hpp"
#include "nn/npy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <vector>

namespace costate::guidance {

namespace {

constexpr std::array<TaskMeaning, 10> meanings = {{
    {"inpaint:box:SIDE", "the pixels outside a square in the middle; half the shorter side unless given"},
    {"inpaint:random:FRACTION", "that fraction of the pixels or values, drawn from the seed; 0.3 unless given"},
    {"inpaint:FILE", "the pixels where a mask (.npy, .png) is not 0"},
    {"super-resolution:K", "the means of K x K pixels; 2 unless given"},
    {"blur:gaussian:SIGMA", "a Gaussian blur of SIGMA pixels, periodic at the border; 1 unless given"},
    {"blur:motion:LENGTH:ANGLE", "a blur along a line of LENGTH pixels at ANGLE degrees, periodic at the border; 7:45 unless given"},
    {"blur:FILE", "a blur with the kernel of a .npy file divided by its sum, periodic at the border"},
    {"denoise", "everything; the noise is all there is to undo"},
    {"projection:ROWS", "products with ROWS random orthonormal vectors; a quarter of the values unless given"},
    {"observation:FILE", "Hx with H of a .npy file, at most 256 rows of as many values as the model has"},
}};

/// "a:b:c" cut at its colons; `rest` is what follows the first one.
struct Words {
    explicit Words(std::string_view task) {
        for (std::size_t begin = 0; begin <= task.size();) {
            const std::size_t end = std::min(task.find(':', begin), task.size());
            words.push_back(task.substr(begin, end - begin));
            begin = end + 1;
        }
        if (words.size() > 1) rest = task.substr(words[0].size() + 1);
    }

    /// The number in the i-th place, `otherwise` where the task ends before.
    template <class Number>
    [[nodiscard]] Number number(std::size_t i, Number otherwise) const {
        if (i >= words.size()) return otherwise;
        Number value{};
        const char* const end = words[i].data() + words[i].size();
        const auto [stop, error] = std::from_chars(words[i].data(), end, value);
        if (error != std::errc{} || stop != end)
            throw std::invalid_argument("'" + std::string(words[i]) + "' is no number that fits there; spell it as costate list does");
        return value;
    }
    /// Throws where there are more words than that.
    void at_most(std::size_t count) const {
        if (words.size() > count)
            throw std::invalid_argument("there is nothing for '" + std::string(words[count]) + "' to say; leave it out");
    }
    /// What follows the first colon, the name of a file.
    [[nodiscard]] std::string_view file() const {
        if (rest.empty()) throw std::invalid_argument("no file is named; spell the task as costate list does");
        return rest;
    }
    [[nodiscard]] bool second_is(std::string_view word) const { return words.size() > 1 && words[1] == word; }

    std::vector<std::string_view> words;
    std::string_view rest;
};

template <class T>
AnyOperator<T> inpainting(const Words& task, const ImageShape& shape, std::uint64_t seed) {
    const auto keeping = [&](std::vector<std::size_t> kept) { return Inpainting<T>(shape.size(), std::move(kept)); };
    if (task.words.size() == 1 || task.second_is("box")) {
        task.at_most(3);
        return keeping(kept_outside_box(shape, task.number(2, std::max<std::size_t>(1, std::min(shape.height, shape.width) / 2))));
    }
    if (task.second_is("random")) {
        task.at_most(3);
        return keeping(kept_at_random(shape, task.number(2, 0.3), seed));
    }
    return keeping(kept_in_file(shape, task.file()));
}

template <class T>
AnyOperator<T> super_resolution(const Words& task, const ImageShape& shape) {
    task.at_most(2);
    const auto k = task.number<std::size_t>(1, 2);
    if (!shape.is_image())
        throw std::invalid_argument("a plain vector of " + to_string(shape) + " has no blocks of pixels; use projection, or give images");
    if (k < 2 || shape.height % k != 0 || shape.width % k != 0)
        throw std::invalid_argument("the image is " + to_string(shape) + " and " + std::to_string(k) +
                                    " is no divisor of both sides above 1; give one that is, or crop the images");
    return SuperResolution<T>(shape, k);
}

template <class T>
AnyOperator<T> blur(const Words& task, const ImageShape& shape) {
    if (!shape.is_image())
        throw std::invalid_argument("a plain vector of " + to_string(shape) + " is not blurred; use observation with a matrix, or give images");
    if (task.words.size() == 1 || task.second_is("gaussian")) {
        task.at_most(3);
        const double sigma = task.number(2, 1.0);
        const double most = static_cast<double>(std::min(shape.height, shape.width)) / 6;
        if (sigma > most)  // before a kernel of (6 sigma)^2 weights is made
            throw std::invalid_argument("a kernel of three sigma = " + std::to_string(3 * sigma) + " pixels to each side is larger than the image, " + to_string(shape) +
                                        "; give a sigma of at most " + std::to_string(most));
        return Blur<T>(shape, gaussian_kernel(sigma));
    }
    if (task.second_is("motion")) {
        task.at_most(4);
        return Blur<T>(shape, motion_kernel(task.number<std::size_t>(2, 7), task.number(3, 45.0)));
    }
    return Blur<T>(shape, kernel_in_file(task.file()));
}

template <class T>
AnyOperator<T> observation(const Words& task, const ImageShape& shape) {
    const nn::Array h = nn::read_npy(task.file());
    if (h.dimension() != 2 || h.shape()[1] != shape.size())
        throw std::invalid_argument("the array in " + std::string(task.rest) + " has " + std::to_string(h.dimension()) + " axes, the last of " +
                                    std::to_string(h.dimension() == 0 ? 1 : h.shape().back()) + "; save two axes, the last of the model's " +
                                    std::to_string(shape.size()) + " values");
    return DenseObservation<T>({h.shape()[0], h.shape()[1], {h.begin(), h.end()}});
}

template <class T>
AnyOperator<T> any_operator(const Words& task, const ImageShape& shape, std::uint64_t seed) {
    const std::string_view kind = task.words[0];
    if (shape.size() == 0) throw std::invalid_argument("the image has no values; give a shape of sides from 1");
    if (kind == "inpaint") return inpainting<T>(task, shape, seed);
    if (kind == "super-resolution") return super_resolution<T>(task, shape);
    if (kind == "blur") return blur<T>(task, shape);
    if (kind == "observation") return observation<T>(task, shape);
    if (kind == "projection") {
        task.at_most(2);
        return RandomProjection<T>(task.number(1, std::max<std::size_t>(1, shape.size() / 4)), shape.size(), seed);
    }
    if (kind == "denoise") {
        task.at_most(1);
        return Denoising<T>(shape);
    }
    std::string known;
    for (const TaskMeaning& known_task : meanings) known += (known.empty() ? "" : ", ") + std::string(known_task.name);
    throw std::invalid_argument("there is no such task; choose one of " + known);
}

}  // namespace

std::span<const TaskMeaning> linear_tasks() { return meanings; }

bool is_linear_task(std::string_view task) {
    const std::string_view kind = task.substr(0, task.find(':'));
    return std::ranges::any_of(meanings, [&](const TaskMeaning& t) { return t.name.substr(0, t.name.find(':')) == kind; });
}

template <class T>
LinearOperator<T> make_operator(std::string_view task, const ImageShape& shape, std::uint64_t seed) {
    try {
        return {std::string(task), any_operator<T>(Words(task), shape, seed)};
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument("task '" + std::string(task) + "': " + error.what());
    } catch (const nn::FileError& error) {
        throw std::invalid_argument("task '" + std::string(task) + "': " + error.what());
    }
}

template LinearOperator<float> make_operator(std::string_view, const ImageShape&, std::uint64_t);
template LinearOperator<double> make_operator(std::string_view, const ImageShape&, std::uint64_t);

}  // namespace costate::guidance
