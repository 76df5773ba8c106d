// A model of two moons, made to end on a circle: guidance with a loss of one's own, by three methods.
#include "guidance/guide/method.hpp"
#include "nn/network.hpp"

#include <fmt/format.h>

#include <cmath>
#include <span>
#include <vector>

using namespace costate;
using guidance::FlowModel, guidance::GuidanceProblem, guidance::NormalSource, guidance::Objective, guidance::OwnLoss;

// ℓ(x) = ½(‖x‖ - 1)²,  ∇ℓ = (1 - 1/‖x‖) x
double distance_to_circle(std::span<const double> x, std::span<double> x_bar) {
    const double radius = std::hypot(x[0], x[1]);
    for (std::size_t i = 0; i < x_bar.size(); ++i) x_bar[i] = (1 - 1 / radius) * x[i];
    return (radius - 1) * (radius - 1) / 2;
}

int main(int count, char** arguments) {
    const nn::Network network = nn::load_network(count > 1 ? arguments[1] : "models/moons.safetensors");
    FlowModel<double> model(network, guidance::find_path("cond-ot"));
    Objective<double> objective({OwnLoss<double>{distance_to_circle}});

    fmt::print("{:28} {:>12} {:>12} {:>8}\n", "method", "mean loss", "evaluations", "vjps");
    for (const char* name : {"unconditional", "greedy", "d-flow:enough=1e-8"}) {
        const guidance::GuidanceMethod method = guidance::find_guidance_method(name);
        model.reset_cost();
        double sum = 0;
        constexpr unsigned samples = 32;
        for (unsigned i = 0; i < samples; ++i) {
            const NormalSource random(2026, i);  // the same starts for every method
            GuidanceProblem<double> problem{model, objective, random};
            const auto result = method(problem);
            sum += objective(std::span<const double>(result.x)) / samples;
        }
        fmt::print("{:28} {:12.2e} {:12} {:8}\n", name, sum, model.cost().evaluations / samples, model.cost().vjps / samples);
    }
}
