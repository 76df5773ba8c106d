// A Runge–Kutta method is data: c | A over b (and b̂), rational numbers. Its order is computed, see ode/rooted_trees.hpp.
#pragma once

#include "scalar/rational.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costate::ode {

/// Y_i = x₀ + h Σ_j a_ij k_j,  k_i = f(t + c_i h, Y_i),  x₁ = x₀ + h Σ_i b_i k_i  and, for a pair,  x̂₁ = x₀ + h Σ_i b̂_i k_i.
/// a is row-major s × s. b_hat is empty where there is no embedded method; b is the one that is propagated.
struct Tableau {
    std::string name;         ///< the name on the command line
    std::vector<Rational> c;  ///< s nodes
    std::vector<Rational> a;  ///< s · s
    std::vector<Rational> b;  ///< s weights
    std::vector<Rational> b_hat = {};
    std::string source = {};  ///< authors and year
    bool exact = true;        ///< false: the coefficients are decimals, and conditions hold up to decimal_tolerance()
    std::size_t beyond = 0;   ///< where the order by construction is above highest_order of the trees: that order

    [[nodiscard]] std::size_t stages() const { return b.size(); }
    [[nodiscard]] const Rational& A(std::size_t i, std::size_t j) const { return a[i * b.size() + j]; }
    [[nodiscard]] Rational& A(std::size_t i, std::size_t j) { return a[i * b.size() + j]; }
};

/// a_ij = 0 for j ≥ i.
[[nodiscard]] bool is_explicit(const Tableau& tableau);

/// 10⁻⁴⁵: the residual up to which a condition holds for a tableau of decimals, which are written with 55 places.
[[nodiscard]] const Rational& decimal_tolerance();

/// c_i = Σ_j a_ij and Σ_i b_i = 1 (and Σ_i b̂_i = 1), exactly or, for decimals, up to decimal_tolerance().
[[nodiscard]] bool consistent(const Tableau& tableau);

/// c_1 = 0, c_s = 1, a_1j = 0 and a_sj = b_j: the last stage is the first of the next step.
[[nodiscard]] bool is_fsal(const Tableau& tableau);

/// The stages that a step without error estimate evaluates: s less the trailing stages that do not reach b.
[[nodiscard]] std::size_t effective_stages(const Tableau& tableau);

/// The tableau cut to its effective stages, without b̂. Same step map.
[[nodiscard]] Tableau without_idle_stages(const Tableau& tableau);

/// Whether any b_i of an effective stage is 0: then there is no partner, and Matsubara's rule takes its place.
[[nodiscard]] bool has_zero_weight(const Tableau& tableau);

/// B = b, Â_ij = b_j − b_j a_ji / b_i with the forward c_i, on the effective stages (Hager 2000; Sanz-Serna 2016).
/// (A, b) on x and (Â, b) on λ are together symplectic. Nothing where some b_i is 0.
[[nodiscard]] std::optional<Tableau> partner(const Tableau& tableau);

/// The classical explicit tableaus, exact and of order 5 at most, in the order of the command line's list: what a claim or a test that says
/// "every tableau" goes through.
[[nodiscard]] std::span<const Tableau> tableaus();

/// Those and the others of the library that have a name of their own: of higher order, of decimals, of one purpose.
[[nodiscard]] std::span<const Tableau> tableau_library();

/// Extrapolation methods, which are generated (ode/tableaus/extrapolation.hpp), by order: "gragg:2" … and "aitken-neville:1" …
[[nodiscard]] std::span<const Tableau> extrapolation_tableaus();

/// The tableau of that name of the library or of the extrapolation methods; it lives as long as the program.
/// Throws std::invalid_argument with the list of known names.
[[nodiscard]] const Tableau& find_tableau(std::string_view name);

}  // namespace costate::ode
