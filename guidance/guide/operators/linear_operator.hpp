// H of a measurement y = Hx + noise: one value for all kinds.
#pragma once

#include "guidance/guide/operators/blur.hpp"
#include "guidance/guide/operators/dense_observation.hpp"
#include "guidance/guide/operators/denoising.hpp"
#include "guidance/guide/operators/inpainting.hpp"
#include "guidance/guide/operators/random_projection.hpp"
#include "guidance/guide/operators/super_resolution.hpp"

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <variant>

namespace costate::guidance {

/// What a kind of operator offers; the members mean what LinearOperator says, and may leave sizes unchecked.
template <class Kind, class T>
concept OperatorKind = std::copyable<Kind> && requires(const Kind& H, std::span<const T> in, std::span<T> out, double s2, double v2) {
    { H.rows() } -> std::same_as<std::size_t>;
    { H.columns() } -> std::same_as<std::size_t>;
    { H.measurement_shape() } -> std::same_as<std::optional<ImageShape>>;
    H.apply(in, out);
    H.transposed(in, out);
    H.pseudo_inverse(in, out);
    H.solve(s2, v2, in, out);
};

/// The list: adding a kind touches its file, its test, this line and the tasks (tasks.hpp).
template <class T>
using AnyOperator = std::variant<Inpainting<T>, SuperResolution<T>, Blur<T>, Denoising<T>, RandomProjection<T>, DenseObservation<T>>;

/// y = Hx, H of rows() × columns(), for one sample; T is float or double, and sums that matter are in double.
/// Results are assigned, inputs and results do not overlap. Every function is const and has no hidden state: threads may share it.
/// All throw std::invalid_argument where a span has another size than H asks for.
template <class T>
class LinearOperator {
public:
    /// `name`: the task as it is spelt, "inpaint:box:14".
    LinearOperator(std::string name, AnyOperator<T> kind);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const AnyOperator<T>& kind() const { return kind_; }
    [[nodiscard]] std::size_t rows() const;
    [[nodiscard]] std::size_t columns() const;
    /// The shape of y where y is an image; elsewhere H⁺y can be shown in its place.
    [[nodiscard]] std::optional<ImageShape> measurement_shape() const;

    /// y = Hx
    void apply(std::span<const T> x, std::span<T> y) const;
    /// x = Hᵀy
    void transposed(std::span<const T> y, std::span<T> x) const;
    /// x = H⁺y: of the x that minimise ‖y - Hx‖ the shortest. Small singular values count as 0 (spectrum.hpp).
    void pseudo_inverse(std::span<const T> y, std::span<T> x) const;
    /// out = (s²HHᵀ + v²I)⁻¹ r of the squares s2, v2; the pseudo-inverse for v2 = 0. Throws std::invalid_argument also for a square that is
    /// negative or not finite.
    void solve(double s2, double v2, std::span<const T> r, std::span<T> out) const;

private:
    std::string name_;
    AnyOperator<T> kind_;
};

extern template class LinearOperator<float>;
extern template class LinearOperator<double>;

}  // namespace costate::guidance
