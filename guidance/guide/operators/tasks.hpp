// Linear inverse problems by name.
#pragma once

#include "guidance/guide/operators/linear_operator.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace costate::guidance {

/// How a task is spelt, and what is measured; parts from a colon on may be left out where a default is given.
struct TaskMeaning {
    std::string_view name, meaning;
};

/// Every linear task, in the order of a list for users.
[[nodiscard]] std::span<const TaskMeaning> linear_tasks();

/// Whether make_operator takes it for one of its own, well spelt or not: "inpaint:…", "blur", …
[[nodiscard]] bool is_linear_task(std::string_view task);

/// The operator of a task on images of that shape, with linear_tasks' spelling: "inpaint:box", "inpaint:box:14", "inpaint:random:0.3",
/// "inpaint:mask.png", "super-resolution:2", "blur:gaussian:1", "blur:motion:7:45", "blur:kernel.npy", "denoise", "projection:20",
/// "observation:H.npy". What is random comes from the seed. A plain vector is {1, 1, d}; boxes, super-resolution and blur want an image.
/// Defaults: a random mask keeps 0.3 of the pixels (as in PnP-Flow, Martin et al. 2025); ×2; σ = 1; seven pixels at 45°; a quarter of the values.
/// Throws std::invalid_argument with one sentence, which names the task, for whatever cannot be.
template <class T>
[[nodiscard]] LinearOperator<T> make_operator(std::string_view task, const ImageShape& shape, std::uint64_t seed);

extern template LinearOperator<float> make_operator(std::string_view, const ImageShape&, std::uint64_t);
extern template LinearOperator<double> make_operator(std::string_view, const ImageShape&, std::uint64_t);

}  // namespace costate::guidance
