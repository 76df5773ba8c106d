#include "ode/checkpoint/check.hpp"

#include <algorithm>
#include <stdexcept>

namespace costate::ode::checkpoint {

namespace {

std::string name(Content content) { return content == Content::state ? "state" : "record"; }
std::string name(Level level) { return level == Level::memory ? "memory" : "file"; }

}  // namespace

std::string to_string(const Action& a) {
    const auto in = [&](const char* verb, const char* where) {
        return verb + name(a.content) + " " + std::to_string(a.from) + where + name(a.level) + " slot " + std::to_string(a.slot);
    };
    switch (a.kind) {
        case Kind::advance:
            return "advance from " + std::to_string(a.from) + " to " + std::to_string(a.to) + (a.content == Content::record ? ", recorded" : "");
        case Kind::save: return in("save ", " in ");
        case Kind::restore: return in("restore ", " from ");
        case Kind::discard: return in("discard ", " in ");
        case Kind::reverse: break;
    }
    return "reverse " + std::to_string(a.from);
}

Checker::Checker(std::size_t steps, std::size_t memory_slots, std::size_t file_slots)
    : steps_(steps), left_(steps), memory_(memory_slots), file_(file_slots) {
    if (steps == 0) throw std::invalid_argument("checkpoint schedule of 0 steps: give at least one");
}

void Checker::refuse(const std::string& reason) const {
    throw std::invalid_argument("checkpoint schedule, action " + std::to_string(taken_) + " (" + to_string(action_) + "): " + reason);
}

std::optional<Checker::Slot>& Checker::slot() {
    Slots& slots = action_.level == Level::memory ? memory_ : file_;
    if (action_.slot >= slots.size())
        refuse("the schedule has " + std::to_string(slots.size()) + " " + name(action_.level) + " slots; use one of them or ask for more");
    return slots[action_.slot];
}

void Checker::take(const Action& action) {
    action_ = action;
    switch (action.kind) {
        case Kind::advance: advance(); break;
        case Kind::save: save(); break;
        case Kind::restore: restore(); break;
        case Kind::discard: discard(); break;
        case Kind::reverse: reverse(); break;
        default: refuse("there is no such kind of action");
    }
    ++taken_;
}

void Checker::advance() {
    if (state_ != action_.from) refuse(state_ ? "one is at state " + std::to_string(*state_) + "; restore the other first" : "one is at no state; restore one first");
    if (action_.to <= action_.from) refuse("it goes nowhere; let it end after its start");
    if (action_.to > steps_) refuse("the solve ends at state " + std::to_string(steps_) + "; stop there");
    counts_.forward_steps += action_.to - action_.from;
    state_ = action_.to;
    ended_ = ended_ || action_.to == steps_;
    if (action_.content == Content::state) return;
    if (action_.to != action_.from + 1) refuse("one step is recorded at a time; record each by itself");
    ++counts_.recorded_steps;
    record_ = action_.from;
    record_slot_.reset();
}

void Checker::save() {
    std::optional<Slot>& into = slot();
    if (into) refuse("the slot holds " + name(into->content) + " " + std::to_string(into->step) + "; discard that first");
    if (action_.content == Content::state) {
        if (state_ != action_.from) refuse(state_ ? "one is at state " + std::to_string(*state_) : std::string("one is at no state"));
        ++counts_.saves;
    } else {
        if (action_.level == Level::file) refuse("a record cannot be written to a file; save the state");
        if (record_ != action_.from || record_slot_) refuse("that record is not at hand outside a slot; record the step first");
        record_.reset();
    }
    into = Slot{action_.content, action_.from};
    ++(action_.level == Level::memory ? memory_full_ : file_full_);
    if (action_.content == Content::record) ++records_full_;
    count_slots();
}

void Checker::count_slots() {
    counts_.memory_slots = std::max(counts_.memory_slots, memory_full_);
    counts_.file_slots = std::max(counts_.file_slots, file_full_);
    counts_.memory_records = std::max(counts_.memory_records, records_full_);
    counts_.memory_states = std::max(counts_.memory_states, memory_full_ - records_full_);
}

void Checker::restore() {
    const std::optional<Slot>& from = slot();
    if (!from || from->content != action_.content || from->step != action_.from)
        refuse(from ? "the slot holds " + name(from->content) + " " + std::to_string(from->step) : std::string("the slot is empty"));
    if (action_.content == Content::state) {
        state_ = action_.from;
        ++counts_.restores;
    } else {
        record_ = action_.from;
        record_slot_ = action_.slot;
    }
}

void Checker::discard() {
    std::optional<Slot>& from = slot();
    if (!from || from->content != action_.content || from->step != action_.from)
        refuse(from ? "the slot holds " + name(from->content) + " " + std::to_string(from->step) : std::string("the slot is empty"));
    if (action_.content == Content::record) {
        --records_full_;
        if (record_slot_ == action_.slot) {
            record_.reset();
            record_slot_.reset();
        }
    }
    --(action_.level == Level::memory ? memory_full_ : file_full_);
    from.reset();
}

void Checker::reverse() {
    if (!ended_) refuse("the solve has not reached state " + std::to_string(steps_) + " yet; advance to the end first");
    if (left_ == 0 || action_.from != left_ - 1)
        refuse(left_ == 0 ? std::string("all steps are reversed already") : "step " + std::to_string(left_ - 1) + " is the next to be reversed");
    if (record_ != action_.from) refuse(record_ ? "the record at hand is that of step " + std::to_string(*record_) : std::string("no record is at hand; record the step or restore its record"));
    --left_;
    ++counts_.reverses;
}

Counts Checker::finish() const {
    if (left_ > 0) throw std::invalid_argument("checkpoint schedule: it ends with " + std::to_string(left_) + " steps not reversed; reverse them down to step 0");
    if (memory_full_ + file_full_ > 0)
        throw std::invalid_argument("checkpoint schedule: it ends with " + std::to_string(memory_full_ + file_full_) + " slots still full; discard what they hold");
    return counts_;
}

Counts check(const Schedule& schedule) {
    Checker checker(schedule.steps, schedule.memory_slots, schedule.file_slots);
    for (const Action& action : schedule.actions) checker.take(action);
    return checker.finish();
}

}  // namespace costate::ode::checkpoint
