// Programs at vectors, and random values, for the tests of this room.
#pragma once

#include "autodiff/program.hpp"
#include "autodiff/var.hpp"

#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace costate::autodiff::test {

template <class T>
using Arrays = std::vector<std::vector<T>>;

template <class T>
std::vector<std::span<const T>> read(const Arrays<T>& a) {
    return {a.begin(), a.end()};
}
template <class T>
std::vector<std::span<T>> write(Arrays<T>& a) {
    return {a.begin(), a.end()};
}

/// The size of a port's array.
inline std::size_t extent(const Port& port, std::size_t batch) {
    return port.size * (port.sharing == Sharing::shared ? 1 : batch);
}

template <class T>
Arrays<T> zeros(const std::vector<Port>& ports, std::size_t batch) {
    Arrays<T> a;
    for (const Port& p : ports) a.emplace_back(extent(p, batch), T(0));
    return a;
}

/// k/64 with |k| ≤ 64 in every scalar that divides by 64, never 0: exact in binary and in ℚ.
template <class T>
T random_value(std::mt19937_64& random) {
    const int k = static_cast<int>(random() % 64) + 1;
    return T(random() % 2 ? k : -k) / T(64);
}
template <class T>
std::vector<T> random_values(std::size_t n, std::mt19937_64& random) {
    std::vector<T> v;
    for (std::size_t i = 0; i < n; ++i) v.push_back(random_value<T>(random));
    return v;
}
template <class T>
Arrays<T> random_arrays(const std::vector<Port>& ports, std::size_t batch, std::mt19937_64& random) {
    Arrays<T> a;
    for (const Port& p : ports) a.push_back(random_values<T>(extent(p, batch), random));
    return a;
}

template <class T>
T inner(const std::vector<T>& a, const std::vector<T>& b) {
    T s(0);
    for (std::size_t i = 0; i < a.size(); ++i) s += a[i] * b[i];
    return s;
}
template <class T>
T inner(const Arrays<T>& a, const Arrays<T>& b) {
    T s(0);
    for (std::size_t i = 0; i < a.size(); ++i) s += inner(a[i], b[i]);
    return s;
}

template <class T>
Arrays<T> forward(const Program<T>& p, const Arrays<T>& in, std::size_t batch) {
    Workspace<T> ws;
    Arrays<T> out = zeros<T>(p.outputs(), batch);
    p.forward(read(in), write(out), batch, ws);
    return out;
}

template <class T>
struct Pulled {
    Arrays<T> out, in_bar;
    std::vector<T> theta_bar;
};
template <class T>
Pulled<T> pullback(const Program<T>& p, const Arrays<T>& in, const Arrays<T>& out_bar, std::size_t batch) {
    Workspace<T> ws;
    Record<T> record;
    Pulled<T> r{zeros<T>(p.outputs(), batch), zeros<T>(p.inputs(), batch), std::vector<T>(p.parameter_count(), T(0))};
    for (std::size_t i = 0; i < r.in_bar.size(); ++i) {
        if (!p.differentiates(i)) r.in_bar[i].clear();
    }
    p.forward(read(in), write(r.out), batch, record, ws);
    p.pullback(record, read(out_bar), write(r.in_bar), r.theta_bar, ws);
    return r;
}

template <class T>
struct Pushed {
    Arrays<T> out, out_dot;
};
template <class T>
Pushed<T> pushforward(const Program<T>& p, const Arrays<T>& in, const Arrays<T>& in_dot, const std::vector<T>& theta_dot,
                      std::size_t batch) {
    Workspace<T> ws;
    Pushed<T> r{zeros<T>(p.outputs(), batch), zeros<T>(p.outputs(), batch)};
    p.pushforward(read(in), read(in_dot), theta_dot, write(r.out), write(r.out_dot), batch, ws);
    return r;
}

}  // namespace costate::autodiff::test
