// The machine's caches: how large one is, and how fast a plain loop reads what lies in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace costate::kernels {

/// Bytes of the second-level cache of one core; 1 MiB where the system does not say.
std::size_t second_level_cache();

/// Σ of the 64-bit words, modulo 2⁶⁴, by the widest vectors of chosen_isa(): a plain read, the roof of everything that streams weights.
/// Words on a 64-byte boundary are read twice as fast as others.
std::uint64_t read_all(std::span<const std::uint64_t> words);

}  // namespace costate::kernels
