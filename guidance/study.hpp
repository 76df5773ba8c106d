// methods × tableaus × steps × precisions of the gradient ∇ₓL(Φ_{t₀,t₁}(x₀)), each against the continuous problem's own gradient.
#pragma once

#include "guidance/rows.hpp"
#include "nn/network.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costate::guidance {

struct ToleranceRow;

/// Weights beyond which a network is large: 50 digits through it take hours, so they are used only where they are asked for.
inline constexpr std::size_t large_network = 200'000;
/// A truth of a large network with at most so many digits is computed in double.
inline constexpr int digits_in_double = 8;

/// What is asked. Empty lists and values mean the subject's defaults.
struct StudyRequest {
    std::string subject;                                   // a network file, the name of a field, or gaussian-mixture
    std::vector<std::string> methods{}, tableaus{}, precisions{};
    std::string memory{};                                  // a budget, "64MB": the checkpoint schedule that it allows is one more method
    bool all_methods = false;                              // where no methods are named: every one that there is
    std::vector<std::size_t> steps{};
    std::vector<double> tolerances{};                      // not empty: solves with steps of their own take the place of equal steps
    std::optional<double> atol{};                          // of them: the absolute tolerance of every row, the row's own unless given
    std::string path{}, variables{};                       // the probability path; time or regular
    nn::LoadOptions load{};                                // what a network file leaves open; its path is the one above
    std::optional<std::size_t> dimension{};                  // of gaussian-mixture, 2 unless given
    std::string loss = "squared-distance";                 // L = ½‖x₁ - y‖², or observation:H.npy, L = ½‖Hx₁ - y‖²
    std::optional<std::filesystem::path> x0_file{}, y_file{};  // .npy, samples × dimension or one sample
    std::optional<std::uint64_t> seed{};                     // 0 unless given
    std::optional<std::size_t> samples{};                    // 4 unless given, of a large network 1
    std::optional<double> t0{}, t1{};
    std::optional<int> digits{};                             // of the truth: 30 unless given, of a large network 6
    std::size_t threads = 0;  // 0: as many as the machine has
};

/// What a study is about, complete and checked: the request with every default filled in.
struct StudyProblem {
    std::string subject, title, fingerprint;  // fingerprint: of the file's bytes or the field's name
    bool network = false, mixture = false;
    std::string parametrisation;  // velocity, epsilon or x1; empty for a named field
    std::string path;             // empty: none
    bool regular = false;         // solved as dx̃/dr = ε̂ with x̃ = x/α, r = σ/α; the gradient is still that with respect to x(t₀)
    std::string statement;        // which equation is followed, and why between these ends; empty for ẋ = the subject itself
    std::vector<std::string> methods, tableaus, precisions;
    std::string left_out;            // which methods all methods do not include, and why; empty for none
    std::string economies;           // what a large network is spared where nothing else was asked for; empty for none
    std::vector<std::size_t> steps;  // ascending
    std::vector<double> tolerances;  // descending; not empty: rows are those of guidance/tolerances.hpp
    std::optional<double> atol;      // of all of them; else that of a row is its tolerance
    std::string loss;                // squared-distance or observation
    std::vector<double> observation;  // H, target_size × dimension, row by row
    std::uint64_t seed = 0;
    std::size_t samples = 0, dimension = 0, target_size = 0;
    double t0 = 0, t1 = 1;
    int digits = 30;
    std::size_t threads = 1;
    std::vector<double> x0, y;  // batch-major, samples × dimension and samples × target_size
    bool large = false;         // a network of more than large_network weights
    bool smooth = true;         // false: a kink or a comparison in the field, no order is predicted

    /// One JSON object that says which gradient is asked for: field, path, variables, loss, starts, targets, times, digits. Two studies with
    /// the same text share their rows; methods, tableaus, precisions and steps are not in it, so a study can be extended.
    [[nodiscard]] std::string configuration() const;

    /// Every row that is asked for, its question only: by precision, tableau, method, steps; then those of methods that take no steps.
    [[nodiscard]] std::vector<StudyRow> questions() const;
    /// Whether the solves choose their steps.
    [[nodiscard]] bool adaptive() const { return !tolerances.empty(); }
    /// "time" or "regular".
    [[nodiscard]] std::string_view variables() const { return regular ? "regular" : "time"; }
};

/// Thrown out of a study when `stop` said so.
struct StudyStopped {};

/// One thing the study is about to do or has done; cost is in evaluations of the field (a vjp counts two).
struct StudyEvent {
    enum class Kind { truth_begins, truth_is_known, rows_begin, row_begins, row_is_known } kind;
    std::string row = {};                  // what it is about, in words
    std::size_t done = 0, total = 0;       // rows
    double seconds_done = 0, seconds_total = 0;  // foreseen, from one timed call of the field in each precision
};

struct StudyHooks {
    std::function<void(const StudyEvent&)> event = [](const StudyEvent&) {};
    std::function<bool()> stop = [] { return false; };  // asked often, from several threads
};

/// The field, the problem and everything that rows share.
class Study {
public:
    /// Reads the network or finds the field, and checks the request against it.
    /// Throws std::invalid_argument or std::runtime_error with one sentence that names the remedy.
    explicit Study(const StudyRequest& request);
    ~Study();
    Study(Study&&) noexcept;

    [[nodiscard]] const StudyProblem& problem() const;
    [[nodiscard]] std::size_t total_rows() const;

    /// ∇ₓL of the continuous problem for every sample, to problem().digits digits. Throws StudyStopped.
    [[nodiscard]] StudyTruth truth(const StudyHooks& hooks) const;

    /// Finds out which leading error coefficients vanish, where truth.vanishing does not say it yet. Throws StudyStopped.
    void leading(StudyTruth& truth, const StudyHooks& hooks) const;

    /// Computes what `known` does not hold and gives every new row to `keep` as soon as it is known.
    /// Throws StudyStopped between or within rows.
    void run(const StudyTruth& truth, std::span<const StudyRow> known, const std::function<void(const StudyRow&)>& keep,
             const StudyHooks& hooks) const;
    /// The same for a study of tolerances.
    void run(const StudyTruth& truth, std::span<const ToleranceRow> known, const std::function<void(const ToleranceRow&)>& keep, const StudyHooks& hooks) const;

    struct Parts;
    [[nodiscard]] const Parts& parts() const { return *parts_; }

private:
    std::unique_ptr<Parts> parts_;
};

/// A name on the command line and what it means in a sentence.
struct Named {
    std::string name, meaning;
    std::string parameters{};  // what may follow the name after a colon
};
const std::vector<Named>& study_methods();
/// Those that go with tolerances and have no meaning on equal steps.
std::vector<Named> methods_of_tolerances_alone();
const std::vector<Named>& study_precisions();
std::vector<Named> study_fields();

/// The rows of the problem in the order of its questions; observed orders between these very rows.
std::vector<StudyRow> in_order(const StudyProblem& problem, std::span<const StudyRow> rows);

}  // namespace costate::guidance
