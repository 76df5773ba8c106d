// costate list: what there is to choose from.
#include "autodiff/ops/list.hpp"
#include "cli/command.hpp"
#include "guidance/report.hpp"
#include "guidance/study.hpp"
#include "ode/rooted_trees.hpp"
#include "ode/tableau.hpp"

#include <memory>
#include <nlohmann/json.hpp>

namespace costate::cli {

namespace {

struct Options {
    std::string what;
    bool json = false;
};

using Json = nlohmann::ordered_json;
using Lines = std::vector<std::vector<std::string>>;

void add_tableaus(Lines& lines, Json& json) {
    lines.push_back({"name", "stages", "order", "embedded", "first same as last", "partner", "source"});
    for (const ode::Tableau& tableau : ode::tableaus()) {
        const std::size_t order = ode::order(tableau), embedded = ode::embedded_order(tableau);
        const bool partner = ode::partner(tableau).has_value();
        lines.push_back({tableau.name, std::to_string(tableau.stages()), std::to_string(order), embedded ? std::to_string(embedded) : "-",
                         ode::is_fsal(tableau) ? "yes" : "no", partner ? "yes" : "no (a weight is 0)", tableau.source});
        json.push_back({{"name", tableau.name}, {"stages", tableau.stages()}, {"order", order}, {"embedded_order", embedded ? Json(embedded) : Json()},
                        {"fsal", ode::is_fsal(tableau)}, {"partner", partner}, {"source", tableau.source}});
    }
}

void add_named(const std::vector<guidance::Named>& things, std::string_view second, Lines& lines, Json& json) {
    for (const guidance::Named& thing : things) {
        lines.push_back({thing.name, thing.meaning});
        json.push_back({{"name", thing.name}, {std::string(second), thing.meaning}});
    }
}

int list(const Options& options) {
    Lines lines;
    Json json = Json::array();
    if (options.what == "methods") add_named(guidance::study_methods(), "meaning", lines, json);
    else if (options.what == "fields") add_named(guidance::study_fields(), "equation", lines, json);
    else if (options.what == "tableaus") add_tableaus(lines, json);
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
    CLI::App* app = application.add_subcommand("list", "What there is to choose from: methods, tableaus, ops or fields");
    app->add_option("WHAT", options->what, "methods, tableaus, ops or fields")->required()->check(CLI::IsMember({"methods", "tableaus", "ops", "fields"}));
    app->add_flag("--json", options->json, "print a JSON array");
    app->footer("Example:\n  costate list tableaus");
    return {app, [options] { return list(*options); }};
}

}  // namespace costate::cli
