// A checkpoint schedule at work on a solve: states and records in slots, steps forward, steps reversed.
#pragma once

#include "ode/checkpoint/action.hpp"
#include "ode/checkpoint/plan.hpp"
#include "ode/checkpoint/state_file.hpp"
#include "ode/gradient/checkpoint_pool.hpp"
#include "ode/gradient/discrete.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace costate::ode::dto {

namespace detail {

constexpr std::size_t nothing = static_cast<std::size_t>(-1);

/// x_n in a buffer of states and, for a step's record, what its reverse needs beside x_n.
struct Held {
    std::size_t state = nothing, record = nothing;
};

}  // namespace detail

/// What a checkpointed sweep keeps: as many buffers of states and of records as its slots hold at a time and one of each, x, λ, the
/// step's scratch, and the plan for the last number of steps. Serves one field.
template <class F, Scalar T>
struct CheckpointWorkspace {
    Coefficients<T> method;
    StepWorkspace<T> step;
    std::vector<T> x, lambda;
    detail::Pool<std::vector<T>> states;
    detail::Pool<StepRecord<F, T>> records;
    std::vector<detail::Held> slots;
    checkpoint::StateFile file;
    std::optional<checkpoint::Plan> plan;

    /// Of a slot beside its state: handles here, and a segment and a number in the plan; and beside its record.
    static constexpr std::size_t slot_bytes = sizeof(std::vector<T>) + sizeof(detail::Held) + sizeof(std::size_t) + 32;
    static constexpr std::size_t record_bytes = sizeof(StepRecord<F, T>) + sizeof(std::size_t);

    explicit CheckpointWorkspace(const Tableau& tableau) : method(tableau) {}

    /// The file's bytes are not memory and not counted.
    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = step.bytes() + ode::detail::bytes_of(x) + ode::detail::bytes_of(lambda) + ode::detail::bytes_of(slots) +
                            states.bytes() + records.bytes() + (plan ? plan->bytes() : 0);
        for (const std::vector<T>& state : states.items()) total += ode::detail::bytes_of(state);
        for (const StepRecord<F, T>& record : records.items()) total += record.bytes();
        return total;
    }
};

namespace detail {

/// Performs actions that a checker would let pass; unchecked here.
template <class F, class L, class G, Scalar T>
class ScheduleRun {
public:
    ScheduleRun(F& f, const L& loss, const G& grid, View<T> x0, std::size_t memory_slots, std::size_t records, const GradientOptions& options,
                CheckpointWorkspace<F, T>& ws, GradientResult<T>& result)
        : f_(f), loss_(loss), grid_(grid), options_(options), ws_(ws), result_(result) {
        ws.x.assign(x0.begin(), x0.end());
        ws.slots.clear();
        ws.slots.reserve(memory_slots);  // filled as they are used: a solve of many millions can be stopped at once
        ws.states.rewind(memory_slots + 1);
        ws.records.rewind(records + 1);
    }

    void perform(const checkpoint::Action& action) {
        using enum checkpoint::Kind;
        const bool state = action.content == checkpoint::Content::state;
        switch (action.kind) {
            case advance: return state ? advance_to(action.from, action.to) : record(action.from);
            case save: return state ? save_state(action) : save_record(action.slot);
            case restore: return state ? restore_state(action) : void(at_hand_ = ws_.slots[action.slot]);
            case discard: return action.level == checkpoint::Level::memory ? empty(ws_.slots[action.slot]) : void();
            case reverse: return reverse_step(action.from, ws_.states[at_hand_.state], ws_.records[at_hand_.record]);
        }
    }

    /// All actions of a leaf: forward from buffer to buffer, and back.
    void perform(const checkpoint::Leaf& leaf) {
        const std::size_t first = start_of(leaf);
        there_and_back(leaf, first);
        ws_.states.give_back(first);
    }

    /// Somebody else went forward, and is at x now.
    void stand_at(View<T> x) { std::copy(x.begin(), x.end(), ws_.x.begin()); }

    /// x̄, t̄₀, t̄₁ and what it took.
    void finish() {
        result_.x_bar.assign(ws_.lambda.begin(), ws_.lambda.end());
        times_->finish();
        const std::size_t stages = ws_.method.stages;
        result_.cost = {forward_steps_ * stages, step_count(grid_) * stages, 0, ws_.bytes()};
    }

private:
    void advance_to(std::size_t from, std::size_t to) {
        const std::span<T> x = ws_.x;
        for (std::size_t n = from; n < to; ++n) step<T>(ws_.method, f_, grid_.at(n), grid_.step(n), x, x, ws_.step);
        arrive(from, to);
    }

    void record(std::size_t n) {
        if (made_.state == nothing) made_ = {ws_.states.take(), ws_.records.take()};
        std::vector<T>& start = ws_.states[made_.state];
        start.swap(ws_.x);
        if (ws_.x.size() != start.size()) ws_.x.resize(start.size());
        step<T>(ws_.method, f_, grid_.at(n), grid_.step(n), start, ws_.x, ws_.records[made_.record], ws_.step);
        at_hand_ = made_;
        arrive(n, n + 1);
    }

