// What a sample should satisfy: L(x) = Σ w_i ℓ_i(x), of measurements, networks and references.
#pragma once

#include "autodiff/program.hpp"
#include "guidance/guide/operators/linear_operator.hpp"
#include "nn/network.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace costate::guidance {

/// ℓ(x) = ½‖y - Hx‖² with y = Hx* + n, n ~ N(0, sigma_y² I).
template <class T>
struct Measurement {
    LinearOperator<T> H;
    std::vector<T> y;
    T sigma_y = T(0);
    double weight = 1;
};

/// ℓ(x) = ½‖x - y‖²
template <class T>
struct Reference {
    std::vector<T> y;
    double weight = 1;
};

/// A loss of one's own: f(x, x̄) returns ℓ(x) and, where x̄ is not empty, assigns ∇ℓ(x). Copies share what f refers to.
template <class T>
struct OwnLoss {
    std::function<T(std::span<const T>, std::span<T>)> f;
    double weight = 1;
};

/// Of a network f with one value, ½(f(x) - value)²; with more, logits: the cross entropy log Σ e^{f_k} - f_target, or with `output` that output's
/// ½(f_k - value)². A t that the network reads is 1.
template <class T>
class NetworkLoss {
public:
    /// Which class is wanted, or which value of which output.
    struct Target {
        std::optional<std::size_t> label{};
        double value = 0;
        std::size_t output = 0;
    };

    /// Throws std::invalid_argument with a sentence: x of another size than `dim`, a target out of range.
    NetworkLoss(const nn::Network& network, const Target& target, std::size_t dim, double weight = 1);

    /// The loss; where x_bar is not empty it is assigned ∇ℓ.
    T operator()(std::span<const T> x, std::span<T> x_bar);
    /// f(x)
    std::span<const T> output(std::span<const T> x);
    /// Whether the largest output is the wanted one; nothing where no class is.
    std::optional<bool> hits(std::span<const T> x);

    [[nodiscard]] double weight() const { return weight_; }

private:
    T of_output(std::span<T> slope) const;

    std::shared_ptr<const autodiff::Program<T>> program_;
    Target target_;
    double weight_;
    autodiff::Record<T> record_{};
    autodiff::Workspace<T> workspace_{};
    std::vector<T> out_, out_bar_;
};

/// One sample's L. It owns scratch: one a thread; copies share the networks' programs.
template <class T>
class Objective {
public:
    using Term = std::variant<Measurement<T>, Reference<T>, NetworkLoss<T>, OwnLoss<T>>;

    /// Throws std::invalid_argument for no term.
    explicit Objective(std::vector<Term> terms);

    /// L(x)
    T operator()(std::span<const T> x);
    /// L(x), and x̄ = ∇L(x), assigned.
    T gradient(std::span<const T> x, std::span<T> x_bar);

    [[nodiscard]] std::span<const Term> terms() const { return terms_; }
    /// The measurement, where that is all there is: what methods for linear inverse problems ask for.
    [[nodiscard]] const Measurement<T>* measurement() const;
    /// The first measurement among the terms, if any.
    [[nodiscard]] const Measurement<T>* any_measurement() const;
    /// Whether every network among the terms that wants a class has it; nothing where there is none.
    std::optional<bool> class_ok(std::span<const T> x);

private:
    std::vector<Term> terms_;
    std::vector<T> residual_, slope_;
};

extern template class NetworkLoss<float>;
extern template class NetworkLoss<double>;
extern template class Objective<float>;
extern template class Objective<double>;

}  // namespace costate::guidance
