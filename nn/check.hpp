// A network compared with the answers that came with it.
#pragma once

#include "nn/network.hpp"
#include "nn/safetensors.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costate::nn {

/// One comparison: the largest ‖a − b‖₂/‖b‖₂ over the samples (weights' gradients: of the tensor), a computed here, b the golden value. A tensor's ‖b‖₂
/// counts as a thousandth of the largest tensor's at least: θ̄ of a bias in front of a normalisation is 0, and what either side computes is rounding.
struct CheckRow {
    std::string quantity;  ///< the golden tensor's name
    std::string precision;  ///< f64 or f32
    double max_error = 0;  ///< infinite when something is not finite, or differs from a golden zero
    bool agrees = false;
};

/// The largest max_error that agrees.
struct CheckTolerances {
    double f64 = 1e-11, f32 = 5e-4;
};

/// Largest ‖a − b‖₂/max(‖b‖₂, least) over `samples` rows of equal length. 0/0 = 0; infinite where something is not finite.
double largest_relative_error(std::span<const double> a, std::span<const double> b, std::size_t samples, double least = 0);
/// The same with b an array whose values are those rows one after the other.
double largest_relative_error(std::span<const double> a, const Array& b, std::size_t samples, double least = 0);

/// What a golden file gives: arrays by name with their shapes proven against the network.
class Golden {
public:
    /// Throws GoldenError when x is missing, or t though the network reads it, has the wrong shape, or a weight is named that the network has not; SafetensorsError.
    Golden(const Network& network, const std::filesystem::path& file);

    [[nodiscard]] std::size_t samples() const { return samples_; }
    [[nodiscard]] bool contains(std::string_view name) const { return file_.contains(name); }
    [[nodiscard]] std::span<const TensorEntry> tensors() const { return file_.tensors(); }
    [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }
    /// The name that a weight of the network has in this file: its own, or without what all names of the network begin with (an exporter's name
    /// of the module, "model.").
    [[nodiscard]] std::string name_of(std::string_view weight) const;
    /// samples × size, the axes after the first made one. Throws GoldenError when the tensor is missing or has another shape.
    [[nodiscard]] Array rows(std::string_view name, std::size_t size) const;
    /// A tensor of that shape. Throws GoldenError when it is missing or has another.
    [[nodiscard]] Array tensor(std::string_view name, std::span<const std::size_t> shape) const;

private:
    void check_present(std::string_view name) const;

    SafetensorsFile file_;
    std::string prefix_;
    std::size_t samples_ = 0;
};

/// u, vjp, jvp, divergence, cross_entropy = −log softmax(u)_label and cross_entropy_grad (both over the whole batch), theta_bar.WEIGHT and
/// theta_dot.WEIGHT, as far as the golden file has them, in f64 and in f32.
/// Throws GoldenError.
std::vector<CheckRow> check_network(const Network& network, const Golden& golden, const CheckTolerances& tolerances = {});

/// Names that check_network compares or that are given (x, t, v, w, x0, y, label, t_inside).
bool known_to_check_network(std::string_view tensor);

}  // namespace costate::nn
