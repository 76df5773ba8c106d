// Solver gradients of networks trained and answered by PyTorch, exported by another program than the one in tools/.
#include "guidance/check.hpp"
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

TEST_CASE("of a network that predicts noise the values and products are compared, and the rest is listed") {
    if (absent()) return;
    const auto report = guidance::check_model(models / "mnist_vp_eps.safetensors", models / "mnist_vp_eps.golden.safetensors");
    CHECK(report.agrees());
    CHECK(report.rows.size() == 2 * 11);
    const std::vector<std::string> rest{"ddim10.grad_x0", "ddim10.loss",        "ddim10.x1",         "euler6.grad_x0",
                                        "euler6.loss",    "euler6.x1",          "midpoint3.grad_x0", "midpoint3.loss",
                                        "midpoint3.x1",   "midpoint50.grad_x0", "midpoint50.loss",   "midpoint50.x1",
                                        "velocity"};
    CHECK(report.not_compared == rest);
    for (const auto& row : report.rows) {
        INFO(row.quantity << " " << row.precision << " " << row.max_error);
        CHECK(row.max_error <= (row.precision == "f64" ? 1e-12 : 4 * torch_float32.at("mnist_vp_eps").at(row.quantity)));
    }
}
