// What a study of tolerances can be asked for.
#include "guidance/report_schedules.hpp"
#include "guidance/tolerances.hpp"
#include "ode/gradient/checkpointed.hpp"
#include "ode/gradient/method_name.hpp"
#include "ode/rooted_trees.hpp"
#include "ode/tableau.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

namespace costate::guidance {

namespace {

using ode::otd::AdjointNorm;
using ode::otd::StateFrom;

constexpr std::string_view of_the_way_back = "[whole|pair|adjoint:]FACTOR";

struct Continuous {
    std::string_view name, meaning;
    StateFrom state;
};
constexpr std::array<Continuous, 3> continuous{{
    {"backsolve", "optimize-then-discretize, x solved backwards beside the adjoint, with steps of its own", StateFrom::backsolved},
    {"stored-states", "optimize-then-discretize, x set to the stored one at each step of the way there", StateFrom::stored},
    {"interpolating", "optimize-then-discretize, x from the pair's interpolant, the adjoint alone is solved", StateFrom::interpolated},
}};

// "whole:0.1" after the name: what the error control of the way back looks at, and its tolerance as a multiple of that of the way there.
void read_way_back(std::string_view spelling, std::span<const std::string_view> parameters, ToleranceMethod& method) {
    std::size_t at = 0;
    if (at < parameters.size()) {
        const std::string_view word = parameters[at++];
        if (word == "whole") method.norm = AdjointNorm::whole;
        else if (word == "pair") method.norm = AdjointNorm::pair;
        else if (word == "adjoint") method.norm = AdjointNorm::adjoint;
        else --at;
    }
    if (at < parameters.size()) {
        const std::string number(parameters[at++]);
        char* end = nullptr;
        method.factor = std::strtod(number.c_str(), &end);
        const bool whole = !number.empty() && end == number.c_str() + number.size() && number.find_first_not_of("0123456789.e-+") == std::string::npos;
        if (!whole || !(method.factor >= 1e-6) || !(method.factor <= 1e6))
            throw std::invalid_argument(fmt::format("--methods {}: '{}' is neither whole, pair or adjoint nor a number between 1e-6 and 1e6; write {}",
                                                    spelling, number, of_the_way_back));
    }
    if (at < parameters.size())
        throw std::invalid_argument(fmt::format("--methods {}: '{}' is one word too many; write {}", spelling, parameters[at], of_the_way_back));
}

std::string known_names() {
    std::string list;
    for (const Named& method : tolerance_methods()) list += (list.empty() ? "" : ", ") + method.name;
    return list;
}

}  // namespace

const std::vector<Named>& tolerance_methods() {
    static const std::vector<Named> methods = [] {
        std::vector<Named> list = {{"dto", "discretize-then-optimize on the accepted steps, which are frozen; every step stored"}};
        for (const ode::MethodName& name : ode::dto::Checkpointed::names)
            if (name.base != "store-all") list.push_back({std::string(name.base), std::string(name.meaning), std::string(name.parameters)});
        for (const Continuous& one : continuous) list.push_back({std::string(one.name), std::string(one.meaning), std::string(of_the_way_back)});
        list.push_back({"controlled", "the step sizes differentiated with everything else: the derivative of what the program computes"});
        list.push_back({"sensitive", "discretize-then-optimize on steps that an error control on state and sensitivities has chosen"});
        return list;
    }();
    return methods;
}

std::vector<Named> methods_of_tolerances_alone() {
    std::vector<Named> list;
    for (const Named& one : tolerance_methods())
        if (std::none_of(study_methods().begin(), study_methods().end(), [&](const Named& other) { return other.name == one.name; })) list.push_back(one);
    return list;
}

ToleranceMethod find_tolerance_method(std::string_view spelling) {
    ToleranceMethod method;
    const auto words = ode::split_spelling(spelling);
    const auto parameters = std::span<const std::string_view>(words).subspan(1);
    if (spelling == "dto") return method;
    if (spelling == "controlled" || spelling == "sensitive") {
        method.kind = spelling == "controlled" ? ToleranceMethod::Kind::controlled : ToleranceMethod::Kind::sensitive;
        return method;
    }
    for (const Continuous& one : continuous) {
        if (words.front() != one.name) continue;
        method.kind = ToleranceMethod::Kind::continuous;
        method.state = one.state;
        read_way_back(spelling, parameters, method);
        return method;
    }
    std::optional<ode::dto::Checkpointed> schedule;
    try {
        schedule = ode::dto::Checkpointed::named(words.front(), parameters);
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(fmt::format("--methods: {}", error.what()));
    }
    if (!schedule) throw std::invalid_argument(fmt::format("--methods: '{}' does not go with --tolerances; choose from {}", spelling, known_names()));
    method.schedule = schedule->spec;
    return method;
}

std::vector<std::string> tableaus_with_estimate() {
    std::vector<std::string> names;
    for (const ode::Tableau& tableau : ode::tableau_library())
        if (ode::is_explicit(tableau) && ode::embedded_order(tableau) != 0) names.push_back(tableau.name);
    return names;
}

std::vector<std::string> default_tolerance_methods(bool all) {
    std::vector<std::string> methods{"dto", "online:8", "backsolve", "stored-states", "interpolating", "controlled", "sensitive"};
    if (all)
        for (const char* more :
             {"states", "every:10", "sqrt", "binomial:8", "mixed:8", "two-level:8:8", "backsolve:whole:1", "stored-states:adjoint:1", "interpolating:pair:0.1"})
            methods.emplace_back(more);
    return methods;
}

std::vector<double> checked_tolerances(const StudyRequest& request) {
    if (!request.steps.empty())
        throw std::invalid_argument("--tolerances and --steps exclude each other: steps follow the tolerance, or are equal and so many");
    if (!request.memory.empty())
        throw std::invalid_argument("--memory: the number of steps is not known beforehand; choose a schedule with slots, as --methods online:8");
    std::vector<double> tolerances = request.tolerances;
    for (const double tolerance : tolerances)
        if (!(tolerance >= 1e-15 && tolerance <= 0.5))
            throw std::invalid_argument(fmt::format("--tolerances {}: each is between 1e-15 and 0.5", tolerance));
    if (request.atol && !(*request.atol >= 0 && *request.atol <= 1e15))
        throw std::invalid_argument(fmt::format("--atol {}: give one that is 0 or more, and at most 1e15", *request.atol));
    std::sort(tolerances.rbegin(), tolerances.rend());
    tolerances.erase(std::unique(tolerances.begin(), tolerances.end()), tolerances.end());
    for (const std::string& precision : request.precisions)
        if (precision != "f32" && precision != "f64")
            throw std::invalid_argument(
                fmt::format("--precisions {}: solves with steps of their own are studied in f32 and f64; leave the others to --steps", precision));
    const std::vector<std::string> known = tableaus_with_estimate();
    for (const std::string& name : request.tableaus) {
        if (name == "all" || std::find(known.begin(), known.end(), name) != known.end()) continue;
        (void)ode::find_tableau(name);  // says so where there is none
        throw std::invalid_argument(
            fmt::format("--tableaus {}: it has no error estimate to choose steps by; choose from {} (or all)", name, fmt::join(known, ", ")));
    }
    return tolerances;
}

}  // namespace costate::guidance
