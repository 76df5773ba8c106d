#include "guidance/colours.hpp"
#include "guidance/report_schedules.hpp"
#include "guidance/study_compute.hpp"
#include "ode/checkpoint/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

namespace costate::guidance {

namespace {

// sizes differ so that equal results show as nested marks
struct Mark {
    int type;
    double size;
};
constexpr std::array marks{Mark{7, 0.45}, Mark{6, 1.1}, Mark{8, 1.3}, Mark{10, 1.3}, Mark{1, 1.2}, Mark{4, 1.5}, Mark{12, 1.5}, Mark{3, 1.2}, Mark{2, 1.1}, Mark{5, 0.6},
                           Mark{9, 0.8}, Mark{11, 0.8}, Mark{13, 0.9}, Mark{14, 1.4}, Mark{15, 0.8}};

using Value = std::function<std::optional<double>(const StudyRow&)>;

std::optional<double> positive(const std::optional<double>& value) {
    return value && std::isfinite(*value) && *value > 0 ? value : std::nullopt;
}

// nothing where the value is rounding: a few thousand units of the precision's last place
std::optional<double> above_rounding(const std::optional<double>& value, const std::string& precision) {
    const double unit = precision == "f32" || precision == "mixed" ? 6e-8 : precision == "f64" ? 1.1e-16 : 1e-50;
    return value && *value > 4096 * unit ? value : std::nullopt;
}

struct Axes {
    std::string precision;
    Value x, y;
    std::string title, x_label, y_label;
    bool steps = false;   // x is the number of steps
    bool slopes = false;  // draw the predicted orders
    bool one_tableau = false;  // the last one alone, colours are methods
};

struct Curve {
    std::size_t tableau = 0, method = 0;  // positions in the problem's lists; of methods, among those that are drawn
    std::vector<std::pair<double, double>> points;
    std::size_t clear = 0;        // the finest point that is not rounding, counted from 1
    std::optional<double> order;  // predicted
};

// The methods that have rows.
std::vector<std::string> methods_of(const StudyProblem& problem, std::span<const StudyRow> rows) {
    std::vector<std::string> methods;
    for (const std::string& name : problem.methods)
        if (std::any_of(rows.begin(), rows.end(), [&](const StudyRow& row) { return row.method == name; })) methods.push_back(name);
    return methods;
}

std::vector<Curve> curves_of(const StudyProblem& problem, std::span<const StudyRow> rows, const Axes& axes) {
    std::vector<Curve> curves;
    const std::vector<std::string> methods = methods_of(problem, rows);
    const std::size_t none = problem.tableaus.size();  // where methods stand that no tableau changes
    for (std::size_t t = 0; t <= none; ++t) {
        if (axes.one_tableau && t + 1 < none) continue;
        for (std::size_t m = 0; m < methods.size(); ++m) {
            Curve curve{t, m, {}, 0, {}};
            for (const StudyRow& row : rows) {
                if (row.precision != axes.precision || row.method != methods[m]) continue;
                if (detail::takes_tableaus(row.method) ? t == none || row.tableau != problem.tableaus[t] : t != none) continue;
                const auto x = positive(axes.x(row)), y = positive(axes.y(row));
                if (x && y) curve.points.emplace_back(*x, *y);
                if (x && y && row.rounding && *y > 20 * *row.rounding) curve.clear = curve.points.size();
                if (row.predicted_order) curve.order = row.predicted_order;
            }
            if (!curve.points.empty()) curves.push_back(std::move(curve));
        }
    }
    return curves;
}

std::string block(const std::string& name, const std::vector<std::pair<double, double>>& points) {
    std::string text = fmt::format("${} << EOD\n", name);
    for (const auto& [x, y] : points) text += fmt::format("{:.6e} {:.6e}\n", x, y);
    return text + "EOD\n";
}

std::string style(std::size_t colour) {
    return fmt::format("lc rgb '{}' dt {}", colours[colour % colours.size()], colour < colours.size() ? "1" : "'-'");
}

struct Range {
    double low = HUGE_VAL, high = 0;
    void include(double value) {
        low = std::min(low, value);
        high = std::max(high, value);
    }
};

// e(n) = e_* (n_* / n)^p through the finest point (n_*, e_*) that is not rounding
std::optional<std::vector<std::pair<double, double>>> slope_of(const Curve& curve, const Range& x, const Range& y) {
    if (!curve.order || *curve.order <= 0 || curve.clear < 2) return std::nullopt;
    const auto [n, e] = curve.points[curve.clear - 1];
    const auto line = [&](double at) { return e * std::pow(n / at, *curve.order); };
    // from one edge of the picture to the other, cut at its top and bottom
    const auto reaches = [&](double value) { return n * std::pow(e / value, 1 / *curve.order); };
    const double left = std::max(x.low, reaches(y.high)), right = std::min(x.high, reaches(y.low));
    return std::vector<std::pair<double, double>>{{left, line(left)}, {right, line(right)}};
}

std::string ticks(const StudyProblem& problem) {
    std::string text;
    double last = 0;
    const double ratio = std::pow(static_cast<double>(problem.steps.back()) / static_cast<double>(problem.steps.front()), 1.0 / 24);
    for (const std::size_t n : problem.steps) {
        if (last > 0 && static_cast<double>(n) < last * ratio) continue;  // labels would touch
        text += fmt::format("{}'{}' {}", text.empty() ? "" : ", ", n, n);
        last = static_cast<double>(n);
    }
    return text;
}

// 1, 2 and 5 times powers of ten where a range has less than two decades.
std::string few_ticks(char axis, const Range& range) {
    std::string text;
    for (double power = std::pow(10.0, std::floor(std::log10(range.low)) - 1); power <= 10 * range.high; power *= 10)
        for (const int digit : {1, 2, 5}) text += fmt::format("{}'{:.6g}' {:.6e}", text.empty() ? "" : ", ", digit * power, digit * power);
    return fmt::format("set {}tics ({})\n", axis, text);
}

std::string preamble(const StudyProblem& problem, const Axes& axes, const Range& x, const Range& y) {
    const double decades = std::log10(y.high / y.low);
    std::string text = fmt::format("set title '{}' font @title_font\nset xlabel '{}'\nset ylabel '{}'\n", axes.title, axes.x_label, axes.y_label);
    text += "set logscale xy\nset border 3 lc rgb '#444444'\nset tics nomirror out\nset grid lc rgb '#dddddd' lw 0.6\n"
            "set key outside right top Left reverse samplen 2.2 spacing 1.25 font @key_font\nunset mytics\nunset mxtics\n";
    text += decades >= 2 ? fmt::format("set format y '10^{{%L}}'\nset ytics {:g}\n", std::pow(10.0, std::max(1.0, std::ceil(decades / 10)))) : few_ticks('y', y);
    if (axes.steps) {
        text += fmt::format("set xtics ({})\n", ticks(problem));
    } else {
        text += x.high / x.low >= 100 ? "set format x '10^{%L}'\nset xtics 10\n" : few_ticks('x', x);
    }
    const double x_edge = std::max(std::pow(x.high / x.low, 0.04), 1.05), y_edge = std::max(std::pow(y.high / y.low, 0.04), 1.2);
    text += fmt::format("set xrange [{:.6e}:{:.6e}]\nset yrange [{:.6e}:{:.6e}]\n", x.low / x_edge, x.high * x_edge, y.low / y_edge, y.high * y_edge);
    return text;
}

bool has(const std::vector<Curve>& curves, std::size_t Curve::* member, std::size_t value) {
    return std::any_of(curves.begin(), curves.end(), [&](const Curve& curve) { return curve.*member == value; });
}

// entries of the legend: colours are tableaus, marks are methods
std::string legend(const StudyProblem& problem, std::span<const std::string> methods, const std::vector<Curve>& curves, bool slopes, bool one_tableau) {
    std::string text;
    if (one_tableau) {
        for (std::size_t m = 0; m < methods.size(); ++m)
            if (has(curves, &Curve::method, m))
                text += fmt::format(", NaN with linespoints pt {} ps {} lw 1.6 {} title '{}'", marks[m % marks.size()].type, marks[m % marks.size()].size, style(m), methods[m]);
        return text;
    }
    for (std::size_t t = 0; t < problem.tableaus.size(); ++t) {
        const auto one = std::find_if(curves.begin(), curves.end(), [&](const Curve& curve) { return curve.tableau == t; });
        if (one == curves.end()) continue;
        const std::string order = one->order ? fmt::format(" (order {})", *one->order) : "";
        text += fmt::format(", NaN with lines lw 3 {} title '{}{}'", style(t), problem.tableaus[t], order);
    }
    if (has(curves, &Curve::tableau, problem.tableaus.size())) text += fmt::format(", NaN with lines lw 3 {} title 'steps of its own'", style(problem.tableaus.size()));
    if (slopes) text += ", NaN with lines lw 1.2 dt (6,5) lc rgb '#777777' title 'predicted slope'";
    text += ", NaN with points pt 7 ps 0 lc rgb '#ffffff' title ' '";
    for (std::size_t m = 0; m < methods.size(); ++m) {
        if (!has(curves, &Curve::method, m)) continue;
        const Mark mark = marks[m % marks.size()];
        text += fmt::format(", NaN with points pt {} ps {} lw 1.4 lc rgb '#222222' title '{}'", mark.type, mark.size, methods[m]);
    }
    return text;
}

// Empty when there is nothing to draw.
std::string draw(const StudyProblem& problem, std::span<const StudyRow> rows, const Axes& axes) {
    const std::vector<Curve> curves = curves_of(problem, rows, axes);
    if (curves.empty()) return "";
    Range x, y;
    for (const Curve& curve : curves) {
        for (const auto& [px, py] : curve.points) x.include(px), y.include(py);
    }
    std::string data, plot;
    bool slopes = false;
    std::vector<bool> sloped(problem.tableaus.size() + 1, false);
    for (std::size_t i = 0; i < curves.size(); ++i) {
        const Curve& curve = curves[i];
        const auto slope = axes.slopes && !sloped[curve.tableau] ? slope_of(curve, x, y) : std::nullopt;
        if (slope) {
            data += block(fmt::format("slope{}", i), *slope);
            plot += fmt::format("{}$slope{} with lines lw 1.2 dt (6,5) lc rgb '{}' notitle", plot.empty() ? "" : ", ", i, colours[curve.tableau % colours.size()]);
            sloped[curve.tableau] = slopes = true;
        }
        const Mark mark = marks[curve.method % marks.size()];
        data += block(fmt::format("curve{}", i), curve.points);
        plot += fmt::format("{}$curve{} with linespoints pt {} ps {} lw 1.1 {} notitle", plot.empty() ? "" : ", ", i, mark.type, mark.size, style(axes.one_tableau ? curve.method : curve.tableau));
    }
    return preamble(problem, axes, x, y) + data + "plot " + plot + legend(problem, methods_of(problem, rows), curves, slopes, axes.one_tableau) + "\n";
}

double calls(const StudyRow& row) { return static_cast<double>(row.evaluations + row.vjps + row.jvps); }

std::string words_of(const std::string& precision) {
    return precision == "f32"     ? "single precision"
           : precision == "mixed" ? "single-precision field in double-precision steps"
           : precision == "f64"   ? "double precision"
                                  : "50 digits";
}

// Every checkpoint schedule gives the gradient of dto bit for bit: one of them is enough where errors are drawn.
std::vector<StudyRow> of_different_gradients(const StudyProblem& problem, std::span<const StudyRow> rows) {
    std::string_view kept = "dto";
    if (std::find(problem.methods.begin(), problem.methods.end(), kept) == problem.methods.end()) {
        const auto first = std::find_if(problem.methods.begin(), problem.methods.end(), [](const std::string& name) { return is_checkpointed(name); });
        if (first != problem.methods.end()) kept = *first;
    }
    std::vector<StudyRow> result;
    for (const StudyRow& row : rows)
        if (row.method == kept || !is_checkpointed(row.method)) result.push_back(row);
    return result;
}

// A few dozen steps show how a schedule works; thousands would be a black triangle.
void add_schedules(const StudyProblem& problem, std::vector<Chart>& pictures) {
    constexpr std::size_t most = 64;
    for (const std::string& method : problem.methods)
        if (const auto spec = schedule_of(method)) pictures.push_back(schedule_picture(ode::checkpoint::make(*spec, std::min(problem.steps.back(), most)), method));
}

}  // namespace

std::vector<Chart> study_pictures(const StudyProblem& problem, std::span<const StudyRow> every_row) {
    const std::vector<StudyRow> rows = of_different_gradients(problem, every_row);
    const Value steps = [](const StudyRow& row) { return std::optional<double>(static_cast<double>(row.steps)); };
    const Value error = [](const StudyRow& row) { return row.error; };
    const Value gap = [](const StudyRow& row) { return above_rounding(row.error_to_dto, row.precision); };
    const Value cost = [](const StudyRow& row) { return std::optional<double>(calls(row)); };
    const Value back = [](const StudyRow& row) { return row.reconstruction_error; };
    const Value seconds = [](const StudyRow& row) { return row.seconds; };
    std::vector<Chart> pictures;
    const auto add = [&](std::string name, std::string caption, const Axes& axes, bool every_schedule = false) {
        std::string script = draw(problem, every_schedule ? every_row : std::span<const StudyRow>(rows), axes);
        if (!script.empty()) pictures.push_back({std::move(name), axes.title, std::move(caption), std::move(script)});
    };
    const auto& all = problem.precisions;
    for (auto precision = all.rbegin(); precision != all.rend(); ++precision) {
        add("error-steps-" + *precision,
            "Each line is one tableau with one method; marks that lie inside each other are methods that agree. The dashed lines fall with "
            "the order that theory predicts and pass through the finest point that rounding leaves alone. Where a line turns flat, rounding has taken over.",
            {*precision, steps, error, "Error of the gradient against steps, " + words_of(*precision), "steps", "relative error of the gradient", true, true});
    }
    const std::string finest = all.back();
    // with many methods one tableau is what an eye can follow
    const bool one = problem.tableaus.size() > 1 && methods_of(problem, every_row).size() > 6;
    const std::string of_tableau = one ? ", " + problem.tableaus.back() : "";
    add("distance-to-dto",
        "How far each method is from differentiating the solver itself (DTO) on the same grid. Methods that differ from DTO by rounding only "
        "are not drawn; optimise-then-discretise differs by a power of the step.",
        {finest, steps, gap, "Distance to DTO on the same grid, " + words_of(finest), "steps", "relative distance to DTO", true, false});
    add("error-evaluations", "The same errors against work: evaluations, vector-Jacobian and Jacobian-vector products of the field, counted alike.",
        {finest, cost, error, "Error of the gradient against calls, " + words_of(finest) + of_tableau, "evaluations + vjps + jvps of one gradient", "relative error of the gradient", false,
          false, one}, true);
    const bool has_f64 = std::find(all.begin(), all.end(), "f64") != all.end();
    const std::string timed = has_f64 ? "f64" : all.front();
    add("error-seconds", "The same against measured time of all samples together on one core of this machine.",
        {timed, seconds, error, "Error of the gradient against time, " + words_of(timed) + of_tableau, "seconds of the gradients of all samples", "relative error of the gradient", false, false,
          one}, true);
    add("way-back", "How far from x₀ the way back of a reversible method ends: the rounding of each step, and what the flow and the method make of it on the way. Where this is no longer "
                    "small the gradient is that of another trajectory.",
        {timed, steps, back, "What the way back loses, " + words_of(timed), "steps", "distance from the start, relative", true, false});
    if (auto memory = memory_picture(problem, every_row, timed)) pictures.push_back(std::move(*memory));
    add_schedules(problem, pictures);
    return pictures;
}

}  // namespace costate::guidance
