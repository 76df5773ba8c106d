// The gradient of a flow's divergence from one probe, without second derivatives of the model.
#pragma once

#include "guidance/guide/flow_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace costate::guidance {

/// ∇ₓ(εᵀDu(x)ε) = d/ds Du(x + sε)ᵀε at s = 0, by the central difference [Du(x + sε)ᵀε - Du(x - sε)ᵀε]/2s of two vjps. For ε of independent
/// signs its mean is ∇ div u. Error: s²/6 times the third derivative in s, and the rounding of the vjps over s; s is the cube root of the
/// scalar's ε times max(1, rms x), which makes both about s² (4e-11 in double, 2e-5 in float).
template <class T>
class HutchinsonSlope {
public:
    explicit HutchinsonSlope(FlowModel<T>& model) : model_(&model), shifted_(model.dim()) {}

    /// out += factor · ∇ₓ(εᵀDu(x)ε): two evaluations and two vjps.
    void add(const T& factor, const T& t, std::span<const T> x, std::span<const T> probe, std::span<T> out) {
        T square(0), ignored(0);
        for (const T& value : x) square += value * value;
        const T s = std::cbrt(std::numeric_limits<T>::epsilon()) * std::max(T(1), std::sqrt(square / static_cast<T>(x.size())));
        slope_.assign(x.size(), T(0));
        for (const T sign : {T(1), T(-1)}) {
            for (std::size_t i = 0; i < x.size(); ++i) shifted_[i] = x[i] + sign * s * probe[i];
            model_->vjp(t, std::span<const T>(shifted_), probe, std::span<T>(slope_), {}, ignored);
            if (sign > T(0))
                for (T& value : slope_) value = -value;  // Du(x - sε)ᵀε - Du(x + sε)ᵀε in the end
        }
        for (std::size_t i = 0; i < x.size(); ++i) out[i] -= factor * slope_[i] / (T(2) * s);
    }

private:
    FlowModel<T>* model_;
    std::vector<T> shifted_, slope_;
};

}  // namespace costate::guidance
