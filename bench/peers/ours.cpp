// Our side of compare.py: reads "gradient COUNT", "forward COUNT" or "limit COUNT" on standard input and answers with the shortest and the median seconds
// of so many; "end 1" is answered with x₁. The limit of a gradient is what this machine needs for the same arithmetic in its best dense kernel (batch 1: to read the weights as
// often), measured beside it; of the orbit and of W4, the solve alone, written by hand.
// ours WORKLOAD PRECISION STEPS BATCH THREADS METHOD [--write FILE | --read FILE]: the first line of the answer is the gradient as JSON;
// METHOD is dto, for W3 its tolerances, such as 1e-3:1e-6, and for W4 and W7 replay, compiled or, as machine code, a schedule such as binomial:8. --write writes the network and ends, --read takes it from there.
#include "bench/peers/adaptive_sides.hpp"
#include "bench/peers/image_side.hpp"
#include "bench/peers/side.hpp"
#include "bench/timing.hpp"
#include "bench/workloads.hpp"
#include "kernels/cache.hpp"
#include "kernels/huge_pages.hpp"
#include "kernels/linear.hpp"
#include "kernels/reduce.hpp"
#include "ode/checkpoint/check.hpp"
#include "ode/checkpoint/schedule.hpp"
#include "ode/gradient/checkpointed.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/gradient/tile_rows.hpp"
#include "ode/gradient/tiled.hpp"
#include "ode/whole_step.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>

using namespace costate;
using namespace costate::bench;

