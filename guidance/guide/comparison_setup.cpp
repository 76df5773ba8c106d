// From what is asked of guide to its setup.
#include "guidance/guide/comparison.hpp"
#include "guidance/guide/methods/list.hpp"
#include "guidance/guide/mixture_posterior.hpp"
#include "guidance/guide/operators/tasks.hpp"
#include "guidance/study_problem.hpp"
#include "kernels/parallel.hpp"
#include "nn/npy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace costate::guidance {

namespace fs = std::filesystem;

namespace {

/// Of a file's bytes; of a folder's names and files.
std::string hash_of(const fs::path& file) {
    if (!fs::is_directory(file)) {
        std::ifstream in(file, std::ios::binary);
        return study_hash(std::string{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()});
    }
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(file))
        if (entry.is_regular_file()) files.push_back(entry.path().filename().string() + ":" + hash_of(entry.path()));
    std::sort(files.begin(), files.end());
    return study_hash(fmt::format("{}", fmt::join(files, "\n")));
}

std::string hash_of(const std::vector<double>& values) {
    return study_hash(std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)));
}

bool is_network_file(const fs::path& file) { return nn::is_onnx(file) || file.extension() == ".safetensors"; }

ImageShape shape_of(const nn::Network& network) {
    const std::vector<std::size_t>& s = network.description.input_shape;
    if (s.size() == 3) return {s[0], s[1], s[2]};
    const std::size_t d = network.description.input_size;
    return {1, 1, d};  // where it is flat and its images are not, they say the shape
}

void take_network(GuideSetup& setup) {
    const GuideRequest& request = setup.request;
    setup.network = nn::load_network(request.model, request.load);
    const nn::NetworkDescription& about = setup.network->description;
    if (request.dimension || request.points || request.tau)
        throw std::invalid_argument(fmt::format("--{}: {} is a network; leave the option to gaussian-mixture or to images", request.dimension ? "dim" : request.points ? "points" : "tau", request.model));
    if (about.parametrisation == "logits" || about.input_size != about.output_size)
        throw std::invalid_argument(fmt::format("{}: it returns {}, {} values for {}, and is no flow; give a velocity, epsilon or x1 model, and this one to --loss", request.model,
                                                about.parametrisation, about.output_size, about.input_size));
    const std::string name = request.path.empty() ? about.path : request.path;
    try {
        setup.flow_path = find_path(name);
    } catch (const std::invalid_argument&) {
        throw std::invalid_argument(fmt::format("{}: the path '{}' is unknown; name one with --path (costate list paths)", request.model, name));
    }
    setup.title = fs::path(request.model).filename().string();
    setup.shape = shape_of(*setup.network);
    setup.fingerprint = hash_of(fs::path(request.model)) + load_text(request.load);
}

void take_mixture(GuideSetup& setup) {
    const std::size_t d = setup.request.dimension.value_or(2);
    if (d == 0 || d > 200) throw std::invalid_argument(fmt::format("--dim {}: the mixture has 1 to 200 dimensions", d));
    setup.mixture = study_mixture(d);
    setup.flow_path = find_path(setup.request.path.empty() ? "cond-ot" : setup.request.path);
    setup.title = fmt::format("{} in {} dimensions", mixture_name, d);
    setup.shape = {1, 1, d};
    setup.fingerprint = fmt::format("{}:{}", mixture_name, d);
}

void take_data(GuideSetup& setup) {
    const GuideRequest& request = setup.request;
    const std::size_t points = request.points.value_or(10000);
    if (!(setup.tau() >= 0) || !(setup.tau() < 100)) throw std::invalid_argument(fmt::format("--tau {}: the width of a point is 0 or more", setup.tau()));
    setup.data = read_images(request.model);
    if (points == 0) throw std::invalid_argument("--points 0: a data set has at least one image");
    if (setup.data.count > points) {
        setup.data.count = points;
        setup.data.values.resize(points * setup.data.shape.size());
    }
    setup.flow_path = find_path(request.path.empty() ? "cond-ot" : request.path);
    setup.title = fmt::format("the exact flow of {} images of {}, tau {}", setup.data.count, fs::path(request.model).filename().string(), setup.tau());
    setup.shape = setup.data.shape;
    setup.fingerprint = fmt::format("{}:{}", hash_of(setup.data.values), setup.tau());
}