    void arrive(std::size_t from, std::size_t to) {
        forward_steps_ += to - from;
        if (to < step_count(grid_) || ended_) return;
        ended_ = true;
        times_.emplace(grid_, options_, result_);
        start_reverse<T>(f_, loss_, ws_.x, options_, ws_.lambda, result_);
    }

    static void copy(const std::vector<T>& from, std::vector<T>& to) {
        if (to.size() != from.size()) to.resize(from.size());
        std::copy(from.begin(), from.end(), to.begin());
    }
    void save_state(const checkpoint::Action& action) {
        if (action.level == checkpoint::Level::memory) {
            copy(ws_.x, ws_.states[slot(action.slot).state = ws_.states.take()]);
        } else if constexpr (std::is_trivially_copyable_v<T>) {
            ws_.file.write(action.slot, std::as_bytes(std::span<const T>(ws_.x)));
        }
    }
    void restore_state(const checkpoint::Action& action) {
        if (action.level == checkpoint::Level::memory) {
            copy(ws_.states[ws_.slots[action.slot].state], ws_.x);
        } else if constexpr (std::is_trivially_copyable_v<T>) {
            ws_.file.read(action.slot, std::as_writable_bytes(std::span<T>(ws_.x)));
        }
    }
    void save_record(std::size_t n) { slot(n) = std::exchange(made_, Held{}); }
    Held& slot(std::size_t n) {
        if (n >= ws_.slots.size()) ws_.slots.resize(n + 1);
        return ws_.slots[n];
    }

    void empty(Held& held) {
        ws_.states.give_back(held.state);
        if (held.record != nothing) ws_.records.give_back(held.record);
        held = {};
    }

    /// A buffer, taken, with the state that a leaf starts from. No record is at hand any more.
    std::size_t start_of(const checkpoint::Leaf& leaf) {
        if (made_.state != nothing) empty(made_);
        if (leaf.stored && leaf.level == checkpoint::Level::memory) return std::exchange(ws_.slots[leaf.slot], Held{}).state;
        if (leaf.stored) restore_state(checkpoint::restore(checkpoint::Content::state, leaf.from, leaf.slot, leaf.level));
        const std::size_t first = ws_.states.take();
        ws_.states[first].swap(ws_.x);
        return first;
    }

    void there_and_back(const checkpoint::Leaf& leaf, std::size_t first) {
        const std::size_t count = leaf.to - leaf.from, size = ws_.states[first].size();
        typename Pool<std::vector<T>>::Spare states(ws_.states);
        typename Pool<StepRecord<F, T>>::Spare records(ws_.records);
        const auto state = [&](std::size_t k) -> std::vector<T>& { return k == 0 ? ws_.states[first] : states[k - 1]; };
        const auto record = [&](std::size_t k) -> StepRecord<F, T>& { return records[leaf.records ? k : 0]; };
        for (std::size_t k = 0; k < count; ++k) {
            std::vector<T>& next = k + 1 < count ? state(k + 1) : ws_.x;
            if (next.size() != size) next.resize(size);
            const std::size_t n = leaf.from + k;
            if (leaf.records || k + 1 == count) step<T>(ws_.method, f_, grid_.at(n), grid_.step(n), state(k), next, record(k), ws_.step);
            else step<T>(ws_.method, f_, grid_.at(n), grid_.step(n), state(k), next, ws_.step);
        }
        arrive(leaf.from, leaf.to);
        if (!leaf.records) forward_steps_ += count - 1;
        for (std::size_t k = count; k-- > 0;) {
            const std::size_t n = leaf.from + k;
            if (!leaf.records && k + 1 < count) step<T>(ws_.method, f_, grid_.at(n), grid_.step(n), state(k), ws_.x, record(k), ws_.step);
            reverse_step(n, state(k), record(k));
        }
    }

    void reverse_step(std::size_t n, const std::vector<T>& x, const StepRecord<F, T>& record) {
        TimeBars<T> bars{T(0), T(0)};
        const std::span<T> lambda = ws_.lambda;
        step_vjp<T>(ws_.method, f_, grid_.at(n), grid_.step(n), x, record, lambda, lambda, result_.theta_bar, options_.want_time ? &bars : nullptr, ws_.step);
        times_->add(n, bars);
        jump<T>(loss_, grid_, n, x, lambda, ws_.step, result_);
    }

    F& f_;
    const L& loss_;
    const G& grid_;
    GradientOptions options_;
    CheckpointWorkspace<F, T>& ws_;
    GradientResult<T>& result_;
    std::optional<GridBars<G, T>> times_;  // once the grid is complete
    Held made_, at_hand_;  // the record made outside the slots, and the one that a reverse reads
    std::size_t forward_steps_ = 0;
    bool ended_ = false;
};

/// Opens the file. Throws std::invalid_argument for scalars that are more than their bytes, std::runtime_error as StateFile::open.
template <Scalar T>
void open_file(checkpoint::StateFile& file, const std::filesystem::path& directory) {
    if constexpr (std::is_trivially_copyable_v<T>)
        file.open(directory);
    else
        throw std::invalid_argument("checkpoints on file: values of " + std::string(ScalarTraits<T>::name) +
                                    " are not of a fixed size and cannot be written; use slots in memory");
}

}  // namespace detail
}  // namespace costate::ode::dto
