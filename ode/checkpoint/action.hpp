// A checkpoint schedule is a list of actions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace costate::ode::checkpoint {

enum class Kind : std::uint8_t { advance, save, restore, discard, reverse };
enum class Content : std::uint8_t { state, record };  ///< x_n, or what the reverse of step n needs, x_n included
enum class Level : std::uint8_t { memory, file };     ///< a file holds states only

/// One thing to do to the state one is at, x_n, and the record at hand, that of one step:
///   advance  from x_from to x_to; content record: to = from + 1, and the record at hand becomes that of step `from`
///   save     x_from, or the record of step `from`, which is at hand no longer, into an empty slot
///   restore  one is at x_from again, or the record of step `from` is at hand where it lies, until its slot is emptied
///   discard  empties a slot
///   reverse  λ_{from+1} → λ_from by the record at hand, for from = N − 1 … 0
struct Action {
    Kind kind = Kind::advance;
    Content content = Content::state;
    Level level = Level::memory;
    std::uint32_t slot = 0;
    std::uint32_t from = 0, to = 0;

    friend bool operator==(const Action&, const Action&) = default;
};
static_assert(sizeof(Action) <= 24);

inline Action advance(std::size_t from, std::size_t to, Content content = Content::state) {
    return {Kind::advance, content, Level::memory, 0, static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to)};
}
inline Action in_slot(Kind kind, Content content, std::size_t step, std::size_t slot, Level level = Level::memory) {
    return {kind, content, level, static_cast<std::uint32_t>(slot), static_cast<std::uint32_t>(step), 0};
}
inline Action save(Content content, std::size_t step, std::size_t slot, Level level = Level::memory) { return in_slot(Kind::save, content, step, slot, level); }
inline Action restore(Content content, std::size_t step, std::size_t slot, Level level = Level::memory) { return in_slot(Kind::restore, content, step, slot, level); }
inline Action discard(Content content, std::size_t step, std::size_t slot, Level level = Level::memory) { return in_slot(Kind::discard, content, step, slot, level); }
inline Action reverse(std::size_t step) { return {Kind::reverse, Content::record, Level::memory, 0, static_cast<std::uint32_t>(step), 0}; }

/// "save state 5 in memory slot 2", "advance from 5 to 9".
std::string to_string(const Action& action);

/// The actions that reverse N steps with so many slots at each level; slots are numbered from 0.
struct Schedule {
    std::size_t steps = 0, memory_slots = 0, file_slots = 0;
    std::vector<Action> actions;
};

}  // namespace costate::ode::checkpoint