void take_model(GuideSetup& setup) {
    std::error_code ignored;
    const GuideRequest& request = setup.request;
    if (!is_network_file(request.model)) refuse_load_options(request.load, request.model);
    if (request.model == mixture_name) return take_mixture(setup);
    if (!fs::exists(request.model, ignored))
        throw std::invalid_argument(fmt::format("'{}' is no file: give a network file, images (a folder, IDX, .npy), or {}", request.model, mixture_name));
    if (is_network_file(request.model)) return take_network(setup);
    take_data(setup);
}

/// Images of the model's size; a flat network takes the shape of its images.
Images images_for(GuideSetup& setup, const fs::path& file, std::size_t first, std::size_t count) {
    Images images = read_images(file, first, count, setup.shape);
    if (!setup.shape.is_image()) setup.shape = images.shape;
    return images;
}

/// Draws from the mixture: component by weight, then mean + L z.
void draw_truth(GuideSetup& setup) {
    const std::size_t d = setup.shape.size();
    std::vector<double> weights;
    for (const auto& c : setup.mixture) weights.push_back(from_rational<double>(c.weight));
    setup.truth.shape = setup.shape;
    setup.truth.count = setup.request.count;
    for (std::size_t i = 0; i < setup.request.count; ++i) {
        const NormalSource random(setup.request.seed, static_cast<std::uint32_t>(setup.request.first + i));
        double u = random.uniform(Draw::data, 0, 0);
        std::size_t k = 0;
        while (k + 1 < weights.size() && u >= weights[k]) u -= weights[k++];
        std::vector<double> z(d), x(d);
        random.fill(Draw::data, 1, std::span<double>(z));
        SmallMatrix<double> C(d, d);
        for (std::size_t a = 0; a < d; ++a)
            for (std::size_t b = 0; b < d; ++b) C(a, b) = from_rational<double>(setup.mixture[k].covariance(a, b));
        for (std::size_t a = 0; a < d; ++a) x[a] = from_rational<double>(setup.mixture[k].mean[a]);
        lower_root(C).multiply_add(z, std::span<double>(x));
        setup.truth.values.insert(setup.truth.values.end(), x.begin(), x.end());
    }
}

void take_truth(GuideSetup& setup) {
    const GuideRequest& request = setup.request;
    constexpr std::size_t most_values = std::size_t{1} << 27, most_images = std::size_t{1} << 31;
    if (request.count == 0) throw std::invalid_argument("--count 0: ask for at least one sample");
    if (request.first > most_images || request.count > most_values / setup.shape.size())
        throw std::invalid_argument(fmt::format("--first {} --count {}: images are numbered up to {}, and samples of {} are at most {} at once; ask for fewer", request.first,
                                                request.count, most_images, to_string(setup.shape), most_values / setup.shape.size()));
    if (!request.images.empty()) {
        setup.truth = images_for(setup, request.images, request.first, request.count);
        if (setup.truth.count < request.count)
            throw std::invalid_argument(fmt::format("{}: there are {} images from number {} on and {} are asked for; lower --count or --first",
                                                    request.images.string(), setup.truth.count, request.first, request.count));
    } else if (!setup.mixture.empty() && !request.task.empty()) {
        draw_truth(setup);
    } else if (!request.task.empty()) {
        throw std::invalid_argument(fmt::format("--task {}: a measurement is made of images; name them with --images FILE", request.task));
    }
    if (!request.reference.empty()) {
        setup.references = images_for(setup, request.reference, 0, all_images);
        if (setup.references.count != 1 && setup.references.count < request.first + request.count)
            throw std::invalid_argument(fmt::format("{}: it has {} images; give one reference, or one an image up to number {}", request.reference.string(),
                                                    setup.references.count, request.first + request.count - 1));
    }
}

