// y_i = f(x_i): elementary functions, roundings, and those with numbers of their own
#pragma once

#include "autodiff/choice_functions.hpp"
#include "nn/layers/activations.hpp"

#include <cmath>
#include <limits>
#include <optional>

namespace costate::nn::layers {

struct Exp : Activation {
    static constexpr std::string_view name = "exp", meaning = "eˣ";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return exp(in[0]);
    }
};

struct Log : Activation {
    static constexpr std::string_view name = "log", meaning = "log x";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return log(in[0]);
    }
};

struct Sqrt : Activation {
    static constexpr std::string_view name = "sqrt", meaning = "√x";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return sqrt(in[0]);
    }
};

struct Sin : Activation {
    static constexpr std::string_view name = "sin", meaning = "sin x";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return sin(in[0]);
    }
};

struct Cos : Activation {
    static constexpr std::string_view name = "cos", meaning = "cos x";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return cos(in[0]);
    }
};

struct Erf : Activation {
    static constexpr std::string_view name = "erf", meaning = "erf x";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return erf(in[0]);
    }
};

struct Abs : Activation {
    static constexpr std::string_view name = "abs", meaning = "|x|, its derivative at 0 is 0";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return autodiff::abs(in[0]);
    }
};

struct Floor : Activation {
    static constexpr std::string_view name = "floor", meaning = "the largest integer ≤ x, of derivative 0";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return autodiff::floor(in[0]);
    }
};

struct Ceil : Activation {
    static constexpr std::string_view name = "ceil", meaning = "the smallest integer ≥ x, of derivative 0";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return autodiff::ceil(in[0]);
    }
};

struct Round : Activation {
    static constexpr std::string_view name = "round", meaning = "the nearest integer, halves to even, of derivative 0";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return autodiff::round(in[0]);
    }
};

struct Sign : Activation {
    static constexpr std::string_view name = "sign", meaning = "-1, 0 or 1, of derivative 0";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return autodiff::sign(in[0]);
    }
};

/// scale x + shift
struct AffineLayer : Activation {
    static constexpr std::string_view name = "affine", meaning = "`scale` x + `shift`";
    static constexpr std::array<NumberRole, 2> numbers{{{"scale", false, 1, -1e300, 1e300, false}, {"shift", false, 0, -1e300, 1e300, false}}};
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const double scale = layer.numbers.at("scale"), shift = layer.numbers.at("shift");
        autodiff::Var<T> y = scale == 1 ? in[0] : scale == -1 ? -in[0] : in[0] * autodiff::Var<T>(in_scalar<T>(scale));
        return shift == 0 ? y : y + autodiff::Var<T>(in_scalar<T>(shift));
    }
};

/// x^p; p an integer, or x > 0
struct PowerLayer : Activation {
    static constexpr std::string_view name = "power", meaning = "x to the `exponent`; where that is no integer x has to be positive";
    static constexpr std::array<NumberRole, 1> numbers{{{"exponent", true, 1, -1e9, 1e9, false}}};
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const double p = layer.numbers.at("exponent");
        if (p == std::floor(p)) return pow(in[0], static_cast<int>(p));
        return pow(in[0], autodiff::Var<T>(in_scalar<T>(p)));
    }
};

/// min(max(x, low), high)
struct ClampLayer : Activation {
    static constexpr double none = std::numeric_limits<double>::infinity();
    static constexpr std::string_view name = "clamp", meaning = "min(max(x, `low`), `high`)";
    static constexpr std::array<NumberRole, 2> numbers{{{"low", false, -none, -none, none, false}, {"high", false, none, -none, none, false}}};
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const auto bound = [&](const char* key) {
            const double value = layer.numbers.at(key);
            return std::isfinite(value) ? std::optional<T>(in_scalar<T>(value)) : std::nullopt;
        };
        return autodiff::clamp(in[0], bound("low"), bound("high"));
    }
};

}  // namespace costate::nn::layers
