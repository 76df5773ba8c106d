// From the greedy gradient to the end-to-end gradient: order and constant are predicted from the tableau and the path.
#include "claims/greed/list.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace costate;
using namespace costate::claims;

namespace {

const Finding& finding(const Evidence& evidence, const std::string& name) {
    const auto at =
        std::find_if(evidence.findings.begin(), evidence.findings.end(), [&](const Finding& f) { return f.name == name; });
    REQUIRE(at != evidence.findings.end());
    return *at;
}

Evidence run(const std::map<std::string, std::string>& settings) {
    const Claim claim = horizon();
    Setting setting = default_setting(claim.axes);
    for (const auto& [key, value] : settings) setting.set(key, value);
    return claim.readings.front().run(setting);
}

}  // namespace

TEST_CASE(
    "the slope of the k-step gradient is certified, and the control "
    "turns order and constant alone") {
    const Claim claim = horizon();
    const Setting setting = default_setting(claim.axes);
    const Reading& reading = claim.readings.front();
    const Evidence own = reading.run(setting), controlled = reading.control.run(setting);
    CHECK(own.holds());
    CHECK(own.proof() == Proof::bound);  // the limit on the mixture
    CHECK(finding(own, "order").proof == Proof::slope);
    CHECK(own.figures.front().curves.front().x.size() == 13);
    std::set<std::string> turned;
    for (const Finding& f : own.findings)
        if (f.holds != controlled.holds(f.name)) turned.insert(f.name);
    CHECK(turned == std::set<std::string>{"order", "constant"});
    CHECK(noticed(reading.control, own, controlled));
}

TEST_CASE("order and constant follow the tableau and the path") {
    const Evidence midpoint = run({{"dim", "1"}}), ralston = run({{"dim", "1"}, {"tableau", "ralston"}}),
                   vp = run({{"dim", "1"}, {"path", "vp"}}), third = run({{"dim", "1"}, {"tableau", "kutta3"}});
    for (const Evidence* evidence : {&midpoint, &ralston, &vp, &third}) {
        for (const Finding& f : evidence->findings) {
            INFO(f.name << ": predicted " << f.predicted << ", measured " << f.measured << ", " << f.uncertainty);
            CHECK(f.holds);
        }
    }
    CHECK(finding(midpoint, "constant").predicted != finding(ralston, "constant").predicted);
    CHECK(finding(midpoint, "constant").predicted != finding(vp, "constant").predicted);
    CHECK(finding(third, "order").predicted == "3");
}

TEST_CASE("a coefficient is edited, and the prediction knows") {
    Setting setting = default_setting(horizon().axes);
    setting.dim = 1;
    setting.tableau.b = {ratio(1, 8), ratio(7, 8)};
    const Evidence edited = horizon().readings.front().run(setting);
    CHECK(finding(edited, "order").predicted == "1");
    CHECK(edited.holds("order"));
    CHECK(edited.holds("constant"));
}
