// How much memory operator new has given out; fuzz/memory.cpp replaces it.
#pragma once

#include <cstddef>

namespace costate::fuzz {

/// From here on the peak is counted anew.
void restart_peak();
/// The most bytes held at a time since then, beyond those held there.
std::size_t peak_bytes();

}  // namespace costate::fuzz
