#include "guidance/profile_report.hpp"

#include "guidance/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace costate::guidance {

namespace {

namespace fs = std::filesystem;

struct Fact {
    std::string name, value;
};

std::string percent(double part) { return fmt::format("{:.{}f} %", 100 * part, part < 0.0995 ? 1 : 0); }

std::string with_quartiles(const Spread& spread) {
    return fmt::format("{} ({} to {})", readable_seconds(spread.median), readable_seconds(spread.low), readable_seconds(spread.high));
}

std::string question(const Profile& p) {
    const ProfileRequest& r = p.request;
    return fmt::format("{}, {} with {} step{} of {} from t0 = {} to t1 = {}, batch {}, {}, {} thread{}, {}", p.title, r.method, r.steps, r.steps == 1 ? "" : "s",
                       r.tableau, p.t0, p.t1, r.batch, r.precision == "mixed" ? "f32 inside f64" : r.precision, r.threads, r.threads == 1 ? "" : "s",
                       r.theta ? "gradient in x and the weights" : "gradient in x, weights frozen");
}

std::vector<Fact> facts_of(const Profile& p) {
    std::vector<Fact> facts{
        {"forward", with_quartiles(p.forward_seconds)},
        {"gradient", with_quartiles(p.gradient_seconds)},
        {"ratio", fmt::format("{:.2f} ({:.2f} to {:.2f})", p.ratio.median, p.ratio.low, p.ratio.high)},
        {"evaluations", fmt::format("{:.3g} samples a second", p.evaluations_per_second)},
        {"arithmetic", fmt::format("{:.3g} GFLOP/s", p.gflops)},
    };
    const std::string gemm = fmt::format("the dense kernel's {:.3g} GFLOP/s ({})", p.gemm_gflops, p.gemm_shape);
    if (p.gemm_fraction) facts.back().value += fmt::format(", {} of {}", percent(*p.gemm_fraction), gemm);
    if (p.bandwidth_fraction)
        facts.push_back({"weights", fmt::format("{:.3g} GB/s, {} of a plain read's {:.3g} GB/s", 1e-9 * *p.weight_bandwidth, percent(*p.bandwidth_fraction),
                                                1e-9 * p.bandwidth)});
    facts.push_back({"memory", readable_bytes(p.peak_bytes)});
    if (!p.not_finite.empty()) facts.push_back({"not finite", p.not_finite + ": the times are those of a computation that failed"});
    if (!p.choice.empty()) facts.push_back({"schedule", p.choice + (p.request.threads > 1 ? " (each thread)" : "")});
    facts.push_back({"tiles", fmt::format("{} sample{}", p.rows, p.rows == 1 ? "" : "s")});
    facts.push_back({"rounds", fmt::format("{}: medians, quartiles beside them", p.rounds)});
    return facts;
}

// Bars from the top; the solver's own time is one that has no parts.
struct Bar {
    std::string name;
    double forward = 0, pullback = 0, other = 0;
};

std::vector<Bar> bars_of(const Profile& p) {
    std::vector<Bar> bars;
    for (const OpCost& op : p.ops)
        bars.push_back({op.count == 1 ? op.name : fmt::format("{} ({})", op.name, op.count), op.forward_seconds, op.pullback_seconds, 0});
    bars.push_back({"solver", 0, 0, p.other_seconds});
    return bars;
}

double total(const std::vector<Bar>& bars) {
    double sum = 0;
    for (const Bar& bar : bars) sum += bar.forward + bar.pullback + bar.other;
    return sum;
}

std::string label(std::string text) {
    std::string out;
    for (const char c : text) out += c == '\'' || c == '\\' || static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    for (std::size_t at = out.find('_'); at != std::string::npos; at = out.find('_', at + 2)) out.insert(at, "\\");
    return out;
}

}  // namespace

std::string profile_table(const Profile& profile) {
    std::string text = question(profile) + "\n";
    if (!profile.fields.empty()) text += profile.fields + "\n";
    std::vector<std::vector<std::string>> lines;
    for (const Fact& fact : facts_of(profile)) lines.push_back({fact.name, fact.value});
    text += aligned_columns(lines, 2) + "\n";
    lines = {{"op", "forward", "pullback", "of the gradient"}};
    const std::vector<Bar> bars = bars_of(profile);
    for (const Bar& bar : bars) {
        const std::string share = percent((bar.forward + bar.pullback + bar.other) / total(bars));
        if (bar.other > 0) lines.push_back({bar.name, "", readable_seconds(bar.other), share});
        else lines.push_back({bar.name, readable_seconds(bar.forward), readable_seconds(bar.pullback), share});
    }
    return text + aligned_columns(lines, 1);
}

