#include "autodiff/instances/implementation.hpp"

namespace costate::autodiff {
template class Tape<Rational>;
template class Program<Rational>;
template struct detail::Replay<Rational>;
}  // namespace costate::autodiff
