// costate verify: theorems as programs.
#include "claims/verify.hpp"

#include "claims/list.hpp"
#include "claims/networks.hpp"
#include "claims/report/report.hpp"
#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/verify_text.hpp"
#include "nn/network.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>

namespace costate::cli {

namespace {

using claims::Claim;
using claims::VerifyEvent;
using claims::VerifyRow;
using claims::VerifyTask;
using Clock = std::chrono::steady_clock;

struct Options {
    std::vector<std::string> names, settings;
    std::string model, out;
    nn::LoadOptions load;
    bool quick = false, all = false, exhaustive = false, sabotage = false, tex = false, json = false, quiet = false;
    std::size_t threads = 0;

    [[nodiscard]] claims::Coverage coverage() const {
        return exhaustive ? claims::Coverage::exhaustive : all ? claims::Coverage::pairwise : claims::Coverage::quick;
    }
    [[nodiscard]] bool tells_lines() const { return !json && !tex; }
};

// Letters to insert, remove or replace (Levenshtein 1966).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0]++;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

[[noreturn]] void refuse_name(const std::vector<Claim>& all, const std::string& name) {
    std::vector<std::pair<std::size_t, std::string>> near;
    for (const Claim& claim : all) near.emplace_back(distance(name, claim.id), claim.id);
    std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> nearest;
    for (const auto& [far, id] : near)
        if (nearest.size() < 3 && far <= std::max<std::size_t>(3, name.size() / 3)) nearest.push_back(id);
    const std::string meant = nearest.empty() ? "" : fmt::format("did you mean {}? ", fmt::join(nearest, " or "));
    throw std::invalid_argument(fmt::format("there is no claim '{}'; {}costate list claims names them all", plain(name, 60), meant));
}

// The network that is named, if one is, and the path it is taken on: the one that is set, or the file's own.
struct Request {
    std::vector<claims::Wish> wishes;
    std::optional<claims::NetworkFacts> network;
    std::optional<guidance::AnyPath> path;
};

[[noreturn]] void refuse_wishes(const Request& request, const std::vector<claims::LeftOut>& left_out) {
    if (!left_out.empty()) {
        // what can be done about it comes first: a claim that would only take long
        const auto asks = [](const claims::LeftOut& one) { return one.why.find("by its whole id") != std::string::npos; };
        const auto found = std::find_if(left_out.begin(), left_out.end(), asks);
        const claims::LeftOut& told = found == left_out.end() ? left_out.front() : *found;
        throw std::invalid_argument(fmt::format("no claim can be run on {} unasked; {}: {}", request.network->file, told.id, told.why));
    }
    std::vector<std::string> wishes;
    for (const auto& wish : request.wishes)
        if (!wish.where_it_applies) wishes.push_back(plain(wish.key + (wish.key == "field" ? "=" + wish.value : ""), 60));
    throw std::invalid_argument(fmt::format("none of these claims depends on {}; costate list claims says what each depends on", fmt::join(wishes, " and ")));
}

// Why a claim is not run on the network: it says nothing there, or it takes minutes and was not asked for by its whole id.
std::optional<std::string> left_out_of(const Claim& claim, const Request& request, bool named) {
    if (!request.network) return std::nullopt;
    const auto reason = [&]() -> std::optional<std::string> {
        if (!claim.axes.model) return claims::no_offer(claim, request.wishes);
        return claims::no_claim(claim, *request.network, request.path);
    };
    if (auto why = reason()) {
        if (named) throw std::invalid_argument(fmt::format("claim {} cannot be run on {}: {}", claim.id, request.network->file, *why));
        return why;
    }
    return named ? std::nullopt : claims::long_claim(claim, *request.network);
}

struct Chosen {
    std::vector<const Claim*> claims;
    std::vector<claims::LeftOut> left_out;
};

// Where no claim was named and every one on the network would take minutes the shortest is run all the same.
void take_shortest(Chosen& chosen, const std::vector<Claim>& all, const Request& request) {
    const Claim* shortest = nullptr;
    for (const claims::LeftOut& one : chosen.left_out) {
        const Claim& claim = *std::find_if(all.begin(), all.end(), [&](const Claim& c) { return c.id == one.id; });
        if (claims::no_offer(claim, request.wishes) || left_out_of(claim, request, false) != claims::long_claim(claim, *request.network)) continue;
        if (!shortest || claims::seconds_on(claim, *request.network) < claims::seconds_on(*shortest, *request.network)) shortest = &claim;
    }
    if (!shortest) return;
    chosen.claims.push_back(shortest);
    std::erase_if(chosen.left_out, [&](const claims::LeftOut& one) { return one.id == shortest->id; });
}

// In the order of the list. A name is an id or the beginning of some; what was not named by its whole id need not offer every wish.
Chosen choose(const std::vector<Claim>& all, const Options& options, const Request& request) {
    std::vector<bool> named(all.size(), false), taken(all.size(), options.names.empty());
    for (const std::string& name : options.names) {
        const auto whole = std::find_if(all.begin(), all.end(), [&](const Claim& claim) { return claim.id == name; });
        bool any = whole != all.end();
        if (any) named[static_cast<std::size_t>(whole - all.begin())] = true;
        for (std::size_t i = 0; whole == all.end() && i < all.size(); ++i)
            if (!name.empty() && all[i].id.starts_with(name)) taken[i] = any = true;
        if (!any) refuse_name(all, name);
    }
    Chosen chosen;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!named[i] && !taken[i]) continue;
        if (const auto why = claims::no_offer(all[i], request.wishes); why && !named[i]) {
            if (request.network) chosen.left_out.push_back({all[i].id, *why});
            continue;
        }
        if (const auto why = left_out_of(all[i], request, named[i])) chosen.left_out.push_back({all[i].id, *why});
        else chosen.claims.push_back(&all[i]);
    }
    if (chosen.claims.empty() && request.network && options.names.empty()) take_shortest(chosen, all, request);
    if (chosen.claims.empty()) refuse_wishes(request, chosen.left_out);
    return chosen;
}

