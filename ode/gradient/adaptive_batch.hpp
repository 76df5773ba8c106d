// Discretize-then-optimize for a batch whose samples step by themselves: each sample's own gradient on its own accepted grid.
#pragma once

#include "ode/adaptive/batch.hpp"
#include "ode/gradient/discrete.hpp"
#include "ode/gradient/tiled.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::ode::dto {

/// result.x_bar and x1 are batch-major, loss and θ̄ sums over the samples that arrived, in their order and in that of the lanes; times are of each.
template <Scalar T>
struct BatchGradient {
    T loss{};                     ///< Σ_b ℓ_b
    std::vector<T> losses, x_bar, x1, theta_bar;
    std::vector<T> t0_bar, t1_bar;
    BatchCounts reverse;          ///< vjps
};

/// Of every sample its states and slopes, and of the lanes what a step's reverse needs.
template <Scalar T>
struct AdaptiveBatchWorkspace {
    struct Tape {
        TimeGrid<T> grid;
        std::vector<T> states, slopes;
    };

    PairCoefficients<T> pair;
    Coefficients<T> method;
    BatchWorkspace<T> forward;
    BatchResult<T> solves;
    std::vector<Tape> tapes;
    std::vector<T> lambda, x, k, ell, nu, mu, y, h, sum, none, zeros, times, t_bars, tau, h_bars;
    std::vector<const T*> pointers;
    std::vector<std::size_t> order;

    explicit AdaptiveBatchWorkspace(const Tableau& tableau) : pair(tableau), method(tableau) {}

    void prepare(std::size_t rows, std::size_t dim) {
        for (std::vector<T>* v : {&lambda, &x, &nu, &mu, &y, &h, &sum}) v->resize(rows * dim);
        for (std::vector<T>* v : {&k, &ell}) v->resize(method.stages * rows * dim);
        for (std::vector<T>* v : {&times, &t_bars, &tau, &h_bars}) v->resize(rows);
        none.assign(rows * dim, -T(0));
        zeros.assign(rows * dim, T(0));
        pointers.reserve(method.stages + 1);
    }
};

namespace detail {

/// step_vjp on rows that each stand at a step (t, h) of their own, its roundings those of a row alone.
template <Scalar T, class F>
class BatchSweep {
public:
    BatchSweep(F& f, std::size_t lanes, const GradientOptions& options, AdaptiveBatchWorkspace<T>& ws, BatchGradient<T>& result)
        : f_(f), dim_(f.dim()), lanes_(lanes), block_(lanes * dim_), options_(options), ws_(ws), result_(result) {}

    /// The samples in order, whose λ stand in result.x_bar: λ_N there becomes λ_0.
    void operator()(std::span<const std::size_t> order) {
        waiting_ = order;
        ws_.prepare(lanes_, dim_);
        while (active_.size() < lanes_ && load(active_.size())) {}
        while (!active_.empty()) {
            reverse();
            for (std::size_t l = 0; l < active_.size();) {
                if (active_[l].n > 0) {
                    ++l;
                    continue;
                }
                leave(l);
                if (!load(l)) drop(l);
            }
        }
    }

private:
    struct Lane {
        std::size_t sample = 0, n = 0;  ///< steps still to be reversed
    };

    std::span<T> rows(std::vector<T>& v) { return std::span<T>(v).first(active_.size() * dim_); }
    std::span<T> row(std::vector<T>& v, std::size_t l) { return std::span<T>(v).subspan(l * dim_, dim_); }
    std::span<T> slope(std::size_t i, std::size_t l) { return std::span<T>(ws_.k).subspan(i * block_ + l * dim_, dim_); }
    auto& tape(std::size_t l) { return ws_.tapes[active_[l].sample]; }

    bool load(std::size_t l) {
        if (waiting_.empty()) return false;
        if (l == active_.size()) active_.emplace_back();
        const std::size_t sample = waiting_.front();
        waiting_ = waiting_.subspan(1);
        active_[l] = {sample, ws_.tapes[sample].grid.steps()};
        ode::detail::copy_row<T>(row(result_.x_bar, sample), row(ws_.lambda, l));
        return true;
    }
    void leave(std::size_t l) { ode::detail::copy_row<T>(row(ws_.lambda, l), row(result_.x_bar, active_[l].sample)); }
    void drop(std::size_t l) {
        active_[l] = active_.back();
        if (l + 1 < active_.size()) ode::detail::copy_row<T>(row(ws_.lambda, active_.size() - 1), row(ws_.lambda, l));
        active_.pop_back();
    }

