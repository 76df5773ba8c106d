// The words that tapes and programs share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::autodiff {

/// A value is per_sample (batch rows) or shared (one row: weights, constants, a common t).
enum class Sharing : std::uint8_t { per_sample, shared };

/// Sizes of an array's axes, row-major; {} means a plain list of values.
using Shape = std::vector<std::size_t>;

/// Position of a value on its tape.
using NodeId = std::uint32_t;

/// A replay met a comparison that turned out otherwise than when it was recorded: the recorded operations are not those
/// of this input.
class BranchChanged : public std::runtime_error {
public:
    BranchChanged(std::size_t guard, std::size_t sample)
        : std::runtime_error("comparison " + std::to_string(guard) + " turned out otherwise for sample " +
                             std::to_string(sample) + " than when the program was recorded: record again at this input"),
          guard_(guard), sample_(sample) {}
    /// Which comparison, counted from 0 in order of recording.
    [[nodiscard]] std::size_t guard() const { return guard_; }
    /// Which row of the batch.
    [[nodiscard]] std::size_t sample() const { return sample_; }

private:
    std::size_t guard_, sample_;
};

/// An input, an output or a part of the parameters of a program.
struct Port {
    std::string name;
    std::size_t size;
    Sharing sharing;
};

/// What freeze may leave out.
struct FreezeOptions {
    std::vector<std::string> frozen_inputs = {};      ///< no gradient with respect to these inputs
    std::vector<std::string> frozen_parameters = {};  ///< these parameters become constants
    bool freeze_all_parameters = false;               ///< every parameter becomes a constant: parameter_count() is 0
    std::size_t row_threads = 1;  ///< threads that share the rows of large layers at batch 1 (0: all); same bits
    bool machine_code = false;  ///< scalar code runs as machine code, where costate is built with asmjit; same bits
};

}  // namespace costate::autodiff
