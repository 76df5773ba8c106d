#include "autodiff/instances/implementation.hpp"

namespace costate::autodiff {
template class Tape<Mpfr50>;
template class Program<Mpfr50>;
template struct detail::Replay<Mpfr50>;
}  // namespace costate::autodiff
