// The claims of Greed is Good: verdicts, controls, predictions that move with the setting, and figures that come from elsewhere.
#include "claims/greed/list.hpp"
#include "claims/report/mathematics.hpp"
#include "claims/subjects.hpp"
#include "claims/verify.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

using namespace costate;
using namespace costate::claims;

namespace {

Setting with(const Claim& claim, std::string_view key, std::string_view value) {
    Setting setting = default_setting(claim.axes);
    setting.set(key, value);
    return setting;
}

const Reading& reading_of(const Claim& claim, std::string_view name) {
    return *std::find_if(claim.readings.begin(), claim.readings.end(), [&](const Reading& r) { return r.name == name; });
}

const Finding& finding_of(const Evidence& evidence, std::string_view name) {
    const auto found =
        std::find_if(evidence.findings.begin(), evidence.findings.end(), [&](const Finding& f) { return f.name == name; });
    REQUIRE(found != evidence.findings.end());
    return *found;
}

// The findings and hypotheses of which the control says otherwise.
std::set<std::string> turned_by(const Evidence& own, const Evidence& controlled) {
    std::set<std::string> names;
    const auto differs = [](const auto& list, auto&& text, const std::string& name, bool holds) {
        return std::any_of(list.begin(), list.end(), [&](const auto& item) { return text(item) == name && item.holds != holds; });
    };
    for (const Finding& f : own.findings)
        if (differs(
                controlled.findings, [](const Finding& g) { return g.name; }, f.name, f.holds))
            names.insert(f.name);
    for (const Hypothesis& h : own.hypotheses)
        if (differs(
                controlled.hypotheses, [](const Hypothesis& g) { return g.text; }, h.text, h.holds))
            names.insert(h.text);
    return names;
}

// Whether the report can typeset them.
void check_texts(const Reading& reading, const Setting& setting, const Evidence& evidence) {
    for (const std::string& text : {reading.statement, reading.remark, reading.control.broken.in(setting)}) CHECK_NOTHROW(to_mathml(text));
    for (const Hypothesis& h : evidence.hypotheses) CHECK_NOTHROW(to_mathml(h.text + " " + h.found));
    for (const Finding& f : evidence.findings) CHECK_NOTHROW(to_mathml(f.predicted + " " + f.measured + " " + f.uncertainty));
}

void check(const Claim& claim, const Setting& setting) {
    CHECK_NOTHROW(to_mathml(claim.explanation));
    for (const Reading& reading : claim.readings) {
        INFO(claim.id << ", " << reading.name << ", " << text_of(setting, claim.axes));
        const Evidence own = reading.run(setting), controlled = reading.control.run(setting);
        for (const Finding& f : own.findings)
            UNSCOPED_INFO(f.name << ": predicted " << f.predicted << ", measured " << f.measured);
        for (const Hypothesis& h : own.hypotheses) UNSCOPED_INFO(h.text << ": " << h.found);
        CHECK(own.holds() == reading.expected(setting));
        CHECK(own.accompanied());
        CHECK_FALSE(own.hypotheses.empty());
        CHECK_FALSE(controlled.holds() == own.holds());
        CHECK(noticed(reading.control, own, controlled));
        CHECK_FALSE(own.figures.empty());
        check_texts(reading, setting, own);
    }
}

// A seed for which the one-dimensional Gaussian has this variance, l² + 1/8.
Setting one_dimension(const Claim& claim, std::string_view path, const Rational& l) {
    Setting setting = with(claim, "path", path);
    setting.field = "gaussian";
    setting.dim = 1;
    while (rational_numbers(setting.seed, 91, 1)[0] != l) ++setting.seed;
    return setting;
}

}  // namespace

TEST_CASE("every reading comes out as expected and every control is noticed") {
    for (const Claim& claim : greed()) check(claim, default_setting(claim.axes));
}

TEST_CASE("the same on paths that end otherwise") {
    for (const char* path : {"ve", "linear-vp", "edm"})
        for (const Claim& claim : greed()) check(claim, with(claim, "path", path));
}

