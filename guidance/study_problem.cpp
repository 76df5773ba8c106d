// From what is asked to a problem with every default filled in, or a sentence.
#include "guidance/gradient/adjoint_deis.hpp"
#include "guidance/study_compute.hpp"
#include "guidance/study_problem.hpp"
#include "guidance/study_random.hpp"
#include "guidance/tolerances.hpp"
#include "nn/npy.hpp"
#include "ode/fields/named_fields.hpp"
#include "ode/checkpoint/budget.hpp"
#include "ode/gradient/methods.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>

namespace costate::guidance {

namespace {

constexpr std::size_t most_samples = 100'000, most_steps = 100'000'000;

std::string hash_of(const std::vector<double>& values) {
    return study_hash({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)});
}

// Every precision solves the same problem: default starts and targets are floats.
double rounded(const Rational& q) { return from_rational<float>(q); }

void check_names(const std::vector<std::string>& given, const std::vector<Named>& known, std::string_view option) {
    for (const std::string& name : given) {
        if (std::any_of(known.begin(), known.end(), [&](const Named& n) { return n.name == name; })) continue;
        std::string list;
        for (const Named& n : known) list += (list.empty() ? "" : ", ") + n.name;
        throw std::invalid_argument(fmt::format("--{}: there is no '{}'; choose from {}", option, name, list));
    }
}

template <class T>
std::vector<T> without_repetition(std::vector<T> values) {
    std::vector<T> result;
    for (T& value : values) {
        if (std::find(result.begin(), result.end(), value) == result.end()) result.push_back(std::move(value));
    }
    return result;
}

std::optional<std::string> no_path_method(const Study::Parts& parts, std::string_view name) {
    if (name == detail::greedy_name) return no_greedy(parts);
    return name == detail::look_ahead_name || name == detail::adjoint_deis_name ? no_look_ahead(parts) : std::nullopt;
}

// One of each kind; the others are asked for by name, or all at once.
std::vector<std::string> default_methods(const Study::Parts& parts, bool all) {
    std::vector<std::string> methods{"dto", "partner", "backsolve", "stored-states", "forward"};
    if (!no_greedy(parts)) methods.emplace_back(detail::greedy_name);
    if (!all) return methods;
    for (const Named& method : study_methods()) {
        const bool known = std::find(methods.begin(), methods.end(), method.name) != methods.end();
        if (!known && !no_path_method(parts, method.name)) methods.push_back(method.name);
    }
    return methods;
}

// What a study of all methods leaves out, and why.
std::string left_out_of_all(const Study::Parts& parts) {
    std::map<std::string, std::string> names;  // by reason
    for (const std::string_view name : {detail::greedy_name, detail::look_ahead_name, detail::adjoint_deis_name})
        if (const auto why = no_path_method(parts, name)) names[*why] += fmt::format("{}{}", names[*why].empty() ? "" : ", ", name);
    std::string text;
    for (const auto& [why, list] : names) text += fmt::format("{}--all-methods leaves out {}: {}", text.empty() ? "" : "; ", list, why);
    return text;
}

// A name of the list, with parameters where the method has any; in full where they are left to it: "binomial" is "binomial:8".
std::string in_full(const std::string& given) {
    const std::vector<std::string_view> parts = ode::split_spelling(given);
    for (const Named& method : methods_of_tolerances_alone())
        if (method.name == parts.front())
            throw std::invalid_argument(fmt::format("--methods: '{}' is for solves that choose their steps; give --tolerances, as 1e-3,1e-6", given));
    check_names({std::string(parts.front())}, study_methods(), "methods");
    std::string name = given;
    try {
        if (detail::is_of_study(parts.front())) ode::check_parameter_count(parts.front(), std::span(parts).subspan(1), 0);
        if (detail::is_of_study(given)) return name;
        ode::with_gradient_method(given, [&](const auto& method) { name = method.name; });
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(fmt::format("--methods: {}", error.what()));
    }
    return name;
}

void check_path_methods(const Study::Parts& parts) {
    for (const std::string& name : parts.problem.methods) {
        if (const auto why = no_path_method(parts, name)) throw std::invalid_argument(fmt::format("--methods {}: {}", name, *why));
    }
}

bool is_large(const Study::Parts& parts) { return parts.network && parts.network->parameter_count() > large_network; }

// Those of a study of tolerances.
void fill_tolerance_lists(const StudyRequest& request, StudyProblem& problem) {
    problem.tolerances = checked_tolerances(request);
    problem.atol = request.atol;
    problem.methods = without_repetition(request.methods.empty() ? default_tolerance_methods(request.all_methods) : request.methods);
    for (const std::string& name : problem.methods) (void)find_tolerance_method(name);
    const bool all = std::find(request.tableaus.begin(), request.tableaus.end(), "all") != request.tableaus.end();
    problem.tableaus =
        all ? tableaus_with_estimate()
            : without_repetition(request.tableaus.empty() ? std::vector<std::string>{"bogacki-shampine", "dormand-prince", "dop853"} : request.tableaus);
    problem.precisions = without_repetition(request.precisions.empty() ? std::vector<std::string>{"f64"} : request.precisions);
}

void fill_lists(const StudyRequest& request, Study::Parts& parts) {
    StudyProblem& problem = parts.problem;
    if (request.atol) throw std::invalid_argument("--atol: equal steps follow no tolerance; give --tolerances with it, as 1e-3,1e-6");
    const auto chosen = [](std::vector<std::string> given, std::vector<std::string> otherwise) {
        return without_repetition(given.empty() ? std::move(otherwise) : std::move(given));
    };
    std::vector<std::string> methods = request.methods.empty() ? default_methods(parts, request.all_methods) : request.methods;
    std::transform(methods.begin(), methods.end(), methods.begin(), in_full);
    if (!request.memory.empty()) {
        (void)ode::checkpoint::parse_bytes(request.memory);
        methods.push_back("memory:" + request.memory);
    }
    problem.methods = without_repetition(std::move(methods));
    if (request.methods.empty() && request.all_methods) problem.left_out = left_out_of_all(parts);
    problem.tableaus = chosen(request.tableaus, {"euler", "midpoint", "rk4", "dormand-prince"});
    problem.precisions = chosen(request.precisions, is_large(parts) ? std::vector<std::string>{"f32", "f64"} : std::vector<std::string>{"f32", "f64", "mpfr50"});
    check_names(problem.precisions, study_precisions(), "precisions");
    check_path_methods(parts);
    if (problem.mixture && std::find(problem.precisions.begin(), problem.precisions.end(), "mixed") != problem.precisions.end())
        throw std::invalid_argument(fmt::format("--precisions mixed: {} is a formula and no program that could run in single precision inside a solver in double; "
                                                "choose f32, f64 or mpfr50, or study a network or a field", mixture_name));
    for (const std::string& name : problem.tableaus) (void)ode::find_tableau(name);
    // many digits through a network take seconds a row
    const auto default_steps = problem.network ? std::vector<std::size_t>{1, 2, 4, 8, 16, 32} : std::vector<std::size_t>{1, 2, 4, 8, 16, 32, 64, 128};
    problem.steps = without_repetition(request.steps.empty() ? default_steps : request.steps);
    std::sort(problem.steps.begin(), problem.steps.end());
    if (problem.steps.front() == 0 || problem.steps.back() > most_steps) {
        throw std::invalid_argument(fmt::format("--steps: each number is at least 1 and at most {}", most_steps));
    }
}

void fill_numbers(const StudyRequest& request, Study::Parts& parts) {
    StudyProblem& problem = parts.problem;
    problem.seed = request.seed.value_or(0);
    problem.digits = request.digits.value_or(is_large(parts) ? 6 : 30);
    problem.threads = request.threads;
    if (problem.digits < 4 || problem.digits > 38) {
        throw std::invalid_argument(fmt::format("--digits {}: the truth can have 4 to 38 digits", problem.digits));
    }
    if (!std::isfinite(problem.t0) || !std::isfinite(problem.t1) || problem.t0 == problem.t1) {
        throw std::invalid_argument(fmt::format("--t0 {} --t1 {}: give two different finite times", problem.t0, problem.t1));
    }
}

// ½‖x₁ - y‖², or ½‖Hx₁ - y‖² with H from the file after the colon.
void fill_loss(const StudyRequest& request, StudyProblem& problem) {
    constexpr std::string_view observation = "observation:";
    problem.loss = request.loss;
    problem.target_size = problem.dimension;
    if (problem.loss == "squared-distance") return;
    if (!request.loss.starts_with(observation) || request.loss.size() == observation.size()) {
        throw std::invalid_argument(fmt::format("--loss: there is no '{}'; choose squared-distance, ½‖x(t1) - y‖², or observation:H.npy, ½‖H x(t1) - y‖²",
                                                request.loss));
    }
    const std::string file = request.loss.substr(observation.size());
    const nn::Array H = nn::read_npy(file);
    const bool row = H.dimension() == 1 && H.size() == problem.dimension;
    if (!row && (H.dimension() != 2 || H.shape()[1] != problem.dimension || H.size() == 0)) {
        throw std::invalid_argument(fmt::format("--loss {}: H has {} values in {} dimensions; give it the shape (observations, {})", request.loss, H.size(),
                                                H.dimension(), problem.dimension));
    }
    problem.loss = "observation";
    problem.observation.assign(H.begin(), H.end());
    problem.target_size = problem.observation.size() / problem.dimension;
}

// samples × dimension values from a file that holds as many, or one sample for all.
std::vector<double> from_file(const std::filesystem::path& file, std::size_t dimension, std::optional<std::size_t> samples, std::string_view option) {
    const nn::Array array = nn::read_npy(file);
    const std::size_t size = array.size(), rows = dimension == 0 ? 0 : size / dimension;
    const bool one = array.dimension() == 1 || (array.dimension() > 1 && array.shape()[0] != rows);
    if (size == 0 || size % dimension != 0 || (one && rows != 1)) {
        throw std::invalid_argument(fmt::format("--{} {}: an array of {} values is no list of samples of {} values; give it the shape (samples, {})",
                                                option, file.string(), size, dimension, dimension));
    }
    if (samples && rows != *samples && rows != 1) {
        throw std::invalid_argument(fmt::format("--{} {}: it holds {} samples where {} are needed; give as many, or one for all", option,
                                                file.string(), rows, *samples));
    }
    std::vector<double> values(array.begin(), array.end());
    const std::size_t wanted = samples.value_or(rows);
    for (std::size_t copy = rows; copy < wanted; ++copy) values.insert(values.end(), values.begin(), values.begin() + static_cast<std::ptrdiff_t>(dimension));
    return values;
}

// The named field's own start, then starts beside it; the field's own target for all.
void place_field(StudyProblem& problem, std::vector<double>& x0, std::vector<double>& y) {
    const std::size_t count = problem.samples * problem.dimension;
    const std::vector<double> noise = standard_normals(problem.seed, 0, count);
    ode::with_field(problem.subject, [&]<class Field>(const Field&) {
        for (std::size_t i = 0; i < count; ++i) {
            const double own = rounded(Field::x0()[i % Field::dim]);
            x0.push_back(i < Field::dim ? own : static_cast<double>(static_cast<float>(own + 0.1 * noise[i])));
            y.push_back(rounded(Field::target()[i % Field::dim]));
        }
    });
}

// What was chosen for a large network alone.
std::string economies(const StudyRequest& request, const Study::Parts& parts) {
    if (!is_large(parts)) return {};
    std::vector<std::string> chosen;
    if (!request.digits) chosen.emplace_back("a truth of 6 digits in double (--digits)");
    if (request.precisions.empty() && request.tolerances.empty()) chosen.emplace_back("no rows in 50 digits (--precisions)");
    if (!request.samples && !request.x0_file) chosen.emplace_back("one sample (--samples)");
    if (chosen.empty()) return {};
    return fmt::format("a network of {} weights: {} unless told otherwise", parts.network->parameter_count(), fmt::join(chosen, ", "));
}

// N(0, max(1, σ(t₀))² I) from the seed: noise of the size that the path has at its beginning.
std::vector<double> noise_at_start(const Study::Parts& parts) {
    const StudyProblem& problem = parts.problem;
    std::vector<double> x0 = standard_normals(problem.seed, 0, problem.samples * problem.dimension);
    if (!parts.path || !(problem.t0 >= 0 && problem.t0 <= 1)) return x0;
    const double size = at<double>(*parts.path, problem.t0).sigma();
    if (size > 1)
        for (double& value : x0) value = static_cast<float>(size * value);
    return x0;
}

void place_samples(const StudyRequest& request, Study::Parts& parts) {
    StudyProblem& problem = parts.problem;
    if (request.samples && (*request.samples == 0 || *request.samples > most_samples)) {
        throw std::invalid_argument(fmt::format("--samples {}: choose 1 to {}", *request.samples, most_samples));
    }
    std::vector<double> x0, y;
    if (request.x0_file) {
        if (request.seed) throw std::invalid_argument("--x0 and --seed exclude each other: the starts come from the file or from the seed");
        x0 = from_file(*request.x0_file, problem.dimension, request.samples, "x0");
        problem.samples = x0.size() / problem.dimension;
    } else {
        problem.samples = request.samples.value_or(
            is_large(parts) || (problem.adaptive() && !problem.network && !problem.mixture) ? 1 : 4);  // a field beside its own start may be another problem
    }
    if (problem.network || problem.mixture) {
        y = standard_normals(problem.seed, 1, problem.samples * problem.target_size);
        if (x0.empty()) x0 = noise_at_start(parts);
    } else {
        std::vector<double> own;
        place_field(problem, own, y);
        if (x0.empty()) x0 = own;
        if (!problem.observation.empty()) y = standard_normals(problem.seed, 1, problem.samples * problem.target_size);
    }
    if (request.y_file) y = from_file(*request.y_file, problem.target_size, problem.samples, "y");
    problem.x0 = std::move(x0);
    problem.y = std::move(y);
}

}  // namespace

