// The comparison as a library: the same rows for any number of threads, nothing computed twice, numbers tuned where they were not seen.
#include "guidance/guide/comparison.hpp"
#include "guidance/guide/posterior_comparison.hpp"
#include "guidance/guide/tune.hpp"
#include "nn/npy.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

using namespace costate;
using namespace costate::guidance;

namespace {

GuideRequest small() {
    GuideRequest request;
    request.model = "gaussian-mixture";
    request.dimension = 5;
    request.task = "projection:2";
    request.noise = 0.1;
    request.count = 6;
    request.methods = {"unconditional:steps=8", "greedy:steps=8"};
    request.single_precision = false;
    return request;
}

using Samples = std::map<std::pair<std::string, std::size_t>, std::pair<double, std::vector<double>>>;

Samples run(const GuideRequest& request, std::span<const GuideRow> known = {}) {
    const GuideSetup setup = guide_setup(request);
    Samples samples;
    GuideHooks hooks;
    hooks.keep = [&](const GuideRow& row, std::span<const double> sample, auto&&...) {
        samples[{row.method, row.image}] = {row.loss.value(), {sample.begin(), sample.end()}};
    };
    run_guide(setup, known, hooks);
    return samples;
}

}  // namespace

TEST_CASE("samples do not depend on threads, on the other images or on the other methods") {
    GuideRequest request = small();
    request.threads = 1;
    const Samples one = run(request);
    CHECK(one.size() == 24);  // two methods and two baselines
    request.threads = 2;
    CHECK(run(request) == one);
    request.methods = {"greedy:steps=8"};
    request.first = 2;
    request.count = 3;
    for (const auto& [key, value] : run(request)) CHECK(one.at(key) == value);
    request.seed = 1;
    CHECK(run(request).at({"greedy:steps=8", 3}) != one.at({"greedy:steps=8", 3}));
}

TEST_CASE("what is known is not computed again, and guidance lowers the loss") {
    const GuideRequest request = small();
    const GuideSetup setup = guide_setup(request);
    std::vector<GuideRow> rows;
    GuideHooks hooks;
    hooks.keep = [&](const GuideRow& row, auto&&...) { rows.push_back(row); };
    run_guide(setup, {}, hooks);
    const std::vector<GuideRow> known(rows.begin(), rows.begin() + 7);
    rows.clear();
    run_guide(setup, known, hooks);
    CHECK(rows.size() == 17);
    for (const GuideRow& row : rows) {
        CHECK(std::none_of(known.begin(), known.end(), [&](const GuideRow& other) { return same_question(row, other); }));
        const auto again = guide_row(to_json_line(row));
        REQUIRE(again);
        CHECK(to_json_line(*again) == to_json_line(row));
    }
    rows.insert(rows.end(), known.begin(), known.end());
    const auto list = summaries(rows, 0);
    const auto loss = [&](std::string_view method) {
        return std::find_if(list.begin(), list.end(), [&](const GuideSummary& s) { return s.method.starts_with(method); })->loss->mean;
    };
    CHECK(loss("greedy") < 0.5 * loss("unconditional"));
}

TEST_CASE("a run that is asked to stop stops, with what is known kept") {
    const GuideSetup setup = guide_setup(small());
    std::size_t kept = 0;
    GuideHooks hooks;
    hooks.keep = [&](auto&&...) { ++kept; };
    hooks.stop = [&] { return kept >= 4; };
    CHECK_THROWS_AS(run_guide(setup, {}, hooks), GuidanceStopped);
    CHECK(kept >= 4);
    CHECK(kept < 24);
}

TEST_CASE("numbers are tuned on other images, the same number of tries for all") {
    GuideRequest request = small();
    request.methods = {"unconditional:steps=8", "greedy:steps=8:rate=0.001"};
    std::size_t furthest = 0;
    GuideHooks hooks;
    hooks.progress = [&](std::size_t, std::size_t, double, const std::string& now) {
        if (const auto at = now.rfind("image "); at != std::string::npos) furthest = std::max<std::size_t>(furthest, std::stoul(now.substr(at + 6)));
    };
    const auto tuned = tune(guide_setup(request), 4, hooks);
    REQUIRE(tuned.size() == 2);
    CHECK(tuned[0].chosen == tuned[0].given);  // nothing to choose
    CHECK(tuned[1].chosen != tuned[1].given);
    CHECK(tuned[1].tried.size() <= tuning_budget + 1);
    CHECK(tuned[1].tried.front().second > tuned[1].tried.back().second);
    CHECK(furthest == 9);  // images 6 to 9
    CHECK(to_json(tuned_from_json(to_json(tuned, 4), 4), 4) == to_json(tuned, 4));
    CHECK(tuned_from_json(to_json(tuned, 4), 5).empty());  // chosen on another number of images
    CHECK(tuned_from_json("[{\"method\": 1}]", 4).empty());
}

