#include "claims/report/formula.hpp"
#include "claims/report/mathematics.hpp"
#include "claims/report/report.hpp"
#include "guidance/report.hpp"
#include "kernels/parallel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace costate::claims {

namespace {

// Okabe and Ito's colours, told apart by everybody; marks that lie inside each other where curves agree
constexpr std::array colours{"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"};
struct Mark {
    int type;
    double size;
};
constexpr std::array marks{Mark{7, 0.55}, Mark{6, 1.0}, Mark{8, 1.2}, Mark{10, 1.2}, Mark{4, 1.3}, Mark{12, 1.4}, Mark{2, 1.0}};

struct Range {
    double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
    void include(double value) {
        low = std::min(low, value);
        high = std::max(high, value);
    }
};

// What is predicted of things that no line joins
constexpr const char* around = "points pt 6 ps 1.8";

bool drawable(double value, bool logarithmic) { return std::isfinite(value) && (!logarithmic || value > 0); }

// What follows the _ or ^ at text[i]: "(…)" without its brackets, or one character; and where the text goes on.
std::pair<std::string_view, std::size_t> script_of(std::string_view text, std::size_t i) {
    std::size_t end = i + 1;
    if (text.substr(end, 1) != "(") {
        end += std::max<std::size_t>(character_length(text, end), 1);
        return {text.substr(i + 1, end - i - 1), end};
    }
    for (int open = 0; end < text.size(); ++end) {
        open += text[end] == '(' ? 1 : text[end] == ')' ? -1 : 0;
        if (open == 0) break;
    }
    return {text.substr(i + 2, end - i - 2), end + 1};
}

// For gnuplot's enhanced text: what Unicode cannot raise or lower is set in braces, and nothing else is a command.
std::string enhanced(std::string_view text, bool formula) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        if (formula && (c == '_' || c == '^') && i + 1 < text.size()) {
            const auto [script, next] = script_of(text, i);
            out += std::string(1, c) + "{" + enhanced(script, true) + "}";
            i = next;
            continue;
        }
        if (c == '\'') out += "’";
        else if (std::string_view("@&~{}_^\\").find(c) != std::string_view::npos) out += std::string("\\") + c;
        else out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
        ++i;
    }
    return out;
}

// In single quotes, with no quote inside; a formula that cannot be read stays as written.
std::string quoted(const std::string& text) {
    std::string out = "'";
    try {
        for (const Part& part : parts_of(text)) out += enhanced(part.formula ? to_plain("$" + part.text + "$") : part.text, part.formula);
    } catch (const std::invalid_argument&) {
        out = "'" + enhanced(text, false);
    }
    return out + "'";
}

// "10^{-12}", "0.02", "2·10^{-5}": gnuplot sets the braces
std::string power_label(int digit, int exponent) {
    if (exponent >= -2 && exponent <= 3) return fmt::format("{:g}", digit * std::pow(10.0, exponent));
    return digit == 1 ? fmt::format("10^{{{}}}", exponent) : fmt::format("{}·10^{{{}}}", digit, exponent);
}

// Powers of ten; with 2 and 5, or more, between them where there are few. All with an exponent, or none.
std::string logarithmic_ticks(const Range& range) {
    const int first = static_cast<int>(std::floor(std::log10(range.low))), last = static_cast<int>(std::ceil(std::log10(range.high)));
    const double decades = std::log10(range.high / range.low);
    const std::vector<int> digits = decades > 2.2 ? std::vector{1} : decades > 1.2 ? std::vector{1, 2, 5} : std::vector{1, 2, 3, 5, 7};
    const int every = std::max(1, (last - first + 7) / 8);
    const bool exponents = last - first > 4 || first < -3 || last > 4;
    std::string text;
    for (int k = first; k <= last; ++k) {
        if (k % every != 0) continue;
        for (const int digit : digits) {
            const double value = digit * std::pow(10.0, k);
            const std::string label = exponents && digit == 1 ? fmt::format("10^{{{}}}", k) : power_label(digit, k);
            text += fmt::format("{}'{}' {:.6e}", text.empty() ? "" : ", ", label, value);
        }
    }
    return text;
}

