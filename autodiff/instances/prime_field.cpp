#include "autodiff/instances/implementation.hpp"

namespace costate::autodiff {
template class Tape<PrimeField>;
template class Program<PrimeField>;
template struct detail::Replay<PrimeField>;
}  // namespace costate::autodiff
