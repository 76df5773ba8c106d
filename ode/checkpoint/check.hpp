// The checker: simulates any schedule, counts what it costs, and names its first wrong action.
#pragma once

#include "ode/checkpoint/action.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace costate::ode::checkpoint {

/// What a schedule costs. A right gradient says nothing about these.
struct Counts {
    std::uint64_t forward_steps = 0;  ///< all steps taken forward, recorded ones included
    std::uint64_t recorded_steps = 0, reverses = 0;
    std::uint64_t saves = 0, restores = 0;  ///< of states, memory and file
    std::size_t memory_slots = 0, file_slots = 0;       ///< most in use at a time
    std::size_t memory_states = 0, memory_records = 0;  ///< most of each at a time

    friend bool operator==(const Counts&, const Counts&) = default;
};

/// Takes a schedule's actions one by one. Memory: O(slots).
class Checker {
public:
    Checker(std::size_t steps, std::size_t memory_slots, std::size_t file_slots);

    /// Throws std::invalid_argument, naming the action and what is wrong with it: it reads what is not there, starts from a state that
    /// one is not at, uses a slot beyond the schedule's or one that is full, steps beyond the end, or reverses out of order.
    void take(const Action& action);
    /// Throws std::invalid_argument when steps are not reversed yet or slots are still full.
    [[nodiscard]] Counts finish() const;

private:
    struct Slot {
        Content content;
        std::size_t step;
    };
    using Slots = std::vector<std::optional<Slot>>;

    [[noreturn]] void refuse(const std::string& reason) const;
    std::optional<Slot>& slot();
    void advance();
    void save();
    void restore();
    void discard();
    void reverse();
    void count_slots();

    std::size_t steps_, left_, taken_ = 0;
    Slots memory_, file_;
    std::size_t memory_full_ = 0, file_full_ = 0, records_full_ = 0;
    Action action_;
    std::optional<std::size_t> state_ = 0, record_, record_slot_;
    bool ended_ = false;
    Counts counts_;
};

/// The counts of a schedule. Throws std::invalid_argument as Checker.
Counts check(const Schedule& schedule);

}  // namespace costate::ode::checkpoint
