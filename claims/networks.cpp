#include "claims/networks.hpp"

#include "claims/hypotheses.hpp"
#include "guidance/fields/velocity_of.hpp"
#include "guidance/paths/end.hpp"
#include "nn/network.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <string_view>

namespace costate::claims {

namespace {

using guidance::Parametrisation;

/// Which part of the flow of a network a claim looks at.
enum class Part {
    inner_times,  ///< times strictly between 0 and 1
    to_the_end,   ///< from such a time to 1
    smooth_end,   ///< likewise, in power series of σ/α about 1
    whole_flow,   ///< a flow up to its end at 1, from 0 or later: told over [0, 1]
    any_flow,     ///< all of it, whatever its path: a part of it, told over [0, 1], is a flow as well
};

/// What a claim asks of a network. Seconds are of one core, about, for all its readings with their controls; d inputs, f operations an evaluation.
struct Asks {
    std::string_view id;
    Part part;
    bool smooth;                         // derivatives of the velocity are asked for; else a kink is none where it is not met
    double by_evaluations, by_jacobian;  // seconds for each f, for each d·f
    double by_elimination;               // and for each d³
    std::string_view why_long;
};

constexpr std::string_view matrices = "it forms matrices of d × d", steps = "it follows the network for hundreds of steps",
                           series = "it expands the network in power series", digits = "it follows the network at 50 digits";

constexpr std::array asked{
    Asks{"tableau-order", Part::any_flow, true, 5e-5, 0, 0, series},
    Asks{"partner-order", Part::any_flow, true, 1.7e-4, 0, 0, series},
    Asks{"dto-is-partner", Part::any_flow, false, 6e-5, 0, 0, digits},
    Asks{"zero-weight", Part::any_flow, false, 3e-5, 0, 0, digits},
    Asks{"lambda-delta", Part::any_flow, false, 4e-5, 0, 0, digits},
    Asks{"dto-order", Part::any_flow, true, 9e-5, 0, 0, series},
    Asks{"otd-gap", Part::any_flow, true, 2.3e-4, 0, 0, series},
    Asks{"one-step-constants", Part::any_flow, true, 2.3e-4, 0, 0, series},
    Asks{"there-and-back", Part::any_flow, true, 1e-4, 0, 0, series},
    Asks{"grid-times", Part::any_flow, false, 6e-5, 0, 0, digits},
    Asks{"reversible-map", Part::any_flow, false, 6e-5, 0, 0, digits},
    Asks{"greed-exact-solution", Part::inner_times, true, 1.9e-4, 0, 0, series},
    Asks{"greed-theorem-1-1", Part::inner_times, true, 0, 6e-8, 0, matrices},
    Asks{"greed-theorem-1-2", Part::inner_times, true, 0, 2e-8, 1e-7, matrices},
    Asks{"greed-proposition-2", Part::to_the_end, true, 0, 1.1e-6, 0, matrices},
    Asks{"greed-theorem-3", Part::smooth_end, true, 0, 1.8e-4, 0, digits},
    Asks{"greed-theorem-4", Part::whole_flow, true, 2.6e-4, 0, 0, series},
    Asks{"greed-corollary-4-1", Part::whole_flow, true, 3.3e-4, 0, 0, series},
    Asks{"control-signal", Part::whole_flow, true, 4e-4, 0, 0, series},
    Asks{"horizon", Part::to_the_end, true, 5e-6, 0, 0, steps},
    Asks{"dflow-theorem-4-1", Part::any_flow, true, 0, 2.4e-4, 0.02, matrices},
    Asks{"dflow-variation", Part::any_flow, true, 0, 3.6e-6, 0, matrices},
    Asks{"dflow-likelihood", Part::any_flow, true, 0, 1.5e-4, 0.01, matrices},
    Asks{"adjointdeis-1", Part::inner_times, true, 5e-6, 0, 0, steps},
};

constexpr double largest_at_fifty_digits = 5e4;  // d·f of a network whose Jacobians are formed at 50 digits

constexpr double longest = 30;  // seconds

const Asks* asks_of(const Claim& claim) {
    for (const Asks& one : asked)
        if (one.id == claim.id) return &one;
    return nullptr;
}

bool regular_at(Parametrisation given, const guidance::AnyPath& path, double t) {
    try {
        (void)guidance::VelocityMap{given, path}.coordinates(t);
        return true;
    } catch (const std::domain_error&) {
        return false;
    }
}

}  // namespace

NetworkFacts network_facts(const NetworkFile& given) {
    const std::filesystem::path& file = given.file;
    const nn::Network network = load_network(given);
    const nn::NetworkDescription& told = network.description;
    if (told.input_size != told.output_size || told.parametrisation == "logits")
        throw std::invalid_argument(fmt::format("{}: its output is '{}' with {} values for an input of {}, so there is no flow to run claims on; take a "
                                                "network whose parametrisation is velocity, epsilon or x1",
                                                file.string(), told.parametrisation, told.output_size, told.input_size));
    NetworkFacts facts{.file = file.string(), .path_name = told.path, .inputs = told.input_size};
    try {
        facts.given = guidance::find_parametrisation(told.parametrisation);
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(fmt::format("{}: {}", file.string(), error.what()));
    }
    try {
        facts.path = guidance::find_path(told.path);
    } catch (const std::invalid_argument&) {  // "none", or one of somebody else's
        facts.path = std::nullopt;
    }
    facts.operations = nn::program<double>(network, {.frozen_parameters = true}).summary().flops;
    Setting setting;
    setting.set("model", file.string());
    setting.model = given;
    const Hypothesis smooth = smoothness(setting, 1);
    if (!smooth.holds) facts.kink = smooth.found;
    return facts;
}

RegularTimes regular_times(Parametrisation given, const guidance::AnyPath& path) {
    return {regular_at(given, path, 0) ? ratio(0) : ratio(1, 20), regular_at(given, path, 1) ? ratio(1) : ratio(99, 100)};
}

std::optional<std::string> no_claim(const Claim& claim, const NetworkFacts& facts, const std::optional<guidance::AnyPath>& path) {
    const Asks* asks = asks_of(claim);
    const Part part = asks ? asks->part : Part::any_flow;
    if (asks && asks->smooth && !facts.kink.empty()) return "it needs derivatives of the velocity, and " + facts.kink;
    if (!path) {
        if ((part == Part::any_flow || part == Part::whole_flow) && facts.given == Parametrisation::velocity) return std::nullopt;
        return fmt::format("it needs the network's path, and the one that the file names ('{}') is unknown; name one with --set path=NAME", facts.path_name);
    }
    if (part != Part::any_flow && part != Part::inner_times && !regular_at(facts.given, *path, 1))
        return fmt::format("it follows the flow to t = 1, where the velocity of this network's {} on {} is infinite", name_of(facts.given),
                           guidance::name_of(*path));
    const auto end = guidance::end_exponent(*path);
    if (part == Part::smooth_end && !(end && end->exponent >= 2))
        return fmt::format("it expands the flow of a network about t = 1 in powers of sigma/alpha, which takes a path with sigma = O(1 - t), and {} is none",
                           guidance::name_of(*path));
    return std::nullopt;
}

double seconds_on(const Claim& claim, const NetworkFacts& facts) {
    const Asks* asks = asks_of(claim);
    if (!asks) return 0;
    const auto d = static_cast<double>(facts.inputs);
    return (asks->by_evaluations + asks->by_jacobian * d) * facts.operations + asks->by_elimination * d * d * d;
}

std::optional<std::string> long_claim(const Claim& claim, const NetworkFacts& facts) {
    const Asks* asks = asks_of(claim);
    if (!asks || seconds_on(claim, facts) <= longest) return std::nullopt;
    return fmt::format("{} and this network has {} inputs and {:.2g} operations an evaluation; name the claim by its whole id and it is run, however "
                       "long it takes", asks->why_long, facts.inputs, facts.operations);
}

bool fifty_digits_affordable(const Setting& setting) {
    const NetworkFacts facts = network_facts(setting.model.value());
    return static_cast<double>(facts.inputs) * facts.operations <= largest_at_fifty_digits;
}

bool takes_unit_flow(const Claim& claim) {
    const Asks* asks = asks_of(claim);
    return asks && (asks->part == Part::any_flow || asks->part == Part::whole_flow);
}

}  // namespace costate::claims
