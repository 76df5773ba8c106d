// Mixed precision in the study: rows between those of single and double precision, for networks and fields, and where it is refused.
#include "guidance/report.hpp"
#include "guidance/study.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <vector>

namespace {

using namespace costate::guidance;

std::map<std::string, StudyRow> rows_of(const StudyRequest& request) {
    const Study study(request);
    const StudyHooks hooks;
    const StudyTruth truth = study.truth(hooks);
    std::map<std::string, StudyRow> rows;
    study.run(truth, {}, [&](const StudyRow& row) { rows[row.precision + " " + row.method + " " + std::to_string(row.steps)] = row; }, hooks);
    CHECK(rows.size() == study.total_rows());
    return rows;
}

double error(const std::map<std::string, StudyRow>& rows, const std::string& key) { return rows.at(key).error.value(); }

}  // namespace

TEST_CASE("many steps cost single precision digits that mixed precision keeps") {
    const auto rows = rows_of({.subject = "pendulum", .methods = {"dto", "stored-states"}, .tableaus = {"rk4"}, .precisions = {"f32", "mixed", "f64"},
                               .steps = {64, 8192}, .samples = 2, .digits = 15});
    for (const std::string method : {"dto", "stored-states"}) {
        INFO(method);
        CHECK(error(rows, "mixed " + method + " 8192") < 1e-6);
        CHECK(error(rows, "mixed " + method + " 8192") > 1e-10);  // it is no double
        CHECK(error(rows, "f32 " + method + " 8192") > 4 * error(rows, "mixed " + method + " 8192"));
        // what it loses is seen as rounding
        const StudyRow& row = rows.at("mixed " + method + " 8192");
        REQUIRE(row.rounding);
        CHECK(*row.rounding > 0.1 * *row.error);
        CHECK_FALSE(row.observed_order);
        CHECK(row.predicted_order == 4);
        CHECK(row.evaluations == rows.at("f64 " + method + " 8192").evaluations);
    }
}

TEST_CASE("a network in mixed precision, its greedy gradient too") {
    const auto rows = rows_of({.subject = std::string(COSTATE_SOURCE_DIR) + "/models/moons.safetensors", .methods = {"dto", "greedy"}, .tableaus = {"rk4"},
                               .precisions = {"mixed", "f64"}, .steps = {16}, .samples = 2, .digits = 10});
    CHECK(error(rows, "mixed dto 16") == Approx(error(rows, "f64 dto 16")).margin(1e-5));
    CHECK(error(rows, "mixed dto 16") != error(rows, "f64 dto 16"));
    CHECK(error(rows, "mixed greedy 1") == Approx(error(rows, "f64 greedy 1")).margin(1e-5));
}

TEST_CASE("mixed precision is listed, drawn, no default, and refused where there is no program") {
    std::vector<std::string> names;
    for (const Named& precision : study_precisions()) names.push_back(precision.name);
    CHECK(names == std::vector<std::string>{"f32", "mixed", "f64", "mpfr50"});
    CHECK(Study({.subject = "pendulum"}).problem().precisions == std::vector<std::string>{"f32", "f64", "mpfr50"});
    CHECK_THROWS_WITH(Study({.subject = "gaussian-mixture", .precisions = {"mixed"}}), Catch::Contains("--precisions mixed"));
    const Study study({.subject = "pendulum", .precisions = {"mixed"}});
    std::vector<StudyRow> rows;
    for (StudyRow row : study.problem().questions()) {
        row.error = 1.0 / static_cast<double>(row.steps);
        rows.push_back(row);
    }
    const auto pictures = study_pictures(study.problem(), rows);
    REQUIRE_FALSE(pictures.empty());
    CHECK(pictures.front().name == "error-steps-mixed");
    CHECK(pictures.front().title.find("single-precision field") != std::string::npos);
}
