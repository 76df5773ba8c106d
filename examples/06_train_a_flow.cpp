// A flow learns two moons from scratch: flow matching with AdamW, a moving average and a cosine, then its samples, and a file that `costate study` reads.
//   06_train_a_flow [STEPS [NAME]]   writes NAME.safetensors and NAME.svg
#include "nn/modules.hpp"
#include "nn/optimise/adam.hpp"
#include "nn/optimise/average.hpp"
#include "nn/optimise/cosine.hpp"
#include "nn/weights.hpp"
#include "ode/flow.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <numbers>
#include <numeric>
#include <random>

using namespace costate;
using Values = std::vector<float>;
using Clock = std::chrono::steady_clock;
constexpr std::size_t batch = 512, many = 16000;

struct Random {
    std::mt19937 engine;
    std::normal_distribution<float> normal;
    std::uniform_real_distribution<float> uniform{0, 1};

    Values normals(std::size_t count) {
        Values z(2 * count);
        for (float& value : z) value = normal(engine);
        return z;
    }
    // (cos a, sin a) above, (1 − cos a, ½ − sin a) below, a uniform in [0, π], with noise of 0.05; shifted and scaled to mean 0 and variance 1.
    Values moons(std::size_t count) {
        const float pi = std::numbers::pi_v<float>, scale_x = 1 / std::sqrt(0.7525F), scale_y = 1 / std::sqrt(0.565F - 1 / pi);
        Values x(2 * count);
        for (std::size_t i = 0; i < count; ++i) {
            const float a = pi * uniform(engine);
            const bool below = uniform(engine) < 0.5F;
            x[2 * i] = ((below ? 1 - std::cos(a) : std::cos(a)) + 0.05F * normal(engine) - 0.5F) * scale_x;
            x[2 * i + 1] = ((below ? 0.5F - std::sin(a) : std::sin(a)) + 0.05F * normal(engine) - 0.25F) * scale_y;
        }
        return x;
    }
};

// u(x, t) by three hidden layers of 64.
nn::Network network() {
    nn::NetworkBuilder net({.input_shape = {2}, .parametrisation = "velocity", .path = "cond-ot"}, 2026);
    nn::Value h = nn::concat({net.x(), net.t()});
    for (const char* name : {"first", "second", "third"}) h = silu(nn::Linear{name, 64}(h));
    return net.network(nn::Linear{"last", 2}(h));
}

// ‖u(x_t, t) − v‖² of a sample, as a program of (t, x_t, v).
autodiff::Program<float> loss_of(const nn::Network& network) {
    autodiff::Tape<float> tape;
    const auto t = tape.input(1, autodiff::Sharing::per_sample, "t");
    const auto x = tape.input(2, autodiff::Sharing::per_sample, "x");
    const auto v = tape.input(2, autodiff::Sharing::per_sample, "v");
    const auto difference = nn::record(network, tape, t, x) - v;
    tape.output(sum(difference * difference), "loss");
    return autodiff::freeze(tape, {.frozen_inputs = {"t", "x", "v"}});
}

// L(θ) = mean ‖u(x_t, t) − (x₁ − x₀)‖² and ∇L on a fresh batch, x_t = t x₁ + (1 − t) x₀. Lipman and others 2023, equation 23 with σ = 0.
struct FlowMatching {
    autodiff::Program<float> program;
    Random random;
    autodiff::Record<float> record{};
    autodiff::Workspace<float> workspace{};
    Values t = Values(batch), x = Values(2 * batch), v = x, losses = t;
    const Values weights = Values(batch, 1.0F / batch);

    float operator()(const Values& theta, Values& gradient) {
        const Values x0 = random.normals(batch), x1 = random.moons(batch);
        for (std::size_t i = 0; i < batch; ++i) {
            t[i] = random.uniform(random.engine);
            for (std::size_t j = 2 * i; j < 2 * i + 2; ++j) x[j] = t[i] * x1[j] + (1 - t[i]) * x0[j], v[j] = x1[j] - x0[j];
        }
        program.set_parameters(theta);
        program.forward(std::array<std::span<const float>, 3>{t, x, v}, std::array{std::span(losses)}, batch, record, workspace);
        std::ranges::fill(gradient, 0.0F);
        program.pullback(record, std::array<std::span<const float>, 1>{weights}, {}, gradient, workspace);
        return std::accumulate(losses.begin(), losses.end(), 0.0F) / batch;
    }
};

// [####....] with the time left, on a terminal.
void show(std::size_t step, std::size_t steps, float loss, Clock::time_point begin) {
    const double done = static_cast<double>(step) / static_cast<double>(steps), spent = std::chrono::duration<double>(Clock::now() - begin).count();
    const std::string full(static_cast<std::size_t>(24 * done), '#');
    if (isatty(STDERR_FILENO))
        std::fprintf(stderr, step == steps ? "\r\033[K" : "\r\033[K[%s%s] %3.0f %%, %.0f s left  loss %.3f", full.c_str(),
                     std::string(24 - full.size(), '.').c_str(), 100 * done, spent * (1 - done) / done, static_cast<double>(loss));
}

