// The classical claims come out as expected, their controls turn what they name, and their predictions follow the method.
#include "claims/classics/list.hpp"
#include "claims/report/mathematics.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

using namespace costate;
using namespace costate::claims;

namespace {

const Finding& finding(const Evidence& evidence, const std::string& name) {
    const auto at = std::find_if(evidence.findings.begin(), evidence.findings.end(), [&](const Finding& f) { return f.name == name; });
    REQUIRE(at != evidence.findings.end());
    return *at;
}

std::set<std::string> verdicts_that_differ(const Evidence& a, const Evidence& b) {
    std::set<std::string> names;
    for (const Finding& f : a.findings)
        if (f.holds != b.holds(f.name)) names.insert(f.name);
    for (const Hypothesis& h : a.hypotheses)
        if (h.holds != b.holds(h.text)) names.insert(h.text);
    return names;
}

Evidence run(const Claim& claim, const std::map<std::string, std::string>& settings) {
    Setting setting = default_setting(claim.axes);
    for (const auto& [key, value] : settings) setting.set(key, value);
    return claim.readings.front().run(setting);
}

void check_text(const std::string& text) {
    INFO(text);
    CHECK_NOTHROW(to_mathml(text));
}

void check_texts(const Evidence& evidence) {
    check_text(evidence.subject);
    for (const Hypothesis& h : evidence.hypotheses) check_text(h.text + h.found);
    for (const Finding& f : evidence.findings) check_text(f.predicted + f.measured + f.uncertainty);
    for (const Figure& figure : evidence.figures) {
        check_text(figure.title + figure.x_label + figure.y_label);
        for (const Curve& curve : figure.curves) {
            CHECK(curve.x.size() == curve.measured.size());
            CHECK((curve.predicted.empty() || curve.predicted.size() == curve.x.size()));
        }
    }
}

}  // namespace

TEST_CASE("every classical claim holds, and its control turns what it names and nothing else") {
    // Beside the named finding, those that are the same statement about another quantity.
    const std::map<std::string, std::set<std::string>> turned{{"reverse-is-transpose", {"sub"}},
                                                              {"tableau-order", {"order"}},
                                                              {"one-step-constants", {"method", "method, gradient", "method, trees"}},
                                                              {"partner-order", {"order"}},
                                                              {"dto-is-partner", {"state", "parameters", "times"}},
                                                              {"zero-weight", {"state", "parameters", "times"}},
                                                              {"lambda-delta", {"conserved", "conserved in ℚ", "picture"}},
                                                              {"dto-order", {"leading term"}},
                                                              {"otd-gap", {"leading term"}},
                                                              {"there-and-back", {"leading term"}},
                                                              {"grid-times", {"knots", "ends"}},
                                                              {"reversible-map", {"reversible-heun", "alf", "mccallum-foster:2/3"}}};
    for (const Claim& claim : classics()) {
        INFO(claim.id);
        REQUIRE(claim.readings.size() == 1);
        const Reading& reading = claim.readings.front();
        const Setting setting = default_setting(claim.axes);
        const Evidence own = reading.run(setting), controlled = reading.control.run(setting);
        for (const Finding& f : own.findings) {
            INFO(f.name << ": predicted " << f.predicted << ", measured " << f.measured);
            CHECK(f.holds);
        }
        CHECK(own.holds() == reading.expected(setting));
        const auto drawn = [](const Curve& curve) { return !curve.measured.empty() && curve.predicted.size() == curve.measured.size(); };
        REQUIRE_FALSE(own.figures.empty());
        for (const Figure& figure : own.figures) CHECK(std::any_of(figure.curves.begin(), figure.curves.end(), drawn));
        CHECK(noticed(reading.control, own, controlled));
        CHECK(verdicts_that_differ(own, controlled) == turned.at(claim.id));
        check_text(reading.statement);
        check_text(claim.explanation);
        check_text(reading.control.broken.in(setting));
        check_texts(own);
        check_texts(controlled);
    }
}

