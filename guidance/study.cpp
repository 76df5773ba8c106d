#include "guidance/study.hpp"

#include "guidance/report_schedules.hpp"
#include "guidance/study_compute.hpp"
#include "guidance/study_problem.hpp"
#include "kernels/parallel.hpp"
#include "ode/checkpoint/plan.hpp"
#include "ode/gradient/methods.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <mutex>
#include <stdexcept>
#include <tuple>

namespace costate::guidance {

namespace {

using detail::Compute;
using detail::ComputeFactory;
using detail::GradientOutcome;
using detail::GradientTask;

constexpr std::size_t most_directions = 1024;  // of forward sensitivities
constexpr std::size_t most_weights_examined = 200'000;  // of a network whose leading coefficients are looked at: minutes in 50 digits beyond
constexpr double visible = 20;  // an order is read off where the error is this many times what rounding makes

double norm(std::span<const Mpfr50> v) {
    Mpfr50 sum = 0;
    for (const Mpfr50& value : v) sum += value * value;
    return static_cast<double>(sqrt(sum));
}

// max over samples of ‖a - b‖ / ‖reference‖; empty where that has no meaning
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

// Methods that differentiate the discrete map compute one number by several routes: their leading coefficient is one.
std::string_view representative(std::string_view name) {
    if (name == detail::look_ahead_name || name == detail::adjoint_deis_name || detail::has_own_map(name)) return name;
    bool discrete = false;
    ode::with_gradient_method(name, [&](const auto& method) { discrete = method.discrete; });
    return discrete ? ode::dto::StoreAll::name : name;
}

std::string pair_name(std::string_view method, std::string_view tableau) { return fmt::format("{} {}", method, tableau); }

// Calls of the field that a row makes, a product counted as two.
double calls_of(const StudyProblem& problem, const StudyRow& row) {
    if (row.method == detail::greedy_name) return 3;
    const auto stages = static_cast<double>(ode::effective_stages(ode::find_tableau(row.tableau))) * static_cast<double>(row.steps);
    if (const auto spec = schedule_of(row.method))
        return stages * (static_cast<double>(ode::checkpoint::forward_steps(*spec, row.steps)) / static_cast<double>(row.steps) + 2);
    if (detail::has_own_map(row.method)) return stages * 8;  // there twice, back twice with two products
    return row.method == "forward" ? stages * (1 + 2 * static_cast<double>(problem.dimension)) : stages * 3;
}

// Across kinks no method has many digits: DTO in extended precision on two fine grids, and what they differ by.
std::function<detail::TrueGradient(std::size_t)> fine_grid_truth(const Study::Parts& parts, const detail::Watch& watch) {
    return [&parts, make = detail::compute_in_f80(parts, watch)](std::size_t sample) -> detail::TrueGradient {
        const Compute compute = make();
        GradientTask task{"dto", &ode::find_tableau("dormand-prince"), 2048, sample, 1, 1};
        const GradientOutcome coarse = compute(task);
        task.steps *= 2;
        GradientOutcome fine = compute(task);
        const auto error = distance(coarse.gradient, fine.gradient, fine.gradient, parts.problem.dimension);
        if (!error || *error > 1e-2)
            throw std::runtime_error(fmt::format("{}: the field has kinks (relu) or comparisons, and its gradient for sample {} does not settle on {} steps; "
                                                 "choose a shorter interval (--t1) or other starts", parts.problem.title, sample, task.steps));
        return {std::move(fine.gradient), std::max(*error, 1e-17)};
    };
}

// Which leading error coefficients vanish, asked in the variables that the method computes in.
std::vector<char> vanishing(const Study::Parts& parts, const std::vector<std::pair<std::string_view, const ode::Tableau*>>& pairs,
                            const detail::Watch& watch) {
    const auto ahead = [](const auto& pair) { return pair.first == detail::look_ahead_name || pair.first == detail::adjoint_deis_name; };
    const auto same_as = [](std::string_view name) { return name == detail::look_ahead_name ? ode::dto::StoreAll::name : ode::otd::StoredStates::base; };
    std::function<bool(std::string_view, const ode::Tableau&)> own, regular;
    if (!std::all_of(pairs.begin(), pairs.end(), ahead)) own = detail::leading_in_mpfr50(parts, parts.problem.regular, watch);
    if (std::any_of(pairs.begin(), pairs.end(), ahead)) regular = detail::leading_in_mpfr50(parts, true, watch);
    std::vector<char> result(pairs.size());
    kernels::parallel_for(pairs.size(), [&](std::size_t i) {
        result[i] = ahead(pairs[i]) ? regular(same_as(pairs[i].first), *pairs[i].second) : own(pairs[i].first, *pairs[i].second);
    }, parts.problem.threads);
    return result;
}

}  // namespace

Study::Study(const StudyRequest& request) : parts_(std::make_unique<Parts>(study_parts(request))) {}
Study::~Study() = default;
Study::Study(Study&&) noexcept = default;

const StudyProblem& Study::problem() const { return parts_->problem; }

StudyTruth Study::truth(const StudyHooks& hooks) const {
    const auto begin = std::chrono::steady_clock::now();
    const StudyProblem& p = parts_->problem;
    const detail::Watch watch = [&hooks] {
        if (hooks.stop()) throw StudyStopped{};
    };
    const bool few_digits = p.smooth && p.network && p.digits <= 12;
    const auto quick_or_exact = [&, quick = few_digits ? detail::truth_in_f80(*parts_, watch) : nullptr](std::size_t sample) {
        try { return quick(sample); } catch (const std::runtime_error&) { return detail::truth_in_mpfr50(*parts_, watch)(sample); }  // just beyond extended precision
    };
    const auto solve = !p.smooth ? fine_grid_truth(*parts_, watch) : few_digits ? std::function<detail::TrueGradient(std::size_t)>(quick_or_exact) : detail::truth_in_mpfr50(*parts_, watch);
    hooks.event({StudyEvent::Kind::truth_begins, nullptr, 0, p.samples, 0, 0});
    std::vector<detail::TrueGradient> found(p.samples);
    std::size_t done = 0;
    std::mutex one_at_a_time;
    kernels::parallel_for(p.samples, [&](std::size_t i) {
        found[i] = solve(i);
        const std::lock_guard lock(one_at_a_time);
        hooks.event({StudyEvent::Kind::truth_is_known, nullptr, ++done, p.samples, 0, 0});
    }, p.threads);
    StudyTruth truth;
    for (const auto& sample : found) {
        truth.relative_error = std::max(truth.relative_error, sample.relative_error);
        for (const Mpfr50& value : sample.gradient) truth.gradient.push_back(value.str(50, std::ios_base::scientific));
    }
    truth.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return truth;
}

void Study::leading(StudyTruth& truth, const StudyHooks& hooks) const {
    const StudyProblem& p = parts_->problem;
    if (!p.smooth || (parts_->network && parts_->network->parameter_count() > most_weights_examined)) return;
    std::vector<std::pair<std::string_view, const ode::Tableau*>> missing;
    for (const std::string& name : p.tableaus) {
        for (const std::string& method : p.methods) {
            if (method == detail::greedy_name || (name != "euler" && !detail::takes_tableaus(method))) continue;
            if (detail::has_own_map(method)) continue;  // one step says nothing of the next, which starts from two states
            const std::pair<std::string_view, const ode::Tableau*> pair{representative(method), &ode::find_tableau(name)};
            if (!truth.vanishing.contains(pair_name(pair.first, name)) && std::find(missing.begin(), missing.end(), pair) == missing.end())
                missing.push_back(pair);
        }
    }
    if (missing.empty()) return;
    const detail::Watch watch = [&hooks] {
        if (hooks.stop()) throw StudyStopped{};
    };
    const std::vector<char> result = vanishing(*parts_, missing, watch);
    for (std::size_t i = 0; i < missing.size(); ++i) truth.vanishing[pair_name(missing[i].first, missing[i].second->name)] = result[i] != 0;
}

namespace {

// What computes the rows of one study: computers by precision, DTO results by grid, the truth as numbers.
class RowMaker {
public:
    RowMaker(const Study::Parts& parts, const StudyTruth& truth, const StudyHooks& hooks)
        : parts_(parts), problem_(parts.problem), truth_(truth), hooks_(hooks) {
        for (const std::string& digits : truth.gradient) gradient_.emplace_back(digits);
        if (gradient_.size() != problem_.samples * problem_.dimension)
            throw std::runtime_error("the truth kept in this directory does not fit the study; remove truth.json and run the same command again");
    }

