// W3 and W5, our side: gradients through solves that choose their steps.
#pragma once

#include "bench/peers/side.hpp"
#include "bench/workloads.hpp"
#include "ode/adaptive/whole_attempt.hpp"
#include "ode/fields/lotka_volterra.hpp"
#include "ode/gradient/adaptive_dto.hpp"
#include "ode/gradient/adaptive_saved.hpp"
#include "ode/loss.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace costate::bench {

/// The spiral x' = Aᵀx³ (A = (−0.1, 2; −2, −0.1), from (2, 0)), and a network x³ → 2-50-2 with tanh that is to follow it at 30 times of [0, 1.5].
struct Spiral {
    Perceptron network;
    std::vector<double> times, reference;  ///< the exact gradient with respect to all weights, layer by layer
};

/// ‖x − y‖².
template <class T>
struct SquaredError {
    std::vector<T> y;

    [[nodiscard]] T operator()(std::span<const T> x) const {
        T sum = T(0);
        for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
        return sum;
    }
    void gradient(std::span<const T> x, std::span<T> x_bar) const {
        for (std::size_t i = 0; i < x.size(); ++i) x_bar[i] = 2 * (x[i] - y[i]);
    }
};

template <class T>
autodiff::ProgramField<T> spiral_field(const Perceptron& p) {
    using namespace autodiff;
    Tape<T> tape;
    tape.input(1, Sharing::shared, "t");
    const Var<T> x = tape.input(2, Sharing::per_sample, "x");
    Var<T> h = pow(x, 3);
    for (std::size_t l = 0; l < p.layers.size(); ++l) {
        const Layer& layer = p.layers[l];
        const std::string name = "layer" + std::to_string(l);
        const Var<T> w = tape.parameter(in_scalar<T>(layer.weight), Shape{layer.outputs, layer.inputs}, name + ".weight");
        const Var<T> b = tape.parameter(in_scalar<T>(layer.bias), Shape{layer.outputs}, name + ".bias");
        h = linear(h, w, b);
        if (l + 1 < p.layers.size()) h = tanh(h);
    }
    tape.output(h, "u");
    FreezeOptions options;
    options.frozen_inputs = {"t"};
    return ProgramField<T>(freeze(tape, options));
}

template <class T>
std::vector<SquaredError<T>> spiral_losses(const Spiral& s) {
    std::vector<SquaredError<T>> terms;
    const std::vector<T> y = in_scalar<T>(std::span<const double>(s.network.y));
    for (std::size_t i = 0; i < y.size(); i += 2) terms.push_back({{y[i], y[i + 1]}});
    return terms;
}

/// The gradient by order 8 at 1e-13, a step ending at every time.
inline std::vector<double> exact_gradient(const Spiral& s) {
    using Loss = SquaredError<double>;
    autodiff::ProgramField<double> f = spiral_field<double>(s.network);
    std::vector<std::optional<Loss>> terms;
    for (const Loss& term : spiral_losses<double>(s)) terms.emplace_back(term);
    ode::AdaptiveOptions<double> options;
    options.tolerance.rtol = options.tolerance.atol = 1e-13;
    ode::dto::AdaptiveDtoWorkspace<autodiff::ProgramField<double>, double> ws(ode::find_tableau("dop853"));
    ode::GradientResult<double> result;
    const std::span<const double> knots = std::span<const double>(s.times).subspan(1);
    const ode::SumOverKnots<double, Loss> loss(std::move(terms));
    if (!ode::dto::Adaptive{}(f, loss, s.times.front(), knots, s.network.x0, options, {true, false}, ws, result).ok())
        throw std::runtime_error("w3: the exact gradient failed");
    return result.theta_bar;
}

/// The shared network and its reference gradient, where present; else one from a seed.
inline Spiral spiral() {
    Spiral s;
    if (auto known = shared("w3_f64.safetensors", false, false, 1.5, {})) {
        const nn::SafetensorsFile in(std::filesystem::path(COSTATE_SHARED_DIR) / "data" / "workloads" / "w3_f64.safetensors");
        s = {std::move(*known), values_of(in, "t"), {}};
        for (const char* name : {"grad_layer0.weight", "grad_layer0.bias", "grad_layer1.weight", "grad_layer1.bias"})
            for (const double v : values_of(in, name)) s.reference.push_back(v);
        return s;
    }
    s.network = made("w3", {2, 50, 2}, false, false, 1.5, 30);
    s.network.x0 = {2, 0};
    for (std::size_t i = 0; i < 30; ++i) s.times.push_back(1.5 * static_cast<double>(i) / 29);
    s.reference = exact_gradient(s);
    return s;
}

