// A batch tile by tile: forward and back over a few samples whose states and records stay in the cache, tiles in parallel.
#pragma once

#include "kernels/elementwise.hpp"
#include "kernels/parallel.hpp"
#include "ode/gradient/result.hpp"
#include "ode/loss.hpp"
#include "ode/solve.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::ode {

/// loss.part(first, count) is the loss of the values [first, first + count) of a batch-major x₁: Σ over parts = loss.
template <class L, class T>
concept SeparableLoss = TerminalLoss<L, T> && requires(const L& loss, std::size_t n) {
    { loss.part(n, n) } -> TerminalLoss<T>;
};

/// How a batch is cut: tiles of `rows` samples (the last may be smaller; 0: one tile) on at most `threads` threads (0: all).
struct Tiling {
    std::size_t rows = 0, threads = 1;
};

namespace detail {

/// Tiles of a batch-major state of `size` values, in values.
struct TileGrid {
    std::size_t size, dim, tile, tiles;

    TileGrid(std::size_t values, std::size_t dimension, std::size_t rows)
        : size(values), dim(dimension), tile(rows == 0 ? values : std::min(rows * dimension, values)), tiles((values + tile - 1) / tile) {}
    [[nodiscard]] std::size_t first(std::size_t i) const { return i * tile; }
    [[nodiscard]] std::size_t count(std::size_t i) const { return std::min(tile, size - first(i)); }
};

/// visit(worker, i) for i = 0 … count − 1, each once; a worker is one thread at a time, workers are 0 … threads − 1.
template <class Visit>
void share_out(std::size_t count, std::size_t threads, Visit&& visit) {
    std::atomic<std::size_t> next = 0;
    const auto work = [&](std::size_t worker) {
        for (std::size_t i = next++; i < count; i = next++) visit(worker, i);
    };
    kernels::parallel_for(std::min(count, threads), work, threads);
}

inline std::size_t threads_of(const Tiling& tiling) { return tiling.threads == 0 ? kernels::thread_count() : tiling.threads; }

}  // namespace detail

/// One gradient method over tiles of a batch. x₁, ∇ₓL and L are bitwise the same for every tiling, x₁ and ∇ₓL those of the method on the whole
/// batch: a sample's values do not depend on its neighbours, and L is summed sample by sample. θ̄, t̄₀ and t̄₁ are sums over tiles, ascending:
/// they depend on Tiling::rows, never on the threads.
/// Owns a copy of the field, a workspace and a result for each thread (a field whose copies share scratch, as AnyField, is for one thread);
/// allocates nothing once warm for a size.
template <class Method, class F, Scalar T>
class TiledGradient {
public:
    /// Throws std::invalid_argument for an implicit tableau.
    TiledGradient(const F& field, const Tableau& tableau, Tiling tiling, const Method& method = {}) : method_(method), rows_(tiling.rows) {
        for (std::size_t i = 0; i < detail::threads_of(tiling); ++i) workers_.emplace_back(field, tableau);
    }

    /// The gradient of L(x(t₁)), as Method. cost counts a call on a tile once; its peak_bytes are those of all threads, with their sums.
    /// Throws std::invalid_argument for steps = 0 or an x₀ that is not a whole number of samples, and what field, method and loss throw.
    template <class L>
        requires SeparableLoss<L, T>
    void operator()(const L& loss, const T& t0, const T& t1, std::size_t steps, View<T> x0, const GradientOptions& options, GradientResult<T>& result) {
        F& field = workers_.front().field;
        detail::check_state(field, x0.size());
        const detail::TileGrid grid(x0.size(), field.dim(), rows_);
        if (grid.tiles == 1) {
            Worker& worker = workers_.front();
            method_(field, loss.part(0, x0.size()), t0, t1, steps, x0, options, worker.ws, result);
            result.loss = loss_of(loss, grid.dim, result);
            return;
        }
        const std::size_t parameters = options.want_theta ? field.parameter_count() : 0, groups = groups_of(grid.tiles, parameters);
        result.x_bar.resize(x0.size());
        result.x1.resize(x0.size());
        result.theta_bar.reserve(parameters);  // changes places with the first sum
        if (sums_.size() < groups) sums_.resize(groups);
        for (Sums& sums : sums_) sums.theta_bar.reserve(parameters);
        detail::share_out(groups, workers_.size(), [&](std::size_t worker, std::size_t g) {
            sums_[g].empty = true;
            for (std::size_t i = g * grid.tiles / groups; i < (g + 1) * grid.tiles / groups; ++i)
                run(workers_[worker], loss.part(grid.first(i), grid.count(i)), t0, t1, steps, x0, grid.first(i), grid.count(i), options, sums_[g], result);
        });
        result.loss = loss_of(loss, grid.dim, result);
        add_up(groups, result);
    }

