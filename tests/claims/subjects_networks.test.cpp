// A network file as the subject of claims: its output made a velocity, where that is finite, and what is said of files that are no flow.
#include "claims/networks.hpp"

#include "claims/list.hpp"
#include "claims/subjects.hpp"
#include "claims/verify.hpp"
#include "nn/file_error.hpp"
#include "nn/safetensors.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace costate;
using namespace costate::claims;

namespace {

namespace fs = std::filesystem;
using guidance::Parametrisation;

class Folder {
public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "costate-networks-XXXXXX").string();
        if (!mkdtemp(name.data())) throw std::runtime_error("no scratch directory");
        path_ = name;
    }
    ~Folder() { fs::remove_all(path_); }
    [[nodiscard]] fs::path operator/(const std::string& name) const { return path_ / name; }

private:
    fs::path path_;
};

// n = Wx + b with W = (1 2; -1/2 1/4), b = (1/8, -1), or three rows of it.
fs::path linear_network(const fs::path& file, const std::string& parametrisation, const std::string& path, std::size_t rows = 2) {
    nn::Array weight = rows == 2 ? nn::Array{{1.0, 2.0}, {-0.5, 0.25}} : nn::Array{{1.0, 2.0}, {-0.5, 0.25}, {1.0, 1.0}};
    nn::Array bias = rows == 2 ? nn::Array{0.125, -1.0} : nn::Array{0.125, -1.0, 0.0};
    nn::write_safetensors(file, std::vector<nn::TensorToWrite>{{"w", weight, nn::DType::f32}, {"b", bias, nn::DType::f32}},
                          {{"costate.format", "1"},
                           {"architecture", R"([{"op": "linear", "in": ["x"], "out": "n", "weight": "w", "bias": "b"}])"},
                           {"input_shape", "[2]"},
                           {"parametrisation", parametrisation},
                           {"path", path}});
    return file;
}

Setting on_network(const fs::path& file, std::string_view path) {
    Setting setting;
    setting.set("model", file.string());
    setting.set("path", path);
    return setting;
}

std::vector<Mpfr50> value(const Setting& setting, const Mpfr50& t, const std::vector<Mpfr50>& x) {
    std::vector<Mpfr50> dx(x.size());
    make_subject<Mpfr50>(setting).field(t, x, dx);
    return dx;
}

const Claim& claim_named(const std::vector<Claim>& all, std::string_view id) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Claim& claim) { return claim.id == id; });
    if (found == all.end()) throw std::out_of_range("no claim " + std::string(id));
    return *found;
}

// A claim on two fields that knows nothing of paths and networks.
Claim plain_claim() {
    Claim claim;
    claim.id = "plain";
    claim.axes = {.tableaus = {"midpoint"}, .fields = {"polynomial", "linear"}, .dims = {2, 3}, .seed = true};
    return claim;
}

std::vector<Mpfr50> coefficients_of(const std::vector<RealSeries>& series, std::size_t k) {
    std::vector<Mpfr50> values;
    for (const RealSeries& one : series) values.push_back(one[k]);
    return values;
}

void same(const std::vector<Mpfr50>& found, const std::vector<Mpfr50>& expected) {
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(abs(Mpfr50(found[i] - expected[i])) < Mpfr50("1e-45"));
}

const std::vector<Mpfr50> x = {Mpfr50("0.75"), Mpfr50("-0.5")};
const std::vector<Mpfr50> n = {Mpfr50("-0.125"), Mpfr50("-1.5")};  // by hand: (3/4 - 1 + 1/8, -3/8 - 1/8 - 1)

}  // namespace

TEST_CASE("an epsilon or x1 output becomes the velocity of its path") {
    const Folder folder;
    const fs::path file = linear_network(folder / "eps.safetensors", "epsilon", "linear-vp");
    const Mpfr50 t("0.6");  // σ = 0.8, u = (x - ε̂/σ)/t
    same(value(on_network(file, "linear-vp"), t, x), {Mpfr50((x[0] - n[0] / Mpfr50("0.8")) / t), Mpfr50((x[1] - n[1] / Mpfr50("0.8")) / t)});
    // cond-ot: u = (x - ε̂)/t
    same(value(on_network(file, "cond-ot"), t, x), {Mpfr50((x[0] - n[0]) / t), Mpfr50((x[1] - n[1]) / t)});
    // x1 on cond-ot: u = (x̂₁ - x)/(1 - t); a velocity is itself
    const fs::path data = linear_network(folder / "x1.safetensors", "x1", "cond-ot");
    same(value(on_network(data, "cond-ot"), t, x), {Mpfr50((n[0] - x[0]) / (1 - t)), Mpfr50((n[1] - x[1]) / (1 - t))});
    same(value(on_network(linear_network(folder / "u.safetensors", "velocity", "none"), "cosine"), t, x), n);
    CHECK(gives_noise(file));
    CHECK_FALSE(gives_noise(data));
}