Chart profile_picture(const Profile& profile) {
    const std::vector<Bar> bars = bars_of(profile);
    std::string ticks, forward, pullback, other;
    double longest = 0;
    for (std::size_t i = 0; i < bars.size(); ++i) {
        const Bar& bar = bars[i];
        const double whole = 100 / total(bars), first = whole * bar.forward, both = first + whole * bar.pullback;
        const auto place = [i](double from, double to) {
            return fmt::format("{0:.6g} {1} {2:.6g} {3:.6g} {4:.2f} {5:.2f}\n", from, i, from, to, static_cast<double>(i) - 0.36, static_cast<double>(i) + 0.36);
        };
        ticks += fmt::format("{}'{}' {}", i == 0 ? "" : ", ", label(bar.name), i);
        forward += place(0, first);
        pullback += place(first, both);
        other += place(0, whole * bar.other);
        longest = std::max({longest, both, whole * bar.other});
    }
    std::string script = "set title 'Where the time of the gradient goes' font @title_font\nset xlabel 'per cent of the gradient'\n"
                         "set border 3 lc rgb '#444444'\nset tics nomirror out\nset grid x lc rgb '#dddddd' lw 0.6\n"
                         "set bmargin 6\nset key at screen 0.5,0.02 bottom center horizontal maxrows 1 samplen 1 font @key_font\nset style fill solid 1.0 noborder\n";
    script += fmt::format("set ytics ({})\nset yrange [{}:-0.7]\nset xrange [0:{:.4g}]\n", ticks, static_cast<double>(bars.size()) - 0.3, 1.05 * longest);
    script += "$forward << EOD\n" + forward + "EOD\n$pullback << EOD\n" + pullback + "EOD\n$other << EOD\n" + other + "EOD\n";
    script += "plot $forward with boxxyerror lc rgb '#0072B2' title 'forward', $pullback with boxxyerror lc rgb '#D55E00' title 'pullback', "
              "$other with boxxyerror lc rgb '#999999' title 'combinations, loss, copies'\n";
    return {"ops", "Where the time of the gradient goes",
            "Every instruction of the program is timed by itself on one tile, which says how the time of a tile divides; the tile as a whole is timed in turn with "
            "the gradient and counted as often as that calls it. What is left is the solver's: Runge–Kutta combinations, the loss, copies.", std::move(script)};
}

std::string profile_page(const Profile& profile, const DrawnPicture& picture, const std::vector<std::string>& remarks) {
    std::string page = page_head("The cost of a gradient through " + profile.title);
    page += fmt::format("<h1>The cost of a gradient through {}</h1>\n<p>{}.</p>\n", escaped(profile.title), escaped(question(profile)));
    if (!profile.fields.empty()) page += fmt::format("<p>{}</p>\n", escaped(profile.fields));
    for (const std::string& remark : remarks) page += fmt::format("<p class=\"remark\">{}</p>\n", escaped(remark));
    page += "<dl>";
    for (const Fact& fact : facts_of(profile)) page += fmt::format("<dt>{}</dt><dd>{}</dd>", escaped(fact.name), escaped(fact.value));
    page += "</dl>\n<p>Solve, gradient, dense kernel and plain read were timed one after the other, round by round, so that a fraction compares what the machine "
            "gave in the same moment.</p>\n<h2>Ops</h2>\n";
    if (!picture.svg.empty()) page += fmt::format("<figure>\n{}\n<figcaption>{}</figcaption>\n</figure>\n", inline_svg(picture.svg), escaped(picture.picture.caption));
    page += "<table><thead><tr><th class=\"name\">op</th><th>instructions</th><th>forward</th><th>pullback</th></tr></thead><tbody>\n";
    for (const OpCost& op : profile.ops)
        page += fmt::format("<tr><td class=\"name\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", escaped(op.name), op.count,
                            readable_seconds(op.forward_seconds), readable_seconds(op.pullback_seconds));
    return page + "</tbody></table>\n</body>\n</html>\n";
}

void check_profile_directory(const fs::path& directory) {
    std::error_code failure;
    const fs::file_status status = fs::status(directory, failure);
    if (status.type() == fs::file_type::not_found) {
        fs::path above = fs::absolute(directory).parent_path();
        while (!above.empty() && !fs::exists(above, failure) && above != above.parent_path()) above = above.parent_path();
        if (!fs::is_directory(above, failure))
            throw std::invalid_argument(fmt::format("--out {}: {} is no directory; choose another place", directory.string(), above.string()));
        return;
    }
    if (!fs::is_directory(status)) throw std::invalid_argument(fmt::format("--out {}: there is something that is no directory; choose another name", directory.string()));
    const bool empty = fs::is_empty(directory, failure);
    if (failure) throw std::invalid_argument(fmt::format("--out {}: it cannot be read; choose another directory", directory.string()));
    if (!empty && !fs::exists(directory / "profile.json", failure))
        throw std::invalid_argument(fmt::format("--out {}: it holds something else than a profile; choose an empty or a new directory", directory.string()));
}

std::vector<std::string> write_profile_report(const fs::path& directory, const Profile& profile, const std::string& json) {
    check_profile_directory(directory);
    std::error_code failure;
    fs::create_directories(directory, failure);
    if (failure) throw std::runtime_error(fmt::format("--out {}: the directory cannot be made ({}); choose another", directory.string(), failure.message()));
    write_file_atomically(directory / "profile.json", json);
    DrawnPicture drawn{profile_picture(profile), {}};
    std::vector<std::string> remarks;
    std::string why;
    if (const auto svg = run_gnuplot(drawn.picture.script, "svg", why)) {
        write_file_atomically(directory / (drawn.picture.name + ".svg"), *svg);
        drawn.svg = *svg;
        if (const auto png = run_gnuplot(drawn.picture.script, "png", why)) write_file_atomically(directory / (drawn.picture.name + ".png"), *png);
    }
    if (!why.empty()) remarks.push_back(why);
    write_file_atomically(directory / "report.html", profile_page(profile, drawn, remarks));
    return remarks;
}

}  // namespace costate::guidance
