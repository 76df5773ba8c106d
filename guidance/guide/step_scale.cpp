#include "guidance/guide/step_scale.hpp"

#include "guidance/guide/normals.hpp"

#include <cmath>
#include <vector>

namespace costate::guidance {

namespace {

template <class T>
double square(const std::vector<T>& v) {
    double sum = 0;
    for (const T& value : v) sum += static_cast<double>(value) * static_cast<double>(value);
    return sum;
}

}  // namespace

template <class T>
T step_scale(const Objective<T>& objective) {
    const Measurement<T>* measurement = objective.measurement();
    if (measurement == nullptr) return T(1);
    const LinearOperator<T>& H = measurement->H;
    std::vector<T> v(H.columns()), Hv(H.rows());
    NormalSource(0).fill(Draw::operator_rows, 0, std::span<T>(v));
    double norm2 = 0;
    for (int n = 0; n < 30; ++n) {
        const T length = static_cast<T>(std::sqrt(square(v)));
        if (!(length > T(0))) return T(1);  // H = 0
        for (T& value : v) value /= length;
        H.apply(std::span<const T>(v), std::span<T>(Hv));
        norm2 = square(Hv);
        H.transposed(std::span<const T>(Hv), std::span<T>(v));
    }
    return norm2 > 0 ? static_cast<T>(1 / norm2) : T(1);
}

template float step_scale(const Objective<float>&);
template double step_scale(const Objective<double>&);

}  // namespace costate::guidance
