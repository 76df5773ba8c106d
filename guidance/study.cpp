#include "guidance/study.hpp"

#include "guidance/study_compute.hpp"
#include "guidance/study_problem.hpp"
#include "guidance/study_row_maker.hpp"
#include "guidance/tolerances.hpp"
#include "kernels/parallel.hpp"
#include "ode/gradient/methods.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <stdexcept>
#include <tuple>

namespace costate::guidance {

namespace {

using detail::Compute;
using detail::distance;
using detail::GradientOutcome;
using detail::GradientTask;

constexpr double visible = 20;  // an order is read off where the error is this many times what rounding makes

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
        return {std::move(fine.gradient), std::move(fine.state), std::max(*error, 1e-17)};
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

std::size_t Study::total_rows() const { return problem().adaptive() ? tolerance_questions(problem()).size() : problem().questions().size(); }
const StudyProblem& Study::problem() const { return parts_->problem; }

StudyTruth Study::truth(const StudyHooks& hooks) const {
    const auto begin = std::chrono::steady_clock::now();
    const StudyProblem& p = parts_->problem;
    const detail::Watch watch = [&hooks] {
        if (hooks.stop()) throw StudyStopped{};
    };
    const bool few_digits = p.smooth && p.network && p.digits <= 12;
    const bool in_double = few_digits && p.large && p.digits <= digits_in_double;
    const auto in_double_or_more = [&, quick = in_double ? detail::truth_in_f64(*parts_, watch) : nullptr](std::size_t sample) {
        try { return quick(sample); } catch (const std::runtime_error&) { return detail::truth_in_f80(*parts_, watch)(sample); }
    };
    const auto quick_or_exact = [&, quick = few_digits ? detail::truth_in_f80(*parts_, watch) : nullptr](std::size_t sample) {
        try { return quick(sample); } catch (const std::runtime_error&) { return detail::truth_in_mpfr50(*parts_, watch)(sample); }  // just beyond extended precision
    };
    const auto solve = !p.smooth ? fine_grid_truth(*parts_, watch) : in_double ? std::function<detail::TrueGradient(std::size_t)>(in_double_or_more) : few_digits ? std::function<detail::TrueGradient(std::size_t)>(quick_or_exact) : detail::truth_in_mpfr50(*parts_, watch);
    hooks.event({StudyEvent::Kind::truth_begins, {}, 0, p.samples, 0, 0});
    std::vector<detail::TrueGradient> found(p.samples);
    std::size_t done = 0;
    std::mutex one_at_a_time;
    kernels::parallel_for(p.samples, [&](std::size_t i) {
        found[i] = solve(i);
        const std::lock_guard lock(one_at_a_time);
        hooks.event({StudyEvent::Kind::truth_is_known, {}, ++done, p.samples, 0, 0});
    }, p.threads);
    StudyTruth truth;
    for (const auto& sample : found) {
        truth.relative_error = std::max(truth.relative_error, sample.relative_error);
        for (const Mpfr50& value : sample.gradient) truth.gradient.push_back(value.str(50, std::ios_base::scientific));
        for (const Mpfr50& value : sample.state) truth.state.push_back(value.str(50, std::ios_base::scientific));
    }
    truth.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return truth;
}

void Study::leading(StudyTruth& truth, const StudyHooks& hooks) const {
    const StudyProblem& p = parts_->problem;
    if (!p.smooth || p.large) return;
    std::vector<std::pair<std::string_view, const ode::Tableau*>> missing;
    for (const std::string& name : p.tableaus) {
        for (const std::string& method : p.methods) {
            if (method == detail::greedy_name || (name != "euler" && !detail::takes_tableaus(method))) continue;
            if (detail::has_own_map(method)) continue;  // one step says nothing of the next, which starts from two states
            const std::pair<std::string_view, const ode::Tableau*> pair{detail::representative(method), &ode::find_tableau(name)};
            if (!truth.vanishing.contains(detail::pair_name(pair.first, name)) && std::find(missing.begin(), missing.end(), pair) == missing.end())
                missing.push_back(pair);
        }
    }
    if (missing.empty()) return;
    const detail::Watch watch = [&hooks] {
        if (hooks.stop()) throw StudyStopped{};
    };
    const std::vector<char> result = vanishing(*parts_, missing, watch);
    for (std::size_t i = 0; i < missing.size(); ++i) truth.vanishing[detail::pair_name(missing[i].first, missing[i].second->name)] = result[i] != 0;
}

namespace {

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
    detail::RowMaker maker(*parts_, truth, hooks);
    std::vector<StudyRow> rows(known.begin(), known.end()), missing;
    const std::vector<StudyRow> questions = in_order_of_grids(p);
    for (const StudyRow& row : questions) {
        if (std::none_of(rows.begin(), rows.end(), [&](const StudyRow& other) { return same_question(row, other); })) missing.push_back(row);
    }
    StudyEvent event{StudyEvent::Kind::row_begins, {}, questions.size() - missing.size(), questions.size(), 0, 0};
    for (const StudyRow& row : missing) event.seconds_total += maker.foreseen(row);
    event.kind = StudyEvent::Kind::rows_begin;
    hooks.event(event);
    for (const StudyRow& row : missing) {
        if (hooks.stop()) throw StudyStopped{};
        event.kind = StudyEvent::Kind::row_begins;
        event.row = fmt::format("{} {} {} {} steps", row.precision, row.tableau, row.method, row.steps);
        hooks.event(event);
        StudyRow made = maker.make(row.precision, row.tableau, row.steps, row.method);
        if (const StudyRow* previous = coarser(rows, made)) made.observed_order = order_between(*previous, made);
        keep(made);
        rows.push_back(made);
        ++event.done;
        event.seconds_done += maker.foreseen(row);
        event.kind = StudyEvent::Kind::row_is_known;
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
