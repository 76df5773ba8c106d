// One small problem, and whether two gradients of it are the same bit for bit.
#pragma once

#include "ode/gradient/result.hpp"
#include "ode/loss.hpp"
#include "tests/ode/fields.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

namespace costate::testing {

template <class T>
std::vector<std::uint64_t> bits(const std::vector<T>& values) {
    std::vector<std::uint64_t> result;
    for (const T& v : values) {
        if constexpr (std::is_trivially_copyable_v<T>) {
            result.push_back(0);
            std::memcpy(&result.back(), &v, std::min(sizeof(T), sizeof(std::uint64_t)));
        }
    }
    return result;
}

template <class T>
bool same(const ode::GradientResult<T>& a, const ode::GradientResult<T>& b) {
    const auto all = [](const ode::GradientResult<T>& g) {
        std::vector<T> values{g.loss, g.t0_bar, g.t1_bar};
        for (const std::vector<T>* part : {&g.x_bar, &g.theta_bar, &g.x1}) values.insert(values.end(), part->begin(), part->end());
        return values;
    };
    return all(a) == all(b) && bits(all(a)) == bits(all(b));
}

template <class T>
struct Setting {
    std::vector<T> x0 = batch_of_two<T>();
    ode::SquaredDistance<T> loss{target<T>()};
    T t0 = from_rational<T>(ratio(1, 5)), t1 = from_rational<T>(ratio(3, 4));
};

template <class F, class T, class Method>
ode::GradientResult<T> gradient(const Method& method, std::size_t steps, const char* tableau = "kutta3", ode::GradientOptions options = {}) {
    const Setting<T> in;
    F f{parameters<T>()};
    return method(f, in.loss, ode::find_tableau(tableau), in.t0, in.t1, steps, in.x0, options);
}

}  // namespace costate::testing
