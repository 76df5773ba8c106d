// D = lim_{N→∞} e^{hG(t_N)} ⋯ e^{hG(t_1)}, t_n the middle of the n-th of N intervals: order 2, with its constant.
#pragma once

#include "claims/claim.hpp"
#include "claims/dflow/trajectory.hpp"

namespace costate::claims {

/// How the factors are taken and multiplied; the last two are wrong on purpose.
enum class Product { ordered, reversed, left_ends };

struct OrderedProduct {
    Finding finding;  ///< "ordered product"
    Figure figure;
};

/// The error of the product against D, on the vector (1, 1/2, 1/3, …), for N = 1 … 2^12. Predicted:
/// D_N - D = -h² ∫ Φ(1,t) (G''/24 + [G', G]/12) Φ(t,0) dt + …, from Magnus's series at the middle of an interval.
OrderedProduct ordered_product(const Trajectory& way, Product product);

}  // namespace costate::claims
