#include "autodiff/instances/implementation.hpp"

namespace costate::autodiff {
template class Tape<float>;
template class Program<float>;
template struct detail::Replay<float>;
}  // namespace costate::autodiff
