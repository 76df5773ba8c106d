#include "nn/check.hpp"

#include "nn/file_error.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

namespace costate::nn {

namespace {

constexpr std::string_view bar_prefix = "theta_bar.", dot_prefix = "theta_dot.";

/// The comparison in one precision: T computes, double compares.
template <class T>
class Comparison {
public:
    Comparison(const Network& network, const Golden& golden, double tolerance, std::vector<CheckRow>& rows)
        : network_(network),
          golden_(golden),
          program_(program<T>(network, {.time = autodiff::Sharing::per_sample})),
          tolerance_(tolerance),
          rows_(rows),
          batch_(golden.samples()),
          in_(network.description.input_size),
          out_(network.description.output_size),
          t_(golden.contains("t") ? given("t", 1) : std::vector<T>(batch_)),
          x_(given("x", in_)) {}

    void run() {
        if (golden_.contains("u") || golden_.contains("vjp")) reverse();
        if (golden_.contains("jvp")) compare("jvp", push(given("w", in_)), out_);
        if (golden_.contains("divergence")) compare("divergence", divergence(), 1);
        if (golden_.contains("cross_entropy") || golden_.contains("cross_entropy_grad")) cross_entropy();
        if (has_weights()) weights();
    }

private:
    std::vector<T> given(std::string_view name, std::size_t size) const {
        const Array values = golden_.rows(name, size);
        return {values.begin(), values.end()};
    }

    void add(std::string quantity, double error) {
        rows_.push_back({std::move(quantity), std::string(ScalarTraits<T>::name), error, error <= tolerance_});
    }

    void compare(const std::string& name, const std::vector<T>& computed, std::size_t size) {
        const std::vector<double> a(computed.begin(), computed.end());
        add(name, largest_relative_error(a, golden_.rows(name, size), batch_));
    }

    /// All samples as one: where a loss is near 0, the golden value itself has few digits.
    void compare_batch(const std::string& name, const std::vector<T>& computed, std::size_t size) {
        const std::vector<double> a(computed.begin(), computed.end());
        add(name, largest_relative_error(a, golden_.rows(name, size), 1));
    }

    /// u, then x̄ = vᵀ∂u/∂x.
    void reverse() {
        const auto u = forward();
        if (golden_.contains("u")) compare("u", u, out_);
        if (!golden_.contains("vjp")) return;
        const auto v = given("v", out_);
        std::vector<T> x_bar(batch_ * in_);
        const std::array<std::span<const T>, 1> out_bar{v};
        const std::array<std::span<T>, 2> in_bar{std::span<T>{}, x_bar};
        program_.pullback(record_, out_bar, in_bar, {}, workspace_);
        compare("vjp", x_bar, in_);
    }

    /// −log softmax(u)_label of every sample, and its gradient with respect to x, where ū = softmax(u) − e_label.
    void cross_entropy() {
        std::vector<T> losses, u_bar = forward(), x_bar(batch_ * in_);
        const std::vector<std::size_t> labels = golden_labels();
        for (std::size_t b = 0; b < batch_; ++b) losses.push_back(cross_entropy(std::span<T>(u_bar).subspan(b * out_, out_), labels[b]));
        if (golden_.contains("cross_entropy")) compare_batch("cross_entropy", losses, 1);
        if (!golden_.contains("cross_entropy_grad")) return;
        const std::array<std::span<const T>, 1> out_bar{u_bar};
        const std::array<std::span<T>, 2> in_bar{std::span<T>{}, x_bar};
        program_.pullback(record_, out_bar, in_bar, {}, workspace_);
        compare_batch("cross_entropy_grad", x_bar, in_);
    }

    /// −log softmax(u)_label, and u becomes ū; from the differences to u_label, so that a loss near 0 keeps its digits.
    static T cross_entropy(std::span<T> u, std::size_t label) {
        using std::exp, std::log, std::log1p;
        const T own = u[label];
        T shift(0), others(0);
        for (T& value : u) shift = std::max(shift, value -= own);
        for (std::size_t j = 0; j < u.size(); ++j)
            if (j != label) others += u[j] = exp(u[j] - shift);
        const T chosen = exp(-shift), sum = chosen + others;
        for (T& value : u) value /= sum;
        u[label] = -others / sum;
        return shift == T(0) ? log1p(others) : T(shift + log(sum));
    }

    [[nodiscard]] std::vector<std::size_t> golden_labels() const {
        std::vector<std::size_t> labels;
        for (const double label : golden_.rows("label", 1)) {
            if (!(label >= 0 && label < static_cast<double>(out_)) || label != std::floor(label))
                throw GoldenError(golden_.path(), "a label is no class of the " + std::to_string(out_) + " that the network has; count them from 0");
            labels.push_back(static_cast<std::size_t>(label));
        }
        return labels;
    }

