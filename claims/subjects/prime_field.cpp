#include "claims/subjects/subjects_impl.hpp"

namespace costate::claims {

template Subject<PrimeField> make_subject<PrimeField>(const Setting&);
template guidance::GaussianMixture<PrimeField> make_model<PrimeField>(const Setting&);

}  // namespace costate::claims
