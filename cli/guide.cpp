// costate guide: samples of a model that satisfy what is asked of them.
#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "guidance/guide/comparison.hpp"
#include "guidance/guide/comparison_report.hpp"
#include "guidance/guide/posterior_comparison.hpp"
#include "guidance/guide/tune.hpp"
#include "guidance/journal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <stdexcept>

namespace costate::cli {

namespace {

using guidance::GuideRow;

struct Options {
    guidance::GuideRequest request;
    std::vector<std::string> losses;
    std::vector<std::size_t> targets;
    std::vector<double> weights;
    std::optional<double> value;
    std::size_t output = 0;
    std::string precision = "f32", out, save, images, reference, classifier, noise = "0";
    std::size_t posterior = 0, tune = 0;
    bool json = false, quiet = false;
};

constexpr const char* tuned_file = "tuned.json";

/// Rows in memory, or in a directory that a later run goes on with.
class Rows {
public:
    Rows(const std::string& out, const guidance::GuideSetup& setup) : setup_(setup) {
        if (out.empty()) return;
        journal_.emplace(out, guidance::JournalKind{"comparison", "guide.json", {tuned_file}}, setup.configuration(), [this](std::string_view line) { return take(line); });
    }
    void keep(const GuideRow& row, std::span<const double> sample) {
        if (journal_) {
            guidance::write_sample(journal_->path(), setup_, row, sample);  // before its row: a row that is there has its sample
            journal_->append(guidance::to_json_line(row));
        }
        rows_.push_back(row);
        if (!guidance::is_baseline(row.method)) samples_[row.image].assign(sample.begin(), sample.end());
    }
    /// The samples of this run, image by image; of one method. Empty where one of them failed.
    [[nodiscard]] std::vector<double> samples() const {
        std::vector<double> all;
        for (const auto& [image, sample] : samples_) {
            if (sample.empty()) return {};
            all.insert(all.end(), sample.begin(), sample.end());
        }
        return all;
    }
    void abandon() {
        if (journal_) journal_->abandon();
    }
    /// What was tuned before in the directory, on so many images; empty where nothing was.
    [[nodiscard]] std::vector<guidance::TunedMethod> tuned(std::size_t images) const {
        const auto text = journal_ ? journal_->found(tuned_file) : std::nullopt;
        return text ? guidance::tuned_from_json(*text, images) : std::vector<guidance::TunedMethod>{};
    }
    void keep(const std::vector<guidance::TunedMethod>& tuned, std::size_t images) {
        if (journal_) journal_->keep(tuned_file, guidance::to_json(tuned, images));
    }
    [[nodiscard]] const std::vector<GuideRow>& all() const { return rows_; }
    [[nodiscard]] bool on_disk() const { return journal_.has_value(); }
    /// Every row of the directory, image by image, this command's methods first.
    [[nodiscard]] std::vector<GuideRow> everything() const {
        std::vector<GuideRow> sorted = in_order();
        for (const GuideRow& row : rows_)
            if (std::none_of(sorted.begin(), sorted.end(), [&](const GuideRow& other) { return guidance::same_question(row, other); })) sorted.push_back(row);
        std::stable_sort(sorted.begin(), sorted.end(), [](const GuideRow& a, const GuideRow& b) { return a.image < b.image; });
        return sorted;
    }
    /// Those of this command's questions, in their order.
    [[nodiscard]] std::vector<GuideRow> in_order() const {
        std::vector<GuideRow> sorted;
        for (const GuideRow& asked : setup_.questions())
            for (const GuideRow& row : rows_)
                if (guidance::same_question(row, asked)) sorted.push_back(row);
        return sorted;
    }

private:
    bool take(std::string_view line) {
        const auto row = guidance::guide_row(line);
        if (!row || std::any_of(rows_.begin(), rows_.end(), [&](const GuideRow& other) { return guidance::same_question(*row, other); })) return false;
        rows_.push_back(*row);
        return true;
    }

