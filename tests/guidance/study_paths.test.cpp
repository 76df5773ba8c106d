// The study on every path: the exact mixture, noise networks in time and in the regular variables, greedy and look-ahead, and what is refused.
#include "guidance/models/gaussian_mixture.hpp"
#include "guidance/study.hpp"
#include "guidance/study_problem.hpp"
#include "nn/npy.hpp"
#include "tests/nn/network_files.hpp"
#include "tests/nn/temporary.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace {

using namespace costate;
using namespace costate::guidance;

struct Rows {
    StudyTruth truth;
    std::vector<StudyRow> rows;
};

Rows rows_of(const Study& study) {
    const StudyHooks hooks;
    Rows result{study.truth(hooks), {}};
    study.leading(result.truth, hooks);
    study.run(result.truth, {}, [&](const StudyRow& row) { result.rows.push_back(row); }, hooks);
    CHECK(result.rows.size() == study.total_rows());
    return result;
}

std::vector<Mpfr50> truth_of(const StudyRequest& request) {
    std::vector<Mpfr50> values;
    for (const std::string& digits : Study(request).truth({}).gradient) values.emplace_back(digits);
    return values;
}

double distance(const std::vector<Mpfr50>& a, const std::vector<Mpfr50>& b) {
    Mpfr50 difference = 0, size = 0;
    for (std::size_t i = 0; i < a.size(); ++i) difference += (a[i] - b[i]) * (a[i] - b[i]), size += b[i] * b[i];
    return static_cast<double>(sqrt(difference / size));
}

// n = C tanh(A x + a t + b) + c on two coordinates
void write_network(const std::filesystem::path& file, const std::string& parametrisation, const std::string& path) {
    auto metadata = network_metadata(R"([{"op": "concat_time", "in": ["x", "t"], "out": "h"},
        {"op": "linear", "in": ["h"], "out": "z", "weight": "A", "bias": "b"}, {"op": "tanh", "in": ["z"], "out": "s"},
        {"op": "linear", "in": ["s"], "out": "n", "weight": "C", "bias": "c"}])", "[2]", parametrisation);
    metadata["path"] = path;
    nn::write_safetensors(file, std::vector{waves("A", {3, 3}), waves("b", {3}, 0.5), waves("C", {2, 3}, 1), waves("c", {2}, 2)}, metadata);
}

}  // namespace

TEST_CASE("on the exact flow of a mixture every path shows the predicted orders at 50 digits") {
    for (const char* path : {"cond-ot", "linear-vp", "ve"}) {
        const auto study = rows_of(Study({.subject = "gaussian-mixture", .methods = {"dto", "backsolve"}, .tableaus = {"midpoint", "rk4"},
                                          .precisions = {"mpfr50"}, .steps = {96, 192}, .path = path, .samples = 1, .digits = 20}));
        CHECK(study.truth.relative_error < 1e-20);
        for (const StudyRow& row : study.rows) {
            INFO(path << " " << row.tableau << " " << row.method << " " << row.steps << ": " << row.note);
            REQUIRE(row.predicted_order);
            if (row.steps == 96) continue;
            REQUIRE(row.observed_order);
            CHECK(*row.predicted_order == (row.tableau == "rk4" ? 4 : 2));
            CHECK(std::abs(*row.observed_order - *row.predicted_order) <= 0.1);
        }
    }
}

TEST_CASE("a field that stands still at both ends has no vanishing coefficient for that") {
    // on edm α' = (σ²)' = 0 at t = 0 and t = 1
    const Study study({.subject = "gaussian-mixture", .methods = {"dto"}, .tableaus = {"midpoint"}, .path = "edm", .samples = 1});
    StudyTruth truth;
    study.leading(truth, {});
    CHECK(truth.vanishing == std::map<std::string, bool>{{"dto midpoint", false}});
}

