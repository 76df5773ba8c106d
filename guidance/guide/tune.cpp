#include "guidance/guide/tune.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace costate::guidance {

namespace {

using Json = nlohmann::ordered_json;

/// The mean score of each candidate on the held-out images.
class Scorer {
public:
    Scorer(GuideSetup held_out, const GuideHooks& hooks, std::size_t total) : setup_(std::move(held_out)), hooks_(hooks), total_(total) {}

    /// Scores what was not scored before, and adds it to `tuned`.
    void operator()(TunedMethod& tuned, const std::vector<GuidanceMethod>& candidates) {
        setup_.methods.clear();
        for (const GuidanceMethod& candidate : candidates)
            if (std::none_of(tuned.tried.begin(), tuned.tried.end(), [&](const auto& one) { return one.first == candidate.spelling(); })) setup_.methods.push_back(candidate);
        std::vector<GuideRow> rows;
        GuideHooks hooks;
        hooks.stop = hooks_.stop;
        hooks.keep = [&](const GuideRow& row, auto&&...) { rows.push_back(row); };
        hooks.progress = [&](std::size_t, std::size_t, double fraction, const std::string& now) {
            const double done = (static_cast<double>(done_) + fraction * static_cast<double>(setup_.methods.size())) / static_cast<double>(total_);
            hooks_.progress(done_, total_, std::min(done, 1.0), "tuning " + now);
        };
        run_guide(setup_, {}, hooks);
        for (const GuidanceMethod& candidate : setup_.methods) tuned.tried.emplace_back(candidate.spelling(), score(candidate.spelling(), rows));
        done_ += candidates.size();
        std::stable_sort(tuned.tried.begin(), tuned.tried.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
        tuned.chosen = tuned.tried.front().first;
    }
    void skip(std::size_t candidates) { done_ += candidates; }

private:
    static double score(const std::string& method, const std::vector<GuideRow>& rows) {
        double sum = 0, count = 0;
        for (const GuideRow& row : rows) {
            if (row.method != method) continue;
            if (!row.loss) return -std::numeric_limits<double>::max();
            sum += row.psnr ? *row.psnr : -*row.loss;
            ++count;
        }
        return count > 0 ? sum / count : -std::numeric_limits<double>::max();
    }

    GuideSetup setup_;
    const GuideHooks& hooks_;
    std::size_t total_, done_ = 0;
};

std::vector<ParameterValue> tuned_parameters(const GuidanceMethod& method) {
    std::vector<ParameterValue> list;
    for (ParameterValue& p : method.parameters())
        if (!p.grid.empty()) list.push_back(std::move(p));
    if (list.size() > 2) list.resize(2);
    return list;
}

std::vector<GuidanceMethod> on_grid(const GuidanceMethod& method, const ParameterValue& parameter) {
    std::vector<GuidanceMethod> candidates = {method};
    for (const double value : parameter.grid)
        if (value != parameter.value) candidates.push_back(method.with(parameter.name, value));
    if (candidates.size() > tuning_budget / 2 + 1) candidates.resize(tuning_budget / 2 + 1, method);
    return candidates;
}

/// Between the best value and its neighbours on the grid, or beyond its end.
std::vector<GuidanceMethod> refined(const GuidanceMethod& method, const ParameterValue& parameter, double best) {
    std::vector<double> grid = parameter.grid;
    grid.push_back(parameter.value);
    std::sort(grid.begin(), grid.end());
    grid.erase(std::unique(grid.begin(), grid.end()), grid.end());
    const auto at = static_cast<std::size_t>(std::find(grid.begin(), grid.end(), best) - grid.begin());
    std::vector<GuidanceMethod> candidates;
    if (!(best > 0) || at >= grid.size()) return candidates;
    const double ratio = grid.size() > 1 && grid.front() > 0 ? grid[1] / grid[0] : 3;
    const double below = at > 0 && grid[at - 1] > 0 ? grid[at - 1] : best / ratio, above = at + 1 < grid.size() ? grid[at + 1] : best * ratio;
    for (const double value : {std::sqrt(below * best), std::sqrt(best * above)}) candidates.push_back(method.with(parameter.name, std::min(value, parameter.most)));
    if (at == 0) candidates.push_back(method.with(parameter.name, below));
    if (at + 1 == grid.size()) candidates.push_back(method.with(parameter.name, std::min(above, parameter.most)));
    return candidates;
}

double value_in(const std::string& spelling, const std::string& name) {
    for (const ParameterValue& p : find_guidance_method(spelling).parameters())
        if (p.name == name) return p.value;
    return 0;
}

}  // namespace

std::vector<TunedMethod> tune(const GuideSetup& setup, std::size_t images, const GuideHooks& hooks) {
    GuideRequest request = setup.request;
    request.first += request.count;
    request.count = images;
    Scorer scorer(guide_setup(request), hooks, tuning_budget * setup.methods.size());
    std::vector<TunedMethod> all;
    for (const GuidanceMethod& method : setup.methods) {
        TunedMethod tuned{method.spelling(), method.spelling(), {}};
        const std::vector<ParameterValue> parameters = tuned_parameters(method);
        if (parameters.empty()) {
            scorer.skip(tuning_budget);
        } else {
            scorer(tuned, on_grid(method, parameters[0]));
            const GuidanceMethod best = find_guidance_method(tuned.chosen);
            const auto more = parameters.size() > 1 ? on_grid(best, parameters[1]) : refined(best, parameters[0], value_in(tuned.chosen, parameters[0].name));
            if (!more.empty()) scorer(tuned, more);
        }
        all.push_back(std::move(tuned));
    }
    return all;
}

std::string to_json(const std::vector<TunedMethod>& tuned, std::size_t images) {
    Json json = {{"images", images}, {"methods", Json::array()}};
    for (const TunedMethod& t : tuned) {
        Json one = {{"method", t.given}, {"chosen", t.chosen}, {"tried", Json::array()}};
        for (const auto& [spelling, score] : t.tried) one["tried"].push_back({{"method", spelling}, {"score", score}});
        json["methods"].push_back(std::move(one));
    }
    return json.dump(2) + "\n";
}

std::vector<TunedMethod> tuned_from_json(const std::string& text, std::size_t images) {
    const Json json = Json::parse(text, nullptr, false);
    std::vector<TunedMethod> tuned;
    try {
        if (!json.is_object() || json.at("images").get<std::size_t>() != images) return {};
        for (const Json& one : json.at("methods")) {
            tuned.push_back({one.at("method").get<std::string>(), one.at("chosen").get<std::string>(), {}});
            (void)find_guidance_method(tuned.back().chosen);
            for (const Json& t : one.at("tried")) tuned.back().tried.emplace_back(t.at("method").get<std::string>(), t.at("score").get<double>());
        }
    } catch (const std::exception&) {
        tuned.clear();
    }
    return tuned;
}

}  // namespace costate::guidance
