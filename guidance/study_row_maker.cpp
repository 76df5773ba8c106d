#include "guidance/study_row_maker.hpp"

#include "guidance/report_schedules.hpp"
#include "kernels/parallel.hpp"
#include "ode/checkpoint/plan.hpp"
#include "ode/gradient/methods.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace costate::guidance::detail {

namespace {

constexpr std::size_t most_directions = 1024;  // of forward sensitivities

// Calls of the field that a row makes, a product counted as two.
double calls_of(const StudyProblem& problem, const StudyRow& row) {
    if (row.method == greedy_name) return 3;
    const auto stages = static_cast<double>(ode::effective_stages(ode::find_tableau(row.tableau))) * static_cast<double>(row.steps);
    if (const auto spec = schedule_of(row.method))
        return stages * (static_cast<double>(ode::checkpoint::forward_steps(*spec, row.steps)) / static_cast<double>(row.steps) + 2);
    if (has_own_map(row.method)) return stages * 8;  // there twice, back twice with two products
    return row.method == "forward" ? stages * (1 + 2 * static_cast<double>(problem.dimension)) : stages * 3;
}

}  // namespace

double norm(std::span<const Mpfr50> v) {
    Mpfr50 sum = 0;
    for (const Mpfr50& value : v) sum += value * value;
    return static_cast<double>(sqrt(sum));
}

std::optional<double> distance(std::span<const Mpfr50> a, std::span<const Mpfr50> b, std::span<const Mpfr50> reference, std::size_t dimension) {
    double worst = 0;
    for (std::size_t row = 0; row < a.size(); row += dimension) {
        std::vector<Mpfr50> difference(dimension);
        for (std::size_t i = 0; i < dimension; ++i) difference[i] = a[row + i] - b[row + i];
        const double far = norm(difference), size = norm(reference.subspan(row, dimension));
        if (far == 0) continue;
        const double ratio = far / size;
        if (!std::isfinite(ratio)) return std::nullopt;
        worst = std::max(worst, ratio);
    }
    return worst;
}

std::vector<Mpfr50> numbers_of(std::span<const std::string> digits, const StudyProblem& problem) {
    if (digits.size() != problem.samples * problem.dimension)
        throw std::runtime_error("the truth kept in this directory does not fit the study; remove truth.json and run the same command again");
    return {digits.begin(), digits.end()};
}

std::string_view representative(std::string_view name) {
    if (name == look_ahead_name || name == adjoint_deis_name || has_own_map(name)) return name;
    bool discrete = false;
    ode::with_gradient_method(name, [&](const auto& method) { discrete = method.discrete; });
    return discrete ? ode::dto::StoreAll::name : name;
}

std::string pair_name(std::string_view method, std::string_view tableau) { return fmt::format("{} {}", method, tableau); }

RowMaker::RowMaker(const Study::Parts& parts, const StudyTruth& truth, const StudyHooks& hooks)
    : parts_(parts), problem_(parts.problem), truth_(truth), hooks_(hooks), gradient_(numbers_of(truth.gradient, parts.problem)) {}

StudyRow RowMaker::make(const std::string& precision, const std::string& tableau, std::size_t steps, const std::string& method) {
    StudyRow row{.method = method, .tableau = tableau, .steps = steps, .precision = precision};
    predict(row);
    if (left_out(method)) {
        row.note = fmt::format("forward sensitivities take one solve an input; with {} inputs they are left out (dto gives the same gradient)",
                               problem_.dimension);
        return row;
    }
    GradientOutcome outcome;
    try {
        outcome = compute(precision, tableau, steps, method, 7);
    } catch (const std::invalid_argument& error) {  // what this method cannot do in this precision or with this tableau
        row.note = error.what();
        return row;
    }
    if (!outcome.note.empty()) row.note += (row.note.empty() ? "" : "; ") + outcome.note;
    row.evaluations = outcome.cost.evaluations;
    row.vjps = outcome.cost.vjps;
    row.jvps = outcome.cost.jvps;
    row.peak_bytes = outcome.cost.peak_bytes;
    row.seconds = outcome.seconds;
    row.reconstruction_error = outcome.reconstruction_error;
    row.error = distance(outcome.gradient, gradient_, gradient_, problem_.dimension);
    if (!row.error) {
        row.note = norm(gradient_) == 0 ? "the true gradient is 0, so there is no relative error"
                                        : fmt::format("the computed gradient is not finite{}: more steps, or another method, are needed",
                                                      outcome.not_finite.empty() ? "" : " (first of all " + outcome.not_finite + ")");
        return row;
    }
    const GradientOutcome& dto = has_own_map(method) ? own_map_on_the_grid(precision, tableau, steps, method)
                                                     : dto_on_the_grid(precision, tableau, steps, method == "dto" ? &outcome : nullptr);
    row.error_to_dto = distance(outcome.gradient, dto.gradient, dto.gradient, problem_.dimension);
    row.rounding = rounding(row, outcome);
    return row;
}

double RowMaker::foreseen(const StudyRow& row) {
    if (left_out(row.method)) return 0;
    auto [at, fresh] = seconds_a_call_.try_emplace(row.precision, 0.0);
    if (fresh) at->second = compute(row.precision, "euler", 1, "dto", 3).seconds / 3;
    const double lanes = row.precision == "mpfr50" ? static_cast<double>(std::min(threads(), problem_.samples)) : 1.0 / 3;
    return at->second * calls_of(problem_, row) / lanes;
}

