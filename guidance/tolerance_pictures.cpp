#include "guidance/colours.hpp"
#include "guidance/tolerance_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <utility>

namespace costate::guidance {

namespace {

// sizes differ so that equal results show as nested marks
constexpr std::array<std::pair<int, double>, 8> error_marks{{{7, 0.5}, {6, 1.2}, {8, 1.4}, {10, 1.4}, {4, 1.6}, {12, 1.6}, {2, 1.1}, {1, 1.3}}};

using Value = std::function<std::optional<double>(const ToleranceRow&)>;
using Points = std::vector<std::pair<double, double>>;

struct Curve {
    std::size_t colour, mark;
    Points points;
};

struct Axes {
    std::string title, x_label, y_label;
    bool slope_one = false;
};

std::string style(std::size_t colour) { return fmt::format("lc rgb '{}' dt {}", colours[colour % colours.size()], colour < colours.size() ? "1" : "'-'"); }

std::string block(const std::string& name, const Points& points) {
    std::string text = fmt::format("${} << EOD\n", name);
    for (const auto& [x, y] : points) text += fmt::format("{:.6e} {:.6e}\n", x, y);
    return text + "EOD\n";
}

struct Range {
    double low = HUGE_VAL, high = 0;
    void include(double value) {
        low = std::min(low, value);
        high = std::max(high, value);
    }
    [[nodiscard]] double decades() const { return std::log10(high / low); }
};

std::string frame(const Axes& axes, const Range& x, const Range& y) {
    const double x_edge = std::max(std::pow(x.high / x.low, 0.04), 1.1), y_edge = std::max(std::pow(y.high / y.low, 0.05), 1.5);
    std::string text = fmt::format(
        "set title '{}' font @title_font\nset xlabel '{}'\nset ylabel '{}'\nset logscale xy\nset border 3 lc rgb '#444444'\nset tics nomirror out\n"
        "set grid lc rgb '#dddddd' lw 0.6\nset key outside right top Left reverse samplen 2.2 spacing 1.25 font @key_font\nunset mxtics\nunset mytics\n"
        "set format '10^{{%L}}'\n",
        axes.title, axes.x_label, axes.y_label);
    for (const auto& [axis, range] : {std::pair('x', x), std::pair('y', y)})
        if (range.decades() > 1) text += fmt::format("set {}tics {:g}\n", axis, std::pow(10.0, std::max(1.0, std::ceil(range.decades() / 10))));
        else text += fmt::format("set format {} '%g'\n", axis);
    return text + fmt::format("set xrange [{:.6e}:{:.6e}]\nset yrange [{:.6e}:{:.6e}]\n", x.low / x_edge, x.high * x_edge, y.low / y_edge, y.high * y_edge);
}

// error = tolerance, and lines parallel to it a few decades apart: what slope 1 looks like wherever a curve lies
std::string slope_lines(const Range& x, const Range& y, std::string& data) {
    std::string plot;
    int drawn = 0;
    for (int decade = -6; decade <= 18; decade += 2) {
        const double factor = std::pow(10.0, decade), low = std::max(x.low, y.low / factor), high = std::min(x.high, y.high / factor);
        if (!(low * 3 < high)) continue;
        data += block(fmt::format("one{}", drawn), {{low, factor * low}, {high, factor * high}});
        plot +=
            fmt::format("{}$one{} with lines lw 1 dt (6,5) lc rgb '#999999' {}", plot.empty() ? "" : ", ", drawn, drawn == 0 ? "title 'slope 1'" : "notitle");
        ++drawn;
    }
    return plot;
}

struct Legend {
    std::string heading;
    std::vector<std::string> names;
};

std::string draw(const std::vector<Curve>& curves, const Axes& axes, const Legend& colour, const Legend& mark) {
    Range x, y;
    for (const Curve& curve : curves)
        for (const auto& [px, py] : curve.points) x.include(px), y.include(py);
    if (!(x.high > 0) || !(y.high > 0)) return "";
    std::string data, plot = axes.slope_one ? slope_lines(x, y, data) : "";
    const auto append = [&](const std::string& more) { plot += (plot.empty() ? "" : ", ") + more; };
    for (std::size_t i = 0; i < curves.size(); ++i) {
        const auto [type, size] = error_marks[curves[i].mark % error_marks.size()];
        data += block(fmt::format("curve{}", i), curves[i].points);
        append(fmt::format("$curve{} with linespoints pt {} ps {} lw 1.4 {} notitle", i, type, size, style(curves[i].colour)));
    }
    const auto used = [&](std::size_t Curve::*member, std::size_t value) {
        return std::any_of(curves.begin(), curves.end(), [&](const Curve& curve) { return curve.*member == value; });
    };
    for (std::size_t c = 0; c < colour.names.size(); ++c)
        if (used(&Curve::colour, c)) append(fmt::format("NaN with lines lw 3 {} title '{}'", style(c), colour.names[c]));
    if (mark.names.size() > 1) append("NaN with points pt 7 ps 0 lc rgb '#ffffff' title ' '");
    for (std::size_t m = 0; m < mark.names.size(); ++m)
        if (used(&Curve::mark, m))
            append(fmt::format("NaN with points pt {} ps {} lw 1.4 lc rgb '#222222' title '{}'", error_marks[m % error_marks.size()].first, error_marks[m % error_marks.size()].second,
                               mark.names[m]));
    return frame(axes, x, y) + data + "plot " + plot + "\n";
}

// Curves of one precision: a colour a tableau with the errors as marks, or a colour a method with one tableau.
std::vector<Curve> curves_of(std::span<const ToleranceRow> rows, const std::string& precision, const Legend& tableaus, const Legend& methods, bool by_method,
                             const Value& x, const Value& y, std::size_t mark) {
    std::vector<Curve> curves;
    for (std::size_t t = 0; t < tableaus.names.size(); ++t)
        for (std::size_t m = 0; m < methods.names.size(); ++m) {
            Curve curve{by_method ? m : t, by_method ? m : mark, {}};
            for (const ToleranceRow& row : rows) {
                if (row.precision != precision || row.tableau != tableaus.names[t] || row.method != methods.names[m]) continue;
                const auto px = x(row), py = y(row);
                if (px && py && *px > 0 && *py > 0 && std::isfinite(*py)) curve.points.emplace_back(*px, *py);
            }
            if (!curve.points.empty()) curves.push_back(std::move(curve));
        }
    return curves;
}

std::optional<Chart> amplification_picture(const Amplification& a) {
    Points points;
    Range y;
    for (std::size_t i = 0; i < a.times.size(); ++i) {
        points.emplace_back(a.times[i], a.norms[i]);
        y.include(a.norms[i]);
    }
    if (points.size() < 2 || !(y.low > 0)) return std::nullopt;
    const std::string axis = y.decades() > 1 ? "set logscale y\nset format y '10^{%L}'\nset ytics 10\n" : "";
    return Chart{
        "amplification", "What the flow makes of an error",
        fmt::format("The 2-norm of the derivative of x(t1) with respect to x(t), from the sensitivities: an error made at t is so many times as large at t1 "
                    "({:.3g} times for one at t0, {:.3g} times at "
                    "worst; relative to the states the condition number is {:.3g}). Error control sees each step's own error, not this factor.",
                    a.from_start, a.largest, a.condition),
        fmt::format("set title 'What the flow makes of an error' font @title_font\nset xlabel 't'\nset ylabel 'norm of the derivative of x(t_1) in x(t)'\nset "
                    "border 3 lc rgb '#444444'\n"
                    "set tics nomirror out\nset grid lc rgb '#dddddd' lw 0.6\nunset key\nunset mytics\n{}{}plot $a with lines lw 2 lc rgb '#0072B2'\n",
                    axis, block("a", points))};
}

}  // namespace

std::vector<Chart> tolerance_pictures(const StudyProblem& problem, std::span<const ToleranceRow> rows, const std::optional<Amplification>& amplified) {
    const Value tolerance = [](const ToleranceRow& row) { return std::optional(row.tolerance); };
    const Value state = [](const ToleranceRow& row) { return row.state_error; };
    const Value gradient = [](const ToleranceRow& row) { return row.gradient_error; };
    const Value calls = [](const ToleranceRow& row) { return std::optional(static_cast<double>(row.evaluations + row.vjps + row.jvps)); };
    const Value seconds = [](const ToleranceRow& row) { return row.seconds; };
    const std::string &precision = problem.precisions.back(), &first = problem.methods.front();
    const std::string words = precision == "f32" ? "single precision" : "double precision";
    std::vector<Chart> pictures;
    const auto add = [&](std::string name, const Axes& axes, const std::vector<Curve>& curves, const Legend& colour, const Legend& mark, std::string caption) {
        std::string script = draw(curves, axes, colour, mark);
        if (!script.empty()) pictures.push_back({std::move(name), axes.title, std::move(caption), std::move(script)});
    };
    const Legend tableaus{"tableau", problem.tableaus}, kinds{"error", {"state", "gradient (" + first + ")"}}, methods{"method", problem.methods}, none{"", {}};
    std::vector<Curve> both = curves_of(rows, precision, tableaus, {"", {first}}, false, tolerance, state, 0);
    for (Curve& curve : curves_of(rows, precision, tableaus, {"", {first}}, false, tolerance, gradient, 1)) both.push_back(std::move(curve));
    add("error-tolerance", {"Error against tolerance, " + words, "tolerance (rtol = atol)", "relative error", true}, both, tableaus, kinds,
        "Solid marks: the state at the end; open ones: its gradient. Dashed: error proportional to the tolerance, two decades apart. How far a curve lies "
        "above the tolerance is what the flow makes of local errors on the way.");
    const std::string& pair = problem.tableaus.size() > 1 ? problem.tableaus[1] : problem.tableaus.front();
    const Legend one{"", {pair}};
    add("gradient-tolerance",
        {fmt::format("Error of the gradient against tolerance, {}, {}", pair, words), "tolerance (rtol = atol)", "relative error of the gradient", true},
        curves_of(rows, precision, one, methods, true, tolerance, gradient, 0), methods, none,
        "One pair of tableaus with every method; marks that lie inside each other are methods that agree. A method that follows the state backwards leaves the "
        "slope where the flow cannot be followed backwards.");
    add("error-evaluations",
        {fmt::format("Error of the gradient against calls, {}, {}", pair, words), "evaluations + vjps + jvps of all samples", "relative error of the gradient",
         false},
        curves_of(rows, precision, one, methods, true, calls, gradient, 0), methods, none,
        "The same errors against work: rejected steps and ways back with steps of their own included, products counted as evaluations are.");
    add("error-seconds",
        {"Error of the gradient against time, " + first + ", " + words, "seconds of the gradients of all samples", "relative error of the gradient", false},
        curves_of(rows, precision, tableaus, {"", {first}}, false, seconds, gradient, 0), tableaus, none,
        "Against measured time on one core of this machine: which pair for which accuracy.");
    add("methods-seconds",
        {fmt::format("Error of the gradient against time, {}, {}", pair, words), "seconds of the gradients of all samples", "relative error of the gradient",
         false},
        curves_of(rows, precision, one, methods, true, seconds, gradient, 0), methods, none,
        "Against measured time on one core of this machine: which method.");
    if (amplified)
        if (auto picture = amplification_picture(*amplified)) pictures.push_back(std::move(*picture));
    return pictures;
}

}  // namespace costate::guidance
