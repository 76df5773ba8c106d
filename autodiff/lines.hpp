// A Program of scalar code as straight lines: its replays run once on Symbols, and what they would compute is written down.
#pragma once

#include "autodiff/plan.hpp"
#include "kernels/straight_line.hpp"
#include "kernels/symbol.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace costate::autodiff::detail {

/// Whether every op is arithmetic, a function of a few values or a small layer, and all of them together are not many: then straight lines pay.
bool is_scalar_code(const Blueprint& plan);

/// Whether values that come in and go out are so many beside those computed that whole arrays had better be copied.
constexpr bool mostly_moves(std::size_t ports, std::size_t computed) { return ports > 64 + 8 * computed; }

/// forward: y = f(x). first: the same, keeping `kept` values a sample. second: adjoints, with θ̄ and without.
/// Arrays in this order: inputs, outputs, θ; for second then ȳ, x̄, θ̄.
template <class T>
struct Lines {
    kernels::StraightLine<T> value, first;
    std::array<kernels::StraightLine<T>, 2> second;
    std::size_t kept = 0;
};

/// Nothing when the program is no scalar code.
template <class T>
std::shared_ptr<const Lines<T>> make_lines(const Plan<T>& plan, const Store<T>& store, bool machine_code = false);

/// The replays of a program over Symbols, at batch 1. Holds what they need; the program need not live on.
template <class T>
class SymbolicReplay {
public:
    using S = kernels::Symbol<T>;
    struct Record {
        std::vector<S> shared, lanes;
    };

    SymbolicReplay(const Plan<T>& plan, std::vector<S> theta);

    [[nodiscard]] const Blueprint& blueprint() const;
    [[nodiscard]] std::size_t parameter_count() const;
    /// Spans in the order of the ports.
    void forward(const std::vector<std::span<const S>>& inputs, const std::vector<std::span<S>>& outputs) const;
    void forward(const std::vector<std::span<const S>>& inputs, const std::vector<std::span<S>>& outputs, Record& record) const;
    void pullback(const Record& record, const std::vector<std::span<const S>>& out_bar, const std::vector<std::span<S>>& in_bar,
                  std::span<S> theta_bar) const;
    void pushforward(const std::vector<std::span<const S>>& inputs, const std::vector<std::span<const S>>& in_dot,
                     std::span<const S> theta_dot, const std::vector<std::span<S>>& outputs,
                     const std::vector<std::span<S>>& out_dot) const;

private:
    struct Interior;
    std::shared_ptr<const Interior> interior_;
};

extern template class SymbolicReplay<float>;
extern template class SymbolicReplay<double>;

}  // namespace costate::autodiff::detail
