// One gradient of a study in one precision. The scalars meet the study here and nowhere else: one source file a scalar.
#pragma once

#include "guidance/models/mixture_terms.hpp"
#include "guidance/paths/conversions.hpp"
#include "guidance/study.hpp"
#include "nn/network.hpp"
#include "ode/gradient/result.hpp"
#include "ode/tableau.hpp"
#include "scalar/multiprecision.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costate::guidance {

/// The subject and the problem of a study. Without a network and a mixture the subject is a named field.
struct Study::Parts {
    StudyProblem problem;
    std::optional<nn::Network> network{};
    std::vector<MixtureComponent<Rational>> mixture{};
    std::optional<AnyPath> path{};
    Parametrisation given = Parametrisation::velocity;  // what the network returns

    [[nodiscard]] std::span<const double> start(std::size_t first, std::size_t count) const {
        return std::span<const double>(problem.x0).subspan(first * problem.dimension, count * problem.dimension);
    }
    [[nodiscard]] std::span<const double> target(std::size_t first, std::size_t count) const {
        return std::span<const double>(problem.y).subspan(first * problem.target_size, count * problem.target_size);
    }
};

namespace detail {

/// Methods that need a path, beside those of the list of gradient methods.
inline constexpr std::string_view greedy_name = "greedy", look_ahead_name = "look-ahead", adjoint_deis_name = "adjoint-deis-1";
inline constexpr bool is_of_study(std::string_view method) { return method == greedy_name || method == look_ahead_name || method == adjoint_deis_name; }
/// Whether the tableau changes the method. Rows of those that it does not change are under euler.
bool takes_tableaus(std::string_view method);
/// Whether the method differentiates a discrete map of its own, whose end is not the tableau's.
bool has_own_map(std::string_view method);
/// The order at which the method tends to the continuous gradient; empty for greedy, which takes no steps.
std::optional<std::size_t> order_of(std::string_view method, const ode::Tableau& tableau);

/// What a method is for one of so many samples that are solved one by one: its share of a budget of memory, and any other as it is.
std::string share_of(const std::string& method, std::size_t samples);

/// Called now and then while a gradient is computed; throws StudyStopped.
using Watch = std::function<void()>;

/// ∇ₓL of samples first … first + count by one method on one grid, `repetitions` times at most for the clock.
struct GradientTask {
    std::string_view method;
    const ode::Tableau* tableau = nullptr;
    std::size_t steps = 1, first = 0, count = 1, repetitions = 1;
    bool stored = false;  // of a method with its own map: the gradient of that map with every state stored
};

struct GradientOutcome {
    std::vector<Mpfr50> gradient;  // batch-major; long double and below are held exactly
    std::vector<Mpfr50> state;     // x(t₁), the same
    ode::Cost cost;
    double seconds = 0;  // the median
    std::optional<double> reconstruction_error{};
    std::string note{};  // what the method has to say
    std::string not_finite{};  // where the first value that is not finite came from, in one line; empty where all are finite
};

/// Computes tasks; owns its field and scratch, so one a thread.
using Compute = std::function<GradientOutcome(const GradientTask&)>;
/// Makes computers that share one program.
using ComputeFactory = std::function<Compute()>;

ComputeFactory compute_in_f32(const Study::Parts& parts, const Watch& watch);
ComputeFactory compute_in_mixed(const Study::Parts& parts, const Watch& watch);  // steps in double, the field in float
ComputeFactory compute_in_f64(const Study::Parts& parts, const Watch& watch);
ComputeFactory compute_in_f80(const Study::Parts& parts, const Watch& watch);
ComputeFactory compute_in_mpfr50(const Study::Parts& parts, const Watch& watch);

/// The network or named field in single precision.
autodiff::ProgramField<float> program_in_f32(const Study::Parts& parts, const nn::ProgramOptions& options = {.frozen_parameters = true});

/// False where the field has a kink or a comparison.
bool smooth_subject(const Study::Parts& parts);

/// ∇ₓL of the continuous problem for one sample and its own estimate of its relative error.
struct TrueGradient {
    std::vector<Mpfr50> gradient, state;  // state: x(t₁)
    double relative_error = 0;
};
std::function<TrueGradient(std::size_t sample)> truth_in_mpfr50(const Study::Parts& parts, const Watch& watch);
/// The same to at most 12 digits.
std::function<TrueGradient(std::size_t sample)> truth_in_f80(const Study::Parts& parts, const Watch& watch);
/// The same to at most 8 digits, by the kernels that everything else runs on: for large networks, which would take hours otherwise.
std::function<TrueGradient(std::size_t sample)> truth_in_f64(const Study::Parts& parts, const Watch& watch);

/// Whether the leading error coefficient of that method vanishes at both ends of the first sample's trajectory and inside. `regular`: in these
/// variables.
std::function<bool(std::string_view method, const ode::Tableau&)> leading_in_mpfr50(const Study::Parts& parts, bool regular,
                                                                                        const Watch& watch);

}  // namespace detail
}  // namespace costate::guidance
