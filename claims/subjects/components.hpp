// The Gaussian mixtures of claims/subjects.hpp, in rational numbers.
#pragma once

#include "claims/setting.hpp"
#include "guidance/models/mixture_terms.hpp"

#include <vector>

namespace costate::claims {

/// The components of gaussian, mixture, mixture-isotropic, mixture-commuting, data-set. Throws std::invalid_argument for another field.
std::vector<guidance::MixtureComponent<Rational>> components(const Setting& setting);

/// τ of data-set.
Rational data_width();

}  // namespace costate::claims
