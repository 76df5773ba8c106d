// Scratch of the steppers, owned by the caller: warm after the first step of a size, nothing allocated from then on.
#pragma once

#include "ode/coefficients.hpp"
#include "ode/vector_field.hpp"

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

namespace costate::ode {

namespace detail {

template <class T>
std::size_t bytes_of(const std::vector<T>& v) {
    return v.capacity() * sizeof(T);
}

struct NoRecord {};
template <class F, class T>
struct FieldRecord {
    using type = NoRecord;
};
template <class F, class T>
    requires RecordingField<F, T>
struct FieldRecord<F, T> {
    using type = typename F::Record;
};

template <class R>
concept MeasuredRecord = requires(const R& record) {
    { record.bytes() } -> std::convertible_to<std::size_t>;
};

template <class R>
std::size_t record_bytes(const R& record) {
    if constexpr (MeasuredRecord<R>)
        return record.bytes();
    else
        return std::is_empty_v<R> ? 0 : sizeof(R);
}

}  // namespace detail

/// What the reverse of one step needs beside x₀: the slopes k_1 … k_s (s · n values) and, for a RecordingField, one field record
/// a stage. Other fields are evaluated at Y_i = x₀ + h Σ a_ij k_j, formed again from the slopes.
template <class F, Scalar T>
struct StepRecord {
    using Stage = typename detail::FieldRecord<F, T>::type;

    std::vector<T> k;
    std::vector<Stage> stages;
    std::vector<T> kept;  ///< of a SteppingField
    bool whole = false;   ///< the field took the step by itself: `kept` holds its record

    void prepare(F& f, std::size_t s, std::size_t n) {
        k.resize(s * n);
        if constexpr (RecordingField<F, T>)
            while (stages.size() < s) stages.push_back(f.make_record());
    }

    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = detail::bytes_of(k) + detail::bytes_of(kept);
        for (const Stage& stage : stages) total += detail::record_bytes(stage);
        return total;
    }
};

/// Scratch of step, step_vjp and step_jvp for states of n values and s stages. Each part is sized by the function that uses it.
template <Scalar T>
class StepWorkspace {
public:
    std::vector<T> k, y;                         // forward: slopes, stage state
    std::vector<T> ell, mu, nu, zeros, scratch;  // reverse: ℓ_i, μ_i, ν_i, 0, and n or P values more
    std::vector<T> k_dot, y_dot;                 // tangent
    std::vector<T> coefficient;                  // coefficients that depend on h
    std::vector<const T*> pointers;

    void forward(std::size_t s, std::size_t n) {
        k.resize(s * n);
        stage(s, n);
    }
    void stage(std::size_t s, std::size_t n) {
        y.resize(n);
        pointers.reserve(s + 1);
    }
    void reverse(std::size_t s, std::size_t n) {
        stage(s, n);
        ell.resize(s * n);
        mu.resize(n);
        nu.resize(n);
        zeros.assign(n, T(0));
    }
    void tangent(std::size_t s, std::size_t n) {
        forward(s, n);
        k_dot.resize(s * n);
        y_dot.resize(n);
    }

    /// Pointers to the rows `index` of a block of rows of n values; row `extra_at` is `extra` instead.
    std::span<const T* const> gather(const std::vector<std::size_t>& index, std::span<const T> block, std::size_t n,
                                     std::size_t extra_at = static_cast<std::size_t>(-1), const T* extra = nullptr) {
        pointers.clear();
        for (std::size_t j : index) pointers.push_back(j == extra_at ? extra : block.data() + j * n);
        return pointers;
    }

    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = detail::bytes_of(pointers);
        for (const std::vector<T>* v : {&k, &y, &ell, &mu, &nu, &zeros, &scratch, &k_dot, &y_dot, &coefficient})
            total += detail::bytes_of(*v);
        return total;
    }
};

}  // namespace costate::ode
