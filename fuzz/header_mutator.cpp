// Mutates the header of a safetensors file or its data by themselves and keeps the length before them true, most of the time.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
    constexpr std::size_t prefix = 8;
    if (size <= prefix || most <= size || seed % 16 == 0) return LLVMFuzzerMutate(data, size, most);
    std::uint64_t length = 0;
    std::memcpy(&length, data, prefix);
    length = std::min<std::uint64_t>(length, size - prefix);
    const std::uint8_t *const behind = data + prefix, *const end = data + size;
    std::vector<std::uint8_t> header(behind, behind + length), rest(behind + length, end);
    std::vector<std::uint8_t>& part = seed % 8 == 1 ? rest : header;
    const std::size_t old = part.size();
    part.resize(old + most - size);
    part.resize(LLVMFuzzerMutate(part.data(), old, part.size()));
    length = header.size();
    std::memcpy(data, &length, prefix);
    std::copy(rest.begin(), rest.end(), std::copy(header.begin(), header.end(), data + prefix));
    return prefix + header.size() + rest.size();
}
