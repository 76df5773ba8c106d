#include "claims/report/report.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace costate::claims;

namespace {

Evidence evidence(bool holds) {
    Curve curve{"error of <it>", {0.5, 0.25, 0.125}, {0.1, 0.025, 0.00625}, {0.1, 0.025, 0.00625}};
    return {.subject = "two equations & a <field>",
            .hypotheses = {{"$\\sigma_1 = 0$", "$\\sigma_1 = 0$", true}},
            .findings = {{"order", "2", holds ? "2.0001" : "0.9999", "± 1e-4", Proof::slope, holds}, {"constant", "1/12", "1/12", "exact", Proof::coefficient, true}},
            .figures = {{"Error against step", "h", "$\\lVert e \\rVert$", true, true, {curve}}}};
}

Claim claim() {
    const auto run = [](bool holds) { return [holds](const Setting&) { return evidence(holds); }; };
    Claim c{"my-claim", "A title with $h^2$", "Somebody 2020, Theorem 1", "First paragraph with $x_1$.\n\nSecond & last.", {}, {}};
    c.readings.push_back({"printed", "$O(h^3)$ always", always(false), run(false), {"a subject on which it holds", "order", run(true)}, "It is of order 2."});
    const auto broken = [](const Setting& setting) { return setting.dim == 1 ? "the only coefficient is moved" : "one coefficient is moved"; };
    c.readings.push_back({"precise", "$O(h^2)$", always(true), run(true), {broken, "order", run(false)}});
    return c;
}

ReportedClaim reported(const Claim& c, bool as_predicted = true) {
    ReportedClaim r{&c, {}};
    for (const Reading& reading : c.readings) {
        const bool expected = reading.expected(Setting{});
        r.readings.push_back({&reading, {}, "dim=2", reading.run({}), reading.control.run({}), expected, expected, as_predicted, true, 0.01, "costate verify my-claim"});
        r.readings.push_back({&reading, {}, "dim=3", reading.run({}), reading.control.run({}), expected, expected, true, true, 0.01, "costate verify my-claim --set dim=3"});
    }
    return r;
}

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t n = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++n;
    return n;
}

