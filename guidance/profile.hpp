// What a solve and its gradient cost on this machine, beside what the machine can do in the same minute.
#pragma once

#include "nn/network.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace costate::guidance {

/// What is asked.
struct ProfileRequest {
    std::string subject;  // a network file, or the name of a field
    std::string tableau = "midpoint", method = "dto", precision = "f32";
    std::string memory{};  // a budget for all threads, "64MB": the checkpoint schedule that it allows is the method
    std::string path{};  // for networks whose output is no velocity: --path of the study
    nn::LoadOptions load{};  // what a network file leaves open; its path is the one above
    std::size_t steps = 10, batch = 64, threads = 1;
    std::size_t rows = 0;  // samples of a tile; 0: what the cache says
    bool theta = false;    // ∇_θL as well as ∇ₓL
    double seconds = 10;   // no round begins later, once there are three
};

/// The median of some runs and the quartiles around it.
struct Spread {
    double median = 0, low = 0, high = 0;
};

/// All instructions of one name: seconds in one forward and one pullback of a tile (as timed), or in the whole gradient (in a Profile).
struct OpCost {
    std::string name;
    std::size_t count = 0;  // instructions of a forward
    double forward_seconds = 0, pullback_seconds = 0;
};

/// Rates are those of the gradient. Fractions are medians over rounds, in each of which solve, gradient, product and read were timed one after the
/// other; empty where there are no weights or where nothing is counted.
struct Profile {
    ProfileRequest request;
    std::string title, fields;  // fields: which equation is followed
    std::size_t dimension = 0, weights = 0, rows = 0, rounds = 0;
    double t0 = 0, t1 = 1;
    Spread forward_seconds, gradient_seconds, ratio;
    double evaluations_per_second = 0;       // samples · evaluations of the solve, a second
    double gflops = 0, gemm_gflops = 0;      // 10⁹ operations a second
    std::string gemm_shape;                  // where the dense kernel was best
    std::optional<double> gemm_fraction{};
    double bandwidth = 0;                    // bytes a second of the plain read
    std::optional<double> weight_bandwidth{}, bandwidth_fraction{};  // of the weights by the gradient
    std::size_t peak_bytes = 0;              // of the method: states, stages, records, scratch, of all threads
    std::string choice;                      // the checkpoint schedule that a budget chose, a thread's share of it, and its cost; empty otherwise
    std::string not_finite;                  // where the first value that is not finite came from; empty where all are finite
    std::vector<OpCost> ops;                 // of the whole gradient
    double other_seconds = 0;                // of the gradient beside its ops: combinations, loss, copies
};

/// Times at least 20 rounds, or as many as fit into request.seconds (three or more); the inputs come from a seed.
/// Throws std::invalid_argument or nn::FileError with one sentence that names the remedy, StudyStopped when `stop` said so.
Profile profile(const ProfileRequest& request, const std::function<bool()>& stop, const std::function<void(double fraction)>& progress);

}  // namespace costate::guidance
