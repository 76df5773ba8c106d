#include "ode/checkpoint/online.hpp"

#include <limits>
#include <stdexcept>

namespace costate::ode::checkpoint {

Online::Online(std::size_t slots) : reversal_(false, slots), slots_(slots) {
    if (slots == 0) throw std::invalid_argument("online checkpoints: 0 slots; give at least 1, which will hold x0");
    kept_.reserve(slots);
    rewind();
}

void Online::rewind() {
    reversal_.rewind();
    steps_ = full_ = 0;
    last_ = searched_ = none;
    level_ = std::numeric_limits<std::size_t>::max();
    ended_ = false;
}

// What was searched once stays searched, for what is saved later is of level 0 unless its predecessor was passed over.
std::uint32_t Online::dispensable() {
    if (kept_[last_].level < level_) {
        searched_ = none;
        return last_;
    }
    for (std::uint32_t at = kept_[searched_].earlier; at != none; at = kept_[searched_].earlier) {
        if (kept_[at].level < kept_[searched_].level) return at;
        searched_ = at;
    }
    return none;
}

void Online::remove(std::uint32_t slot) {
    const Checkpoint gone = kept_[slot];
    kept_[gone.earlier].later = gone.later;  // x_0 stays, so there is an earlier one
    if (gone.later != none) kept_[gone.later].earlier = gone.earlier;
    if (last_ == slot) last_ = gone.earlier;
    --full_;
    reversal_.queue(discard(Content::state, gone.step, slot));
    reversal_.release(slot);
}

void Online::append(std::size_t step) {
    const auto slot = static_cast<std::uint32_t>(reversal_.take());
    if (slot == kept_.size()) kept_.emplace_back();  // new slots come one by one
    kept_[slot] = {step, level_, last_, none};
    if (last_ != none) kept_[last_].later = slot;
    if (last_ == none || searched_ == none) searched_ = slot;
    last_ = slot;
    ++full_;
    reversal_.queue(save(Content::state, step, slot));
    level_ = 0;
}

void Online::keep(std::size_t step) {
    if (full_ == slots_) {
        const std::uint32_t slot = dispensable();
        if (slot == none) {  // passed over: its successor is of a level more
            ++level_;
            return;
        }
        remove(slot);
    }
    append(step);
}

void Online::start_reverse(std::size_t end) {
    ended_ = true;
    std::uint32_t first = last_;
    while (first != none && kept_[first].earlier != none) first = kept_[first].earlier;
    for (std::uint32_t slot = first; slot != none; slot = kept_[slot].later)
        reversal_.push_stored(kept_[slot].step, kept_[slot].later != none ? kept_[kept_[slot].later].step : end, slot);
}

void Online::step(bool last) {
    if (ended_) throw std::logic_error("online checkpoints: a step after the last one; rewind first");
    if (last) {
        reversal_.queue(advance(steps_, steps_ + 1, Content::record));
        reversal_.queue(reverse(steps_));
        start_reverse(steps_);
    } else {
        keep(steps_);
        reversal_.queue(advance(steps_, steps_ + 1));
    }
    ++steps_;
}

void Online::end() {
    if (ended_ || steps_ == 0) throw std::logic_error("online checkpoints: an end without a step before it; call step first");
    start_reverse(steps_);
}

}  // namespace costate::ode::checkpoint