TEST_CASE("the regular part of a flow is told over [0, 1], with its derivatives") {
    const Folder folder;
    Setting setting = on_network(linear_network(folder / "eps.safetensors", "epsilon", "linear-vp"), "linear-vp");
    setting.unit_flow = true;
    const Mpfr50 s("0.25"), t = Mpfr50("0.05") + s * Mpfr50("0.94"), sigma = sqrt(Mpfr50(1 - t * t)), length("0.94");
    same(value(setting, s, x), {Mpfr50(length * (x[0] - n[0] / sigma) / t), Mpfr50(length * (x[1] - n[1] / sigma) / t)});
    CHECK_THAT(describe(setting), Catch::Contains("its epsilon as a velocity on linear-vp followed from t = 1/20 to 99/100"));
    // λ·(J ẋ + f_s ṡ) = (λᵀJ)·ẋ + (λᵀf_s) ṡ, and J = 47/50 (I - W/σ)/t by hand
    auto field = make_subject<Mpfr50>(setting).field;
    std::vector<Mpfr50> dx(2), dx_dot(2), bar(2, Mpfr50(0)), lambda = {Mpfr50(1), Mpfr50(0)}, x_dot = {Mpfr50(2), Mpfr50(3)};
    Mpfr50 s_bar = 0;
    field.jvp(s, x, Mpfr50(5), x_dot, {}, dx, dx_dot);
    field.vjp(s, x, lambda, bar, {}, s_bar);
    CHECK(abs(Mpfr50(dx_dot[0] - (bar[0] * 2 + bar[1] * 3 + s_bar * 5))) < Mpfr50("1e-45"));
    same(bar, {Mpfr50(length * (1 - 1 / sigma) / t), Mpfr50(length * (-2 / sigma) / t)});
}

TEST_CASE("a network in power series: its value, its tangent, and its value nearby") {
    const Folder folder;
    // by hand: n(x + εv) = n(x) + ε Wv, weights that are no whole numbers among them
    const Setting linear = on_network(linear_network(folder / "u.safetensors", "velocity", "none"), "cond-ot");
    std::vector<RealSeries> moving(x.begin(), x.end()), out(2);
    moving[0][1] = 3;
    moving[1][1] = 5;
    make_subject<RealSeries>(linear).field(RealSeries(0), moving, out);
    same(coefficients_of(out, 0), n);
    same(coefficients_of(out, 1), {Mpfr50(13), Mpfr50("-0.25")});
    same(coefficients_of(out, 2), {Mpfr50(0), Mpfr50(0)});
    // an epsilon network on its path in (t, x), and layers that are not linear: the sum of eight coefficients at ε = 10⁻⁶ is the value there, to about 10⁻⁴⁵
    for (const Setting& setting : {on_network(linear_network(folder / "eps.safetensors", "epsilon", "linear-vp"), "linear-vp"),
                                   on_network(COSTATE_SOURCE_DIR "/models/moons.safetensors", "cond-ot")}) {
        INFO(setting.model->file.filename().string());
        const Mpfr50 epsilon("1e-6"), t("0.6");
        RealSeries time(t);
        time[1] = 2;
        make_subject<RealSeries>(setting).field(time, moving, out);
        const std::vector<Mpfr50> there = value(setting, t + 2 * epsilon, {Mpfr50(x[0] + 3 * epsilon), Mpfr50(x[1] + 5 * epsilon)});
        for (std::size_t i = 0; i < 2; ++i) {
            CHECK(abs(Mpfr50(out[i].evaluate(epsilon) - there[i])) < Mpfr50("1e-38"));
            CHECK(abs(Mpfr50(out[i][0] + epsilon * out[i][1] - there[i])) > Mpfr50("1e-20"));  // two of them are not enough
        }
    }
}

