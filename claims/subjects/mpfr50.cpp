#include "claims/subjects/subjects_impl.hpp"

namespace costate::claims {

template Subject<Mpfr50> make_subject<Mpfr50>(const Setting&);
template guidance::GaussianMixture<Mpfr50> make_model<Mpfr50>(const Setting&);

}  // namespace costate::claims