/// Tolerances as RTOL:ATOL.
template <class T>
ode::AdaptiveOptions<T> tolerances(const std::string& spelling) {
    ode::AdaptiveOptions<T> options;
    const std::size_t colon = spelling.find(':');
    options.tolerance.rtol = static_cast<T>(std::stod(spelling.substr(0, colon)));
    options.tolerance.atol = static_cast<T>(std::stod(spelling.substr(colon + 1)));
    return options;
}

/// W3: Tsitouras 5(4), the 30 states read off its interpolant.
template <class T>
Side spiral_side(const Spiral& s, const std::string& spelling) {
    using Field = autodiff::ProgramField<T>;
    struct Data {
        Field field;
        std::vector<SquaredError<T>> terms;
        std::vector<T> times, x0;
        ode::AdaptiveOptions<T> options, saving;
        ode::dto::SavedWorkspace<Field, T> workspace;
        ode::GradientResult<T> result{};
        ode::AdaptiveWorkspace<T> scratch{};
        ode::AdaptiveResult<T> solved{};
    };
    const ode::Tableau& tableau = ode::find_tableau("tsitouras");
    const auto narrowed = [](const std::vector<double>& v) { return in_scalar<T>(std::span<const double>(v)); };
    auto data = std::make_shared<Data>(Data{spiral_field<T>(s.network), spiral_losses<T>(s), narrowed(s.times), narrowed(s.network.x0),
                                            tolerances<T>(spelling), tolerances<T>(spelling), ode::dto::SavedWorkspace<Field, T>(tableau)});
    data->saving.save_at = data->times;
    Side side;
    side.forward = [data] {
        ode::solve_adaptive<T>(data->workspace.forward.pair, data->field, data->times.front(), data->times.back(), data->x0, data->saving, data->scratch,
                               data->solved);
    };
    side.gradient = [data] {
        const auto& status = ode::dto::AdaptiveSaved{}(data->field, data->terms, data->times.front(), data->times.back(), data->times, data->x0, data->options,
                                                       {true, false}, data->workspace, data->result);
        if (!status.ok()) throw std::runtime_error("w3: the solve failed");
    };
    side.result = [data] { return std::vector<double>(data->result.theta_bar.begin(), data->result.theta_bar.end()); };
    return side;
}

/// W5 by one pair at one tolerance, as machine code: ½‖u(10) − (1, 1)‖² with respect to p and u₀.
inline Side lotka_volterra_side(const std::string& tableau, const std::string& tolerance) {
    using Field = ode::AttemptedField<double, autodiff::ProgramField<double>>;
    struct Data {
        Field field;
        std::vector<double> x0{1, 1};
        double end = 10;
        ode::SquaredDistance<double> loss{{1, 1}};
        ode::AdaptiveOptions<double> options;
        ode::dto::AdaptiveDtoWorkspace<Field, double> workspace;
        ode::GradientResult<double> result{};
        ode::AdaptiveWorkspace<double> scratch{};
        ode::AdaptiveResult<double> solved{};
    };
    const auto equation = [](const auto& t, const auto& x, const auto& p, auto&& dx) { ode::LotkaVolterra{}(t, x, p, dx); };
    const ode::Tableau& method = ode::find_tableau(tableau);
    Field field(autodiff::ProgramField<double>(autodiff::record_field<double>(2, std::vector<double>{1.5, 1, 3, 1}, equation)), method);
    if (!field.compile()) throw std::runtime_error("this build has no machine code; install libasmjit-dev and build again");
    auto data = std::make_shared<Data>(Data{.field = field, .options = tolerances<double>(tolerance + ":" + tolerance),
                                            .workspace = ode::dto::AdaptiveDtoWorkspace<Field, double>(method)});
    Side side;
    side.forward = [data] {
        ode::solve_adaptive<double>(data->workspace.forward.pair, data->field, 0.0, data->end, data->x0, data->options, data->scratch, data->solved);
    };
    side.gradient = [data] {
        const std::span<const double> knots(&data->end, 1);
        const auto& status = ode::dto::Adaptive{}(data->field, data->loss, 0.0, knots, data->x0, data->options, {true, false}, data->workspace, data->result);
        if (!status.ok()) throw std::runtime_error("w5: the solve failed");
    };
    side.result = [data] {
        std::vector<double> all = data->result.theta_bar;
        all.insert(all.end(), data->result.x_bar.begin(), data->result.x_bar.end());
        return all;
    };
    return side;
}

}  // namespace costate::bench
