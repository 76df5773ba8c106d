// The time of a gradient under a schedule is what its counts say: so many plain steps, recorded steps and reverses, each at the price of one.
#include "ode/checkpoint/check.hpp"
#include "ode/checkpoint/schedule.hpp"
#include "ode/gradient/checkpointed.hpp"
#include "ode/loss.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <vector>

using namespace costate;
using namespace costate::ode;
using namespace costate::ode::checkpoint;
using dto::Checkpointed;

namespace {

/// ẋ = W x − x³ with a dense W of 64 × 64: some microseconds a step.
struct Dense {
    static constexpr std::size_t size = 64;
    std::vector<double> w;

    Dense() : w(size * size) {
        for (std::size_t i = 0; i < w.size(); ++i) w[i] = 0.01 * (static_cast<double>(i * 37 % 101) / 50 - 1);
    }
    static constexpr std::size_t dim() { return size; }
    [[nodiscard]] static std::size_t parameter_count() { return 0; }

    void operator()(double, std::span<const double> x, std::span<double> dx) const {
        for (std::size_t i = 0; i < size; ++i) dx[i] = -x[i] * x[i] * x[i];
        for (std::size_t j = 0; j < size; ++j)
            for (std::size_t i = 0; i < size; ++i) dx[i] += w[j * size + i] * x[j];
    }
    void vjp(double, std::span<const double> x, std::span<const double> l, std::span<double> x_bar, std::span<double>, double&) const {
        for (std::size_t j = 0; j < size; ++j) {
            double sum = -3 * x[j] * x[j] * l[j];
            for (std::size_t i = 0; i < size; ++i) sum += w[j * size + i] * l[i];
            x_bar[j] += sum;
        }
    }
    void jvp(double t, std::span<const double> x, double, std::span<const double> v, std::span<const double>, std::span<double> dx, std::span<double> dv) const {
        (*this)(t, x, dx);
        (*this)(t, v, dv);
        for (std::size_t i = 0; i < size; ++i) dv[i] += v[i] * v[i] * v[i] - 3 * x[i] * x[i] * v[i];
    }
};

constexpr std::size_t steps = 30;

/// A gradient's time beside that of what its counts say, done in one go along the same states: so many plain steps, recorded ones and reverses.
class Timed {
public:
    explicit Timed(const Counts& counts) : counts_(counts), x0_(Dense::size, 0.5), states_((steps + 1) * Dense::size), lambda_(Dense::size), records_(steps) {
        std::copy(x0_.begin(), x0_.end(), states_.begin());
    }

