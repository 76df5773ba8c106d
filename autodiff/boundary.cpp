#include "autodiff/boundary.hpp"

#include <stdexcept>

namespace costate::autodiff::detail {

namespace {
[[noreturn]] void fail(const char* where, const std::string& sentence) {
    throw std::invalid_argument(std::string("Program::") + where + ": " + sentence);
}
}  // namespace

void check_count(const char* where, const std::string& what, std::size_t given, std::size_t expected) {
    if (given == expected) return;
    fail(where, what + " has " + std::to_string(given) + " values instead of " + std::to_string(expected) +
                    "; pass an array of that size");
}

void check_batch(const char* where, std::size_t batch) {
    if (batch == 0) fail(where, "the batch is 0; pass at least one sample");
}

void check_arrays(const char* where, const char* what, std::size_t given, std::size_t expected) {
    if (given == expected) return;
    fail(where, std::to_string(given) + " arrays of " + what + " instead of " + std::to_string(expected) + "; pass one for each");
}

void throw_array(const char* where, const char* what, const Port& port, std::size_t given, std::size_t expected) {
    fail(where, std::string(what) + " '" + port.name + "' has " + std::to_string(given) + " values instead of " +
                    std::to_string(expected) + "; pass an array of that size");
}

void throw_frozen(const char* where, const Port& port) {
    fail(where, "input '" + port.name + "' is frozen; pass an empty span for its derivative or freeze without it");
}

}  // namespace costate::autodiff::detail