// The network's path is the file's own where none is set. An output other than a velocity is nothing without one.
void add_network(Request& request, const std::string& file, const nn::LoadOptions& load) {
    claims::NetworkFile network(file);
    network.input = load.input;
    network.time = load.time;
    network.parametrisation = load.parametrisation;
    request.network = claims::network_facts(network);
    for (const auto& [key, value] : {std::pair{"input", load.input}, {"time", load.time}, {"parametrisation", load.parametrisation}})
        if (!value.empty()) request.wishes.push_back({key, value});
    const auto path = std::find_if(request.wishes.begin(), request.wishes.end(), [](const claims::Wish& wish) { return wish.key == "path"; });
    if (path != request.wishes.end()) {
        request.path = guidance::find_path(path->value);
        return;
    }
    request.path = request.network->path;
    if (request.path) request.wishes.push_back({"path", guidance::name_of(*request.path), true});
    else if (request.network->given != guidance::Parametrisation::velocity)
        throw std::invalid_argument(fmt::format("{}: its {} becomes a velocity on a path only, and the path that it names ('{}') is unknown; name one with "
                                                "--set path=NAME", file, name_of(request.network->given), plain(request.network->path_name, 40)));
}

Request request_of(const Options& options) {
    Request request;
    std::vector<claims::Wish>& wishes = request.wishes;
    for (const std::string& text : options.settings) {
        wishes.push_back(claims::wish_from(text));
        const auto same = [&](const claims::Wish& wish) { return wish.key == wishes.back().key; };
        if (std::count_if(wishes.begin(), wishes.end(), same) > 1)
            throw std::invalid_argument(fmt::format("'{}' is set twice; leave out one of them", wishes.back().key));
    }
    const auto model = [&] { return std::find_if(wishes.begin(), wishes.end(), [](const claims::Wish& wish) { return wish.key == "model"; }); };
    if (!options.model.empty()) {
        if (model() != wishes.end()) throw std::invalid_argument("two networks are named; leave out --model or --set model=FILE");
        wishes.push_back({"model", options.model});
    }
    if (model() != wishes.end()) add_network(request, std::string(model()->value), options.load);
    else if (!options.load.input.empty() || !options.load.time.empty() || !options.load.parametrisation.empty())
        throw std::invalid_argument("--input, --time and --parametrisation are said of a network, and none is named; add --model FILE");
    return request;
}

