// The 25 non-stiff problems of DETEST (Hull, Enright, Fellen, Sedgwick, Comparing numerical methods for ordinary differential equations, 1972), t from 0 to 20.
#pragma once

#include "scalar/dual.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::testing {

inline constexpr std::array detest_names{"A1", "A2", "A3", "A4", "A5", "B1", "B2", "B3", "B4", "B5", "C1", "C2", "C3",
                                         "C4", "C5", "D1", "D2", "D3", "D4", "D5", "E1", "E2", "E3", "E4", "E5"};

/// Five outer planets about a sun: k², masses (sun and inner planets, then Jupiter … Pluto), positions and velocities.
struct OuterPlanets {
    static constexpr double k2 = 2.95912208286;
    static constexpr std::array<double, 6> mass{1.00000597682, .000954786104043, .000285583733151, .0000437273164546, .0000517759138449, .00000277777777778};
    static constexpr std::array<double, 30> start{
        3.42947415189,   3.35386959711,    1.35494901715,   6.64145542550,    5.97156957878,    2.18231499728,   11.2630437207,    14.6952576794,
        6.27960525067,   -30.1552268759,   1.65699966404,   1.43785752721,    -21.1238353380,   28.4465098142,   15.3882659679,    -.557160570446,
        .505696783289,   .230578543901,    -.415570776342,  .365682722812,    .169143213293,    -.325325669158,  .189706021964,    .0877265322780,
        -.0240476254170, -.287659532608,   -.117219543175,  -.176860753121,   -.216393453025,   -.0148647893090};

    template <class T>
    static void slope(std::span<const T> y, std::span<T> dy) {
        using std::sqrt;
        const auto cube = [](const T& a, const T& b, const T& c) {
            const T r2 = a * a + b * b + c * c;
            return T(r2 * sqrt(r2));
        };
        for (std::size_t j = 0; j < 5; ++j) {
            const auto* p = &y[3 * j];
            for (std::size_t i = 0; i < 3; ++i) dy[3 * j + i] = y[15 + 3 * j + i];
            const T r3 = cube(p[0], p[1], p[2]);
            for (std::size_t i = 0; i < 3; ++i) dy[15 + 3 * j + i] = -(k2 * (mass[0] + mass[j + 1])) * p[i] / r3;
            for (std::size_t k = 0; k < 5; ++k) {
                if (k == j) continue;
                const auto* q = &y[3 * k];
                const T d3 = cube(q[0] - p[0], q[1] - p[1], q[2] - p[2]), q3 = cube(q[0], q[1], q[2]);
                for (std::size_t i = 0; i < 3; ++i) dy[15 + 3 * j + i] += k2 * mass[k + 1] * ((q[i] - p[i]) / d3 - q[i] / q3);
            }
        }
    }
};

inline std::vector<double> detest_start(std::size_t problem) {
    const auto first = [](std::size_t n) {
        std::vector<double> x(n, 0.0);
        x[0] = 1;
        return x;
    };
    const double e = 0.1 + 0.2 * (static_cast<double>(problem) - 15);
    switch (problem) {
        case 4: return {4};
        case 5: return {1, 3};
        case 6: return {2, 0, 1};
        case 7: return {1, 0, 0};
        case 8: return {3, 0, 0};
        case 9: return {0, 1, 1};
        case 10: case 11: case 12: return first(10);
        case 13: return first(51);
        case 14: return {OuterPlanets::start.begin(), OuterPlanets::start.end()};
        case 15: case 16: case 17: case 18: case 19: return {1 - e, 0, 0, std::sqrt((1 + e) / (1 - e))};
        case 20: return {.671396707141803, .0954005144474744};
        case 21: return {2, 0};
        case 22: return {0, 0};
        case 23: return {30, 0};
        case 24: return {0, 0};
        default: return {1};
    }
}

/// Classes A and B.
template <class T>
void detest_small(std::size_t problem, const T& t, std::span<const T> y, std::span<T> dy) {
    using std::cos;
    using std::sqrt;
    switch (problem) {
        case 0: dy[0] = -y[0]; return;
        case 1: dy[0] = -0.5 * (y[0] * y[0] * y[0]); return;
        case 2: dy[0] = y[0] * cos(t); return;
        case 3: dy[0] = 0.25 * y[0] * (1 - 0.05 * y[0]); return;
        case 4: dy[0] = (y[0] - t) / (y[0] + t); return;
        case 5: dy[0] = 2 * (y[0] - y[0] * y[1]), dy[1] = y[0] * y[1] - y[1]; return;
        case 6: dy[0] = y[1] - y[0], dy[1] = y[0] - 2 * y[1] + y[2], dy[2] = y[1] - y[2]; return;
        case 7: dy[0] = -y[0], dy[1] = y[0] - y[1] * y[1], dy[2] = y[1] * y[1]; return;
        case 8: {
            const T r = sqrt(y[0] * y[0] + y[1] * y[1]);
            dy[0] = -y[1] - y[0] * y[2] / r, dy[1] = y[0] - y[1] * y[2] / r, dy[2] = y[0] / r;
            return;
        }
        default: dy[0] = y[1] * y[2], dy[1] = -(y[0] * y[2]), dy[2] = -0.51 * (y[0] * y[1]);
    }
}

