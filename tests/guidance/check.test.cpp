// Solver gradients of the bundled network against PyTorch's (models/moons.golden.safetensors).
#include "guidance/check.hpp"
#include "tests/nn/temporary.hpp"
#include "tests/nn/torch_float32.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace costate;

namespace {

const std::filesystem::path models = std::filesystem::path(COSTATE_SOURCE_DIR) / "models";
const auto network = models / "moons.safetensors", golden = models / "moons.golden.safetensors";

/// The golden file with its tensors changed by `change`.
template <class Change>
void write_changed(const std::filesystem::path& file, Change change) {
    const nn::SafetensorsFile original(golden);
    std::vector<nn::TensorToWrite> tensors;
    for (const auto& entry : original.tensors()) tensors.push_back({entry.name, original.values(entry.name), nn::DType::f64});
    change(tensors);
    nn::write_safetensors(file, tensors);
}

}  // namespace

TEST_CASE("every quantity of the bundled golden file agrees to 1e-12, in single precision to four times PyTorch's own error") {
    const auto report = guidance::check_model(network, golden);
    CHECK(report.agrees());
    CHECK(report.not_compared.empty());
    // u, vjp, jvp, divergence, two rows for each of eight weights, three answers of three solvers; in two precisions
    CHECK(report.rows.size() == 2 * (4 + 16 + 9));
    CHECK(std::ranges::count(report.rows, "f64", &nn::CheckRow::precision) == 29);
    for (const auto& row : report.rows) {
        INFO(row.quantity << " " << row.precision << " " << row.max_error);
        CHECK(row.max_error <= (row.precision == "f64" ? 1e-12 : 4 * torch_float32.at("bundled-moons").at(row.quantity)));
    }
}

TEST_CASE("an answer changed by a billionth disagrees, and only that one") {
    const TemporaryFolder folder;
    const auto file = folder / "changed.golden.safetensors";
    for (const std::string changed : {"midpoint3.x1", "midpoint50.grad_x0", "euler6.loss", "jvp", "theta_bar.2.weight"}) {
        write_changed(file,
                      [&](auto& tensors) { std::ranges::find(tensors, changed, &nn::TensorToWrite::name)->values *= 1 + 1e-9; });
        const auto report = guidance::check_model(network, file);
        CHECK_FALSE(report.agrees());
        for (const auto& row : report.rows) CHECK(row.agrees == (row.quantity != changed || row.precision == "f32"));
    }
}

TEST_CASE("tolerances are the caller's") {
    const auto strict = guidance::check_model(network, golden, {.f64 = 1e-11, .f32 = 1e-9});
    for (const auto& row : strict.rows) CHECK(row.agrees == (row.max_error <= (row.precision == "f64" ? 1e-11 : 1e-9)));
    CHECK_FALSE(strict.agrees());
}

TEST_CASE("what is not known is listed, what is missing or misshapen is refused in one sentence") {
    const TemporaryFolder folder;
    const auto file = folder / "odd.golden.safetensors";
    write_changed(file, [](auto& tensors) { tensors.push_back({"rk4.x1", nn::Array{1.0}, nn::DType::f64}); });
    const auto report = guidance::check_model(network, file);
    CHECK(report.not_compared == std::vector<std::string>{"rk4.x1"});
    CHECK(report.agrees());
    const auto without = [&](const std::string& name) {
        write_changed(file,
                      [&](auto& tensors) { std::erase_if(tensors, [&](const auto& tensor) { return tensor.name == name; }); });
    };
    for (const char* name : {"x", "t", "v", "w", "x0", "y"}) {
        without(name);
        CHECK_THROWS_AS(guidance::check_model(network, file), nn::GoldenError);
        CHECK_THROWS_WITH(guidance::check_model(network, file),
                          Catch::Contains("\"" + std::string(name) + "\"") && Catch::Contains(file.string()));
    }
    without("midpoint3.x1");
    CHECK(guidance::check_model(network, file).rows.size() == 2 * 28);
    write_changed(file, [](auto& tensors) {
        std::ranges::find(tensors, "euler6.x1", &nn::TensorToWrite::name)->values = nn::Array{1.0, 2.0};
    });
    CHECK_THROWS_WITH(guidance::check_model(network, file), Catch::Contains("euler6.x1") && Catch::Contains("[2]"));
    write_changed(file, [](auto& tensors) {
        std::erase_if(tensors, [](const auto& tensor) { return tensor.name != "x" && tensor.name != "t"; });
    });
    CHECK_THROWS_AS(guidance::check_model(network, file), nn::GoldenError);
    CHECK_THROWS_AS(guidance::check_model(golden, golden), nn::NetworkError);
    CHECK_THROWS_AS(guidance::check_model(folder / "absent", golden), nn::SafetensorsError);
}
