#include "guidance/guide/posterior_comparison.hpp"

#include "guidance/guide/pool.hpp"
#include "guidance/guide/trajectories.hpp"
#include "guidance/journal.hpp"
#include "guidance/page.hpp"
#include "guidance/report.hpp"
#include "kernels/parallel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace costate::guidance {

namespace {

constexpr std::size_t drawn_ways = 24;

std::vector<MixtureComponent<double>> in_double(const std::vector<MixtureComponent<Rational>>& mixture) {
    std::vector<MixtureComponent<double>> components;
    for (const auto& c : mixture) {
        const std::size_t d = c.mean.size();
        MixtureComponent<double> own{from_rational<double>(c.weight), {}, SmallMatrix<double>(d, d)};
        for (std::size_t i = 0; i < d; ++i) {
            own.mean.push_back(from_rational<double>(c.mean[i]));
            for (std::size_t j = 0; j < d; ++j) own.covariance(i, j) = from_rational<double>(c.covariance(i, j));
        }
        components.push_back(std::move(own));
    }
    return components;
}

std::string weights_text(const std::vector<double>& weights) {
    if (weights.size() > 8) return "-";
    std::string text;
    for (const double w : weights) text += fmt::format("{}{:.2f}", text.empty() ? "" : " ", w);
    return text;
}

/// Samples of one method; a failed one is not finite and left out.
PosteriorRow sample(const GuideSetup& setup, const GuidanceMethod& method, std::size_t samples, detail::ComputerPool& pool, const GuideHooks& hooks,
                    const std::function<void()>& done) {
    std::vector<detail::GuideOutcome> outcomes(samples);
    kernels::parallel_for(samples, [&](std::size_t j) {
        if (hooks.stop()) throw GuidanceStopped{};
        detail::GuideCompute compute = pool.take();
        try {
            outcomes[j] = compute(method, 0, static_cast<std::uint32_t>(j), [&](double) {
                if (hooks.stop()) throw GuidanceStopped{};
            });
        } catch (const std::domain_error& error) {
            outcomes[j].row.note = error.what();
        }
        pool.give_back(std::move(compute));
        done();
    }, setup.threads);
    PosteriorRow row{method.spelling()};
    for (detail::GuideOutcome& outcome : outcomes) {
        if (outcome.sample.empty()) {
            if (row.failed++ == 0) row.note = outcome.row.note;
            continue;
        }
        ++row.samples;
        row.x.insert(row.x.end(), outcome.sample.begin(), outcome.sample.end());
        if (row.ways.size() < drawn_ways && !outcome.way.empty()) row.ways.push_back(std::move(outcome.way));
        const double share = 1.0 / static_cast<double>(samples);
        row.evaluations += share * static_cast<double>(outcome.row.evaluations);
        row.vjps += share * static_cast<double>(outcome.row.vjps);
        row.seconds += share * outcome.row.seconds.value_or(0);
    }
    return row;
}

}  // namespace

MixturePosterior posterior_of(const GuideSetup& setup) {
    if (setup.network) throw std::invalid_argument(fmt::format("--posterior: that of a network has no closed form; use gaussian-mixture or images as the model, not {}", setup.title));
    if (!setup.H || !setup.request.losses.empty() || setup.references.count > 0)
        throw std::invalid_argument("--posterior: it has a closed form for a linear measurement alone; give --task, and neither --loss nor --reference");
    if (!setup.mixture.empty()) return {in_double(setup.mixture), *setup.H, setup.measurement_of(0), setup.sigma_y};
    return {setup.data.values, setup.shape.size(), setup.tau(), *setup.H, setup.measurement_of(0), setup.sigma_y};
}

std::vector<PosteriorRow> run_posterior(const GuideSetup& given, std::size_t samples, const GuideHooks& hooks) {
    if (samples < 2 || samples > 1'000'000) throw std::invalid_argument(fmt::format("--posterior {}: draw 2 to 1000000 samples", samples));
    GuideSetup setup = given;
    setup.request.options.keep_trajectory = setup.shape.size() == 2;
    const MixturePosterior posterior = posterior_of(setup);
    detail::ComputerPool pool(setup);
    std::vector<PosteriorRow> rows;
    std::atomic<std::size_t> done = 0;
    const std::size_t total = samples * setup.methods.size();
    std::mutex one_at_a_time;
    for (const GuidanceMethod& method : setup.methods) {
        rows.push_back(sample(setup, method, samples, pool, hooks, [&] {
            const std::size_t now = ++done;
            const std::lock_guard lock(one_at_a_time);
            hooks.progress(now, total, static_cast<double>(now) / static_cast<double>(total), method.spelling());
        }));
        if (rows.back().samples > 1) rows.back().distance = distance_to(posterior, rows.back().x, setup.request.seed);
    }
    return rows;
}