    /// The step before λ in every lane.
    void reverse() {
        const std::size_t s = ws_.method.stages;
        for (std::size_t l = 0; l < active_.size(); ++l) {
            const std::size_t n = --active_[l].n, from = n * s * dim_;
            const auto& own = tape(l);
            ode::detail::copy_row<T>(std::span<const T>(own.states).subspan(n * dim_, dim_), row(ws_.x, l));
            for (std::size_t i = 0; i < s; ++i)
                ode::detail::copy_row<T>(std::span<const T>(own.slopes).subspan(from + i * dim_, dim_), slope(i, l));
            std::fill_n(row(ws_.h, l).begin(), dim_, own.grid.step(n));
        }
        std::fill(ws_.ell.begin(), ws_.ell.end(), T(0));
        std::fill(ws_.t_bars.begin(), ws_.t_bars.end(), T(0));
        std::fill(ws_.h_bars.begin(), ws_.h_bars.end(), T(0));
        for (std::size_t i = s; i-- > 0;) stage(i);
        ws_.pointers.clear();
        for (std::size_t i = 0; i < s; ++i) ws_.pointers.push_back(ws_.ell.data() + i * block_);
        kernels::rk_combine<T>(rows(ws_.lambda), T(1), ws_.method.ones, ws_.pointers, rows(ws_.lambda));
        for (std::size_t l = 0; l < active_.size(); ++l) add_times(l);
    }

    /// ν_i = b_i λ₁ + Σ a_ji ℓ_j,  μ_i = h ν_i,  ℓ_i = (∂f/∂x)ᵀμ_i at Y_i.
    void stage(std::size_t i) {
        const Terms<T>& column = ws_.method.columns[i];
        ws_.pointers.clear();
        for (const std::size_t j : column.index) ws_.pointers.push_back(j == ws_.method.stages ? ws_.lambda.data() : ws_.ell.data() + j * block_);
        kernels::rk_combine<T>(std::span<const T>(options_.want_time ? ws_.zeros : ws_.none).first(rows(ws_.nu).size()), T(1), column.coefficient,
                               ws_.pointers, rows(ws_.nu));
        kernels::mul<T>(rows(ws_.h), rows(ws_.nu), rows(ws_.mu));
        if (!options_.want_time) kernels::add<T>(rows(ws_.zeros), rows(ws_.mu), rows(ws_.mu));
        const Terms<T>& terms = ws_.method.rows[i];
        std::span<const T> y = rows(ws_.x);
        if (!terms.empty()) {
            ode::detail::sum_rows<T>(ws_.none, terms, ws_.k, block_, ws_.pointers, rows(ws_.sum));
            ode::detail::add_scaled<T>(rows(ws_.x), ws_.h, rows(ws_.sum), rows(ws_.y));
            y = rows(ws_.y);
        }
        pull_back(i, y);
    }
    void pull_back(std::size_t i, std::span<const T> y) {
        const std::size_t count = active_.size();
        for (std::size_t l = 0; l < count; ++l) {
            const auto& grid = tape(l).grid;
            ws_.times[l] = grid.at(active_[l].n) + ws_.method.c[i] * grid.step(active_[l].n);
            ws_.tau[l] = T(0);
            if (options_.want_time) ws_.h_bars[l] += kernels::dot<T>(row(ws_.nu, l), slope(i, l));
        }
        result_.reverse.calls += 1, result_.reverse.rows += count, result_.reverse.room += lanes_;
        vjp_at_times<T>(f_, std::span<const T>(ws_.times).first(count), y, rows(ws_.mu), std::span<T>(ws_.ell).subspan(i * block_, count * dim_),
                        std::span<T>(result_.theta_bar), std::span<T>(ws_.tau).first(count));
        for (std::size_t l = 0; l < count; ++l) {
            ws_.t_bars[l] += ws_.tau[l];
            ws_.h_bars[l] += ws_.method.c[i] * ws_.tau[l];
        }
    }
    void add_times(std::size_t l) {
        if (!options_.want_time) return;
        const auto& grid = tape(l).grid;
        const std::size_t b = active_[l].sample, n = active_[l].n;
        // as GridBars: h_n = φ_n (t₁ − t₀), t_n = t₀ + τ_n (t₁ − t₀)
        const T end = (ws_.h_bars[l] * grid.step(n) + ws_.t_bars[l] * (grid.at(n) - grid.first())) / (grid.last() - grid.first());
        result_.t1_bar[b] += end;
        result_.t0_bar[b] += ws_.t_bars[l] - end;
    }

