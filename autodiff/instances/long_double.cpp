#include "autodiff/instances/implementation.hpp"

namespace costate::autodiff {
template class Tape<long double>;
template class Program<long double>;
template struct detail::Replay<long double>;
}  // namespace costate::autodiff