std::string posterior_table(std::span<const PosteriorRow> rows) {
    const auto number = [](const PosteriorRow& r, double value, int digits) { return r.samples > 1 ? fmt::format("{:.{}f}", value, digits) : std::string("-"); };
    std::vector<std::vector<std::string>> lines = {{"method", "samples", "failed", "sliced W2", "floor", "mean", "covariance", "weights", "evals", "vjps", "time"}};
    for (const PosteriorRow& r : rows)
        lines.push_back({r.method, fmt::format("{}", r.samples), fmt::format("{}", r.failed), number(r, r.distance.sliced_w2, 4), number(r, r.distance.floor, 4),
                         number(r, r.distance.mean, 3), number(r, r.distance.covariance, 3), r.samples > 1 ? weights_text(r.distance.weights) : "-",
                         fmt::format("{:.0f}", r.evaluations), fmt::format("{:.0f}", r.vjps), readable_seconds(r.seconds)});
    std::string text = aligned_columns(lines, 1);
    const auto any = std::find_if(rows.begin(), rows.end(), [](const PosteriorRow& r) { return r.samples > 1; });
    if (any != rows.end() && any->distance.exact_weights.size() <= 8) text += fmt::format("exact weights: {}\n", weights_text(any->distance.exact_weights));
    for (const PosteriorRow& r : rows)
        if (r.failed > 0) text += fmt::format("{} failed {} times: {}\n", r.method, r.failed, r.note);
    return text;
}

std::string to_json_line(const PosteriorRow& r) {
    nlohmann::ordered_json json;
    json["method"] = r.method;
    json["samples"] = r.samples;
    json["failed"] = r.failed;
    const auto known = [&](double value) { return r.samples > 1 ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr); };
    json["sliced_w2"] = known(r.distance.sliced_w2);
    json["floor"] = known(r.distance.floor);
    json["mean_error"] = known(r.distance.mean);
    json["covariance_error"] = known(r.distance.covariance);
    if (r.distance.weights.size() <= 100) {
        json["weights"] = r.distance.weights;
        json["exact_weights"] = r.distance.exact_weights;
    }
    json["evaluations"] = r.evaluations;
    json["vjps"] = r.vjps;
    json["seconds"] = r.seconds;
    json["note"] = r.note;
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string posterior_script(const GuideSetup& setup, const MixturePosterior& posterior, std::span<const PosteriorRow> rows) {
    if (setup.shape.size() != 2 || rows.empty()) return {};
    std::vector<double> exact(3000);
    for (std::uint32_t i = 0; i < 1500; ++i) posterior.draw(NormalSource(setup.request.seed ^ 0x51ed270b9f0d3c4f, i), std::span<double>(exact).subspan(2 * i, 2));
    std::string text = "$exact << EOD\n" + point_lines(exact) + "EOD\n";
    std::vector<std::pair<std::string, std::string>> plots;
    for (const PosteriorRow& row : rows) {
        text += fmt::format("$s{} << EOD\n{}EOD\n$w{} << EOD\n", plots.size(), point_lines(std::span<const double>(row.x).first(std::min<std::size_t>(row.x.size(), 3000))), plots.size());
        for (const auto& way : row.ways) {
            for (const auto& state : way) text += point_lines(state);
            text += "\n";
        }
        text += row.ways.empty() ? "nan nan\nEOD\n" : "EOD\n";
        plots.emplace_back(row.method, fmt::format("$exact with points pt 7 ps 0.16 lc rgb '#E69F00', $w{0} with lines lw 0.5 lc rgb '#9ac3de', $s{0} with points pt 7 ps 0.16 lc rgb '#0072B2'",
                                                   plots.size()));
    }
    return text + panels(plots, -4, 4);
}

std::vector<std::string> write_posterior_report(const std::filesystem::path& directory, const GuideSetup& setup, std::span<const PosteriorRow> rows) {
    std::vector<std::string> sentences;
    std::string svg, why;
    if (const std::string script = posterior_script(setup, posterior_of(setup), rows); !script.empty()) {
        if (const auto drawn = run_gnuplot(script, "svg", why)) svg = *drawn;
        else sentences.push_back(why);
    }
    if (!svg.empty()) write_file_atomically(directory / "posterior.svg", svg);
    std::string page = page_head("Posterior samplers") + fmt::format("<h1>Posterior samplers on {}: {}</h1>\n", escaped(setup.title), escaped(setup.task()));
    page += "<p>Many samples of one measurement by each method, beside the posterior p(x | y), which has a closed form here. <i>sliced W2</i>: the distance of the samples to "
            "exact draws; <i>floor</i>: that of two sets of exact draws. <i>mean</i> and <i>covariance</i> are relative errors; <i>weights</i>: the share of each component.</p>\n";
    page += "<pre>" + escaped(posterior_table(rows)) + "</pre>\n";
    if (!svg.empty())
        page += fmt::format("<figure>\n{}\n<figcaption>Exact draws (yellow), a method's samples (blue) and the way of some of them from noise (light).</figcaption>\n</figure>\n", inline_svg(svg));
    write_file_atomically(directory / "posterior.html", page + "</body>\n</html>\n");
    return sentences;
}

}  // namespace costate::guidance
