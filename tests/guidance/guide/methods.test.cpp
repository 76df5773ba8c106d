// Guidance methods as values: spellings, refusals, what they cost, and that float and double are one method.
#include "nn/network.hpp"
#include "tests/guidance/guide/guided.hpp"
#include "tests/guidance/mixtures.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

using namespace costate;
using namespace costate::testing;
using Catch::Contains;

namespace {

const std::vector<std::string> local_methods{"greedy", "dps", "pigdm", "ot-ode", "red-diff", "pnp-flow", "flowchef", "flow-priors"};

template <class T>
FlowModel<T> moons() {
    const nn::Network network = nn::load_network(std::filesystem::path(COSTATE_SOURCE_DIR) / "models/moons.safetensors");
    return FlowModel<T>(network, find_path(network.description.path));
}

template <class T>
Objective<T> first_coordinate() {
    return objective_of(dense_measurement<T>(1, 2, {1, 0}, {0.5}, 0.05));
}

template <class T>
Objective<T> reference() {
    return Objective<T>({Reference<T>{{T(0.5), T(0.25)}}});
}

}  // namespace

TEST_CASE("a method is found by its spelling, and spelt by what differs from its default") {
    CHECK(find_guidance_method("dps").spelling() == "dps");
    CHECK(find_guidance_method("dps:zeta=0.5:steps=20").spelling() == "dps:steps=20:zeta=0.5");
    CHECK(find_guidance_method("greedy:ahead=midpoint:inner=2").spelling() == "greedy:inner=2:ahead=midpoint");
    CHECK(find_guidance_method("greedy:ahead=denoiser").spelling() == "greedy");
    CHECK(find_guidance_method("dps").with("zeta", 2).spelling() == "dps:zeta=2");
    std::set<std::string> names;
    for (const GuidanceMethod& method : guidance_methods()) {
        INFO(method.name());
        CHECK(names.emplace(method.name()).second);
        CHECK(find_guidance_method(method.name()).spelling() == method.name());
        CHECK_FALSE((method.meaning().empty() || method.source().empty()));
        std::size_t tuned = 0;
        for (const ParameterValue& p : method.parameters()) {
            CHECK_FALSE(p.meaning.empty());
            CHECK(std::is_sorted(p.grid.begin(), p.grid.end()));
            tuned += p.grid.empty() ? 0 : 1;
            for (const double value : p.grid) CHECK(find_guidance_method(method.with(p.name, value).spelling()).spelling() == method.with(p.name, value).spelling());
        }
        CHECK(tuned <= 2);
    }
    for (const std::string& name : local_methods) CHECK(names.contains(name));
}

TEST_CASE("what is no spelling is refused in a sentence that says what there is") {
    const auto refused = [](const char* spelling, const char* with) {
        INFO(spelling);
        CHECK_THROWS_WITH(find_guidance_method(spelling), Contains(with));
    };
    refused("dsp", "there is no guidance method 'dsp'; there are unconditional, greedy, d-flow");
    refused("", "there is no guidance method ''");
    refused("dps:", "after a colon comes parameter=value");
    refused("dps:zeta", "dps has steps, zeta");
    refused("dps:eta=1", "it has no parameter 'eta'; it has steps, zeta");
    refused("dps:zeta=", "zeta is a number, and '' is none");
    refused("dps:zeta=1e", "zeta is a number, and '1e' is none");
    refused("dps:zeta=nan", "give a number that is not negative");
    refused("dps:zeta=-1", "give a number that is not negative");
    refused("dps:steps=0", "give a whole number from 1");
    refused("dps:steps=2.5", "give a whole number from 1");
    refused("dps:steps=1e12", "dps: steps = 1000000000000; give a whole number from 1 to 1000000");
    refused("greedy:ahead=heun", "ahead is one of denoiser, euler, midpoint, rk4, not 'heun'");
    refused("greedy:horizon=0", "give a whole number from 1");
    CHECK_THROWS_WITH(find_guidance_method("greedy").with("ahead", 4), Contains("ahead is one of"));
    CHECK_NOTHROW(find_guidance_method("dps:zeta=0"));
}

