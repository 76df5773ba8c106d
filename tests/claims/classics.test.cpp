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
                                                              {"one-step-constants", {"midpoint", "midpoint, gradient", "midpoint, trees"}},
                                                              {"partner-order", {"order"}},
                                                              {"dto-is-partner", {"state", "parameters", "times"}},
                                                              {"zero-weight", {"state", "parameters", "times"}},
                                                              {"lambda-delta", {"conserved", "conserved in ℚ"}},
                                                              {"dto-order", {"leading term"}},
                                                              {"otd-gap", {"leading term"}},
                                                              {"there-and-back", {"leading term"}}};
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
        CHECK(noticed(reading.control, own, controlled));
        CHECK(verdicts_that_differ(own, controlled) == turned.at(claim.id));
        check_text(reading.statement);
        check_text(claim.explanation);
        check_text(reading.control.broken);
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
    CHECK_FALSE(wrong.holds("order"));
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
