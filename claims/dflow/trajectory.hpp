// x' = u(t, x), D' = G D, M' = G with G(t) = D_xu(t, x(t)): a trajectory, its Jacobian D = ∂x/∂x₀ and the integral M of G, at Gauss nodes.
#pragma once

#include "claims/engine.hpp"
#include "claims/setting.hpp"
#include "guidance/models/small_matrix.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace costate::claims {

using Matrix = guidance::SmallMatrix<Mpfr50>;

/// The trajectory at one node. Its error is about the square root of that at the ends of the pieces.
struct TrajectoryNode {
    Mpfr50 t, weight;       ///< Σ weight g(t) = ∫ g dt
    std::vector<Mpfr50> x;
    Matrix G, D, M;         ///< D_xu; ∂x(t)/∂x₀; ∫ G from t₀ to t
};

/// A step of Gauss collocation (order twice the number of nodes) and G on it as a polynomial in 2(t - start)/length - 1.
struct TrajectoryPiece {
    Mpfr50 start, length;
    std::vector<TrajectoryNode> nodes;
    std::vector<Matrix> legendre;  ///< coefficients of P_0, P_1, …
    /// Coefficients of 1, ξ, ξ², …, row-major; where G is symmetric its lower triangle only.
    std::vector<std::vector<Mpfr50>> powers = {};
};

struct Trajectory {
    Mpfr50 t0, t1;
    std::vector<Mpfr50> x0, x1;
    Matrix D, M;                    ///< at t₁
    std::vector<TrajectoryPiece> pieces;

    /// G at any t of the interval, from the polynomial of its piece.
    [[nodiscard]] Matrix jacobian(const Mpfr50& t) const;
};

/// A field at 50 digits and in double precision, where a trajectory is looked for first. D_xu by `jacobian` where it is given, else by
/// d vjps of `exact`.
struct Fields {
    Field<Mpfr50> exact;
    Field<double> guess;
    std::function<Matrix(const Mpfr50&, std::span<const Mpfr50>)> jacobian = {};
};
/// The field of the setting's subject.
Fields fields_of(const Setting& setting);

/// Relative error of x₁, D and M about 1e-26 and better, 1e-13 at the nodes. Two or three evaluations of f.exact a node, and one of D_xu.
/// Throws std::runtime_error where the field is not smooth enough.
Trajectory follow(Fields f, const Mpfr50& t0, const Mpfr50& t1, In<Mpfr50> x0);

/// One after the other: D = D_last D_first, M = M_first + M_last.
Trajectory joined(Trajectory first, Trajectory last);

/// eᴬ (in double and at 50 digits), ‖A‖_F, AB - BA, det A; the derivative in t of the Legendre polynomial at the nodes of a
/// piece.
template <class T>
guidance::SmallMatrix<T> exponential(const guidance::SmallMatrix<T>& A);
Mpfr50 size(const Matrix& A);
Matrix commutator(const Matrix& A, const Matrix& B);
Mpfr50 determinant(Matrix A);
/// A⁻¹ b with pivots. Throws std::domain_error where A is singular.
std::vector<Mpfr50> solved(Matrix A, std::vector<Mpfr50> b);
std::vector<Matrix> slopes(const TrajectoryPiece& piece);

/// Where the claims of D-Flow start: (1/2, 1/2) on the mixture of three Gaussians in the plane with seed 0; on the axis of the means of
/// mixture-commuting, where the matrices commute; rational numbers made from the seed elsewhere.
std::vector<Rational> start_of(const Setting& setting, std::size_t dim);
/// The network's dimension, or that of the setting.
std::size_t dimension_of(const Setting& setting);
/// Whether the matrices D_xu commute along every trajectory from start_of; of a network: at four points, to rounding.
bool commuting(const Setting& setting);
/// Whether they are symmetric where they commute: those of exact models are; of a network: at four points, to rounding.
bool symmetric(const Setting& setting);

}  // namespace costate::claims
