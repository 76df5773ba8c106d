// tableaus × tolerances × methods of the gradient through solves with steps of their own: error of state and gradient against work.
#pragma once

#include "guidance/rows.hpp"
#include "guidance/study.hpp"
#include "ode/checkpoint/schedule.hpp"
#include "ode/gradient/adaptive_otd.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costate::guidance {

/// state_error = ‖x₁ - x₁*‖₂ / ‖x₁*‖₂ and gradient_error = ‖g - g*‖₂ / ‖g*‖₂, each of the worst sample; rtol = tolerance, and atol the same unless the study has one of its own. Every sample is
/// solved by itself: counts are those of all samples together, estimates the largest. Where a solve fails there are no errors.
struct ToleranceRow {
    std::string method, tableau;
    double tolerance = 0;
    std::string precision;
    std::string status{};    // "success", or how the first solve that failed ended …
    std::string sentence{};  // … with where and what to do; empty on success
    std::optional<double> state_error{}, gradient_error{};
    std::size_t accepted = 0, rejected = 0;            // steps of the way there
    std::size_t back_accepted = 0, back_rejected = 0;  // and of a way back with steps of its own
    std::size_t evaluations = 0, vjps = 0, jvps = 0;
    std::optional<double> seconds{};  // of all samples on one core
    std::size_t peak_bytes = 0;       // of one sample, the largest
    std::optional<double> state_estimate{}, sensitivity_estimate{};  // of dto: the largest error estimates over its steps, 1 at the tolerance
    std::string note{};
};

bool same_question(const ToleranceRow& a, const ToleranceRow& b);
/// One line of JSON without its newline, keys as in docs/json.md; numbers that are not finite become null.
std::string to_json_line(const ToleranceRow& row);
template <>
std::optional<ToleranceRow> row_of(std::string_view line);
using ToleranceDirectory = RowDirectory<ToleranceRow>;

/// How a gradient is taken through an adaptive solve.
struct ToleranceMethod {
    enum class Kind {
        discrete,    ///< DTO on the accepted steps, which are frozen, by a checkpoint schedule
        continuous,  ///< OTD, the way back with steps of its own
        controlled,  ///< the step sizes differentiated with everything else
        sensitive    ///< DTO on steps that an error control on state and sensitivities has chosen
    } kind = Kind::discrete;
    ode::checkpoint::Spec schedule{ode::checkpoint::Rule::store_all, 0, 0};
    ode::otd::StateFrom state = ode::otd::StateFrom::stored;
    ode::otd::AdjointNorm norm = ode::otd::AdjointNorm::pair;
    double factor = 1;  ///< the tolerance of the way back is factor times that of the way there
};

/// The method of that spelling, see tolerance_methods(). Throws std::invalid_argument with one sentence.
ToleranceMethod find_tolerance_method(std::string_view spelling);
/// Names, what they mean, and what may follow a colon.
const std::vector<Named>& tolerance_methods();
/// The tableaus that estimate their error and so can choose steps.
std::vector<std::string> tableaus_with_estimate();
/// What tolerances a study takes where it is not told: methods, tableaus, precisions; all methods where asked for.
std::vector<std::string> default_tolerance_methods(bool all);
/// Throws std::invalid_argument with one sentence that names the option for what a study of tolerances cannot do; the tolerances, descending.
std::vector<double> checked_tolerances(const StudyRequest& request);

/// The rows that are asked for, question only: by precision, tableau, method, falling tolerance.
std::vector<ToleranceRow> tolerance_questions(const StudyProblem& problem);
/// The rows of the problem in the order of its questions.
std::vector<ToleranceRow> in_order(const StudyProblem& problem, std::span<const ToleranceRow> rows);

/// log error against log tolerance of one method with one tableau: by least squares over the rows whose solve succeeded and whose error is
/// above `floor_of(precision)`; empty with fewer than two of them.
struct ToleranceSlope {
    std::string method, tableau, precision;
    double predicted = 1;  ///< order of the tableau / order of its error estimate
    std::optional<double> state{}, gradient{};
    std::optional<double> worst{};  ///< the largest state_error / tolerance
};
std::vector<ToleranceSlope> tolerance_slopes(const StudyProblem& problem, std::span<const ToleranceRow> rows);
/// Errors below are made of rounding, whatever the tolerance.
double floor_of(std::string_view precision);

/// What the flow makes of errors, from its sensitivities: ‖∂x(t₁)/∂x(t)‖₂ along the first sample's solution.
struct Amplification {
    std::vector<double> times, norms;  ///< at most a few hundred of the steps, both ends among them
    double largest = 0, from_start = 0;
    double condition = 0;  ///< ‖∂x(t₁)/∂x(t₀)‖₂ ‖x(t₀)‖ / ‖x(t₁)‖; not finite where x(t₁) = 0
};
/// On steps whose error control sees the sensitivities. Nothing for states of more than 32 values, or where the solution cannot be followed.
std::optional<Amplification> amplification(const Study& study);

}  // namespace costate::guidance
