#include "nn/layers/list.hpp"

namespace costate::nn {

namespace {

template <class Op>
constexpr LayerKind kind_of() {
    return {Op::name, Op::meaning, Op::least_inputs, Op::most_inputs, Op::roles, Op::options, &Op::size};
}

template <class... Op>
constexpr std::array<LayerKind, sizeof...(Op)> kinds_of(std::tuple<Op...>*) {
    return {kind_of<Op>()...};
}

constexpr auto kinds = kinds_of(static_cast<layers::List*>(nullptr));

}  // namespace

std::span<const LayerKind> layer_kinds() {
    return kinds;
}

}  // namespace costate::nn
