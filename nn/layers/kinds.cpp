#include "nn/layers/list.hpp"

namespace costate::nn {

namespace {

template <class Op>
std::span<const NumberRole> numbers_of() {
    if constexpr (requires { Op::numbers; }) return Op::numbers;
    else return {};
}

template <class Op>
std::span<const ListRole> lists_of() {
    if constexpr (requires { Op::lists; }) return Op::lists;
    else return {};
}

template <class Op>
double work_of(const Layer& layer) {
    if constexpr (requires { Op::work(layer); }) return Op::work(layer);
    else return 1;
}

template <class Op>
LayerKind kind_of() {
    return {Op::name, Op::meaning, Op::least_inputs, Op::most_inputs, Op::roles, Op::options, numbers_of<Op>(), lists_of<Op>(), &Op::shape, &work_of<Op>};
}

template <class... Op>
std::array<LayerKind, sizeof...(Op)> kinds_of(std::tuple<Op...>*) {
    return {kind_of<Op>()...};
}

const auto kinds = kinds_of(static_cast<layers::List*>(nullptr));

}  // namespace

std::span<const LayerKind> layer_kinds() {
    return kinds;
}

}  // namespace costate::nn