    StudyRow make(const std::string& precision, const std::string& tableau, std::size_t steps, const std::string& method) {
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
                                            : "the computed gradient is not finite: more steps, or another method, are needed";
            return row;
        }
        const GradientOutcome& dto = detail::has_own_map(method) ? own_map_on_the_grid(precision, tableau, steps, method)
                                                                 : dto_on_the_grid(precision, tableau, steps, method == "dto" ? &outcome : nullptr);
        row.error_to_dto = distance(outcome.gradient, dto.gradient, dto.gradient, problem_.dimension);
        row.rounding = rounding(row, outcome);
        return row;
    }

    /// Seconds that a row is foreseen to take.
    double foreseen(const StudyRow& row) {
        if (left_out(row.method)) return 0;
        auto [at, fresh] = seconds_a_call_.try_emplace(row.precision, 0.0);
        if (fresh) at->second = compute(row.precision, "euler", 1, "dto", 3).seconds / 3;
        const double lanes = row.precision == "mpfr50" ? static_cast<double>(std::min(threads(), problem_.samples)) : 1.0 / 3;
        return at->second * calls_of(problem_, row) / lanes;
    }

private:
    [[nodiscard]] bool left_out(std::string_view method) const { return method == "forward" && problem_.dimension > most_directions; }
    [[nodiscard]] std::size_t threads() const { return problem_.threads == 0 ? kernels::thread_count() : problem_.threads; }

