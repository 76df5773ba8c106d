// Checkpoint schedules by rule, as streams of actions: any number of steps in the memory of the slots.
#pragma once

#include "ode/checkpoint/action.hpp"
#include "ode/checkpoint/online.hpp"
#include "ode/checkpoint/reversal.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace costate::ode::checkpoint {

/// How steps are chosen to be stored:
///   store_all    every step's record
///   states_only  every state; each step is recorded when it is reversed: binomial with n − 1 slots
///   every        x_0, x_K, x_2K …; the records of K steps at a time:               2n − (the last segment) forward steps
///   square_root  every ⌈√n⌉
///   binomial     s states, fewest steps (Griewank & Walther 2000):                   n + E(n, s)
///   mixed        s states or records, fewest steps (Maddison 2024):                  M(n, s)
///   two_level    F states on file that start F + 1 segments of best lengths, each reversed binomially with s states in memory
///   online       s states, n unknown to the rule before the last step (see Online)
enum class Rule { store_all, states_only, every, square_root, binomial, mixed, two_level, online };

struct Spec {
    Rule rule = Rule::binomial;
    std::size_t slots = 8;       ///< s; for `every` the K
    std::size_t file_slots = 0;  ///< F of two_level

    friend bool operator==(const Spec&, const Spec&) = default;
};

/// The forward steps of the schedule, by formula; of online the fewest that there could be, which it takes while n ≤ (s + 1)(s + 2)/2.
/// Throws std::invalid_argument as Plan.
std::uint64_t forward_steps(const Spec& spec, std::size_t steps);

/// The actions of one schedule for n steps, one by one. Slots beyond those that n steps can use are left out.
class Plan {
public:
    /// Throws std::invalid_argument for steps = 0, or a spec without the slots (or the K) that it needs.
    Plan(const Spec& spec, std::size_t steps);

    /// The next action, until the call after; null after the last:  while (const Action* action = plan.next()) perform(*action);
    const Action* next() {
        const Action* waiting = online_ ? online_->next() : reversal_.next_waiting();
        return waiting ? waiting : proceed();
    }
    /// Where the next actions are all those of a leaf: that leaf, its actions being passed over. To be asked before each next().
    bool next_leaf(Leaf& leaf) {
        if (online_) return online_->next_leaf(leaf);
        return segment_ == segments_ && reversal_.next_leaf(leaf);
    }
    /// Back to the first action; allocates nothing.
    void rewind();

    [[nodiscard]] const Spec& spec() const { return spec_; }
    [[nodiscard]] std::size_t steps() const { return steps_; }
    [[nodiscard]] std::size_t memory_slots() const { return memory_slots_; }
    [[nodiscard]] std::size_t file_slots() const { return file_slots_; }
    /// The most slots that hold records at a time.
    [[nodiscard]] std::size_t memory_records() const;
    [[nodiscard]] std::size_t bytes() const { return reversal_.bytes() + (online_ ? online_->bytes() : 0); }

private:
    friend std::uint64_t forward_steps(const Spec& spec, std::size_t steps);
    void cut_every(std::size_t length);
    void cut_two_level(std::size_t files);
    [[nodiscard]] std::size_t boundary(std::size_t j) const;
    const Action* proceed();

    Spec spec_;
    std::size_t steps_, memory_slots_, file_slots_ = 0;
    std::size_t segments_ = 1, length_ = 0, longer_by_ = 0, longer_ = 0;  // segment j starts at j·length + min(longer, j·longer_by)
    std::size_t segment_ = 0;
    Reversal reversal_;
    std::optional<Online> online_;
};

}  // namespace costate::ode::checkpoint
