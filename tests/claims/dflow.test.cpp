// The claims of D-Flow and of AdjointDEIS-1 come out as expected, their controls turn what they name, and their predictions follow
// the path and the field. Goldens: MATH.md section 5, computed with mpmath, and closed forms.
#include "claims/dflow/commutators.hpp"
#include "claims/dflow/hutchinson.hpp"
#include "claims/dflow/list.hpp"
#include "claims/dflow/trajectory.hpp"
#include "claims/report/mathematics.hpp"
#include "claims/subjects.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

using namespace costate;
using namespace costate::claims;

namespace {

using Wishes = std::map<std::string, std::string>;

const Claim& claim_of(const std::string& id) {
    static const std::vector<Claim> all = dflow();
    const auto at = std::find_if(all.begin(), all.end(), [&](const Claim& claim) { return claim.id == id; });
    REQUIRE(at != all.end());
    return *at;
}

Setting setting_of(const Claim& claim, const Wishes& wishes) {
    Setting setting = default_setting(claim.axes);
    for (const auto& [key, value] : wishes) setting.set(key, value);
    return setting;
}

const Finding& finding(const Evidence& evidence, const std::string& name) {
    const auto at = std::find_if(evidence.findings.begin(), evidence.findings.end(), [&](const Finding& f) { return f.name == name; });
    REQUIRE(at != evidence.findings.end());
    return *at;
}

std::set<std::string> verdicts_that_differ(const Evidence& a, const Evidence& b) {
    std::set<std::string> names;
    for (const Finding& f : a.findings)
        if (std::any_of(b.findings.begin(), b.findings.end(), [&](const Finding& g) { return g.name == f.name && g.holds != f.holds; }))
            names.insert(f.name);
    return names;
}

void check_texts(const Evidence& evidence) {
    const auto check = [](const std::string& text) {
        INFO(text);
        CHECK_NOTHROW(to_mathml(text));
    };
    check(evidence.subject);
    for (const Hypothesis& h : evidence.hypotheses) check(h.text + h.found);
    for (const Finding& f : evidence.findings) check(f.predicted + f.measured + f.uncertainty);
    for (const Figure& figure : evidence.figures) {
        check(figure.title + figure.x_label + figure.y_label);
        for (const Curve& curve : figure.curves) {
            check(curve.label);
            CHECK(curve.x.size() == curve.measured.size());
            CHECK((curve.predicted.empty() || curve.predicted.size() == curve.x.size()));
        }
    }
}

void check_verdicts(const std::string& id, const Wishes& wishes) {
    const Claim& claim = claim_of(id);
    const Setting setting = setting_of(claim, wishes);
    for (const Reading& reading : claim.readings) {
        INFO(id << ", " << reading.name << ", " << text_of(setting, claim.axes));
        const Evidence own = reading.run(setting), controlled = reading.control.run(setting);
        for (const Finding& f : own.findings) INFO(f.name << ": predicted " << f.predicted << ", measured " << f.measured);
        CHECK(own.holds() == reading.expected(setting));
        CHECK(own.accompanied());
        CHECK(noticed(reading.control, own, controlled));
        check_texts(own);
    }
}

double value(const Mpfr50& x) { return ScalarTraits<Mpfr50>::to_double(x); }

}  // namespace

TEST_CASE("every reading comes out as expected, and its control turns what it names and what says the same") {
    // The named finding, and those that are the same statement about another quantity.
    const std::map<std::string, std::set<std::string>> turned{
        {"dflow-theorem-4-1 printed", {"formula", "literal formula", "symmetry"}},
        {"dflow-theorem-4-1 precise", {"ordered product"}},
        {"dflow-variation printed", {"gradient", "variation"}},
        {"dflow-variation precise", {"variation"}},
        {"dflow-likelihood precise", {"density"}},
        {"dflow-regulariser printed", {"gradient", "descent"}},
        {"dflow-regulariser precise", {"minimum", "gradient", "descent"}},
        {"adjointdeis-1 printed", {"one step"}},
        {"adjointdeis-1 precise", {"ratio", "one step", "gap over one step", "common limit"}}};
    for (const Claim& claim : dflow()) {
        CHECK_NOTHROW(to_mathml(claim.title + claim.explanation));
        for (const Reading& reading : claim.readings) {
            INFO(claim.id << " " << reading.name);
            const Setting setting = default_setting(claim.axes);
            const Evidence own = reading.run(setting), controlled = reading.control.run(setting);
            CHECK(own.holds() == reading.expected(setting));
            CHECK(own.holds() == (reading.name == "precise"));
            CHECK(own.accompanied());
            CHECK_FALSE(own.figures.empty());
            CHECK(noticed(reading.control, own, controlled));
            CHECK(verdicts_that_differ(own, controlled) == turned.at(claim.id + " " + reading.name));
            for (const std::string& text : {reading.statement, reading.remark, reading.control.broken.in(setting)}) CHECK_NOTHROW(to_mathml(text));
            check_texts(own);
        }
    }
}

