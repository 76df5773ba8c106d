// Solver gradients of networks trained and answered by PyTorch, exported by another program than the one in tools/.
#include "guidance/check.hpp"
#include "tests/nn/temporary.hpp"
#include "tests/nn/torch_float32.hpp"

#include <catch2/catch.hpp>

#include <iostream>

using namespace costate;

namespace {

const std::filesystem::path models = std::filesystem::path(COSTATE_SHARED_DIR) / "data/models";

bool absent() {
    if (std::filesystem::exists(models / "moons.safetensors")) return false;
    std::cout << "SKIPPED: there is no " << (models / "moons.safetensors").string() << "\n";
    return true;
}

}  // namespace

TEST_CASE("all quantities of three networks agree to 1e-12, in single precision to four times PyTorch's own error") {
    if (absent()) return;
    for (const std::string model : {"moons", "gmm2", "digits"}) {
        const auto report = guidance::check_model(models / (model + ".safetensors"), models / (model + ".golden.safetensors"));
        CHECK(report.agrees());
        CHECK(report.not_compared == (model == "gmm2" ? std::vector<std::string>{"exact_u"} : std::vector<std::string>{}));
        const auto& torch = torch_float32.at(model);
        CHECK(report.rows.size() == 2 * torch.size());
        for (const auto& row : report.rows) {
            INFO(model << " " << row.quantity << " " << row.precision << " " << row.max_error);
            CHECK(row.max_error <= (row.precision == "f64" ? 1e-12 : 4 * torch.at(row.quantity)));
        }
    }
}

TEST_CASE("of a network that predicts noise everything is compared: values, products, velocity, solvers and DDIM") {
    if (absent()) return;
    const auto report = guidance::check_model(models / "mnist_vp_eps.safetensors", models / "mnist_vp_eps.golden.safetensors");
    CHECK(report.agrees());
    CHECK(report.not_compared.empty());
    const auto& torch = torch_float32.at("mnist_vp_eps");
    CHECK(report.rows.size() == 2 * torch.size());
    for (const auto& row : report.rows) {
        INFO(row.quantity << " " << row.precision << " " << row.max_error);
        CHECK(row.max_error <= (row.precision == "f64" ? 1e-12 : 4 * torch.at(row.quantity)));
    }
}

TEST_CASE("every model agrees from either kind of file, solvers included: to 1e-12 in double") {
    if (absent()) return;
    for (const std::string model : {"moons", "gmm2", "digits", "mnist_vp_eps", "mnist_unet", "mnist_classifier"}) {
        std::size_t compared = 0;
        for (const std::string kind : {".onnx", ".safetensors"}) {
            if (model == "mnist_unet" && kind == ".safetensors") continue;  // a quarter of a minute; tests/nn holds its values
            const nn::LoadOptions options{.path = model == "mnist_vp_eps" && kind == ".onnx" ? "linear-vp" : ""};  // which that file does not name
            const auto report = guidance::check_model(models / (model + kind), models / (model + ".golden.safetensors"), {}, options);
            INFO(model << kind);
            CHECK(report.agrees());
            CHECK((compared == 0 || compared == report.rows.size()));
            compared = report.rows.size();
            for (const auto& row : report.rows) {
                INFO(row.quantity << " " << row.precision << " " << row.max_error);
                if (row.precision == "f64") CHECK(row.max_error <= 1e-12);
            }
        }
    }
}

TEST_CASE("control: on another interval the solvers of a network that predicts noise disagree, and its values agree still") {
    if (absent()) return;
    const TemporaryFolder folder;
    const nn::SafetensorsFile original(models / "mnist_vp_eps.golden.safetensors");
    std::vector<nn::TensorToWrite> tensors;
    for (const std::string name : {"x", "t", "x0", "y", "u", "v", "w", "t_inside", "velocity", "euler6.x1", "ddim10.loss"})
        tensors.push_back({name, original.values(name), nn::DType::f64});
    const auto file = folder / "moved.golden.safetensors";
    nn::write_safetensors(file, tensors, {{"solver_interval", "[0.05, 0.98]"}, {"ddim_interval", "[0.06, 1]"}});
    for (const auto& row : guidance::check_model(models / "mnist_vp_eps.safetensors", file).rows) {
        INFO(row.quantity << " " << row.precision << " " << row.max_error);
        CHECK(row.agrees == (row.quantity == "u" || row.quantity == "velocity"));
    }
    nn::write_safetensors(file, tensors, {{"solver_interval", "all of it"}});
    CHECK_THROWS_WITH(guidance::check_model(models / "mnist_vp_eps.safetensors", file), Catch::Contains("solver_interval"));
}