// The range with some air, so that no mark sits on the frame.
std::string axis(char name, Range range, bool logarithmic) {
    if (!(range.low <= range.high)) range = logarithmic ? Range{0.1, 1} : Range{0, 1};  // there is no value
    if (logarithmic) {
        const double air = std::max(std::pow(range.high / range.low, 0.05), 1.3);
        range = {range.low / air, range.high * air};
        return fmt::format("set logscale {0}\nset {0}range [{1:.6e}:{2:.6e}]\nset {0}tics ({3})\n", name, range.low, range.high, logarithmic_ticks(range));
    }
    const double air = range.high > range.low ? 0.05 * (range.high - range.low) : std::max(std::abs(range.high) * 0.1, 0.1);
    return fmt::format("set {0}range [{1:.17g}:{2:.17g}]\nset format {0} '%.10g'\n", name, range.low - air, range.high + air);
}

// A name below each of 1, 2, …
std::string names_axis(const std::vector<std::string>& names) {
    std::string ticks;
    for (std::size_t i = 0; i < names.size(); ++i) ticks += fmt::format("{}{} {}", i == 0 ? "" : ", ", quoted(names[i]), i + 1);
    return fmt::format("set xrange [0.5:{}.5]\nset xtics rotate by {} ({})\n", names.size(), names.size() > 5 ? "-35" : "0", ticks);
}

std::string block(const std::string& name, const Figure& figure, const std::vector<double>& x, const std::vector<double>& y) {
    std::string text = "$" + name + " << EOD\n";
    for (std::size_t i = 0; i < x.size(); ++i) {
        const bool shown = drawable(x[i], figure.logarithmic_x) && drawable(y[i], figure.logarithmic_y);
        if (shown) text += fmt::format("{:.9e} {:.9e}\n", x[i], y[i]);
    }
    return text + "EOD\n";
}

bool has_points(const Figure& figure, const std::vector<double>& x, const std::vector<double>& y) {
    for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
        if (drawable(x[i], figure.logarithmic_x) && drawable(y[i], figure.logarithmic_y)) return true;
    }
    return false;
}

struct Ranges {
    Range x, y;
};

Ranges ranges_of(const Figure& figure) {
    Ranges ranges;
    for (const Curve& curve : figure.curves) {
        if (curve.measured.size() != curve.x.size() || (!curve.predicted.empty() && curve.predicted.size() != curve.x.size())) {
            throw std::invalid_argument(fmt::format("The curve '{}' of the figure '{}' has {} x, {} measured and {} predicted values; give as many of each, or no prediction.",
                                                    curve.label, figure.title, curve.x.size(), curve.measured.size(), curve.predicted.size()));
        }
        for (std::size_t i = 0; i < curve.x.size(); ++i) {
            for (const std::vector<double>* values : {&curve.measured, &curve.predicted}) {
                if (values->empty() || !drawable(curve.x[i], figure.logarithmic_x) || !drawable((*values)[i], figure.logarithmic_y)) continue;
                ranges.x.include(curve.x[i]);
                ranges.y.include((*values)[i]);
            }
        }
    }
    return ranges;
}

// One curve: what is measured and what is predicted. Several: one entry each, then what a mark and what a line is.
std::string legend(const Figure& figure, bool any_prediction) {
    std::string text;
    const auto entry = [&](std::size_t i, bool line, std::string_view colour, const std::string& title) {
        const Mark mark = marks[i % marks.size()];
        const std::string drawn = !line                   ? fmt::format("points pt {} ps {}", mark.type, std::max(mark.size, 0.8))
                                  : figure.names.empty() ? "lines"
                                                         : around;
        text += fmt::format(", NaN with {} lw 1.6 lc rgb '{}' title {}", drawn, colour, quoted(title));
    };
    const bool one = figure.curves.size() == 1;
    for (std::size_t i = 0; i < figure.curves.size(); ++i) {
        const std::string& label = figure.curves[i].label;
        if (!label.empty() && !(one && any_prediction)) entry(i, false, colours[i % colours.size()], label);
    }
    if (!any_prediction) return text;
    const std::string prefix = one && !figure.curves[0].label.empty() ? figure.curves[0].label + ", " : "";
    entry(0, false, one ? colours[0] : "#555555", prefix + "measured");
    entry(0, true, one ? colours[0] : "#555555", prefix + "predicted");
    return text;
}