TEST_CASE("the greedy row is the exact model's own J^T grad L, and one step of look-ahead with Euler to the data is greedy") {
    const Study study({.subject = "gaussian-mixture", .methods = {"greedy", "look-ahead"}, .tableaus = {"euler", "rk4"}, .precisions = {"mpfr50"},
                       .steps = {1, 48, 96}, .path = "linear-vp", .samples = 1, .t0 = 0.25, .digits = 25});
    const Rows result = rows_of(study);
    REQUIRE(result.rows.size() == 7);
    const StudyProblem& problem = study.problem();

    auto model = mixture_in<Mpfr50>(study_mixture(2), find_path("linear-vp"));
    const std::vector<Mpfr50> x(problem.x0.begin(), problem.x0.end());
    const auto J = model.denoiser_jacobian(Mpfr50(0.25), x);
    std::vector<Mpfr50> residual(2), greedy(2), truth, end(2);
    model.denoiser(Mpfr50(0.25), x, end);
    for (std::size_t i = 0; i < 2; ++i) residual[i] = end[i] - Mpfr50(problem.y[i]);
    J.multiply_transposed_add(residual, greedy);
    for (const std::string& digits : result.truth.gradient) truth.emplace_back(digits);

    for (const StudyRow& row : result.rows) {
        INFO(row.method << " " << row.tableau << " " << row.steps);
        REQUIRE(row.error);
        if (row.method == "greedy") {
            CHECK(row.tableau == "euler");
            CHECK(row.steps == 1);
            CHECK_FALSE(row.predicted_order);
            CHECK(*row.error == Approx(distance(greedy, truth)).epsilon(1e-14));
            CHECK(*row.error != Approx(distance(residual, truth)).epsilon(1e-3));  // control: without J
        } else if (row.steps == 1 && row.tableau == "euler") {
            CHECK(*row.error == Approx(distance(greedy, truth)).epsilon(1e-14));
        } else if (row.steps == 96) {
            CHECK(std::abs(row.observed_order.value() - row.predicted_order.value()) <= 0.1);
        }
    }
}

TEST_CASE("a network that predicts noise, or the data, has one gradient in time and in the regular variables") {
    const TemporaryFolder folder;
    const auto file = folder / "n.safetensors";
    for (const char* parametrisation : {"epsilon", "x1", "velocity"}) {
        INFO(parametrisation);
        write_network(file, parametrisation, "linear-vp");
        StudyRequest request{.subject = file.string(), .samples = 1, .t0 = 0.125, .t1 = 0.875};
        const auto in_time = truth_of(request);
        request.variables = "regular";
        CHECK(distance(truth_of(request), in_time) < 1e-29);
        request.path = "cosine";
        if (std::string(parametrisation) != "velocity") CHECK(distance(truth_of(request), in_time) > 1e-3);  // control: another path, another flow
    }
}

TEST_CASE("in the regular variables a noise network is followed to the data, where few digits come from extended precision") {
    const TemporaryFolder folder;
    const auto file = folder / "n.safetensors";
    write_network(file, "epsilon", "linear-vp");
    const StudyRequest request{.subject = file.string(), .methods = {"dto", "greedy"}, .tableaus = {"rk4"}, .precisions = {"mpfr50"}, .steps = {128, 256},
                               .variables = "regular", .samples = 1, .t0 = 0.5, .digits = 25};
    const Study study(request);
    CHECK(study.problem().t1 == 1);
    CHECK(study.problem().statement.find("r = 0 (t1 = 1)") != std::string::npos);
    const auto rows = rows_of(study).rows;
    REQUIRE(rows.size() == 3);
    CHECK(std::abs(rows[1].observed_order.value() - 4) <= 0.1);
    CHECK(rows[2].method == "greedy");
    StudyRequest few = request;
    few.digits = 12;
    CHECK(distance(truth_of(few), truth_of(request)) < 1e-12);
    // by default the ends where the velocity of a noise network is singular are left out
    const Study in_time({.subject = file.string()});
    CHECK(in_time.problem().t0 == 0.05);
    CHECK(in_time.problem().t1 == 0.99);
    CHECK(in_time.problem().statement.find("singular at t = 0 and t = 1") != std::string::npos);
}

TEST_CASE("what has no path, or is singular at an end, is refused in a sentence that names the way out") {
    const TemporaryFolder folder;
    const auto noise = (folder / "noise.safetensors").string(), data = (folder / "data.safetensors").string(), odd = (folder / "odd.safetensors").string();
    write_network(noise, "epsilon", "linear-vp");
    write_network(data, "x1", "cond-ot");
    write_network(odd, "epsilon", "winding");
    const auto refuses = [](const StudyRequest& request, const std::string& why, const std::string& remedy) {
        INFO(request.subject << ": " << why);
        CHECK_THROWS_WITH(Study(request), Catch::Contains(why) && Catch::Contains(remedy) && !Catch::Contains("\n"));
    };
    refuses({.subject = noise, .t1 = 1.0}, "infinite at t = 1 on linear-vp", "--variables regular");
    refuses({.subject = noise, .t0 = 0.0}, "divides by alpha, which is 0 at t = 0", "--t0 above 0");
    refuses({.subject = noise, .variables = "regular", .t0 = 0.0}, "infinite at t = 0", "choose a time");
    refuses({.subject = data, .variables = "regular", .t1 = 1.0}, "sigma/alpha, which is 0", "--t1 below 1");
    refuses({.subject = odd}, "'winding'", "--path");
    refuses({.subject = noise, .path = "winding"}, "--path", "linear-vp");
    refuses({.subject = "gaussian-mixture", .variables = "regular", .t1 = 2.0}, "outside", "choose a time");
    refuses({.subject = "gaussian-mixture", .path = "edm", .variables = "regular", .t1 = 1.0}, "no smooth function", "between 0 and 1");
    refuses({.subject = "gaussian-mixture", .methods = {"look-ahead"}, .t0 = 0.0}, "--methods look-ahead", "choose a time");
    refuses({.subject = "gaussian-mixture", .methods = {"adjoint-deis-1"}, .t0 = 0.0}, "--methods adjoint-deis-1", "choose a time");
    refuses({.subject = "lotka-volterra", .methods = {"adjoint-deis-1"}}, "plain field", "gaussian-mixture");
    refuses({.subject = "lotka-volterra", .methods = {"greedy"}}, "plain field", "gaussian-mixture");
    refuses({.subject = "lotka-volterra", .methods = {"look-ahead"}}, "plain field", "gaussian-mixture");
    refuses({.subject = "lotka-volterra", .path = "ve"}, "--path", "gaussian-mixture");
    refuses({.subject = "lotka-volterra", .dimension = 3}, "--dim 3", "gaussian-mixture");
    CHECK_NOTHROW(Study({.subject = data, .t0 = 0.0, .t1 = 0.75}));
    CHECK_NOTHROW(Study({.subject = noise, .path = "cosine", .t0 = 0.125, .t1 = 1.0}));  // sigma' is finite there
}