    std::vector<T> forward() {
        std::vector<T> u(batch_ * out_);
        const std::array<std::span<const T>, 2> inputs{t_, x_};
        const std::array<std::span<T>, 1> outputs{u};
        program_.forward(inputs, outputs, batch_, record_, workspace_);
        return u;
    }

    /// ∂u/∂x ẋ
    std::vector<T> push(const std::vector<T>& x_dot) {
        std::vector<T> u(batch_ * out_), u_dot(batch_ * out_);
        const std::array<std::span<const T>, 2> inputs{t_, x_}, dots{std::span<const T>{}, x_dot};
        const std::array<std::span<T>, 1> outputs{u}, out_dots{u_dot};
        program_.pushforward(inputs, dots, {}, outputs, out_dots, batch_, workspace_);
        return u_dot;
    }

    /// Σᵢ ∂uᵢ/∂xᵢ, one tangent a coordinate.
    std::vector<T> divergence() {
        if (in_ != out_)
            throw GoldenError(golden_.path(),
                              "there is a divergence, but the network writes another number of values than it reads; compare it "
                              "with its own golden file");
        std::vector<T> trace(batch_);
        for (std::size_t i = 0; i < in_; ++i) {
            std::vector<T> unit(batch_ * in_);
            for (std::size_t b = 0; b < batch_; ++b) unit[b * in_ + i] = T(1);
            const auto column = push(unit);
            for (std::size_t b = 0; b < batch_; ++b) trace[b] += column[b * in_ + i];
        }
        return trace;
    }

    [[nodiscard]] bool has_weights() const {
        return std::ranges::any_of(golden_.tensors(), [](const TensorEntry& e) {
            return e.name.starts_with(bar_prefix) || e.name.starts_with(dot_prefix);
        });
    }

    /// A thousandth of the largest ‖θ̄‖₂ of a tensor that the golden file has.
    [[nodiscard]] double least_norm() const {
        double largest = 0;
        for (const Weight& weight : network_.parameters) {
            const std::string name = golden_.name_of(weight.name), bar = std::string(bar_prefix) + name, dot = std::string(dot_prefix) + name;
            const std::vector<std::size_t> shape(weight.values.shape().begin(), weight.values.shape().end());
            double square = 0;
            if (golden_.contains(bar)) {
                for (const double value : golden_.tensor(bar, shape)) square += value * value;
            } else if (golden_.contains(dot)) {
                square = std::pow(golden_.tensor(dot, std::array<std::size_t, 1>{2}).flat(1), 2);
            }
            largest = std::max(largest, std::sqrt(square));
        }
        return largest / 1000;
    }

    /// θ̄ = gradient of Σ v·u over the whole batch; per tensor, and [⟨θ̄, θ⟩, ‖θ̄‖].
    void weights() {
        const double least = least_norm();
        (void)forward();
        const auto v = given("v", out_);
        std::vector<T> theta_bar(program_.parameter_count());
        const std::array<std::span<const T>, 1> out_bar{v};
        program_.pullback(record_, out_bar, {}, theta_bar, workspace_);
        for (const Weight& weight : network_.parameters) {
            const std::vector<double> bar(theta_bar.begin() + static_cast<std::ptrdiff_t>(weight.offset),
                                          theta_bar.begin() + static_cast<std::ptrdiff_t>(weight.offset + weight.values.size()));
            const std::vector<std::size_t> shape(weight.values.shape().begin(), weight.values.shape().end());
            const std::string name = golden_.name_of(weight.name), bar_name = std::string(bar_prefix) + name, dot_name = std::string(dot_prefix) + name;
            if (golden_.contains(bar_name)) add(bar_name, largest_relative_error(bar, golden_.tensor(bar_name, shape), 1, least));
            if (golden_.contains(dot_name)) {
                double inner = 0, square = 0;
                for (std::size_t i = 0; i < bar.size(); ++i) {
                    inner += bar[i] * weight.values.flat(i);
                    square += bar[i] * bar[i];
                }
                add(dot_name, largest_relative_error(std::array{inner, std::sqrt(square)},
                                                     golden_.tensor(dot_name, std::array<std::size_t, 1>{2}), 1, least));
            }
        }
    }

