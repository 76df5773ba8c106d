// What a network file says of its layers.
#pragma once

#include "nn/description.hpp"

namespace costate::nn {

/// The layers as the JSON text of a network file's metadata: what every layer was given, without what follows from it.
std::string architecture_text(const NetworkDescription& description);

}  // namespace costate::nn
