// Discretize-then-optimize in the memory that there is: the schedule is chosen from a budget and the sizes of state and record.
#pragma once

#include "ode/gradient/calling_forms.hpp"
#include "ode/gradient/checkpoint_budget.hpp"
#include "ode/gradient/method_name.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace costate::ode::dto {

/// dto::Checkpointed under store-all, binomial or mixed slots, whichever takes the fewest forward steps in `memory` bytes. Every result but the
/// cost is bitwise that of StoreAll, and cost.peak_bytes ≤ memory. The first call with a workspace takes two
/// steps there and back to see the sizes, which its cost says.
struct WithinMemory : CalledWithTableau<WithinMemory> {
    using CalledWithTableau::operator();

    static constexpr std::array<MethodName, 1> names = {
        {{"memory", "BYTES", "discretize-then-optimize under the schedule with the fewest steps that so much memory allows, as in memory:64MB"}}};
    static constexpr std::string_view meaning = names.front().meaning;
    static constexpr bool discrete = true;

    std::size_t memory = 64'000'000;
    std::string name = "memory:64MB";

    /// The method of a spelling; nothing when `base` is not memory. Throws std::invalid_argument as checkpoint::parse_bytes.
    static std::optional<WithinMemory> named(std::string_view base, std::span<const std::string_view> parameters) {
        if (base != names.front().base) return std::nullopt;
        check_parameter_count(base, parameters, 1);
        WithinMemory method;
        if (parameters.empty()) return method;
        method.memory = checkpoint::parse_bytes(parameters.front());
        method.name = "memory:" + std::string(parameters.front());
        return method;
    }

    template <class F, Scalar T>
    struct Workspace {
        Tableau tableau;
        CheckpointWorkspace<F, T> run;
        std::optional<Affordable> choice;
        std::size_t memory = 0, steps = 0, size = 0;  ///< what the choice was made for

        explicit Workspace(const Tableau& of) : tableau(of), run(of) {}
        [[nodiscard]] std::size_t bytes() const { return run.bytes(); }
        /// What was chosen and what it costs; empty before the first call.
        [[nodiscard]] std::string sentence() const { return choice ? choice->choice.sentence : ""; }
    };

    static std::size_t predicted_order(const Tableau& tableau) { return order(tableau); }

    /// Allocates nothing once ws and result have met a call of this size. Throws std::invalid_argument as Checkpointed, and for a budget in which no
    /// schedule runs, naming the least that one needs.
    template <class F, class L, Scalar T>
        requires DifferentiableField<F, T> && TerminalLoss<L, T>
    void operator()(F& f, const L& loss, const T& t0, const std::type_identity_t<T>& t1, std::size_t steps, View<T> x0, const GradientOptions& options,
                    Workspace<F, T>& ws, GradientResult<T>& result) const {
        const bool chosen = ws.choice && ws.memory == memory && ws.steps == steps && ws.size == x0.size();
        if (!chosen) {
            ws.choice = within_memory<F, L, T>(memory, f, loss, ws.tableau, t0, t1, steps, x0, options);
            ws.memory = memory;
            ws.steps = steps;
            ws.size = x0.size();
        }
        ws.choice->method(f, loss, t0, t1, steps, x0, options, ws.run, result);
        if (chosen) return;
        const checkpoint::Counts seen = sizing_steps(steps);
        result.cost.evaluations += seen.forward_steps * ws.run.method.stages;
        result.cost.vjps += seen.reverses * ws.run.method.stages;
    }
};

}  // namespace costate::ode::dto
