// A network compared with its golden file: its values, its products, and the gradients of solvers through it.
#pragma once

#include "nn/check.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace costate::guidance {

struct CheckReport {
    std::vector<nn::CheckRow> rows;  ///< quantity by quantity, f64 first
    std::vector<std::string> not_compared;  ///< what the golden file holds beyond the known quantities

    [[nodiscard]] bool agrees() const;
};

/// SOLVER.x1, SOLVER.loss = ½‖x₁ − y‖² and SOLVER.grad_x0 = ∇_{x₀} of it, for midpoint3, midpoint50 and euler6 on equal steps of [0, 1], by DTO
/// storing all; in f64 and f32, as far as the golden file has them. Nothing for a network whose output is no velocity.
/// Throws nn::GoldenError.
std::vector<nn::CheckRow> check_solvers(const nn::Network& network, const nn::Golden& golden,
                                        const nn::CheckTolerances& tolerances = {});

/// Both files read, everything compared. Throws nn::FileError (one sentence) for files that cannot be read or do not belong together.
CheckReport check_model(const std::filesystem::path& network, const std::filesystem::path& golden,
                        const nn::CheckTolerances& tolerances = {});

}  // namespace costate::guidance