std::string study_hash(std::string_view bytes) {
    std::uint64_t h = 0xcbf29ce484222325;
    for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return fmt::format("{:016x}", h);
}

std::string load_text(const nn::LoadOptions& options) {
    std::string text;
    for (const auto& [name, value] : {std::pair{"input", &options.input}, {"time", &options.time}, {"parametrisation", &options.parametrisation}})
        if (!value->empty()) text += fmt::format(" --{} {}", name, *value);
    return text;
}

void refuse_load_options(const nn::LoadOptions& options, std::string_view subject) {
    if (const std::string given = load_text(options); !given.empty())
        throw std::invalid_argument(fmt::format("{}: {} is no network file; leave it out", given.substr(1), subject));
}

Study::Parts study_parts(const StudyRequest& request) {
    Study::Parts parts = study_subject(request);
    StudyProblem& problem = parts.problem;
    problem.large = is_large(parts);
    if (request.tolerances.empty()) fill_lists(request, parts);
    else fill_tolerance_lists(request, problem);
    fill_numbers(request, parts);
    fill_loss(request, problem);
    place_samples(request, parts);
    problem.economies = economies(request, parts);
    problem.smooth = detail::smooth_subject(parts);
    return parts;
}

std::string StudyProblem::configuration() const {
    nlohmann::ordered_json json = {{"version", 1}, {"subject", title + (adaptive() ? ", steps of its own" : "")}, {"fingerprint", fingerprint}, {"loss", loss},
                                   {"samples", samples}, {"x0", hash_of(x0)}, {"y", hash_of(y)}, {"t0", t0}, {"t1", t1},
                                   {"digits", digits}};
    // the title says the same, so that a study with these keys and one without are told apart
    if (!statement.empty() || mixture) {
        json["path"] = path;
        json["variables"] = variables();
    }
    if (!observation.empty()) json["observation"] = hash_of(observation);
    if (atol) json["atol"] = *atol;
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

const std::vector<Named>& study_methods() {
    static const std::vector<Named> methods = [] {
        std::vector<Named> list;
        for (const ode::MethodName& method : ode::gradient_methods())
            list.push_back({std::string(method.base), std::string(method.meaning), std::string(method.parameters)});
        list.push_back({std::string(detail::greedy_name), "the gradient of L(x1hat(t0, x)), one evaluation and one vjp; needs a path"});
        list.push_back({std::string(detail::look_ahead_name), "dto on steps in the regular variables x/alpha over sigma/alpha; needs a path"});
        list.push_back({std::string(AdjointDeis1::name), std::string(AdjointDeis1::meaning)});
        return list;
    }();
    return methods;
}

const std::vector<Named>& study_precisions() {
    static const std::vector<Named> precisions = {
        {"f32", "single precision"}, {"mixed", "single-precision field in a double-precision solver"}, {"f64", "double precision"},
        {"mpfr50", "50 decimal digits"}};
    return precisions;
}

}  // namespace costate::guidance
