// costate list: what there is to choose from.
#include "autodiff/ops/list.hpp"
#include "claims/list.hpp"
#include "cli/command.hpp"
#include "cli/verify_text.hpp"
#include "guidance/guide/method.hpp"
#include "guidance/guide/operators/tasks.hpp"
#include "guidance/paths/end.hpp"
#include "guidance/report.hpp"
#include "guidance/study.hpp"
#include "ode/rooted_trees.hpp"
#include "ode/tableau.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <variant>

namespace costate::cli {

namespace {

struct Options {
    std::string what;
    bool json = false;
};

using Json = nlohmann::ordered_json;
using Lines = std::vector<std::vector<std::string>>;

// Of the generated ones those whose order the trees prove.
std::vector<const ode::Tableau*> listed_tableaus() {
    std::vector<const ode::Tableau*> list;
    for (const auto all : {ode::tableau_library(), ode::extrapolation_tableaus()})
        for (const ode::Tableau& tableau : all)
            if (tableau.beyond == 0) list.push_back(&tableau);
    return list;
}

void add_tableaus(Lines& lines, Json& json) {
    lines.push_back({"name", "stages", "order", "embedded", "coefficients", "first same as last", "partner", "source"});
    for (const ode::Tableau* one : listed_tableaus()) {
        const ode::Tableau& tableau = *one;
        const std::size_t order = ode::order(tableau), embedded = ode::embedded_order(tableau);
        const bool partner = ode::partner(tableau).has_value();
        lines.push_back({tableau.name, std::to_string(tableau.stages()), std::to_string(order), embedded ? std::to_string(embedded) : "-",
                         tableau.exact ? "exact" : "decimals", ode::is_fsal(tableau) ? "yes" : "no", partner ? "yes" : "no (a weight is 0)", tableau.source});
        json.push_back({{"name", tableau.name}, {"stages", tableau.stages()}, {"order", order}, {"embedded_order", embedded ? Json(embedded) : Json()}, {"exact", tableau.exact},
                        {"fsal", ode::is_fsal(tableau)}, {"partner", partner}, {"source", tableau.source}});
    }
}

void add_named(const std::vector<guidance::Named>& things, std::string_view second, Lines& lines, Json& json) {
    for (const guidance::Named& thing : things) {
        lines.push_back({thing.parameters.empty() ? thing.name : thing.name + ":" + thing.parameters, thing.meaning});
        json.push_back({{"name", thing.name}, {std::string(second), thing.meaning}});
        if (!thing.parameters.empty()) json.back()["parameters"] = thing.parameters;
    }
}

std::vector<guidance::Named> all_methods() {
    std::vector<guidance::Named> methods = guidance::study_methods();
    for (const guidance::Named& one : guidance::methods_of_tolerances_alone())
        methods.push_back({one.name, one.meaning + "; goes with --tolerances", one.parameters});
    return methods;
}

void add_claims(Lines& lines, Json& json) {
    lines.push_back({"name", "readings", "depends on", "source", "title"});
    for (const claims::Claim& claim : claims::all_claims()) {
        Json readings = Json::array(), settings = Json::array();
        std::vector<std::string> names, keys;
        for (const claims::Reading& reading : claim.readings) {
            names.push_back(reading.name);
            readings.push_back({{"name", reading.name}, {"statement", reading.statement}, {"remark", reading.remark}});
        }
        for (const char* key : {"tableau", "path", "field", "dim", "seed", "model"})
            if (claim.axes.contains(key)) keys.emplace_back(key), settings.push_back(key);
        lines.push_back({claim.id, fmt::format("{}", fmt::join(names, ", ")), keys.empty() ? "-" : fmt::format("{}", fmt::join(keys, " ")),
                         readable(claim.source), readable(claim.title)});
        json.push_back({{"name", claim.id}, {"title", claim.title}, {"source", claim.source}, {"readings", readings}, {"settings", settings}});
    }
}

std::string equation_of(const guidance::AnyPath& path) {
    return std::visit(
        []<class P>(const P&) -> std::string {
            if constexpr (std::is_same_v<P, guidance::CondOt>) return "α = t, σ = 1 - t";
            else if constexpr (std::is_same_v<P, guidance::PolynomialPath>) return "α = tⁿ, σ = 1 - tⁿ, n = 2 (polynomial:3 has n = 3)";
            else if constexpr (std::is_same_v<P, guidance::CosinePath>) return "α = sin πt/2, σ = cos πt/2";
            else if constexpr (std::is_same_v<P, guidance::LinearVp>) return "α = t, σ² = 1 - t²";
            else if constexpr (std::is_same_v<P, guidance::Vp>) return "α = exp(-T/2), σ² = 1 - exp(-T), T = ½(1-t)²(20 - 0.1) + 0.1(1-t)";
            else if constexpr (std::is_same_v<P, guidance::Ve>) return "α = 1, σ = 10^(1-t) 0.01^t";
            else if constexpr (std::is_same_v<P, guidance::OwnPath>) return "your own";
            else return "α² = (1-2q)(1 - (1-t)²)² + q, σ² = 1 - α², q = 0.00001";
        },
        path);
}

void add_paths(Lines& lines, Json& json) {
    lines.push_back({"name", "coefficients", "ends on the data", "equation"});
    for (const guidance::AnyPath& path : guidance::paths()) {
        const bool exact = !guidance::is_transcendental(path), reaches = guidance::reaches_data(path);
        lines.push_back({guidance::name_of(path), exact ? "rational" : "irrational", reaches ? "yes" : "no", equation_of(path)});
        json.push_back({{"name", guidance::name_of(path)}, {"equation", equation_of(path)}, {"rational", exact}, {"reaches_data", reaches}});
    }
}

void add_guidance(Lines& lines, Json& json) {
    lines.push_back({"name", "meaning", "parameters"});
    for (const guidance::GuidanceMethod& method : guidance::guidance_methods()) {
        std::string numbers;
        Json parameters = Json::object();
        for (const guidance::ParameterValue& p : method.parameters()) {
            const std::string value = p.choices.empty() ? fmt::format("{}", p.value) : p.choices[static_cast<std::size_t>(p.value)];
            numbers += fmt::format("{}{}={}", numbers.empty() ? "" : " ", p.name, value);
            parameters[p.name] = {{"default", value}, {"meaning", p.meaning}};
        }
        lines.push_back({std::string(method.name()), std::string(method.meaning()), numbers});  // the source is in the JSON and in every report
        json.push_back({{"name", method.name()}, {"meaning", method.meaning()}, {"source", method.source()}, {"parameters", parameters}});
    }
}

void add_tasks(Lines& lines, Json& json) {
    for (const guidance::TaskMeaning& task : guidance::linear_tasks()) {
        lines.push_back({std::string(task.name), std::string(task.meaning)});
        json.push_back({{"name", task.name}, {"meaning", task.meaning}});
    }
}

int list(const Options& options) {
    Lines lines;
    Json json = Json::array();
    if (options.what == "methods") add_named(all_methods(), "meaning", lines, json);
    else if (options.what == "fields") add_named(guidance::study_fields(), "equation", lines, json);
    else if (options.what == "tableaus") add_tableaus(lines, json);
    else if (options.what == "paths") add_paths(lines, json);
    else if (options.what == "claims") add_claims(lines, json);
    else if (options.what == "guidance") add_guidance(lines, json);
    else if (options.what == "tasks") add_tasks(lines, json);
    else {
        for (const std::string_view name : autodiff::ops::List::names) {
            lines.push_back({std::string(name)});
            json.push_back({{"name", name}});
        }
    }
    say(options.json ? json.dump(2) + "\n" : guidance::aligned_columns(lines, 99));
    return done;
}

}  // namespace

Command list_command(CLI::App& application) {
    auto options = std::make_shared<Options>();
    CLI::App* app = application.add_subcommand("list", "What there is to choose from: methods, tableaus, ops, fields, paths, claims, guidance or tasks");
    app->add_option("WHAT", options->what, "methods, tableaus, ops, fields, paths, claims, guidance (methods of guide) or tasks")->required()
        ->check(CLI::IsMember({"methods", "tableaus", "ops", "fields", "paths", "claims", "guidance", "tasks"}));
    app->add_flag("--json", options->json, "print a JSON array");
    app->footer("Example:\n  costate list tableaus");
    return {app, [options] { return list(*options); }};
}

}  // namespace costate::cli