    const guidance::GuideSetup& setup_;
    std::vector<GuideRow> rows_;
    std::map<std::size_t, std::vector<double>> samples_;
    std::optional<guidance::Journal> journal_;
};

/// Shows how far the work is, "sample 3 of 90: dps", and passes Ctrl-C on. `progress` outlives it.
guidance::GuideHooks hooks_of(Progress& progress, std::string_view noun) {
    guidance::GuideHooks hooks;
    hooks.stop = asked_to_stop;
    hooks.progress = [&progress, noun = std::string(noun), begin = std::chrono::steady_clock::now()](std::size_t known, std::size_t total, double fraction,
                                                                                                     const std::string& now) {
        const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        progress.show(fmt::format("{}{} of {}: {}", noun, known, total, now), fraction, fraction > 0.02 ? elapsed * (1 / fraction - 1) : -1);
    };
    return hooks;
}

void compute(const guidance::GuideSetup& setup, const Options& options, Rows& rows) {
    Progress progress(!options.json && !options.quiet);
    guidance::GuideHooks hooks = hooks_of(progress, "");
    hooks.keep = [&](const GuideRow& row, std::span<const double> sample, const auto&) { rows.keep(row, sample); };
    guidance::run_guide(setup, std::vector<GuideRow>(rows.all()), hooks);
}

/// The methods with their best numbers on images after those that are compared; a directory keeps what was found.
void tune(guidance::GuideSetup& setup, const Options& options, Rows& rows) {
    std::vector<guidance::TunedMethod> tuned = rows.tuned(options.tune);
    const bool known = std::all_of(setup.methods.begin(), setup.methods.end(), [&](const guidance::GuidanceMethod& method) {
        return std::any_of(tuned.begin(), tuned.end(), [&](const auto& one) { return one.given == method.spelling(); });
    });
    if (!known) {
        Progress progress(!options.json && !options.quiet);
        const guidance::GuideHooks hooks = hooks_of(progress, "");
        tuned = guidance::tune(setup, options.tune, hooks);
        rows.keep(tuned, options.tune);
    }
    std::vector<guidance::GuidanceMethod> chosen;
    for (const guidance::GuidanceMethod& method : setup.methods) {
        const auto one = std::find_if(tuned.begin(), tuned.end(), [&](const auto& t) { return t.given == method.spelling(); });
        const std::string spelling = one == tuned.end() ? method.spelling() : one->chosen;
        if (std::none_of(chosen.begin(), chosen.end(), [&](const auto& other) { return other.spelling() == spelling; })) chosen.push_back(guidance::find_guidance_method(spelling));
    }
    setup.methods = std::move(chosen);
    setup.remarks.push_back(fmt::format("Numbers were chosen on {} images after those compared, at most {} tries a method.", options.tune, guidance::tuning_budget));
}

std::string as_json(const guidance::GuideSetup& setup, std::span<const GuideRow> rows, bool complete) {
    nlohmann::ordered_json json;
    json["model"] = setup.title;
    json["path"] = setup.path;
    json["task"] = setup.task();
    json["precision"] = setup.precision;
    json["seed"] = setup.request.seed;
    json["complete"] = complete;
    json["rows"] = nlohmann::ordered_json::array();
    for (const GuideRow& row : rows) json["rows"].push_back(nlohmann::ordered_json::parse(guidance::to_json_line(row)));
    return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void tell(const guidance::GuideSetup& setup, const Options& options, const Rows& kept, bool complete) {
    const std::vector<GuideRow> rows = kept.in_order();
    std::vector<std::string> remarks = setup.remarks;
    if (!complete) remarks.emplace_back("The comparison was stopped; the same command goes on.");
    for (const std::string& sentence : guidance::failures(rows)) remarks.push_back(sentence);
    if (kept.on_disk() && !rows.empty())
        for (const std::string& sentence : guidance::write_guide_report(options.out, setup, kept.everything(), remarks, complete, asked_to_stop)) remarks.push_back(sentence);
    if (options.json) return say(as_json(setup, rows, complete));
    std::string text;
    const bool single = setup.methods.size() == 1 && setup.request.count == 1;
    if (single) {
        for (const GuideRow& row : rows)
            if (!guidance::is_baseline(row.method)) text += guidance::guide_line(row);
    } else {
        text += guidance::guide_table(guidance::summaries(rows, setup.request.seed));
    }
    if (!single)
        for (const std::string& remark : remarks) text += remark + "\n";
    if (kept.on_disk()) text += fmt::format("report: {}/report.html\n", options.out);
    else if (options.save.empty() && !single) text += "no sample was kept: --save FILE writes one, --out DIR all of them and a report\n";
    say(text);
}

void complete_request(Options& options) {
    guidance::GuideRequest& request = options.request;
    if (options.precision != "f32" && options.precision != "f64") throw std::invalid_argument(fmt::format("--precision: there is no '{}'; choose f32 or f64", options.precision));
    request.single_precision = options.precision == "f32";
    request.images = options.images;
    request.reference = options.reference;
    request.classifier = options.classifier;
    if (options.noise.ends_with(".npy")) request.noise_file = options.noise;
    else {
        std::size_t used = 0;
        try { request.noise = std::stod(options.noise, &used); } catch (const std::exception&) { used = 0; }
        if (options.noise.empty() || used != options.noise.size()) throw std::invalid_argument(fmt::format("--noise {}: give a standard deviation, or a .npy file of noise", options.noise));
    }
    const std::size_t n = options.losses.size();
    if (n == 0 && (!options.targets.empty() || options.value)) throw std::invalid_argument("--target and --value belong to a network; name it with --loss FILE");
    if (n > 1 && !options.targets.empty() && options.targets.size() != n)
        throw std::invalid_argument(fmt::format("--target: {} classes for {} networks; give one each", options.targets.size(), n));
    if (!options.weights.empty() && options.weights.size() != n) throw std::invalid_argument(fmt::format("--weight: {} weights for {} networks; give one each", options.weights.size(), n));
    for (std::size_t i = 0; i < n; ++i) {
        guidance::LossRequest loss{options.losses[i], n == 1 ? options.targets : std::vector<std::size_t>{}, options.value, options.output};
        if (n > 1 && !options.targets.empty()) loss.targets = {options.targets[i]};
        if (!options.weights.empty()) loss.weight = options.weights[i];
        request.losses.push_back(std::move(loss));
    }
}

/// 1 where a method made no sample at all.
int status_of(std::span<const guidance::PosteriorRow> rows) {
    return std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.samples == 0; }) ? disagrees : done;
}

/// Many samples of one measurement, and how far they are from p(x | y).
int run_posterior(const guidance::GuideSetup& setup, const Options& options) {
    Progress progress(!options.json && !options.quiet);
    const guidance::GuideHooks hooks = hooks_of(progress, "sample ");
    stop_on_signals();
    if (options.tune > 0) throw std::invalid_argument("--tune: numbers are chosen for images; compare with --images first, and give --posterior the methods with these numbers");
    (void)guidance::posterior_of(setup);  // what cannot be is refused before a directory appears
    std::optional<guidance::Journal> journal;
    const auto again = [](std::string_view) { return false; };  // samples are not kept, so rows are computed anew
    if (!options.out.empty())
        journal.emplace(options.out, guidance::JournalKind{"comparison of posterior samplers", "posterior.json"}, setup.configuration(), again);
    std::vector<guidance::PosteriorRow> rows;
    try {
        rows = guidance::run_posterior(setup, options.posterior, hooks);
    } catch (const guidance::GuidanceStopped&) {
        if (journal) journal->abandon();
        whisper("costate: interrupted; samples of a posterior are not kept before all are there\n");
        return interrupted;
    } catch (...) {
        if (journal) journal->abandon();
        throw;
    }
    progress.clear();
    if (journal)
        for (const auto& row : rows) journal->append(guidance::to_json_line(row));
    std::vector<std::string> remarks = setup.remarks;
    if (!options.out.empty())
        for (const std::string& sentence : guidance::write_posterior_report(options.out, setup, rows)) remarks.push_back(sentence);
    if (options.json) {
        nlohmann::ordered_json json = {{"model", setup.title}, {"task", setup.task()}, {"rows", nlohmann::ordered_json::array()}};
        for (const auto& row : rows) json["rows"].push_back(nlohmann::ordered_json::parse(guidance::to_json_line(row)));
        say(json.dump(2) + "\n");
        return status_of(rows);
    }
    std::string text = guidance::posterior_table(rows);
    for (const std::string& remark : remarks) text += remark + "\n";
    say(text + (options.out.empty() ? "" : fmt::format("report: {}/posterior.html\n", options.out)));
    return status_of(rows);
}

/// What cannot be written is refused before anything is computed.
void check_save(const Options& options, const guidance::GuideSetup& setup) {
    namespace fs = std::filesystem;
    if (options.save.empty()) return;
    if (setup.methods.size() != 1 || !options.out.empty() || options.posterior > 0)
        throw std::invalid_argument("--save: it writes the samples of one method; use --out DIR alone for more");
    const fs::path file = options.save;
    const std::string ending = file.extension().string();
    const bool picture = ending == ".png" || ending == ".pgm";
    if ((!picture && ending != ".npy" && ending != ".idx") || (picture && setup.request.count != 1) || (ending != ".npy" && !setup.shape.is_image()))
        throw std::invalid_argument(fmt::format("--save {}: .png and .pgm hold one image, .idx grey images, .npy any samples; give such an ending", options.save));
    std::error_code ignored;
    const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    if (!fs::is_directory(folder, ignored)) throw std::invalid_argument(fmt::format("--save {}: there is no folder {}; make it first", options.save, folder.string()));
    if (fs::is_directory(file, ignored)) throw std::invalid_argument(fmt::format("--save {}: that is a folder; give the name of a file", options.save));
}

int run(const Options& given) {
    Options options = given;
    complete_request(options);
    guidance::GuideSetup setup = guidance::guide_setup(options.request);
    check_save(options, setup);
    if (options.posterior > 0) return run_posterior(setup, options);
    Rows rows(options.out, setup);
    stop_on_signals();
    bool complete = true;
    try {
        if (options.tune > 0) tune(setup, options, rows);
        compute(setup, options, rows);
    } catch (const guidance::GuidanceStopped&) {
        complete = false;
    } catch (...) {
        if (rows.all().empty()) rows.abandon();
        throw;
    }
    const std::vector<double> samples = options.save.empty() || !complete ? std::vector<double>() : rows.samples();
    if (!samples.empty()) guidance::write_samples_to(options.save, setup, samples);
    tell(setup, options, rows, complete);
    const std::vector<GuideRow> asked = rows.in_order();
    const bool failed = std::any_of(asked.begin(), asked.end(), [](const GuideRow& row) { return !row.loss; });
    if (complete && !options.save.empty() && samples.empty()) whisper(fmt::format("costate: {} was not written: a sample failed\n", options.save));
    if (complete) return failed ? disagrees : done;
    whisper(fmt::format("costate: interrupted; {}\n", rows.on_disk() ? "the same command goes on where this one stopped" : "with --out DIR the same command would go on"));
    return interrupted;
}

void declare(CLI::App& app, Options& options) {
    guidance::GuideRequest& r = options.request;
    app.add_option("MODEL", r.model, "network file (velocity, epsilon or x1), gaussian-mixture, or images (folder, IDX, .npy): their exact flow")->required();
    app.add_option("--task", r.task, "what is measured: inpaint:box, super-resolution:2, blur:gaussian:1, … (costate list tasks)")->check(not_empty());
    app.add_option("--images", options.images, "the images that are measured: IDX (also .gz), .npy, PNG, PGM, or a folder of these")->check(not_empty());
    app.add_option("--first", r.first, "the first of them, from 0")->check(whole_number())->capture_default_str();
    app.add_option("--count", r.count, "how many")->check(whole_number())->capture_default_str();
    app.add_option("--noise", options.noise, "standard deviation of the measurement's noise, or a .npy file of noise")->capture_default_str();
    app.add_option("--loss", options.losses, "network file(s) whose output the sample should have")->delimiter(',')->check(not_empty());
    app.add_option("--target", options.targets, "the class that is wanted; several: image by image, or one a network")->delimiter(',')->check(whole_number());
    app.add_option("--value", options.value, "the value of --output that is wanted, in place of a class")->excludes("--target");
    app.add_option("--output", options.output, "which output of the network has --value, from 0")->check(whole_number())->excludes("--target");
    app.add_option("--weight", options.weights, "weight of each network's loss beside the measurement's (default: 1)")->delimiter(',');
    app.add_option("--task-weight", r.task_weight, "weight of the measurement's loss")->capture_default_str();
    app.add_option("--reference", options.reference, "image(s) near which the sample should be, weighted by --reference-weight")->check(not_empty());
    app.add_option("--reference-weight", r.reference_weight, "weight of the distance to the reference")->capture_default_str();
    app.add_option("--classifier", options.classifier, "network that tells whether a sample has its truth's class")->check(not_empty());
    app.add_option("--methods", r.methods, "guidance methods, comma separated, as dps:zeta=0.5, or all (default: greedy; costate list guidance)")->delimiter(',');
    app.add_option("--tune", options.tune, "choose each method's one or two numbers on so many images after those compared, the same budget for all")->check(whole_number());
    app.add_option("--gradient", r.options.gradient, "gradient method of those that differentiate a solve (costate list methods)")->capture_default_str();
    app.add_option("--tableau", r.options.tableau, "Runge-Kutta method of those that differentiate a solve (default: the method's)")->check(not_empty());
    app.add_option("--steps", r.options.steps, "solver steps of every method (default: each method's own)")->check(whole_number());
    app.add_option("--path", r.path, "probability path (default: the network's; cond-ot for exact models)")->check(not_empty());
    declare_load_options(app, r.load);
    app.add_option("--dim", r.dimension, "dimension of gaussian-mixture (default: 2)")->check(whole_number());
    app.add_option("--points", r.points, "at most so many images make the exact flow of a data set (default: 10000)")->check(whole_number());
    app.add_option("--tau", r.tau, "their width (default: 0.05)");
    app.add_option("--posterior", options.posterior, "of an exact model: so many samples of one measurement by each method, beside p(x | y) in closed form")->check(whole_number());
    app.add_option("--seed", r.seed, "of everything that is random")->check(whole_number())->capture_default_str();
    app.add_option("--precision", options.precision, "f32 or f64")->capture_default_str();
    app.add_option("--threads", r.threads, "at most (default: all); the samples do not depend on it")->check(whole_number());
    app.add_option("--save", options.save, "write the samples of one method: .png or .pgm of one, .npy or .idx of any number")->check(not_empty());
    app.add_option("--out", options.out, "directory for samples, rows.jsonl, table.csv and report.html; a comparison begun there goes on")->check(not_empty());
    app.add_flag("--json", options.json, "print one JSON object, and no progress");
    app.add_flag("--quiet", options.quiet, "no progress");
    app.footer("Exit status: 0, 1 where a sample failed, 2 when refused, 130 when interrupted. The files of the examples are your own; images of MNIST come as IDX.\n\nExamples:\n  costate guide unet.safetensors --task inpaint:box --images t10k-images-idx3-ubyte.gz --methods d-flow --save sample.png\n"
               "  costate guide unet.safetensors --task super-resolution:2 --images t10k-images-idx3-ubyte.gz --count 16 --methods all --out comparison\n"
               "  costate guide unet.safetensors --loss classifier.safetensors --target 7 --save seven.png\n"
               "  costate guide gaussian-mixture --task projection:1 --noise 0.3 --methods all --posterior 1000 --out posterior");
}

}  // namespace

Command guide_command(CLI::App& application) {
    auto options = std::make_shared<Options>();
    CLI::App* app = application.add_subcommand("guide", "Controlled generation: samples of a model that satisfy what is asked, by every method");
    declare(*app, *options);
    return {app, [options] { return run(*options); }};
}

}  // namespace costate::cli