    const Network& network_;
    const Golden& golden_;
    autodiff::Program<T> program_;
    autodiff::Record<T> record_;
    autodiff::Workspace<T> workspace_;
    double tolerance_;
    std::vector<CheckRow>& rows_;
    std::size_t batch_, in_, out_;
    std::vector<T> t_, x_;
};

/// What all weights' names begin with, up to the last dot in common: an exporter's name of the whole module.
std::string shared_prefix(const Network& network) {
    if (network.parameters.size() < 2) return {};
    std::string_view prefix = network.parameters[0].name;
    for (const Weight& weight : network.parameters)
        prefix = prefix.substr(0, static_cast<std::size_t>(std::ranges::mismatch(prefix, weight.name).in1 - prefix.begin()));
    return std::string(prefix.substr(0, prefix.rfind('.') + 1));
}

}  // namespace

double largest_relative_error(std::span<const double> a, std::span<const double> b, std::size_t samples, double least) {
    const std::size_t size = samples == 0 ? 0 : b.size() / samples;
    double largest = 0;
    for (std::size_t s = 0; s < samples; ++s) {
        double difference = 0, norm = 0;
        for (std::size_t i = s * size; i < (s + 1) * size; ++i) {
            difference += (a[i] - b[i]) * (a[i] - b[i]);
            norm += b[i] * b[i];
        }
        const double error = difference == 0 ? 0 : std::sqrt(difference) / std::max(std::sqrt(norm), least);
        if (!(error <= largest)) largest = std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
    }
    return largest;
}

double largest_relative_error(std::span<const double> a, const Array& b, std::size_t samples, double least) {
    return largest_relative_error(a, std::span<const double>(b.data(), b.size()), samples, least);
}

Golden::Golden(const Network& network, const std::filesystem::path& file) : file_(file), prefix_(shared_prefix(network)) {
    const bool timed = std::ranges::any_of(network.description.layers, [](const Layer& layer) { return std::ranges::find(layer.in, "t") != layer.in.end(); });
    if (!contains("x") || (timed && !contains("t")))
        throw GoldenError(file, "there is no tensor \"x\" or \"t\", so this is no golden file; give NAME.golden.safetensors");
    const auto& shape = file_.entry(contains("t") ? "t" : "x").shape;
    if (shape.empty() || (contains("t") && shape.size() != 1) || shape[0] == 0)
        throw GoldenError(file, "tensor \"t\" has the shape " + shape_text(shape) + "; it has to be one number a sample");
    samples_ = shape[0];
    (void)rows("x", network.description.input_size);
    std::set<std::string_view> weights;
    for (const Weight& weight : network.parameters) {
        weights.insert(weight.name);
        weights.insert(std::string_view(weight.name).substr(prefix_.size()));
    }
    for (const TensorEntry& entry : tensors()) {
        for (const std::string_view prefix : {bar_prefix, dot_prefix}) {
            if (!entry.name.starts_with(prefix)) continue;
            if (!weights.contains(std::string_view(entry.name).substr(prefix.size())))
                throw GoldenError(file,
                                  "tensor " + in_quotes(entry.name) +
                                      " belongs to a weight that the network has not; give the golden file of this network");
        }
    }
}

std::string Golden::name_of(std::string_view weight) const {
    const auto has = [&](std::string_view name) { return contains(std::string(bar_prefix) + std::string(name)) || contains(std::string(dot_prefix) + std::string(name)); };
    return std::string(has(weight) ? weight : weight.substr(prefix_.size()));
}

void Golden::check_present(std::string_view name) const {
    if (!contains(name))
        throw GoldenError(path(),
                          "there is no tensor " + in_quotes(name) + ", which an answer needs; export the golden file again");
}

Array Golden::rows(std::string_view name, std::size_t size) const {
    check_present(name);
    const TensorEntry& entry = file_.entry(name);
    if (entry.shape.empty() || entry.shape[0] != samples_ || entry.size != samples_ * size)
        throw GoldenError(path(), "tensor " + in_quotes(name) + " has the shape " + shape_text(entry.shape) +
                                      ", this network needs " + std::to_string(samples_) + " samples of " + std::to_string(size) +
                                      " values; give the golden file of this network");
    Array values = file_.values(name);
    values.reshape({samples_, size});
    return values;
}

Array Golden::tensor(std::string_view name, std::span<const std::size_t> shape) const {
    check_present(name);
    const TensorEntry& entry = file_.entry(name);
    if (!std::ranges::equal(entry.shape, shape))
        throw GoldenError(path(), "tensor " + in_quotes(name) + " has the shape " + shape_text(entry.shape) +
                                      ", this network needs " + shape_text(shape) + "; give the golden file of this network");
    return file_.values(name);
}

std::vector<CheckRow> check_network(const Network& network, const Golden& golden, const CheckTolerances& tolerances) {
    std::vector<CheckRow> rows;
    Comparison<double>(network, golden, tolerances.f64, rows).run();
    Comparison<float>(network, golden, tolerances.f32, rows).run();
    return rows;
}

bool known_to_check_network(std::string_view tensor) {
    constexpr std::array<std::string_view, 14> names{"x",        "t", "v",   "w",   "x0",         "y",             "label",
                                                     "t_inside", "u", "vjp", "jvp", "divergence", "cross_entropy", "cross_entropy_grad"};
    return std::ranges::find(names, tensor) != names.end() || tensor.starts_with(bar_prefix) || tensor.starts_with(dot_prefix);
}

}  // namespace costate::nn