TEST_CASE("ten dimensions and data sets") {
    for (const Claim& claim : greed()) {
        if (claim.id != "greed-theorem-4" && claim.id != "greed-corollary-4-1" && claim.id != "control-signal") continue;
        Setting setting = with(claim, "field", "data-set");
        setting.seed = 3;
        for (const char* path : {"linear-vp", "ve"}) {  // the shortest time over which the field changes, and the longest
            setting.set("path", path);
            check(claim, setting);
        }
        setting.dim = 10;
        check(claim, setting);
        setting.field = "mixture";
        check(claim, setting);
    }
}

TEST_CASE("every control turns what it names and what says the same, and nothing else") {
    const std::string ends = "$\\sigma_1 = 0$ and $\\alpha_1 = 1$";
    const std::string linear = "$\\sigma_t = O(1 - t)$",
                      sequence = "a sequence of states converges: $\\hat{x}_1(t, x^{(n)}) \\to x_1^*$";
    const std::set<std::string> order_lost{"valuation", "coefficient", "order", "constant"};
    const std::map<std::string, std::set<std::string>> turned{
        {"greed-exact-solution precise", {"integral"}},
        {"greed-theorem-1-1 printed", {"gradient", "end", ends}},
        {"greed-theorem-1-1 precise", {"decay"}},
        {"greed-theorem-1-2 printed", {"gradient"}},
        {"greed-theorem-1-2 precise", {"backward step"}},
        {"greed-proposition-2 printed", {"variation"}},
        {"greed-proposition-2 precise", {"variation"}},
        {"greed-theorem-3 printed", {"order", linear}},
        {"greed-theorem-3 precise", {"order in h", "constant in h", "order in r", "constant in r", sequence}},
        {"greed-theorem-4 precise", order_lost},
        {"greed-corollary-4-1 precise", order_lost},
        {"control-signal precise", {"discrete"}},
        {"greed-flow-model precise", {"conversions"}},
        {"horizon precise", {"order", "constant"}}};
    for (const Claim& claim : greed())
        for (const Reading& reading : claim.readings) {
            const auto wanted = turned.find(claim.id + " " + reading.name);
            INFO(claim.id << ", " << reading.name);
            REQUIRE(wanted != turned.end());
            const Setting setting = default_setting(claim.axes);
            CHECK(turned_by(reading.run(setting), reading.control.run(setting)) == wanted->second);
            CHECK(wanted->second.contains(reading.control.noticed_by));
        }
}

TEST_CASE("without settings every printed statement is shown as not holding, with what it misses") {
    const std::vector<Claim> claims = greed();
    std::vector<const Claim*> all;
    for (const Claim& claim : claims) all.push_back(&claim);
    const std::map<std::string, std::string> size{
        {"greed-theorem-1-1", "gap"}, {"greed-theorem-1-2", "gap"}, {"greed-proposition-2", "gap"}, {"greed-theorem-3", "floor"}};
    std::set<std::string> seen;
    for (const VerifyTask& task : verify_tasks(all, {}, Coverage::quick)) {
        if (task.reading->name != "printed") continue;
        INFO(task.claim->id);
        CHECK_FALSE(task.reading->expected(task.setting));
        const Evidence evidence = task.reading->run(task.setting);
        CHECK_FALSE(evidence.holds());
        const Finding& missed = finding_of(evidence, size.at(task.claim->id));
        CHECK(missed.holds);
        CHECK_FALSE(missed.decides);
        seen.insert(task.claim->id);
    }
    CHECK(seen.size() == size.size());
}

TEST_CASE("a control says what is broken in its setting, and no other case") {
    const Claim step = single_step_gradients(), order = greedy_convergence();
    const auto told = [](const Claim& claim, std::string_view reading, std::string_view key, std::string_view value) {
        return reading_of(claim, reading).control.broken.in(with(claim, key, value));
    };
    CHECK(told(step, "precise", "tableau", "euler").find("the only weight") != std::string::npos);
    CHECK(told(step, "precise", "tableau", "rk4").find("from stage 4 to stage 1") != std::string::npos);
    CHECK(told(order, "printed", "path", "cosine").find("linear-vp") != std::string::npos);
    CHECK(told(order, "printed", "path", "ve").find("cond-ot") != std::string::npos);
}

