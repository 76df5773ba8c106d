// The body of check_gradient.
#pragma once

#include "autodiff/check_gradient.hpp"

namespace costate::autodiff {

namespace detail {

/// One vjp at (t, x) with cotangent λ, and central differences of ⟨λ, f⟩ against it.
template <class T, class Field>
class GradientCheck {
public:
    GradientCheck(Field& field, const T& t, std::span<const T> x, const CheckGradientOptions& options)
        : field_(field), t_(t), x_(x.begin(), x.end()), random_(options.seed), lambda_(random_values<T>(x.size(), random_)),
          dx_(x.size(), T(0)), x_bar_(x.size(), T(0)), theta_bar_(field.parameter_count(), T(0)), t_bar_(0),
          step_(options.step > 0 ? options.step : std::pow(10.0, -ScalarTraits<T>::digits10 / 3.0)) {
        field_.vjp(t_, std::span<const T>{x_}, std::span<const T>{lambda_}, std::span<T>{x_bar_}, std::span<T>{theta_bar_},
                   t_bar_);
    }

    [[nodiscard]] double step() const { return step_; }

    WorstComponent differences_in_x() {
        std::vector<double> d(x_.size());
        for (std::size_t i = 0; i < x_.size(); ++i) d[i] = difference(x_[i], [] {});
        return worst("x_bar", x_bar_, d);
    }
    WorstComponent difference_in_t() {
        const double d = difference(t_, [] {});
        return worst("t_bar", std::vector<T>{t_bar_}, {d});
    }
    WorstComponent differences_in_theta() {
        if constexpr (settable) {
            std::vector<T> theta(field_.parameters().begin(), field_.parameters().end());
            std::vector<double> d(theta.size());
            for (std::size_t i = 0; i < theta.size(); ++i)
                d[i] = difference(theta[i], [&] { field_.set_parameters(std::span<const T>{theta}); });
            return worst("theta_bar", theta_bar_, d);
        }
        return {};
    }
    /// ⟨λ, ẏ⟩ against ⟨x̄, ẋ⟩ + t̄ ṫ + ⟨θ̄, θ̇⟩ in random directions.
    WorstComponent adjointness() {
        const auto x_dot = random_values<T>(x_.size(), random_), theta_dot = random_values<T>(theta_bar_.size(), random_);
        const T t_dot = random_values<T>(1, random_)[0];
        std::vector<T> dx_dot(x_.size(), T(0));
        field_.jvp(t_, std::span<const T>{x_}, t_dot, std::span<const T>{x_dot}, std::span<const T>{theta_dot}, std::span<T>{dx_},
                   std::span<T>{dx_dot});
        const double forward = number(inner<T>(lambda_, dx_dot));
        const double backward = number(inner<T>(x_bar_, x_dot) + t_bar_ * t_dot + inner<T>(theta_bar_, theta_dot));
        WorstComponent w;
        w.see("<lambda, jvp> against <vjp, direction>", backward, forward,
              std::max({std::abs(forward), std::abs(backward), 1e-3}));
        return w;
    }

    // clang-format off
    static constexpr bool has_jvp = requires(Field& f, const T& t, std::span<const T> in, std::span<T> out) {
        f.jvp(t, in, t, in, in, out, out);
    };
    static constexpr bool settable = requires(Field& f, std::span<const T> in) {
        f.set_parameters(in);
        std::span<const T>(f.parameters());
    };
    // clang-format on

private:
    static double number(const T& v) { return ScalarTraits<T>::to_double(v); }

    T functional() {
        field_(t_, std::span<const T>{x_}, std::span<T>{dx_});
        return inner<T>(lambda_, dx_);
    }

    /// (⟨λ, f⟩ at v + h - at v - h) / 2h; `apply` makes a change of v known to the field.
    template <class Apply>
    double difference(T& v, Apply apply) {
        const T kept = v;
        const T h = T(step_ * std::max(1.0, std::abs(number(v))));
        v = kept + h;
        const T above = v;
        apply();
        const T plus = functional();
        v = kept - h;
        apply();
        const T minus = functional();
        const T width = above - v;
        v = kept;
        apply();
        return number((plus - minus) / width);
    }

    static WorstComponent worst(const std::string& gradient, const std::vector<T>& given, const std::vector<double>& expected) {
        double scale = 1e-3;
        for (std::size_t i = 0; i < expected.size(); ++i)
            scale = std::max({scale, std::abs(expected[i]), std::abs(number(given[i]))});
        WorstComponent w;
        for (std::size_t i = 0; i < expected.size(); ++i)
            w.see(gradient + "[" + std::to_string(i) + "] against a central difference", number(given[i]), expected[i], scale);
        return w;
    }

    Field& field_;
    T t_;
    std::vector<T> x_;
    std::mt19937_64 random_;
    std::vector<T> lambda_, dx_, x_bar_, theta_bar_;
    T t_bar_;
    double step_;
};

}  // namespace detail

template <class T, class Field>
CheckGradientReport check_gradient(Field& field, const T& t, std::span<const T> x, const CheckGradientOptions& options) {
    static_assert(OrderedScalar<T> && !ScalarTraits<T>::exact,
                  "check_gradient takes difference quotients: use a floating-point scalar");
    using Check = detail::GradientCheck<T, Field>;
    Check check(field, t, x, options);
    const double tolerance = options.tolerance > 0 ? options.tolerance : 1e4 * check.step() * check.step();
    CheckGradientReport report;
    std::vector<detail::WorstComponent> found{check.differences_in_x(), check.difference_in_t(), check.differences_in_theta()};
    report.error_x = found[0].error;
    report.error_t = found[1].error;
    report.error_theta = found[2].error;
    auto worst = *std::max_element(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.error < b.error; });
    if constexpr (Check::has_jvp) {
        const auto transpose = check.adjointness();
        report.has_jvp = true;
        report.error_jvp = transpose.error;
        // A wrong component is the better name for a disagreement that both see.
        if (worst.error <= tolerance && transpose.error > worst.error) worst = transpose;
    }
    report.agrees = worst.error <= tolerance;
    const auto text = [](double v) {
        std::array<char, 32> buffer{};
        return std::string(buffer.data(),
                           std::to_chars(buffer.data(), buffer.data() + buffer.size(), v, std::chars_format::general, 6).ptr);
    };
    report.sentence = std::string(report.agrees ? "the gradient agrees" : "the gradient disagrees") + ": worst is " +
                      (worst.name.empty() ? "none (all errors are 0)"
                                          : worst.name + ", " + text(worst.given) + " for " + text(worst.expected)) +
                      ", relative error " + text(worst.error) + " (tolerance " + text(tolerance) + ")";
    return report;
}

}  // namespace costate::autodiff
