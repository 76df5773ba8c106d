// costate study: the error and the cost of every gradient method on one field.
#include "guidance/study.hpp"

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "guidance/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

namespace costate::cli {

namespace {

struct Options {
    guidance::StudyRequest request;
    std::string x0, y, out;
    bool json = false, quiet = false;
};

// Where the rows are kept: a directory, or memory only.
class Keeper {
public:
    Keeper(const std::string& out, const guidance::StudyProblem& problem) {
        if (!out.empty()) directory_.emplace(out, problem.configuration());
        if (directory_ && directory_->truth()) truth_ = directory_->truth();
    }
    [[nodiscard]] const std::vector<guidance::StudyRow>& rows() const { return directory_ ? directory_->rows() : rows_; }
    [[nodiscard]] const std::optional<guidance::StudyTruth>& truth() const { return truth_; }
    [[nodiscard]] bool on_disk() const { return directory_.has_value(); }
    [[nodiscard]] std::size_t dropped() const { return directory_ ? directory_->dropped_lines() : 0; }
    void keep(const guidance::StudyTruth& truth) {
        truth_ = truth;
        if (directory_) directory_->keep(truth);
    }
    /// Leaves no directory behind that holds nothing.
    void abandon() {
        if (directory_) directory_->abandon();
    }
    void append(const guidance::StudyRow& row) {
        if (directory_) directory_->append(row);
        else rows_.push_back(row);
    }

private:
    std::optional<guidance::StudyDirectory> directory_;
    std::vector<guidance::StudyRow> rows_;
    std::optional<guidance::StudyTruth> truth_;
};

guidance::StudyHooks hooks_of(Progress& progress) {
    guidance::StudyHooks hooks;
    hooks.stop = asked_to_stop;
    const auto begin = std::make_shared<std::optional<std::chrono::steady_clock::time_point>>();
    hooks.event = [&progress, begin](const guidance::StudyEvent& event) {
        using Kind = guidance::StudyEvent::Kind;
        const double total = static_cast<double>(std::max<std::size_t>(event.total, 1)), done_part = static_cast<double>(event.done) / total;
        const bool truth = event.kind == Kind::truth_begins || event.kind == Kind::truth_is_known;
        if (!*begin || event.kind == Kind::rows_begin) *begin = std::chrono::steady_clock::now();
        if (event.kind == Kind::rows_begin) return;
        const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - **begin).count();
        if (truth) {
            const double remaining = event.done > 0 ? elapsed * (total / static_cast<double>(event.done) - 1) : -1;
            progress.show(fmt::format("the truth: {} of {} samples", event.done, event.total), done_part, remaining);
            return;
        }
        if (event.kind == Kind::row_is_known) return;
        // what was foreseen, corrected by how the foreseen compared with the clock so far
        const double pace = event.seconds_done > 0 ? elapsed / event.seconds_done : 1;
        const double left = (event.seconds_total - event.seconds_done) * pace;
        progress.show(fmt::format("row {} of {}: {} {} {} {} steps", event.done + 1, event.total, event.row->precision, event.row->tableau,
                                  event.row->method, event.row->steps),
                      event.seconds_total > 0 ? event.seconds_done / event.seconds_total : done_part, left);
    };
    return hooks;
}

// Truth, leading coefficients, rows; false when it was interrupted.
bool compute(const guidance::Study& study, Keeper& keeper, bool quiet) {
    Progress progress(!quiet);
    const guidance::StudyHooks hooks = hooks_of(progress);
    try {
        if (!keeper.truth()) keeper.keep(study.truth(hooks));
        guidance::StudyTruth truth = *keeper.truth();
        study.leading(truth, hooks);
        if (truth.vanishing != keeper.truth()->vanishing) keeper.keep(truth);
        const std::vector<guidance::StudyRow> known = keeper.rows();
        study.run(truth, known, [&](const guidance::StudyRow& row) { keeper.append(row); }, hooks);
        return true;
    } catch (const guidance::StudyStopped&) {
        return false;
    } catch (...) {
        keeper.abandon();
        throw;
    }
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

void tell(const Options& options, const guidance::Study& study, const Keeper& keeper, bool complete) {
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
    if (keeper.truth())
        text += fmt::format("error: relative, of the worst of {} sample{}; the truth has a relative error of about {:.0e}\n", problem.samples,
                            problem.samples == 1 ? "" : "s", keeper.truth()->relative_error);
    for (const std::string& remark : remarks) text += remark + "\n";
    if (!keeper.on_disk()) text += "nothing was kept: --out DIR writes the rows, the pictures and a report\n";
    else if (keeper.truth()) text += fmt::format("report: {}/report.html\n", options.out);
    say(text);
}

int run(const Options& given) {
    Options options = given;
    if (!options.x0.empty()) options.request.x0_file = options.x0;
    if (!options.y.empty()) options.request.y_file = options.y;
    const guidance::Study study(options.request);
    Keeper keeper(options.out, study.problem());
    if (keeper.dropped() > 0 && !options.quiet)
        whisper(fmt::format("costate: {} damaged or repeated line{} of rows.jsonl {} dropped\n", keeper.dropped(), keeper.dropped() == 1 ? "" : "s",
                            keeper.dropped() == 1 ? "was" : "were"));
    stop_on_signals();
    const bool complete = compute(study, keeper, options.json || options.quiet);
    tell(options, study, keeper, complete);
    if (complete) return done;
    whisper(fmt::format("costate: interrupted; {}\n", keeper.on_disk() ? "the same command goes on where this one stopped"
                                                                       : "with --out DIR the same command would go on where this one stopped"));
    return interrupted;
}

void declare(CLI::App& app, Options& options) {
    guidance::StudyRequest& request = options.request;
    app.add_option("SUBJECT", request.subject, "network file, gaussian-mixture, or the name of a field (costate list fields)")->required();
    app.add_option("--methods", request.methods, "gradient methods, comma separated (default: one of each kind; costate list methods)")->delimiter(',');
    app.add_option("--memory", request.memory, "a budget, as 64MB: adds the gradient under the checkpoint schedule that it allows, and says which")->check(not_empty());
    app.add_flag("--all-methods", request.all_methods, "every gradient method that there is")->excludes("--methods");
    app.add_option("--tableaus", request.tableaus, "tableaus (default: euler,midpoint,rk4,dormand-prince; costate list tableaus)")->delimiter(',');
    app.add_option("--steps", request.steps, "numbers of steps (default: 1,2,4, … 32 for a network, … 128 for a field)")->delimiter(',')->check(whole_number());
    app.add_option("--precisions", request.precisions, "f32, f64, mpfr50 (default: these), mixed: the field in single precision, the solver in double")->delimiter(',');
    app.add_option("--path", request.path, "probability path (costate list paths; default: the one that the file names, cond-ot for gaussian-mixture)")->check(not_empty());
    app.add_option("--variables", request.variables, "time, or regular: x/α over σ/α, smooth up to the data (default: time)")->check(not_empty());
    app.add_option("--dim", request.dimension, "dimension of gaussian-mixture (default: 2)")->check(whole_number());
    app.add_option("--loss", request.loss, "squared-distance: ½‖x(t1) - y‖², or observation:H.npy: ½‖H x(t1) - y‖²")->capture_default_str();
    app.add_option("--x0", options.x0, "starts, .npy, samples × dimension (default: N(0,I) from the seed; a field's own start)")->check(not_empty());
    app.add_option("--y", options.y, "targets, .npy, one or one a sample (default: N(0,I) from the seed; a field's own target)")->check(not_empty());
    app.add_option("--seed", request.seed, "of starts and targets (default: 0)")->check(whole_number());
    app.add_option("--samples", request.samples, "number of starts; the worst one is the row's (default: 4)")->check(whole_number());
    app.add_option("--t0", request.t0, "where the flow begins (default: 0, or 0.05 where that is singular)");
    app.add_option("--t1", request.t1, "where it ends (default: 1, 0.99 where that is singular, or the field's own); before --t0 the flow runs backwards");
    app.add_option("--digits", request.digits, "digits of the truth, 4 to 38")->capture_default_str();
    app.add_option("--out", options.out, "directory for rows.jsonl, table.csv, pictures and report.html; a study begun there goes on")->check(not_empty());
    app.add_option("--threads", request.threads, "at most (default: all; rows in f32 and f64 are timed on one)")->check(whole_number());
    app.add_flag("--json", options.json, "print one JSON object, and no progress");
    app.add_flag("--quiet", options.quiet, "no progress");
    app.footer("error: relative, against the truth; to DTO: against the solver's own derivative; evals, vjps, jvps: calls of the field and of its\n"
               "products. Without --out nothing is kept. Exit status: 0, or 2 when refused, 130 when interrupted.\n\nExample:\n  costate study models/moons.safetensors --methods dto,backsolve --tableaus rk4 --steps 4,8,16 --out report\n"
               "  costate study gaussian-mixture --path linear-vp --methods dto,greedy --tableaus rk4 --steps 16,32,64");
}

}  // namespace

Command study_command(CLI::App& application) {
    auto options = std::make_shared<Options>();
    CLI::App* app = application.add_subcommand("study", "The error and the cost of every gradient method, against a truth of 30 digits");
    declare(*app, *options);
    return {app, [options] { return run(*options); }};
}

}  // namespace costate::cli
