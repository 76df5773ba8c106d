// The workloads of the benchmarks: networks and orbits made from a seed, or the shared ones where they are present.
#pragma once

#include "autodiff/array_functions.hpp"
#include "autodiff/program_field.hpp"
#include "nn/dtype.hpp"
#include "nn/safetensors.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace costate::bench {

/// The same numbers everywhere: splitmix64, uniform on [-1, 1).
class Numbers {
public:
    explicit Numbers(std::uint64_t seed) : state_(seed) {}
    double operator()() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-52 - 1;
    }
    std::vector<double> take(std::size_t count, double size = 1) {
        std::vector<double> values(count);
        for (double& v : values) v = size * (*this)();
        return values;
    }

private:
    std::uint64_t state_;
};

/// y = W x + b, W outputs × inputs.
struct Layer {
    std::size_t outputs, inputs;
    std::vector<double> weight, bias;
};

/// A multilayer perceptron with its start, target and, for the shared one, its reference gradient by number of steps.
struct Perceptron {
    std::string name;
    std::vector<Layer> layers;
    bool silu = true, with_time = true;
    std::vector<double> x0, y;
    double t1 = 1;
    std::vector<std::pair<std::size_t, std::vector<double>>> reference;
    bool reference_is_theta = false;

    [[nodiscard]] std::size_t dim() const { return layers.back().outputs; }
    [[nodiscard]] double weights() const {
        double count = 0;
        for (const Layer& layer : layers) count += static_cast<double>(layer.weight.size());
        return count;
    }
};

/// PyTorch's default sizes: weights and biases uniform within 1/√inputs.
inline Perceptron made(std::string name, const std::vector<std::size_t>& sizes, bool silu, bool with_time, double t1, std::size_t samples) {
    Numbers numbers(2026);
    Perceptron p{.name = std::move(name), .layers = {}, .silu = silu, .with_time = with_time, .x0 = {}, .y = {}, .t1 = t1, .reference = {}, .reference_is_theta = false};
    for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
        const std::size_t in = sizes[l] + (l == 0 && with_time ? 1 : 0), out = sizes[l + 1];
        const double size = 1 / std::sqrt(static_cast<double>(in));
        p.layers.push_back({out, in, numbers.take(in * out, size), numbers.take(out, size)});
    }
    p.x0 = numbers.take(samples * p.dim());
    p.y = numbers.take(samples * p.dim());
    return p;
}

inline std::vector<double> values_of(const nn::SafetensorsFile& file, const std::string& tensor) {
    const auto& entry = file.entry(tensor);
    std::size_t count = 1;
    for (const std::size_t extent : entry.shape) count *= extent;
    std::vector<double> values(count);
    nn::decode(entry.dtype, file.bytes(tensor), values);
    return values;
}

/// The network, start, target and reference gradients of a file.
inline Perceptron read(const std::filesystem::path& file, bool silu, bool with_time, double t1, const std::vector<std::size_t>& steps) {
    const nn::SafetensorsFile in(file);
    Perceptron p{.name = file.filename().string(), .layers = {}, .silu = silu, .with_time = with_time, .x0 = values_of(in, "x0"), .y = {}, .t1 = t1, .reference = {}, .reference_is_theta = false};
    for (std::size_t l = 0; in.contains("layer" + std::to_string(l) + ".weight"); ++l) {
        const std::string layer = "layer" + std::to_string(l);
        const auto& shape = in.entry(layer + ".weight").shape;
        p.layers.push_back({shape[0], shape[1], values_of(in, layer + ".weight"), values_of(in, layer + ".bias")});
    }
    p.y = in.contains("y") ? values_of(in, "y") : std::vector<double>(p.x0.size(), 0);
    for (const std::size_t n : steps)
        if (const std::string name = "grad_x0_n" + std::to_string(n); in.contains(name)) p.reference.emplace_back(n, values_of(in, name));
    return p;
}