// 64-bit FNV-1a of a file's bytes, going on from `hash`.
std::uint64_t hash_of(const std::string& file, std::uint64_t hash) {
    std::ifstream in(file, std::ios::binary);
    std::vector<char> block(1 << 16);
    while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0)
        for (std::size_t i = 0; i < static_cast<std::size_t>(in.gcount()); ++i)
            hash = (hash ^ static_cast<unsigned char>(block[i])) * 0x100000001b3U;
    return hash;
}

constexpr std::uint64_t first_hash = 0xcbf29ce484222325U;

// Another build or another network answers another question.
std::string fingerprint(const Request& request) {
    std::uint64_t hash = hash_of("/proc/self/exe", first_hash);
    if (request.network) hash = hash_of(request.network->file, hash);
    return fmt::format("{} {:016x}", COSTATE_VERSION, hash);
}

// What is shown while claims run.
class Teller {
public:
    Teller(const Options& options, std::span<const VerifyTask> tasks)
        : options_(options), widths_(widths_of(tasks)), progress_(!options.quiet && !options.json) {}
    void operator()(const VerifyEvent& event) {
        using Kind = VerifyEvent::Kind;
        if (event.kind == Kind::row_is_known) ++known_;
        if (event.row != nullptr && options_.tells_lines()) tell(event);
        if (event.kind == Kind::row_is_known) return;
        const double elapsed = seconds(), computed = static_cast<double>(event.done - known_), open = static_cast<double>(event.total - event.done);
        progress_.show(fmt::format("{} of {}: {} {}", event.done, event.total, event.task->claim->id, event.task->setting_text),
                       static_cast<double>(event.done) / static_cast<double>(event.total), computed > 0 ? elapsed / computed * open : -1);
    }
    [[nodiscard]] double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }
    void finish() { progress_.clear(); }

private:
    void tell(const VerifyEvent& event) {
        const bool fine = options_.sabotage ? event.row->control_noticed : event.row->comes_out();
        if (options_.quiet && fine) return;
        progress_.clear();
        say(options_.sabotage ? sabotage_text(*event.row, *event.task)
                              : line_of(*event.row, *event.task, widths_, event.kind == VerifyEvent::Kind::row_is_known));
    }

    const Options& options_;
    LineWidths widths_;
    Progress progress_;
    Clock::time_point begin_ = Clock::now();
    std::size_t known_ = 0;
};

// The last words, the report among them.
void tell(const Options& options, std::span<const VerifyTask> tasks, std::span<const VerifyRow> rows, std::span<const claims::LeftOut> left_out,
          double seconds) {
    const auto reported = claims::reported(tasks, rows);
    std::vector<std::string> remarks, problems;
    if (rows.size() < tasks.size()) remarks.push_back(fmt::format("The run was stopped: {} of {} verdicts are here.", rows.size(), tasks.size()));
    std::vector<std::string> head = remarks;
    for (const claims::LeftOut& one : left_out) head.push_back(fmt::format("{} was left out: {}.", one.id, one.why));
    if (!options.out.empty()) problems = claims::write_verify_report(options.out, reported, head);
    if (options.json) {
        say(options.sabotage ? sabotage_json(rows, tasks, left_out) : verify_json(rows, tasks.size(), left_out));
    } else if (options.tex) {
        head.insert(head.end(), problems.begin(), problems.end());
        say(claims::verify_table_tex(reported, head));
    } else {
        remarks.insert(remarks.end(), problems.begin(), problems.end());
        std::string text;
        for (const std::string& remark : remarks) text += readable(remark, 2000) + "\n";
        text += summary_of(rows, tasks.size(), left_out.size(), seconds, options.sabotage);
        if (!options.out.empty()) text += fmt::format("report: {}/report.html\n", options.out);
        say(text);
    }
}

int status_of(const Options& options, std::span<const VerifyTask> tasks, std::span<const VerifyRow> rows) {
    if (rows.size() < tasks.size()) {
        whisper(fmt::format("costate: interrupted; {}\n", !options.out.empty() ? "the same command goes on where this one stopped"
                                                                              : "with --out DIR the same command would go on where this one stopped"));
        return interrupted;
    }
    const auto fine = [&](const VerifyRow& row) { return options.sabotage ? row.control_noticed : row.comes_out(); };
    return std::all_of(rows.begin(), rows.end(), fine) ? done : disagrees;
}

