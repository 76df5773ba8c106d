// What a gradient with losses between the steps keeps of the way forward.
#pragma once

#include "ode/gradient/adaptive_forward.hpp"
#include "scalar/dual.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace costate::ode::dto {

/// Serves one field. Of every step x_n and all slopes are kept, and the records of its stages where the field makes such.
template <class F, Scalar T>
struct SavedWorkspace {
    using Stage = typename ode::detail::FieldRecord<F, T>::type;

    AdaptiveForward<T> forward;
    PairCoefficients<Dual<T>> moving;  ///< the pair where τ moves
    std::vector<Terms<T>> columns;     ///< b_i at index R, a_mi at m > i, for R stages, those of the interpolant among them
    std::vector<T> states, slopes;
    std::vector<Stage> records;        ///< of k_1 of the first step, then of k_2 … k_R step by step
    std::vector<T> lambda, nu, mu, carry, ell, y, zeros;
    std::vector<T> bars, time_bars, weights, weight_dots;  ///< ū_j, s̄_j, w_i(τ_j); w_i'(τ) of the time at hand
    std::vector<Dual<T>> dual_weights;
    std::vector<const T*> pointers;
    std::vector<T> coefficients;

    explicit SavedWorkspace(const Tableau& tableau) : forward(tableau), moving(tableau), columns(forward.pair.rows.size()) {
        for (std::size_t m = 0; m < forward.pair.rows.size(); ++m) {
            const Terms<T>& row = forward.pair.rows[m];
            for (std::size_t j = 0; j < row.index.size(); ++j) append(columns[row.index[j]], m, row.coefficient[j]);
        }
        const Terms<T>& b = forward.pair.weights;
        for (std::size_t j = 0; j < b.index.size(); ++j) append(columns[b.index[j]], columns.size(), b.coefficient[j]);
    }
    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = forward.bytes() + ode::detail::bytes_of(dual_weights) + ode::detail::bytes_of(pointers);
        for (const Stage& record : records) total += ode::detail::record_bytes(record);
        for (const std::vector<T>* v : {&states, &slopes, &lambda, &nu, &mu, &carry, &ell, &y, &zeros, &bars, &time_bars, &weights, &weight_dots, &coefficients})
            total += ode::detail::bytes_of(*v);
        return total;
    }

private:
    static void append(Terms<T>& column, std::size_t m, const T& coefficient) {
        column.index.push_back(m);
        column.coefficient.push_back(coefficient);
    }
};

namespace detail {

/// f, and where it makes records one of every slope of the solve that ws is for: which slope it is is told by where it is written. A step that is
/// tried again is recorded over; k_1 of a later step is k_S of the one before.
template <class F, Scalar T>
class SavedRecorder {
public:
    SavedRecorder(F& f, SavedWorkspace<F, T>& ws) : f_(f), ws_(ws) {}

    [[nodiscard]] std::size_t dim() const { return f_.dim(); }
    /// Another step is accepted.
    void next() { ++step_; }

    void operator()(const T& t, std::span<const T> x, std::span<T> dx) {
        if constexpr (RecordingField<F, T>) {
            const std::span<const T> k(ws_.forward.ws.k);
            std::size_t stage = 0;
            while (stage * dx.size() < k.size() && dx.data() != k.data() + stage * dx.size()) ++stage;
            const bool slope = stage * dx.size() < k.size();
            if (slope && (stage > 0 || step_ == 0)) return f_.forward(t, x, dx, record(stage));
        }
        f_(t, x, dx);
    }

private:
    auto& record(std::size_t stage) {
        const std::size_t place = stage == 0 ? 0 : step_ * (ws_.columns.size() - 1) + stage;
        while (ws_.records.size() <= place) ws_.records.push_back(f_.make_record());
        return ws_.records[place];
    }

    F& f_;
    SavedWorkspace<F, T>& ws_;
    std::size_t step_ = 0;
};

}  // namespace detail
}  // namespace costate::ode::dto
