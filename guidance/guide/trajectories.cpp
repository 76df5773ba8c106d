#include "guidance/guide/trajectories.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace costate::guidance {

namespace {

constexpr std::size_t drawn = 40, background = 1500;

/// The model's own samples, those of the unconditional method.
std::vector<double> own_samples(const GuideSetup& setup, const std::function<bool()>& stop) {
    const GuidanceMethod method = find_guidance_method("unconditional:steps=60");
    FlowModel<double> model = flow_model<double>(setup);
    Objective<double> objective = objective_of<double>(setup, 0);  // it does not change these samples
    std::vector<double> points;
    for (std::size_t i = 0; i < background; ++i) {
        if (stop()) throw GuidanceStopped{};
        const NormalSource random(setup.request.seed + 1, static_cast<std::uint32_t>(i));
        GuidanceProblem<double> problem{model, objective, random};
        const auto result = method(problem);
        points.insert(points.end(), result.x.begin(), result.x.end());
    }
    return points;
}

/// The largest coordinate that all but a hundredth of the points stay below in size.
double reach(std::vector<double> points) {
    for (double& v : points) v = std::abs(v);
    std::sort(points.begin(), points.end());
    return points.empty() ? 1 : std::max(1.0, 1.15 * points[points.size() * 99 / 100]);
}

}  // namespace

std::string point_lines(std::span<const double> points) {
    std::string text;
    for (std::size_t i = 0; i + 1 < points.size(); i += 2) text += fmt::format("{:.4f} {:.4f}\n", points[i], points[i + 1]);
    return text;
}

std::string density_lines(std::span<const double> points, double low, double high) {
    constexpr std::size_t side = 64;
    const double step = (high - low) / (side - 1), width = (high - low) / 40;
    std::vector<double> density(side * side);
    double most = 0;
    for (std::size_t i = 0; i < side; ++i)
        for (std::size_t j = 0; j < side; ++j) {
            double& sum = density[i * side + j];
            for (std::size_t k = 0; k + 1 < points.size(); k += 2) {
                const double x = points[k] - low - step * static_cast<double>(i), y = points[k + 1] - low - step * static_cast<double>(j);
                sum += std::exp(-(x * x + y * y) / (2 * width * width));
            }
            most = std::max(most, sum);
        }
    std::string text;
    for (std::size_t i = 0; i < side; ++i) {
        for (std::size_t j = 0; j < side; ++j)
            text += fmt::format("{:.4f} {:.4f} {:.4f}\n", low + step * static_cast<double>(i), low + step * static_cast<double>(j), most > 0 ? density[i * side + j] / most : 0);
        text += "\n";
    }
    return text;
}

std::string panels(const std::vector<std::pair<std::string, std::string>>& plots, double low, double high) {
    const std::size_t columns = std::min<std::size_t>(plots.size(), plots.size() > 8 ? 5 : 4), lines = (plots.size() + columns - 1) / columns;
    std::string text = fmt::format("set multiplot layout {0},{1}\nunset key\nset size ratio -1\nset grid lc rgb '#e4e4e4'\nset xrange [{2}:{3}]\nset yrange [{2}:{3}]\n"
                                   "set tics font ',8'\nset xtics 1 offset 0,0.5\nset ytics 1 offset 0.6,0\nset lmargin 3\nset rmargin 0.5\nset tmargin 1.6\nset bmargin 1.2\n",
                                   lines, columns, low, high);
    for (const auto& [title, plot] : plots) text += fmt::format("set title '{}' font ',11' noenhanced offset 0,-0.7\nplot {}\n", title, plot);
    return text + "unset multiplot\n";
}

std::string trajectory_script(const GuideSetup& given, const std::function<bool()>& stop) {
    if (given.shape.size() != 2) return {};
    GuideSetup setup = given;
    setup.request.count = std::min(setup.request.count, drawn);
    setup.request.options.keep_trajectory = true;
    std::map<std::string, std::string> ways, ends;  // by method
    GuideHooks hooks;
    hooks.keep = [&](const GuideRow& row, std::span<const double> sample, const std::vector<std::vector<double>>& way) {
        for (const auto& state : way) ways[row.method] += point_lines(state);
        ways[row.method] += "\n";
        ends[row.method] += point_lines(sample);
    };
    hooks.stop = stop;
    std::vector<double> own;
    try {
        run_guide(setup, {}, hooks);
        own = own_samples(setup, stop);
    } catch (const GuidanceStopped&) {
        return {};
    }
    const double far = reach(own);
    std::string text = "$own << EOD\n" + density_lines(own, -far, far) + "EOD\nset palette defined (0 '#ffffff', 0.15 '#fbe7bd', 1 '#e0a030')\nunset colorbox\n";
    std::vector<std::pair<std::string, std::string>> plots;
    for (const GuidanceMethod& method : setup.methods) {
        const std::string name = method.spelling();
        text += fmt::format("$w{0} << EOD\n{1}EOD\n$e{0} << EOD\n{2}EOD\n", plots.size(), ways[name].empty() ? "nan nan\n" : ways[name],
                            ends[name].empty() ? "nan nan\n" : ends[name]);
        plots.emplace_back(name, fmt::format("$own with image, $w{0} with lines lw 0.6 lc rgb '#9ac3de', $e{0} with points pt 7 ps 0.35 lc rgb '#0072B2'",
                                             plots.size()));
    }
    return text + panels(plots, -far, far);
}

}  // namespace costate::guidance
