// The subject of a study: a network, a named field or the exact mixture, with its path and the ends between which it can be followed.
#include "guidance/fields/regular_field.hpp"
#include "guidance/fields/velocity_of.hpp"
#include "guidance/study_problem.hpp"
#include "ode/fields/named_fields.hpp"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace costate::guidance {

namespace {

// What is made of the subject: its flow in time, its flow in the regular variables, its estimate of where the flow ends.
enum class Use { flow, regular, end };

constexpr std::size_t most_dimensions = 64;  // of the mixture

// Why the subject has no finite, smooth terms at that time; empty where it has.
std::optional<std::string> singular(const Study::Parts& parts, Use use, double t) {
    if (!(t >= 0 && t <= 1)) return fmt::format("a path runs from t = 0 to t = 1 and t = {} is outside; choose a time between them", t);
    try {
        const AnyPath& path = *parts.path;
        if (use == Use::regular) {
            const auto point = at<double>(path, t);
            if (point.alpha == 0) return fmt::format("r = sigma/alpha is infinite{}; choose a time between 0 and 1 where alpha is not 0", place(path, t));
            if (detail::determinant(point) == 0)
                return fmt::format("the time is no smooth function of r = sigma/alpha{}; choose a time between 0 and 1", place(path, t));
            (void)RegularMap{parts.given, path}.coordinates(point.ratio());
        } else if (parts.mixture.empty()) {
            if (use == Use::flow) (void)VelocityMap{parts.given, path}.coordinates(t);
            else (void)DenoiserMap{parts.given, path}.coordinates(t);
        }
        return std::nullopt;
    } catch (const std::domain_error& error) {
        return error.what();
    }
}

void take_network(const StudyRequest& request, Study::Parts& parts) {
    StudyProblem& problem = parts.problem;
    parts.network = nn::load_network(request.subject, request.load);
    const nn::NetworkDescription& network = parts.network->description;
    problem.parametrisation = network.parametrisation;
    if (network.input_size != network.output_size || network.parametrisation == "logits")
        throw std::invalid_argument(fmt::format("{}: its output is '{}' with {} values for an input of {}, so there is no flow to follow; study a network "
                                                "whose parametrisation is velocity, epsilon or x1", request.subject, network.parametrisation,
                                                network.output_size, network.input_size));
    try {
        parts.given = find_parametrisation(network.parametrisation);
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(fmt::format("{}: {}", request.subject, error.what()));
    }
    problem.network = true;
    problem.title = std::filesystem::path(request.subject).filename().string();
    problem.dimension = network.input_size;
    std::ifstream in(request.subject, std::ios::binary);
    problem.fingerprint = study_hash(std::string{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()} + load_text(request.load));
}

void take_field(const StudyRequest& request, Study::Parts& parts) {
    StudyProblem& problem = parts.problem;
    if (!request.path.empty() || !request.variables.empty())
        throw std::invalid_argument(fmt::format("--{}: {} is a plain field and has no path from noise to data; leave the option out, or study "
                                                "gaussian-mixture or a network", request.path.empty() ? "variables" : "path", request.subject));
    ode::with_field(request.subject, [&]<class Field>(const Field&) {
        problem.title = request.subject + ": " + std::string(Field::equation);
        problem.dimension = Field::dim;
        problem.t0 = from_rational<float>(Field::t0());
        problem.t1 = from_rational<float>(Field::t1());
    });
    problem.fingerprint = request.subject;
}

void take_mixture(const StudyRequest& request, Study::Parts& parts) {
    StudyProblem& problem = parts.problem;
    const std::size_t d = request.dimension.value_or(2);
    if (d == 0 || d > most_dimensions) throw std::invalid_argument(fmt::format("--dim {}: choose 1 to {}", d, most_dimensions));
    parts.mixture = study_mixture(d);
    problem.mixture = true;
    problem.dimension = d;
    problem.parametrisation = name_of(parts.given);
    problem.title = fmt::format("{}: the exact flow of three Gaussians in dimension {}", mixture_name, d);
    problem.fingerprint = fmt::format("{} {}", mixture_name, d);
}

// The path by --path, by the file, or the mixture's default; a velocity needs none.
void find_path_of(const StudyRequest& request, Study::Parts& parts) {
    const std::string own = parts.network ? parts.network->description.path : "cond-ot";
    try {
        parts.path = find_path(request.path.empty() ? own : request.path);
    } catch (const std::invalid_argument& error) {
        if (!request.path.empty()) throw std::invalid_argument(fmt::format("--{}", error.what()));
        if (parts.given != Parametrisation::velocity || request.variables == "regular")
            throw std::invalid_argument(fmt::format("{}: its {} becomes a flow on a path only, and the path it names ('{}') is unknown; name one with --path",
                                                    request.subject, parts.problem.parametrisation, own));
        return;
    }
    parts.problem.path = name_of(*parts.path);
}

bool is_flow_itself(const Study::Parts& parts) { return !parts.problem.regular && parts.given == Parametrisation::velocity; }

// t₀ and t₁ as asked, else the widest default interval on which the subject is regular.
void find_ends(const StudyRequest& request, Study::Parts& parts) {
    StudyProblem& problem = parts.problem;
    problem.t0 = request.t0.value_or(problem.t0);
    problem.t1 = request.t1.value_or(problem.t1);
    if (!parts.path || (is_flow_itself(parts) && parts.mixture.empty())) return;
    const Use use = problem.regular ? Use::regular : Use::flow;
    const bool looks_ahead = std::any_of(request.methods.begin(), request.methods.end(),
                                         [](const std::string& name) { return name == "look-ahead" || name == "adjoint-deis-1"; });
    if (!request.t0 && (singular(parts, use, 0) || (looks_ahead && singular(parts, Use::regular, 0)))) problem.t0 = 0.05;
    if (!request.t1 && singular(parts, use, 1)) problem.t1 = 0.99;
    for (const double t : {problem.t0, problem.t1}) {
        if (const auto why = singular(parts, use, t)) throw std::invalid_argument(fmt::format("--{} {}: {}", t == problem.t0 ? "t0" : "t1", t, *why));
    }
}

// What title and statement say beyond the subject's own name: nothing for a velocity followed in time on its own path.
void describe(const StudyRequest& request, Study::Parts& parts) {
    StudyProblem& problem = parts.problem;
    const bool own_path = parts.network && problem.path == parts.network->description.path;
    if (!problem.mixture && is_flow_itself(parts)) {
        if (!request.path.empty() && !own_path) problem.title += " on " + problem.path;
        return;
    }
    problem.title += fmt::format(" on {}{}", problem.path, problem.regular ? " in regular variables" : "");
    if (problem.regular) {
        const double r0 = at<double>(*parts.path, problem.t0).ratio(), r1 = at<double>(*parts.path, problem.t1).ratio();
        problem.statement = fmt::format("Followed in the regular variables x/alpha over r = sigma/alpha, from r = {:.6g} (t0 = {}) to r = {:.6g} (t1 = {}); "
                                        "the gradient is with respect to x(t0).", r0, problem.t0, r1, problem.t1);
    } else if (parts.given != Parametrisation::velocity) {
        problem.statement = fmt::format("Followed in time from t0 = {} to t1 = {} by the velocity that the network's {} gives on {}.", problem.t0,
                                        problem.t1, problem.parametrisation, problem.path);
    }
    const bool cut = (!request.t0 && problem.t0 != 0) || (!request.t1 && problem.t1 != 1);
    if (cut)
        problem.statement += fmt::format("{}These ends are the default because the equation is singular at {}; --t0, --t1{} choose others.",
                                         problem.statement.empty() ? "" : " ",
                                         problem.t0 == 0 ? "t = 1" : problem.t1 == 1 ? "t = 0" : "t = 0 and t = 1",
                                         problem.regular ? "" : " and --variables regular");
}

}  // namespace

