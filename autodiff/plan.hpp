// A frozen program's interior.
#pragma once

#include "autodiff/blueprint.hpp"
#include "autodiff/program.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace costate::autodiff::detail {

template <class T>
struct Lines;

template <class T>
struct Plan : Blueprint {
    std::vector<T> coefficients, constants;
    std::vector<Packs<T>> constant_packs;
    std::shared_ptr<const Lines<T>> lines;  ///< of scalar code in float and double: what its replays run, the tangent's excepted
};

/// θ, its packed matrices, and the called programs with their part of it.
template <class T>
struct Store {
    std::vector<T> parameters;
    std::vector<Packs<T>> packs;
    std::vector<std::shared_ptr<const Program<T>>> programs;
    std::uint64_t version = 0;
};

/// One replay on raw pointers; the caller has bound the ports, the record and the scratch.
template <class T>
struct Replay {
    const Plan<T>& plan;
    const Store<T>& store;
    Base<T>* bases;
    std::size_t batch;

    /// `memory` holds plan.base_count() + plan.nested_bases pointers.
    Replay(const Plan<T>& p, const Store<T>& s, Base<T>* memory, std::size_t samples);

    Base<T>& base(std::size_t place) { return bases[place]; }
    void run(Mode mode) const;

private:
    [[nodiscard]] Frame<T> frame() const;
    void copy(const std::vector<Copy>& copies) const;
};

extern template struct Replay<float>;
extern template struct Replay<double>;
extern template struct Replay<long double>;
extern template struct Replay<Mpfr50>;
extern template struct Replay<Mpfr100>;
extern template struct Replay<Rational>;
extern template struct Replay<PrimeField>;

}  // namespace costate::autodiff::detail
