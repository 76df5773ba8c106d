// costate study --tolerances: the error of state and gradient where solves choose their steps.
#include "cli/command.hpp"
#include "cli/study_run.hpp"
#include "guidance/tolerance_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace costate::cli {

namespace {

using Json = nlohmann::ordered_json;
using ToleranceKeeper = Keeper<guidance::ToleranceRow>;

// Truth and rows.
void compute(const guidance::Study& study, ToleranceKeeper& keeper, Progress& progress) {
    const guidance::StudyHooks hooks = hooks_of(progress, true);
    if (!keeper.truth()) keeper.keep(study.truth(hooks));
    const std::vector<guidance::ToleranceRow> known = keeper.rows();
    study.run(*keeper.truth(), known, [&](const guidance::ToleranceRow& row) { keeper.append(row); }, hooks);
}

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

std::string as_json(const guidance::StudyProblem& problem, const ToleranceKeeper& keeper, std::span<const guidance::ToleranceRow> rows,
                    const std::optional<guidance::Amplification>& amplified, std::span<const std::string> remarks, bool complete) {
    Json list = Json::array(), slopes = Json::array();
    for (const guidance::ToleranceRow& row : rows) list.push_back(Json::parse(guidance::to_json_line(row)));
    for (const guidance::ToleranceSlope& one : guidance::tolerance_slopes(problem, rows))
        slopes.push_back({{"method", one.method},
                          {"tableau", one.tableau},
                          {"precision", one.precision},
                          {"predicted", one.predicted},
                          {"state", or_null(one.state)},
                          {"gradient", or_null(one.gradient)},
                          {"worst_state_error_per_tolerance", or_null(one.worst)}});
    const Json amplification =
        amplified ? Json{{"from_start", amplified->from_start}, {"largest", amplified->largest}, {"condition", amplified->condition}} : Json();
    const Json json = {{"subject", problem.subject},
                       {"dimension", problem.dimension},
                       {"samples", problem.samples},
                       {"t0", problem.t0},
                       {"t1", problem.t1},
                       {"variables", problem.variables()},
                       {"loss", problem.loss},
                       {"atol", or_null(problem.atol)},
                       {"truth_digits", problem.digits},
                       {"truth_error", keeper.truth() ? Json(keeper.truth()->relative_error) : Json()},
                       {"complete", complete},
                       {"amplification", amplification},
                       {"remarks", remarks},
                       {"slopes", slopes},
                       {"rows", list}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void tell(const StudyOptions& options, const guidance::Study& study, const ToleranceKeeper& keeper, bool complete) {
    const guidance::StudyProblem& problem = study.problem();
    const auto rows = guidance::in_order(problem, keeper.rows());
    const auto amplified = keeper.truth() ? guidance::amplification(study) : std::nullopt;
    const std::vector<std::string> said = guidance::tolerance_remarks(rows, amplified);
    std::vector<std::string> remarks;
    if (keeper.on_disk() && keeper.truth()) remarks = guidance::write_report(options.out, problem, *keeper.truth(), rows, amplified, study.total_rows());
    if (options.json) return say(as_json(problem, keeper, rows, amplified, said, complete));
    std::string text = rows.empty() ? "" : guidance::tolerance_table(rows) + "\n" + guidance::slope_table(guidance::tolerance_slopes(problem, rows)) + "\n";
    if (!problem.statement.empty()) text += problem.statement + "\n";
    if (keeper.truth())
        text += fmt::format(
            "errors: relative, of the worst of {} sample{}; the truth has a relative error of about {:.0e} (two solves with other nodes and steps)\n",
            problem.samples, problem.samples == 1 ? "" : "s", keeper.truth()->relative_error);
    for (const std::string& remark : said) text += remark + "\n";
    say(text + last_lines(options, keeper, remarks));
}

}  // namespace

int run_tolerances(const StudyOptions& options, const guidance::Study& study) {
    return run_kept<guidance::ToleranceRow>(
        options, study.problem(), [&](ToleranceKeeper& keeper, Progress& progress) { compute(study, keeper, progress); },
        [&](const ToleranceKeeper& keeper, bool complete) { tell(options, study, keeper, complete); });
}

}  // namespace costate::cli
