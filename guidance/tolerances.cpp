// A study of tolerances: row after row.
#include "guidance/tolerances.hpp"

#include "guidance/study_row_maker.hpp"
#include "guidance/tolerance_compute.hpp"
#include "ode/adaptive/pair.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

namespace costate::guidance {

namespace {

using detail::ToleranceOutcome;
using detail::ToleranceTask;

// What a call of a method is like, against dto's: its share of the time foreseen.
double weight_of(const ToleranceMethod& method, std::size_t dimension) {
    const auto inputs = static_cast<double>(dimension);
    switch (method.kind) {
        case ToleranceMethod::Kind::discrete: return method.schedule.rule == ode::checkpoint::Rule::store_all ? 3 : 5;
        case ToleranceMethod::Kind::continuous: return 5;
        case ToleranceMethod::Kind::controlled: return 1 + 2 * inputs;
        case ToleranceMethod::Kind::sensitive: return 3 + 2 * std::min(inputs, 32.0);
    }
    return 3;
}

class ToleranceRowMaker {
public:
    ToleranceRowMaker(const Study::Parts& parts, const StudyTruth& truth, const StudyHooks& hooks)
        : parts_(parts),
          problem_(parts.problem),
          hooks_(hooks),
          state_(detail::numbers_of(truth.state, problem_)),
          gradient_(detail::numbers_of(truth.gradient, problem_)) {}

    ToleranceRow make(ToleranceRow row) {
        ToleranceTask task{find_tolerance_method(row.method), &ode::find_tableau(row.tableau), row.tolerance, 0, 7, row.method == "dto"};
        row.status = ode::name_of(ode::Outcome::success);
        if (task.method.kind == ToleranceMethod::Kind::controlled && problem_.dimension > most_controlled)
            return left_out(std::move(row), fmt::format("a tangent an input: with {} inputs it is left out", problem_.dimension));
        std::vector<Mpfr50> state, gradient;
        double seconds = 0;
        for (task.sample = 0; task.sample < problem_.samples; ++task.sample) {
            ToleranceOutcome outcome;
            try {
                outcome = computer(row.precision)(task);
            } catch (const std::invalid_argument& error) {  // what this method cannot do with this tableau
                return left_out(std::move(row), error.what());
            } catch (const std::runtime_error& error) {
                return left_out(std::move(row), error.what());
            }
            seconds += outcome.seconds;
            add(outcome, task.sample, row);
            if (outcome.status.ok())
                state.insert(state.end(), outcome.state.begin(), outcome.state.end()),
                    gradient.insert(gradient.end(), outcome.gradient.begin(), outcome.gradient.end());
        }
        row.seconds = seconds;
        if (!row.sentence.empty()) return row;
        row.state_error = detail::distance(state, state_, state_, problem_.dimension);
        row.gradient_error = detail::distance(gradient, gradient_, gradient_, problem_.dimension);
        if (!row.gradient_error && row.note.empty())
            row.note = detail::norm(gradient_) == 0 ? "the true gradient is 0, so there is no relative error"
                                                    : "the computed gradient is not finite: its way back grows beyond all numbers";
        return row;
    }

    /// Tolerance^(-1/k) steps, in units of dto's cheapest.
    [[nodiscard]] double foreseen(const ToleranceRow& row) {
        auto [at, fresh] = pairs_.try_emplace(row.tableau);
        if (fresh) {
            const ode::EmbeddedPair pair = ode::embedded_pair(row.tableau);
            at->second = {static_cast<double>(pair.error_order), static_cast<double>(pair.stages())};
        }
        return weight_of(find_tolerance_method(row.method), problem_.dimension) * at->second.second * (3 + std::pow(row.tolerance, -1 / at->second.first));
    }

private:
    static constexpr std::size_t most_controlled = 64;

    static ToleranceRow left_out(ToleranceRow row, std::string why) {
        row.status = "left out";
        row.note = std::move(why);
        return row;
    }

    void add(const ToleranceOutcome& outcome, std::size_t sample, ToleranceRow& row) const {
        row.accepted += outcome.there.accepted;
        row.rejected += outcome.there.rejected;
        row.back_accepted += outcome.back.accepted;
        row.back_rejected += outcome.back.rejected;
        row.evaluations += outcome.cost.evaluations;
        row.vjps += outcome.cost.vjps;
        row.jvps += outcome.cost.jvps;
        row.peak_bytes = std::max(row.peak_bytes, outcome.cost.peak_bytes);
        if (row.note.empty()) row.note = outcome.note;
        if (!outcome.status.ok() && row.sentence.empty()) {
            ode::Status status = outcome.status;
            if (status.non_finite) status.non_finite->sample = sample;
            row.status = ode::name_of(status.outcome);
            row.sentence = fmt::format("{}{}{}{}", problem_.samples > 1 ? fmt::format("sample {}, ", sample) : "", outcome.way_back ? "on the way back, " : "",
                                       status.sentence(), outcome.op.empty() ? "" : "; " + outcome.op);
        }
        if (!outcome.watch) return;
        row.state_estimate = std::max(row.state_estimate.value_or(0), outcome.watch->state);
        row.sensitivity_estimate = std::max(row.sensitivity_estimate.value_or(0), outcome.watch->sensitivity);
        if (outcome.watch->blind()) row.note = outcome.watch->warning();
    }

    detail::ComputeTolerance& computer(const std::string& precision) {
        auto [at, fresh] = computers_.try_emplace(precision);
        if (fresh) {
            const detail::Watch watch = [this] {
                if (hooks_.stop()) throw StudyStopped{};
            };
            at->second = precision == "f32" ? detail::tolerances_in_f32(parts_, watch) : detail::tolerances_in_f64(parts_, watch);
        }
        return at->second;
    }

    const Study::Parts& parts_;
    const StudyProblem& problem_;
    const StudyHooks& hooks_;
    std::vector<Mpfr50> state_, gradient_;
    std::map<std::string, detail::ComputeTolerance> computers_;
    std::map<std::string, std::pair<double, double>> pairs_;  // k and stages
};

}  // namespace

void Study::run(const StudyTruth& truth, std::span<const ToleranceRow> known, const std::function<void(const ToleranceRow&)>& keep,
                const StudyHooks& hooks) const {
    ToleranceRowMaker maker(*parts_, truth, hooks);
    const std::vector<ToleranceRow> questions = tolerance_questions(parts_->problem);
    std::vector<ToleranceRow> missing;
    for (const ToleranceRow& row : questions)
        if (std::none_of(known.begin(), known.end(), [&](const ToleranceRow& other) { return same_question(row, other); })) missing.push_back(row);
    StudyEvent event{StudyEvent::Kind::rows_begin, {}, questions.size() - missing.size(), questions.size(), 0, 0};
    for (const ToleranceRow& row : missing) event.seconds_total += maker.foreseen(row);
    hooks.event(event);
    for (const ToleranceRow& row : missing) {
        if (hooks.stop()) throw StudyStopped{};
        event.kind = StudyEvent::Kind::row_begins;
        event.row = fmt::format("{} {} {} {:g}", row.precision, row.tableau, row.method, row.tolerance);
        hooks.event(event);
        keep(maker.make(row));
        ++event.done;
        event.seconds_done += maker.foreseen(row);
        event.kind = StudyEvent::Kind::row_is_known;
        hooks.event(event);
    }
}

}  // namespace costate::guidance
