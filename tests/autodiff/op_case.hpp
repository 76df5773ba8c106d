// An op as a case: how it is recorded, and its value written down a second time on plain numbers. Arithmetic and arrays.
#pragma once

#include "autodiff/var.hpp"

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace costate::autodiff::test {

/// How a case's operand enters: as an input that may be per sample or shared, as a shared input, or as a parameter.
enum class Role { free, shared, parameter };

struct OperandOfCase {
    std::size_t size;
    Role role = Role::free;
};

/// Values are compared with arithmetic at 150 digits, in exact scalars with that scalar's own.
template <class T>
using Reference = std::conditional_t<ScalarTraits<T>::exact, T, Mpfr<150>>;

template <class T>
struct Case {
    std::string name;
    std::vector<OperandOfCase> operands;
    bool positive;
    std::function<Var<T>(const std::vector<Var<T>>&)> record;
    /// One sample.
    std::function<std::vector<Reference<T>>(const std::vector<std::vector<Reference<T>>>&)> value;
};

template <class T>
using Samples = std::vector<std::vector<Reference<T>>>;

/// (f(a_i, b_i))_i where a single value meets every other.
template <class V, class F>
V zip(const V& a, const V& b, F f) {
    V y;
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i)
        y.push_back(f(a[a.size() == 1 ? 0 : i], b[b.size() == 1 ? 0 : i]));
    return y;
}
template <class V, class F>
V map(const V& a, F f) {
    V y;
    for (const auto& x : a) y.push_back(f(x));
    return y;
}
template <class V>
V affine(const V& x, const V& w, const V& b) {
    V y = b;
    for (std::size_t o = 0; o < y.size(); ++o)
        for (std::size_t k = 0; k < x.size(); ++k) y[o] += w[o * x.size() + k] * x[k];
    return y;
}

template <class T>
void add_binary_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    for (const auto& [m, n] : {std::pair<std::size_t, std::size_t>{1, 1}, {3, 3}, {3, 1}, {1, 3}, {20, 20}}) {
        const std::string sizes = std::string(" ").append(std::to_string(m)).append(" ").append(std::to_string(n));
        const std::vector<OperandOfCase> operands{{m}, {n}};
        cases.push_back({"add" + sizes, operands, false, [](const auto& v) { return v[0] + v[1]; },
                         [](const Samples<T>& v) { return zip(v[0], v[1], [](const R& a, const R& b) { return R(a + b); }); }});
        cases.push_back({"sub" + sizes, operands, false, [](const auto& v) { return v[0] - v[1]; },
                         [](const Samples<T>& v) { return zip(v[0], v[1], [](const R& a, const R& b) { return R(a - b); }); }});
        cases.push_back({"mul" + sizes, operands, false, [](const auto& v) { return v[0] * v[1]; },
                         [](const Samples<T>& v) { return zip(v[0], v[1], [](const R& a, const R& b) { return R(a * b); }); }});
        cases.push_back({"div" + sizes, operands, true, [](const auto& v) { return v[0] / v[1]; },
                         [](const Samples<T>& v) { return zip(v[0], v[1], [](const R& a, const R& b) { return R(a / b); }); }});
    }
    cases.push_back({"square by mul",
                     {{3}},
                     false,
                     [](const auto& v) { return v[0] * v[0]; },
                     [](const Samples<T>& v) { return map(v[0], [](const R& a) { return R(a * a); }); }});
    cases.push_back({"number times",
                     {{3}},
                     false,
                     [](const auto& v) { return 3 * v[0] - v[0] / 2 + 1; },
                     [](const Samples<T>& v) { return map(v[0], [](const R& a) { return R(a * R(5) / R(2) + R(1)); }); }});
}

template <class T>
void add_unary_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    cases.push_back({"neg",
                     {{3}},
                     false,
                     [](const auto& v) { return -v[0]; },
                     [](const Samples<T>& v) { return map(v[0], [](const R& a) { return R(-a); }); }});
    cases.push_back({"pow 3",
                     {{3}},
                     false,
                     [](const auto& v) { return pow(v[0], 3); },
                     [](const Samples<T>& v) { return map(v[0], [](const R& a) { return R(a * a * a); }); }});
    cases.push_back({"pow -2",
                     {{3}},
                     true,
                     [](const auto& v) { return pow(v[0], -2); },
                     [](const Samples<T>& v) { return map(v[0], [](const R& a) { return R(R(1) / (a * a)); }); }});
    cases.push_back({"pow 0",
                     {{3}},
                     false,
                     [](const auto& v) { return pow(v[0], 0) + v[0]; },
                     [](const Samples<T>& v) { return map(v[0], [](const R& a) { return R(R(1) + a); }); }});
}

template <class T>
void add_array_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    cases.push_back({"sum",
                     {{5}},
                     false,
                     [](const auto& v) { return sum(v[0]); },
                     [](const Samples<T>& v) {
                         R s(0);
                         for (const R& a : v[0]) s += a;
                         return std::vector<R>{s};
                     }});
    cases.push_back({"dot",
                     {{5}, {5}},
                     false,
                     [](const auto& v) { return dot(v[0], v[1]); },
                     [](const Samples<T>& v) {
                         R s(0);
                         for (std::size_t i = 0; i < 5; ++i) s += v[0][i] * v[1][i];
                         return std::vector<R>{s};
                     }});
    cases.push_back({"linear_combination",
                     {{3}, {1}, {3}},
                     false,
                     [](const auto& v) {
                         return linear_combination(std::vector<T>{T(2), T(-3), T(1) / T(4)}, v);
                     },
                     [](const Samples<T>& v) {
                         return zip(zip(v[0], v[1], [](const R& a, const R& b) { return R(a * R(2) - b * R(3)); }), v[2],
                                    [](const R& a, const R& b) { return R(a + b / R(4)); });
                     }});
    cases.push_back({"concat",
                     {{2}, {1}, {3}},
                     false,
                     [](const auto& v) { return concat(v); },
                     [](const Samples<T>& v) {
                         std::vector<R> y;
                         for (const auto& a : v) y.insert(y.end(), a.begin(), a.end());
                         return y;
                     }});
    cases.push_back({"slice",
                     {{5}},
                     false,
                     [](const auto& v) { return v[0].slice(1, 3); },
                     [](const Samples<T>& v) { return std::vector<R>(v[0].begin() + 1, v[0].begin() + 4); }});
    cases.push_back({"elements stacked",
                     {{3}},
                     false,
                     [](const auto& v) {
                         return stack<T>(*v[0].tape(), std::vector<Var<T>>{v[0][2], v[0][0], Var<T>(7)});
                     },
                     [](const Samples<T>& v) {
                         return std::vector<R>{v[0][2], v[0][0], R(7)};
                     }});
    cases.push_back({"broadcast",
                     {{1}},
                     false,
                     [](const auto& v) { return broadcast(v[0], 4); },
                     [](const Samples<T>& v) { return std::vector<R>(4, v[0][0]); }});
}

}  // namespace costate::autodiff::test
