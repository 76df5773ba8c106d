// Discretize-then-optimize under a checkpoint schedule: store-all's gradient, bit for bit, with fewer slots and more steps.
#pragma once

#include "ode/checkpoint/check.hpp"
#include "ode/checkpoint/schedule.hpp"
#include "ode/gradient/calling_forms.hpp"
#include "ode/gradient/checkpoint_run.hpp"
#include "ode/gradient/method_name.hpp"
#include "ode/rooted_trees.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace costate::ode::dto {

/// λ_n = (∂Φ_h/∂x)ᵀ λ_{n+1} by step_vjp, n = N−1 … 0, as StoreAll, the records made again as the schedule says. Every result but the
/// cost is bitwise that of StoreAll. Forward steps: see checkpoint::Rule. Memory: the slots, one record, and what does not depend
/// on slots or steps.
struct Checkpointed : CalledOnEqualSteps<Checkpointed> {
    using CalledOnEqualSteps::operator();

    static constexpr std::array<MethodName, 8> names = {{
        {"store-all", "", "discretize-then-optimize, every step's record in a slot: dto run as a schedule"},
        {"states", "", "discretize-then-optimize, every state stored, each step recorded again"},
        {"every", "STEPS", "discretize-then-optimize, a state stored every so many steps, the steps between recorded again"},
        {"sqrt", "", "discretize-then-optimize, a state stored every root of the number of steps"},
        {"binomial", "SLOTS", "discretize-then-optimize, states in slots, fewest steps (Griewank and Walther's revolve)"},
        {"mixed", "SLOTS", "discretize-then-optimize, states or records in slots, fewest steps (Maddison)"},
        {"two-level", "SLOTS:FILE-SLOTS", "discretize-then-optimize, states on file, binomial in memory between them"},
        {"online", "SLOTS", "discretize-then-optimize, states in slots, the number of steps unknown (Stumm and Walther; Wang, Moin and Iaccarino)"},
    }};
    static constexpr bool discrete = true;

    checkpoint::Spec spec;
    std::string name;                 ///< as spelled: "binomial:8"
    std::string_view meaning;
    std::filesystem::path directory;  ///< of the file level; empty: that for temporary files

    /// binomial:8
    Checkpointed() : Checkpointed(checkpoint::Spec{}) {}
    explicit Checkpointed(const checkpoint::Spec& schedule, std::filesystem::path file_directory = {});

    /// The method of a spelling; nothing when `base` is none of the names. Left out, SLOTS and FILE-SLOTS are 8 and STEPS is 10.
    /// Throws std::invalid_argument for a parameter that is no whole number above 0, or one too many.
    static std::optional<Checkpointed> named(std::string_view base, std::span<const std::string_view> parameters);

    template <class F, Scalar T>
    using Workspace = CheckpointWorkspace<F, T>;

    static std::size_t predicted_order(const Tableau& tableau) { return order(tableau); }

    /// On any grid, equal steps or not. Allocates nothing once ws and result have met a call of this size.
    /// Throws std::invalid_argument for an x₀ that is not a whole number of samples, or a schedule on file for a scalar that is not its bytes
    /// alone; std::runtime_error when the file cannot be made or written.
    template <class F, class L, Scalar T, class G>
        requires DifferentiableField<F, T> && TerminalLoss<L, T> && StepGrid<G, T>
    void operator()(F& f, const L& loss, const G& grid, View<T> x0, const GradientOptions& options, Workspace<F, T>& ws,
                    GradientResult<T>& result) const {
        const std::size_t steps = step_count(grid);
        if (ws.plan && ws.plan->spec() == spec && ws.plan->steps() == steps)
            ws.plan->rewind();
        else
            ws.plan.emplace(spec, steps);
        checkpoint::Plan& plan = *ws.plan;
        run(f, loss, grid, x0, {plan.memory_slots(), plan.memory_records(), plan.file_slots()}, options, ws, result, [&](auto&& perform) {
            checkpoint::Leaf leaf;
            for (;;) {
                if (plan.next_leaf(leaf)) perform(leaf);
                else if (const checkpoint::Action* action = plan.next()) perform(*action);
                else break;
            }
        });
    }

    /// Under any schedule, which is checked first; `spec` takes no part. Throws as above, and as checkpoint::check.
    template <class F, class L, Scalar T>
        requires DifferentiableField<F, T> && TerminalLoss<L, T>
    void operator()(F& f, const L& loss, const T& t0, const std::type_identity_t<T>& t1, const checkpoint::Schedule& schedule, View<T> x0,
                    const GradientOptions& options, Workspace<F, T>& ws, GradientResult<T>& result) const {
        const checkpoint::Counts counts = checkpoint::check(schedule);
        run(f, loss, Grid<T>(t0, t1, schedule.steps), x0, {schedule.memory_slots, counts.memory_records, schedule.file_slots}, options, ws, result,
            [&](auto&& perform) {
                for (const checkpoint::Action& action : schedule.actions) perform(action);
            });
    }

private:
    struct Slots {
        std::size_t memory, records, file;
    };
    template <class F, class L, Scalar T, class G, class Actions>
    void run(F& f, const L& loss, const G& grid, View<T> x0, const Slots& slots, const GradientOptions& options, Workspace<F, T>& ws,
             GradientResult<T>& result, Actions&& actions) const {
        ode::detail::check_state(f, x0.size());
        if (slots.file > 0) detail::open_file<T>(ws.file, directory);
        detail::ScheduleRun<F, L, G, T> work(f, loss, grid, x0, slots.memory, slots.records, options, ws, result);
        actions([&](const auto& action) { work.perform(action); });
        work.finish();
    }
};

}  // namespace costate::ode::dto