TEST_CASE("print holds where the matrices commute") {
    check_verdicts("dflow-theorem-4-1", {{"dim", "1"}, {"path", "cosine"}});
    check_verdicts("dflow-theorem-4-1", {{"field", "gaussian"}, {"path", "vp"}});
    check_verdicts("dflow-theorem-4-1", {{"field", "mixture-commuting"}, {"path", "ve"}, {"dim", "3"}, {"seed", "5"}});
    check_verdicts("dflow-variation", {{"field", "gaussian"}, {"path", "linear-vp"}, {"dim", "3"}});
    check_verdicts("dflow-variation", {{"field", "polynomial"}, {"dim", "1"}, {"seed", "3"}});
    check_verdicts("adjointdeis-1", {{"field", "linear"}, {"path", "ve"}});
}

TEST_CASE("verdicts in other settings") {
    check_verdicts("dflow-theorem-4-1", {{"path", "edm"}, {"seed", "1"}});
    check_verdicts("dflow-theorem-4-1", {{"path", "linear-vp"}, {"field", "data-set"}});
    check_verdicts("dflow-theorem-4-1", {{"path", "cosine"}, {"field", "mixture-isotropic"}, {"dim", "10"}});
    check_verdicts("dflow-variation", {{"field", "polynomial"}, {"dim", "3"}});
    check_verdicts("dflow-variation", {{"field", "mixture-commuting"}, {"path", "edm"}, {"dim", "10"}});
    check_verdicts("dflow-likelihood", {{"field", "data-set"}, {"path", "vp"}, {"dim", "3"}});
    check_verdicts("dflow-likelihood", {{"field", "gaussian"}, {"path", "ve"}, {"dim", "1"}});
    for (const char* dim : {"1", "3", "10"}) check_verdicts("dflow-regulariser", {{"dim", dim}, {"seed", "2"}});
    check_verdicts("adjointdeis-1", {{"path", "linear-vp"}, {"dim", "3"}, {"seed", "4"}});
    check_verdicts("adjointdeis-1", {{"path", "vp"}, {"dim", "1"}});
}

TEST_CASE("the exported two moons network") {
    const Wishes moons{{"model", COSTATE_SOURCE_DIR "/models/moons.safetensors"}};
    check_verdicts("dflow-variation", moons);
    check_verdicts("adjointdeis-1", moons);
}

TEST_CASE("the flow of three Gaussians in the plane from (1/2, 1/2)") {
    Setting setting;
    setting.set("field", "mixture");
    const Trajectory way = follow(fields_of(setting), 0, 1, numbers_in<Mpfr50>(start_of(setting, 2)));
    const Matrix printed = exponential(way.M);
    const std::vector<double> x1{1.15849779912024, 0.78608918322057},
        D{0.39212182831954, 0.16703171386474, 0.39039287848144, 0.96677689555373},
        ordinary{0.39837899665738, 0.25807453099728, 0.25807453099728, 0.95509250997230};
    for (std::size_t i = 0; i < 2; ++i) CHECK(std::abs(value(way.x1[i]) - x1[i]) < 1e-14);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(std::abs(value(way.D.values()[i]) - D[i]) < 1e-14);
        CHECK(std::abs(value(printed.values()[i]) - ordinary[i]) < 1e-14);
    }
    CHECK(std::abs(value(Mpfr50(size(way.D - printed) / size(way.D))) - 0.143) < 5e-4);
    CHECK(std::abs(value(Mpfr50(size(way.D - way.D.transpose()) / size(way.D))) - 0.28) < 5e-3);
}

TEST_CASE("what print misses is predicted before D is known") {
    const Claim& claim = claim_of("dflow-theorem-4-1");
    const Evidence printed = claim.readings.front().run(default_setting(claim.axes));
    CHECK(finding(printed, "gap").predicted.find("14.31 %") != std::string::npos);
    CHECK(finding(printed, "gap").measured == "14.31 %");
    CHECK(finding(printed, "asymmetry").predicted.find("28.04 %") != std::string::npos);
    CHECK(finding(printed, "asymmetry").measured == "28.04 %");

    // the prediction knows G only: with another D beside the same G it says what it said, and is seen not to fit
    Setting setting = default_setting(claim.axes);
    Trajectory way = follow(fields_of(setting), 0, 1, numbers_in<Mpfr50>(start_of(setting, 2)));
    const FromCommutators predicted = from_commutators(way);
    CHECK(predicted.error < 1e-6);
    CHECK(value(relative(way.D, predicted.D)) < 1e-6);
    way.D = way.D * (Matrix::identity(2) + Matrix(2, 2, {0, Mpfr50(1) / 1000, 0, 0}));
    Evidence off;
    predicted_gaps(way, false, off);
    CHECK(finding(off, "gap").predicted == finding(printed, "gap").predicted);
    CHECK_FALSE(finding(off, "gap").holds);
    CHECK_FALSE(finding(off, "asymmetry").holds);
}

