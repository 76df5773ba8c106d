#include "autodiff/instances/implementation.hpp"

namespace costate::autodiff {
template class Tape<double>;
template class Program<double>;
template struct detail::Replay<double>;
}  // namespace costate::autodiff