TEST_CASE("the claims hold in other dimensions and on other fields") {
    for (const Claim& claim : classics()) {
        if (claim.axes.fields.empty()) continue;
        for (const auto& [field, dim] : {std::pair{"linear", "1"}, {"linear", "10"}, {"polynomial", "1"}}) {
            INFO(claim.id << " " << field << " " << dim);
            const Evidence evidence = run(claim, {{"field", field}, {"dim", dim}, {"seed", "3"}});
            for (const Finding& f : evidence.findings) {
                INFO(f.name << ": predicted " << f.predicted << ", measured " << f.measured);
                CHECK(f.holds);
            }
            CHECK(evidence.holds());
        }
    }
}

// Goldens: the formula sheet's orders, found there with another program.
TEST_CASE("orders of partners") {
    const std::map<std::string, std::string> orders{{"euler", "1"},  {"heun", "2"}, {"ralston", "2"},      {"kutta3", "3"}, {"bogacki-shampine", "2"},
                                                    {"rk4", "4"}, {"three-eighths", "4"}};
    for (const auto& [tableau, order] : orders) {
        INFO(tableau);
        const Evidence evidence = run(partner_order(), {{"tableau", tableau}, {"dim", "1"}});
        CHECK(evidence.holds());
        CHECK(finding(evidence, "order").measured.substr(0, 1) == order);
    }
}

// Goldens: the orders that the authors published.
TEST_CASE("orders of tableaus") {
    const std::map<std::string, std::string> orders{{"euler", "1"}, {"midpoint", "2"}, {"ralston", "2"}, {"kutta3", "3"}, {"rk4", "4"}, {"fehlberg", "5"}, {"dormand-prince", "5"}};
    for (const auto& [tableau, order] : orders) {
        INFO(tableau);
        const Evidence evidence = run(tableau_order(), {{"tableau", tableau}, {"field", "linear"}, {"dim", "10"}});
        CHECK(evidence.holds());
        CHECK(finding(evidence, "order").predicted.substr(0, 1) == order);
        CHECK(finding(evidence, "order").measured.substr(0, 1) == order);
    }
}

TEST_CASE("orders of the way there and back") {
    const std::map<std::string, std::string> orders{{"euler", "1"}, {"midpoint", "3"}, {"heun", "3"}, {"kutta3", "3"}, {"rk4", "5"}, {"dormand-prince", "5"}};
    for (const auto& [tableau, order] : orders) {
        INFO(tableau);
        const Evidence evidence = run(there_and_back(), {{"tableau", tableau}, {"field", "linear"}, {"dim", "1"}});
        CHECK(evidence.holds());
        CHECK(finding(evidence, "parity").measured.substr(0, 1) == order);
        CHECK(finding(evidence, "slope").predicted == order);
    }
}

TEST_CASE("gaps of optimize-then-discretize") {
    const Evidence heun = run(otd_gap(), {{"tableau", "heun"}, {"dim", "1"}}), fifth = run(otd_gap(), {{"tableau", "dormand-prince"}, {"dim", "10"}});
    CHECK(heun.holds());
    CHECK(finding(heun, "leading term").measured == "exponent 4");
    CHECK(finding(heun, "slope").measured.substr(0, 3) == "3.0");
    CHECK(finding(heun, "linear fields").holds);
    CHECK(fifth.holds());
    CHECK(finding(fifth, "leading term").measured.find("h^{6}") != std::string::npos);
}

TEST_CASE("predictions follow the tableau") {
    for (const Claim& claim : {tableau_order(), dto_order(), there_and_back()}) {
        INFO(claim.id);
        const Evidence one = run(claim, {{"tableau", "heun"}, {"dim", "10"}}), other = run(claim, {{"tableau", "ralston"}, {"dim", "10"}});
        CHECK(finding(one, "leading term").predicted != finding(other, "leading term").predicted);
        CHECK(one.holds());
        CHECK(other.holds());
    }
}