// Trains the network in place, to the moving average of its weights; the mean loss of every hundredth of the way.
Values train(nn::Network& network, std::size_t steps) {
    FlowMatching objective{loss_of(network), {.engine = std::mt19937(1), .normal = {}}};
    Values theta = nn::parameter_values<float>(network), gradient(theta.size()), means(100);
    nn::Adam<float> adamw(theta.size(), {.weight_decay = 1e-4F});
    nn::MovingAverage<float> average(theta.size(), 0.999F);
    const nn::CosineRate rate{.peak = 4e-3, .steps = steps, .warm_up = steps / 50};
    const auto begin = Clock::now();
    for (std::size_t step = 0; step < steps; ++step) {
        const float loss = objective(theta, gradient);
        adamw.options.rate = static_cast<float>(rate(step));
        adamw.step(loss, gradient, theta);
        average.update(theta);
        means[100 * step / steps] += loss * 100 / static_cast<float>(steps);
        if (step % 64 == 63 || step + 1 == steps) show(step + 1, steps, loss, begin);
    }
    nn::set_parameters(network, average.values());
    return means;
}

// The flow from standard normals at t = 0 to t = 1.
Values samples(const nn::Network& network, std::size_t count) {
    auto field = nn::field<float>(network);
    return ode::solve(field, Random{.engine = std::mt19937(2), .normal = {}}.normals(count), {0, 1}, {.tableau = "rk4", .steps = 16});
}

// √(mean over directions of the squared 2-Wasserstein distance between projections): sorted, then compared. Bonneel and others 2015.
double sliced_wasserstein(const Values& a, const Values& b) {
    double sum = 0;
    constexpr int directions = 50;
    for (int k = 0; k < directions; ++k) {
        const float angle = std::numbers::pi_v<float> * static_cast<float>(k) / directions;
        const auto projected = [&](const Values& of) {
            Values p(of.size() / 2);
            for (std::size_t i = 0; i < p.size(); ++i) p[i] = std::cos(angle) * of[2 * i] + std::sin(angle) * of[2 * i + 1];
            std::ranges::sort(p);
            return p;
        };
        const Values p = projected(a), q = projected(b);
        for (std::size_t i = 0; i < p.size(); ++i) sum += std::pow(p[i] - q[i], 2) / static_cast<double>(p.size() * directions);
    }
    return std::sqrt(sum);
}

// Data, samples before and after in the plane; the loss on the way.
void draw(const std::string& file, const Values& data, const Values& before, const Values& after, const Values& losses) {
    std::ofstream svg(file);
    svg << "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1100 300' font-family='sans-serif' font-size='13'>\n"
        << "<rect width='1100' height='300' fill='white'/>\n";
    const auto scatter = [&](const Values& of, double left, const char* name, const char* colour) {
        svg << "<text x='" << left + 10 << "' y='290'>" << name << "</text><g fill='" << colour << "' fill-opacity='0.5'>\n";
        for (std::size_t i = 0; i < 3000; i += 2)
            if (std::max(std::abs(of[i]), std::abs(of[i + 1])) < 2.4F)
                svg << "<circle cx='" << left + 130 + 55 * of[i] << "' cy='" << 140 - 55 * of[i + 1] << "' r='1.5'/>\n";
        svg << "</g>\n";
    };
    scatter(data, 0, "data", "#136");
    scatter(before, 260, "samples, untrained", "#999");
    scatter(after, 520, "samples, trained", "#c33");
    const auto height = [&](float loss) { return 260 - 130 * (loss - 2.5F); };
    svg << "<text x='820' y='290'>mean loss, from the first step to the last</text>\n";
    for (const float loss : {2.5F, 3.0F, 3.5F, 4.0F})
        svg << "<text x='814' text-anchor='end' y='" << height(loss) + 4 << "'>" << loss << "</text>"
            << "<path stroke='#ddd' d='M820 " << height(loss) << "H1080'/>\n";
    svg << "<polyline fill='none' stroke='#c33' stroke-width='1.5' points='";
    for (std::size_t i = 0; i < losses.size(); ++i) svg << 820 + 2.6 * static_cast<double>(i) << ',' << height(losses[i]) << ' ';
    svg << "'/>\n</svg>\n";
}

int main(int argc, char** argv) {
    const std::size_t steps = argc > 1 ? std::max(std::stoul(argv[1]) / 100, 1UL) * 100 : 20000;
    const std::string name = argc > 2 ? argv[2] : "06_train_a_flow";
    nn::Network flow = network();
    Random random{.engine = std::mt19937(3), .normal = {}};
    const Values data = random.moons(many), more = random.moons(many), before = samples(flow, many);
    const auto begin = Clock::now();
    const Values losses = train(flow, steps);
    const Values after = samples(flow, many);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    std::printf("%zu weights, %zu steps of %zu samples, %.0f s\n", flow.parameter_count(), steps, batch, seconds);
    std::printf("mean loss %.3f at first, %.3f at last\n", static_cast<double>(losses.front()), static_cast<double>(losses.back()));
    std::printf("sliced Wasserstein distance to data: untrained %.3f, trained %.3f, other data %.3f\n", sliced_wasserstein(before, data),
                sliced_wasserstein(after, data), sliced_wasserstein(more, data));
    const double deviation[] = {std::sqrt(0.7525), std::sqrt(0.565 - 1 / std::numbers::pi)};
    char standardisation[200];
    std::snprintf(standardisation, sizeof standardisation, R"({"mean": [0.5, 0.25], "std": [%.17g, %.17g]})", deviation[0], deviation[1]);
    const std::string training = std::to_string(steps) + " steps of batch " + std::to_string(batch) + ", AdamW 4e-3 cosine, EMA .999";
    nn::save_network(flow, name + ".safetensors", {{"training", training}, {"standardisation", standardisation}});
    draw(name + ".svg", data, before, after, losses);
    std::printf("wrote %s.safetensors and %s.svg\n", name.c_str(), name.c_str());
}
