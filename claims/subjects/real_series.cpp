#include "claims/subjects/subjects_impl.hpp"

namespace costate::claims {

template Subject<RealSeries> make_subject<RealSeries>(const Setting&);
template guidance::GaussianMixture<RealSeries> make_model<RealSeries>(const Setting&);

}  // namespace costate::claims
