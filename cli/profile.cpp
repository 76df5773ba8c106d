// costate profile: what a solve and its gradient cost here, beside what the machine can do.
#include "guidance/profile.hpp"

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "guidance/profile_report.hpp"
#include "guidance/study.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

namespace costate::cli {

namespace {

using Json = nlohmann::ordered_json;

struct Options {
    guidance::ProfileRequest request;
    std::string out;
    bool json = false, quiet = false;
};

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }
Json quartiles(const guidance::Spread& spread) { return Json::array({spread.low, spread.high}); }

std::string as_json(const guidance::Profile& p) {
    Json ops = Json::array();
    for (const guidance::OpCost& op : p.ops)
        ops.push_back({{"name", op.name}, {"count", op.count}, {"forward_seconds", op.forward_seconds}, {"pullback_seconds", op.pullback_seconds}});
    const guidance::ProfileRequest& r = p.request;
    const Json json = {{"model", r.subject}, {"method", r.method}, {"tableau", r.tableau}, {"steps", r.steps}, {"batch", r.batch}, {"precision", r.precision},
                       {"threads", r.threads}, {"theta", r.theta}, {"t0", p.t0}, {"t1", p.t1}, {"dimension", p.dimension}, {"weights", p.weights},
                       {"rows", p.rows}, {"rounds", p.rounds}, {"forward_seconds", p.forward_seconds.median}, {"forward_quartiles", quartiles(p.forward_seconds)},
                       {"gradient_seconds", p.gradient_seconds.median}, {"gradient_quartiles", quartiles(p.gradient_seconds)},
                       {"ratio", p.ratio.median}, {"ratio_quartiles", quartiles(p.ratio)}, {"evaluations_per_second", p.evaluations_per_second},
                       {"gflops", p.gflops}, {"gemm_gflops", p.gemm_gflops}, {"gemm_fraction", or_null(p.gemm_fraction)},
                       {"read_bandwidth", p.bandwidth}, {"weight_bandwidth", or_null(p.weight_bandwidth)}, {"bandwidth_fraction", or_null(p.bandwidth_fraction)},
                       {"peak_bytes", p.peak_bytes}, {"ops", ops}, {"other_seconds", p.other_seconds}, {"choice", p.choice.empty() ? Json() : Json(p.choice)},
                       {"status", p.not_finite.empty() ? "success" : "non-finite"}, {"not_finite", p.not_finite.empty() ? Json() : Json(p.not_finite)}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

int run(const Options& options) {
    if (!options.out.empty()) guidance::check_profile_directory(options.out);
    stop_on_signals();
    std::optional<guidance::Profile> profile;
    {
        Progress progress(!options.json && !options.quiet);
        const auto begin = std::chrono::steady_clock::now();
        try {
            profile = guidance::profile(options.request, asked_to_stop, [&](double fraction) {
                const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
                progress.show("measuring", fraction, fraction > 0 ? elapsed * (1 / fraction - 1) : -1);
            });
        } catch (const guidance::StudyStopped&) {
            progress.clear();
            whisper("costate: interrupted; nothing is kept, the same command measures again\n");
            return interrupted;
        }
    }
    const std::string json = as_json(*profile);
    std::vector<std::string> remarks;
    if (!options.out.empty()) remarks = guidance::write_profile_report(options.out, *profile, json);
    if (options.json) {
        say(json);
        return done;
    }
    std::string text = guidance::profile_table(*profile);
    for (const std::string& remark : remarks) text += remark + "\n";
    if (!options.out.empty()) text += fmt::format("report: {}/report.html\n", options.out);
    say(text);
    return done;
}

}  // namespace

Command profile_command(CLI::App& application) {
    auto options = std::make_shared<Options>();
    guidance::ProfileRequest& request = options->request;
    CLI::App* app = application.add_subcommand("profile", "What a solve and its gradient cost, beside what this machine can do");
    app->add_option("MODEL", request.subject, "network file, or the name of a field (costate list fields)")->required();
    app->add_option("--tableau", request.tableau, "Runge–Kutta tableau (costate list tableaus)")->capture_default_str();
    app->add_option("--steps", request.steps, "number of steps")->capture_default_str()->check(whole_number());
    app->add_option("--batch", request.batch, "number of samples")->capture_default_str()->check(whole_number());
    app->add_option("--precision", request.precision, "f32, mixed (f32 inside f64) or f64")->capture_default_str();
    app->add_option("--threads", request.threads, "threads that share the tiles; 0: all")->capture_default_str()->check(whole_number());
    CLI::Option* const method = app->add_option("--method", request.method, "gradient method (costate list methods)")->capture_default_str();
    app->add_option("--memory", request.memory, "a budget, as 64MB: the checkpoint schedule that it allows is the method")->check(not_empty())->excludes(method);
    app->add_option("--path", request.path, "probability path of a network that predicts noise or data (default: the file's)")->check(not_empty());
    declare_load_options(*app, request.load);
    app->add_option("--rows", request.rows, "samples of a tile (default: what fits the cache)")->check(whole_number());
    app->add_option("--seconds", request.seconds, "no round begins later, once there are three")->capture_default_str();
    app->add_option("--out", options->out, "directory for report.html, the picture and profile.json")->check(not_empty());
    app->add_flag("--theta", request.theta, "the gradient in the weights as well");
    app->add_flag("--json", options->json, "print one JSON object, and no progress");
    app->add_flag("--quiet", options->quiet, "no progress");
    app->footer("Solve, gradient, the library's dense kernel and a plain read of the weights are timed in turn, at least 20 rounds: medians, with quartiles.\n"
                "Exit status: 0, or 2 when refused, 130 when interrupted.\n\nExample:\n  costate profile models/moons.safetensors --steps 50 --batch 1024 --out profile");
    return {app, [options] { return run(*options); }};
}

}  // namespace costate::cli