namespace {

// Every evaluation and every pullback computes with all weights, and at batch 1 reads them.
template <class T>
void set_limit(Side& side, const Perceptron& p, std::size_t evaluations, std::size_t batch) {
    if (batch > 1) {
        side.limit = [dense = std::make_shared<Dense<T>>()] { (*dense)(); };
        side.limit_times = 4 * p.weights() * static_cast<double>(batch * evaluations) / Dense<T>::flops;
        return;
    }
    struct Read {
        kernels::AlignedVector<T> weights;
        T sum{};
    };
    auto read = std::make_shared<Read>(Read{kernels::AlignedVector<T>(static_cast<std::size_t>(p.weights()), T(1))});
    side.limit = [read] { read->sum += kernels::sum<T>(std::span<const T>(read->weights)); };
    side.limit_times = 2 * static_cast<double>(evaluations);
}

template <class T>
std::vector<double> widened(const std::vector<T>& values) {
    return {values.begin(), values.end()};
}

// The network, its sizes as every side reads them, and what else is given.
void write(const Perceptron& p, const std::string& file, const std::map<std::string, std::vector<double>>& more = {}) {
    std::vector<nn::TensorToWrite> tensors;
    const auto array = [](const std::vector<double>& values, std::vector<std::size_t> shape) {
        nn::Array a = nn::Array::from_shape(shape);
        std::copy(values.begin(), values.end(), a.begin());
        return a;
    };
    for (std::size_t l = 0; l < p.layers.size(); ++l) {
        const Layer& layer = p.layers[l];
        tensors.push_back({"layer" + std::to_string(l) + ".weight", array(layer.weight, {layer.outputs, layer.inputs})});
        tensors.push_back({"layer" + std::to_string(l) + ".bias", array(layer.bias, {layer.outputs})});
    }
    tensors.push_back({"x0", array(p.x0, {p.x0.size() / p.dim(), p.dim()})});
    tensors.push_back({"y", array(p.y, {p.y.size() / p.dim(), p.dim()})});
    for (const auto& [name, values] : more) tensors.push_back({name, array(values, {values.size()})});
    nn::write_safetensors(file, tensors);
}

void write(const Unet& u, const std::string& file) {
    std::vector<nn::TensorToWrite> tensors;
    const auto add = [&](const std::string& name, const std::vector<double>& values, std::vector<std::size_t> shape) {
        nn::Array a = nn::Array::from_shape(shape);
        std::copy(values.begin(), values.end(), a.begin());
        tensors.push_back({name, std::move(a)});
    };
    for (std::size_t l = 0; l < Unet::layers.size(); ++l) {
        const ConvolutionLayer& layer = Unet::layers[l];
        add("conv" + std::to_string(l) + ".weight", u.weights[l], {layer.outputs, layer.channels, 3, 3});
        add("conv" + std::to_string(l) + ".bias", u.biases[l], {layer.outputs});
    }
    for (const auto& [name, values] : {std::pair{"x0", &u.x0}, std::pair{"y", &u.y}}) add(name, *values, {Unet::samples, 1, Unet::side, Unet::side});
    nn::write_safetensors(file, tensors);
}

Perceptron network(const std::string& workload) {
    if (workload == "w1") return made("w1", {2, 128, 128, 128, 2}, true, true, 1, 1024);
    if (workload == "w2") return made("w2", {784, 1024, 1024, 784}, true, true, 1, 64);
    if (workload == "w4") return made("w4", {1, 10, 1}, false, false, 10, 1);
    throw std::invalid_argument("there is no workload '" + workload + "'; known are w1 to w7");
}

Perceptron network(const std::string& workload, const std::string& file) {
    if (file.empty()) return network(workload);
    const bool tanh = workload == "w4";
    return read(file, !tanh, !tanh, tanh ? 10 : 1, {});
}

template <class T>
Side perceptron(const Perceptron& p, std::size_t steps, std::size_t batch, std::size_t threads) {
    struct Data {
        autodiff::ProgramField<T> field;
        ode::Tableau tableau = ode::find_tableau("midpoint");
        std::vector<T> x0, x1;
        ode::SquaredDistance<T> loss;
        ode::TiledGradient<ode::dto::StoreAll, autodiff::ProgramField<T>, T> method;
        ode::GradientResult<T> result{};
        ode::Coefficients<T> coefficients{tableau};
        ode::StepWorkspace<T> scratch{};
    };
    auto f = field<T>(p, true, batch == 1 ? threads : 1);
    const auto part = [&](const std::vector<double>& v) { return in_scalar<T>(std::span<const double>(v).first(batch * p.dim())); };
    const auto summary = f.program().summary();
    const std::size_t sample = summary.workspace_bytes + summary.record_bytes + 6 * p.dim() * sizeof(T);
    const auto weights = static_cast<std::size_t>(2 * p.weights()) * sizeof(T);
    const std::size_t rows = ode::tile_rows({sample, weights, kernels::second_level_cache()}, batch, threads);
    auto data = std::make_shared<Data>(Data{f, ode::find_tableau("midpoint"), part(p.x0), part(p.x0), ode::SquaredDistance<T>(part(p.y)),
                                            {f, ode::find_tableau("midpoint"), ode::Tiling{rows, threads}}});
    const T end = static_cast<T>(p.t1);
    Side side{[data, steps, end] {
                ode::solve<T>(data->coefficients, data->field, ode::Grid<T>(T(0), end, steps), data->x0, data->x1, data->scratch);
            },
            [data, steps, end] { data->method(data->loss, T(0), end, steps, data->x0, {false, false}, data->result); },
            [data] { return widened(data->result.x_bar); }};
    set_limit<T>(side, p, 2 * steps, batch);
    return side;
}

/// Whole steps as straight lines: fields of scalar code, under one gradient method.
template <class Method>
Side stepped(const Method& gradient, const autodiff::ProgramField<double>& plain, const std::string& tableau, std::vector<double> x0, std::vector<double> y, double end,
             std::size_t steps, bool compiled, bool x_too) {
    using Field = ode::SteppedField<double, autodiff::ProgramField<double>>;
    struct Data {
        Field field;
        std::vector<double> x0, x1;
        ode::SquaredDistance<double> loss;
        typename Method::template Workspace<Field, double> workspace;
        ode::GradientResult<double> result{};
        ode::Coefficients<double> coefficients;
        ode::StepWorkspace<double> scratch{};
    };
    const ode::Tableau method = ode::find_tableau(tableau);
    Field field(plain, method);
    if (compiled && !field.compile()) throw std::runtime_error("this build has no machine code; install libasmjit-dev and build again");
    auto data = std::make_shared<Data>(Data{field, x0, x0, ode::SquaredDistance<double>(std::move(y)), typename Method::template Workspace<Field, double>(method),
                                            {}, ode::Coefficients<double>(method)});
    return {[data, steps, end] {
                ode::solve<double>(data->coefficients, data->field, ode::Grid<double>(0.0, end, steps), data->x0, data->x1, data->scratch);
            },
            [data, gradient, steps, end] { gradient(data->field, data->loss, 0.0, end, steps, data->x0, {true, false}, data->workspace, data->result); },
            [data, x_too] {
                std::vector<double> all;
                if (x_too) all = data->result.x_bar;
                all.insert(all.end(), data->result.theta_bar.begin(), data->result.theta_bar.end());
                return all;
            }};
}

// x(t₁) of the network of W4 by the midpoint rule, written by hand.
double by_hand(const Perceptron& p, std::size_t steps) {
    const Layer &in = p.layers[0], &out = p.layers[1];
    const auto f = [&](double x) {
        double sum = out.bias[0];
        for (std::size_t j = 0; j < in.outputs; ++j) sum += out.weight[j] * std::tanh(in.weight[j] * x + in.bias[j]);
        return sum;
    };
    const double h = p.t1 / static_cast<double>(steps);
    double x = p.x0[0];
    for (std::size_t n = 0; n < steps; ++n) x += h * f(x + 0.5 * h * f(x));
    return x;
}

/// A schedule as machine code. Its limit is what its counts predict: the forward steps beyond n in one solve, and store-all.
Side scheduled(const std::string& spelling, const autodiff::ProgramField<double>& plain, const Perceptron& p, std::size_t steps) {
    const std::vector<std::string_view> parts = ode::split_spelling(spelling);
    const auto schedule = ode::dto::Checkpointed::named(parts.front(), std::span(parts).subspan(1));
    if (!schedule) throw std::invalid_argument("there is no method '" + spelling + "'; known are replay, compiled and checkpoint schedules such as binomial:8");
    const auto counts = ode::checkpoint::check(ode::checkpoint::make(schedule->spec, steps));
    const auto again = static_cast<std::size_t>(counts.forward_steps) - steps;
    const Side all = stepped(ode::dto::StoreAll{}, plain, "midpoint", p.x0, p.y, p.t1, steps, true, false);
    Side side = stepped(*schedule, plain, "midpoint", p.x0, p.y, p.t1, steps, true, false);
    if (again == 0) side.limit = all.gradient;
    else side.limit = [all, longer = stepped(ode::dto::StoreAll{}, plain, "midpoint", p.x0, p.y, p.t1, again, true, false)] {
        longer.forward();
        all.gradient();
    };
    side.limit_times = 1;
    return side;
}

Side side_of(const std::string& workload, const std::string& file, const std::string& precision, std::size_t steps, std::size_t batch, std::size_t threads,
             const std::string& method) {
    const bool compiled = method == "compiled";
    if (workload == "w7") {
        const autodiff::ProgramField<double> orbit(autodiff::record_field<double>(4, std::vector<double>{Orbit::mu}, Orbit{}));
        Side side = stepped(ode::dto::StoreAll{}, orbit, "rk4", {0.5, 0.1, 0.0, 1.0}, std::vector<double>(4, 0.0), Orbit::end, steps, compiled, true);
        side.limit = [steps, u = std::make_shared<std::array<double, 4>>()] { orbit_by_hand(steps, *u); };
        side.limit_times = 1;
        return side;
    }
    if (workload == "w6") return image_side(file.empty() ? unet() : read_unet(file), steps, batch, threads);
    if (workload == "w3") return precision == "f32" ? spiral_side<float>(spiral(), method) : spiral_side<double>(spiral(), method);
    const Perceptron p = network(workload, file);
    if (workload == "w4" && !compiled && method != "replay") return scheduled(method, field<double>(p, false), p, steps);
    if (workload == "w4") {
        Side side = stepped(ode::dto::StoreAll{}, field<double>(p, false), "midpoint", p.x0, p.y, p.t1, steps, compiled, false);
        side.limit = [p, steps, x = std::make_shared<double>()] { *x = by_hand(p, steps); };
        side.limit_times = 1;
        return side;
    }
    return precision == "f32" ? perceptron<float>(p, steps, batch, threads) : perceptron<double>(p, steps, batch, threads);
}

std::string timed(const std::function<void()>& call, std::size_t count, double times = 1) {
    std::vector<double> seconds;
    for (std::size_t i = 0; i < count; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        call();
        seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    std::sort(seconds.begin(), seconds.end());
    return nlohmann::json{times * seconds.front(), times * seconds[seconds.size() / 2]}.dump();
}

// W5: "result 1 METHOD", "gradient COUNT METHOD" and "forward COUNT METHOD", a method being a pair and its tolerance, such as verner-87:1e-6.
int serve_methods() {
    std::map<std::string, Side> sides;
    const auto side_named = [&](const std::string& method) -> Side& {
        const auto [found, fresh] = sides.try_emplace(method);
        const std::size_t colon = method.rfind(':');
        if (fresh) found->second = lotka_volterra_side(method.substr(0, colon), method.substr(colon + 1));
        return found->second;
    };
    std::cout << "[]" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        std::string what, method;
        std::size_t count = 1;
        words >> what >> count >> method;
        Side& side = side_named(method);
        if (what == "result") {
            side.gradient();
            std::cout << nlohmann::json(side.result()).dump() << std::endl;
        } else {
            std::cout << timed(what == "forward" ? side.forward : side.gradient, count) << std::endl;
        }
    }
    return 0;
}

int serve(const std::vector<std::string>& words) {
    const std::string workload = words.at(0), precision = words.at(1), method = words.size() > 5 ? words[5] : "";
    const std::size_t steps = std::stoul(words.at(2)), batch = std::stoul(words.at(3)), threads = std::stoul(words.at(4));
    if (words.size() > 7 && words[6] == "--write") {
        if (workload == "w3") {
            const Spiral s = spiral();
            write(s.network, words[7], {{"t", s.times}, {"reference", s.reference}});
        } else if (workload == "w6") {
            write(unet(), words[7]);
        } else {
            write(network(workload), words[7]);
        }
        return 0;
    }
    if (workload == "w5") return serve_methods();
    const std::string file = words.size() > 7 && words[6] == "--read" ? words[7] : "";
    const Side side = side_of(workload, file, precision, steps, batch, threads, method);
    side.gradient();
    std::cout << nlohmann::json(side.result()).dump() << std::endl;
    std::string what;
    for (std::size_t count = 0; std::cin >> what >> count;) {
        if (what == "end") std::cout << nlohmann::json(side.end()).dump() << std::endl;
        else if (what == "limit") std::cout << timed(side.limit, count, side.limit_times) << std::endl;
        else std::cout << timed(what == "forward" ? side.forward : side.gradient, count) << std::endl;
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) try {
    kernels::prefer_huge_pages();
    return serve({argv + 1, argv + argc});
} catch (const std::exception& error) {
    std::cerr << "ours: " << error.what() << "\n";
    return 2;
}
