// Of models in two dimensions: how each method takes samples from noise to where they end, over the model's own density.
#pragma once

#include "guidance/guide/comparison.hpp"

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace costate::guidance {

/// A gnuplot script: small multiples, one a method, of the ways of at most 40 samples over the model's own density, estimated from 1500 of its samples.
/// They are computed for the picture. Empty for models of other dimensions, and where `stop` said so.
std::string trajectory_script(const GuideSetup& setup, const std::function<bool()>& stop);

/// "x y density" on a grid of [low, high]², blocks of lines: Σ of normal kernels of width (high - low)/40 about the points, the largest value 1.
std::string density_lines(std::span<const double> points, double low, double high);

/// Small multiples of (title, plot command) on the square [low, high]².
std::string panels(const std::vector<std::pair<std::string, std::string>>& plots, double low, double high);

/// "x y" lines of points in two dimensions.
std::string point_lines(std::span<const double> points);

}  // namespace costate::guidance
