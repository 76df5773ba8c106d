// Functions of Var<T> that choose: the larger, the nearest, one or the other. They need an order (equal and where do not), and their
// derivatives jump: Program::smooth is false with one of them. Not included by var.hpp.
#pragma once

#include "autodiff/var.hpp"

#include <optional>
#include <type_traits>

namespace costate::autodiff {

/// max(a, b), broadcasting; NaN where one is. Where a = b each has half of the derivative.
template <class T>
Var<T> maximum(const Var<T>& a, const Var<T>& b) {
    return detail::binary<ops::Maximum>(a, b);
}
/// min(a, b), as maximum.
template <class T>
Var<T> minimum(const Var<T>& a, const Var<T>& b) {
    return detail::binary<ops::Minimum>(a, b);
}

/// min(max(x, low), high), a bound that is std::nullopt left out; where low > high it is high. The derivative at the bounds is 0.
template <class T>
Var<T> clamp(const Var<T>& x, const std::optional<std::type_identity_t<T>>& low, const std::optional<std::type_identity_t<T>>& high) {
    require_ordered<T>();
    Var<T> y = x;
    if (x.is_constant()) {
        if (low && x.constant() < *low) y = Var<T>(*low);
        if (high && *high < y.constant()) y = Var<T>(*high);
        return y;
    }
    if (!low && !high) return x;
    const std::array<T, 2> bounds{low.value_or(T(0)), high.value_or(T(0))};
    const std::uint32_t there = (low ? 1u : 0u) + (high ? 2u : 0u);
    return detail::record<ops::Clamp, T>(*x.tape(), std::array<Var<T>, 1>{x}, x.size(), x.tape()->keep(bounds), there);
}

/// 1 where a < b, else 0, broadcasting; the derivative is 0. (The operators on Var decide at record time instead.)
template <class T>
Var<T> less(const Var<T>& a, const Var<T>& b) {
    return detail::binary<ops::Less>(a, b);
}
/// 1 where a ≤ b, else 0, as less.
template <class T>
Var<T> less_equal(const Var<T>& a, const Var<T>& b) {
    return detail::binary<ops::LessEqual>(a, b);
}
/// 1 where a = b, else 0, as less; in every scalar.
template <class T>
Var<T> equal(const Var<T>& a, const Var<T>& b) {
    return detail::binary<ops::Equal>(a, b);
}

/// a where c ≠ 0, else b; sizes agree or are 1. Only a and b have a derivative. In every scalar.
/// Throws std::invalid_argument for sizes that do not go together.
template <class T>
Var<T> where(const Var<T>& c, const std::type_identity_t<Var<T>>& a, const std::type_identity_t<Var<T>>& b) {
    if (c.is_constant() && a.size() == 1 && b.size() == 1) return c.constant() == T(0) ? b : a;
    const std::array<Var<T>, 3> arguments{c, a, b};
    std::size_t size = 1;
    for (const Var<T>& v : arguments) {
        if (size != 1 && v.size() != 1 && v.size() != size)
            throw std::invalid_argument("where: arrays of " + std::to_string(c.size()) + ", " + std::to_string(a.size()) + " and " + std::to_string(b.size()) +
                                        " values do not go together; pass equal sizes or scalars");
        size = std::max(size, v.size());
    }
    return detail::record<ops::Where, T>(detail::tape_of<T>("where", arguments), arguments, size);
}

/// ⌊x⌋; the derivative is 0, at the jumps too.
template <class T>
Var<T> floor(const Var<T>& x) {
    return detail::unary<ops::Floor>(x);
}
/// ⌈x⌉; the derivative is 0.
template <class T>
Var<T> ceil(const Var<T>& x) {
    return detail::unary<ops::Ceil>(x);
}
/// The integer nearest to x, of two the even one; the derivative is 0.
template <class T>
Var<T> round(const Var<T>& x) {
    return detail::unary<ops::Round>(x);
}
/// -1, 0 or 1; the derivative is 0.
template <class T>
Var<T> sign(const Var<T>& x) {
    return detail::unary<ops::Sign>(x);
}
/// |x|; the derivative at 0 is 0.
template <class T>
Var<T> abs(const Var<T>& x) {
    return detail::unary<ops::Abs>(x);
}

}  // namespace costate::autodiff
