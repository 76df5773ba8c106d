// Samplers against p(x | y) in closed form: many samples of one measurement by each method.
#pragma once

#include "guidance/guide/comparison.hpp"
#include "guidance/guide/mixture_posterior.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace costate::guidance {

/// One method's samples and how far they are from the truth.
struct PosteriorRow {
    std::string method;
    std::size_t samples = 0, failed = 0;
    PosteriorDistance distance{};
    double evaluations = 0, vjps = 0, seconds = 0;  ///< a sample
    std::string note{};                             ///< of the first that failed
    std::vector<double> x{};                        ///< the samples, row by row
    std::vector<std::vector<std::vector<double>>> ways{};  ///< of 2-D models: states of the first samples
};

/// The posterior of the setup's first image. Throws std::invalid_argument where it has no closed form: a network, no measurement, other losses, no noise.
MixturePosterior posterior_of(const GuideSetup& setup);

/// `samples` samples of every method, sample j with the random numbers of image j. Throws GuidanceStopped.
std::vector<PosteriorRow> run_posterior(const GuideSetup& setup, std::size_t samples, const GuideHooks& hooks);

std::string posterior_table(std::span<const PosteriorRow> rows);
/// {"method", "samples", "sliced_w2", "floor", "mean_error", "covariance_error", "weights", "exact_weights", …}
std::string to_json_line(const PosteriorRow& row);

/// Of 2-D models: trajectories and samples of each method over the posterior's density. A gnuplot script.
std::string posterior_script(const GuideSetup& setup, const MixturePosterior& posterior, std::span<const PosteriorRow> rows);

/// posterior.html with the picture of 2-D models; returns sentences about what could not be done.
std::vector<std::string> write_posterior_report(const std::filesystem::path& directory, const GuideSetup& setup, std::span<const PosteriorRow> rows);

}  // namespace costate::guidance
