#include "guidance/check.hpp"

#include "guidance/fields/velocity_of.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/loss.hpp"
#include "ode/tableau.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <stdexcept>

namespace costate::guidance {

namespace {

struct Solver {
    std::string_view name, tableau;
    std::size_t steps;
};
constexpr std::array<Solver, 3> solvers{{{"midpoint3", "midpoint", 3}, {"midpoint50", "midpoint", 50}, {"euler6", "euler", 6}}};
constexpr Solver ddim{"ddim10", "", 10};
constexpr std::array<std::string_view, 3> answers{".x1", ".loss", ".grad_x0"};

std::string quantity(const Solver& solver, std::string_view answer) {
    return std::string(solver.name) + std::string(answer);
}

bool has(const nn::Golden& golden, const Solver& solver) {
    return std::ranges::any_of(answers, [&](std::string_view answer) { return golden.contains(quantity(solver, answer)); });
}

bool names(const Solver& solver, std::string_view tensor) {
    return std::ranges::any_of(answers, [&](std::string_view answer) { return tensor == quantity(solver, answer); });
}

/// How a network's output is a flow.
struct Flow {
    Parametrisation given = Parametrisation::velocity;
    std::optional<AnyPath> path{};

    [[nodiscard]] bool is_velocity() const { return given == Parametrisation::velocity; }
};

/// Nothing for logits, and for ε̂ and x̂₁ on a path that is not known.
std::optional<Flow> flow_of(const nn::Network& network) {
    try {
        Flow flow{find_parametrisation(network.description.parametrisation)};
        if (!flow.is_velocity()) flow.path = find_path(network.description.path);
        return flow;
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

struct TimeInterval {
    double begin, end;
};

/// ½‖x − y‖² by halves, whose rounding grows with log n and not with n (Higham 1993): a sum in ascending order shows in single precision.
template <class T>
T half_square(std::span<const T> x, std::span<const T> y) {
    if (x.size() <= 8) return ode::SquaredDistance<T>({y.begin(), y.end()})(x);
    const std::size_t half = x.size() / 2;
    return half_square(x.first(half), y.first(half)) + half_square(x.subspan(half), y.subspan(half));
}

/// "[a, b]" of the golden file's metadata.
TimeInterval interval_of(const nn::Golden& golden, const nn::Metadata& metadata, const std::string& key, TimeInterval otherwise) {
    const auto found = metadata.find(key);
    if (found == metadata.end()) return otherwise;
    std::string text = found->second;
    std::erase_if(text, [](char c) { return c == ' ' || c == '[' || c == ']'; });
    TimeInterval interval{};
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, interval.begin);
    const bool comma = first.ec == std::errc{} && first.ptr != end && *first.ptr == ',';
    const auto second = comma ? std::from_chars(first.ptr + 1, end, interval.end) : first;
    const bool finite = std::isfinite(interval.begin) && std::isfinite(interval.end);
    if (!comma || second.ec != std::errc{} || second.ptr != end || !finite || interval.begin == interval.end)
        throw nn::GoldenError(golden.path(), "its " + key + " is no pair of two different numbers [a, b]; export it again");
    return interval;
}

/// The comparison of what a network's flow does, in one precision: T computes, double compares.
template <class T>
class FlowComparison {
    using Program = autodiff::ProgramField<T>;

public:
    FlowComparison(const nn::Network& network, const Flow& flow, const nn::Golden& golden, double tolerance, std::vector<nn::CheckRow>& rows)
        : flow_(flow), golden_(golden), metadata_(nn::SafetensorsFile(golden.path()).metadata()),
          field_(nn::program<T>(network, {.frozen_parameters = true})), tolerance_(tolerance), rows_(rows),
          size_(network.description.input_size), samples_(golden.samples()) {}

    void run() {
        const TimeInterval whole = interval_of(golden_, metadata_, "solver_interval", flow_.is_velocity() ? TimeInterval{0, 1} : TimeInterval{.05, .99});
        if (flow_.is_velocity()) return solve_all(field_, whole);
        VelocityOf<Program&, T> velocity(field_, flow_.given, *flow_.path);
        if (golden_.contains("velocity")) compare("velocity", at_times(velocity));
        solve_all(velocity, whole);
        if (has(golden_, ddim)) solve_ddim(interval_of(golden_, metadata_, "ddim_interval", {.05, 1}));
    }

private:
    std::vector<T> given(std::string_view name, std::size_t size) const {
        const nn::Array values = golden_.rows(name, size);
        return {values.begin(), values.end()};
    }

    void compare(const std::string& name, const std::vector<T>& computed) {
        const std::vector<double> a(computed.begin(), computed.end());
        const double error = nn::largest_relative_error(a, golden_.rows(name, a.size() / samples_), samples_);
        rows_.push_back({name, std::string(ScalarTraits<T>::name), error, error <= tolerance_});
    }

    /// x₁, ½‖x₁ − y‖² of every sample, and the gradient, as far as they are known.
    void compare(const Solver& solver, const std::vector<T>& x1, const std::vector<T>& y, const std::vector<T>& x_bar) {
        std::vector<T> losses;
        for (std::size_t s = 0; s < samples_; ++s)
            losses.push_back(half_square(std::span<const T>(x1).subspan(s * size_, size_), std::span<const T>(y).subspan(s * size_, size_)));
        const std::array<const std::vector<T>*, 3> computed{&x1, &losses, &x_bar};
        for (std::size_t i = 0; i < answers.size(); ++i)
            if (const std::string name = quantity(solver, answers[i]); golden_.contains(name)) compare(name, *computed[i]);
    }

    /// u(t, x), every sample at its own time.
    template <class F>
    std::vector<T> at_times(F& velocity) {
        const std::vector<T> x = given("x", size_), t = given("t_inside", 1);
        std::vector<T> u(x.size());
        for (std::size_t s = 0; s < samples_; ++s)
            velocity(t[s], std::span<const T>(x).subspan(s * size_, size_), std::span<T>(u).subspan(s * size_, size_));
        return u;
    }

    template <class F>
    void solve_all(F& field, TimeInterval interval) {
        if (std::ranges::none_of(solvers, [&](const Solver& solver) { return has(golden_, solver); })) return;
        const std::vector<T> x0 = given("x0", size_), y = given("y", size_);
        const ode::SquaredDistance<T> loss(y);
        for (const Solver& solver : solvers) {
            if (!has(golden_, solver)) continue;
            const auto result =
                ode::dto::StoreAll{}(field, loss, ode::find_tableau(solver.tableau), static_cast<T>(interval.begin), static_cast<T>(interval.end),
                                     solver.steps, std::span<const T>(x0), {.want_theta = false, .want_time = false});
            compare(solver, result.x1, y, result.x_bar);
        }
    }

    /// x_s = a x_t + b n(t, x_t) and λ_t = a λ_s + b (∂n/∂x)ᵀ λ_s, with α_s x̂₁ + σ_s ε̂ = a x + b n (Song, Meng, Ermon 2021, eq. 12).
    void solve_ddim(TimeInterval interval) {
        const std::vector<T> y = given("y", size_);
        std::vector<T> x = given("x0", size_), n(x.size());
        const ode::Grid<T> grid(static_cast<T>(interval.begin), static_cast<T>(interval.end), ddim.steps);
        std::vector<Affine<T>> steps;
        std::vector<typename Program::Record> records(ddim.steps);
        for (std::size_t i = 0; i < ddim.steps; ++i) {
            const T t = grid.at(i), s = i + 1 == ddim.steps ? static_cast<T>(interval.end) : grid.at(i + 1);
            steps.push_back(ddim_step(t, s));
            field_.forward(t, x, n, records[i]);
            for (std::size_t k = 0; k < x.size(); ++k) x[k] = steps[i].on_x * x[k] + steps[i].on_n * n[k];
        }
        std::vector<T> lambda(x.size()), weighted(x.size());
        ode::SquaredDistance<T>(y).gradient(x, lambda);
        T ignored(0);
        for (std::size_t i = ddim.steps; i-- > 0;) {
            for (std::size_t k = 0; k < x.size(); ++k) weighted[k] = steps[i].on_n * lambda[k];
            for (T& value : lambda) value *= steps[i].on_x;
            field_.pullback(records[i], weighted, lambda, {}, ignored);
        }
        compare(ddim, x, y, lambda);
    }

    Affine<T> ddim_step(const T& t, const T& s) const {
        const Affine<T> x1 = conversion(flow_.given, Parametrisation::x1, *flow_.path, t);
        const Affine<T> epsilon = conversion(flow_.given, Parametrisation::epsilon, *flow_.path, t);
        const PathPoint<T> next = at<T>(*flow_.path, s);
        const T sigma = next.sigma();
        return {next.alpha * x1.on_x + sigma * epsilon.on_x, next.alpha * x1.on_n + sigma * epsilon.on_n};
    }

    const Flow& flow_;
    const nn::Golden& golden_;
    nn::Metadata metadata_;
    Program field_;
    double tolerance_;
    std::vector<nn::CheckRow>& rows_;
    std::size_t size_, samples_;
};

bool known_to_check_solvers(const Flow& flow, std::string_view tensor) {
    if (std::ranges::any_of(solvers, [&](const Solver& solver) { return names(solver, tensor); })) return true;
    return !flow.is_velocity() && (tensor == "velocity" || names(ddim, tensor));
}

}  // namespace

bool CheckReport::agrees() const {
    return std::ranges::all_of(rows, &nn::CheckRow::agrees);
}

std::vector<nn::CheckRow> check_solvers(const nn::Network& network, const nn::Golden& golden,
                                        const nn::CheckTolerances& tolerances) {
    std::vector<nn::CheckRow> rows;
    const auto flow = flow_of(network);
    const bool anything = flow && std::ranges::any_of(golden.tensors(), [&](const nn::TensorEntry& e) { return known_to_check_solvers(*flow, e.name); });
    if (!anything || network.description.input_size != network.description.output_size) return rows;
    FlowComparison<double>(network, *flow, golden, tolerances.f64, rows).run();
    FlowComparison<float>(network, *flow, golden, tolerances.f32, rows).run();
    return rows;
}

CheckReport check_model(const std::filesystem::path& network, const std::filesystem::path& golden,
                        const nn::CheckTolerances& tolerances, const nn::LoadOptions& options) {
    const nn::Network loaded = nn::load_network(network, options);
    const nn::Golden answers_of_golden(loaded, golden);
    CheckReport report;
    report.rows = nn::check_network(loaded, answers_of_golden, tolerances);
    const auto solver_rows = check_solvers(loaded, answers_of_golden, tolerances);
    report.rows.insert(report.rows.end(), solver_rows.begin(), solver_rows.end());
    std::ranges::stable_sort(report.rows, {}, [](const nn::CheckRow& row) { return row.precision != "f64"; });
    const auto flow = flow_of(loaded);
    for (const nn::TensorEntry& entry : answers_of_golden.tensors()) {
        const bool compared = nn::known_to_check_network(entry.name) || (flow && known_to_check_solvers(*flow, entry.name));
        if (!compared) report.not_compared.push_back(entry.name);
    }
    if (report.rows.empty())
        throw nn::GoldenError(golden,
                              "there is no answer in it that can be compared (u, vjp, jvp, divergence, theta_bar, theta_dot, "
                              "velocity, solvers); export it again");
    return report;
}

}  // namespace costate::guidance
