// The template behind profile_runs.hpp; included by the source file of each scalar.
#pragma once

#include "guidance/profile_runs.hpp"
#include "guidance/study_compute_impl.hpp"
#include "kernels/cache.hpp"
#include "kernels/linear.hpp"
#include "kernels/parallel.hpp"
#include "ode/gradient/tile_rows.hpp"
#include "ode/gradient/tiled.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace costate::guidance::detail {

/// y = x Wᵀ by the library's dense kernel, n × n on `batch` rows, once on each thread.
template <class T>
class DenseProduct {
public:
    DenseProduct(std::size_t n, std::size_t batch, std::size_t threads)
        : n_(n), batch_(batch), threads_(threads), w_(std::span<const T>(std::vector<T>(n * n, T(1) / static_cast<T>(n))), n, n),
          x_(threads, kernels::AlignedVector<T>(batch * n, T(1))), y_(threads, kernels::AlignedVector<T>(batch * n)) {}

    void operator()() {
        kernels::parallel_for(threads_, [&](std::size_t i) {
            kernels::linear<T>(w_, {}, kernels::Function::identity, batch_, std::span<const T>(x_[i]), std::span<T>(y_[i]));
        }, threads_);
    }
    [[nodiscard]] double flops() const { return 2.0 * static_cast<double>(n_ * n_ * batch_ * threads_); }
    [[nodiscard]] std::string shape() const { return fmt::format("{} x {} on {} rows", n_, n_, batch_); }

private:
    std::size_t n_, batch_, threads_;
    kernels::PackedMatrix<T> w_;
    std::vector<kernels::AlignedVector<T>> x_, y_;
};

/// The shape at which the dense kernel is best, of a few whose matrices stay in the cache.
template <class T>
void add_gemm(ProfileRuns& runs, std::size_t threads) {
    using Clock = std::chrono::steady_clock;
    double best = 0;
    for (const std::size_t n : {128, 256, 384})
        for (const std::size_t batch : {84, 168}) {
            auto product = std::make_shared<DenseProduct<T>>(n, batch, threads);
            double shortest = 1e9;
            for (int i = 0; i < 12; ++i) {
                const auto begin = Clock::now();
                (*product)();
                shortest = std::min(shortest, std::chrono::duration<double>(Clock::now() - begin).count());
            }
            if (product->flops() / shortest < best) continue;
            best = product->flops() / shortest;
            runs.gemm = [product] { (*product)(); };
            runs.gemm_flops = product->flops();
            runs.gemm_shape = product->shape();
        }
}

/// What a profile is about, in T; L the scalar of the program.
template <class T, class L>
struct ProfileSubject {
    StudyModel<T> model;
    autodiff::ProgramField<L> program;
};

/// One tile's forward and pullback, op by op.
template <class T>
std::vector<OpCost> op_costs(const autodiff::Program<T>& program, const T& t, std::span<const T> x, bool theta) {
    std::vector<OpCost> costs;
    const std::vector<T> lambda(x.size(), T(1));
    const std::array<std::span<const T>, 2> inputs{std::span<const T>(&t, 1), x};
    const std::array<std::span<const T>, 1> out_bar{lambda};
    for (const autodiff::OpSeconds& op : program.profile(inputs, out_bar, x.size() / program.inputs()[1].size, theta))
        costs.push_back({std::string(op.name), op.count, op.forward, op.pullback});
    return costs;
}

/// The forward and the pullback of a program on a tile, all instructions in turn.
template <class T>
std::function<void()> tile_run(const autodiff::ProgramField<T>& program, const T& t, std::vector<T> x, bool theta) {
    struct State {
        autodiff::ProgramField<T> field;
        typename autodiff::ProgramField<T>::Record record;
        std::vector<T> x, dx, lambda, x_bar, theta_bar;
    };
    const std::size_t size = x.size();
    auto state = std::make_shared<State>(State{program, {}, std::move(x), std::vector<T>(size), std::vector<T>(size, T(1)), std::vector<T>(size),
                                               std::vector<T>(theta ? program.parameter_count() : 0)});
    return [state, t] {
        T t_bar(0);
        state->field.forward(t, state->x, state->dx, state->record);
        state->field.pullback(state->record, state->lambda, state->x_bar, state->theta_bar, t_bar);
    };
}

/// Starts and targets of the problem, repeated until there is one a sample.
template <class T>
std::vector<T> repeated(std::span<const double> values, std::size_t size) {
    std::vector<T> all(size);
    for (std::size_t i = 0; i < size; ++i) all[i] = static_cast<T>(values[i % values.size()]);
    return all;
}

template <class T, class Method>
struct ProfileState {
    StudyEnds<T> ends;
    std::vector<T> x0, x1;
    StudyLoss<T> loss;
    ode::GradientOptions options;
    std::size_t steps;
    ode::TiledSolve<StudyField<T>, T> solve;
    ode::TiledGradient<Method, StudyField<T>, T> gradient;
    ode::GradientResult<T> result;
};

/// Bytes of a tile's sample while one stage is evaluated: the program's scratch and record, the slopes, and the state beside them.
template <class T, class L>
std::size_t sample_bytes(const autodiff::ProgramSummary& summary, const ode::Tableau& tableau, std::size_t dim) {
    return summary.workspace_bytes + summary.record_bytes + (ode::effective_stages(tableau) + 3) * dim * sizeof(T) + 2 * dim * sizeof(L);
}

