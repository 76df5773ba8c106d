// The study of tolerances: slopes, the truth's bound, what each treatment of the step size does, and sentences where a solve fails.
#include "guidance/tolerance_report.hpp"
#include "guidance/tolerances.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace costate::guidance;

struct Rows {
    StudyProblem problem;
    std::vector<ToleranceRow> rows;
    std::optional<Amplification> amplification;

    [[nodiscard]] const ToleranceRow& row(const std::string& method, double tolerance) const {
        for (const ToleranceRow& one : rows)
            if (one.method == method && one.tolerance == tolerance) return one;
        throw std::runtime_error("no such row: " + method);
    }
    [[nodiscard]] ToleranceSlope slope(const std::string& method) const {
        for (ToleranceSlope& one : tolerance_slopes(problem, rows))
            if (one.method == method) return one;
        throw std::runtime_error("no such slope: " + method);
    }
};

Rows rows_of(const StudyRequest& request) {
    const Study study(request);
    const StudyTruth truth = study.truth({});
    Rows result{study.problem(), {}, amplification(study)};
    study.run(truth, std::span<const ToleranceRow>(), [&](const ToleranceRow& row) { result.rows.push_back(row); }, {});
    CHECK(result.rows.size() == study.total_rows());
    return result;
}

}  // namespace

TEST_CASE("state and gradient follow the tolerance with slope 1 over six decades, by every method") {
    const Rows study = rows_of(
        {.subject = "lotka-volterra", .tableaus = {"dormand-prince"}, .tolerances = {1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10}, .t1 = 8.0, .digits = 16});
    for (const ToleranceRow& row : study.rows) {
        INFO(row.method << " " << row.tolerance << ": " << row.status << " " << row.note);
        CHECK(row.status == "success");
        REQUIRE(row.state_error);
        REQUIRE(row.gradient_error);
        CHECK(row.accepted > 0);
        CHECK(row.evaluations + row.jvps > 6 * row.accepted);
    }
    for (const std::string& method : study.problem.methods) {
        INFO(method);
        const ToleranceSlope slope = study.slope(method);
        if (method != "sensitive") CHECK(*slope.state == Approx(slope.predicted).margin(0.15));  // whose steps are not the state's own
        CHECK(*slope.gradient == Approx(slope.predicted).margin(0.3));
    }
    // frozen steps: every schedule and every adjoint method has dto's way there
    CHECK(study.row("online:8", 1e-8).gradient_error == study.row("dto", 1e-8).gradient_error);
    CHECK(study.row("interpolating", 1e-8).state_error == study.row("dto", 1e-8).state_error);
    CHECK(study.row("stored-states", 1e-8).back_accepted > 0);
    CHECK(study.row("controlled", 1e-8).gradient_error != study.row("dto", 1e-8).gradient_error);
    CHECK(study.row("sensitive", 1e-8).accepted >= study.row("dto", 1e-8).accepted);
}

TEST_CASE("control: where the flow cannot be followed backwards, backsolve's gradient leaves the tolerance, and its row says so in numbers") {
    const Rows study = rows_of({.subject = "van-der-pol",
                                .methods = {"dto", "stored-states", "backsolve"},
                                .tableaus = {"dormand-prince"},
                                .tolerances = {1e-5, 1e-7, 1e-9},
                                .t1 = 14.0,
                                .digits = 12});
    for (const double tolerance : {1e-5, 1e-7, 1e-9}) {
        CHECK(*study.row("dto", tolerance).gradient_error < 1e3 * tolerance);
        CHECK(*study.row("stored-states", tolerance).gradient_error < 1e3 * tolerance);
        const ToleranceRow& back = study.row("backsolve", tolerance);
        INFO(back.status << ": " << back.sentence);
        if (back.status == "success") CHECK((!back.gradient_error || *back.gradient_error > 1e5 * tolerance));
        else CHECK(back.sentence.find("on the way back") == 0);
    }
    CHECK(std::abs(*study.slope("dto").gradient - 1) < 0.3);
}

