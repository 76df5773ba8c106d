// What a comparison shows: samples as files, and a page with a gallery, a table and quality against cost.
#pragma once

#include "guidance/guide/comparison.hpp"

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace costate::guidance {

/// DIR/samples/00012.greed.png, the sample of that image: .npy of every model, and .png of images. The method's name without what file systems dislike.
std::filesystem::path sample_file(const std::filesystem::path& directory, std::size_t image, std::string_view method, std::string_view ending);

/// Writes the sample of a row; nothing for a row that failed. Throws std::runtime_error where the disk refuses.
void write_sample(const std::filesystem::path& directory, const GuideSetup& setup, const GuideRow& row, std::span<const double> sample);

/// Samples, whole rows of setup.shape, to FILE, by its ending: one as .png or .pgm; any number as .npy, or .idx of bytes as MNIST comes (grey images,
/// cut to [-1, 1]). The file appears whole or not at all. Throws std::invalid_argument for another ending, or a picture of what is none.
void write_samples_to(const std::filesystem::path& file, const GuideSetup& setup, std::span<const double> samples);

/// Quality against cost: the mean PSNR (or share of classes, or loss) of each method against its seconds an image. A gnuplot script.
std::string cost_script(std::span<const GuideSummary> summaries);

/// Writes table.csv, quality-against-cost.svg, of complete 2-D comparisons trajectories.svg (unless `stop` says so meanwhile), and report.html, which
/// holds every picture itself; returns sentences about what could not be done. Rows may be more than the setup asks for.
std::vector<std::string> write_guide_report(const std::filesystem::path& directory, const GuideSetup& setup, std::span<const GuideRow> rows,
                                            std::span<const std::string> remarks, bool complete, const std::function<bool()>& stop);

}  // namespace costate::guidance
