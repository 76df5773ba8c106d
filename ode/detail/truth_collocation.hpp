// The truth by Gauss collocation on (x, λ, θ̄): x forwards; λ backwards along the stored stages; θ̄ by the same nodes' quadrature.
// Applied to the whole system the method has order 2s in every part, and its gradient is that of its own solution (Sanz-Serna 2016).
#pragma once

#include "ode/detail/collocation.hpp"
#include "ode/detail/truth_common.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>
#include <utility>

namespace costate::ode::detail {

/// An accepted step [a, a + h]: its start and stages.
template <class T>
struct Piece {
    T a, h;
    std::vector<T> x, X, F;
};

/// λᵀ∂f/∂x and λᵀ∂f/∂θ at the nodes of one level of one piece; a RecordingField is evaluated once a node.
template <class F, class T>
class NodeAdjoint {
    struct Empty {};
    template <class G>
    static auto record_type() {
        if constexpr (RecordingField<G, T>) return std::type_identity<typename G::Record>{};
        else return std::type_identity<Empty>{};
    }
    using Record = typename decltype(record_type<F>())::type;

public:
    NodeAdjoint(F& f, const Ladder<T>& ladder, Cost& cost) : f_(f), ladder_(ladder), cost_(cost) {}

    void load(const Piece<T>& piece, std::size_t level) {
        const auto& nodes = ladder_.levels[level].rule.nodes;
        const std::size_t n = piece.x.size(), s = nodes.size();
        n_ = n;
        if (level + 1 == ladder_.levels.size()) {
            x_ = piece.X;
        } else {
            x_.resize(s * n);
            integrate<T>(ladder_.levels[level].descend, piece.h, piece.x, piece.F, x_);
        }
        times_.resize(s);
        for (std::size_t i = 0; i < s; ++i) times_[i] = piece.a + piece.h * nodes[i];
        if constexpr (RecordingField<F, T>) {
            std::vector<T> dx(n);
            while (records_.size() < s) records_.push_back(f_.make_record());
            for (std::size_t i = 0; i < s; ++i) f_.forward(times_[i], state(i), std::span<T>(dx), records_[i]);
            cost_.evaluations += s;
        }
    }

    void pull(std::size_t i, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar) {
        T t_bar = T(0);
        if constexpr (RecordingField<F, T>) f_.pullback(records_[i], lambda, x_bar, theta_bar, t_bar);
        else f_.vjp(times_[i], state(i), lambda, x_bar, theta_bar, t_bar);
        ++cost_.vjps;
    }

private:
    [[nodiscard]] std::span<const T> state(std::size_t i) const { return std::span<const T>(x_).subspan(i * n_, n_); }