/// Classes C (linear chains and planets), D (orbits) and E (of second order).
template <class T>
void detest_large(std::size_t problem, const T& t, std::span<const T> y, std::span<T> dy) {
    using std::sin;
    using std::sqrt;
    const std::size_t n = y.size();
    if (problem == 14) return OuterPlanets::slope<T>(y, dy);
    if (problem < 12) {
        const auto rate = [&](std::size_t i) { return problem == 10 ? 1.0 : static_cast<double>(i + 1); };
        for (std::size_t i = 0; i < n; ++i) {
            dy[i] = i + 1 < n ? T(-(rate(i) * y[i])) : T(0);
            if (i > 0) dy[i] += rate(i - 1) * y[i - 1];
        }
    } else if (problem < 14) {
        for (std::size_t i = 0; i < n; ++i) {
            dy[i] = -2 * y[i];
            if (i > 0) dy[i] += y[i - 1];
            if (i + 1 < n) dy[i] += y[i + 1];
        }
    } else if (problem < 20) {
        const T r2 = y[0] * y[0] + y[1] * y[1], r3 = r2 * sqrt(r2);
        dy[0] = y[2], dy[1] = y[3], dy[2] = -(y[0] / r3), dy[3] = -(y[1] / r3);
    } else {
        dy[0] = y[1];
        const T s = t + 1;
        if (problem == 20) dy[1] = -(y[1] / s + (1 - 0.25 / (s * s)) * y[0]);
        else if (problem == 21) dy[1] = (1 - y[0] * y[0]) * y[1] - y[0];
        else if (problem == 22) dy[1] = y[0] * y[0] * y[0] / 6 - y[0] + 2 * sin(2.78535 * t);
        else if (problem == 23) dy[1] = 0.032 - 0.4 * (y[1] * y[1]);
        else dy[1] = sqrt(1 + y[1] * y[1]) / (25 - t);
    }
}

/// One sample; derivatives by dual numbers.
template <class T>
class Detest {
public:
    explicit Detest(std::size_t problem) : problem_(problem), x_(detest_start(problem).size()), dx_(x_.size()) {}

    [[nodiscard]] std::size_t dim() const { return x_.size(); }
    [[nodiscard]] std::size_t parameter_count() const { return 0; }

    void operator()(const T& t, std::span<const T> x, std::span<T> dx) const { slope<T>(t, x, dx); }

    void vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T>, T& t_bar) {
        for (std::size_t i = 0; i < x.size(); ++i) x_[i] = Dual<T>(x[i]);
        const auto product = [&](const Dual<T>& time) {
            slope<Dual<T>>(time, x_, dx_);
            T sum = 0;
            for (std::size_t i = 0; i < x.size(); ++i) sum += lambda[i] * dx_[i].tangent;
            return sum;
        };
        for (std::size_t i = 0; i < x_bar.size(); ++i) {
            x_[i].tangent = 1;
            x_bar[i] += product(Dual<T>(t));
            x_[i].tangent = 0;
        }
        t_bar += product(Dual<T>::variable(t));
    }
    void jvp(const T& t, std::span<const T> x, const T& t_dot, std::span<const T> x_dot, std::span<const T>, std::span<T> dx, std::span<T> dx_dot) {
        for (std::size_t i = 0; i < x.size(); ++i) x_[i] = Dual<T>(x[i], x_dot[i]);
        slope<Dual<T>>(Dual<T>(t, t_dot), x_, dx_);
        for (std::size_t i = 0; i < x.size(); ++i) dx[i] = dx_[i].value, dx_dot[i] = dx_[i].tangent;
    }

private:
    template <class S>
    void slope(const S& t, std::span<const S> x, std::span<S> dx) const {
        if (problem_ < 10) detest_small<S>(problem_, t, x, dx);
        else detest_large<S>(problem_, t, x, dx);
    }

    std::size_t problem_;
    std::vector<Dual<T>> x_, dx_;
};

}  // namespace costate::testing
