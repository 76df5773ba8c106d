// A Program: a frozen tape. Forward, reverse (vjp) and tangent (jvp) at new inputs and any batch, nothing recorded.
#pragma once

#include "autodiff/frame.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/types.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costate::kernels {
template <class T>
class StraightLine;
}

namespace costate::autodiff {

namespace detail {
template <class T>
struct Plan;
template <class T>
struct Store;
template <class T>
struct Replay;
struct Extent;
}  // namespace detail

/// One array an input: per_sample inputs hold batch × size values, batch-major; shared ones hold size values.
template <class T>
using Inputs = std::span<const std::span<const T>>;
/// One array an output, batch × size values.
template <class T>
using Outputs = std::span<const std::span<T>>;

/// What a pullback needs of one forward replay. Owned by the caller, reused by later forwards; allocates only when it grows.
template <class T>
class Record {
public:
    /// Number of samples of the forward that filled it; 0 when empty.
    [[nodiscard]] std::size_t batch() const { return batch_; }
    /// Bytes held.
    [[nodiscard]] std::size_t bytes() const { return (shared_.capacity() + lanes_.capacity()) * sizeof(T); }

private:
    friend class Program<T>;
    std::vector<T> shared_, lanes_;
    std::size_t batch_ = 0;
    std::weak_ptr<const void> made_by_;
    std::uint64_t version_ = 0;
};

/// Scratch of replays, for any program and batch; one a thread. Allocates only when it grows.
template <class T>
class Workspace {
public:
    /// Bytes of values held.
    [[nodiscard]] std::size_t bytes() const { return (shared_.capacity() + lanes_.capacity()) * sizeof(T); }

private:
    friend class Program<T>;
    std::vector<T> shared_, lanes_;
    std::vector<detail::Base<T>> bases_;
    std::vector<T*> arrays_;
};

/// What a program consists of, for people and tests.
struct ProgramSummary {
    std::vector<std::string_view> forward, pullback;  ///< names of the ops in the order in which a replay runs them
    double flops = 0;                                 ///< arithmetic operations of one forward, a sample (estimate)
    /// Of a Record: a sample, and once.
    std::size_t record_bytes = 0, record_bytes_shared = 0;
    /// Of a Workspace, the largest of all replays: a sample, and once.
    std::size_t workspace_bytes = 0, workspace_bytes_shared = 0;
    std::size_t guards = 0;  ///< comparisons checked in a replay
};

/// Seconds that the instructions of one op take in a forward that keeps a record and in a pullback, and how many there are in the forward.
struct OpSeconds {
    std::string_view name;
    std::size_t count = 0;
    double forward = 0, pullback = 0;
};

/// Const and re-entrant: many threads may replay one Program, each with its own Workspace. A copy shares the plan, and
/// the parameters until one of the copies sets its own. Every member throws std::invalid_argument in one sentence when
/// counts or sizes do not fit; replays throw BranchChanged when a recorded comparison turns out otherwise. Outputs must
/// not overlap inputs. A sample's results do not depend on the batch it is in; sums over the batch run in ascending
/// order.
template <class T>
class Program {
public:
    /// Freezes what `tape` recorded up to its outputs. Throws std::invalid_argument when there is no output or a frozen
    /// name is unknown.
    explicit Program(Tape<T>& tape, const FreezeOptions& options = {});

    [[nodiscard]] std::size_t input_count() const { return inputs().size(); }
    [[nodiscard]] std::size_t output_count() const { return outputs().size(); }
    [[nodiscard]] const std::vector<Port>& inputs() const;
    [[nodiscard]] const std::vector<Port>& outputs() const;

    /// Number of values of θ.
    [[nodiscard]] std::size_t parameter_count() const { return parameters().size(); }
    [[nodiscard]] std::span<const T> parameters() const;
    /// Names and sizes of the parts of θ, in order.
    [[nodiscard]] const std::vector<Port>& parameter_ports() const;
    /// Replaces θ and packs it anew. Records made before no longer fit.
    void set_parameters(std::span<const T> values);

    /// y = f(inputs).
    void forward(Inputs<T> inputs, Outputs<T> outputs, std::size_t batch, Workspace<T>& workspace) const;
    /// The same, keeping in `record` what a pullback needs.
    void forward(Inputs<T> inputs, Outputs<T> outputs, std::size_t batch, Record<T>& record, Workspace<T>& workspace) const;
    /// x̄ += (∂y/∂x)ᵀ ȳ, θ̄ += (∂y/∂θ)ᵀ ȳ at the recorded forward. An empty in_bar (as a whole, or one of its spans) or
    /// theta_bar is not wanted; that of a frozen input has to be empty. Shared inputs and θ sum over the batch, samples
    /// ascending. A record serves repeatedly.
    void pullback(const Record<T>& record, Inputs<T> out_bar, Outputs<T> in_bar, std::span<T> theta_bar,
                  Workspace<T>& workspace) const;
    /// y = f, ẏ = ∂y/∂x ẋ + ∂y/∂θ θ̇. An empty in_dot (as a whole, or one of its spans) or theta_dot is zero; that of a
    /// frozen input has to be empty.
    void pushforward(Inputs<T> inputs, Inputs<T> in_dot, std::span<const T> theta_dot, Outputs<T> outputs, Outputs<T> out_dot,
                     std::size_t batch, Workspace<T>& workspace) const;

    /// False when an op with a kink (relu) or a comparison is present.
    [[nodiscard]] bool smooth() const;
    /// True when the gradient with respect to input i is computed.
    [[nodiscard]] bool differentiates(std::size_t input) const;
    [[nodiscard]] ProgramSummary summary() const;
    /// The time of each op, every instruction by itself, the shortest of some runs, θ̄ wanted or not. Scalar code that runs as one line is one op.
    [[nodiscard]] std::vector<OpSeconds> profile(Inputs<T> inputs, Inputs<T> out_bar, std::size_t batch, bool want_theta) const;

    /// Interior, for the op that calls a program from another.
    [[nodiscard]] const std::shared_ptr<const detail::Plan<T>>& plan() const { return plan_; }
    [[nodiscard]] const detail::Store<T>& store() const { return *store_; }

private:
    detail::Replay<T> replay(const detail::Extent& work, std::size_t batch, Workspace<T>& workspace) const;
    [[nodiscard]] bool made(const Record<T>& record) const;
    void sign(Record<T>& record, std::size_t batch) const;
    bool forward_line(const kernels::StraightLine<T>& line, Inputs<T> inputs, Outputs<T> outputs, std::size_t batch, T* kept,
                      Workspace<T>& workspace) const
        requires kernels::simd::Vectorised<T>;
    void pullback_line(const Record<T>& record, Inputs<T> out_bar, Outputs<T> in_bar, std::span<T> theta_bar,
                       Workspace<T>& workspace) const
        requires kernels::simd::Vectorised<T>;

    std::shared_ptr<const detail::Plan<T>> plan_;
    std::shared_ptr<detail::Store<T>> store_;
};

template <class T>
Program<T> freeze(Tape<T>& tape, const FreezeOptions& options = {}) {
    return Program<T>(tape, options);
}

// Compiled once in autodiff/instances/; for other scalars include autodiff/instances/implementation.hpp.
extern template class Program<float>;
extern template class Program<double>;
extern template class Program<long double>;
extern template class Program<Mpfr50>;
extern template class Program<Mpfr100>;
extern template class Program<Rational>;
extern template class Program<PrimeField>;

}  // namespace costate::autodiff