// Kutta's method with a weight moved: order 1, whatever its name says.
TEST_CASE("predictions follow an edited coefficient, over a step and over an interval") {
    Setting setting = default_setting(dto_order().axes);
    setting.dim = 1;
    setting.tableau = ode::find_tableau("rk4");
    setting.tableau.name = "edited";
    const auto both = [&](const Claim& claim) {
        INFO(claim.id);
        Setting edited = setting;
        edited.tableau.b = {ratio(11, 48), ratio(1, 3), ratio(1, 3), ratio(5, 48)};
        const Evidence own = claim.readings.front().run(setting), other = claim.readings.front().run(edited);
        CHECK(own.holds());
        CHECK(other.holds());
        CHECK(finding(own, "leading term").predicted != finding(other, "leading term").predicted);
        CHECK(finding(own, "slope").predicted != finding(other, "slope").predicted);
        return std::pair{own, other};
    };
    for (const Claim& claim : {dto_order(), otd_gap(), there_and_back()}) {
        const auto [own, other] = both(claim);
        CHECK(finding(own, "constant").predicted != finding(other, "constant").predicted);
    }
    const auto [own, other] = both(tableau_order());
    CHECK(finding(own, "order").predicted.substr(0, 1) == "4");
    CHECK(finding(other, "order").predicted.substr(0, 1) == "1");
}

TEST_CASE("the constant of a method of one's own") {
    Setting setting = default_setting(one_step_constants().axes);
    const Evidence midpoint = one_step_constants().readings.front().run(setting);
    setting.tableau = {"third", {0, ratio(1, 3)}, {0, 0, ratio(1, 3), 0}, {ratio(-1, 2), ratio(3, 2)}};
    const Evidence third = one_step_constants().readings.front().run(setting);
    CHECK(third.holds());
    CHECK(finding(third, "method").predicted != finding(midpoint, "method").predicted);
    setting.tableau.b = {ratio(1, 2), ratio(1, 2)};
    const Evidence first = one_step_constants().readings.front().run(setting);
    CHECK(first.holds());
    CHECK(finding(first, "method").measured.find("h^{2}") != std::string::npos);
    CHECK_FALSE(run(one_step_constants(), {{"tableau", "rk4"}}).holds("the method is of order 1 or 2, by all rooted trees"));
}

TEST_CASE("predictions follow the path") {
    for (const Claim& claim : {tableau_order(), dto_order(), otd_gap()}) {
        INFO(claim.id);
        const Evidence one = run(claim, {{"field", "mixture"}, {"dim", "1"}, {"path", "cond-ot"}}), other = run(claim, {{"field", "mixture"}, {"dim", "1"}, {"path", "cosine"}});
        CHECK(finding(one, "leading term").predicted != finding(other, "leading term").predicted);
        CHECK(one.holds());
        CHECK(other.holds());
    }
}

TEST_CASE("a method of one's own, right and broken") {
    Setting setting = default_setting(tableau_order().axes);
    setting.dim = 10;  // no slopes
    setting.tableau = {"my-second-order", {0, ratio(3, 4)}, {0, 0, ratio(3, 4), 0}, {ratio(1, 3), ratio(2, 3)}};
    for (const Claim& claim : {tableau_order(), partner_order(), dto_is_partner(), lambda_delta(), dto_order(), otd_gap(), there_and_back()}) {
        INFO(claim.id);
        CHECK(claim.readings.front().run(setting).holds());
    }
    setting.tableau = ode::find_tableau("rk4");
    setting.tableau.A(2, 1) = ratio(51, 100);
    const Evidence wrong = tableau_order().readings.front().run(setting);
    CHECK_FALSE(wrong.holds());
    CHECK_FALSE(wrong.holds("published order"));
    CHECK(wrong.holds("order"));
    CHECK(finding(wrong, "order").predicted.substr(0, 1) == "1");
    CHECK_FALSE(wrong.holds("$c_i = \\sum_j a_{ij}$ for every stage"));
}

TEST_CASE("a method without a partner, and one with it, where the other is asked for") {
    const Evidence no_partner = run(dto_is_partner(), {{"tableau", "midpoint"}, {"dim", "1"}}), partner = run(zero_weight(), {{"tableau", "heun"}, {"dim", "1"}});
    CHECK_FALSE(no_partner.holds());
    CHECK_FALSE(no_partner.holds("no weight $b_i$ is 0"));
    CHECK(no_partner.holds("engine"));
    CHECK_FALSE(partner.holds());
    CHECK_FALSE(partner.holds("no partner"));
}
