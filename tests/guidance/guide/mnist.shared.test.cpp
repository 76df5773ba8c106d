// Guidance on trained networks: images are restored, classes are reached, and threads change no bit. Data of ../shared.
#include "guidance/guide/comparison.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <iostream>
#include <map>

using namespace costate;
using namespace costate::guidance;

namespace {

const std::filesystem::path data = COSTATE_SHARED_DIR "/data";
const std::filesystem::path images = data / "mnist" / "t10k-images-idx3-ubyte.gz";

bool absent() {
    if (std::filesystem::exists(images)) return false;
    std::cout << "SKIPPED: " << images << " is not there\n";
    return true;
}

using Samples = std::map<std::pair<std::string, std::size_t>, std::pair<GuideRow, std::vector<double>>>;

Samples run(const GuideRequest& request) {
    const GuideSetup setup = guide_setup(request);
    Samples samples;
    GuideHooks hooks;
    hooks.keep = [&](const GuideRow& row, std::span<const double> sample, auto&&...) { samples[{row.method, row.image}] = {row, {sample.begin(), sample.end()}}; };
    run_guide(setup, {}, hooks);
    return samples;
}

GuideRequest restore(const char* model, const char* task) {
    GuideRequest request;
    request.model = (data / "models" / model).string();
    request.task = task;
    request.images = images;
    request.count = 2;
    return request;
}

}  // namespace

TEST_CASE("a U-Net restores what averaging took, on one thread and on two alike") {
    if (absent()) return;
    GuideRequest request = restore("mnist_unet.safetensors", "super-resolution:2");
    request.methods = {"unconditional", "greedy", "ot-ode"};
    request.options.steps = 30;
    request.threads = 1;
    const Samples one = run(request);
    for (std::size_t i = 0; i < 2; ++i) {
        const auto psnr = [&](const char* method) { return one.at({method, i}).first.psnr.value(); };
        CHECK(psnr("greedy") > psnr("pseudo-inverse") + 2);
        CHECK(psnr("ot-ode") > psnr("pseudo-inverse") + 2);
        CHECK(psnr("unconditional") < psnr("pseudo-inverse"));  // the control: nothing is asked of it
    }
    request.threads = 2;
    for (const auto& [key, value] : run(request)) CHECK(value.second == one.at(key).second);
}

TEST_CASE("a class of another network is reached from noise") {
    if (absent()) return;
    GuideRequest request;
    request.model = (data / "models" / "mnist_unet.safetensors").string();
    request.losses = {{data / "models" / "mnist_classifier.safetensors", {3, 8}}};
    request.methods = {"unconditional", "greedy"};
    request.options.steps = 40;
    request.count = 4;
    std::size_t reached = 0, by_chance = 0;
    for (const auto& [key, value] : run(request)) (key.first == "greedy" ? reached : by_chance) += value.first.class_ok.value();
    CHECK(reached == 4);
    CHECK(by_chance < 3);
}

TEST_CASE("a model of the noise is guided too, from 0.05 to 0.99 and to its estimate of the end") {
    if (absent()) return;
    GuideRequest request = restore("mnist_vp_eps.safetensors", "denoise");
    request.noise = 0.5;
    request.methods = {"unconditional", "greedy:rate=0.1"};
    const Samples samples = run(request);
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(samples.at({"greedy:rate=0.1", i}).first.psnr.value() > samples.at({"pseudo-inverse", i}).first.psnr.value());
        CHECK(samples.at({"unconditional", i}).first.evaluations == 101);  // the last one is the estimate
    }
}
