// Values that are not finite: studies and profiles name the op, stage, step, time and sample that came first, on equal steps and others.
#include "guidance/profile.hpp"
#include "guidance/study.hpp"
#include "guidance/tolerances.hpp"
#include "nn/safetensors.hpp"
#include "ode/first_non_finite.hpp"
#include "ode/solve.hpp"
#include "ode/tableau.hpp"

#include <catch2/catch.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace costate::guidance;
namespace nn = costate::nn;
namespace fs = std::filesystem;

/// A network x' = −50 x³ (of each of two features), and starts at 0 and at (0, far): the flow is tame, long Euler steps are not.
class Cubic {
public:
    explicit Cubic(double far = 3) : model_(fs::temp_directory_path() / fmt::format("costate-cubic-{}.safetensors", getpid())), starts_(fs::path(model_).replace_extension(".npy")) {
        const nn::Array w = {{-50.0, 0.0}, {0.0, -50.0}};
        const std::vector<nn::TensorToWrite> tensors = {{"w", w, nn::DType::f32}, {"b", nn::Array{0.0, 0.0}, nn::DType::f32}};
        nn::write_safetensors(model_, tensors,
                              {{"costate.format", "1"}, {"input_shape", "[2]"}, {"parametrisation", "velocity"}, {"path", "cond-ot"},
                               {"architecture", R"([{"op": "mul", "in": ["x", "x"], "out": "s"}, {"op": "mul", "in": ["s", "x"], "out": "c"},
                                                    {"op": "linear", "in": ["c"], "out": "u", "weight": "w", "bias": "b"}])"}});
        std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }";
        header.resize(117, ' ');
        const double values[] = {0, 0, 0, far};
        std::ofstream out(starts_, std::ios::binary);
        out << std::string("\x93NUMPY\x01\x00\x76\x00", 10) << header << '\n';
        out.write(reinterpret_cast<const char*>(values), sizeof values);
    }
    ~Cubic() {
        fs::remove(model_);
        fs::remove(starts_);
    }
    Cubic(const Cubic&) = delete;
    Cubic& operator=(const Cubic&) = delete;

    [[nodiscard]] StudyRequest request() const {
        return {.subject = model_.string(), .methods = {"dto"}, .tableaus = {"euler"}, .precisions = {"f32"}, .steps = {8}, .x0_file = starts_, .digits = 8};
    }
    [[nodiscard]] std::string model() const { return model_.string(); }

private:
    fs::path model_, starts_;
};

/// The step, counted from 1, in which Euler's method with h in floats meets x·x or x·x·x beyond all floats, and the time.
std::pair<int, float> overflow(float x, float h) {
    for (int step = 1;; ++step) {
        const float square = x * x, cube = square * x;
        if (!std::isfinite(square) || !std::isfinite(cube)) return {step, static_cast<float>(step - 1) * h};
        x += h * (-50 * cube);
    }
}

std::vector<StudyRow> rows_of(const StudyRequest& request) {
    const Study study(request);
    std::vector<StudyRow> rows;
    study.run(study.truth({}), std::span<const StudyRow>(), [&](const StudyRow& row) { rows.push_back(row); }, {});
    return rows;
}

}  // namespace

TEST_CASE("a study on equal steps names op, stage, step, time and sample") {
    const Cubic cubic;
    const auto [step, t] = overflow(3, 0.125F);
    REQUIRE(step > 2);
    REQUIRE(step <= 8);
    const auto rows = rows_of(cubic.request());
    REQUIRE(rows.size() == 1);
    INFO(rows[0].note);
    CHECK_FALSE(rows[0].error);
    // component 0 of the slope is first: 0 · x₁³ in the product with the weights
    CHECK(rows[0].note.find(fmt::format("stage 1 in step {} of length 0.125 (t = {}), component 0 of sample 1, made by op mul", step, t)) != std::string::npos);
    // control: on short steps the same model has nothing to tell
    StudyRequest fine = cubic.request();
    fine.steps = {4096};
    const auto good = rows_of(fine);
    CHECK(good[0].error);
    CHECK(good[0].note.find("not finite") == std::string::npos);
}