TEST_CASE("at an equilibrium the state's control is blind: dto is wrong and warned of, sensitive is right") {
    // f = 0 at (p2/p3, p0/p1) = (3, 3/2)
    const auto file = std::filesystem::temp_directory_path() / ("costate-equilibrium-" + std::to_string(getpid()) + ".npy");
    {
        std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }";
        header.resize(118 - 1, ' ');
        const double values[] = {3, 1.5};
        std::ofstream out(file, std::ios::binary);
        out << std::string("\x93NUMPY\x01\x00\x76\x00", 10) << header << '\n';
        out.write(reinterpret_cast<const char*>(values), sizeof values);
    }
    const Rows study = rows_of({.subject = "lotka-volterra",
                                .methods = {"dto", "sensitive"},
                                .tableaus = {"dormand-prince"},
                                .tolerances = {1e-6},
                                .x0_file = file,
                                .t1 = 3.0,
                                .digits = 12});
    std::filesystem::remove(file);
    REQUIRE(study.amplification);  // steps of its own that see the sensitivities: the norm of exp(Jt), J = (0, −3; 3/2, 0), is at most √2
    CHECK(study.amplification->largest == Approx(std::sqrt(2)).epsilon(1e-3));
    const ToleranceRow &blind = study.row("dto", 1e-6), &seeing = study.row("sensitive", 1e-6);
    CHECK(*blind.state_error < 1e-12);
    CHECK(*blind.gradient_error > 0.1);
    CHECK(*seeing.gradient_error < 1e-4);
    CHECK(*blind.sensitivity_estimate > 100 * *blind.state_estimate);
    CHECK_FALSE(blind.note.empty());
    const auto remarks = tolerance_remarks(study.rows, study.amplification);
    CHECK(remarks.back().find(blind.note) != std::string::npos);
    // control: elsewhere nobody is warned
    const Rows fair = rows_of({.subject = "lotka-volterra", .methods = {"dto"}, .tableaus = {"dormand-prince"}, .tolerances = {1e-6}, .digits = 12});
    CHECK(fair.rows[0].note.empty());
    CHECK(tolerance_remarks(fair.rows, fair.amplification).size() == 1);
}

TEST_CASE("the amplification is that of the flow: a rotation keeps errors, Arenstorf's orbit multiplies them by 10^4") {
    const Study kept(StudyRequest{.subject = "pendulum", .tolerances = {1e-3}, .t1 = 0.25});
    const auto small = amplification(kept);
    REQUIRE(small);
    CHECK(small->from_start < 1.5);
    CHECK(small->norms.back() == Approx(1));  // of t1 itself
    const Study orbit(StudyRequest{.subject = "arenstorf", .tolerances = {1e-3}});
    const auto large = amplification(orbit);
    REQUIRE(large);
    CHECK(large->condition > 1e2);
    CHECK(large->largest > 1e3);
    CHECK(large->times.front() == 0);
    CHECK(large->times.back() == orbit.problem().t1);
}

TEST_CASE("a solve that fails is a status with a sentence, and the errors are empty") {
    const Rows study = rows_of({.subject = "lotka-volterra",
                                .methods = {"dto", "interpolating"},
                                .tableaus = {"dormand-prince"},
                                .precisions = {"f32"},
                                .tolerances = {1e-3, 1e-13},
                                .digits = 12});
    CHECK(study.row("dto", 1e-3).status == "success");
    const ToleranceRow& failed = study.row("dto", 1e-13);
    CHECK(failed.status == "step too small");
    CHECK(failed.sentence.find("step too small") != std::string::npos);
    CHECK_FALSE(failed.state_error);
    CHECK_FALSE(failed.gradient_error);
}

TEST_CASE("rows survive their line of JSON, and half a line is none") {
    ToleranceRow row{.method = "stored-states:whole:0.1",
                     .tableau = "dop853",
                     .tolerance = 1e-7,
                     .precision = "f64",
                     .status = "success",
                     .state_error = 1.5e-8,
                     .accepted = 7,
                     .back_rejected = 2,
                     .note = "a \"note\""};
    const std::string line = to_json_line(row);
    const auto again = row_of<ToleranceRow>(line);
    REQUIRE(again);
    CHECK(same_question(*again, row));
    CHECK(to_json_line(*again) == line);
    CHECK_FALSE(again->gradient_error);
    CHECK_FALSE(row_of<ToleranceRow>(line.substr(0, line.size() - 3)));
    CHECK_FALSE(row_of<StudyRow>(line));
}

TEST_CASE("methods are spelled with what they look at and their tolerance, and all pairs with an estimate are offered") {
    const ToleranceMethod method = find_tolerance_method("interpolating:adjoint:0.01");
    CHECK(method.kind == ToleranceMethod::Kind::continuous);
    CHECK(method.norm == costate::ode::otd::AdjointNorm::adjoint);
    CHECK(method.factor == 0.01);
    CHECK(find_tolerance_method("backsolve").factor == 1);
    for (const char* wrong : {"interpolating:none", "backsolve:0", "backsolve:pair:1:2", "partner", "memory:1MB", "binomial:0", "dto:2"}) {
        INFO(wrong);
        CHECK_THROWS_AS(find_tolerance_method(wrong), std::invalid_argument);
    }
    const auto names = tableaus_with_estimate();
    CHECK(std::set<std::string>(names.begin(), names.end()).contains("dop853"));
    CHECK_FALSE(std::set<std::string>(names.begin(), names.end()).contains("rk4"));
}