void take_noise(GuideSetup& setup) {
    const GuideRequest& request = setup.request;
    const std::size_t m = setup.H->rows();
    if (!(request.noise >= 0) || !std::isfinite(request.noise)) throw std::invalid_argument(fmt::format("--noise {}: a standard deviation is 0 or more", request.noise));
    setup.sigma_y = request.noise;
    setup.noise.assign(request.count * m, 0);
    if (!request.noise_file.empty()) {
        const nn::Array file = nn::read_npy(request.noise_file);
        const std::vector<double> given(file.begin(), file.end());
        if (given.size() != m && (given.size() % m != 0 || given.size() / m < request.first + request.count))
            throw std::invalid_argument(fmt::format("{}: it has {} values and a measurement {}; give that many, or that many an image up to number {}", request.noise_file.string(),
                                                    given.size(), m, request.first + request.count - 1));
        const std::size_t from = given.size() == m ? 0 : request.first * m;
        for (std::size_t i = 0; i < setup.noise.size(); ++i) setup.noise[i] = given[(from + i) % given.size()];
        double square = 0;
        for (const double value : given) square += value * value / static_cast<double>(given.size());
        setup.sigma_y = std::sqrt(square);
        return;
    }
    for (std::size_t i = 0; i < request.count; ++i) {
        const std::span<double> own = std::span<double>(setup.noise).subspan(i * m, m);
        NormalSource(request.seed, static_cast<std::uint32_t>(request.first + i)).fill(Draw::measurement, 0, own);
        for (double& value : own) value *= request.noise;
    }
}

void take_measurement(GuideSetup& setup) {
    const GuideRequest& request = setup.request;
    if (request.task.empty()) return;
    setup.H = make_operator<double>(request.task, setup.shape, request.seed);
    take_noise(setup);
    const std::size_t m = setup.H->rows();
    setup.y.resize(request.count * m);
    for (std::size_t i = 0; i < request.count; ++i) {
        const std::span<double> y = std::span<double>(setup.y).subspan(i * m, m);
        setup.H->apply(setup.truth_of(i), y);
        for (std::size_t j = 0; j < m; ++j) y[j] += setup.noise[i * m + j];
    }
}

void require_weight(const char* option, double weight) {
    if (!(weight >= 0) || !std::isfinite(weight)) throw std::invalid_argument(fmt::format("{} {}: a weight is a number that is not negative", option, weight));
}

/// A network that reads samples and says something else than where they flow. Every target is checked before anything runs.
nn::Network judging_network(const GuideSetup& setup, const LossRequest& loss) {
    nn::Network network = nn::load_network(loss.file);
    for (std::size_t i = 0; i < std::max<std::size_t>(loss.targets.size(), 1); ++i)
        (void)NetworkLoss<float>(network, {loss.targets.empty() ? std::nullopt : std::optional(loss.targets[i]), loss.value.value_or(0), loss.output}, setup.shape.size());
    const nn::NetworkDescription& about = network.description;
    if (!loss.targets.empty() && about.parametrisation != "logits" && about.input_size == about.output_size)
        throw std::invalid_argument(fmt::format("{}: it returns {} and no classes; give a classifier", loss.file.string(), about.parametrisation));
    return network;
}

void take_losses(GuideSetup& setup) {
    const GuideRequest& request = setup.request;
    require_weight("--task-weight", request.task_weight);
    require_weight("--reference-weight", request.reference_weight);
    for (const LossRequest& loss : request.losses) {
        if (loss.targets.empty() && !loss.value)
            throw std::invalid_argument(fmt::format("--loss {}: say which class with --target, or which value with --value", loss.file.string()));
        if (loss.value && !std::isfinite(*loss.value)) throw std::invalid_argument(fmt::format("--value {}: give a finite number", *loss.value));
        require_weight("--weight", loss.weight);
        setup.loss_networks.push_back(judging_network(setup, loss));
    }
    if (request.classifier.empty()) return;
    setup.classifier = judging_network(setup, {request.classifier, {0}});
    for (const int label : setup.truth.labels)
        if (label < 0 || static_cast<std::size_t>(label) >= setup.classifier->description.output_size)
            throw std::invalid_argument(fmt::format("--classifier {}: an image has the label {} and the network {} outputs; give a classifier of these images",
                                                    request.classifier.string(), label, setup.classifier->description.output_size));
}

