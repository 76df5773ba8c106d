// What computes the rows of one study on equal steps, and what rows of all studies share.
#pragma once

#include "guidance/study_compute.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace costate::guidance::detail {

double norm(std::span<const Mpfr50> v);

/// max over samples of ‖a - b‖ / ‖reference‖; empty where that has no meaning.
std::optional<double> distance(std::span<const Mpfr50> a, std::span<const Mpfr50> b, std::span<const Mpfr50> reference, std::size_t dimension);

/// Kept decimals as numbers, a value for each of the problem's. Throws std::runtime_error for another count.
std::vector<Mpfr50> numbers_of(std::span<const std::string> digits, const StudyProblem& problem);

/// Methods that differentiate the discrete map compute one number by several routes: their leading coefficient is one.
std::string_view representative(std::string_view name);
std::string pair_name(std::string_view method, std::string_view tableau);

/// Computers by precision, DTO results by grid, the truth as numbers.
class RowMaker {
public:
    RowMaker(const Study::Parts& parts, const StudyTruth& truth, const StudyHooks& hooks);

    StudyRow make(const std::string& precision, const std::string& tableau, std::size_t steps, const std::string& method);
    /// Seconds that a row is foreseen to take.
    double foreseen(const StudyRow& row);

private:
    [[nodiscard]] bool left_out(std::string_view method) const;
    [[nodiscard]] std::size_t threads() const;
    void predict(StudyRow& row);
    ComputeFactory& factory(const std::string& precision);
    /// All samples: as one batch in the hardware's scalars, one a task in many digits.
    GradientOutcome compute(const std::string& precision, const std::string& tableau, std::size_t steps, const std::string& method, std::size_t repetitions,
                            bool stored = false);
    const GradientOutcome& dto_on_the_grid(const std::string& precision, const std::string& tableau, std::size_t steps, const GradientOutcome* known);
    const GradientOutcome& own_map_on_the_grid(const std::string& precision, const std::string& tableau, std::size_t steps, const std::string& method);
    /// The same computation with more digits says what rounding made; below the truth's own error nothing is seen.
    std::optional<double> rounding(const StudyRow& row, const GradientOutcome& outcome);

    const Study::Parts& parts_;
    const StudyProblem& problem_;
    const StudyTruth& truth_;
    const StudyHooks& hooks_;
    std::vector<Mpfr50> gradient_;
    std::map<std::string, ComputeFactory> factories_;
    std::map<std::string, Compute> computers_;
    std::map<std::string, double> seconds_a_call_;
    std::map<std::pair<std::string, std::string>, std::optional<std::size_t>> orders_;
    std::tuple<std::string, std::string, std::size_t> dto_grid_;
    GradientOutcome dto_;
};

}  // namespace costate::guidance::detail
