// The reverse of segments of a solve from what their slots hold: the machine under every schedule.
#pragma once

#include "ode/checkpoint/action.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace costate::ode::checkpoint {

/// Steps from … to … of a segment each of which finds a slot: gone through once forward and once back, x_from or the record of every step kept on
/// the way. All actions of such a segment as one thing, for whoever would rather not be told each.
struct Leaf {
    bool records = false;  ///< records are kept; else states, and every step but the last is taken again
    bool stored = false;   ///< x_from lies in that slot, which is empty afterwards; else one is at it
    Level level = Level::memory;
    std::uint32_t slot = 0, from = 0, to = 0;
};

/// Emits, one by one, the actions that reverse a stack of segments, the last pushed first. Each is split with all slots that are
/// free: by binomial_split (slots hold states) or by mixed_split (states or records). Memory: O(slots), whatever the steps.
class Reversal {
public:
    Reversal(bool slots_hold_records, std::size_t slots);

    /// As constructed; allocates nothing.
    void rewind();

    /// One is at x_from, and nothing holds it.
    void push_here(std::size_t from, std::size_t to) { push(Where::here, 0, from, to); }
    /// x_from lies in that slot, which the reversal will empty.
    void push_stored(std::size_t from, std::size_t to, std::size_t slot, Level level = Level::memory) {
        push(level == Level::memory ? Where::memory : Where::file, slot, from, to);
    }

    /// A free memory slot, taken. Throws std::invalid_argument when there is none.
    std::size_t take();
    void release(std::size_t slot) { free_.push_back(static_cast<std::uint32_t>(slot)); }
    [[nodiscard]] std::size_t bytes() const { return stack_.capacity() * sizeof(Segment) + free_.capacity() * sizeof(std::uint32_t); }

    /// At most this many actions wait at a time.
    static constexpr std::size_t capacity = 4;
    void queue(const Action& action) { waiting_[end_++] = action; }

    /// The next action, until the call after; null once all segments are reversed.
    const Action* next() {
        while (begin_ == end_) {
            begin_ = end_ = 0;
            if (stack_.empty()) return nullptr;
            expand();
        }
        return &waiting_[begin_++];
    }
    /// The next of the actions that wait, no segment being touched; null when none does.
    const Action* next_waiting() {
        if (begin_ < end_) return &waiting_[begin_++];
        begin_ = end_ = 0;
        return nullptr;
    }

    /// Where no action waits and the next segment is one, that segment, reversed as far as this machine is concerned.
    bool next_leaf(Leaf& leaf) {
        if (begin_ != end_ || stack_.empty()) return false;
        const Segment& top = stack_.back();
        const bool here = top.where == Where::here, in_memory = top.where == Where::memory;
        if (top.where == Where::record || top.to - top.from > empty_slots() + (in_memory ? 2 : 1)) return false;
        leaf = {records_, !here, top.where == Where::file ? Level::file : Level::memory, top.slot, top.from, top.to};
        if (in_memory) free_.push_back(top.slot);
        stack_.pop_back();
        return true;
    }

private:
    enum class Where : std::uint32_t { here, memory, file, record };
    struct Segment {
        Where where;
        std::uint32_t slot, from, to;
    };
    void push(Where where, std::size_t slot, std::size_t from, std::size_t to) {
        stack_.push_back({where, static_cast<std::uint32_t>(slot), static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to)});
    }

    void expand();
    void single(const Segment& segment);
    void by_state(const Segment& segment, std::size_t steps);
    void by_record(const Segment& segment);
    void last_restore(const Segment& segment);

    /// Slots that are empty.
    [[nodiscard]] std::size_t empty_slots() const { return free_.size() + (slots_ - touched_); }

    bool records_;
    std::size_t slots_, touched_ = 0;  // slots from touched_ on were never taken
    std::vector<Segment> stack_;
    std::vector<std::uint32_t> free_;  // of the others
    std::array<Action, capacity> waiting_;
    std::size_t begin_ = 0, end_ = 0;
};

}  // namespace costate::ode::checkpoint
