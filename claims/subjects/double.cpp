#include "claims/subjects/subjects_impl.hpp"

namespace costate::claims {

template Subject<double> make_subject<double>(const Setting&);
template guidance::GaussianMixture<double> make_model<double>(const Setting&);

}  // namespace costate::claims