TEST_CASE("identities are proved in exact arithmetic where the field is rational") {
    for (const Claim& claim : {greedy_is_explicit_euler(), greedy_is_implicit_euler()})
        for (const char* path : {"cond-ot", "polynomial", "linear-vp"}) {
            const Setting setting = with(claim, "path", path);
            CHECK(
                finding_of(reading_of(claim, "precise").run(setting), claim.id == "greed-theorem-1-1" ? "Jacobian" : "gradient")
                    .proof == Proof::exact);
        }
    const Claim claim = single_step_gradients();
    CHECK(finding_of(claim.readings[0].run(default_setting(claim.axes)), "coefficient").proof == Proof::coefficient);
}

TEST_CASE("what is predicted follows the tableau and the path") {
    const Claim step = single_step_gradients();
    const auto order = [&](const char* tableau) {
        return finding_of(step.readings[0].run(with(step, "tableau", tableau)), "order").predicted;
    };
    CHECK(order("euler") == "2");
    CHECK(order("kutta3") == "4");

    const Claim convergence = greedy_convergence();
    const auto in_h = [&](const char* path) {
        return finding_of(reading_of(convergence, "precise").run(with(convergence, "path", path)), "order in h").predicted;
    };
    CHECK(in_h("cosine") == "2");
    CHECK(in_h("vp") == "1");
    CHECK(in_h("ve") == "0: a floor");
}

TEST_CASE("what is predicted follows the coefficients, not the names") {
    // a path of the same kind: σ² = (1 - tⁿ)² = n² h² + …, so the constant in h goes with n² and the one in r stays
    const Claim convergence = greedy_convergence();
    const auto constants = [&](const char* path) {
        const Evidence evidence = reading_of(convergence, "precise").run(with(convergence, "path", path));
        return std::pair{std::stod(finding_of(evidence, "constant in h").predicted),
                         std::stod(finding_of(evidence, "constant in r").predicted)};
    };
    const auto two = constants("polynomial:2"), three = constants("polynomial:3");
    CHECK(three.first / two.first == Approx(9.0 / 4).epsilon(1e-6));
    CHECK(three.second == two.second);

    // σ₁ of a path that stops short of the data: the floor's constant is of the curvature, the step in r ends elsewhere
    Setting near = with(convergence, "path", "ve"), far = near;
    near.path = guidance::Ve{ratio(10), ratio(1, 1000)};
    far.path = guidance::Ve{ratio(10), ratio(1, 10)};
    const Reading& precise = reading_of(convergence, "precise");
    const Evidence at_near = precise.run(near), at_far = precise.run(far);
    CHECK(at_near.holds());
    CHECK(at_far.holds());
    CHECK(finding_of(at_near, "floor").predicted == finding_of(at_far, "floor").predicted);
    CHECK(finding_of(at_near, "constant in r").predicted != finding_of(at_far, "constant in r").predicted);

    // Heun's method and the midpoint rule are one family of order 2, b₂ = 1/(2c₂); with another b₂ the order is 1
    const auto rule = [](const Rational& c, const Rational& b) {
        return ode::Tableau{"two stages", {ratio(0), c}, {ratio(0), ratio(0), c, ratio(0)}, {Rational(1 - b), b}};
    };
    for (const Claim& claim : {single_step_gradients(), posterior_of_order_alpha()}) {
        INFO(claim.id);
        const auto predicted = [&](const ode::Tableau& tableau) {
            Setting setting = default_setting(claim.axes);
            setting.tableau = tableau;
            const Evidence evidence = claim.readings[0].run(setting);
            CHECK(evidence.holds());
            return std::pair{finding_of(evidence, "order").predicted, std::stod(finding_of(evidence, "constant").predicted)};
        };
        const auto first = predicted(rule(ratio(1, 2), ratio(1))), second = predicted(rule(ratio(3, 4), ratio(2, 3))),
                   spoilt = predicted(rule(ratio(3, 4), ratio(1, 2)));
        CHECK(first.first == "3");
        CHECK(second.first == "3");
        CHECK(spoilt.first == "2");
        CHECK(first.second != second.second);
        // another path: the same method, another field
        Setting on_path = with(claim, "field", "gaussian");
        on_path.path = guidance::find_path("polynomial:2");
        const Evidence slow = claim.readings[0].run(on_path);
        on_path.path = guidance::find_path("polynomial:3");
        const Evidence fast = claim.readings[0].run(on_path);
        CHECK(slow.holds());
        CHECK(fast.holds());
        CHECK(finding_of(slow, "coefficient").predicted != finding_of(fast, "coefficient").predicted);
    }
}

