// A guidance method: x ~ the model, made to satisfy an objective. A value with named numbers; one small file each in guidance/guide/methods/.
#pragma once

#include "guidance/guide/flow_gradient.hpp"
#include "guidance/guide/normals.hpp"
#include "ode/tableau.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace costate::guidance {

/// What is the same for every method that is compared: solver and gradient. Nothing: the method's own default.
struct GuidanceOptions {
    std::size_t steps = 0;       ///< of the solver from noise to data; 0: the method's
    std::string tableau{};       ///< of end-to-end methods
    std::string gradient = "dto";  ///< of end-to-end methods
    bool keep_trajectory = false;
};

/// Thrown by a watch that was asked to stop.
struct GuidanceStopped {};

/// One sample to be made: the model, what it should satisfy, its random numbers. Methods start from random.fill(Draw::start, 0, …).
template <class T>
struct GuidanceProblem {
    FlowModel<T>& model;
    Objective<T>& objective;
    const NormalSource& random;
    GuidanceOptions options{};
    /// Called now and then with the fraction done; throws GuidanceStopped.
    std::function<void(double)> watch = [](double) {};

    /// x(t₀) = start_scale · z of this sample.
    [[nodiscard]] std::vector<T> start() const {
        std::vector<T> x(model.dim());
        random.fill(Draw::start, 0, std::span<T>(x));
        for (T& value : x) value *= model.start_scale();
        return x;
    }
};

/// The sample and what is known about how it was made. The calls of the model are in its cost().
template <class T>
struct GuidanceResult {
    std::vector<T> x;
    std::size_t peak_bytes = 0;  ///< records, states and gradients held at once
    std::size_t restarts = 0;    ///< other starts that were tried
    std::string note{};          ///< what the method has to say
    std::vector<std::vector<T>> trajectory{};  ///< states on the way, with keep_trajectory
};

/// One of a method's numbers. Where `choices` is not empty the number is an index into it; a count is a whole number.
template <class M>
struct Parameter {
    std::string_view name;
    double M::*value;
    std::string_view meaning;
    std::array<double, 4> grid{};  ///< what --tune tries; all 0: not tuned
    std::span<const std::string_view> choices{};
    bool count = false;
    double least = count ? 1 : 0, most = count ? 1e6 : std::numeric_limits<double>::infinity();
};

/// M::name, M::meaning, M::source (paper and equation), M::parameters (array of Parameter<M>), and method(problem) for float and double. Optional:
/// method.refuses(objective, model) → a sentence where it cannot do a task, without its name.
template <class M>
concept GuidanceMethodValue = requires(const M& m, GuidanceProblem<float>& f, GuidanceProblem<double>& d) {
    { M::name } -> std::convertible_to<std::string_view>;
    { M::meaning } -> std::convertible_to<std::string_view>;
    { M::source } -> std::convertible_to<std::string_view>;
    M::parameters.size();
    { m(f) } -> std::same_as<GuidanceResult<float>>;
    { m(d) } -> std::same_as<GuidanceResult<double>>;
};

/// A parameter of a method as text and number.
struct ParameterValue {
    std::string name, meaning;
    double value = 0;
    std::vector<double> grid{};          ///< ascending, empty: not tuned
    std::vector<std::string> choices{};
    bool count = false;
    double least = 0, most = std::numeric_limits<double>::infinity();
};

/// Any method by value.
class GuidanceMethod {
public:
    template <GuidanceMethodValue M>
    static GuidanceMethod of(const M& method = {});

    [[nodiscard]] std::string_view name() const { return name_; }
    [[nodiscard]] std::string_view meaning() const { return meaning_; }
    [[nodiscard]] std::string_view source() const { return source_; }
    [[nodiscard]] std::vector<ParameterValue> parameters() const { return list_(); }
    /// "dps:zeta=0.5", the numbers that differ from the default.
    [[nodiscard]] std::string spelling() const;
    /// The same method with another number. Throws std::invalid_argument with the names that there are, or for a number that is not
    /// finite, not from least to most, or no whole number where it counts something.
    [[nodiscard]] GuidanceMethod with(std::string_view parameter, double value) const { return set_(parameter, value); }

