#include "claims/verify.hpp"

#include "claims/engine.hpp"
#include "claims/networks.hpp"
#include "kernels/parallel.hpp"
#include "ode/rooted_trees.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace costate::claims {

namespace {

using Clock = std::chrono::steady_clock;

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

[[noreturn]] void refuse_key(const Claim& claim, const std::string& key) {
    std::vector<std::string> known;
    for (const char* name : {"tableau", "path", "field", "dim", "seed", "model"})
        if (claim.axes.contains(name)) known.emplace_back(name);
    throw std::invalid_argument("claim " + claim.id + " does not depend on " + key + "; " +
                                (known.empty() ? "nothing can be set for it" : "what can be set for it is " + listed(known)));
}

// The claim's own list is what its fields can be; the library's list may hold more.
void check_field(const Claim& claim, const std::string& field) {
    const auto& fields = claim.axes.fields;
    if (std::find(fields.begin(), fields.end(), field) != fields.end()) return;
    if (field == "network" && claim.axes.model)
        throw std::invalid_argument("claim " + claim.id + ": the field 'network' is read from a file; name it with --model FILE");
    throw std::invalid_argument("claim " + claim.id + " has no field '" + field + "'; choose one of " + listed(fields) +
                                (claim.axes.model ? " or name a network with --model FILE" : ""));
}

// Why a claim cannot be asked about a tableau. Classical ones that it does not list are outside its hypotheses; a claim that lists them all is
// about every tableau, as far as exact series see it.
std::optional<std::string> no_tableau(const Claim& claim, const std::string& name) {
    const auto& listed_here = claim.axes.tableaus;
    if (listed_here.empty() || std::find(listed_here.begin(), listed_here.end(), name) != listed_here.end()) return std::nullopt;
    if (listed_here.size() < ode::tableaus().size()) return "says nothing about the tableau '" + name + "'";
    const ode::Tableau& tableau = ode::find_tableau(name);
    if (claim.axes.any_tableau && tableau.beyond == 0) return std::nullopt;
    if (!tableau.exact) return "compares in rational numbers, and the coefficients of the tableau '" + name + "' are decimals";
    const std::size_t order = ode::order(tableau), highest = claim.axes.any_tableau ? ode::highest_order : series_terms - 3;
    if (order <= highest) return std::nullopt;
    return "does not look at as many powers of h as the tableau '" + name + "' of order " + std::to_string(order) + " needs, only at orders up to " + std::to_string(highest);
}

void check_tableau(const Claim& claim, const std::string& name) {
    if (const auto why = no_tableau(claim, name))
        throw std::invalid_argument("claim " + claim.id + " " + *why + "; choose one of " + listed(claim.axes.tableaus));
}

bool names_network(std::span<const Wish> wishes) {
    return std::any_of(wishes.begin(), wishes.end(), [](const Wish& wish) { return wish.key == "model"; });
}

// What a network has of its own: its field and its dimension, and with them one path.
void narrow_to_network(std::span<const Wish> wishes, Axes& axes) {
    for (const auto& [key, value, ignored] : wishes) {
        if (key == "field" && value != "network")
            throw std::invalid_argument("a model and the field '" + value + "' are asked for; leave one of them out");
        if (key == "dim") throw std::invalid_argument("a model and dim=" + value + " are asked for, and a network has its own dimension; leave one of them out");
    }
    axes.fields = {"network"};
    axes.dims.clear();
    if (axes.paths.size() > 1) axes.paths.resize(1);
}

// A network is taken on a path, which need not be an axis of the claim.
bool depends(const Claim& claim, const std::string& key, bool network) {
    const bool of_network = key == "path" || key == "input" || key == "time" || key == "parametrisation";
    return claim.axes.contains(key) || (network && claim.axes.model && of_network);
}

// The axes with every wish as the only value of its axis; seed and model, which are no lists, go into `base`.
Axes narrowed(const Claim& claim, std::span<const Wish> wishes, Setting& base) {
    const bool network = names_network(wishes);
    Axes axes = claim.axes;
    for (const auto& [key, value, where_it_applies] : wishes) {
        if (!depends(claim, key, network) && where_it_applies) continue;
        if (key != "field") base.set(key, value);
        if (!depends(claim, key, network)) refuse_key(claim, key);
        if (key == "tableau") {
            check_tableau(claim, base.text(key));
            axes.tableaus = {base.text(key)};
        }
        if (key == "path") axes.paths = {base.text(key)};
        if (key == "dim") axes.dims = {base.dim};
        if (key == "field") {
            if (!network) check_field(claim, value);
            axes.fields = {value};
        }
    }
    if (network) narrow_to_network(wishes, axes);
    return axes;
}

// What of std::exception is a sentence.
template <class F>
std::optional<std::string> error_of(F&& f) {
    try {
        f();
        return std::nullopt;
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "something was thrown that is no std::exception";
    }
}

// Whether a kept row says what its task and its own evidence say; a row of an error is computed again.
bool believable(const VerifyRow& row, const VerifyTask& task) {
    const auto erring = [](const Evidence& evidence) {
        return std::any_of(evidence.findings.begin(), evidence.findings.end(), [](const Finding& f) { return f.name == error_name; });
    };
    if (erring(row.evidence) || erring(row.control_evidence)) return false;
    if (row.source != task.claim->source || row.expected != task.reading->expected(task.setting)) return false;
    try {
        return row.control_noticed == noticed(task.reading->control, row.evidence, row.control_evidence);
    } catch (const std::out_of_range&) {
        return false;
    }
}

// One for each task, empty where it has to be run.
std::vector<std::optional<VerifyRow>> known_rows(std::span<const VerifyTask> tasks, const VerifyOptions& options) {
    std::map<std::string, const VerifyRow*> known;
    for (const VerifyRow& row : options.known) known.emplace(question(row.id, row.reading, row.setting, row.fingerprint), &row);
    std::vector<std::optional<VerifyRow>> found(tasks.size());
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        const auto row = known.find(question(tasks[i].claim->id, tasks[i].reading->name, tasks[i].setting_text, options.fingerprint));
        if (row != known.end() && believable(*row->second, tasks[i])) found[i] = *row->second;
    }
    return found;
}