TEST_CASE("what counts something is a whole number that can be counted to, and a share is at most 1") {
    const auto refused = [](const std::string& spelling, const char* with) {
        INFO(spelling);
        CHECK_THROWS_WITH(find_guidance_method(spelling), Contains(with));
    };
    const std::set<std::string> counts{"steps", "outer", "inner", "iterations", "horizon", "noises", "pieces", "memory", "restarts"};
    std::size_t seen = 0;
    for (const GuidanceMethod& method : guidance_methods())
        for (const ParameterValue& p : method.parameters()) {
            if (!counts.contains(p.name)) continue;
            const bool small = p.name == "memory" || p.name == "restarts";
            const std::string name = std::string(method.name()) + ":" + p.name + "=";
            for (const char* value : {"2.5", "-1", "1e300", "1e30", "inf", small ? "1001" : "1000001", small ? "0.5" : "0"})
                refused(name + value, small ? "give a whole number from 0 to 1000" : "give a whole number from 1 to 1000000");
            for (const char* value : {"1", "3", small ? "1000" : "1000000", small ? "0" : "1"}) CHECK_NOTHROW(find_guidance_method(name + value));
            ++seen;
        }
    CHECK(seen >= 28);
    refused("d-flow:blend=1.5", "d-flow: blend = 1.5; give a number from 0 to 1");
    refused("end-to-end:momentum=1", "end-to-end: momentum = 1; give a number from 0 to 0.99999");
    refused("red-diff:decay=1", "red-diff: decay = 1; give a number from 0 to 0.99999");
    refused("red-diff:decay-square=2", "red-diff: decay-square = 2; give a number from 0 to 0.99999");
    for (const char* taken : {"d-flow:blend=1", "end-to-end:momentum=0.99999", "red-diff:decay=0:decay-square=0.999"}) CHECK_NOTHROW(find_guidance_method(taken));
}

TEST_CASE("methods for a linear measurement refuse another objective, the others take it") {
    FlowModel<double> model = moons<double>();
    Objective<double> measured = first_coordinate<double>(), other = reference<double>();
    std::vector<Objective<double>::Term> terms{Reference<double>{{0.5, 0.25}}, dense_measurement(1, 2, {1, 0}, {0.5})};
    Objective<double> both(terms);
    const std::set<std::string> linear{"pigdm", "ot-ode", "flow-priors"};
    for (const std::string& name : local_methods) {
        INFO(name);
        const GuidanceMethod method = find_guidance_method(name);
        CHECK_FALSE(method.refuses(measured, model));
        for (Objective<double>* objective : {&other, &both}) {
            const auto why = method.refuses(*objective, model);
            CHECK(why.has_value() == linear.contains(name));
            if (why) {
                CHECK_THAT(*why, Catch::StartsWith("it is made for one linear measurement"));  // whoever asked knows the name
                CHECK_THROWS_WITH(guided(name, model, *objective, 1), Catch::Equals(name + ": " + *why));
            } else {
                CHECK(guided(name + ":steps=5", model, *objective, 1).x.size() == 2);
            }
        }
    }
    const auto late = find_guidance_method("ot-ode:start=1").refuses(measured, model);
    CHECK_THAT(*late, Catch::StartsWith("it would begin") && Contains("give a start below it"));
    CHECK_THROWS_WITH(guided("ot-ode:start=1", model, measured, 1), Catch::Equals("ot-ode: " + *late));
    CHECK_FALSE(find_guidance_method("ot-ode:start=0").refuses(measured, model));
}

TEST_CASE("pnp-flow, flowchef and red-diff call no vjp of the network, and every method what it says") {
    FlowModel<double> model = moons<double>();
    Objective<double> loss = first_coordinate<double>();
    const auto calls = [&](const char* method) {
        model.reset_cost();
        const auto result = guided(method, model, loss, 1);
        CHECK(result.peak_bytes > 0);
        CHECK(model.cost().jvps == 0);
        return std::pair(model.cost().evaluations, model.cost().vjps);
    };
    using Calls = std::pair<std::size_t, std::size_t>;
    CHECK(calls("pnp-flow:steps=10:noises=3") == Calls(30, 0));
    CHECK(calls("flowchef:steps=10") == Calls(10, 0));
    CHECK(calls("red-diff:steps=10") == Calls(10, 0));
    CHECK(calls("dps:steps=10") == Calls(10, 10));
    CHECK(calls("pigdm:steps=10") == Calls(10, 10));
    CHECK(calls("ot-ode:steps=10") == Calls(8, 8));
    CHECK(calls("greedy:steps=10:inner=2") == Calls(30, 20));
    CHECK(calls("flow-priors:steps=10:inner=2") == Calls(70, 60));
}

TEST_CASE("float and double are one method; the steps that are asked for replace the method's; states are kept where wanted") {
    FlowModel<double> model = moons<double>();
    FlowModel<float> narrow = moons<float>();
    Objective<double> loss = first_coordinate<double>();
    Objective<float> narrow_loss = first_coordinate<float>();
    for (const std::string& name : local_methods) {
        INFO(name);
        GuidanceOptions options;
        options.steps = 8;
        options.keep_trajectory = true;
        const auto result = guided(name, model, loss, 4, options);
        CHECK(result.trajectory.size() == (name == "ot-ode" ? 7u : 9u));
        CHECK(result.trajectory.back() == result.x);
        CHECK(result.trajectory.front() != result.x);
        CHECK(largest_gap(guided(name, narrow, narrow_loss, 4, options).x, result.x) < 2e-3);
        options.keep_trajectory = false;
        const auto again = guided(name, model, loss, 4, options);
        CHECK((again.x == result.x && again.trajectory.empty()));
        CHECK(guided(name, model, loss, 5, options).x != result.x);
        options.steps = 9;
        CHECK(guided(name, model, loss, 4, options).x != result.x);
    }
}

