// Guidance methods × images on one task: what is asked, the setup made of it, and the rows.
#pragma once

#include "guidance/guide/images.hpp"
#include "guidance/guide/method.hpp"
#include "guidance/guide/rows.hpp"
#include "guidance/models/mixture_terms.hpp"
#include "nn/network.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace costate::guidance {

/// A network whose output the sample should have.
struct LossRequest {
    std::filesystem::path file;
    std::vector<std::size_t> targets{};  ///< classes; image i wants the i-th, from the start again beyond the last
    std::optional<double> value{};       ///< of `output`, in place of a class
    std::size_t output = 0;
    double weight = 1;
};

/// What is asked. Empty lists and values mean defaults.
struct GuideRequest {
    std::string model;                    ///< a network file, gaussian-mixture, or images (a folder, IDX, .npy): their exact flow
    nn::LoadOptions load{};               ///< what a network file leaves open; its path is the next
    std::string path{};                   ///< probability path; the network's own, cond-ot for exact models
    std::string task{};                   ///< "inpaint:box", … (guidance/guide/operators); empty: no measurement
    double noise = 0;                     ///< σ_y of the measurement
    std::filesystem::path noise_file{};   ///< .npy in place of random noise; σ_y is then its root mean square
    double task_weight = 1;
    std::vector<LossRequest> losses{};
    std::filesystem::path reference{};    ///< image(s) near which the sample should be
    double reference_weight = 1;
    std::filesystem::path images{};       ///< the truth; of gaussian-mixture drawn where none is given
    std::filesystem::path classifier{};   ///< tells the class of truth and sample apart from any loss
    std::size_t first = 0, count = 1;
    std::vector<std::string> methods{};   ///< spellings, or "all"; greedy unless given
    GuidanceOptions options{};
    std::uint64_t seed = 0;
    std::optional<std::size_t> dimension{};  ///< of gaussian-mixture, 2 unless given
    std::optional<std::size_t> points{};     ///< of the exact flow of images, at most 10000 unless given
    std::optional<double> tau{};             ///< the width of each, 0.05 unless given
    bool single_precision = true;
    std::size_t threads = 0;              ///< 0: all
};

/// The request checked and complete: everything that images and methods share.
struct GuideSetup {
    GuideRequest request;
    std::string title, path, fingerprint, precision;
    std::optional<nn::Network> network{};
    std::vector<MixtureComponent<Rational>> mixture{};
    Images data{};                          ///< of the exact flow of images
    std::optional<AnyPath> flow_path{};
    ImageShape shape{};
    Images truth{};                         ///< count 0: there is none
    Images references{};
    std::vector<nn::Network> loss_networks{};
    std::optional<nn::Network> classifier{};
    std::optional<LinearOperator<double>> H{};
    std::vector<double> noise{}, y{};       ///< image by image
    double sigma_y = 0;
    std::vector<GuidanceMethod> methods{};
    std::vector<GuidanceMethod> baselines{};  ///< of a measurement: H⁺y, with noise also Hᵀ(HHᵀ + σ_y²I)⁻¹y
    std::size_t threads = 1;
    std::vector<std::string> remarks{};     ///< methods that were left out of "all", and why

    /// "inpaint:box", "class 7 of classifier.safetensors", …: what rows call it.
    [[nodiscard]] std::string task() const;
    /// One JSON object: rows of two comparisons with the same text belong together; methods and count are not in it.
    [[nodiscard]] std::string configuration() const;
    /// Baselines and methods, in this order.
    [[nodiscard]] std::vector<const GuidanceMethod*> all_methods() const;
    /// Method by method of each image, baselines first.
    [[nodiscard]] std::vector<GuideRow> questions() const;
    [[nodiscard]] double tau() const { return request.tau.value_or(0.05); }
    [[nodiscard]] std::span<const double> truth_of(std::size_t i) const { return std::span<const double>(truth.values).subspan(i * shape.size(), shape.size()); }
    [[nodiscard]] std::span<const double> measurement_of(std::size_t i) const;
};

/// Reads what is named and checks it all. Throws std::invalid_argument, std::runtime_error or nn::FileError: one sentence with the remedy.
GuideSetup guide_setup(const GuideRequest& request);

struct GuideHooks {
    /// Rows done of all, the fraction of all work that is done.
    std::function<void(std::size_t done, std::size_t total, double fraction, const std::string& now)> progress = [](auto...) {};
    std::function<bool()> stop = [] { return false; };
    /// Called once a row, one thread at a time; the sample is empty where the method failed. `way`: its states, of 2-D models.
    std::function<void(const GuideRow&, std::span<const double> sample, const std::vector<std::vector<double>>& way)> keep = [](auto&&...) {};
};

/// Computes every question that `known` does not answer, images and methods on setup.threads threads; the samples do not depend on how many.
/// Throws GuidanceStopped.
void run_guide(const GuideSetup& setup, std::span<const GuideRow> known, const GuideHooks& hooks);

/// The model in T.
template <class T>
FlowModel<T> flow_model(const GuideSetup& setup);
template <>
FlowModel<float> flow_model(const GuideSetup& setup);
template <>
FlowModel<double> flow_model(const GuideSetup& setup);

/// What image i should satisfy, in T.
template <class T>
Objective<T> objective_of(const GuideSetup& setup, std::size_t i);
template <>
Objective<float> objective_of(const GuideSetup& setup, std::size_t i);
template <>
Objective<double> objective_of(const GuideSetup& setup, std::size_t i);

}  // namespace costate::guidance