TEST_CASE("Gaussian probes: mean and variance, and probes that are too long are noticed") {
    for (const char* dim : {"2", "10"})
        for (const std::uint64_t seed : {0, 1, 2}) {
            INFO(dim << ", " << seed);
            Setting setting;
            setting.set("field", "mixture");
            setting.set("dim", dim);
            setting.seed = seed;
            const Trajectory way =
                follow(fields_of(setting), 0, Mpfr50(1) / 4, numbers_in<Mpfr50>(start_of(setting, setting.dim)));
            Evidence right, longer;
            hutchinson_sample(setting, way.pieces.front().nodes[3], right);
            hutchinson_sample(setting, way.pieces.front().nodes[3], longer, 1.5);
            for (const Finding& f : right.findings) {
                INFO(f.name << ": predicted " << f.predicted << ", measured " << f.measured << " " << f.uncertainty);
                CHECK(f.proof == Proof::statistics);
                CHECK(f.holds);
                CHECK_FALSE(finding(longer, f.name).holds);
            }
        }
}

TEST_CASE("a trajectory in two parts is the trajectory") {
    Setting setting;
    setting.set("field", "mixture");
    setting.set("path", "cosine");
    const Fields f = fields_of(setting);
    const std::vector<Mpfr50> x0 = numbers_in<Mpfr50>(start_of(setting, 2));
    const Trajectory whole = follow(f, 0, 1, x0), first = follow(f, 0, Mpfr50(1) / 3, x0),
                     both = joined(first, follow(f, Mpfr50(1) / 3, 1, first.x1));
    CHECK(value(size(whole.D - both.D)) < 1e-25);
    CHECK(value(size(whole.M - both.M)) < 1e-25);
    CHECK(value(size(both.jacobian(Mpfr50(2) / 3) - whole.jacobian(Mpfr50(2) / 3))) < 1e-11);
    CHECK(value(size(first.D - both.D)) > 0.1);
}

TEST_CASE("exponential, determinant and linear system against closed forms") {
    const Matrix turn(2, 2, {0, -3, 3, 0}), e = exponential(turn);
    CHECK(value(size(e - Matrix(2, 2, {cos(Mpfr50(3)), -sin(Mpfr50(3)), sin(Mpfr50(3)), cos(Mpfr50(3))}))) < 1e-44);
    const Matrix A(3, 3, {0, 2, 1, 1, 0, 3, 4, 1, 0});
    CHECK(determinant(A) == 25);
    const std::vector<Mpfr50> x = solved(A, {7, 10, 6});
    for (int i = 0; i < 3; ++i) CHECK(value(abs(Mpfr50(x[static_cast<std::size_t>(i)] - (i + 1)))) < 1e-45);
    CHECK_THROWS_AS(solved(Matrix(2, 2, {1, 2, 2, 4}), {1, 1}), std::domain_error);
    CHECK(commutator(turn, turn) == Matrix(2, 2));
}

TEST_CASE("what is predicted follows the path, the field and the dimension") {
    const auto predicted = [](const std::string& id, const std::string& name, const Wishes& wishes) {
        const Claim& claim = claim_of(id);
        return finding(claim.readings.back().run(setting_of(claim, wishes)), name).predicted;
    };
    const auto differs = [&](const std::string& id, const std::string& name, const Wishes& wishes) {
        INFO(id << " " << name);
        CHECK(predicted(id, name, {}) != predicted(id, name, wishes));
    };
    differs("dflow-theorem-4-1", "ordered product", {{"path", "polynomial"}});
    differs("dflow-theorem-4-1", "short time", {{"field", "mixture-isotropic"}});
    differs("dflow-variation", "projection", {{"path", "ve"}});
    differs("dflow-likelihood", "density", {{"field", "data-set"}});
    differs("dflow-likelihood", "variance with signs", {{"dim", "3"}});
    differs("adjointdeis-1", "ratio", {{"path", "cosine"}});
    differs("adjointdeis-1", "common limit", {{"field", "linear"}});
}