    /// Why it cannot do this task, a sentence without its name; nothing where it can.
    [[nodiscard]] std::optional<std::string> refuses(const Objective<float>& objective, const FlowModel<float>& model) const { return refuses_f32_(objective, model); }
    [[nodiscard]] std::optional<std::string> refuses(const Objective<double>& objective, const FlowModel<double>& model) const { return refuses_f64_(objective, model); }
    GuidanceResult<float> operator()(GuidanceProblem<float>& problem) const { return run_f32_(problem); }
    GuidanceResult<double> operator()(GuidanceProblem<double>& problem) const { return run_f64_(problem); }

private:
    GuidanceMethod() = default;
    std::string_view name_, meaning_, source_;
    std::vector<double> defaults_;
    std::function<std::vector<ParameterValue>()> list_;
    std::function<GuidanceMethod(std::string_view, double)> set_;
    std::function<std::optional<std::string>(const Objective<float>&, const FlowModel<float>&)> refuses_f32_;
    std::function<std::optional<std::string>(const Objective<double>&, const FlowModel<double>&)> refuses_f64_;
    std::function<GuidanceResult<float>(GuidanceProblem<float>&)> run_f32_;
    std::function<GuidanceResult<double>(GuidanceProblem<double>&)> run_f64_;
};

namespace detail {

[[noreturn]] void refuse_parameter(std::string_view method, std::string_view parameter, const std::vector<ParameterValue>& known);
void require_number(std::string_view method, const ParameterValue& parameter, double value);

template <class M, class T>
std::optional<std::string> refusal(const M& method, const Objective<T>& objective, const FlowModel<T>& model) {
    if constexpr (requires { method.refuses(objective, model); }) return method.refuses(objective, model);
    else return std::nullopt;
}

template <class M>
std::vector<ParameterValue> parameter_values(const M& method) {
    std::vector<ParameterValue> values;
    for (const Parameter<M>& p : M::parameters) {
        values.push_back({std::string(p.name), std::string(p.meaning), method.*(p.value), {}, {p.choices.begin(), p.choices.end()}, p.count, p.least, p.most});
        for (const double v : p.grid)
            if (v != 0) values.back().grid.push_back(v);
    }
    return values;
}

}  // namespace detail

template <GuidanceMethodValue M>
GuidanceMethod GuidanceMethod::of(const M& method) {
    GuidanceMethod any;
    any.name_ = M::name;
    any.meaning_ = M::meaning;
    any.source_ = M::source;
    for (const ParameterValue& p : detail::parameter_values(M{})) any.defaults_.push_back(p.value);
    any.list_ = [method] { return detail::parameter_values(method); };
    any.set_ = [method](std::string_view name, double value) {
        const std::vector<ParameterValue> known = detail::parameter_values(method);
        for (std::size_t i = 0; i < known.size(); ++i)
            if (known[i].name == name) {
                detail::require_number(M::name, known[i], value);
                M other = method;
                other.*(M::parameters[i].value) = value;
                return of(other);
            }
        detail::refuse_parameter(M::name, name, known);
    };
    any.refuses_f32_ = [method](const auto& objective, const auto& model) { return detail::refusal(method, objective, model); };
    any.refuses_f64_ = [method](const auto& objective, const auto& model) { return detail::refusal(method, objective, model); };
    any.run_f32_ = [method](GuidanceProblem<float>& problem) { return method(problem); };
    any.run_f64_ = [method](GuidanceProblem<double>& problem) { return method(problem); };
    return any;
}

/// Every method with its defaults, in the order of the list (guidance/guide/methods.cpp).
const std::vector<GuidanceMethod>& guidance_methods();

/// "greedy", "dps:zeta=0.5", "greedy:ahead=midpoint:inner=2". Throws std::invalid_argument with the names that there are.
GuidanceMethod find_guidance_method(std::string_view spelling);

}  // namespace costate::guidance
