#include "claims/subjects/subjects_impl.hpp"

namespace costate::claims {

template Subject<RationalSeries> make_subject<RationalSeries>(const Setting&);
template guidance::GaussianMixture<RationalSeries> make_model<RationalSeries>(const Setting&);

}  // namespace costate::claims