std::string contents(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("the page tells every reading in full once, and the other settings in a table") {
    const Claim c = claim();
    const std::vector<ReportedClaim> claims{reported(c)};
    const std::string page = verify_page(claims, {}, {});
    CHECK(count(page, "<section id=\"my-claim\">") == 1);
    CHECK(count(page, "<a href=\"#my-claim\">") == 2);
    CHECK(count(page, "Control: ") == 2);
    CHECK(count(page, "2 more settings were tried; all came out as predicted") == 1);
    CHECK(page.find("Every reading came out as predicted") != std::string::npos);
    CHECK(page.find("two equations &amp; a &lt;field&gt;") != std::string::npos);
    CHECK(page.find("It is of order 2.") != std::string::npos);
    CHECK(page.find("<code>costate verify my-claim</code>") != std::string::npos);
    CHECK(page.find("there is no picture") != std::string::npos);  // no drawing was given
    CHECK(page.find("<script") == std::string::npos);
    CHECK(page.find("http") == std::string::npos);
}

TEST_CASE("a control tells what is broken in its own setting, and what it was run on where that is another subject") {
    const Claim c = claim();
    std::vector<ReportedClaim> claims{reported(c)};
    const auto page = [&] { return verify_page(claims, {}, {}); };
    CHECK(count(page(), "one coefficient is moved") == 1);
    CHECK(page().find("the only coefficient is moved") == std::string::npos);
    CHECK(page().find("Run on another field") == std::string::npos);  // the control has the reading's own subject
    for (ReportedReading& run : claims[0].readings) run.setting.dim = 1;
    claims[0].readings[0].controlled.subject = "another field";
    CHECK(count(page(), "the only coefficient is moved") == 1);
    CHECK(page().find("one coefficient is moved") == std::string::npos);
    CHECK(count(page(), "Run on another field.") == 1);
}

TEST_CASE("the index says in which setting a verdict was found") {
    const Claim c = claim();
    std::vector<ReportedClaim> claims{reported(c)};
    claims[0].readings[0].setting_text = "path=ve dim=2";
    const std::string page = verify_page(claims, {}, {});
    const std::string index = page.substr(0, page.find("<section"));
    CHECK(count(index, "path=ve dim=2") == 1);
    CHECK(count(index, "dim=3") == 0);
    CHECK(count(index, "<td>noticed</td>") == 2);
    claims[0].readings[0].control_noticed = false;
    const std::string unnoticed = verify_page(claims, {}, {});
    CHECK(count(unnoticed.substr(0, unnoticed.find("<section")), "<td><span class=\"wrong\">not noticed</span></td>") == 1);
    CHECK(count(index, "1 claims, 2 readings, run 4 times in different settings") == 1);
}

TEST_CASE("what did not come out as predicted is said in words") {
    const Claim c = claim();
    const std::vector<ReportedClaim> claims{reported(c, false)};
    const std::string page = verify_page(claims, {}, {});
    CHECK(page.find("2 did not come out as predicted.") != std::string::npos);
    CHECK(page.find("not as predicted") != std::string::npos);
    CHECK(page.find("Every reading came out as predicted") == std::string::npos);
}

TEST_CASE("a picture has the prediction and the measurement") {
    const Figure figure = evidence(true).figures[0];
    const std::string script = figure_script(figure);
    CHECK(count(script, "$predicted0 << EOD") == 1);
    CHECK(count(script, "$measured0 << EOD") == 1);
    CHECK(script.find("set logscale x") != std::string::npos);
    CHECK(script.find("‖e‖") != std::string::npos);
    CHECK(count(script, "$predicted0 with lines") == 1);
    Figure named = figure;
    named.logarithmic_x = false;
    named.names = {"•", "[•]", "[•,•]"};
    named.curves[0].x = {1, 2, 3};
    named.curves[0].label = "$g_{OTD}$ of a_b";
    const std::string things = figure_script(named);
    CHECK(things.find("'[•,•]' 3") != std::string::npos);
    CHECK(things.find("with lines") == std::string::npos);  // no line joins things
    CHECK(things.find("g_{OTD} of a\\_b") != std::string::npos);
    Figure broken = figure;
    broken.curves[0].measured.pop_back();
    CHECK_THROWS_AS(figure_script(broken), std::invalid_argument);
    Figure hostile = figure;
    hostile.title = hostile.curves[0].label = "'; system('rm'); '";
    CHECK(figure_script(hostile).find("'; system") == std::string::npos);
}

TEST_CASE("the table of a paper has a line a reading") {
    const Claim c = claim();
    const std::vector<ReportedClaim> claims{reported(c)};
    const std::string table = verify_table_tex(claims);
    CHECK(count(table, "\\\\\n") == 5);  // head, and two readings in two settings
    CHECK(count(table, " & ") == 5 * 7);
    CHECK(count(table, "dim=3") == 2);
    CHECK(table.find("\\toprule") != std::string::npos);
    CHECK(table.find("does not hold & slope & 2 & 0.9999") != std::string::npos);
    const std::vector<std::string> remarks{"The run was stopped:\n1 of 4"};
    CHECK(verify_table_tex(claims, remarks).find("% The run was stopped: 1 of 4\n") != std::string::npos);
}

TEST_CASE("headline is the finding that decides") {
    CHECK(headline(evidence(true))->name == "order");
    CHECK(headline(evidence(false))->measured == "0.9999");
    Evidence only_hypotheses = evidence(true);
    only_hypotheses.hypotheses[0].holds = false;
    CHECK(headline(only_hypotheses) == nullptr);
}

TEST_CASE("the report is written whole, with its pictures where gnuplot is there; a formula that cannot be read is told") {
    const auto directory = std::filesystem::temp_directory_path() / ("costate-report-" + std::to_string(getpid()));
    std::filesystem::create_directories(directory);
    Claim c = claim();
    c.readings[0].remark = "$\\unheard{x}$";
    const std::vector<ReportedClaim> claims{reported(c)};
    const auto problems = write_verify_report(directory, claims, {});
    CHECK(std::any_of(problems.begin(), problems.end(), [](const std::string& p) { return p.find("my-claim (remark)") != std::string::npos; }));
    const std::string page = contents(directory / "report.html");
    CHECK(page.find("</html>") != std::string::npos);
    const bool no_gnuplot = std::any_of(problems.begin(), problems.end(), [](const std::string& p) { return p.find("gnuplot") != std::string::npos; });
    CHECK(count(page, "<svg") == (no_gnuplot ? 0 : 2));
    CHECK(contents(directory / "table.tex").find("\\bottomrule") != std::string::npos);
    CHECK_THROWS_AS(write_verify_report(directory / "missing", claims, {}), std::runtime_error);
    std::filesystem::remove_all(directory);
}