std::string quoted(const std::string& word) {
    constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:=,+@%";
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
    std::string text = "'";
    for (const char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
    return text + "'";
}

}  // namespace

Wish wish_from(std::string_view text) {
    const std::size_t at = text.find('=');
    if (at == std::string_view::npos || at == 0)
        throw std::invalid_argument("'" + std::string(text) + "' is no setting; write key=value, such as dim=3, and name claims before --set");
    const Wish wish{std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
    if (wish.key == "input" || wish.key == "time" || wish.key == "parametrisation")
        throw std::invalid_argument("'" + wish.key + "' is said of a network; write --" + wish.key + " beside --model FILE");
    Setting().set(wish.key, wish.value);
    return wish;
}

std::optional<std::string> no_offer(const Claim& claim, std::span<const Wish> wishes) {
    const bool network = names_network(wishes);
    if (network && !claim.axes.model) return claim.axes.no_model.empty() ? "it says nothing about networks" : claim.axes.no_model;
    const auto& fields = claim.axes.fields;
    for (const auto& [key, value, where_it_applies] : wishes) {
        if (!depends(claim, key, network)) {
            if (!where_it_applies) return "it does not depend on " + key;
        } else if (const auto why = key == "tableau" ? no_tableau(claim, value) : std::nullopt) {
            return "it " + *why;
        } else if (key == "field" && !network && (value == "network" ? !claim.axes.model : std::find(fields.begin(), fields.end(), value) == fields.end())) {
            return "it has no field '" + value + "'";
        }
    }
    return std::nullopt;
}

bool offers(const Claim& claim, std::span<const Wish> wishes) { return !no_offer(claim, wishes); }

std::vector<Setting> settings_of(const Claim& claim, std::span<const Wish> wishes, Coverage coverage) {
    Setting base;
    const Axes axes = narrowed(claim, wishes, base);
    std::vector<Setting> settings;
    if (coverage == Coverage::quick) settings = {default_setting(axes)};
    else settings = coverage == Coverage::pairwise ? pairwise_cover(axes) : full_product(axes);
    for (Setting& setting : settings) {
        setting.seed = base.seed;
        setting.model = base.model;
        setting.unit_flow = base.model && takes_unit_flow(claim);
    }
    return settings;
}

namespace {

// The settings of one reading: its own default first, unless what is wished says otherwise.
std::vector<Setting> settings_of(const Claim& claim, const Reading& reading, std::span<const Wish> wishes, Coverage coverage) {
    std::vector<Setting> settings = settings_of(claim, wishes, coverage);
    if (reading.shown.empty() || names_network(wishes)) return settings;
    const Wish own = wish_from(reading.shown);
    if (std::any_of(wishes.begin(), wishes.end(), [&](const Wish& wish) { return wish.key == own.key; })) return settings;
    Setting first = settings.front();
    first.set(own.key, own.value);
    if (coverage == Coverage::quick) return {first};
    const std::string text = text_of(first, claim.axes);
    std::erase_if(settings, [&](const Setting& setting) { return text_of(setting, claim.axes) == text; });
    settings.insert(settings.begin(), std::move(first));
    return settings;
}

}  // namespace

std::vector<VerifyTask> verify_tasks(std::span<const Claim* const> claims, std::span<const Wish> wishes, Coverage coverage) {
    std::vector<VerifyTask> tasks;
    const bool on_path = names_network(wishes) && std::any_of(wishes.begin(), wishes.end(), [](const Wish& wish) { return wish.key == "path"; });
    for (const Claim* claim : claims) {
        Axes told = claim->axes;
        if (on_path && told.model && told.paths.empty()) told.paths.emplace_back();  // the network's
        std::vector<std::vector<Setting>> settings;
        std::size_t most = 0;
        for (const Reading& reading : claim->readings) most = std::max(most, settings.emplace_back(settings_of(*claim, reading, wishes, coverage)).size());
        for (std::size_t i = 0; i < most; ++i)
            for (std::size_t k = 0; k < settings.size(); ++k)
                if (i < settings[k].size()) tasks.push_back({claim, &claim->readings[k], settings[k][i], text_of(settings[k][i], told)});
    }
    return tasks;
}

std::vector<VerifyTask> tasks_on(std::span<const Claim* const> claims, const guidance::AnyPath& path, Coverage coverage) {
    std::vector<VerifyTask> tasks;
    for (const Claim* claim : claims) {
        if (!claim->axes.contains("path")) continue;
        const Wish one[] = {{"path", claim->axes.paths.front()}};
        for (Setting& setting : settings_of(*claim, one, coverage)) {
            setting.path = path;
            for (const Reading& reading : claim->readings) tasks.push_back({claim, &reading, setting, text_of(setting, claim->axes)});
        }
    }
    return tasks;
}

VerifyRow run(const VerifyTask& task) {
    const auto begin = Clock::now();
    VerifyRow row;
    row.id = task.claim->id;
    row.source = task.claim->source;
    row.reading = task.reading->name;
    row.setting = task.setting_text;
    const auto own_error = error_of([&] {
        row.expected = task.reading->expected(task.setting);
        row.evidence = task.reading->run(task.setting);
    });
    if (own_error) row.evidence = evidence_of_error(*own_error);
    row.conclude();
    if (!own_error) {
        const auto control_error = error_of([&] {
            row.control_evidence = task.reading->control.run(task.setting);
            row.control_noticed = noticed(task.reading->control, row.evidence, row.control_evidence);
        });
        if (control_error) {
            row.control_evidence = evidence_of_error(*control_error);
            row.control_noticed = false;
        }
    }
    row.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    return row;
}

std::vector<VerifyRow> verify(std::span<const VerifyTask> tasks, const VerifyOptions& options) {
    std::vector<std::optional<VerifyRow>> found = known_rows(tasks, options);
    std::vector<std::size_t> open;
    std::size_t done = 0;
    const auto tell = [&](VerifyEvent::Kind kind, std::size_t i) {
        if (options.event) options.event({kind, &tasks[i], found[i] ? &*found[i] : nullptr, done, tasks.size()});
    };
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        if (!found[i]) {
            open.push_back(i);
            continue;
        }
        ++done;
        tell(VerifyEvent::Kind::row_is_known, i);
    }
    std::mutex one_at_a_time;
    kernels::parallel_for(
        open.size(),
        [&](std::size_t k) {
            const std::size_t i = open[k];
            if (options.stop && options.stop()) return;
            {
                const std::lock_guard lock(one_at_a_time);
                tell(VerifyEvent::Kind::task_begins, i);
            }
            VerifyRow row = run(tasks[i]);
            row.fingerprint = options.fingerprint;
            const std::lock_guard lock(one_at_a_time);
            if (options.keep) options.keep(row);
            found[i] = std::move(row);
            ++done;
            tell(VerifyEvent::Kind::row_is_done, i);
        },
        options.threads);
    std::vector<VerifyRow> rows;
    for (auto& row : found)
        if (row) rows.push_back(std::move(*row));
    return rows;
}

