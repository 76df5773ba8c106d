// A trace made ready to run: at batch 1 by one tight loop over its steps, over a batch in vector lanes on tiles that stay in L1.
#pragma once

#include "kernels/line_runs.hpp"
#include "kernels/machine_code.hpp"
#include "kernels/simd/line.hpp"
#include "kernels/simd/table.hpp"
#include "kernels/trace.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace costate::kernels {

/// Steps on few slots, from a trace's topology. Places of values that nobody reads any more are used again.
struct LinePlan {
    std::vector<LineStep> steps;
    std::vector<ValueId> constants;  // positions in Trace::constants, by slot
    std::vector<std::size_t> rows;
    std::size_t slots = 0;
    /// Where accumulate steps add to, in their order; `chain` lists them target by target.
    struct Target {
        std::uint16_t array, index;
        friend bool operator==(const Target&, const Target&) = default;
    };
    std::vector<Target> targets;
    std::vector<std::uint32_t> chain;
};

/// A trace in two halves: the first keeps what the second reads of it (unless that is a constant, an array that is readable
/// again, or one operation on such), the second comes in one variant for each list of arrays that nobody wants.
struct SplitPlan {
    LinePlan value;  ///< the first half alone
    LinePlan first;  ///< the first half, keeping
    std::vector<LinePlan> second;
    std::size_t kept = 0;  ///< values a sample
};

/// Nothing when the trace has more values or larger arrays than steps can name. `unwanted`: for each variant of the second half
/// the arrays that it leaves out; the first variant decides what is kept, so the others leave out no less.
std::optional<SplitPlan> split(const TraceTopology& trace, const std::vector<std::vector<std::uint16_t>>& unwanted);

/// A line as machine code for `lanes` samples, and what passes through memory between it and the caller's arrays.
struct VectorCode {
    MachineCode code;
    std::size_t lanes;
    /// An element that is loaded from a row or stored to it, in order of the steps.
    struct Row {
        bool load;
        std::uint16_t array, index;
    };
    std::vector<Row> rows;
    std::vector<std::uint16_t> kept_in, kept_out;  // what is read and what is written of the kept values
    std::size_t kept = 0;                          // more than any of these
};

/// Runs a plan. Const and re-entrant: every call brings its own scratch. A sample's results do not depend on the batch it is in:
/// arithmetic is rounded operation by operation, functions are those of kernels::apply. Accumulated arrays receive the samples in
/// ascending order, and within a sample the terms in order of recording, as if the samples ran one after the other.
template <class T>
class StraightLine {
public:
    StraightLine() = default;
    StraightLine(LinePlan plan, const std::vector<T>& constants, const simd::Table<T>& table = simd::table<T>());

    /// Values of scratch that `run` needs.
    [[nodiscard]] std::size_t scratch(std::size_t batch) const;
    /// Runs the code on arrays in the order of their declaration; `kept` holds batch times the kept values. Arrays that are stored
    /// to may be arrays that are loaded from, row for row. False when a guard turned out otherwise: what was stored, kept or
    /// accumulated by then is void.
    [[nodiscard]] bool run(T* const* arrays, T* kept, std::size_t batch, std::span<T> scratch) const;

    /// From now on the code runs as machine code, for one sample and for a vector of them, where costate is built with asmjit; says
    /// whether it will. The results are bitwise the same.
    bool compile();
    [[nodiscard]] bool compiled() const { return one_.has_value(); }

    [[nodiscard]] const LinePlan& plan() const { return plan_; }
    [[nodiscard]] const std::vector<T>& constants() const { return constants_; }
    /// Samples in a tile.
    [[nodiscard]] std::size_t lanes() const { return lanes_; }

private:
    /// From a slot's lanes to the next slot's: an odd number of cache lines, so that few slots lie a multiple of 4 KiB apart.
    [[nodiscard]] std::size_t stride() const { return lanes_ + 64 / sizeof(T); }
    [[nodiscard]] LineView<T> view(const std::vector<LineStep>& steps) const;
    [[nodiscard]] bool run_tiles(T* const* arrays, T* kept, std::size_t batch, T* scratch) const;
    [[nodiscard]] bool run_vectors(T* const* arrays, T* kept, std::size_t batch, T* scratch) const;
    void add_terms(T* const* arrays, std::size_t count, const T* terms, std::size_t stride) const;

    LinePlan plan_;
    LineRuns runs_;
    std::vector<T> constants_;
    const simd::Table<T>* table_ = nullptr;
    std::size_t lanes_ = 0;
    std::optional<MachineCode> one_;
    std::optional<VectorCode> vector_;
};

extern template class StraightLine<float>;
extern template class StraightLine<double>;

}  // namespace costate::kernels
