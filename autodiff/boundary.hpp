// The checks where a caller's arrays enter a replay.
#pragma once

#include "autodiff/types.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace costate::autodiff::detail {

/// Throws std::invalid_argument, naming member and array, unless given == expected.
void check_count(const char* where, const std::string& what, std::size_t given, std::size_t expected);
void check_batch(const char* where, std::size_t batch);
/// One array of `what` for each port.
void check_arrays(const char* where, const char* what, std::size_t given, std::size_t expected);
[[noreturn]] void throw_array(const char* where, const char* what, const Port& port, std::size_t given, std::size_t expected);
/// The derivative with respect to an input that is frozen has to be empty.
[[noreturn]] void throw_frozen(const char* where, const Port& port);

template <class Spans>
void check_ports(const char* where, const char* what, const Spans& spans, const std::vector<Port>& ports, std::size_t batch,
                 bool may_be_empty) {
    check_arrays(where, what, spans.size(), ports.size());
    for (std::size_t i = 0; i < ports.size(); ++i) {
        if (may_be_empty && spans[i].empty()) continue;
        const std::size_t expected = ports[i].size * (ports[i].sharing == Sharing::shared ? 1 : batch);
        if (spans[i].size() != expected) throw_array(where, what, ports[i], spans[i].size(), expected);
    }
}

template <class Spans>
void check_frozen(const char* where, const Spans& spans, const std::vector<Port>& ports,
                  const std::vector<bool>& differentiates) {
    for (std::size_t i = 0; i < spans.size(); ++i) {
        if (!spans[i].empty() && !differentiates[i]) throw_frozen(where, ports[i]);
    }
}

}  // namespace costate::autodiff::detail
