// The study's rows: observed orders where theory says something, exact agreements, and what a row says when theory says nothing.
#include "guidance/study.hpp"
#include "guidance/study_random.hpp"
#include "nn/safetensors.hpp"
#include "ode/tableau.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace costate::guidance;

std::vector<std::string> all_tableaus() {
    std::vector<std::string> names;
    for (const auto& tableau : costate::ode::tableaus()) names.push_back(tableau.name);
    return names;
}

struct Rows {
    StudyTruth truth;
    std::vector<StudyRow> rows;
};

Rows rows_of(const StudyRequest& request) {
    const Study study(request);
    const StudyHooks hooks;
    Rows result{study.truth(hooks), {}};
    study.leading(result.truth, hooks);
    study.run(result.truth, {}, [&](const StudyRow& row) { result.rows.push_back(row); }, hooks);
    CHECK(result.rows.size() == study.total_rows());
    return result;
}

}  // namespace

TEST_CASE("the generator gives the published known answers") {
    // Random123 (Salmon et al. 2011), kat_vectors: philox4x32 10
    CHECK(philox({0, 0, 0, 0}, {0, 0}) == std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
          std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    const auto z = standard_normals(3, 0, 20000);
    double mean = 0, square = 0;
    for (const double v : z) mean += v / 20000, square += v * v / 20000;
    CHECK(std::abs(mean) < 5 / std::sqrt(20000.0));
    CHECK(std::abs(square - 1) < 5 * std::sqrt(2 / 20000.0));
}

TEST_CASE("at 50 digits every tableau and method shows the order predicted for it, on every field") {
    for (const char* field : {"polynomial", "lotka-volterra", "van-der-pol", "pendulum"}) {
        const auto study = rows_of({.subject = field, .tableaus = all_tableaus(), .precisions = {"mpfr50"}, .steps = {512, 1024}, .samples = 1});
        CHECK(study.truth.relative_error < 1e-30);
        std::size_t seen = 0;
        for (const StudyRow& row : study.rows) {
            INFO(field << " " << row.tableau << " " << row.method << " " << row.steps << ": " << row.note);
            REQUIRE(row.error);
            REQUIRE(row.predicted_order);
            if (row.method == "partner" || row.method == "forward") CHECK(*row.error_to_dto < 1e-44);
            if (row.steps == 512) continue;
            REQUIRE(row.observed_order);
            ++seen;
            // a coefficient that vanishes raises the prediction, and the row says so
            CHECK(std::abs(*row.observed_order - *row.predicted_order) <= 0.1);
        }
        CHECK(seen == 5 * all_tableaus().size());
    }
}

TEST_CASE("control: away from the limit of small steps the order is not the predicted one") {
    const auto study = rows_of({.subject = "lotka-volterra", .methods = {"dto"}, .tableaus = {"dormand-prince"}, .precisions = {"mpfr50"},
                                .steps = {1, 2}, .samples = 1, .digits = 12});
    REQUIRE(study.rows.back().observed_order);
    CHECK(std::abs(*study.rows.back().observed_order - 5) > 0.1);
}

TEST_CASE("rounding is measured: its floor has no order") {
    const auto study = rows_of({.subject = "lotka-volterra", .methods = {"dto"}, .tableaus = {"rk4"}, .precisions = {"f32", "f64"},
                                .steps = {8, 16, 2048, 4096}, .samples = 1, .digits = 20});
    for (const StudyRow& row : study.rows) {
        INFO(row.precision << " " << row.steps);
        REQUIRE(row.rounding);
        CHECK(*row.rounding < (row.precision == "f32" ? 1e-3 : 1e-12));
        CHECK(*row.rounding > 0);
        if (row.steps == 4096 && row.precision == "f32") CHECK_FALSE(row.observed_order);
        if (row.steps == 16 && row.precision == "f64") CHECK(*row.observed_order == Approx(4).margin(0.2));
    }
}

TEST_CASE("reversible methods are compared with their own map, and what their way back loses grows with the steps") {
    const auto study = rows_of({.subject = "pendulum", .methods = {"dto", "mccallum-foster:0.98", "alf"}, .tableaus = {"rk4", "dop853"}, .precisions = {"f64"},
                                .steps = {100, 600}, .samples = 1, .digits = 16});
    std::vector<double> lost;
    std::size_t leapfrogs = 0;
    for (const StudyRow& row : study.rows) {
        INFO(row.tableau << " " << row.method << " " << row.steps);
        REQUIRE(row.error_to_dto);
        CHECK(*row.predicted_order == (row.method == "alf" ? 2 : row.tableau == "rk4" ? 4 : 8));
        CHECK(row.reconstruction_error.has_value() == (row.method != "dto"));
        CHECK(row_from_json_line(to_json_line(row))->reconstruction_error == row.reconstruction_error);
        if (row.method == "dto") CHECK(*row.error_to_dto == 0);
        else CHECK(*row.error_to_dto <= 100 * *row.reconstruction_error + 1e-14);
        if (row.method == "mccallum-foster:0.98" && row.tableau == "rk4") lost.push_back(*row.reconstruction_error);
        if (row.method != "alf") continue;
        CHECK(row.tableau == "euler");  // no tableau changes it
        ++leapfrogs;
        if (row.steps == 600) CHECK(*row.observed_order == Approx(2).margin(0.1));
    }
    CHECK(leapfrogs == 2);
    REQUIRE(lost.size() == 2);
    CHECK(std::log(lost[1] / lost[0]) / 500 == Approx(-std::log(0.98)).epsilon(0.3));
}

TEST_CASE("a solution that blows up is a note, not a number") {
    // Euler by backsolve on Lotka–Volterra to T = 10 with 100 steps is not finite
    const auto study = rows_of({.subject = "lotka-volterra", .methods = {"backsolve"}, .tableaus = {"euler"}, .precisions = {"f64"},
                                .steps = {100}, .samples = 1, .t1 = 10.0, .digits = 12});
    REQUIRE(study.rows.size() == 1);
    CHECK_FALSE(study.rows[0].error);
    CHECK(study.rows[0].note.find("not finite") != std::string::npos);
}

TEST_CASE("a network with kinks is studied, and no order is predicted for it") {
    namespace nn = costate::nn;
    const auto file = std::filesystem::temp_directory_path() / ("costate-relu-" + std::to_string(getpid()) + ".safetensors");
    const nn::Array first = {{1.0, -0.5, 0.25}, {-0.75, 1.0, 0.5}, {0.5, 0.5, -1.0}}, second = {{0.5, -0.25, 0.75}, {0.25, 0.5, -0.5}};
    const nn::Array bias = {0.125, -0.25, 0.5};
    const std::vector<nn::TensorToWrite> tensors = {
        {"a", first, nn::DType::f32}, {"b", bias, nn::DType::f32}, {"c", second, nn::DType::f32}, {"d", nn::Array{0.0, 0.25}, nn::DType::f32}};
    nn::write_safetensors(file, tensors,
                          {{"costate.format", "1"}, {"input_shape", "[2]"}, {"parametrisation", "velocity"}, {"path", "cond-ot"},
                           {"architecture",
                            R"([{"op": "concat_time", "in": ["x", "t"], "out": "h"}, {"op": "linear", "in": ["h"], "out": "z", "weight": "a", "bias": "b"},
                                {"op": "relu", "in": ["z"], "out": "r"}, {"op": "linear", "in": ["r"], "out": "u", "weight": "c", "bias": "d"}])"}});
    const auto study = rows_of({.subject = file.string(), .methods = {"dto", "backsolve"}, .tableaus = {"rk4"}, .precisions = {"f64"}, .steps = {64}, .samples = 2});
    std::filesystem::remove(file);
    CHECK(study.truth.relative_error < 1e-3);
    for (const StudyRow& row : study.rows) {
        CHECK_FALSE(row.predicted_order);
        CHECK(row.note.find("kink") != std::string::npos);
        REQUIRE(row.error);
        CHECK(*row.error < 1e-2);
    }
}