    F& f_;
    std::size_t dim_, lanes_, block_;
    GradientOptions options_;
    AdaptiveBatchWorkspace<T>& ws_;
    BatchGradient<T>& result_;
    std::vector<Lane> active_;
    std::span<const std::size_t> waiting_;
};

}  // namespace detail

/// ∇L of L = Σ_b ℓ_b(x_b(t₁)) as solve_batch computed it, steps frozen: x̄_b, t̄ of sample b are bitwise those of dto::Adaptive on x_b alone (a field
/// without records), whoever else is in the batch. θ̄ is summed over samples and lanes, in an order that hangs on both. Every state and slope is
/// kept; the reverse takes samples into lanes as the solve does, those with most steps first, so that lanes end together.
/// A sample that fails has its status in ws.solves, x̄_b = 0, and no part in the sums.
struct AdaptiveBatch {
    template <class F, Scalar T>
    using Workspace = AdaptiveBatchWorkspace<T>;

    /// Throws std::invalid_argument as solve_batch; steps are per sample whatever `how` says.
    template <class F, class L, OrderedScalar T>
        requires DifferentiableField<F, T> && SeparableLoss<L, T>
    const BatchResult<T>& operator()(F& f, const L& loss, const T& t0, const std::type_identity_t<T>& t1, View<T> x0, const AdaptiveOptions<T>& steps,
                                     BatchOptions how, const GradientOptions& options, AdaptiveBatchWorkspace<T>& ws, BatchGradient<T>& result) const {
        how.steps = BatchSteps::per_sample;
        const std::size_t dim = f.dim();
        ws.tapes.resize(x0.size() / std::max<std::size_t>(dim, 1));
        for (auto& tape : ws.tapes) {
            tape.grid.begin(t0);
            tape.states.clear();
            tape.slopes.clear();
        }
        solve_batch<T>(ws.pair, f, t0, t1, x0, steps, how, ws.forward, ws.solves, [&](const LaneStep<T>& step) {
            auto& tape = ws.tapes[step.sample];
            tape.grid.push(step.t_next, step.h);
            tape.states.insert(tape.states.end(), step.x.begin(), step.x.end());
            for (std::size_t i = 0; i < ws.method.stages; ++i) tape.slopes.insert(tape.slopes.end(), step.slope(i).begin(), step.slope(i).end());
        });
        start(f, loss, dim, options, ws, result);
        detail::BatchSweep<T, F>(f, std::min(how.lanes, ws.tapes.size()), options, ws, result)(ws.order);
        return ws.solves;
    }

private:
    template <class F, class L, Scalar T>
    static void start(F& f, const L& loss, std::size_t dim, const GradientOptions& options, AdaptiveBatchWorkspace<T>& ws, BatchGradient<T>& result) {
        const std::size_t batch = ws.tapes.size();
        result = {};
        result.theta_bar.assign(options.want_theta ? f.parameter_count() : 0, T(0));
        for (std::vector<T>* v : {&result.losses, &result.t0_bar, &result.t1_bar}) v->assign(batch, T(0));
        result.x_bar.assign(batch * dim, T(0));
        ws.order.clear();
        for (std::size_t b = 0; b < batch; ++b) {
            const std::vector<T>& end = ws.solves.samples[b].x1;
            result.x1.insert(result.x1.end(), end.begin(), end.end());
            if (!ws.solves.samples[b].status.ok()) continue;
            const auto own = loss.part(b * dim, dim);
            result.loss += result.losses[b] = own(std::span<const T>(end));
            own.gradient(std::span<const T>(end), std::span<T>(result.x_bar).subspan(b * dim, dim));
            if (ws.tapes[b].grid.steps() > 0) ws.order.push_back(b);
        }
        std::stable_sort(ws.order.begin(), ws.order.end(),
                         [&](std::size_t a, std::size_t b) { return ws.tapes[a].grid.steps() > ws.tapes[b].grid.steps(); });
    }
};

}  // namespace costate::ode::dto