// Rows of a network that changed while they were computed belong to neither.
void check_unchanged(const Request& request, std::uint64_t before) {
    if (request.network && hash_of(request.network->file, first_hash) != before)
        throw std::runtime_error(fmt::format("{} changed while claims were run on it; run the command again", request.network->file));
}

int run(const Options& options) {
    const std::vector<Claim> all = claims::all_claims();
    const Request request = request_of(options);
    const Chosen chosen = choose(all, options, request);
    const auto tasks = claims::verify_tasks(chosen.claims, request.wishes, options.coverage());
    std::optional<claims::VerifyDirectory> directory;
    claims::VerifyOptions how;
    how.threads = options.threads;
    const std::uint64_t network = request.network ? hash_of(request.network->file, first_hash) : 0;
    how.keep = [&](const VerifyRow& row) {
        check_unchanged(request, network);
        if (directory) directory->append(row);
    };
    if (!options.out.empty()) {
        directory.emplace(options.out);
        how.fingerprint = fingerprint(request);
        how.known = directory->rows();
        if (directory->dropped_lines() > 0 && !options.quiet)
            whisper(fmt::format("costate: damaged or repeated lines of rows.jsonl were dropped: {}\n", directory->dropped_lines()));
    }
    if (options.tells_lines() && !options.quiet) say(left_out_text(chosen.left_out));
    stop_on_signals();
    how.stop = asked_to_stop;
    Teller teller(options, tasks);
    how.event = [&](const VerifyEvent& event) { teller(event); };
    std::vector<VerifyRow> rows;
    try {
        rows = claims::verify(tasks, how);
        teller.finish();
        tell(options, tasks, rows, chosen.left_out, teller.seconds());
    } catch (...) {
        if (directory) directory->abandon();
        throw;
    }
    return status_of(options, tasks, rows);
}

void declare(CLI::App& app, Options& options) {
    app.add_option("CLAIM", options.names, "claims, or the beginning of their names (default: all; costate list claims)");
    auto* quick = app.add_flag("--quick", options.quick, "every reading in its default setting; this is the default");
    auto* all = app.add_flag("--all", options.all, "every pair of tableau, path, field and dimension");
    auto* exhaustive = app.add_flag("--exhaustive", options.exhaustive, "every combination of them");
    all->excludes(quick);
    exhaustive->excludes(quick)->excludes(all);
    app.add_option("--set", options.settings, "key=value …: tableau, path, field, dim or seed; the others keep their default or are covered")
        ->expected(1, 1000);
    app.add_option("--model", options.model, "network file (.safetensors or .onnx), velocity, epsilon or x1: the claims that make sense on a network of one's own")->check(not_empty());
    declare_load_options(app, options.load);
    auto* sabotage = app.add_flag("--sabotage", options.sabotage, "run the control: what was broken, and how the claim noticed");
    auto* out = app.add_option("--out", options.out, "directory for rows.jsonl, report.html and table.tex; what was begun there goes on");
    out->check(not_empty());
    auto* tex = app.add_flag("--tex", options.tex, "print the LaTeX table");
    auto* json = app.add_flag("--json", options.json, "print one JSON object, and no progress");
    app.add_option("--threads", options.threads, "at most (default: all)")->check(whole_number());
    app.add_flag("--quiet", options.quiet, "no progress, and no line for what comes out as predicted");
    tex->excludes(json)->excludes(sabotage);
    out->excludes(sabotage);
    app.footer("Every reading is run with its control, the same computation with one thing broken. Exit status: 0 when every reading comes out as\n"
               "it is expected to and every control is noticed, 1 when not, 2 when refused, 130 when interrupted.\n\n"
               "Example:\n  costate verify --quick\n  costate verify greed-theorem-4 --set tableau=rk4 path=cosine dim=3 seed=7\n"
               "  costate verify greed --all --out report\n  costate verify --sabotage greed-theorem-4\n"
               "  costate verify --model models/moons.safetensors");
}

}  // namespace

Command verify_command(CLI::App& application) {
    auto options = std::make_shared<Options>();
    CLI::App* app = application.add_subcommand("verify", "Theorems as programs: what is predicted, what is measured, and a control that must fail");
    declare(*app, *options);
    return {app, [options] { return run(*options); }};
}

}  // namespace costate::cli