TEST_CASE("figures of the formula sheet") {
    // Jacobian of the step against the greedy one: 1.7e-1, 1.7e-2, 1.7e-3, 1.7e-4 for σ₁ = 1e-1 … 1e-4;
    // it is σ₁ r_t/s² for one Gaussian
    const Claim euler = greedy_is_explicit_euler();
    const Setting setting = one_dimension(euler, "linear-vp", ratio(13, 16));
    const Curve decay = reading_of(euler, "precise").run(setting).figures[0].curves[0];
    double power = 1;
    for (std::size_t k = 0; k < 4; ++k) {
        power /= 10;
        CHECK(std::round(decay.measured[k] / power * 10) == 17);
    }

    // vp: the order in h is not yet 1 at h = 2⁻¹², but 1.02
    const Claim convergence = greedy_convergence();
    const Curve vp = reading_of(convergence, "printed").run(with(convergence, "path", "vp")).figures[0].curves[0];
    REQUIRE(vp.x[2] == 0x1p-12);
    CHECK(std::log2(vp.measured[2] / vp.measured[3]) == Approx(1.02).margin(0.005));

    // one Gaussian in one dimension: |x - m| r²/(2s²), and on ve a floor of |x - m| r₁²/s²
    const Setting flat = one_dimension(convergence, "cond-ot", ratio(1, 2)),
                  floor = one_dimension(convergence, "ve", ratio(1, 2));
    const double s2 = 0.25 + 0.125, distance = std::abs(ScalarTraits<Rational>::to_double(Rational(
                                        rational_numbers(flat.seed, 3, 1)[0] - rational_numbers(flat.seed, 90, 1)[0])));
    const Curve in_r = reading_of(convergence, "precise").run(flat).figures.back().curves[0];
    CHECK(in_r.measured.back() / (in_r.x.back() * in_r.x.back()) == Approx(distance / (2 * s2)).epsilon(1e-5));
    const Curve at_end = reading_of(convergence, "precise").run(floor).figures.front().curves[0];
    CHECK(at_end.measured.back() / (at_end.x.back() * at_end.x.back()) == Approx(distance / s2).epsilon(1e-5));
}

TEST_CASE("two steps of Euler halve the constant in the rationals") {
    const Claim claim = posterior_of_order_alpha();
    const Evidence evidence = claim.readings[0].run(with(claim, "field", "polynomial"));
    CHECK(finding_of(evidence, "two steps of Euler").proof == Proof::coefficient);
    CHECK(finding_of(evidence, "two steps of Euler").holds);
}

TEST_CASE("a network of the user's own") {
    const std::set<std::string> quick{"greed-exact-solution", "greed-theorem-1-1", "greed-theorem-1-2"};  // the others: tests/cli, on a small network
    for (const Claim& claim : greed()) {
        if (!quick.contains(claim.id)) continue;
        Setting setting = default_setting(claim.axes);
        setting.set("model", std::string(COSTATE_SOURCE_DIR) + "/models/moons.safetensors");
        check(claim, setting);
    }
}
