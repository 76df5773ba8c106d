// What a profile times, without its scalar: one source file a scalar makes it.
#pragma once

#include "guidance/profile.hpp"
#include "guidance/study_compute.hpp"
#include "ode/gradient/result.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace costate::guidance::detail {

/// Callables own what they run on. Calls allocate nothing once warm.
struct ProfileRuns {
    std::function<void()> forward, gradient;  // on all samples
    std::function<void()> tile;               // one forward and one pullback of the program on a tile
    std::function<void()> gemm, read;         // on every thread: gemm_flops operations, read_bytes bytes, together
    double gemm_flops = 0, read_bytes = 0;
    std::string gemm_shape;
    std::function<ode::Cost()> cost;           // of the last gradient; calls on a tile count once
    std::function<std::string()> choice = [] { return std::string(); };  // what the method chose by itself, after a gradient
    std::function<std::string()> not_finite = [] {
        return std::string();
    };                                         // of the last gradient: where the first such value came from, empty where all are finite
    std::function<std::vector<OpCost>()> ops;  // of one forward and pullback of a tile
    double flops = 0;                          // of one evaluation of one sample
    std::size_t rows = 0, tiles = 0, weight_bytes = 0;
};

ProfileRuns profile_in_f32(const Study::Parts& parts, const ProfileRequest& request);
ProfileRuns profile_in_f64(const Study::Parts& parts, const ProfileRequest& request);
ProfileRuns profile_in_mixed(const Study::Parts& parts, const ProfileRequest& request);

/// Σ over threads of plain reads of `words` 64-bit words, and their bytes.
void add_read(ProfileRuns& runs, std::size_t threads);

}  // namespace costate::guidance::detail
