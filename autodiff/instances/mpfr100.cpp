#include "autodiff/instances/implementation.hpp"

namespace costate::autodiff {
template class Tape<Mpfr100>;
template class Program<Mpfr100>;
template struct detail::Replay<Mpfr100>;
}  // namespace costate::autodiff
