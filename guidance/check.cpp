#include "guidance/check.hpp"

#include "ode/gradient/store_all.hpp"
#include "ode/loss.hpp"
#include "ode/tableau.hpp"

#include <algorithm>
#include <array>

namespace costate::guidance {

namespace {

struct Solver {
    std::string_view name, tableau;
    std::size_t steps;
};
constexpr std::array<Solver, 3> solvers{{{"midpoint3", "midpoint", 3}, {"midpoint50", "midpoint", 50}, {"euler6", "euler", 6}}};
constexpr std::array<std::string_view, 3> answers{".x1", ".loss", ".grad_x0"};

std::string quantity(const Solver& solver, std::string_view answer) {
    return std::string(solver.name) + std::string(answer);
}

bool has(const nn::Golden& golden, const Solver& solver) {
    return std::ranges::any_of(answers, [&](std::string_view answer) { return golden.contains(quantity(solver, answer)); });
}

/// ½‖x₁ − y‖² of every sample.
template <class T>
std::vector<T> losses(std::span<const T> x1, std::span<const T> y, std::size_t samples) {
    const std::size_t size = x1.size() / samples;
    std::vector<T> result;
    for (std::size_t s = 0; s < samples; ++s)
        result.push_back(ode::SquaredDistance<T>({y.begin() + s * size, y.begin() + (s + 1) * size})(x1.subspan(s * size, size)));
    return result;
}

template <class T>
void check_in(const nn::Network& network, const nn::Golden& golden, double tolerance, std::vector<nn::CheckRow>& rows) {
    if (std::ranges::none_of(solvers, [&](const Solver& solver) { return has(golden, solver); })) return;
    const std::size_t size = network.description.input_size, samples = golden.samples();
    const auto given = [&](std::string_view name) {
        const nn::Array values = golden.rows(name, size);
        return std::vector<T>(values.begin(), values.end());
    };
    const auto x0 = given("x0"), y = given("y");
    auto field = nn::field<T>(network, {.frozen_parameters = true});
    const ode::SquaredDistance<T> loss(y);
    for (const Solver& solver : solvers) {
        if (!has(golden, solver)) continue;
        const auto result = ode::dto::StoreAll{}(field, loss, ode::find_tableau(solver.tableau), T(0), T(1), solver.steps,
                                                 std::span<const T>(x0), {.want_theta = false, .want_time = false});
        const std::array<std::vector<T>, 3> computed{result.x1, losses<T>(result.x1, y, samples), result.x_bar};
        for (std::size_t i = 0; i < answers.size(); ++i) {
            const std::string name = quantity(solver, answers[i]);
            if (!golden.contains(name)) continue;
            const std::vector<double> a(computed[i].begin(), computed[i].end());
            const double error = nn::largest_relative_error(a, golden.rows(name, a.size() / samples), samples);
            rows.push_back({name, std::string(ScalarTraits<T>::name), error, error <= tolerance});
        }
    }
}

bool known_to_check_solvers(std::string_view tensor) {
    for (const Solver& solver : solvers)
        for (const std::string_view answer : answers)
            if (tensor == quantity(solver, answer)) return true;
    return false;
}

bool is_velocity(const nn::Network& network) {
    return network.description.parametrisation == "velocity";
}

}  // namespace

bool CheckReport::agrees() const {
    return std::ranges::all_of(rows, &nn::CheckRow::agrees);
}

std::vector<nn::CheckRow> check_solvers(const nn::Network& network, const nn::Golden& golden,
                                        const nn::CheckTolerances& tolerances) {
    std::vector<nn::CheckRow> rows;
    if (!is_velocity(network)) return rows;
    check_in<double>(network, golden, tolerances.f64, rows);
    check_in<float>(network, golden, tolerances.f32, rows);
    return rows;
}

CheckReport check_model(const std::filesystem::path& network, const std::filesystem::path& golden,
                        const nn::CheckTolerances& tolerances) {
    const nn::Network loaded = nn::load_network(network);
    const nn::Golden answers_of_golden(loaded, golden);
    CheckReport report;
    report.rows = nn::check_network(loaded, answers_of_golden, tolerances);
    const auto solver_rows = check_solvers(loaded, answers_of_golden, tolerances);
    report.rows.insert(report.rows.end(), solver_rows.begin(), solver_rows.end());
    std::ranges::stable_sort(report.rows, {}, [](const nn::CheckRow& row) { return row.precision != "f64"; });
    for (const nn::TensorEntry& entry : answers_of_golden.tensors()) {
        const bool compared =
            nn::known_to_check_network(entry.name) || (is_velocity(loaded) && known_to_check_solvers(entry.name));
        if (!compared) report.not_compared.push_back(entry.name);
    }
    if (report.rows.empty())
        throw nn::GoldenError(golden,
                              "there is no answer in it that can be compared (u, vjp, jvp, divergence, theta_bar, theta_dot, "
                              "solvers); export it again");
    return report;
}

}  // namespace costate::guidance
