// From what is asked to a problem with every default filled in, or a sentence.
#include "guidance/study_compute.hpp"
#include "guidance/study_problem.hpp"
#include "guidance/study_random.hpp"
#include "nn/npy.hpp"
#include "ode/fields/named_fields.hpp"
#include "ode/gradient/methods.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace costate::guidance {

namespace {

constexpr std::size_t most_samples = 100'000, most_steps = 100'000'000;

std::uint64_t hash(std::string_view bytes) {  // FNV-1a
    std::uint64_t h = 0xcbf29ce484222325;
    for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return h;
}
std::string hash_of(const std::vector<double>& values) {
    return fmt::format("{:016x}", hash({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)}));
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

void fill_lists(const StudyRequest& request, StudyProblem& problem) {
    const auto chosen = [](std::vector<std::string> given, std::vector<std::string> otherwise) {
        return without_repetition(given.empty() ? std::move(otherwise) : std::move(given));
    };
    std::vector<std::string> all_methods;
    for (const Named& method : study_methods()) all_methods.push_back(method.name);
    problem.methods = chosen(request.methods, all_methods);
    problem.tableaus = chosen(request.tableaus, {"euler", "midpoint", "rk4", "dormand-prince"});
    problem.precisions = chosen(request.precisions, {"f32", "f64", "mpfr50"});
    check_names(problem.methods, study_methods(), "methods");
    check_names(problem.precisions, study_precisions(), "precisions");
    for (const std::string& name : problem.tableaus) (void)ode::find_tableau(name);
    // many digits through a network take seconds a row
    const auto default_steps = problem.network ? std::vector<std::size_t>{1, 2, 4, 8, 16, 32} : std::vector<std::size_t>{1, 2, 4, 8, 16, 32, 64, 128};
    problem.steps = without_repetition(request.steps.empty() ? default_steps : request.steps);
    std::sort(problem.steps.begin(), problem.steps.end());
    if (problem.steps.front() == 0 || problem.steps.back() > most_steps) {
        throw std::invalid_argument(fmt::format("--steps: each number is at least 1 and at most {}", most_steps));
    }
}

void fill_numbers(const StudyRequest& request, StudyProblem& problem) {
    problem.loss = request.loss;
    problem.seed = request.seed.value_or(0);
    problem.digits = request.digits;
    problem.threads = request.threads;
    if (problem.loss != "squared-distance") {
        throw std::invalid_argument(fmt::format("--loss: there is no '{}'; choose squared-distance, ½‖x(t1) - y‖²", problem.loss));
    }
    if (problem.digits < 4 || problem.digits > 38) {
        throw std::invalid_argument(fmt::format("--digits {}: the truth can have 4 to 38 digits", problem.digits));
    }
    if (!std::isfinite(problem.t0) || !std::isfinite(problem.t1) || problem.t0 == problem.t1) {
        throw std::invalid_argument(fmt::format("--t0 {} --t1 {}: give two different finite times", problem.t0, problem.t1));
    }
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

void place_samples(const StudyRequest& request, StudyProblem& problem) {
    if (request.samples && (*request.samples == 0 || *request.samples > most_samples)) {
        throw std::invalid_argument(fmt::format("--samples {}: choose 1 to {}", *request.samples, most_samples));
    }
    std::vector<double> x0, y;
    if (request.x0_file) {
        if (request.seed) throw std::invalid_argument("--x0 and --seed exclude each other: the starts come from the file or from the seed");
        x0 = from_file(*request.x0_file, problem.dimension, request.samples, "x0");
        problem.samples = x0.size() / problem.dimension;
    } else {
        problem.samples = request.samples.value_or(4);
    }
    if (problem.network) {
        y = standard_normals(problem.seed, 1, problem.samples * problem.dimension);
        if (x0.empty()) x0 = standard_normals(problem.seed, 0, problem.samples * problem.dimension);
    } else {
        std::vector<double> own;
        place_field(problem, own, y);
        if (x0.empty()) x0 = own;
    }
    if (request.y_file) y = from_file(*request.y_file, problem.dimension, problem.samples, "y");
    problem.x0 = std::move(x0);
    problem.y = std::move(y);
}

void take_network(const std::string& subject, Study::Parts& parts) {
    StudyProblem& problem = parts.problem;
    parts.network = nn::load_network(subject);
    const nn::NetworkDescription& network = parts.network->description;
    if (network.parametrisation != "velocity" || network.input_size != network.output_size) {
        throw std::invalid_argument(fmt::format("{}: its output is '{}', not a velocity, so there is no flow to follow yet; study a network whose "
                                                "parametrisation is velocity", subject, network.parametrisation));
    }
    problem.network = true;
    problem.title = std::filesystem::path(subject).filename().string();
    problem.dimension = network.input_size;
    std::ifstream in(subject, std::ios::binary);
    problem.fingerprint = fmt::format("{:016x}", hash(std::string{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()}));
}

void take_field(const std::string& subject, Study::Parts& parts) {
    StudyProblem& problem = parts.problem;
    ode::with_field(subject, [&]<class Field>(const Field&) {
        problem.title = subject + ": " + std::string(Field::equation);
        problem.dimension = Field::dim;
        problem.t0 = rounded(Field::t0());
        problem.t1 = rounded(Field::t1());
    });
    problem.fingerprint = subject;
}

}  // namespace

Study::Parts study_parts(const StudyRequest& request) {
    Study::Parts parts;
    StudyProblem& problem = parts.problem;
    problem.subject = request.subject;
    std::error_code ignored;
    if (ode::is_named_field(request.subject)) {
        take_field(request.subject, parts);
    } else if (std::filesystem::exists(request.subject, ignored)) {
        take_network(request.subject, parts);
    } else {
        std::string names;
        ode::for_each_field([&](const auto& field) { names += (names.empty() ? "" : ", ") + std::string(field.name); });
        throw std::invalid_argument(fmt::format("'{}' is neither a file nor a field: give a network file, or one of {}", request.subject, names));
    }
    problem.t0 = request.t0.value_or(problem.t0);
    problem.t1 = request.t1.value_or(problem.t1);
    fill_lists(request, problem);
    fill_numbers(request, problem);
    place_samples(request, problem);
    problem.smooth = detail::smooth_subject(parts);
    return parts;
}

std::string StudyProblem::configuration() const {
    const nlohmann::ordered_json json = {{"version", 1}, {"subject", title}, {"fingerprint", fingerprint}, {"loss", loss},
                                         {"samples", samples}, {"x0", hash_of(x0)}, {"y", hash_of(y)}, {"t0", t0}, {"t1", t1},
                                         {"digits", digits}};
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

const std::vector<Named>& study_methods() {
    static const std::vector<Named> methods = [] {
        std::vector<Named> list;
        ode::for_each_gradient_method([&](const auto& method) { list.push_back({std::string(method.name), std::string(method.meaning)}); });
        return list;
    }();
    return methods;
}

const std::vector<Named>& study_precisions() {
    static const std::vector<Named> precisions = {
        {"f32", "single precision"}, {"f64", "double precision"}, {"mpfr50", "50 decimal digits"}};
    return precisions;
}

std::vector<Named> study_fields() {
    std::vector<Named> fields;
    ode::for_each_field([&](const auto& field) { fields.push_back({std::string(field.name), std::string(field.equation)}); });
    return fields;
}

}  // namespace costate::guidance
