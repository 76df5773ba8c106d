// The subject of a study as one field, whatever it is: a program or an exact mixture, in time or in the regular variables.
#pragma once

#include "autodiff/program_field.hpp"
#include "guidance/fields/noise_of.hpp"
#include "guidance/fields/regular_field.hpp"
#include "guidance/fields/velocity_of.hpp"
#include "guidance/gradient/adjoint_deis.hpp"
#include "guidance/gradient/greedy.hpp"
#include "guidance/models/gaussian_mixture.hpp"
#include "ode/mixed_field.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace costate::guidance::detail {

/// A program in single precision inside a solver in double precision.
using MixedProgram = ode::MixedField<autodiff::ProgramField<float>>;

/// Alternatives over programs P … in T and the exact mixture: in time, by the velocity that an estimate gives, in the regular variables.
template <class T, class... P>
struct StudyAlternatives {
    using Mixture = GaussianMixture<T>;
    using Field = std::variant<P..., Mixture, VelocityOf<P, T>..., RegularField<P, T>..., RegularField<Mixture, T>>;
    using Record = std::variant<std::monostate, typename P::Record..., typename VelocityOf<P, T>::Record..., typename RegularField<P, T>::Record...,
                                typename RegularField<Mixture, T>::Record>;
    using Subject = std::variant<P..., Mixture>;
};
template <class T>
struct StudyAlternativesOf {
    using type = StudyAlternatives<T, autodiff::ProgramField<T>>;
};
template <>
struct StudyAlternativesOf<double> {
    using type = StudyAlternatives<double, autodiff::ProgramField<double>, MixedProgram>;
};

/// A RecordingField that asks now and then whether to go on: at every call where calls are slow, at every 256th where
/// they are quick. One type for all subjects, so that every gradient method is compiled once a scalar, and its functions once, not in every
/// method again. One a thread; copies share programs.
template <class T>
class StudyField {
public:
    using Any = typename StudyAlternativesOf<T>::type::Field;

    struct Record {
        typename StudyAlternativesOf<T>::type::Record kept{};
        T t{};
        std::vector<T> x{};  // where a field that records nothing was evaluated

        [[nodiscard]] std::size_t bytes() const {
            return x.capacity() * sizeof(T) + std::visit([]<class R>(const R& record) -> std::size_t {
                if constexpr (std::is_same_v<R, std::monostate>) return 0;
                else return record.bytes();
            }, kept);
        }
    };

    StudyField(Any field, std::function<void()> watch) : field_(std::move(field)), watch_(std::move(watch)) {
        if (dim() > 256) often_ = 0;  // a call of a large field takes longer than the question
    }

    [[nodiscard]] std::size_t dim() const {
        return std::visit([](const auto& f) { return f.dim(); }, field_);
    }
    [[nodiscard]] std::size_t parameter_count() const {
        return std::visit([](const auto& f) -> std::size_t { return f.parameter_count(); }, field_);
    }
    [[nodiscard]] Record make_record() const { return {}; }
    /// use(field) with the field that it is.
    template <class Use>
    auto visit(Use&& use) {
        return std::visit(use, field_);
    }

    [[gnu::noinline]] void operator()(const T& t, std::span<const T> x, std::span<T> dx) {
        ask();
        std::visit([&](auto& f) { f(t, x, dx); }, field_);
    }
    [[gnu::noinline]] void forward(const T& t, std::span<const T> x, std::span<T> dx, Record& record) {
        ask();
        std::visit([&]<class F>(F& f) {
            if constexpr (ode::RecordingField<F, T>) {
                auto* kept = std::get_if<typename F::Record>(&record.kept);
                f.forward(t, x, dx, kept ? *kept : record.kept.template emplace<typename F::Record>(f.make_record()));
            } else {
                record.t = t;
                record.x.assign(x.begin(), x.end());
                f(t, x, dx);
            }
        }, field_);
    }
    [[gnu::noinline]] void pullback(const Record& record, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T& t_bar) {
        ask();
        std::visit([&]<class F>(F& f) {
            if constexpr (ode::RecordingField<F, T>) f.pullback(std::get<typename F::Record>(record.kept), lambda, x_bar, theta_bar, t_bar);
            else f.vjp(record.t, std::span<const T>(record.x), lambda, x_bar, theta_bar, t_bar);
        }, field_);
    }
    [[gnu::noinline]] void vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T& t_bar) {
        ask();
        std::visit([&](auto& f) { f.vjp(t, x, lambda, x_bar, theta_bar, t_bar); }, field_);
    }
    [[gnu::noinline]] void jvp(const T& t, std::span<const T> x, const T& t_dot, std::span<const T> x_dot, std::span<const T> theta_dot, std::span<T> dx,
             std::span<T> dx_dot) {
        ask();
        std::visit([&](auto& f) { f.jvp(t, x, t_dot, x_dot, theta_dot, dx, dx_dot); }, field_);
    }

private:
    void ask() {
        if (!std::is_floating_point_v<T> || (++calls_ & often_) == 0) watch_();
    }

    Any field_;
    std::function<void()> watch_;
    std::size_t calls_ = 0, often_ = 255;
};

/// n(t, x) of a study's subject, what it returns, and its path; without a path n is the flow itself.
template <class T>
struct StudyModel {
    typename StudyAlternativesOf<T>::type::Subject n;
    Parametrisation given = Parametrisation::velocity;
    std::optional<AnyPath> path{};

    /// ẋ = u(t, x), or dx̃/dr = ε̂.
    [[nodiscard]] StudyField<T> field(bool regular, const std::function<void()>& watch) const {
        using Any = typename StudyField<T>::Any;
        return std::visit([&]<class N>(const N& own) -> StudyField<T> {
            if (regular) return {Any(RegularField<N, T>(own, given, *path)), watch};
            if constexpr (!std::is_same_v<N, GaussianMixture<T>>)
                if (given != Parametrisation::velocity) return {Any(VelocityOf<N, T>(own, given, *path)), watch};
            return {Any(own), watch};
        }, n);
    }
    /// False where n has a kink or a comparison.
    [[nodiscard]] bool smooth() const {
        const auto* program = std::get_if<autodiff::ProgramField<T>>(&n);
        return !program || program->program().smooth();
    }
    template <class Loss>
    [[nodiscard]] ode::GradientResult<T> greedy(const Loss& loss, const T& t, std::span<const T> x) {
        return std::visit([&]<class N>(N& own) {
            if constexpr (std::is_same_v<N, GaussianMixture<T>>) return greedy_gradient(own, loss, t, x);
            else return greedy_gradient(own, given, *path, loss, t, x, {false, false});
        }, n);
    }
    /// Asks watch before every step.
    template <class Loss>
    void adjoint_deis(const Loss& loss, const T& t0, const T& t1, std::size_t steps, std::span<const T> x, const std::function<void()>& watch,
                      ode::GradientResult<T>& result) {
        std::visit([&]<class N>(N& own) {
            using Noise = NoiseOf<N&, T>;
            Noise noise(own, given, *path);
            AdjointDeis1::Workspace<Noise, T> workspace;
            AdjointDeis1{}(noise, *path, loss, t0, t1, steps, x, {false, false}, workspace, result, watch);
        }, n);
    }
};

}  // namespace costate::guidance::detail
