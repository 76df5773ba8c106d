// The layers of a network on a tape: the bodies of nn/network.hpp, for scalars that nn/record.cpp does not compile (with
// autodiff/instances/implementation.hpp beside it).
#pragma once

#include "nn/layers/list.hpp"
#include "nn/network.hpp"

#include <array>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace costate::nn {

namespace detail {

using autodiff::Tape;
using autodiff::Var;

template <class T>
using Recorder = Var<T> (*)(std::span<const Var<T>>, const Tensors<T>&, const Layer&);

template <class T, class... Op>
constexpr std::array<std::pair<std::string_view, Recorder<T>>, sizeof...(Op)> recorders_of(std::tuple<Op...>*) {
    return {{{Op::name, &Op::template record<T>}...}};
}

/// The op's recorder; the description has been checked, so it exists.
template <class T>
Recorder<T> recorder(std::string_view op) {
    static constexpr auto recorders = recorders_of<T>(static_cast<layers::List*>(nullptr));
    for (const auto& [name, function] : recorders)
        if (name == op) return function;
    throw std::invalid_argument("layer " + std::string(op) + " cannot be recorded; load the network from its file");
}

template <class T>
std::vector<T> converted(const Array& values) {
    std::vector<T> result;
    result.reserve(values.size());
    for (const double value : values) result.push_back(in_scalar<T>(value));
    return result;
}

/// All tensors as parameters and constants of the tape, parameters in the order of θ.
template <class T>
std::unordered_map<std::string, Var<T>> record_tensors(const Network& network, Tape<T>& tape) {
    std::unordered_map<std::string, Var<T>> tensors;
    const auto shape = [](const Weight& w) { return autodiff::Shape(w.values.shape().begin(), w.values.shape().end()); };
    for (const Weight& w : network.parameters) tensors.emplace(w.name, tape.parameter(converted<T>(w.values), shape(w), w.name));
    for (const Weight& w : network.constants) tensors.try_emplace(w.name, tape.constant(converted<T>(w.values), shape(w)));
    return tensors;
}

template <class T>
Tensors<T> tensors_of(const Layer& layer, const std::unordered_map<std::string, Var<T>>& all) {
    Tensors<T> tensors;
    for (const TensorRole& role : find_layer_kind(layer.op)->roles)
        if (const auto named = layer.texts.find(role.name); named != layer.texts.end())
            tensors.emplace(role.name, all.at(named->second));
    return tensors;
}

}  // namespace detail

template <class T>
std::unordered_map<std::string, autodiff::Var<T>> record_values(const Network& network, autodiff::Tape<T>& tape, std::unordered_map<std::string, autodiff::Var<T>> values) {
    const auto tensors = detail::record_tensors(network, tape);
    for (const Layer& layer : network.description.layers) {
        std::vector<autodiff::Var<T>> in;
        for (const std::string& name : layer.in) in.push_back(values.at(name));
        values.emplace(layer.out, detail::recorder<T>(layer.op)(in, detail::tensors_of(layer, tensors), layer));
    }
    return values;
}

template <class T>
autodiff::Var<T> record(const Network& network, autodiff::Tape<T>& tape, const autodiff::Var<T>& t, const autodiff::Var<T>& x) {
    if (t.size() != 1 || x.size() != network.description.input_size)
        throw std::invalid_argument("record: t has " + std::to_string(t.size()) + " values and x " + std::to_string(x.size()) +
                                    "; this network takes 1 and " + std::to_string(network.description.input_size));
    return record_values<T>(network, tape, {{"x", x}, {"t", t}}).at(network.description.layers.back().out);
}

template <class T>
autodiff::Program<T> program(const Network& network, const ProgramOptions& options) {
    autodiff::Tape<T> tape;
    const autodiff::Var<T> t = tape.input(1, options.time, "t");
    const autodiff::Var<T> x = tape.input(network.description.input_size, autodiff::Sharing::per_sample, "x");
    tape.output(record(network, tape, t, x), "u");
    autodiff::FreezeOptions freezing;
    if (options.frozen_time) freezing.frozen_inputs = {"t"};
    freezing.freeze_all_parameters = options.frozen_parameters;
    freezing.row_threads = options.row_threads;
    return autodiff::freeze(tape, freezing);
}

template <class T>
autodiff::ProgramField<T> field(const Network& network, const ProgramOptions& options) {
    if (network.description.parametrisation != "velocity")
        throw NetworkError(network.file,
                           "the network gives " + network.description.parametrisation +
                               " and this version integrates velocities only; use a network whose parametrisation is velocity");
    ProgramOptions common = options;
    common.time = autodiff::Sharing::shared;
    return autodiff::ProgramField<T>(program<T>(network, common));
}

template <class T>
std::vector<T> parameter_values(const Network& network) {
    std::vector<T> theta;
    theta.reserve(network.parameter_count());
    for (const Weight& w : network.parameters)
        for (const double value : w.values) theta.push_back(in_scalar<T>(value));
    return theta;
}

}  // namespace costate::nn
