// g(t, x(t)) = 0: what happens along a solution, where, and what becomes of the state there.
#pragma once

#include "ode/adaptive/options.hpp"
#include "ode/time_grid.hpp"
#include "scalar/dual.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace costate::ode {

/// Which sign changes count, in the direction of the solve: g from − to +, from + to −, both.
enum class Crossing { rising, falling, either };

/// The event takes place where g(t, x; η) = 0 is crossed; there x⁺ = r(t, x⁻; η), or x⁺ = x⁻ without r. x is the whole state, a batch included:
/// its samples share their time. η are parameters of the event's own; where it shares one with the field the two derivatives add.
template <Scalar T>
struct Event {
    using In = std::span<const T>;
    using Out = std::span<T>;

    std::function<T(const T& t, In x)> g;
    /// x̄ += w ∂g/∂x, η̄ += w ∂g/∂η, t̄ += w ∂g/∂t; an empty η̄ is not wanted.
    std::function<void(const T& t, In x, const T& w, Out x_bar, Out eta_bar, T& t_bar)> g_vjp;
    std::function<void(const T& t, In x, Out x_next)> jump = {};
    /// x̄ += λᵀ∂r/∂x, η̄ += λᵀ∂r/∂η, t̄ += λᵀ∂r/∂t; as needed as jump is there.
    std::function<void(const T& t, In x, In lambda, Out x_bar, Out eta_bar, T& t_bar)> jump_vjp = {};
    Crossing crossing = Crossing::either;
    bool terminal = false;            ///< the solve ends there, after the jump if there is one
    std::size_t parameter_count = 0;  ///< of η
};

namespace detail {

/// (t, x, η) as dual numbers, one of them varied at a time.
template <Scalar T>
struct DualInputs {
    std::vector<T> eta;
    std::vector<Dual<T>> x = {}, p = {}, out = {};

    /// bar += derivative(t) for every input, with that input's tangent 1.
    template <class Derivative>
    void each(const T& t, std::span<const T> state, std::span<T> x_bar, std::span<T> eta_bar, T& t_bar, Derivative&& derivative) {
        x.assign(state.begin(), state.end());
        p.assign(eta.begin(), eta.end());
        out.assign(state.size(), Dual<T>());
        const auto vary = [&](std::vector<Dual<T>>& inputs, std::span<T> bars) {
            for (std::size_t i = 0; i < bars.size(); ++i) {
                inputs[i].tangent = T(1);
                bars[i] += derivative(Dual<T>(t));
                inputs[i].tangent = T(0);
            }
        };
        vary(x, x_bar);
        vary(p, eta_bar);
        t_bar += derivative(Dual<T>::variable(t));
    }
    [[nodiscard]] std::span<const Dual<T>> states() const { return x; }
    [[nodiscard]] std::span<const Dual<T>> parameters() const { return p; }
};

}  // namespace detail

/// An event of g(t, x, η) → value, written once for T and Dual<T>; x and η are spans. Its derivatives are those of dual numbers, one pass an
/// input: meant for states of a few variables.
template <Scalar T, class G>
Event<T> event_of(std::vector<T> eta, G g) {
    Event<T> event;
    event.parameter_count = eta.size();
    event.g = [g, eta](const T& t, std::span<const T> x) { return T(g(t, x, std::span<const T>(eta))); };
    event.g_vjp = [g, in = detail::DualInputs<T>{std::move(eta)}](const T& t, std::span<const T> x, const T& w, std::span<T> x_bar, std::span<T> eta_bar,
                                                                  T& t_bar) mutable {
        in.each(t, x, x_bar, eta_bar, t_bar, [&](const Dual<T>& time) { return T(w * Dual<T>(g(time, in.states(), in.parameters())).tangent); });
    };
    return event;
}

/// The same with a jump r(t, x, η, x_next), which assigns all of x_next.
template <Scalar T, class G, class R>
Event<T> event_of(std::vector<T> eta, G g, R r) {
    Event<T> event = event_of<T>(eta, std::move(g));
    event.jump = [r, eta](const T& t, std::span<const T> x, std::span<T> x_next) { r(t, x, std::span<const T>(eta), x_next); };
    event.jump_vjp = [r, in = detail::DualInputs<T>{std::move(eta)}](const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar,
                                                                     std::span<T> eta_bar, T& t_bar) mutable {
        in.each(t, x, x_bar, eta_bar, t_bar, [&](const Dual<T>& time) {
            r(time, in.states(), in.parameters(), std::span<Dual<T>>(in.out));
            T sum(0);
            for (std::size_t i = 0; i < lambda.size(); ++i) sum += lambda[i] * in.out[i].tangent;
            return sum;
        });
    };
    return event;
}

struct EventOptions {
    /// A step's interpolant is looked at this often. Two crossings between neighbours are found where g bends between them like a parabola.
    std::size_t samples = 8;
    std::size_t max_events = 10'000;
};

/// The solution from one event to the next. All steps are those of the tableau on the grid, bitwise; the last ends at the event.
template <Scalar T>
struct EventPiece {
    TimeGrid<T> grid;                  ///< without steps where the next event takes place at the very time of the one before
    std::vector<T> x0, last, x1;       ///< at its start, at the start of its last step, and at its end: x⁻ of the event
    std::optional<std::size_t> event;  ///< which one ended it; none: the end of the solve did
    T end{};                           ///< its time

    EventPiece(const T& t, std::vector<T> x) : x0(std::move(x)), last(x0), x1(x0), end(t) { grid.begin(t); }
};

/// Of a solve that failed: all that holds up to t1.
template <Scalar T>
struct EventSolution {
    Status status;
    std::vector<EventPiece<T>> pieces;
    std::vector<T> x1;                    ///< at t1, after the jump of an event there
    T t1{};                               ///< where it ended
    std::optional<std::size_t> terminal;  ///< the event that ended it
    std::vector<T> saved;                 ///< at the save times, one after the other; at the time of an event after its jump
    AdaptiveCounts counts;

    /// How many events took place: they end the first pieces.
    [[nodiscard]] std::size_t events() const { return pieces.size() - (pieces.empty() || pieces.back().event ? 0 : 1); }
};

}  // namespace costate::ode
