// Recording.
#pragma once

#include "autodiff/impl/replay.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/var.hpp"

#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

namespace costate::autodiff {

namespace detail {

inline std::size_t product(const Shape& shape) {
    std::size_t p = 1;
    for (const std::size_t n : shape) p *= n;
    return p;
}

inline void check_values(const std::string& what, std::size_t count, const Shape& shape) {
    if (count == 0) throw std::invalid_argument(what + " has no values; pass at least one");
    if (!shape.empty() && product(shape) != count) {
        throw std::invalid_argument(what + " has " + std::to_string(count) + " values for a shape of " +
                                    std::to_string(product(shape)) + "; make them agree");
    }
}

inline void check_new_name(const std::string& what, const std::vector<Leaf>& leaves, const std::string& name) {
    for (const Leaf& leaf : leaves) {
        if (leaf.name == name)
            throw std::invalid_argument(what + " '" + name + "' exists on this tape already; choose another name");
    }
}

}  // namespace detail

template <class T>
NodeId Tape<T>::append(detail::Node node) {
    graph_.nodes.push_back(node);
    return static_cast<NodeId>(graph_.nodes.size() - 1);
}

template <class T>
Var<T> Tape<T>::input(std::size_t size, Sharing sharing, std::string name, std::span<const T> example) {
    detail::check_values("input '" + name + "'", size, {});
    detail::check_new_name("input", graph_.inputs, name);
    if (graph_.inputs.size() >= detail::most_ports)
        throw std::invalid_argument("input '" + name + "' is one more than the " + std::to_string(detail::most_ports) +
                                    " that a tape can have; pass many values as one array");
    if (!example.empty() && example.size() != size) {
        throw std::invalid_argument("input '" + name + "' has " + std::to_string(size) + " values a sample but its example has " +
                                    std::to_string(example.size()) + "; pass one sample");
    }
    const NodeId id = append({detail::Kind::input, sharing, 0, static_cast<std::uint32_t>(size), 0, 0, graph_.inputs.size(), 0});
    graph_.inputs.push_back({std::move(name), id, size, sharing, graph_.examples.size(), !example.empty(), nullptr});
    graph_.examples.insert(graph_.examples.end(), example.begin(), example.end());
    return {this, id, size};
}

template <class T>
Var<T> Tape<T>::parameter(std::span<const T> values, Shape shape, std::string name) {
    detail::check_values("parameter '" + name + "'", values.size(), shape);
    detail::check_new_name("parameter", graph_.parameters, name);
    const auto size = static_cast<std::uint32_t>(values.size());
    const NodeId id = append({detail::Kind::parameter, Sharing::shared, 0, size, 0, 0, graph_.parameters.size(),
                              static_cast<std::uint32_t>(graph_.shapes.size())});
    graph_.shapes.push_back(std::move(shape));
    graph_.parameters.push_back({std::move(name), id, size, Sharing::shared, graph_.parameter_values.size(), true, nullptr});
    graph_.parameter_values.insert(graph_.parameter_values.end(), values.begin(), values.end());
    return {this, id, size};
}

template <class T>
Var<T> Tape<T>::parameter(std::span<const T> values, std::string name) {
    return parameter(values, {}, std::move(name));
}

template <class T>
Var<T> Tape<T>::constant(std::span<const T> values, Shape shape) {
    detail::check_values("constant", values.size(), shape);
    const auto size = static_cast<std::uint32_t>(values.size());
    const NodeId id = append(
        {detail::Kind::constant, Sharing::shared, 0, size, 0, 0, keep(values), static_cast<std::uint32_t>(graph_.shapes.size())});
    graph_.shapes.push_back(std::move(shape));
    return {this, id, size};
}

template <class T>
Var<T> Tape<T>::constant(const T& value) {
    return constant(std::span<const T>{&value, 1});
}

template <class T>
std::uint64_t Tape<T>::keep(std::span<const T> coefficients) {
    const std::uint64_t begin = graph_.coefficients.size();
    graph_.coefficients.insert(graph_.coefficients.end(), coefficients.begin(), coefficients.end());
    return begin;
}

template <class T>
std::uint32_t Tape<T>::keep_words(std::span<const std::uint32_t> words) {
    const std::size_t begin = graph_.words.size();
    if (begin + words.size() > std::numeric_limits<std::uint32_t>::max())
        throw std::length_error("the ops of a tape carry more than 2^32 indices; record it in parts and call() them");
    graph_.words.insert(graph_.words.end(), words.begin(), words.end());
    return static_cast<std::uint32_t>(begin);
}

template <class T>
NodeId Tape<T>::lift(const Var<T>& value) {
    if (value.is_constant()) return constant(value.constant()).id();
    if (value.tape() != this) throw std::invalid_argument("a value of another tape cannot be used here; record both on one tape");
    return value.id();
}

template <class T>
Var<T> Tape<T>::record(std::uint16_t op, std::span<const Var<T>> arguments, std::size_t size, std::uint64_t number,
                       std::uint32_t extra, std::uint32_t words) {
    std::vector<NodeId> ids;
    Sharing sharing = Sharing::shared;
    for (const Var<T>& argument : arguments) {
        ids.push_back(lift(argument));
        if (graph_.nodes[ids.back()].sharing == Sharing::per_sample) sharing = Sharing::per_sample;
    }
    if (op == ops::index_of<ops::Expand>) sharing = Sharing::per_sample;
    const auto first = static_cast<std::uint32_t>(graph_.arguments.size());
    graph_.arguments.insert(graph_.arguments.end(), ids.begin(), ids.end());
    const NodeId id = append({detail::Kind::operation, sharing, op, static_cast<std::uint32_t>(size), first,
                              static_cast<std::uint32_t>(ids.size()), number, extra, words});
    return {this, id, size};
}

template <class T>
std::size_t Tape<T>::output(const Var<T>& value, std::string name) {
    NodeId id = lift(value);
    const detail::Node node = graph_.nodes[id];
    const bool taken = std::find(graph_.outputs.begin(), graph_.outputs.end(), id) != graph_.outputs.end();
    if (taken || node.kind != detail::Kind::operation || node.sharing == Sharing::shared) {
        const Var<T> own(this, id, node.size);
        id = record(ops::index_of<ops::Expand>, {&own, 1}, node.size).id();
    }
    graph_.outputs.push_back(id);
    if (name.empty()) name.append("y").append(std::to_string(graph_.outputs.size() - 1));
    graph_.output_names.push_back(std::move(name));
    return graph_.outputs.size() - 1;
}

template <class T>
std::uint32_t Tape<T>::keep(const std::shared_ptr<const Program<T>>& program, std::vector<Var<T>>& arguments) {
    const auto& ports = program->inputs();
    if (arguments.size() != ports.size()) {
        throw std::invalid_argument("call: " + std::to_string(arguments.size()) + " values for a program of " +
                                    std::to_string(ports.size()) + " inputs; pass one each");
    }
    bool any_per_sample = false;
    for (std::size_t i = 0; i < ports.size(); ++i) {
        arguments[i] = Var<T>(this, lift(arguments[i]), arguments[i].size());
        const bool per_sample = graph_.nodes[arguments[i].id()].sharing == Sharing::per_sample;
        any_per_sample = any_per_sample || per_sample;
        if (arguments[i].size() != ports[i].size || (per_sample && ports[i].sharing == Sharing::shared)) {
            throw std::invalid_argument("call: the value for input '" + ports[i].name + "' has " +
                                        std::to_string(arguments[i].size()) + (per_sample ? " values per sample" : " values") +
                                        "; the program wants " + std::to_string(ports[i].size) +
                                        (ports[i].sharing == Sharing::shared ? ", shared" : ""));
        }
    }
    for (std::size_t i = 0; any_per_sample && i < ports.size(); ++i) {
        const bool per_sample = graph_.nodes[arguments[i].id()].sharing == Sharing::per_sample;
        if (ports[i].sharing == Sharing::per_sample && !per_sample)
            arguments[i] = record(ops::index_of<ops::Expand>, {&arguments[i], 1}, arguments[i].size());
    }
    auto known = std::find(graph_.programs.begin(), graph_.programs.end(), program);
    if (known == graph_.programs.end()) known = graph_.programs.insert(known, program);
    const auto position = static_cast<std::uint32_t>(known - graph_.programs.begin());
    if (program->parameter_count() > 0) arguments.push_back(parameters_of(program, position));
    return position;
}

template <class T>
Var<T> Tape<T>::parameters_of(const std::shared_ptr<const Program<T>>& program, std::uint32_t position) {
    for (const detail::Leaf& leaf : graph_.parameters) {
        if (leaf.belongs_to == program) return {this, leaf.node, leaf.size};
    }
    const Var<T> theta = parameter(program->parameters(), "program" + std::to_string(position));
    graph_.parameters.back().belongs_to = program;
    return theta;
}

template <class T>
std::vector<T> Tape<T>::values(NodeId id) {
    evaluate(id);
    const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(value_offsets_[id]);
    return {begin, begin + graph_.nodes[id].size};
}

}  // namespace costate::autodiff
