// Every op as a case; here those of networks, calls and functions.
#pragma once

#include "op_case.hpp"
#include "op_cases_choices.hpp"
#include "op_cases_images.hpp"
#include "op_cases_tokens.hpp"

namespace costate::autodiff::test {

template <class T>
void add_linear_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    for (const Role role : {Role::shared, Role::parameter}) {
        const std::string how = role == Role::shared ? " weight computed" : " weight packed";
        cases.push_back({"linear" + how,
                         {{3}, {6, role}},
                         false,
                         [](const auto& v) { return linear(v[0], v[1]); },
                         [](const Samples<T>& v) { return affine(v[0], v[1], std::vector<R>(2, R(0))); }});
        cases.push_back({"linear bias" + how,
                         {{3}, {6, role}, {2, role}},
                         false,
                         [](const auto& v) { return linear(v[0], v[1], v[2]); },
                         [](const Samples<T>& v) { return affine(v[0], v[1], v[2]); }});
        cases.push_back({"linear plus bias" + how,
                         {{3}, {6, role}, {2, role}},
                         false,
                         [](const auto& v) { return v[2] + linear(v[0], v[1]); },
                         [](const Samples<T>& v) { return affine(v[0], v[1], v[2]); }});
        cases.push_back({"linear twice" + how,
                         {{3}, {9, role}, {3, role}},
                         false,
                         [](const auto& v) { return linear(linear(v[0], v[1], v[2]), v[1], v[2]); },
                         [](const Samples<T>& v) { return affine(affine(v[0], v[1], v[2]), v[1], v[2]); }});
    }
}

/// Fused at freeze: linear, bias and activation.
template <class T>
void add_fused_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    for (const Role role : {Role::shared, Role::parameter}) {
        const std::string how = role == Role::shared ? " weight computed" : " weight packed";
        if constexpr (OrderedScalar<T>) {
            cases.push_back({"linear relu" + how,
                             {{3}, {6, role}, {2, role}},
                             false,
                             [](const auto& v) { return relu(linear(v[0], v[1], v[2])); },
                             [](const Samples<T>& v) {
                                 return map(affine(v[0], v[1], v[2]), [](const R& a) { return a > R(0) ? a : R(0); });
                             }});
        }
        if constexpr (TranscendentalScalar<T>) {
            cases.push_back(
                {"linear tanh" + how,
                 {{3}, {6, role}, {2, role}},
                 false,
                 [](const auto& v) { return tanh(linear(v[0], v[1], v[2])); },
                 [](const Samples<T>& v) { return map(affine(v[0], v[1], v[2]), [](const R& a) { return R(tanh(a)); }); }});
        }
    }
}

/// A program with two outputs, a shared input and a parameter, called twice: (x, t) ↦ (t x ⊙ p, Σ x + t).
template <class T>
std::shared_ptr<const Program<T>> called_program() {
    Tape<T> tape;
    const Var<T> x = tape.input(2, Sharing::per_sample, "x"), t = tape.input(1, Sharing::shared, "t");
    const Var<T> p = tape.parameter(std::vector<T>{T(2), T(3)}, "p");
    tape.output(x * t * p * x);
    tape.output(sum(x) + t * t);
    return std::make_shared<const Program<T>>(freeze(tape));
}

template <class T>
void add_call_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    const auto program = called_program<T>();
    const auto value = [](const std::vector<R>& x, const R& t) {
        return std::vector<R>{R(t * x[0] * x[0] * R(2)), R(t * x[1] * x[1] * R(3)), R(x[0] + x[1] + t * t)};
    };
    cases.push_back({"call",
                     {{2}, {1, Role::shared}},
                     false,
                     [program](const auto& v) { return concat(call(program, v)); },
                     [value](const Samples<T>& v) { return value(v[0], v[1][0]); }});
    cases.push_back({"call of call",
                     {{2}, {1, Role::shared}},
                     false,
                     [program](const auto& v) {
                         return concat(call(program, {call(program, v)[0], v[1]}));
                     },
                     [value](const Samples<T>& v) {
                         const auto y = value(v[0], v[1][0]);
                         return value({y[0], y[1]}, v[1][0]);
                     }});
}