/// The shared workload of that file, where it is present.
inline std::optional<Perceptron> shared(const std::string& file, bool silu, bool with_time, double t1, const std::vector<std::size_t>& steps) {
    const auto path = std::filesystem::path(COSTATE_SHARED_DIR) / "data" / "workloads" / file;
    if (!std::filesystem::exists(path)) return std::nullopt;
    return read(path, silu, with_time, t1, steps);
}

template <class T>
std::vector<T> in_scalar(std::span<const double> values) {
    std::vector<T> result(values.size());
    std::transform(values.begin(), values.end(), result.begin(), [](double v) { return static_cast<T>(v); });
    return result;
}

/// ẋ = f(t, x); frozen: the weights are constants; at batch 1 `row_threads` threads share the rows of large layers.
template <class T>
autodiff::ProgramField<T> field(const Perceptron& p, bool frozen, std::size_t row_threads = 1) {
    using namespace autodiff;
    Tape<T> tape;
    const Var<T> t = tape.input(1, Sharing::shared, "t"), x = tape.input(p.dim(), Sharing::per_sample, "x");
    Var<T> h = p.with_time ? concat(x, t) : x;
    for (std::size_t l = 0; l < p.layers.size(); ++l) {
        const Layer& layer = p.layers[l];
        const std::string name = "layer" + std::to_string(l);
        const Var<T> w = tape.parameter(in_scalar<T>(layer.weight), Shape{layer.outputs, layer.inputs}, name + ".weight");
        const Var<T> b = tape.parameter(in_scalar<T>(layer.bias), Shape{layer.outputs}, name + ".bias");
        h = linear(h, w, b);
        if (l + 1 < p.layers.size()) h = p.silu ? silu(h) : tanh(h);
    }
    tape.output(h, "u");
    FreezeOptions options;
    options.frozen_inputs = {"t"};
    options.freeze_all_parameters = frozen;
    options.row_threads = row_threads;
    return ProgramField<T>(freeze(tape, options));
}

/// The restricted three-body problem in the rotating frame, scalar code of 26 operations: u = (x, y, ẋ, ẏ), p = (μ).
struct Orbit {
    static constexpr double mu = 0.012277471, end = 2;

    template <class T, class U, class P, class D>
    void operator()(const T&, const U& u, const P& p, D&& du) const {
        using std::sqrt;
        const auto m = p[0];
        const auto rest = 1.0 - m;
        const auto a = u[0] + m, b = u[0] - rest, y2 = u[1] * u[1];
        const auto ra = a * a + y2, rb = b * b + y2;
        const auto da = rest / (ra * sqrt(ra)), db = m / (rb * sqrt(rb));
        du[0] = u[2];
        du[1] = u[3];
        du[2] = u[0] + 2.0 * u[3] - da * a - db * b;
        du[3] = u[1] - 2.0 * u[2] - da * u[1] - db * u[1];
    }
};

/// u(2) by `steps` steps of Kutta's method from the start of W7, written by hand.
inline void orbit_by_hand(std::size_t steps, std::array<double, 4>& u) {
    u = {0.5, 0.1, 0.0, 1.0};
    const Orbit f;
    const std::array<double, 1> mu{Orbit::mu};
    const double h = Orbit::end / static_cast<double>(steps);
    std::array<double, 4> k1, k2, k3, k4, v;
    const auto moved = [&](double by, const std::array<double, 4>& k) {
        for (std::size_t i = 0; i < 4; ++i) v[i] = u[i] + by * k[i];
    };
    for (std::size_t n = 0; n < steps; ++n) {
        f(0.0, u, mu, k1);
        moved(h / 2, k1);
        f(0.0, v, mu, k2);
        moved(h / 2, k2);
        f(0.0, v, mu, k3);
        moved(h, k3);
        f(0.0, v, mu, k4);
        for (std::size_t i = 0; i < 4; ++i) u[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
    }
}

}  // namespace costate::bench