TEST_CASE("a velocity network serves on every path: it begins where x1hat is determined") {
    const nn::Network network = nn::load_network(std::filesystem::path(COSTATE_SOURCE_DIR) / "models/moons.safetensors");
    for (const AnyPath& path : paths()) {
        const std::string at = name_of(path);
        INFO(at);
        FlowModel<double> model(network, path);
        CHECK(model.t0() == (at == "polynomial" || at == "edm" ? 0.05 : 0.0));
        Objective<double> loss = first_coordinate<double>();
        for (const std::string& name : local_methods) {
            INFO(name);
            for (const double value : guided(name + ":steps=4", model, loss, 2).x) CHECK(std::isfinite(value));
        }
    }
}

TEST_CASE("flow-priors begins where the velocity says what the noise is, on exact models too") {
    for (const AnyPath& path : paths()) {
        const std::string at = name_of(path);
        INFO(at);
        FlowModel<double> model(mixture_in<double>(gmm2(), path));
        Objective<double> loss = first_coordinate<double>();
        GuidanceOptions options;
        options.keep_trajectory = true;
        const auto result = guided("flow-priors:steps=4", model, loss, 2, options);
        for (const double value : result.x) CHECK(std::isfinite(value));
        // sqrt(alpha^2 + sigma^2) z at that time
        const double begin = at == "polynomial" || at == "edm" ? 0.05 : static_cast<double>(model.t0());
        const PathPoint<double> p = guidance::at<double>(path, begin);
        Vector z = normals(2, Draw::start, 0, 2);
        for (double& value : z) value *= std::sqrt(p.alpha * p.alpha + p.sigma2);
        CHECK(largest_gap(result.trajectory.front(), z) < 1e-15);
        // and the others go on beginning where the path does
        CHECK(guided("dps:steps=4", model, loss, 2, options).trajectory.front() == GuidanceProblem<double>{model, loss, NormalSource(2)}.start());
    }
}

TEST_CASE("all that marches counts its state and its vectors among the bytes") {
    FlowModel<double> model(mixture_in<double>(gmm2(), CondOt{}));
    Objective<double> loss = first_coordinate<double>();
    constexpr std::size_t vector = 2 * sizeof(double);
    const auto bytes = [&](const char* method) { return guided(method, model, loss, 1).peak_bytes; };
    CHECK(bytes("unconditional") == 2 * vector);
    CHECK(bytes("flowchef:steps=3") == 3 * vector);
    CHECK(bytes("pnp-flow:steps=3") == 4 * vector);
    CHECK(bytes("red-diff:steps=3") == 6 * vector);
    CHECK(bytes("dps:steps=3") == 5 * vector);  // a record is where it was
    CHECK(bytes("greedy:steps=3") == 5 * vector);
    CHECK(bytes("greedy:steps=3:ahead=euler:horizon=4") >= 6 * vector + 4 * vector);
}

TEST_CASE("a model that is watched ends a method within one solve") {
    FlowModel<double> model(mixture_in<double>(gmm2(), CondOt{}));
    Objective<double> loss = first_coordinate<double>();
    for (const char* method : {"greedy:steps=1:ahead=euler:horizon=500", "d-flow:steps=500", "flowgrad:steps=500", "unconditional:steps=500", "flowchef:steps=500"}) {
        INFO(method);
        std::size_t asked = 0;
        model.watch([&] {
            if (++asked == 100) throw GuidanceStopped{};
        });
        model.reset_cost();
        CHECK_THROWS_AS(guided(method, model, loss, 1), GuidanceStopped);
        CHECK((asked == 100 && model.cost().evaluations + model.cost().vjps == 99));
        // its copies ask as well
        FlowModel<double> copy = model;
        asked = 0;
        CHECK_THROWS_AS(guided(method, copy, loss, 1), GuidanceStopped);
        model.watch({});
        CHECK_NOTHROW(guided(std::string(method).substr(0, 6) == "d-flow" ? "d-flow" : method, model, loss, 1));
        CHECK(asked == 100);
    }
    // the method's own watch is not asked in the middle of a solve
    std::size_t calls = 0;
    const NormalSource random(1);
    GuidanceProblem<double> problem{model, loss, random, {}, [&](double) { ++calls; }};
    find_guidance_method("greedy:steps=1:ahead=euler:horizon=500")(problem);
    CHECK(calls == 1);
}

TEST_CASE("a watch that throws ends a method where it is") {
    FlowModel<double> model = moons<double>();
    Objective<double> loss = first_coordinate<double>();
    const NormalSource random(1);
    for (const std::string& name : local_methods) {
        INFO(name);
        std::size_t calls = 0;
        GuidanceProblem<double> problem{model, loss, random, {}, [&](double part) {
                                            CHECK((part >= 0 && part < 1));
                                            if (++calls == 3) throw GuidanceStopped{};
                                        }};
        CHECK_THROWS_AS(find_guidance_method(name)(problem), GuidanceStopped);
        CHECK(calls == 3);
    }
}
