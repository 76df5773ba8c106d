// Checkpoints while the number of steps is unknown.
#pragma once

#include "ode/checkpoint/reversal.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace costate::ode::checkpoint {

/// Told step by step, it emits the actions; after the last step those of the reverse:
///     Online online(8);
///     do { online.step(last); while (const Action* action = online.next()) perform(*action); } while (!last);
/// The rule is that of Wang, Moin & Iaccarino ("Minimal repetition dynamic checkpointing algorithm for unsteady adjoint calculation",
/// 2009): checkpoints have levels, one is dispensable once a later one has a higher level, and where none is, the state one is at is
/// passed over and its successor gets a level more; of several dispensable ones the latest goes. x_n is saved when it is left, never
/// when the step from it is the last. While n ≤ (c + 1)(c + 2)/2 the placement is one of those of Stumm & Walther ("New algorithms for
/// optimal online checkpointing", 2010): it takes E(n, c) extra steps, as many as if n had been known. Then gaps are reversed
/// binomially with the slots set free.
/// Never more than c slots.
class Online {
public:
    /// Throws std::invalid_argument for slots = 0.
    explicit Online(std::size_t slots);

    void rewind();

    /// One more step is to be taken; it is the last one or it is not. The actions of the step before have to be taken first.
    /// Throws std::logic_error after the end.
    void step(bool last);
    /// The step taken turned out to have been the last: as step(true), but its record is not at hand and the step is taken again.
    /// Throws std::logic_error before the first step and after the end.
    void end();

    /// The next action, until the call after; null when another call of step is due, or when all is reversed.
    const Action* next() { return ended_ ? reversal_.next() : reversal_.next_waiting(); }

    /// As Plan::next_leaf.
    bool next_leaf(Leaf& leaf) { return ended_ && reversal_.next_leaf(leaf); }

    [[nodiscard]] std::size_t steps() const { return steps_; }
    [[nodiscard]] std::size_t slots() const { return slots_; }
    [[nodiscard]] std::size_t bytes() const { return reversal_.bytes() + kept_.capacity() * sizeof(Checkpoint); }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    struct Checkpoint {
        std::size_t step, level;
        std::uint32_t earlier, later;  // slots of its neighbours in time
    };

    void keep(std::size_t step);
    void append(std::size_t step);
    void remove(std::uint32_t slot);
    void start_reverse(std::size_t end);
    [[nodiscard]] std::uint32_t dispensable();

    Reversal reversal_;
    std::size_t slots_, steps_ = 0, level_ = 0;  // level_: of the state one is at
    std::vector<Checkpoint> kept_;               // by slot
    std::size_t full_ = 0;
    std::uint32_t last_ = none, searched_ = none;  // from searched_ to last_ no level rises, so none there is dispensable
    bool ended_ = false;
};

}  // namespace costate::ode::checkpoint