std::vector<MixtureComponent<Rational>> study_mixture(std::size_t d) {
    std::vector<MixtureComponent<Rational>> components;
    const std::vector<Rational> weights = {ratio(1, 2), ratio(3, 10), ratio(1, 5)};
    for (std::size_t k = 0; k < weights.size(); ++k) {
        MixtureComponent<Rational> c{weights[k], std::vector<Rational>(d), SmallMatrix<Rational>(d, d)};
        const auto residue = [](std::size_t value, std::size_t modulus) { return static_cast<std::int64_t>(value % modulus); };
        std::vector<Rational> v(d);
        for (std::size_t i = 0; i < d; ++i) {
            c.mean[i] = ratio(residue(7 * k + 4 * i + 3 * k * i + 2, 11) - 5, 2);
            v[i] = ratio(residue(3 * i + 2 * k + k * i + 1, 5) - 2, 4);
            c.covariance(i, i) = ratio(1 + residue(2 * k + i, 3), 8);
        }
        add_outer<Rational>(c.covariance, Rational(1), v, v);
        components.push_back(std::move(c));
    }
    return components;
}

std::optional<std::string> no_greedy(const Study::Parts& parts) {
    const bool model = parts.network || !parts.mixture.empty();
    if (!model) return parts.problem.subject + " is a plain field without a path, so nothing estimates where it ends; study gaussian-mixture or a network";
    if (!parts.path) return fmt::format("{} names no known path, so its x1hat is not known; name one with --path", parts.problem.subject);
    return singular(parts, Use::end, parts.problem.t0);
}

std::optional<std::string> no_look_ahead(const Study::Parts& parts) {
    if (!parts.path) return no_greedy(parts);
    for (const double t : {parts.problem.t0, parts.problem.t1})
        if (auto why = singular(parts, Use::regular, t)) return why;
    return std::nullopt;
}

Study::Parts study_subject(const StudyRequest& request) {
    Study::Parts parts;
    parts.problem.subject = request.subject;
    std::error_code ignored;
    if (request.dimension && request.subject != mixture_name)
        throw std::invalid_argument(fmt::format("--dim {}: {} has its own dimension; only {} takes one", *request.dimension, request.subject, mixture_name));
    if (!request.variables.empty() && request.variables != "time" && request.variables != "regular")
        throw std::invalid_argument(fmt::format("--variables: there is no '{}'; choose time or regular", request.variables));
    if (ode::is_named_field(request.subject) || request.subject == mixture_name) refuse_load_options(request.load, request.subject);
    if (ode::is_named_field(request.subject)) {
        take_field(request, parts);
    } else if (request.subject == mixture_name) {
        take_mixture(request, parts);
    } else if (std::filesystem::exists(request.subject, ignored)) {
        take_network(request, parts);
    } else {
        std::string names;
        for (const Named& field : study_fields()) names += (names.empty() ? "" : ", ") + field.name;
        throw std::invalid_argument(fmt::format("'{}' is neither a file nor a field: give a network file, or one of {}", request.subject, names));
    }
    parts.problem.regular = request.variables == "regular";
    if (parts.network || parts.problem.mixture) find_path_of(request, parts);
    find_ends(request, parts);
    if (parts.network || parts.problem.mixture) describe(request, parts);
    return parts;
}

std::vector<Named> study_fields() {
    std::vector<Named> fields;
    ode::for_each_field([&](const auto& field) { fields.push_back({std::string(field.name), std::string(field.equation)}); });
    fields.push_back({std::string(mixture_name), "x' = u(t, x), the exact flow of noise to three Gaussians on --path, in --dim dimensions"});
    return fields;
}

}  // namespace costate::guidance