TEST_CASE("every claim takes a network or says why it does not") {
    const NetworkFacts moons = network_facts(std::filesystem::path(COSTATE_SOURCE_DIR "/models/moons.safetensors"));
    const std::vector<Wish> wishes = {{"model", "moons.safetensors"}, {"path", "cond-ot", true}};
    std::size_t run = 0;
    const std::vector<Claim> all = all_claims();
    for (const Claim& claim : all) {
        INFO(claim.id);
        CHECK(claim.axes.model == claim.axes.no_model.empty());
        CHECK(no_offer(claim, wishes).value_or("") == claim.axes.no_model);
        if (!claim.axes.model) continue;
        ++run;
        CHECK_FALSE(no_claim(claim, moons, moons.path).has_value());
        CHECK_FALSE(long_claim(claim, moons).has_value());
        NetworkFacts huge = moons;
        huge.inputs = 100'000;
        huge.operations = 1e12;
        CHECK(long_claim(claim, huge).has_value());  // each has a cost
    }
    CHECK(all.size() == 27);
    CHECK(run == 24);
}

TEST_CASE("where a velocity is finite is found from the path") {
    const auto times = [](Parametrisation given, std::string_view path) {
        const RegularTimes found = regular_times(given, guidance::find_path(path));
        return std::pair(found.t0, found.t1);
    };
    const Rational near_noise = ratio(1, 20), near_data = ratio(99, 100);
    CHECK(times(Parametrisation::epsilon, "linear-vp") == std::pair(near_noise, near_data));
    CHECK(times(Parametrisation::epsilon, "cond-ot") == std::pair(near_noise, ratio(1)));
    CHECK(times(Parametrisation::x1, "cond-ot") == std::pair(ratio(0), near_data));
    CHECK(times(Parametrisation::epsilon, "ve") == std::pair(ratio(0), ratio(1)));
    CHECK(times(Parametrisation::velocity, "linear-vp") == std::pair(ratio(0), ratio(1)));
}

TEST_CASE("what a file offers, and what is no flow") {
    const Folder folder;
    const NetworkFacts facts = network_facts(linear_network(folder / "eps.safetensors", "epsilon", "linear-vp"));
    CHECK(facts.given == Parametrisation::epsilon);
    CHECK(facts.inputs == 2);
    CHECK(guidance::name_of(facts.path.value()) == "linear-vp");
    CHECK(facts.operations >= 8);
    CHECK(facts.kink.empty());
    CHECK_FALSE(network_facts(linear_network(folder / "u.safetensors", "velocity", "none")).path.has_value());
    CHECK_THROWS_WITH(network_facts(linear_network(folder / "classes.safetensors", "logits", "none", 3)), Catch::Contains("no flow to run claims on"));
    CHECK_THROWS_AS(network_facts(folder / "missing.safetensors"), nn::SafetensorsError);
}

