// costate check: does the runtime agree with the framework that exported the network?
#include "cli/command.hpp"
#include "guidance/check.hpp"
#include "guidance/report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

namespace costate::cli {

namespace {

struct Options {
    std::string model, golden;
    nn::CheckTolerances tolerances;
    nn::LoadOptions load;
    bool json = false;
};

std::string as_json(const Options& options, const guidance::CheckReport& report) {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const nn::CheckRow& row : report.rows) {
        rows.push_back({{"quantity", row.quantity}, {"precision", row.precision},
                        {"max_error", std::isfinite(row.max_error) ? nlohmann::ordered_json(row.max_error) : nlohmann::ordered_json()},
                        {"agrees", row.agrees}});
    }
    const nlohmann::ordered_json json = {{"model", options.model}, {"golden", options.golden}, {"agrees", report.agrees()},
                                         {"rows", rows}, {"not_compared", report.not_compared}};
    return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string as_text(const Options& options, const guidance::CheckReport& report) {
    std::vector<std::vector<std::string>> lines = {{"quantity", "precision", "largest relative error", "verdict"}};
    for (const nn::CheckRow& row : report.rows)
        lines.push_back({plain(row.quantity), row.precision, fmt::format("{:.2e}", row.max_error), row.agrees ? "agrees" : "DISAGREES"});
    std::string text = guidance::aligned_columns(lines, 2);
    if (!report.not_compared.empty())
        text += plain(fmt::format("not compared: {}", fmt::join(report.not_compared, ", ")), 2000) + "\n";
    const auto agreeing = std::count_if(report.rows.begin(), report.rows.end(), [](const nn::CheckRow& row) { return row.agrees; });
    return text + fmt::format("{} of {} comparisons agree (f64 within {:g}, f32 within {:g})\n", agreeing, report.rows.size(),
                              options.tolerances.f64, options.tolerances.f32);
}

CLI::Validator tolerance() {
    return {[](std::string& text) -> std::string {
                std::istringstream in(text);
                double value = -1;
                return in >> value && in.eof() && value >= 0 && std::isfinite(value) ? "" : "'" + plain(text, 40) + "' is no tolerance: give a number that is not negative";
            },
            "", "tolerance"};
}

int check(const Options& options) {
    const guidance::CheckReport report = guidance::check_model(options.model, options.golden, options.tolerances, options.load);
    say(options.json ? as_json(options, report) : as_text(options, report));
    return report.agrees() ? done : disagrees;
}

}  // namespace

Command check_command(CLI::App& application) {
    auto options = std::make_shared<Options>();
    CLI::App* app = application.add_subcommand("check", "Does the runtime agree with the framework that exported the network?");
    app->add_option("MODEL", options->model, "network file (.safetensors or .onnx)")->required();
    app->add_option("GOLDEN", options->golden, "its answers (.golden.safetensors)")->required();
    app->add_option("--tolerance-f64", options->tolerances.f64, "largest relative error in double precision")->capture_default_str()->check(tolerance());
    app->add_option("--tolerance-f32", options->tolerances.f32, "largest relative error in single precision")->capture_default_str()->check(tolerance());
    declare_load_options(*app, options->load);
    declare_load_path(*app, options->load);
    app->add_flag("--json", options->json, "print one JSON object");
    app->footer("Exit status: 0 when everything agrees, 1 when something does not.\n\n"
                "Example:\n  costate check models/moons.safetensors models/moons.golden.safetensors");
    return {app, [options] { return check(*options); }};
}

}  // namespace costate::cli