    void predict(StudyRow& row) {
        auto [known, fresh] = orders_.try_emplace({row.method, row.tableau});
        if (fresh) known->second = detail::order_of(row.method, ode::find_tableau(row.tableau));  // some take a second to prove
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
        if (vanishes) row.note = fmt::format("the leading error coefficient of order {} vanishes for this field and loss: at least the next order is expected", order);
    }

    ComputeFactory& factory(const std::string& precision) {
        auto [at, fresh] = factories_.try_emplace(precision);
        if (fresh) {
            const detail::Watch watch = [this] {
                if (hooks_.stop()) throw StudyStopped{};
            };
            at->second = precision == "f32"     ? detail::compute_in_f32(parts_, watch)
                         : precision == "mixed" ? detail::compute_in_mixed(parts_, watch)
                         : precision == "f64"   ? detail::compute_in_f64(parts_, watch)
                         : precision == "f80"   ? detail::compute_in_f80(parts_, watch)
                                                : detail::compute_in_mpfr50(parts_, watch);
        }
        return at->second;
    }

    // All samples: as one batch in the hardware's scalars, one a task in many digits.
    GradientOutcome compute(const std::string& precision, const std::string& tableau, std::size_t steps, const std::string& method,
                            std::size_t repetitions, bool stored = false) {
        const GradientTask task{method, &ode::find_tableau(tableau), steps, 0, problem_.samples, repetitions, stored};
        if (precision != "mpfr50") {
            auto [at, fresh] = computers_.try_emplace(precision);
            if (fresh) at->second = factory(precision)();
            return at->second(task);
        }
        std::vector<GradientOutcome> parts(problem_.samples);
        ComputeFactory& make = factory(precision);
        const std::string share = detail::share_of(method, problem_.samples);
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
            all.gradient.insert(all.gradient.end(), parts[i].gradient.begin(), parts[i].gradient.end());
            all.seconds += parts[i].seconds;
            all.cost.peak_bytes += parts[i].cost.peak_bytes;
            all.reconstruction_error = std::max(all.reconstruction_error, parts[i].reconstruction_error);
        }
        return all;
    }

    const GradientOutcome& dto_on_the_grid(const std::string& precision, const std::string& tableau, std::size_t steps,
                                           const GradientOutcome* known) {
        const auto key = std::tuple(precision, tableau, steps);
        if (key != dto_grid_) {
            dto_ = known ? *known : compute(precision, tableau, steps, "dto", 1);
            dto_grid_ = key;
        }
        return dto_;
    }

    const GradientOutcome& own_map_on_the_grid(const std::string& precision, const std::string& tableau, std::size_t steps, const std::string& method) {
        dto_grid_ = {};
        return dto_ = compute(precision, tableau, steps, method, 1, true);
    }

    // The same computation with more digits says what rounding made; below the truth's own error nothing is seen.
    std::optional<double> rounding(const StudyRow& row, const GradientOutcome& outcome) {
        if (row.precision == "mpfr50") return truth_.relative_error;
        const GradientOutcome finer = compute(row.precision == "f64" ? "f80" : "f64", row.tableau, row.steps, is_checkpointed(row.method) ? std::string(ode::dto::StoreAll::name) : row.method, 1);
        const auto rounded = distance(outcome.gradient, finer.gradient, gradient_, problem_.dimension);
        return rounded ? std::optional(std::max(*rounded, truth_.relative_error)) : std::nullopt;
    }

