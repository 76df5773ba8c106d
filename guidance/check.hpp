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

/// SOLVER.x1, SOLVER.loss = ½‖x₁ − y‖² and SOLVER.grad_x0 = ∇_{x₀} of it, in f64 and f32, as far as the golden file has them. midpoint3,
/// midpoint50 and euler6 integrate the velocity by equal steps, differentiated by DTO storing all. Where the network returns ε̂ or x̂₁ on a
/// known path, `velocity` is u at the times `t_inside`, and ddim10 is x_s = α_s x̂₁ + σ_s ε̂ over ten equal steps in time. The golden file's
/// metadata may say from where to where: `solver_interval` and `ddim_interval`, each "[a, b]"; else the solvers run over [0, 1], those of an
/// ε̂ or x̂₁ network over [.05, .99] and DDIM over [.05, 1], which avoids the ends where its velocity is singular.
/// Nothing for a network that is no flow. Throws nn::GoldenError.
std::vector<nn::CheckRow> check_solvers(const nn::Network& network, const nn::Golden& golden,
                                        const nn::CheckTolerances& tolerances = {});

/// Both files read, everything compared. Throws nn::FileError (one sentence) for files that cannot be read or do not belong together.
CheckReport check_model(const std::filesystem::path& network, const std::filesystem::path& golden,
                        const nn::CheckTolerances& tolerances = {}, const nn::LoadOptions& options = {});

}  // namespace costate::guidance