TEST_CASE("which claims are run on which network") {
    const std::vector<Claim> all = all_claims();
    NetworkFacts facts{.file = "net", .path_name = "linear-vp", .path = guidance::LinearVp{}, .inputs = 2, .operations = 17'000};
    for (const Claim& claim : all) {
        if (!claim.axes.model) continue;
        INFO(claim.id);
        CHECK(no_claim(claim, facts, facts.path).has_value() == (claim.id == "greed-theorem-3"));  // sigma is no O(1 - t) on linear-vp
        CHECK_FALSE(no_claim(claim, facts, guidance::AnyPath(guidance::CondOt{})).has_value());
        CHECK_FALSE(long_claim(claim, facts).has_value());
    }
    CHECK_THAT(no_claim(claim_named(all, "greed-theorem-3"), facts, facts.path).value(), Catch::Contains("linear-vp is none"));
    const auto &product = claim_named(all, "dflow-theorem-4-1"), &horizon = claim_named(all, "horizon"), &deis = claim_named(all, "adjointdeis-1");
    facts.inputs = 64;
    facts.operations = 214'000;
    CHECK_THAT(long_claim(product, facts).value(), Catch::Contains("d × d") && Catch::Contains("64 inputs"));
    CHECK_FALSE(long_claim(deis, facts).has_value());
    facts.given = Parametrisation::epsilon;
    CHECK_THAT(no_claim(horizon, facts, facts.path).value(), Catch::Contains("t = 1"));
    CHECK_FALSE(no_claim(horizon, facts, guidance::AnyPath(guidance::CondOt{})).has_value());
    CHECK_FALSE(no_claim(product, facts, facts.path).has_value());
    CHECK_THAT(no_claim(product, facts, std::nullopt).value(), Catch::Contains("--set path="));
    facts.given = Parametrisation::velocity;
    CHECK_FALSE(no_claim(product, facts, std::nullopt).has_value());  // any flow will do
    CHECK_THAT(no_claim(deis, facts, std::nullopt).value(), Catch::Contains("--set path="));
    facts.kink = "layer 0 ('h') is relu";
    CHECK_THAT(no_claim(product, facts, facts.path).value(), Catch::Contains("layer 0 ('h') is relu"));
    // a sweep is the transpose of its tangent where no kink is met
    for (const char* id : {"lambda-delta", "dto-is-partner", "zero-weight"}) CHECK_FALSE(no_claim(claim_named(all, id), facts, facts.path).has_value());
    CHECK(takes_unit_flow(product));
    CHECK_FALSE(takes_unit_flow(deis));
}

TEST_CASE("the settings of a network: its own path, one path, no dimension, and a part of the flow for claims about any flow") {
    const std::vector<Claim> all = all_claims();
    const std::vector<Wish> wishes = {{"model", "net.safetensors"}, {"path", "linear-vp", true}};
    for (const char* id : {"dflow-theorem-4-1", "adjointdeis-1"}) {
        const auto settings = settings_of(claim_named(all, id), wishes, Coverage::exhaustive);
        REQUIRE(settings.size() == 1);
        CHECK(settings[0].text("path") == "linear-vp");
        CHECK(settings[0].unit_flow == (std::string_view(id) == "dflow-theorem-4-1"));
    }
    CHECK(settings_of(claim_named(all, "horizon"), std::vector<Wish>{{"model", "net.safetensors"}}, Coverage::pairwise).size() == ode::tableaus().size());
    CHECK_THROWS_WITH(settings_of(claim_named(all, "horizon"), std::vector<Wish>{{"model", "net.safetensors"}, {"dim", "3"}}, Coverage::quick),
                      Catch::Contains("its own dimension"));
    // the path of a network is its own, also where the claim has none
    const std::vector<const Claim*> constants = {&claim_named(all, "one-step-constants")};
    const auto tasks = verify_tasks(constants, wishes, Coverage::quick);
    REQUIRE(tasks.size() == 1);
    CHECK(tasks[0].setting.text("path") == "linear-vp");
    CHECK(tasks[0].setting_text == "tableau=midpoint path=linear-vp field=network seed=0 model=net.safetensors");
    CHECK_THAT(command_of(tasks[0]), Catch::Contains("--set tableau=midpoint path=linear-vp seed=0"));
    CHECK(no_offer(*constants[0], std::vector<Wish>{{"path", "cosine"}}).value() == "it does not depend on path");
    // a wish that applies only where it can is nothing to the others
    CHECK(settings_of(plain_claim(), std::vector<Wish>{{"path", "cosine", true}}, Coverage::quick).size() == 1);
    CHECK_THROWS_AS(settings_of(plain_claim(), std::vector<Wish>{{"path", "cosine"}}, Coverage::quick), std::invalid_argument);
}

TEST_CASE("a claim offers what it lists") {
    const std::vector<Claim> all = all_claims();
    const Claim order = plain_claim();
    const auto& product = claim_named(all, "dflow-theorem-4-1");
    const auto offered = [](const Claim& claim, std::vector<Wish> wishes) { return offers(claim, wishes); };
    CHECK(offered(product, {{"field", "data-set"}}));
    CHECK_FALSE(offered(order, {{"field", "data-set"}}));
    CHECK_FALSE(offered(order, {{"path", "cosine"}}));
    CHECK(offered(order, {{"path", "cosine", true}}));
    CHECK(offered(order, {{"field", "linear"}, {"dim", "3"}}));
    CHECK_FALSE(offered(order, {{"field", "network"}}));
    CHECK(offered(product, {{"model", "net.safetensors"}, {"field", "network"}}));
}
