#include "claims/engine.hpp"
#include "ode/extrapolation.hpp"

#include <stdexcept>

namespace costate::claims {

namespace {

// (x, D)' = (f, ∂f/∂x D): the state, then the columns of D one after the other; d jvps an evaluation.
struct Variational {
    Field<Mpfr50>& f;
    std::size_t n;

    [[nodiscard]] std::size_t dim() const { return n + n * n; }
    void operator()(const Mpfr50& t, std::span<const Mpfr50> state, std::span<Mpfr50> slope) {
        for (std::size_t i = 0; i < n; ++i)
            f.jvp(t, state.first(n), Mpfr50(0), state.subspan(n + i * n, n), {}, slope.first(n), slope.subspan(n + i * n, n));
    }
};

std::vector<Mpfr50> start(In<Mpfr50> x0) {
    const std::size_t n = x0.size();
    std::vector<Mpfr50> state(n + n * n, Mpfr50(0));
    std::copy(x0.begin(), x0.end(), state.begin());
    for (std::size_t i = 0; i < n; ++i) state[n + i * n + i] = 1;
    return state;
}

Flow read(const std::vector<Mpfr50>& state, std::size_t n, double error) {
    Flow flow{{state.begin(), state.begin() + static_cast<std::ptrdiff_t>(n)}, std::vector<Mpfr50>(n * n), error};
    for (std::size_t column = 0; column < n; ++column)
        for (std::size_t row = 0; row < n; ++row) flow.jacobian[row * n + column] = state[n + column * n + row];
    return flow;
}

}  // namespace

Flow exact_flow(Field<Mpfr50>& f, const Mpfr50& t0, const Mpfr50& t1, In<Mpfr50> x0, int digits) {
    Variational variational{f, x0.size()};
    std::vector<Mpfr50> state = start(x0);
    ode::ExtrapolationOptions options;
    options.digits = digits;
    const ode::ExtrapolationStatus status = ode::extrapolate(variational, t0, t1, std::span<Mpfr50>(state), options);
    if (!status.ok()) throw std::runtime_error("the exact flow was not found: " + status.failure);
    return read(state, x0.size(), status.local_errors);
}

Flow exact_step(Field<Mpfr50>& f, const Mpfr50& t0, const Mpfr50& t1, In<Mpfr50> x0, std::size_t columns) {
    Variational variational{f, x0.size()};
    const std::vector<Mpfr50> state = start(x0);
    std::vector<Mpfr50> end(state.size()), coarse(state.size());
    ode::ExtrapolationWorkspace<Mpfr50> ws;
    ode::extrapolation_step(variational, t0, Mpfr50(t1 - t0), columns, std::span<const Mpfr50>(state), std::span<Mpfr50>(end), ws);
    ode::extrapolation_step(variational, t0, Mpfr50(t1 - t0), columns - 1, std::span<const Mpfr50>(state), std::span<Mpfr50>(coarse), ws);
    double error = 0;
    for (std::size_t i = 0; i < end.size(); ++i) {
        const double difference = std::abs(ScalarTraits<Mpfr50>::to_double(Mpfr50(end[i] - coarse[i])));
        error = std::max(error, difference);
    }
    return read(end, x0.size(), error);
}

}  // namespace costate::claims