TEST_CASE("a study of tolerances names the op as well") {
    const Cubic cubic(1e13);  // its cube is beyond all floats
    StudyRequest request = cubic.request();
    request.steps = {};
    request.tolerances = {1e-3};
    request.tableaus = {"dormand-prince"};
    request.precisions = {"f32", "f64"};
    request.t1 = 1e-29;
    const Study study(request);
    std::vector<ToleranceRow> rows;
    study.run(study.truth({}), std::span<const ToleranceRow>(), [&](const ToleranceRow& row) { rows.push_back(row); }, {});
    REQUIRE(rows.size() == 2);
    INFO(rows[0].sentence);
    CHECK(rows[0].status == "non-finite");
    CHECK(rows[0].sentence.starts_with("sample 1, "));
    CHECK(rows[0].sentence.find("stage 1 in step 1") != std::string::npos);
    CHECK(rows[0].sentence.ends_with("; first made by op mul (instruction 2 of 3)"));
    CHECK(rows[1].status == "success");  // control
    CHECK(rows[1].sentence.empty());
}

TEST_CASE("in mixed and double precision, and where the way back is to blame the note says so") {
    const Cubic cubic;
    StudyRequest request = cubic.request();
    request.precisions = {"mixed", "f64"};
    request.steps = {8};
    for (const StudyRow& row : rows_of(request)) {
        INFO(row.precision << ": " << row.note);
        CHECK(row.note.find("of sample 1, made by op mul") != std::string::npos);
    }
    const auto back = rows_of({.subject = "lotka-volterra",
                               .methods = {"backsolve"},
                               .tableaus = {"euler"},
                               .precisions = {"f64"},
                               .steps = {100},
                               .samples = 1,
                               .t1 = 10.0,
                               .digits = 12});
    INFO(back[0].note);
    CHECK(back[0].note.find("not finite") != std::string::npos);
    CHECK(back[0].note.find(back[0].note.find("way back") == std::string::npos ? "made by op" : "backsolve") != std::string::npos);
}

TEST_CASE("a profile of a model that overflows says where") {
    const Cubic cubic;
    ProfileRequest request{.subject = cubic.model(), .tableau = "euler", .steps = 4, .batch = 64, .seconds = 0.05};
    const auto never = [] { return false; };
    const auto quiet = [](double) {};
    const Profile short_steps = [&] {
        ProfileRequest fine = request;
        fine.steps = 4096;
        return profile(fine, never, quiet);
    }();
    CHECK(short_steps.not_finite.empty());
    request.steps = 40;
    request.batch = 64;
    const Profile failed = profile(request, never, quiet);
    INFO(failed.not_finite);
    CHECK(failed.not_finite.find("made by op mul") != std::string::npos);
    CHECK(failed.not_finite.find("in step ") != std::string::npos);
}

TEST_CASE("the place is that of the first value, the op that which made it") {
    using costate::ode::NonFinite;
    // f is 1/0 at t = 1/2 for the second sample alone
    struct Field {
        std::size_t calls = 0;
        [[nodiscard]] static std::size_t dim() { return 2; }
        void operator()(double t, std::span<const double> x, std::span<double> dx) {
            ++calls;
            for (std::size_t i = 0; i < x.size(); ++i) dx[i] = i == 3 && t == 0.5 ? 1 / (t - 0.5) : x[i];
        }
    } field;
    const std::vector<double> x0 = {1, 2, 3, 4};
    const costate::ode::Coefficients<double> midpoint(costate::ode::find_tableau("midpoint"));
    const auto found = costate::ode::first_non_finite<Field, double>(midpoint, field, costate::ode::Grid<double>(0, 1, 3), costate::ode::View<double>(x0));
    REQUIRE(found);
    CHECK(found->place.in == NonFinite::In::slope);
    CHECK(found->place.step == 2);
    CHECK(found->place.stage == 2);
    CHECK(found->place.sample == 1);
    CHECK(found->place.component == 1);
    CHECK(found->t == 0.5);
    CHECK(field.calls == 4);
    CHECK_FALSE(costate::ode::first_non_finite<Field, double>(midpoint, field, costate::ode::Grid<double>(0, 0.9, 4), costate::ode::View<double>(x0)));
    std::vector<double> nan = x0;
    nan[2] = std::numeric_limits<double>::quiet_NaN();
    const auto at_start = costate::ode::first_non_finite<Field, double>(midpoint, field, costate::ode::Grid<double>(0, 1, 4), costate::ode::View<double>(nan));
    REQUIRE(at_start);
    CHECK(at_start->place.in == NonFinite::In::state);
    CHECK(at_start->place.sample == 1);
}
