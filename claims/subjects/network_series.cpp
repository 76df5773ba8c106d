// Networks in power series at 50 digits: what decides an order by its first coefficient.
#include "autodiff/impl/evaluate.hpp"
#include "autodiff/impl/replay.hpp"
#include "autodiff/impl/run.hpp"
#include "autodiff/impl/tape.hpp"
#include "claims/subjects/network_impl.hpp"
#include "nn/record_impl.hpp"
#include "scalar/series_functions.hpp"

namespace costate::claims {

template Field<RealSeries> network_output<RealSeries>(const NetworkFile&);
template Field<RealSeries> network_field<RealSeries>(const Setting&);

}  // namespace costate::claims