    /// The gradient and then the rest, the shortest of each kept.
    template <class Gradient>
    void alternate(Gradient&& gradient) {
        shortest(gradient_, gradient);
        lambda_.assign(Dense::size, 1.0);
        shortest(counted_, [&] { counted(); });
    }
    [[nodiscard]] double ratio() const { return gradient_ / counted_; }

private:
    void counted() {
        for (std::uint64_t k = 0; k < counts_.forward_steps - counts_.recorded_steps; ++k) {
            const std::size_t n = k % steps;
            step<double>(method_, f_, grid_.at(n), grid_.step(n), state(n), state(n + 1), ws_);
        }
        for (std::uint64_t k = 0; k < counts_.recorded_steps; ++k) {
            const std::size_t n = k % steps;
            step<double>(method_, f_, grid_.at(n), grid_.step(n), state(n), state(n + 1), records_[n], ws_);
        }
        TimeBars<double> bars;
        for (std::size_t n = counts_.reverses; n-- > 0;) step_vjp<double>(method_, f_, grid_.at(n), grid_.step(n), state(n), records_[n], lambda_, lambda_, {}, &bars, ws_);
    }
    template <class Call>
    static void shortest(double& seconds, Call&& call) {
        const auto begin = std::chrono::steady_clock::now();
        call();
        seconds = std::min(seconds, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    std::span<double> state(std::size_t n) { return std::span<double>(states_).subspan(n * Dense::size, Dense::size); }

    Dense f_;
    Coefficients<double> method_{find_tableau("midpoint")};
    Grid<double> grid_{0.0, 1.0, steps};
    StepWorkspace<double> ws_;
    Counts counts_;
    std::vector<double> x0_, states_, lambda_;
    std::vector<StepRecord<Dense, double>> records_;
    double gradient_ = std::numeric_limits<double>::max(), counted_ = gradient_;
};

/// Of many alternations; where `enough` says so of the ratio no more than it takes, for other programs may be running and a shortest time is then
/// long in coming.
template <class Gradient, class Enough>
double ratio_of(const Counts& counts, Gradient&& gradient, Enough&& enough) {
    Timed timed(counts);
    for (int i = 0; i < 1000; ++i) {
        timed.alternate(gradient);
        if (i >= 50 && enough(timed.ratio())) break;
    }
    return timed.ratio();
}
bool within_a_tenth(double ratio) { return ratio >= 0.9 && ratio <= 1.1; }
bool far_off(double ratio) { return ratio > 1.2; }

/// The same reverse, but every state that is restored is restored and gone on from twice: right gradients, more steps.
Schedule replaying(const Schedule& schedule) {
    Schedule more{schedule.steps, schedule.memory_slots, schedule.file_slots, {}};
    for (std::size_t i = 0; i < schedule.actions.size(); ++i) {
        const Action& action = schedule.actions[i];
        if (action.kind == Kind::restore && schedule.actions[i + 1].kind == Kind::advance) {
            more.actions.push_back(action);
            more.actions.push_back(schedule.actions[i + 1]);
        }
        more.actions.push_back(action);
    }
    return more;
}

}  // namespace

TEST_CASE("the time of a gradient is within a tenth of evaluations times the cost of one, whatever the schedule") {
    Dense f;
    const SquaredDistance<double> loss(std::vector<double>(Dense::size, 1.0));
    const std::vector<double> x0(Dense::size, 0.5);
    std::string table;
    for (const Spec& spec : {Spec{Rule::store_all, 0, 0}, Spec{Rule::states_only, 0, 0}, Spec{Rule::every, 10, 0}, Spec{Rule::square_root, 0, 0}, Spec{Rule::binomial, 3, 0},
                             Spec{Rule::mixed, 4, 0}, Spec{Rule::two_level, 3, 2}, Spec{Rule::online, 4, 0}}) {
        const Checkpointed method(spec);
        Checkpointed::Workspace<Dense, double> ws(find_tableau("midpoint"));
        GradientResult<double> result;
        const double ratio = ratio_of(check(make(spec, steps)), [&] { method(f, loss, 0.0, 1.0, steps, x0, {}, ws, result); }, within_a_tenth);
        INFO(method.name);
        CHECK(ratio <= 1.1);
        table += " " + method.name + " " + std::to_string(ratio);
    }
    WARN("measured / counted:" << table);
}

TEST_CASE("and a schedule that replays more than it reports is noticed") {
    Dense f;
    const SquaredDistance<double> loss(std::vector<double>(Dense::size, 1.0));
    const std::vector<double> x0(Dense::size, 0.5);
    Checkpointed::Workspace<Dense, double> ws(find_tableau("midpoint"));
    GradientResult<double> result, expected;
    const Schedule honest = binomial(steps, 3), more = replaying(honest);
    Checkpointed{}(f, loss, 0.0, 1.0, honest, x0, {}, ws, expected);
    const auto gradient = [&](const Schedule& schedule) { return [&] { Checkpointed{}(f, loss, 0.0, 1.0, schedule, x0, {}, ws, result); }; };
    CHECK(ratio_of(check(honest), gradient(honest), within_a_tenth) <= 1.1);
    CHECK(ratio_of(check(honest), gradient(more), far_off) > 1.1);
    CHECK(ratio_of(check(more), gradient(more), within_a_tenth) <= 1.1);
    CHECK((result.x_bar == expected.x_bar && result.loss == expected.loss));  // the gradient does not tell
}