std::vector<ReportedClaim> reported(std::span<const VerifyTask> tasks, std::span<const VerifyRow> rows) {
    std::vector<ReportedClaim> claims;
    auto row = rows.begin();
    for (const VerifyTask& task : tasks) {
        if (row == rows.end()) break;
        if (row->id != task.claim->id || row->reading != task.reading->name || row->setting != task.setting_text) continue;
        if (claims.empty() || claims.back().claim != task.claim) claims.push_back({task.claim, {}});
        claims.back().readings.push_back({task.reading, task.setting, task.setting_text, row->evidence, row->control_evidence, row->expected,
                                          row->holds, row->as_predicted, row->control_noticed, row->seconds, command_of(task)});
        ++row;
    }
    return claims;
}

std::string command_of(const VerifyTask& task) {
    std::string text = "costate verify " + quoted(task.claim->id), settings, own;
    const bool network = task.setting.model && task.claim->axes.model;
    if (network) text += " --model " + quoted(task.setting.model->file.string());
    for (const char* key : {"input", "time", "parametrisation"})
        if (network && !task.setting.text(key).empty()) text += " --" + std::string(key) + " " + quoted(task.setting.text(key));
    for (const char* key : {"tableau", "path", "field", "dim", "seed"}) {
        const std::string value = task.setting.text(key);
        if (!depends(*task.claim, key, network) || (network && (std::string_view(key) == "field" || std::string_view(key) == "dim"))) continue;
        settings += " " + quoted(std::string(key) + "=" + value);
        if ((key == std::string_view("tableau") || key == std::string_view("path")) && error_of([&] { Setting().set(key, value); }))
            own += std::string(own.empty() ? "  # in your own program: the command line has no " : " and no ") + key + " of that name";
    }
    return text + (settings.empty() ? "" : " --set" + settings) + own;
}

}  // namespace costate::claims
