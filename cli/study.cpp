// costate study: the error and the cost of every gradient method on one field.
#include "guidance/study.hpp"

#include "cli/command.hpp"
#include "cli/study_run.hpp"
#include "guidance/report.hpp"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

namespace costate::cli {

namespace {

// Truth, leading coefficients, rows.
void compute(const guidance::Study& study, Keeper<guidance::StudyRow>& keeper, Progress& progress) {
    const guidance::StudyHooks hooks = hooks_of(progress);
    if (!keeper.truth()) keeper.keep(study.truth(hooks));
    guidance::StudyTruth truth = *keeper.truth();
    study.leading(truth, hooks);
    if (truth.vanishing != keeper.truth()->vanishing) keeper.keep(truth);
    const std::vector<guidance::StudyRow> known = keeper.rows();
    study.run(truth, known, [&](const guidance::StudyRow& row) { keeper.append(row); }, hooks);
}

std::string as_json(const guidance::StudyProblem& problem, const std::optional<guidance::StudyTruth>& truth,
                    std::span<const guidance::StudyRow> rows, bool complete) {
    using Json = nlohmann::ordered_json;
    Json list = Json::array();
    for (const guidance::StudyRow& row : rows) list.push_back(Json::parse(guidance::to_json_line(row)));
    const auto name_or_null = [](const std::string& name) { return name.empty() ? Json() : Json(name); };
    const Json json = {{"subject", problem.subject}, {"dimension", problem.dimension}, {"samples", problem.samples}, {"t0", problem.t0}, {"t1", problem.t1},
                       {"parametrisation", name_or_null(problem.parametrisation)}, {"path", name_or_null(problem.path)}, {"variables", problem.variables()},
                       {"loss", problem.loss}, {"truth_digits", problem.digits}, {"truth_error", truth ? Json(truth->relative_error) : Json()},
                       {"smooth", problem.smooth}, {"complete", complete}, {"rows", list}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void tell(const StudyOptions& options, const guidance::Study& study, const Keeper<guidance::StudyRow>& keeper, bool complete) {
    const guidance::StudyProblem& problem = study.problem();
    const auto rows = guidance::in_order(problem, keeper.rows());
    std::vector<std::string> remarks;
    if (keeper.on_disk() && keeper.truth()) remarks = guidance::write_report(options.out, problem, *keeper.truth(), rows, study.total_rows());
    if (options.json) {
        say(as_json(problem, keeper.truth(), rows, complete));
        return;
    }
    std::string text = rows.empty() ? "" : guidance::study_table(rows);
    if (!problem.statement.empty()) text += problem.statement + "\n";
    if (!problem.left_out.empty()) text += problem.left_out + "\n";
    if (!problem.economies.empty()) text += problem.economies + "\n";
    if (keeper.truth())
        text += fmt::format("error: relative, of the worst of {} sample{}; the truth has a relative error of about {:.0e}\n", problem.samples,
                            problem.samples == 1 ? "" : "s", keeper.truth()->relative_error);
    say(text + last_lines(options, keeper, remarks));
}

int run(const StudyOptions& given) {
    StudyOptions options = given;
    if (!options.x0.empty()) options.request.x0_file = options.x0;
    if (!options.y.empty()) options.request.y_file = options.y;
    const guidance::Study study(options.request);
    if (study.problem().adaptive()) return run_tolerances(options, study);
    return run_kept<guidance::StudyRow>(
        options, study.problem(), [&](auto& keeper, Progress& progress) { compute(study, keeper, progress); },
        [&](const auto& keeper, bool complete) { tell(options, study, keeper, complete); });
}

void declare(CLI::App& app, StudyOptions& options) {
    guidance::StudyRequest& request = options.request;
    app.add_option("SUBJECT", request.subject, "network file, gaussian-mixture, or the name of a field (costate list fields)")->required();
    app.add_option("--methods", request.methods, "gradient methods, comma separated (default: one of each kind; costate list methods)")->delimiter(',');
    app.add_option("--memory", request.memory, "a budget, as 64MB: adds the gradient under the checkpoint schedule that it allows, and says which")->check(not_empty());
    app.add_flag("--all-methods", request.all_methods, "every gradient method that there is")->excludes("--methods");
    app.add_option("--tableaus", request.tableaus,
                   "tableaus (default: euler,midpoint,rk4,dormand-prince, with --tolerances bogacki-shampine,dormand-prince,dop853, or all "
                   "with an error estimate; costate list tableaus)")
        ->delimiter(',');
    app.add_option("--steps", request.steps, "numbers of steps (default: 1,2,4, … 32 for a network, … 128 for a field)")->delimiter(',')->check(whole_number());
    app.add_option("--tolerances", request.tolerances, "rtol = atol, comma separated, as 1e-3,1e-6,1e-9: solves that choose their steps, in place of --steps")
        ->delimiter(',');
    app.add_option("--atol", request.atol, "with --tolerances: the absolute tolerance of every row, which otherwise is the relative one")->check(not_empty());
    app.add_option("--precisions", request.precisions, "f32, f64, mpfr50 (default: these; mpfr50 not for a large network), mixed: the field in single precision, the solver in double")->delimiter(',');
    app.add_option("--path", request.path, "probability path (costate list paths; default: the one that the file names, cond-ot for gaussian-mixture)")->check(not_empty());
    declare_load_options(app, request.load);
    app.add_option("--variables", request.variables, "time, or regular: x/α over σ/α, smooth up to the data (default: time)")->check(not_empty());
    app.add_option("--dim", request.dimension, "dimension of gaussian-mixture (default: 2)")->check(whole_number());
    app.add_option("--loss", request.loss, "squared-distance: ½‖x(t1) - y‖², or observation:H.npy: ½‖H x(t1) - y‖²")->capture_default_str();
    app.add_option("--x0", options.x0, "starts, .npy, samples × dimension (default: N(0,I) from the seed; a field's own start)")->check(not_empty());
    app.add_option("--y", options.y, "targets, .npy, one or one a sample (default: N(0,I) from the seed; a field's own target)")->check(not_empty());
    app.add_option("--seed", request.seed, "of starts and targets (default: 0)")->check(whole_number());
    app.add_option("--samples", request.samples, "number of starts; the worst one is the row's (default: 4, of a large network 1)")->check(whole_number());
    app.add_option("--t0", request.t0, "where the flow begins (default: 0, or 0.05 where that is singular)");
    app.add_option("--t1", request.t1, "where it ends (default: 1, 0.99 where that is singular, or the field's own); before --t0 the flow runs backwards");
    app.add_option("--digits", request.digits, "digits of the truth, 4 to 38 (default: 30, for a network of more than 200000 weights 6)")->check(whole_number());
    app.add_option("--out", options.out, "directory for rows.jsonl, table.csv, pictures and report.html; a study begun there goes on")->check(not_empty());
    app.add_option("--threads", request.threads, "at most (default: all; rows in f32 and f64 are timed on one)")->check(whole_number());
    app.add_flag("--json", options.json, "print one JSON object, and no progress");
    app.add_flag("--quiet", options.quiet, "no progress");
    app.footer("error: relative, against the truth; to DTO: against the solver's own derivative; evals, vjps, jvps: calls of the field and of its\n"
               "products. Without --out nothing is kept. Exit status: 0, or 2 when refused, 130 when interrupted.\n\nExample:\n  costate study models/moons.safetensors --methods dto,backsolve --tableaus rk4 --steps 4,8,16 --out report\n"
               "  costate study gaussian-mixture --path linear-vp --methods dto,greedy --tableaus rk4 --steps 16,32,64\n"
               "  costate study arenstorf --tolerances 1e-4,1e-6,1e-8,1e-10 --methods dto,stored-states:0.1,controlled,sensitive --out report");
}

}  // namespace

void tell_interrupted(bool on_disk) {
    whisper(fmt::format("costate: interrupted; {}\n",
                        on_disk ? "the same command goes on where this one stopped" : "with --out DIR the same command would go on where this one stopped"));
}

Command study_command(CLI::App& application) {
    auto options = std::make_shared<StudyOptions>();
    CLI::App* app = application.add_subcommand("study", "The error and the cost of every gradient method, against a truth of 30 digits");
    declare(*app, *options);
    return {app, [options] { return run(*options); }};
}

}  // namespace costate::cli
