// A second implementation of value and reverse sweep of a random graph: one sample, one vector a node, adjoints in a map.
#pragma once

#include "random_graph.hpp"
#include "scalar/traits.hpp"

#include <cmath>
#include <map>
#include <vector>

namespace costate::autodiff::test::naive {

template <class T>
T coefficient(std::size_t k) {
    return T(static_cast<int>(k) - 3) / T(2);
}

/// The second implementation: one sample, values and adjoints by node.
template <class T>
class Naive {
public:
    using Vector = std::vector<T>;
    Naive(const Description& d, const std::vector<Vector>& leaves) : d_(d) {
        for (std::size_t i = 0; i < d.steps.size(); ++i) values_[i] = i < leaves.size() ? leaves[i] : value(d.steps[i]);
    }
    const Vector& at(std::size_t i) { return values_[i]; }

    /// Adjoints of all nodes for the outputs' adjoints.
    std::map<std::size_t, Vector> reverse(const std::vector<Vector>& out_bar) {
        for (std::size_t i = 0; i < d_.steps.size(); ++i) bars_[i] = Vector(d_.steps[i].size, T(0));
        for (std::size_t k = 0; k < d_.outputs.size(); ++k)
            for (std::size_t j = 0; j < out_bar[k].size(); ++j) bars_[d_.outputs[k]][j] += out_bar[k][j];
        for (std::size_t i = d_.steps.size(); i-- > 0;) pull(i);
        return bars_;
    }

private:
    T& bar(std::size_t node, std::size_t j) { return bars_[node][bars_[node].size() == 1 ? 0 : j]; }
    T x(std::size_t node, std::size_t j) { return values_[node][values_[node].size() == 1 ? 0 : j]; }

    T element(const Step& s, std::size_t j) {
        const auto& a = s.arguments;
        T r(0);
        switch (s.kind) {
        case Kind::number: return T(s.number);
        case Kind::add: return x(a[0], j) + x(a[1], j);
        case Kind::sub: return x(a[0], j) - x(a[1], j);
        case Kind::mul: return x(a[0], j) * x(a[1], j);
        case Kind::div: return x(a[0], j) / x(a[1], j);
        case Kind::neg: return -x(a[0], j);
        case Kind::pow: return s.number == 2 ? x(a[0], j) * x(a[0], j) : x(a[0], j) * x(a[0], j) * x(a[0], j);
        case Kind::sum:
            for (const T& v : values_[a[0]]) r += v;
            return r;
        case Kind::dot:
            for (std::size_t k = 0; k < values_[a[0]].size(); ++k) r += values_[a[0]][k] * values_[a[1]][k];
            return r;
        case Kind::combine:
            for (std::size_t k = 0; k < 3; ++k) r += coefficient<T>(k) * x(a[k], j);
            return r;
        case Kind::concat: return j < values_[a[0]].size() ? values_[a[0]][j] : values_[a[1]][j - values_[a[0]].size()];
        case Kind::slice: return values_[a[0]][static_cast<std::size_t>(s.number) + j];
        case Kind::linear:
            for (std::size_t k = 0; k < values_[a[0]].size(); ++k)
                r += values_[a[0]][k] * values_[a[1]][j * values_[a[0]].size() + k];
            return r;
        default: return transcendental(s.kind, x(a[0], j));
        }
    }
    static T transcendental(Kind kind, const T& v) {
        if constexpr (TranscendentalScalar<T>) {
            using std::exp, std::sin, std::tanh;
            return kind == Kind::sin ? T(sin(v)) : kind == Kind::tanh ? T(tanh(v)) : T(T(1) / (T(1) + exp(-v)));
        }
        return v;
    }
    static T slope(Kind kind, const T& v) {
        if constexpr (TranscendentalScalar<T>) {
            using std::cos;
            const T y = transcendental(kind, v);
            return kind == Kind::sin ? T(cos(v)) : kind == Kind::tanh ? T(T(1) - y * y) : T(y * (T(1) - y));
        }
        return v;
    }
    Vector value(const Step& s) {
        Vector y;
        for (std::size_t j = 0; j < s.size; ++j) y.push_back(element(s, j));
        return y;
    }

    void pull(std::size_t i) {
        const Step& s = d_.steps[i];
        for (std::size_t j = 0; j < s.size; ++j) pull_element(s, j, bars_[i][j], values_[i][j]);
    }
    void pull_element(const Step& s, std::size_t j, const T& y_bar, const T& y) {
        const auto& a = s.arguments;
        switch (s.kind) {
        case Kind::input:
        case Kind::parameter:
        case Kind::number: return;
        case Kind::add:
            bar(a[0], j) += y_bar;
            bar(a[1], j) += y_bar;
            return;
        case Kind::sub:
            bar(a[0], j) += y_bar;
            bar(a[1], j) -= y_bar;
            return;
        case Kind::mul:
            bar(a[0], j) += y_bar * x(a[1], j);
            bar(a[1], j) += y_bar * x(a[0], j);
            return;
        case Kind::div:
            bar(a[0], j) += y_bar / x(a[1], j);
            bar(a[1], j) -= y_bar * y / x(a[1], j);
            return;
        case Kind::neg: bar(a[0], j) -= y_bar; return;
        case Kind::pow: bar(a[0], j) += y_bar * T(s.number) * (s.number == 2 ? x(a[0], j) : x(a[0], j) * x(a[0], j)); return;
        default: pull_array_element(s, j, y_bar);
        }
    }
    void pull_array_element(const Step& s, std::size_t j, const T& y_bar) {
        const auto& a = s.arguments;
        switch (s.kind) {
        case Kind::sum:
            for (T& b : bars_[a[0]]) b += y_bar;
            return;
        case Kind::dot:
            for (std::size_t k = 0; k < values_[a[0]].size(); ++k) {
                bars_[a[0]][k] += y_bar * values_[a[1]][k];
                bars_[a[1]][k] += y_bar * values_[a[0]][k];
            }
            return;
        case Kind::combine:
            for (std::size_t k = 0; k < 3; ++k) bar(a[k], j) += coefficient<T>(k) * y_bar;
            return;
        case Kind::concat: (j < values_[a[0]].size() ? bars_[a[0]][j] : bars_[a[1]][j - values_[a[0]].size()]) += y_bar; return;
        case Kind::slice: bars_[a[0]][static_cast<std::size_t>(s.number) + j] += y_bar; return;
        case Kind::linear:
            for (std::size_t k = 0, n = values_[a[0]].size(); k < n; ++k) {
                bars_[a[0]][k] += y_bar * values_[a[1]][j * n + k];
                bars_[a[1]][j * n + k] += y_bar * values_[a[0]][k];
            }
            return;
        default: bar(a[0], j) += y_bar * slope(s.kind, x(a[0], j));
        }
    }

    const Description& d_;
    std::map<std::size_t, Vector> values_, bars_;
};

}  // namespace costate::autodiff::test::naive
