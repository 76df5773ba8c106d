// D from the matrices G(t) and their commutators alone: what the printed exponential will be found to miss, before D is
// known.
#pragma once

#include "claims/claim.hpp"
#include "claims/dflow/trajectory.hpp"

#include <string>
#include <vector>

namespace costate::claims {

/// Π e^{Ω_n} over intervals of length h, Ω = h/2 (G₁ + G₂) + (√3/12) h² [G₂, G₁] at the two Gauss nodes (Magnus's series up to
/// its first commutator, error of order 4). The intervals are halved until two products agree.
struct FromCommutators {
    Matrix D;
    double error = 0;  ///< relative: the last difference
};
FromCommutators from_commutators(const Trajectory& way);

/// The same product from the start to the node in the middle of every piece, in a few intervals.
std::vector<Matrix> at_middle_nodes(const Trajectory& way);

/// Findings "gap", ‖D - exp ∫G‖/‖D‖, and "asymmetry", ‖D - Dᵀ‖/‖D‖: predicted from the commutators, measured on the D of the
/// variational equation. 0 is predicted where the matrices commute. They accompany the verdict.
void predicted_gaps(const Trajectory& way, bool commute, Evidence& evidence);

/// "23.4 %"
std::string percent(const Mpfr50& value);
/// ‖A - B‖/‖A‖
Mpfr50 relative(const Matrix& A, const Matrix& B);

}  // namespace costate::claims