bool RowMaker::left_out(std::string_view method) const { return method == "forward" && problem_.dimension > most_directions; }
std::size_t RowMaker::threads() const { return problem_.threads == 0 ? kernels::thread_count() : problem_.threads; }

void RowMaker::predict(StudyRow& row) {
    auto [known, fresh] = orders_.try_emplace({row.method, row.tableau});
    if (fresh) known->second = order_of(row.method, ode::find_tableau(row.tableau));  // some take a second to prove
    const auto order_found = known->second;
    if (!order_found) {
        row.note = "greedy: the gradient of L at the estimate x1hat(t0, x) of the end; it takes no steps, so it has no order";
        return;
    }
    if (!problem_.smooth) {
        row.note = "the field has a kink (relu) or a comparison: no order is predicted";
        return;
    }
    const std::size_t order = *order_found;
    const auto found = truth_.vanishing.find(pair_name(representative(row.method), row.tableau));
    const bool vanishes = found != truth_.vanishing.end() && found->second;
    row.predicted_order = static_cast<double>(order + (vanishes ? 1 : 0));
    if (vanishes)
        row.note = fmt::format("the leading error coefficient of order {} vanishes for this field and loss: at least the next order is expected", order);
}

ComputeFactory& RowMaker::factory(const std::string& precision) {
    auto [at, fresh] = factories_.try_emplace(precision);
    if (fresh) {
        const Watch watch = [this] {
            if (hooks_.stop()) throw StudyStopped{};
        };
        at->second = precision == "f32"     ? compute_in_f32(parts_, watch)
                     : precision == "mixed" ? compute_in_mixed(parts_, watch)
                     : precision == "f64"   ? compute_in_f64(parts_, watch)
                     : precision == "f80"   ? compute_in_f80(parts_, watch)
                                            : compute_in_mpfr50(parts_, watch);
    }
    return at->second;
}

GradientOutcome RowMaker::compute(const std::string& precision, const std::string& tableau, std::size_t steps, const std::string& method,
                                  std::size_t repetitions, bool stored) {
    const GradientTask task{method, &ode::find_tableau(tableau), steps, 0, problem_.samples, repetitions, stored};
    if (precision != "mpfr50") {
        auto [at, fresh] = computers_.try_emplace(precision);
        if (fresh) at->second = factory(precision)();
        return at->second(task);
    }
    std::vector<GradientOutcome> parts(problem_.samples);
    ComputeFactory& make = factory(precision);
    const std::string share = share_of(method, problem_.samples);
    kernels::parallel_for(problem_.samples, [&](std::size_t i) {
        GradientTask one = task;
        one.method = share;
        one.first = i;
        one.count = one.repetitions = 1;
        parts[i] = make()(one);
    }, problem_.threads);
    GradientOutcome all = parts[0];
    if (parts.size() > 1 && !all.note.empty()) all.note = fmt::format("each of {} samples by itself: {}", parts.size(), all.note);
    for (std::size_t i = 1; i < parts.size(); ++i) {
        if (all.not_finite.empty()) all.not_finite = parts[i].not_finite;
        all.gradient.insert(all.gradient.end(), parts[i].gradient.begin(), parts[i].gradient.end());
        all.seconds += parts[i].seconds;
        all.cost.peak_bytes += parts[i].cost.peak_bytes;
        all.reconstruction_error = std::max(all.reconstruction_error, parts[i].reconstruction_error);
    }
    return all;
}

const GradientOutcome& RowMaker::dto_on_the_grid(const std::string& precision, const std::string& tableau, std::size_t steps,
                                                 const GradientOutcome* known) {
    const auto key = std::tuple(precision, tableau, steps);
    if (key != dto_grid_) {
        dto_ = known ? *known : compute(precision, tableau, steps, "dto", 1);
        dto_grid_ = key;
    }
    return dto_;
}

const GradientOutcome& RowMaker::own_map_on_the_grid(const std::string& precision, const std::string& tableau, std::size_t steps, const std::string& method) {
    dto_grid_ = {};
    return dto_ = compute(precision, tableau, steps, method, 1, true);
}

std::optional<double> RowMaker::rounding(const StudyRow& row, const GradientOutcome& outcome) {
    if (row.precision == "mpfr50") return truth_.relative_error;
    // beside a truth in double the rounding of a row in double is not seen: a tenth of the digits asked for is taken for it
    if (row.precision == "f64" && problem_.large && problem_.digits <= digits_in_double) return std::max(truth_.relative_error, std::pow(10.0, -problem_.digits - 1));
    const GradientOutcome finer = compute(row.precision == "f64" ? "f80" : "f64", row.tableau, row.steps,
                                          is_checkpointed(row.method) ? std::string(ode::dto::StoreAll::name) : row.method, 1);
    const auto rounded = distance(outcome.gradient, finer.gradient, gradient_, problem_.dimension);
    return rounded ? std::optional(std::max(*rounded, truth_.relative_error)) : std::nullopt;
}

}  // namespace costate::guidance::detail
