#include "guidance/guide/step_scale.hpp"

#include "guidance/guide/normals.hpp"

#include <cmath>
#include <variant>
#include <vector>

namespace costate::guidance {

namespace {

template <class T>
double square(const std::vector<T>& v) {
    double sum = 0;
    for (const T& value : v) sum += static_cast<double>(value) * static_cast<double>(value);
    return sum;
}

/// ‖H‖²
template <class T>
double norm_square(const LinearOperator<T>& H) {
    std::vector<T> v(H.columns()), Hv(H.rows());
    NormalSource(0).fill(Draw::operator_rows, 0, std::span<T>(v));
    double norm2 = 0;
    for (int n = 0; n < 30; ++n) {
        const T length = static_cast<T>(std::sqrt(square(v)));
        if (!(length > T(0))) return 0;  // H = 0
        for (T& value : v) value /= length;
        H.apply(std::span<const T>(v), std::span<T>(Hv));
        norm2 = square(Hv);
        H.transposed(std::span<const T>(Hv), std::span<T>(v));
    }
    return norm2;
}

/// w‖H‖²; of networks and losses of one's own nothing is known.
template <class T>
double curvature(const typename Objective<T>::Term& term) {
    if (const auto* measurement = std::get_if<Measurement<T>>(&term)) return measurement->weight * norm_square(measurement->H);
    if (const auto* reference = std::get_if<Reference<T>>(&term)) return reference->weight;
    return 0;
}

}  // namespace

template <class T>
T step_scale(const Objective<T>& objective) {
    double sum = 0;
    for (const typename Objective<T>::Term& term : objective.terms()) sum += curvature<T>(term);
    return sum > 0 ? static_cast<T>(1 / sum) : T(1);
}

template float step_scale(const Objective<float>&);
template double step_scale(const Objective<double>&);

}  // namespace costate::guidance
