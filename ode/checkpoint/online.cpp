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
    kept_.clear();
    steps_ = 0;
    level_ = std::numeric_limits<std::size_t>::max();
    ended_ = false;
}

std::size_t Online::dispensable() const {
    std::size_t highest = level_;
    for (std::size_t i = kept_.size(); i-- > 1;) {
        if (kept_[i].level < highest) return i;
        highest = kept_[i].level;
    }
    return kept_.size();
}

void Online::keep(std::size_t step) {
    if (kept_.size() == slots_) {
        const std::size_t i = dispensable();
        if (i == kept_.size()) {  // passed over: its successor is of a level more
            ++level_;
            return;
        }
        reversal_.queue(discard(Content::state, kept_[i].step, kept_[i].slot));
        reversal_.release(kept_[i].slot);
        kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    const std::size_t slot = reversal_.take();
    kept_.push_back({step, level_, slot});
    reversal_.queue(save(Content::state, step, slot));
    level_ = 0;
}

void Online::start_reverse(std::size_t end) {
    ended_ = true;
    for (std::size_t i = 0; i < kept_.size(); ++i) {
        const std::size_t to = i + 1 < kept_.size() ? kept_[i + 1].step : end;
        reversal_.push_stored(kept_[i].step, to, kept_[i].slot);
    }
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
