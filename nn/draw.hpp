// A network as a picture.
#pragma once

#include "nn/description.hpp"

#include <string>

namespace costate::nn {

/// An SVG: the layers one below the other with their shapes and weights; what is read further down than by the next layer is led there beside them.
/// Reshapes are left out: an arrow goes to what reads them. Networks of more than `most` layers are drawn as their first `most`, and say so.
std::string drawn(const NetworkDescription& description, std::size_t most = 2000);

}  // namespace costate::nn