template <class T, class F, class G>
void add_function_case(std::vector<Case<T>>& cases, const std::string& name, bool positive, F record, G value) {
    using R = Reference<T>;
    cases.push_back({name,
                     {{3}},
                     positive,
                     [record](const std::vector<Var<T>>& v) { return record(v[0]); },
                     [value](const Samples<T>& v) { return map(v[0], [value](const R& a) { return R(value(a)); }); }});
}

template <class T>
void add_transcendental_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    const auto one = [&](const std::string& name, bool positive, auto record, auto value) {
        add_function_case(cases, name, positive, record, value);
    };
    one(
        "exp", false, [](const auto& x) { return exp(x); }, [](const R& x) { return exp(x); });
    one(
        "log", true, [](const auto& x) { return log(x); }, [](const R& x) { return log(x); });
    one(
        "sqrt", true, [](const auto& x) { return sqrt(x); }, [](const R& x) { return sqrt(x); });
    one(
        "sin", false, [](const auto& x) { return sin(x); }, [](const R& x) { return sin(x); });
    one(
        "cos", false, [](const auto& x) { return cos(x); }, [](const R& x) { return cos(x); });
    one(
        "tanh", false, [](const auto& x) { return tanh(x); }, [](const R& x) { return tanh(x); });
    one(
        "pow 2.5", true, [](const auto& x) { return pow(x, 2.5); }, [](const R& x) { return x * x * sqrt(x); });
}

template <class T>
void add_activation_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    const auto one = [&](const std::string& name, bool positive, auto record, auto value) {
        add_function_case(cases, name, positive, record, value);
    };
    one(
        "erf", false, [](const auto& x) { return erf(x); }, [](const R& x) { return erf(x); });
    one(
        "sigmoid", false, [](const auto& x) { return sigmoid(x); }, [](const R& x) { return R(1) / (R(1) + exp(-x)); });
    one(
        "silu", false, [](const auto& x) { return silu(x); }, [](const R& x) { return x / (R(1) + exp(-x)); });
    one(
        "gelu", false, [](const auto& x) { return gelu(x); }, [](const R& x) { return x / 2 * (R(1) + erf(x / sqrt(R(2)))); });
    one(
        "softplus", false, [](const auto& x) { return softplus(x); }, [](const R& x) { return log(R(1) + exp(x)); });
}

template <class T>
void add_mixed_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    cases.push_back({"pow by Var",
                     {{3}, {1}},
                     true,
                     [](const auto& v) { return pow(v[0], v[1]); },
                     [](const Samples<T>& v) { return zip(v[0], v[1], [](const R& a, const R& b) { return R(pow(a, b)); }); }});
    cases.push_back({"time_embedding",
                     {{1}, {3}},
                     false,
                     [](const auto& v) { return time_embedding(v[0], v[1]); },
                     [](const Samples<T>& v) {
                         std::vector<R> y = map(v[1], [&](const R& f) { return R(sin(v[0][0] * f)); });
                         for (const R& f : v[1]) y.push_back(cos(v[0][0] * f));
                         return y;
                     }});
}

/// Every op that T supports.
template <class T>
std::vector<Case<T>> all_cases() {
    std::vector<Case<T>> cases;
    add_binary_cases(cases);
    add_unary_cases(cases);
    add_array_cases(cases);
    add_linear_cases(cases);
    add_image_cases(cases);
    add_fused_cases(cases);
    add_call_cases(cases);
    add_window_cases(cases);
    add_matmul_cases(cases);
    if constexpr (OrderedScalar<T>) {
        using R = Reference<T>;
        add_choice_cases(cases);
        add_largest_cases(cases);
        add_lookup_cases(cases);
        cases.push_back({"relu",
                         {{3}},
                         false,
                         [](const auto& v) { return relu(v[0]); },
                         [](const Samples<T>& v) { return map(v[0], [](const R& a) { return a > R(0) ? a : R(0); }); }});
    }
    if constexpr (TranscendentalScalar<T>) {
        add_transcendental_cases(cases);
        add_activation_cases(cases);
        add_normalisation_cases(cases);
        add_mixed_cases(cases);
        add_softmax_cases(cases);
        add_attention_cases(cases);
        add_row_normalisation_cases(cases);
    }
    return cases;
}

}  // namespace costate::autodiff::test