inline std::size_t chosen_rows(const ode::TileBytes& bytes, const ProfileRequest& request) {
    return request.theta ? ode::tile_rows_for_theta(bytes, request.batch) : ode::tile_rows(bytes, request.batch, request.threads);
}

/// Where the first value of the gradient that is not finite came from: the samples that have one are solved again, a few hundred at most.
template <class T, class Method>
std::string not_finite(const ProfileState<T, Method>& state, StudyField<T> field, const ode::Tableau& tableau, std::string_view method) {
    constexpr std::size_t most = 256;
    const std::size_t dim = field.dim();
    std::vector<std::size_t> samples;
    std::vector<T> x0;
    for (std::size_t b = 0; b < state.x0.size() / dim && samples.size() < most; ++b) {
        const std::span<const T> row = std::span<const T>(state.result.x_bar).subspan(b * dim, dim);
        if (std::all_of(row.begin(), row.end(), [](const T& x) { return x - x == T(0); })) continue;
        samples.push_back(b);
        x0.insert(x0.end(), state.x0.begin() + static_cast<std::ptrdiff_t>(b * dim), state.x0.begin() + static_cast<std::ptrdiff_t>((b + 1) * dim));
    }
    if (samples.empty()) return "";
    const ode::Grid<T> grid(state.ends.s0, state.ends.s1, state.steps);
    const ode::Coefficients<T> coefficients(ode::without_idle_stages(tableau));
    auto found = ode::first_non_finite<StudyField<T>, T>(coefficients, field, grid, ode::View<T>(x0));
    if (!found) return where_not_finite<T>(field, tableau, grid, std::span<const T>(x0), method, 0);
    found->place.sample = samples[found->place.sample];
    return non_finite_line(found->place, found->place.in == ode::NonFinite::In::slope ? non_finite_op<T>(field, found->t, found->y) : "", 0);
}

template <class T, class L, class Method>
void add_solves(ProfileRuns& runs, const Method& method, const Study::Parts& parts, const ProfileRequest& request, const ProfileSubject<T, L>& subject) {
    const std::size_t dim = parts.problem.dimension, batch = request.batch;
    const ode::Tableau& tableau = ode::find_tableau(request.tableau);
    const auto summary = subject.program.program().summary();
    const std::size_t bytes = parts.network ? parts.network->parameter_count() * sizeof(L) : 0;
    runs.rows = std::min(batch, request.rows != 0 ? request.rows : chosen_rows({sample_bytes<T, L>(summary, tableau, dim), 2 * bytes, kernels::second_level_cache()}, request));
    runs.tiles = (batch + runs.rows - 1) / runs.rows;
    runs.flops = summary.flops;
    runs.weight_bytes = bytes;
    const StudyEnds<T> ends = study_ends<T>(parts, false);
    const StudyField<T> field = subject.model.field(false, [] {});
    const ode::Tiling tiling{runs.rows, request.threads};
    auto state = std::make_shared<ProfileState<T, Method>>(ProfileState<T, Method>{
        ends, repeated<T>(parts.problem.x0, batch * dim), std::vector<T>(batch * dim),
        StudyLoss<T>(ode::SquaredDistance<T>(repeated<T>(parts.problem.y, batch * dim))), {request.theta, false}, request.steps,
        {field, tableau, tiling}, {field, tableau, tiling, method}, {}});
    runs.forward = [state] { state->solve(state->ends.s0, state->ends.s1, state->steps, state->x0, state->x1); };
    runs.gradient = [state] { state->gradient(state->loss, state->ends.s0, state->ends.s1, state->steps, state->x0, state->options, state->result); };
    if constexpr (requires { state->gradient.workspace().sentence(); }) runs.choice = [state] { return state->gradient.workspace().sentence(); };
    runs.cost = [state] { return state->result.cost; };
    runs.not_finite = [state, field, &tableau, name = request.method] { return not_finite<T>(*state, field, tableau, name); };
    const std::vector<L> x(state->x0.begin(), state->x0.begin() + static_cast<std::ptrdiff_t>(runs.rows * dim));
    const L t = static_cast<L>(ends.s0);
    runs.tile = tile_run<L>(subject.program, t, x, request.theta);
    runs.ops = [program = subject.program, x, t, theta = request.theta] { return op_costs<L>(program.program(), t, x, theta); };
}

template <class T, class L>
ProfileRuns profile_runs(const Study::Parts& parts, const ProfileRequest& request, const ProfileSubject<T, L>& subject) {
    ProfileRuns runs;
    ode::with_gradient_method(request.method, [&](const auto& method) { add_solves<T, L>(runs, method, parts, request, subject); });
    add_gemm<L>(runs, request.threads);
    add_read(runs, request.threads);
    return runs;
}

inline nn::ProgramOptions profile_options(const ProfileRequest& request) {
    return {.frozen_time = true, .frozen_parameters = !request.theta, .row_threads = request.batch == 1 ? request.threads : 1};
}

template <class T>
ProfileRuns profile_in(const Study::Parts& parts, const ProfileRequest& request) {
    StudyModel<T> model = study_model<T>(parts, profile_options(request));
    const auto program = std::get<autodiff::ProgramField<T>>(model.n);
    return profile_runs<T, T>(parts, request, {std::move(model), program});
}

}  // namespace costate::guidance::detail
