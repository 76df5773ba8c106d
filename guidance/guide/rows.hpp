// What is known of one method on one image, and of one method on all of them.
#pragma once

#include "guidance/guide/metrics.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costate::guidance {

/// The row that the others are measured against: H⁺y, the measurement's own least-squares image.
inline constexpr std::string_view pseudo_inverse_name = "pseudo-inverse";

/// Whether it is that or the regularised inverse, which is there for measurements with noise: no model, no sample.
bool is_baseline(std::string_view method);

/// One sample. Empty where it has no meaning: no truth, no image, no class.
struct GuideRow {
    std::string method;   ///< as spelled, with the numbers that differ from the default
    std::string task;
    std::size_t image = 0;
    std::optional<double> loss{};              ///< L of the sample
    std::optional<double> psnr{};              ///< dB to the truth, samples of images cut to [-1, 1]; at most 200
    std::optional<double> ssim{};
    std::optional<double> measurement_psnr{};  ///< 10 log₁₀(4 m/‖y - Hx‖²), the sample as the method left it
    std::optional<bool> class_ok{};
    std::size_t evaluations = 0, vjps = 0, jvps = 0;
    std::optional<double> seconds{};
    std::size_t peak_bytes = 0, restarts = 0;
    std::string note{};
};

bool same_question(const GuideRow& a, const GuideRow& b);

/// One line of JSON without its newline, keys as in docs/json.md; and back, empty for what is no whole row.
std::string to_json_line(const GuideRow& row);
std::optional<GuideRow> guide_row(std::string_view line);

/// One method on all images.
struct GuideSummary {
    std::string method;
    std::size_t count = 0, failed = 0;
    /// Means over images with their 95 % bootstrap intervals.
    std::optional<Interval> psnr{}, gain{}, ssim{}, class_ok{}, loss{}, measurement_psnr{};  ///< gain: of PSNR over the pseudo-inverse's on the same image
    double evaluations = 0, vjps = 0, seconds = 0, peak_bytes = 0, restarts = 0;
};

/// In the order in which methods first appear. Rows without a loss failed: their note says why.
std::vector<GuideSummary> summaries(std::span<const GuideRow> rows, std::uint64_t seed);

/// "greedy failed on 3 of 4 images: …", a sentence a method that failed, with its first note.
std::vector<std::string> failures(std::span<const GuideRow> rows);

/// Columns for a terminal: one line a method; of a single image one line a row.
std::string guide_table(std::span<const GuideSummary> summaries);
std::string guide_line(const GuideRow& row);
/// The rows with every digit, RFC 4180.
std::string guide_csv(std::span<const GuideRow> rows);

}  // namespace costate::guidance