    const Study::Parts& parts_;
    const StudyProblem& problem_;
    const StudyTruth& truth_;
    const StudyHooks& hooks_;
    std::vector<Mpfr50> gradient_;
    std::map<std::string, ComputeFactory> factories_;
    std::map<std::string, Compute> computers_;
    std::map<std::string, double> seconds_a_call_;
    std::map<std::pair<std::string, std::string>, std::optional<std::size_t>> orders_;
    std::tuple<std::string, std::string, std::size_t> dto_grid_;
    GradientOutcome dto_;
};

std::optional<double> order_between(const StudyRow& coarse, const StudyRow& fine) {
    for (const StudyRow* row : {&coarse, &fine}) {
        if (!row->error || !row->rounding || *row->error == 0 || *row->error < visible * *row->rounding) return std::nullopt;
    }
    return std::log(*coarse.error / *fine.error) / std::log(static_cast<double>(fine.steps) / static_cast<double>(coarse.steps));
}

// The row of `rows` with the largest number of steps below row.steps that answers otherwise the same question.
const StudyRow* coarser(std::span<const StudyRow> rows, const StudyRow& row) {
    const StudyRow* best = nullptr;
    for (const StudyRow& other : rows) {
        if (other.method != row.method || other.tableau != row.tableau || other.precision != row.precision || other.steps >= row.steps) continue;
        if (!best || other.steps > best->steps) best = &other;
    }
    return best;
}

// The questions with all methods of one grid side by side, so that DTO on that grid is computed once.
std::vector<StudyRow> in_order_of_grids(const StudyProblem& problem) {
    std::vector<StudyRow> questions = problem.questions();
    const auto place = [&](const StudyRow& row) {
        const auto index = [](const auto& list, const auto& value) { return std::find(list.begin(), list.end(), value) - list.begin(); };
        const bool last = row.method == detail::greedy_name;
        return std::tuple(index(problem.precisions, row.precision), last, index(problem.tableaus, row.tableau), row.steps);
    };
    std::stable_sort(questions.begin(), questions.end(), [&](const StudyRow& a, const StudyRow& b) { return place(a) < place(b); });
    return questions;
}

}  // namespace

void Study::run(const StudyTruth& truth, std::span<const StudyRow> known, const std::function<void(const StudyRow&)>& keep,
                const StudyHooks& hooks) const {
    const StudyProblem& p = parts_->problem;
    RowMaker maker(*parts_, truth, hooks);
    std::vector<StudyRow> rows(known.begin(), known.end()), missing;
    const std::vector<StudyRow> questions = in_order_of_grids(p);
    for (const StudyRow& row : questions) {
        if (std::none_of(rows.begin(), rows.end(), [&](const StudyRow& other) { return same_question(row, other); })) missing.push_back(row);
    }
    StudyEvent event{StudyEvent::Kind::row_begins, nullptr, questions.size() - missing.size(), questions.size(), 0, 0};
    for (const StudyRow& row : missing) event.seconds_total += maker.foreseen(row);
    event.kind = StudyEvent::Kind::rows_begin;
    hooks.event(event);
    for (const StudyRow& row : missing) {
        if (hooks.stop()) throw StudyStopped{};
        event.kind = StudyEvent::Kind::row_begins;
        event.row = &row;
        hooks.event(event);
        StudyRow made = maker.make(row.precision, row.tableau, row.steps, row.method);
        if (const StudyRow* previous = coarser(rows, made)) made.observed_order = order_between(*previous, made);
        keep(made);
        rows.push_back(made);
        ++event.done;
        event.seconds_done += maker.foreseen(row);
        event.kind = StudyEvent::Kind::row_is_known;
        event.row = &rows.back();
        hooks.event(event);
    }
}

std::vector<StudyRow> in_order(const StudyProblem& problem, std::span<const StudyRow> rows) {
    std::vector<StudyRow> sorted;
    for (const StudyRow& wanted : problem.questions()) {
        const auto found = std::find_if(rows.begin(), rows.end(), [&](const StudyRow& row) { return same_question(row, wanted); });
        if (found == rows.end()) continue;
        StudyRow row = *found;
        const StudyRow* previous = coarser(sorted, row);
        row.observed_order = previous ? order_between(*previous, row) : std::nullopt;
        sorted.push_back(std::move(row));
    }
    return sorted;
}

}  // namespace costate::guidance