void take_methods(GuideSetup& setup) {
    const GuideRequest& request = setup.request;
    const bool all = std::find(request.methods.begin(), request.methods.end(), "all") != request.methods.end();
    const FlowModel<float> model = flow_model<float>(setup);
    const Objective<float> objective = objective_of<float>(setup, 0);
    const auto take = [&](GuidanceMethod method, bool asked) {
        const bool known = std::any_of(setup.methods.begin(), setup.methods.end(), [&](const GuidanceMethod& m) { return m.spelling() == method.spelling(); });
        if (known) return;
        if (const auto why = method.refuses(objective, model)) {
            if (asked) throw std::invalid_argument(fmt::format("--methods {}: {}", method.name(), *why));
            setup.remarks.push_back(fmt::format("{} is left out: {}", method.name(), *why));
            return;
        }
        setup.methods.push_back(std::move(method));
    };
    if (all)
        for (const GuidanceMethod& method : guidance_methods()) take(method, false);
    for (const std::string& name : request.methods.empty() ? std::vector<std::string>{"greedy"} : request.methods)
        if (name != "all") take(find_guidance_method(name), true);
    if (!setup.H) return;
    setup.baselines = {methods::pseudo_inverse()};
    if (setup.sigma_y > 0) setup.baselines.push_back(methods::regularised_inverse());
}

void check_options(const GuidanceOptions& options) {
    if (!options.tableau.empty()) (void)ode::find_tableau(options.tableau);
    (void)flow_gradient<float>(options.gradient, ode::find_tableau(options.tableau.empty() ? "midpoint" : options.tableau));
    if (options.steps > 1'000'000) throw std::invalid_argument(fmt::format("--steps {}: at most a million", options.steps));
}

}  // namespace

std::span<const double> GuideSetup::measurement_of(std::size_t i) const {
    if (!H) return {};
    return std::span<const double>(y).subspan(i * H->rows(), H->rows());
}

std::string GuideSetup::task() const {
    std::string text = request.task;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : " + ") + part; };
    for (const LossRequest& loss : request.losses) {
        const std::string name = loss.file.filename().string();
        if (loss.value) add(fmt::format("output {} of {} = {}", loss.output, name, *loss.value));
        else add(fmt::format("class {} of {}", fmt::join(loss.targets, ","), name));
    }
    if (!request.reference.empty()) add("near " + request.reference.filename().string());
    if (request.noise > 0 || !request.noise_file.empty()) text += fmt::format(", noise {:.4g}", sigma_y);
    return text;
}

std::string GuideSetup::configuration() const {
    nlohmann::ordered_json json;
    json["model"] = fingerprint;
    json["path"] = path;
    json["task"] = task();
    const std::size_t colon = request.task.find(':');
    const fs::path operand = colon == std::string::npos ? fs::path() : fs::path(request.task.substr(colon + 1));
    json["operator"] = !operand.empty() && fs::is_regular_file(operand) ? hash_of(operand) : "";
    json["task_weight"] = request.task_weight;
    json["noise"] = request.noise_file.empty() ? fmt::format("{}", request.noise) : hash_of(request.noise_file);
    for (const LossRequest& loss : request.losses) json["losses"].push_back({hash_of(loss.file), loss.weight});
    json["reference"] = hash_of(references.values) + fmt::format(":{}", request.reference_weight);
    json["classifier"] = classifier ? hash_of(request.classifier) : "";
    json["images"] = request.images.empty() ? "" : hash_of(request.images);
    json["steps"] = request.options.steps;
    json["tableau"] = request.options.tableau;
    json["gradient"] = request.options.gradient;
    json["precision"] = precision;
    json["seed"] = request.seed;
    return json.dump(2) + "\n";
}

std::vector<const GuidanceMethod*> GuideSetup::all_methods() const {
    std::vector<const GuidanceMethod*> all;
    for (const auto* list : {&baselines, &methods})
        for (const GuidanceMethod& method : *list) all.push_back(&method);
    return all;
}

std::vector<GuideRow> GuideSetup::questions() const {
    std::vector<GuideRow> rows;
    for (std::size_t i = 0; i < request.count; ++i)
        for (const GuidanceMethod* method : all_methods()) rows.push_back({method->spelling(), task(), request.first + i});
    return rows;
}

GuideSetup guide_setup(const GuideRequest& request) {
    GuideSetup setup;
    setup.request = request;
    setup.precision = request.single_precision ? "f32" : "f64";
    setup.threads = request.threads == 0 ? kernels::thread_count() : request.threads;
    check_options(request.options);
    take_model(setup);
    setup.path = name_of(*setup.flow_path);
    take_truth(setup);
    take_measurement(setup);
    take_losses(setup);
    if (!setup.H && request.losses.empty() && request.reference.empty())
        throw std::invalid_argument("there is nothing to guide to; give a measurement (--task), a network (--loss) or a reference (--reference)");
    take_methods(setup);
    return setup;
}

}  // namespace costate::guidance
