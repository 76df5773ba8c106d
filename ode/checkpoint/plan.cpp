#include "ode/checkpoint/plan.hpp"

#include "ode/checkpoint/counts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace costate::ode::checkpoint {

namespace {

void check_spec(const Spec& spec, std::size_t steps) {
    if (steps == 0 || steps > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        throw std::invalid_argument("checkpoint schedule of " + std::to_string(steps) + " steps: ask for at least 1 and at most " +
                                    std::to_string(std::numeric_limits<int>::max()));
    const bool needs = spec.rule != Rule::store_all && spec.rule != Rule::states_only && spec.rule != Rule::square_root;
    if (needs && spec.slots == 0)
        throw std::invalid_argument(spec.rule == Rule::every ? "checkpoints every 0 steps: give at least every step"
                                                             : "checkpoint schedule with 0 slots: give at least 1, which will hold x0");
    if (spec.rule == Rule::two_level && spec.file_slots == 0)
        throw std::invalid_argument("two-level checkpoints with 0 slots on file: give at least 1, or use binomial");
}

/// ⌈√n⌉
std::size_t root(std::size_t n) {
    auto k = static_cast<std::size_t>(std::sqrt(static_cast<double>(n)));
    while (k * k >= n && k > 0) --k;
    while (k * k < n) ++k;
    return k;
}

bool holds_records(Rule rule) { return rule == Rule::store_all || rule == Rule::every || rule == Rule::square_root || rule == Rule::mixed; }

/// Memory slots that the rule fills at most.
std::size_t slots_of(const Spec& spec, std::size_t steps) {
    switch (spec.rule) {
        case Rule::store_all:
        case Rule::states_only: return steps - 1;
        case Rule::every:
        case Rule::square_root: {
            const std::size_t k = std::min(steps, spec.rule == Rule::every ? spec.slots : root(steps)), segments = (steps + k - 1) / k;
            return segments == 1 ? steps - 1 : segments - 2 + std::max(k - 1, steps - (segments - 1) * k);
        }
        default: return std::min(spec.slots, steps - 1);
    }
}

const Spec& checked(const Spec& spec, std::size_t steps) {
    check_spec(spec, steps);
    return spec;
}

}  // namespace

Plan::Plan(const Spec& spec, std::size_t steps)
    : spec_(checked(spec, steps)), steps_(steps), memory_slots_(slots_of(spec, steps)), reversal_(holds_records(spec.rule), memory_slots_) {
    if (spec.rule == Rule::every || spec.rule == Rule::square_root) cut_every(spec.rule == Rule::every ? spec.slots : root(steps));
    if (spec.rule == Rule::two_level && steps > 1) cut_two_level(std::min(spec.file_slots, steps - 1));
    if (spec.rule == Rule::online && steps > 1) online_.emplace(memory_slots_);
}

void Plan::cut_every(std::size_t length) {
    length_ = std::min(length, steps_);
    segments_ = (steps_ + length_ - 1) / length_;
}

// A step more costs 2 + r in a segment of block r (β(s, r−1) < length ≤ β(s, r)), 1 + r in the last, which is not taken twice: all
// segments in block r and the last in block r + 1 is best, for the least such r, wherever the steps lie within the blocks.
void Plan::cut_two_level(std::size_t files) {
    const auto longest = [&](std::uint64_t r) { return files * beta(spec_.slots, r) + beta(spec_.slots, r + 1); };
    std::uint64_t r = 0;
    while (longest(r) < steps_) ++r;
    file_slots_ = files;
    segments_ = files + 1;
    length_ = r == 0 ? 1 : beta(spec_.slots, r - 1);
    longer_by_ = beta(spec_.slots, r) - length_;
    const std::size_t rest = steps_ - files * length_ - beta(spec_.slots, r);
    longer_ = rest - std::min(rest, beta(spec_.slots, r + 1) - beta(spec_.slots, r));
}

std::size_t Plan::boundary(std::size_t j) const {
    return j == segments_ ? steps_ : j * length_ + std::min(longer_, j * longer_by_);
}

std::size_t Plan::memory_records() const {
    if (!holds_records(spec_.rule)) return 0;
    return spec_.rule == Rule::every || spec_.rule == Rule::square_root ? length_ - 1 : memory_slots_;
}

std::uint64_t forward_steps(const Spec& spec, std::size_t n) {
    check_spec(spec, n);
    const std::size_t slots = slots_of(spec, n);
    switch (spec.rule) {
        case Rule::store_all: return n;
        case Rule::states_only: return 2 * n - 1;
        case Rule::every:
        case Rule::square_root: {
            const std::size_t k = std::min(n, spec.rule == Rule::every ? spec.slots : root(n));
            return 2 * n - (n - (n - 1) / k * k);
        }
        case Rule::mixed: return mixed_total(n, slots);
        case Rule::binomial:
        case Rule::online: return n + binomial_extra(n, slots);
        case Rule::two_level: break;
    }
    const Plan plan(spec, n);
    std::uint64_t total = 0;
    for (std::size_t j = 0; j < plan.segments_; ++j) {
        const std::size_t length = plan.boundary(j + 1) - plan.boundary(j);
        total += length + binomial_extra(length, slots) + (j + 1 < plan.segments_ ? length : 0);
    }
    return total;
}

const Action* Plan::proceed() {
    if (online_) {
        if (online_->steps() == steps_) return nullptr;
        online_->step(online_->steps() + 1 == steps_);
        return online_->next();
    }
    if (segment_ < segments_) {
        const std::size_t from = boundary(segment_), to = boundary(segment_ + 1);
        if (segment_ + 1 == segments_) {
            reversal_.push_here(from, to);
        } else {
            const Level level = spec_.rule == Rule::two_level ? Level::file : Level::memory;
            const std::size_t slot = level == Level::file ? segment_ : reversal_.take();
            reversal_.queue(save(Content::state, from, slot, level));
            reversal_.queue(advance(from, to));
            reversal_.push_stored(from, to, slot, level);
        }
        ++segment_;
    }
    return segment_ < segments_ ? reversal_.next_waiting() : reversal_.next();
}

void Plan::rewind() {
    segment_ = 0;
    reversal_.rewind();
    if (online_) online_->rewind();
}

}  // namespace costate::ode::checkpoint
