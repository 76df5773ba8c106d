// How an optimize-then-discretize method is told apart from its relatives: how many states it stores, and how it finds ∇_θL.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace costate::ode::otd {

/// Three ways to g = ∫ λᵀ∂f/∂θ dt:
///   augmented   g is a part of the augmented state, stepped with it: s slopes of P values (Chen, Rubanova, Bettencourt, Duvenaud 2018)
///   quadrature  λ alone is stepped; g = Σ h b_i Λ_iᵀ∂f/∂θ at the solver's own nodes: the same g, P values of scratch
///   gauss       λ alone is stepped; ⌊(p+1)/2⌋ Gauss nodes a step, x and λ there by cubic Hermite interpolation
enum class ThetaBy { augmented, quadrature, gauss };

/// What follows a method's name: "backsolve:8:quadrature" has states = 8, theta = quadrature.
struct Parameters {
    std::optional<std::size_t> states;
    ThetaBy theta = ThetaBy::augmented;
};

/// Reads parameters in any order: a positive number where `counts`, and one of augmented, quadrature, gauss.
/// Throws std::invalid_argument for anything else, and for what is given twice.
Parameters read_parameters(std::string_view base, std::span<const std::string_view> parameters, bool counts);

/// base[:states][:theta], with what is the default left out.
std::string full_name(std::string_view base, const Parameters& parameters);

}  // namespace costate::ode::otd