TEST_CASE("samplers are measured against the posterior; what ignores the measurement is far from it") {
    GuideRequest request = small();
    request.dimension = 2;
    request.task = "projection:1";
    request.count = 1;
    request.noise = 0.3;
    const auto rows = run_posterior(guide_setup(request), 300, {});
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].distance.sliced_w2 > 3 * rows[0].distance.floor);
    CHECK(rows[0].samples == 300);
    CHECK(!rows[1].ways.empty());
    CHECK(rows[1].distance.sliced_w2 < rows[0].distance.sliced_w2);
}

TEST_CASE("noise and references from files belong to images, not to places in a comparison") {
    const std::filesystem::path folder = std::filesystem::temp_directory_path() / "costate-guide-files";
    std::filesystem::create_directories(folder);
    nn::Array noise = nn::Array::from_shape({6, 2}), references = nn::Array::from_shape({6, 5});
    for (std::size_t i = 0; i < noise.size(); ++i) noise.data()[i] = 0.01 * static_cast<double>(i);
    for (std::size_t i = 0; i < references.size(); ++i) references.data()[i] = std::sin(static_cast<double>(i));
    nn::write_npy(folder / "noise.npy", noise);
    nn::write_npy(folder / "references.npy", references);
    GuideRequest request = small();
    request.noise = 0;
    request.noise_file = folder / "noise.npy";
    request.reference = folder / "references.npy";
    const Samples all = run(request);
    const std::string begun = guide_setup(request).configuration();
    request.first = 2;
    request.count = 2;
    for (const auto& [key, value] : run(request)) CHECK(all.at(key) == value);
    CHECK(all.at({"greedy:steps=8", 2}) != all.at({"greedy:steps=8", 3}));
    CHECK(guide_setup(request).configuration() == begun);  // the same comparison
    references.data()[0] += 1;
    nn::write_npy(folder / "references.npy", references);
    CHECK(guide_setup(request).configuration() != begun);
    std::filesystem::remove_all(folder);
}

TEST_CASE("a method whose every sample fails says so, and has no distance") {
    GuideRequest request = small();
    request.noise = 0.3;
    request.methods = {"greedy:rate=1e30"};
    const auto rows = run_posterior(guide_setup(request), 5, {});
    CHECK(rows.at(0).failed == 5);
    CHECK(posterior_table(rows).find("failed 5 times: the sample is not finite") != std::string::npos);
    CHECK(to_json_line(rows.at(0)).find("\"sliced_w2\":null") != std::string::npos);
}

TEST_CASE("what cannot be is refused in a sentence") {
    const auto refused = [](auto&& change, const char* why) {
        GuideRequest request = small();
        change(request);
        CHECK_THROWS_WITH(guide_setup(request), Catch::Contains(why));
    };
    refused([](GuideRequest& r) { r.model = "nothing.safetensors"; }, "is no file");
    refused([](GuideRequest& r) { r.task = "inpaint:box"; }, "inpaint:box");
    refused([](GuideRequest& r) { r.task = "tickle"; }, "tickle");
    refused([](GuideRequest& r) { r.task.clear(); }, "nothing to guide to");
    refused([](GuideRequest& r) { r.count = 0; }, "at least one");
    refused([](GuideRequest& r) { r.noise = -1; }, "0 or more");
    refused([](GuideRequest& r) { r.methods = {"pray"}; }, "there is no guidance method 'pray'");
    refused([](GuideRequest& r) { r.methods = {"greedy:speed=3"}; }, "no parameter 'speed'");
    refused([](GuideRequest& r) { r.methods = {"greedy:rate=fast"}; }, "'fast'");
    refused([](GuideRequest& r) { r.options.gradient = "guess"; }, "no gradient method named 'guess'");
    refused([](GuideRequest& r) { r.options.tableau = "guess"; }, "guess");
    refused([](GuideRequest& r) { r.path = "crooked"; }, "crooked");
    refused([](GuideRequest& r) { r.losses = {{COSTATE_SOURCE_DIR "/models/moons.safetensors", {0}}}; }, "reads 2 values");
    refused([](GuideRequest& r) { r.dimension = 2; r.losses = {{COSTATE_SOURCE_DIR "/models/moons.safetensors", {2}}}; }, "no output 2");
    refused([](GuideRequest& r) { r.dimension = 2; r.losses = {{COSTATE_SOURCE_DIR "/models/moons.safetensors"}}; }, "--target");
    refused([](GuideRequest& r) { r.dimension = 2; r.losses = {{COSTATE_SOURCE_DIR "/models/moons.safetensors", {1}}}; }, "returns velocity and no classes");
    refused([](GuideRequest& r) { r.count = 1'000'000'000'000; }, "ask for fewer");
    refused([](GuideRequest& r) { r.first = 5'000'000'000; }, "numbered up to");
    refused([](GuideRequest& r) { r.task_weight = -1; }, "--task-weight -1");
    refused([](GuideRequest& r) { r.model = COSTATE_SOURCE_DIR "/models/moons.safetensors"; }, "--dim");
}