std::string preamble(const Figure& figure, const Ranges& ranges) {
    std::string text = "set terminal svg size 720,440 font 'DejaVu Sans,13' enhanced background '#ffffff'\n"
                       "set border 3 lc rgb '#444444'\nset tics nomirror out\nset grid lc rgb '#dddddd' lw 0.6\nunset mxtics\nunset mytics\n"
                       "set key outside top center horizontal Left reverse samplen 1.6 spacing 1.35 width 2\nset rmargin 4\n";
    text += fmt::format("set xlabel {}\nset ylabel {}\n", quoted(figure.x_label), quoted(figure.y_label));
    const std::string along = figure.names.empty() ? axis('x', ranges.x, figure.logarithmic_x) : names_axis(figure.names);
    return text + along + axis('y', ranges.y, figure.logarithmic_y);
}

// Ids of one drawing must not meet those of another in the same page; the XML prologue has no place there.
std::string inlined(std::string_view svg, const std::string& prefix) {
    const std::size_t begin = svg.find("<svg");
    if (begin == std::string_view::npos) return "";
    std::string text(svg.substr(begin));
    for (const std::string_view mark : {"id=\"", "id='", "href=\"#", "href='#", "url(#"}) {
        for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos;) {
            at += mark.size();
            text.insert(at, prefix);
        }
    }
    return text;
}

struct Request {
    const Figure* figure;
    std::string prefix, svg, problem;
};

void draw(Request& request) {
    try {
        std::string why;
        const auto svg = guidance::run_gnuplot(figure_script(*request.figure), "svg", why);
        if (svg) request.svg = inlined(*svg, request.prefix);
        request.problem = why;
    } catch (const std::invalid_argument& error) {
        request.problem = error.what();
    }
}

}  // namespace

std::string figure_script(const Figure& figure) {
    const Ranges ranges = ranges_of(figure);
    std::string data, lines, points;
    for (std::size_t i = 0; i < figure.curves.size(); ++i) {
        const Curve& curve = figure.curves[i];
        const char* colour = colours[i % colours.size()];
        const Mark mark = marks[i % marks.size()];
        if (has_points(figure, curve.x, curve.predicted)) {
            data += block(fmt::format("predicted{}", i), figure, curve.x, curve.predicted);
            lines += fmt::format("{}$predicted{} with {} lw 1.6 lc rgb '{}' notitle", lines.empty() ? "" : ", ", i, figure.names.empty() ? "lines" : around, colour);
        }
        if (!has_points(figure, curve.x, curve.measured)) continue;
        data += block(fmt::format("measured{}", i), figure, curve.x, curve.measured);
        // without a prediction a thin line leads the eye from mark to mark
        if (curve.predicted.empty() && figure.names.empty()) points += fmt::format(", $measured{} with lines lw 0.8 dt (2,4) lc rgb '{}' notitle", i, colour);
        points += fmt::format(", $measured{} with points pt {} ps {} lw 1.4 lc rgb '{}' notitle", i, mark.type, mark.size, colour);
    }
    if (lines.empty() && points.empty()) throw std::invalid_argument(fmt::format("The figure '{}' has no point that can be drawn on its axes.", figure.title));
    const std::string plot = lines.empty() ? points.substr(2) : lines + points;
    return preamble(figure, ranges) + data + "plot " + plot + legend(figure, !lines.empty()) + "\n";
}

Drawings draw_figures(std::span<const ReportedClaim> claims, std::vector<std::string>& problems) {
    std::vector<Request> requests;
    for (const ReportedClaim& claim : claims) {
        std::vector<const Reading*> told;
        for (const ReportedReading& run : claim.readings) {
            if (std::find(told.begin(), told.end(), run.reading) != told.end()) continue;
            told.push_back(run.reading);
            for (const Figure& figure : run.own.figures) requests.push_back({&figure, fmt::format("f{}-", requests.size() + 1), "", ""});
        }
    }
    kernels::parallel_for(requests.size(), [&](std::size_t i) { draw(requests[i]); });
    Drawings drawings;
    for (Request& request : requests) {
        if (!request.svg.empty()) drawings[request.figure] = std::move(request.svg);
        const bool known = request.problem.empty() || std::find(problems.begin(), problems.end(), request.problem) != problems.end();
        if (!known) problems.push_back(request.problem);
    }
    return drawings;
}

}  // namespace costate::claims