TEST_CASE("AdjointDEIS-1 takes no tableau: rows under euler, order 1, elsewhere than dto") {
    const Study study({.subject = "gaussian-mixture", .methods = {"dto", "adjoint-deis-1"}, .tableaus = {"rk4"}, .precisions = {"f64"}, .steps = {256, 512},
                       .samples = 1, .t0 = 0.25, .t1 = 0.875, .digits = 12});
    const Rows result = rows_of(study);
    REQUIRE(result.rows.size() == 4);
    for (const StudyRow& row : result.rows) {
        INFO(row.method << " " << row.steps << ": " << row.note);
        CHECK(row.tableau == (row.method == "dto" ? "rk4" : "euler"));
        if (row.method == "dto") continue;
        CHECK(row.predicted_order == std::optional<double>(1));
        CHECK(*row.error_to_dto > 1e-6);
        if (row.steps == 512) CHECK(row.observed_order.value() == Approx(1).margin(0.1));
    }
    // without a start that is asked for it begins where alpha is not 0
    CHECK(Study({.subject = "gaussian-mixture", .methods = {"adjoint-deis-1"}}).problem().t0 == 0.05);
}

TEST_CASE("a linear observation is a loss: the identity is the squared distance, a row is another") {
    const TemporaryFolder folder;
    const auto identity = (folder / "I.npy").string(), row = (folder / "row.npy").string(), y = (folder / "y.npy").string();
    nn::write_npy(identity, nn::Array{{1.0, 0.0}, {0.0, 1.0}});
    nn::write_npy(row, nn::Array{{0.0, 1.0}});
    nn::write_npy(y, nn::Array{{1.0, 1.0}});
    StudyRequest request{.subject = "lotka-volterra", .y_file = y, .samples = 2, .digits = 20};
    const auto squared = truth_of(request);
    request.loss = "observation:" + identity;
    CHECK(distance(truth_of(request), squared) < 1e-30);
    request.loss = "observation:" + row;
    CHECK_THROWS_WITH(Study(request), Catch::Contains("y.npy"));  // one value a sample is observed
    request.y_file.reset();
    CHECK(Study(request).problem().y.size() == 2);
    CHECK(distance(truth_of(request), squared) > 1e-3);
}

TEST_CASE("a study is told apart by its path, variables and loss, and one that has none of them keeps the text it had") {
    const auto text = [](const StudyRequest& request) { return Study(request).problem().configuration(); };
    const std::string plain = text({.subject = "lotka-volterra", .samples = 1});
    // as written by the version before paths existed
    CHECK(plain == R"({"version":1,"subject":"lotka-volterra: x' = p0 x - p1 x y, y' = -p2 y + p3 x y","fingerprint":"lotka-volterra",)"
                   R"("loss":"squared-distance","samples":1,"x0":"2be2cbea19a827c5","y":"2be2cbea19a827c5","t0":0.0,"t1":1.0,"digits":30})");
    const std::string mixture = text({.subject = "gaussian-mixture", .t0 = 0.25});
    CHECK(mixture != text({.subject = "gaussian-mixture", .path = "cosine", .t0 = 0.25}));
    CHECK(mixture != text({.subject = "gaussian-mixture", .variables = "regular", .t0 = 0.25}));
    CHECK(mixture.find(R"("path":"cond-ot","variables":"time")") != std::string::npos);
}
