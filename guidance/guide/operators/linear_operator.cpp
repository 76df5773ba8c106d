#include "guidance/guide/operators/linear_operator.hpp"

#include <cmath>
#include <stdexcept>
#include <utility>

namespace costate::guidance {

namespace {

template <class T, class... Kind>
constexpr bool all_are_kinds(const std::variant<Kind...>*) {
    return (OperatorKind<Kind, T> && ...);
}
static_assert(all_are_kinds<float>(static_cast<AnyOperator<float>*>(nullptr)));
static_assert(all_are_kinds<double>(static_cast<AnyOperator<double>*>(nullptr)));

void check(const std::string& task, std::size_t in, std::size_t in_wanted, std::size_t out, std::size_t out_wanted) {
    if (in != in_wanted || out != out_wanted)
        throw std::invalid_argument("task '" + task + "': " + std::to_string(in) + " values go in and " + std::to_string(out) +
                                    " come out where the operator has " + std::to_string(in_wanted) + " and " + std::to_string(out_wanted) +
                                    "; give one sample of that size");
}

}  // namespace

template <class T>
LinearOperator<T>::LinearOperator(std::string name, AnyOperator<T> kind) : name_(std::move(name)), kind_(std::move(kind)) {}

template <class T>
std::size_t LinearOperator<T>::rows() const {
    return std::visit([](const auto& H) { return H.rows(); }, kind_);
}

template <class T>
std::size_t LinearOperator<T>::columns() const {
    return std::visit([](const auto& H) { return H.columns(); }, kind_);
}

template <class T>
std::optional<ImageShape> LinearOperator<T>::measurement_shape() const {
    return std::visit([](const auto& H) { return H.measurement_shape(); }, kind_);
}

template <class T>
void LinearOperator<T>::apply(std::span<const T> x, std::span<T> y) const {
    check(name_, x.size(), columns(), y.size(), rows());
    std::visit([&](const auto& H) { H.apply(x, y); }, kind_);
}

template <class T>
void LinearOperator<T>::transposed(std::span<const T> y, std::span<T> x) const {
    check(name_, y.size(), rows(), x.size(), columns());
    std::visit([&](const auto& H) { H.transposed(y, x); }, kind_);
}

template <class T>
void LinearOperator<T>::pseudo_inverse(std::span<const T> y, std::span<T> x) const {
    check(name_, y.size(), rows(), x.size(), columns());
    std::visit([&](const auto& H) { H.pseudo_inverse(y, x); }, kind_);
}

template <class T>
void LinearOperator<T>::solve(double s2, double v2, std::span<const T> r, std::span<T> out) const {
    check(name_, r.size(), rows(), out.size(), rows());
    if (!(s2 >= 0) || !(v2 >= 0) || !std::isfinite(s2) || !std::isfinite(v2))
        throw std::invalid_argument("task '" + name_ + "': " + std::to_string(s2) + " HH^T + " + std::to_string(v2) +
                                    " I is not inverted; give two squares, finite and not negative");
    std::visit([&](const auto& H) { H.solve(s2, v2, r, out); }, kind_);
}

template class LinearOperator<float>;
template class LinearOperator<double>;

}  // namespace costate::guidance
