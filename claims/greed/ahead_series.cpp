#include "claims/greed/ahead_impl.hpp"

namespace costate::claims::ahead {

template Model<RationalSeries> make_ahead<RationalSeries>(const Setting&);
template Model<RealSeries> make_ahead<RealSeries>(const Setting&);

}  // namespace costate::claims::ahead
