#include "claims/subjects/subjects_impl.hpp"

namespace costate::claims {

template Subject<Rational> make_subject<Rational>(const Setting&);
template guidance::GaussianMixture<Rational> make_model<Rational>(const Setting&);

}  // namespace costate::claims