    /// Of one thread, as the last tile left it.
    [[nodiscard]] const typename Method::template Workspace<F, T>& workspace() const { return workers_.front().ws; }

private:
    // Sample by sample, so that no tile shows.
    template <class L>
    static T loss_of(const L& loss, std::size_t dim, const GradientResult<T>& result) {
        T sum(0);
        for (std::size_t b = 0; b < result.x1.size(); b += dim) sum += loss.part(b, dim)(std::span<const T>(result.x1).subspan(b, dim));
        return sum;
    }

    struct Worker {
        F field;
        typename Method::template Workspace<F, T> ws;
        GradientResult<T> result;
        Worker(const F& f, const Tableau& tableau) : field(f), ws(tableau) {}
    };
    struct Sums {
        T t0_bar{}, t1_bar{};
        std::vector<T> theta_bar;
        Cost cost;
        bool empty = true;
        /// The first tile is taken over and not added: a large θ̄ is not cleared, read and written for it.
        void take(GradientResult<T>& first) {
            t0_bar = first.t0_bar;
            t1_bar = first.t1_bar;
            theta_bar.swap(first.theta_bar);
            cost = {first.cost.evaluations, first.cost.vjps, first.cost.jvps, 0};
            empty = false;
        }
        template <class Other>
        void add(const Other& other) {
            t0_bar += other.t0_bar;
            t1_bar += other.t1_bar;
            kernels::accumulate<T>(other.theta_bar, theta_bar);
            cost = {cost.evaluations + other.cost.evaluations, cost.vjps + other.cost.vjps, cost.jvps + other.cost.jvps, 0};
        }
    };

    // Consecutive tiles that are summed by themselves: enough for the threads, and few copies of a large θ̄.
    static std::size_t groups_of(std::size_t tiles, std::size_t parameters) {
        constexpr std::size_t fewest = 4, most = 16, values = std::size_t{1} << 24;
        return std::min(tiles, std::clamp(values / std::max<std::size_t>(parameters, 1), fewest, most));
    }

    template <class L>
    void run(Worker& worker, const L& loss, const T& t0, const T& t1, std::size_t steps, std::span<const T> x0, std::size_t first, std::size_t count,
             const GradientOptions& options, Sums& sums, GradientResult<T>& result) {
        method_(worker.field, loss, t0, t1, steps, x0.subspan(first, count), options, worker.ws, worker.result);
        std::copy_n(worker.result.x_bar.data(), count, result.x_bar.data() + first);
        std::copy_n(worker.result.x1.data(), count, result.x1.data() + first);
        if (sums.empty) sums.take(worker.result);
        else sums.add(worker.result);
    }

    void add_up(std::size_t groups, GradientResult<T>& result) {
        Sums& total = sums_.front();
        for (std::size_t g = 1; g < groups; ++g) total.add(sums_[g]);
        result.t0_bar = total.t0_bar;
        result.t1_bar = total.t1_bar;
        result.theta_bar.swap(total.theta_bar);
        result.cost = total.cost;
        for (const Worker& worker : workers_) result.cost.peak_bytes += worker.ws.bytes();
        for (const Sums& sums : sums_) result.cost.peak_bytes += detail::bytes_of(sums.theta_bar);
    }

    Method method_;
    std::size_t rows_;
    std::vector<Worker> workers_;
    std::vector<Sums> sums_;
};

/// x(t₁) tile by tile, bitwise that of solve. Owns a copy of the field and a workspace for each thread; allocates nothing once warm.
template <class F, Scalar T>
class TiledSolve {
public:
    /// Throws std::invalid_argument for an implicit tableau.
    TiledSolve(const F& field, const Tableau& tableau, Tiling tiling) : method_(tableau), rows_(tiling.rows) {
        for (std::size_t i = 0; i < detail::threads_of(tiling); ++i) workers_.push_back({field, {}});
    }

    /// x₁ has the size of x₀ and may be it. Throws std::invalid_argument as solve.
    void operator()(const T& t0, const T& t1, std::size_t steps, View<T> x0, MutableView<T> x1) {
        detail::check_state(workers_.front().field, x0.size());
        if (x1.size() != x0.size())
            throw std::invalid_argument("tiled solve: x1 has " + std::to_string(x1.size()) + " values and x0 " + std::to_string(x0.size()) +
                                        "; give both the same size");
        const Grid<T> times(t0, t1, steps);
        const detail::TileGrid grid(x0.size(), workers_.front().field.dim(), rows_);
        detail::share_out(grid.tiles, workers_.size(), [&](std::size_t worker, std::size_t i) {
            solve<T>(method_, workers_[worker].field, times, x0.subspan(grid.first(i), grid.count(i)), x1.subspan(grid.first(i), grid.count(i)),
                     workers_[worker].ws);
        });
    }

private:
    struct Worker {
        F field;
        StepWorkspace<T> ws;
    };

    Coefficients<T> method_;
    std::size_t rows_;
    std::vector<Worker> workers_;
};

}  // namespace costate::ode
