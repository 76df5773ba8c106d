#include "ode/checkpoint/reversal.hpp"

#include "ode/checkpoint/counts.hpp"

#include <stdexcept>
#include <string>

namespace costate::ode::checkpoint {

Reversal::Reversal(bool slots_hold_records, std::size_t slots) : records_(slots_hold_records), slots_(slots) {
    stack_.reserve(slots + 2);
    free_.reserve(slots);
}

void Reversal::rewind() {
    stack_.clear();
    free_.clear();
    touched_ = 0;
    begin_ = end_ = 0;
}

std::size_t Reversal::take() {
    if (free_.empty()) {
        if (touched_ == slots_) throw std::invalid_argument("checkpoints: all " + std::to_string(slots_) + " memory slots are full; give the schedule more");
        return touched_++;
    }
    const std::size_t slot = free_.back();
    free_.pop_back();
    return slot;
}

void Reversal::expand() {
    const Segment segment = stack_.back();
    stack_.pop_back();
    if (segment.where == Where::record) {
        queue(restore(Content::record, segment.from, segment.slot));
        queue(reverse(segment.from));
        queue(discard(Content::record, segment.from, segment.slot));
        release(segment.slot);
        return;
    }
    const std::size_t length = segment.to - segment.from;
    if (length == 1) return single(segment);
    const std::size_t slots = empty_slots() + (segment.where == Where::memory ? 1 : 0);
    const std::size_t steps = records_ ? mixed_split(length, slots) : binomial_split(length, slots);
    records_ && steps == 1 ? by_record(segment) : by_state(segment, steps);
}

void Reversal::last_restore(const Segment& segment) {
    if (segment.where == Where::here) return;
    const Level level = segment.where == Where::file ? Level::file : Level::memory;
    queue(restore(Content::state, segment.from, segment.slot, level));
    queue(discard(Content::state, segment.from, segment.slot, level));
    if (level == Level::memory) release(segment.slot);
}

void Reversal::single(const Segment& segment) {
    last_restore(segment);
    queue(advance(segment.from, segment.to, Content::record));
    queue(reverse(segment.from));
}

void Reversal::by_state(const Segment& segment, std::size_t steps) {
    std::size_t slot = segment.slot;
    if (segment.where == Where::memory) {
        queue(restore(Content::state, segment.from, slot));
    } else {
        last_restore(segment);
        slot = take();
        queue(save(Content::state, segment.from, slot));
    }
    queue(advance(segment.from, segment.from + steps));
    push_stored(segment.from, segment.from + steps, slot);
    push_here(segment.from + steps, segment.to);
}

void Reversal::by_record(const Segment& segment) {
    last_restore(segment);
    const std::size_t slot = take();
    queue(advance(segment.from, segment.from + 1, Content::record));
    queue(save(Content::record, segment.from, slot));
    push(Where::record, slot, segment.from, segment.from + 1);
    push_here(segment.from + 1, segment.to);
}

}  // namespace costate::ode::checkpoint
