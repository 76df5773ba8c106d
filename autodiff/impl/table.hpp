// A scalar's table of ops: function pointers, built from the list at compile time. Ops that the scalar lacks have none.
#pragma once

#include "autodiff/ops/list.hpp"
#include "kernels/symbol.hpp"

#include <array>

namespace costate::autodiff::detail {

template <class T>
struct Operation {
    void (*forward)(const Frame<T>&);
    void (*vjp)(const Frame<T>&);
    void (*jvp)(const Frame<T>&);
};

template <class T>
inline constexpr bool is_symbol = false;
template <class T>
inline constexpr bool is_symbol<kernels::Symbol<T>> = true;

template <class T, class Op>
constexpr Operation<T> operation() {
    if constexpr (is_symbol<T> && !Op::traces) return {nullptr, nullptr, nullptr};
    else if constexpr (Op::template supported<T>) return {&Op::template forward<T>, &Op::template vjp<T>, &Op::template jvp<T>};
    else return {nullptr, nullptr, nullptr};
}

template <class T, class... Ops>
constexpr std::array<Operation<T>, sizeof...(Ops)> make_table(ops::TypeList<Ops...>) {
    return {operation<T, Ops>()...};
}

template <class T>
inline constexpr auto table = make_table<T>(ops::List{});

}  // namespace costate::autodiff::detail