    F& f_;
    const Ladder<T>& ladder_;
    Cost& cost_;
    std::size_t n_ = 0;
    std::vector<T> x_, times_;
    std::vector<Record> records_;
};

[[noreturn]] inline void not_smooth(double t) {
    throw std::runtime_error("truth: the step became too small at t = " + std::to_string(t) +
                             ", where the field is not smooth or not finite; end the interval before it or smooth the field");
}

inline void check_budget(const Cost& cost, std::size_t most, double t) {
    if (cost.evaluations + cost.vjps > most)
        throw std::runtime_error("truth: more than " + std::to_string(most) + " evaluations at t = " + std::to_string(t) +
                                 "; ask for fewer digits, a shorter interval or a larger max_evaluations");
}

/// x from t₀ to t₁, x in place; the accepted steps in order.
template <Scalar T, VectorField<T> F>
std::vector<Piece<T>> forward_pieces(F& f, const T& t0, const T& t1, std::vector<T>& x, const Ladder<T>& ladder, const SolveGoal& goal, Cost& cost) {
    std::vector<Piece<T>> pieces;
    const double tolerance = std::pow(10.0, -goal.digits), length = std::abs(ScalarTraits<T>::to_double(T(t1 - t0)));
    Stages<T> stages;
    T t = t0;
    double step = goal.first_step * length;
    while (!(t == t1)) {
        const T rest = t1 - t;
        const double remaining = std::abs(ScalarTraits<T>::to_double(rest));
        const double parts = std::max(1.0, std::ceil(remaining / step - 1e-6));
        const T h = rest / T(parts);
        const auto rhs = [&](std::size_t level, std::size_t i, std::span<const T> X, std::span<T> dx) {
            f(T(t + h * ladder.levels[level].rule.nodes[i]), X, dx);
            ++cost.evaluations;
        };
        const StepOutcome outcome = collocation_step(ladder, rhs, h, std::span<const T>(x), StepGoal{tolerance}, stages);
        step = remaining / parts * next_step_factor(outcome, tolerance, ladder.nodes());
        if (outcome.end == StepEnd::converged) {
            pieces.push_back({t, h, x, stages.X, stages.F});
            integrate<T>(ladder.finest().rule.weights, h, std::span<const T>(pieces.back().x), stages.F, std::span<T>(x));
            t = parts == 1 ? t1 : T(t + h);
        } else if (step < 1e-7 * length) {
            not_smooth(ScalarTraits<T>::to_double(t));
        }
        check_budget(cost, goal.max_evaluations, ScalarTraits<T>::to_double(t));
    }
    return pieces;
}

/// The same solution in two steps, which end as converged whatever their tails: the whole one did.
template <Scalar T, VectorField<T> F>
std::array<Piece<T>, 2> halves(F& f, const Piece<T>& piece, const Ladder<T>& ladder, double tolerance, Cost& cost) {
    std::array<Piece<T>, 2> result;
    Stages<T> stages;
    T a = piece.a;
    std::vector<T> x = piece.x;
    for (Piece<T>& half : result) {
        const T h = piece.h / T(2);
        const auto rhs = [&](std::size_t level, std::size_t i, std::span<const T> X, std::span<T> dx) {
            f(T(a + h * ladder.levels[level].rule.nodes[i]), X, dx);
            ++cost.evaluations;
        };
        if (collocation_step(ladder, rhs, h, std::span<const T>(x), StepGoal{tolerance, false}, stages).end != StepEnd::converged)
            not_smooth(ScalarTraits<T>::to_double(a));
        half = {a, h, x, stages.X, stages.F};
        integrate<T>(ladder.finest().rule.weights, h, std::span<const T>(half.x), stages.F, std::span<T>(x));
        a += h;
    }
    return result;
}

/// e_kᵀ∂f/∂x at every node i of a loaded piece, each sample's row at [(i d + k) n + …].
template <Scalar T, class F>
std::vector<T> node_jacobians(NodeAdjoint<F, T>& at, std::size_t nodes, std::size_t d, std::size_t n) {
    std::vector<T> rows(nodes * d * n, T(0)), unit(n);
    for (std::size_t k = 0; k < d; ++k) {
        for (std::size_t j = 0; j < n; ++j) unit[j] = T(j % d == k ? 1 : 0);
        for (std::size_t i = 0; i < nodes; ++i) at.pull(i, std::span<const T>(unit), std::span<T>(rows).subspan((i * d + k) * n, n), {});
    }
    return rows;
}

/// λ over one piece backwards, in place, and θ̄ += ∫ λᵀ∂f/∂θ over it. Where a sample has few values the Jacobians at the nodes are formed by one
/// vjp a value, and the linear stage equations cost no further vjps; else Picard's iteration does them. False, and nothing done, where the piece is too
/// long for λ: the steps suit x, and at an equilibrium x does not move. A tail of 30 √tolerance errs by 1000 tolerances, which the second solve sees.
template <Scalar T, DifferentiableField<T> F>
bool backward_piece(F& f, NodeAdjoint<F, T>& at, const Piece<T>& piece, std::vector<T>& lambda, std::span<T> theta_bar, const Ladder<T>& ladder,
                    double tolerance, bool rough_too, Stages<T>& stages) {
    const std::size_t n = lambda.size(), s = ladder.nodes(), d = f.dim(), finest = ladder.levels.size() - 1;
    const bool dense = d <= 16;
    std::size_t loaded = dense ? finest : ladder.levels.size();
    if (dense) at.load(piece, finest);
    const std::vector<T> rows = dense ? node_jacobians<T>(at, s, d, n) : std::vector<T>();
    // in the reversed time node i of a level is its node size - 1 - i, and dλ = +λᵀ∂f/∂x
    const auto rhs = [&](std::size_t level, std::size_t i, std::span<const T> l, std::span<T> dl) {
        std::fill(dl.begin(), dl.end(), T(0));
        const std::size_t node = ladder.levels[level].rule.size() - 1 - i;
        if (!dense) {
            if (loaded != level) at.load(piece, level);
            loaded = level;
            return at.pull(node, l, dl, {});
        }
        for (std::size_t k = 0; k < d; ++k)
            for (std::size_t j = 0; j < n; ++j) dl[j] += l[j - j % d + k] * rows[(node * d + k) * n + j];
    };
    const StepGoal goal{tolerance, false, dense ? finest : 0};
    const StepOutcome outcome = collocation_step(ladder, rhs, piece.h, std::span<const T>(lambda), goal, stages);
    if (outcome.end != StepEnd::converged || (!rough_too && outcome.tail > 30 * std::sqrt(tolerance))) return false;
    std::vector<T> weighted = lambda;
    integrate<T>(ladder.finest().rule.weights, piece.h, std::span<const T>(weighted), stages.F, std::span<T>(lambda));
    for (std::size_t i = 0; !theta_bar.empty() && i < s; ++i) {
        const T weight = piece.h * ladder.finest().rule.weights[i];
        for (std::size_t j = 0; j < n; ++j) weighted[j] = weight * stages.X[(s - 1 - i) * n + j];
        at.pull(i, std::span<const T>(weighted), {}, theta_bar);
    }
    return true;
}

/// Throws std::runtime_error where the field is not smooth enough.
template <Scalar T, DifferentiableField<T> F, TerminalLoss<T> L>
GradientResult<T> solve_by_collocation(F& f, const L& loss, const T& t0, const T& t1, std::span<const T> x0, const SolveGoal& goal) {
    GradientResult<T> result;
    result.x1.assign(x0.begin(), x0.end());
    const Ladder<T> ladder(goal.nodes);
    auto pieces = forward_pieces(f, t0, t1, result.x1, ladder, goal, result.cost);
    loss_at_end(f, loss, t1, result);
    result.theta_bar.assign(goal.want_theta ? f.parameter_count() : 0, T(0));
    NodeAdjoint<F, T> at(f, ladder, result.cost);
    Stages<T> stages;
    const double tolerance = std::pow(10.0, -goal.digits), length = std::abs(ScalarTraits<T>::to_double(T(t1 - t0)));
    while (!pieces.empty()) {
        const Piece<T> last = std::move(pieces.back());
        pieces.pop_back();
        const double part = std::abs(ScalarTraits<T>::to_double(last.h)) / length;
        if (!backward_piece(f, at, last, result.x_bar, std::span<T>(result.theta_bar), ladder, tolerance, part < 1e-3, stages)) {
            if (part < 1e-7) not_smooth(ScalarTraits<T>::to_double(last.a));
            for (Piece<T>& half : halves(f, last, ladder, tolerance, result.cost)) pieces.push_back(std::move(half));
        }
        check_budget(result.cost, goal.max_evaluations, ScalarTraits<T>::to_double(last.a));
    }
    time_at_start(f, t0, x0, result);
    return result;
}

}  // namespace costate::ode::detail
