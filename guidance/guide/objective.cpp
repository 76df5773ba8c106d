#include "guidance/guide/objective.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace costate::guidance {

template <class T>
NetworkLoss<T>::NetworkLoss(const nn::Network& network, const Target& target, std::size_t dim, double weight) : target_(target), weight_(weight) {
    const nn::NetworkDescription& about = network.description;
    const std::string name = network.file.string();
    if (about.input_size != dim)
        throw std::invalid_argument(name + ": it reads " + std::to_string(about.input_size) + " values and a sample has " + std::to_string(dim) +
                                    "; give a network for these samples");
    const std::size_t wanted = target.label.value_or(target.output);
    if (wanted >= about.output_size)
        throw std::invalid_argument(name + ": there is no output " + std::to_string(wanted) + " among its " + std::to_string(about.output_size) +
                                    "; count from 0");
    if (target.label && about.output_size == 1)
        throw std::invalid_argument(name + ": it has one output and no classes; give the value that is wanted");
    program_ = std::make_shared<const autodiff::Program<T>>(nn::program<T>(network, {.frozen_time = true, .frozen_parameters = true}));
    out_.resize(about.output_size);
    out_bar_.resize(about.output_size);
}

template <class T>
std::span<const T> NetworkLoss<T>::output(std::span<const T> x) {
    const T t(1);
    const std::array<std::span<const T>, 2> in{std::span<const T>(&t, 1), x};
    const std::array<std::span<T>, 1> out{std::span<T>(out_)};
    program_->forward(in, out, 1, record_, workspace_);
    return out_;
}

/// From f: ℓ, and ∂ℓ/∂f.
template <class T>
T NetworkLoss<T>::of_output(std::span<T> slope) const {
    if (!target_.label) {
        std::fill(slope.begin(), slope.end(), T(0));
        const T miss = out_[target_.output] - static_cast<T>(target_.value);
        slope[target_.output] = miss;
        return miss * miss / T(2);
    }
    const T top = *std::max_element(out_.begin(), out_.end());
    T sum(0);
    for (std::size_t k = 0; k < out_.size(); ++k) sum += slope[k] = std::exp(out_[k] - top);
    for (T& value : slope) value /= sum;
    slope[*target_.label] -= T(1);
    return top + std::log(sum) - out_[*target_.label];
}

template <class T>
T NetworkLoss<T>::operator()(std::span<const T> x, std::span<T> x_bar) {
    output(x);
    const T loss = of_output(out_bar_);
    if (x_bar.empty()) return loss;
    std::fill(x_bar.begin(), x_bar.end(), T(0));
    const std::array<std::span<const T>, 1> out_bar{std::span<const T>(out_bar_)};
    const std::array<std::span<T>, 2> in_bar{std::span<T>{}, x_bar};
    program_->pullback(record_, out_bar, in_bar, {}, workspace_);
    return loss;
}

template <class T>
std::optional<bool> NetworkLoss<T>::hits(std::span<const T> x) {
    if (!target_.label) return std::nullopt;
    const std::span<const T> f = output(x);
    return static_cast<std::size_t>(std::max_element(f.begin(), f.end()) - f.begin()) == *target_.label;
}

template <class T>
Objective<T>::Objective(std::vector<Term> terms) : terms_(std::move(terms)) {
    if (terms_.empty()) throw std::invalid_argument("objective: it has no terms; give a task or a loss");
}

namespace {

template <class T>
T add(const Measurement<T>& term, std::span<const T> x, std::span<T> x_bar, std::vector<T>& residual, std::vector<T>& slope) {
    residual.resize(term.y.size());
    term.H.apply(x, std::span<T>(residual));
    T twice(0);
    for (std::size_t i = 0; i < residual.size(); ++i) {
        residual[i] -= term.y[i];
        twice += residual[i] * residual[i];
    }
    const T weight = static_cast<T>(term.weight);
    if (!x_bar.empty()) {
        slope.resize(x.size());
        term.H.transposed(std::span<const T>(residual), std::span<T>(slope));
        for (std::size_t i = 0; i < x.size(); ++i) x_bar[i] += weight * slope[i];
    }
    return weight * twice / T(2);
}

template <class T>
T add(const Reference<T>& term, std::span<const T> x, std::span<T> x_bar, std::vector<T>&, std::vector<T>&) {
    const T weight = static_cast<T>(term.weight);
    T twice(0);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const T miss = x[i] - term.y[i];
        twice += miss * miss;
        if (!x_bar.empty()) x_bar[i] += weight * miss;
    }
    return weight * twice / T(2);
}

/// `call(x̄)` gives ℓ and assigns x̄ where it is not empty.
template <class T, class Call>
T add_called(double given, std::span<const T> x, std::span<T> x_bar, std::vector<T>& slope, Call&& call) {
    const T weight = static_cast<T>(given);
    if (x_bar.empty()) return weight * call(std::span<T>{});
    slope.resize(x.size());
    const T loss = call(std::span<T>(slope));
    for (std::size_t i = 0; i < x.size(); ++i) x_bar[i] += weight * slope[i];
    return weight * loss;
}

template <class T>
T add(NetworkLoss<T>& term, std::span<const T> x, std::span<T> x_bar, std::vector<T>&, std::vector<T>& slope) {
    return add_called<T>(term.weight(), x, x_bar, slope, [&](std::span<T> out) { return term(x, out); });
}

template <class T>
T add(const OwnLoss<T>& term, std::span<const T> x, std::span<T> x_bar, std::vector<T>&, std::vector<T>& slope) {
    return add_called<T>(term.weight, x, x_bar, slope, [&](std::span<T> out) { return term.f(x, out); });
}

}  // namespace

template <class T>
T Objective<T>::operator()(std::span<const T> x) {
    return gradient(x, {});
}

template <class T>
T Objective<T>::gradient(std::span<const T> x, std::span<T> x_bar) {
    std::fill(x_bar.begin(), x_bar.end(), T(0));
    T sum(0);
    for (Term& term : terms_) sum += std::visit([&](auto& t) { return add<T>(t, x, x_bar, residual_, slope_); }, term);
    return sum;
}

template <class T>
const Measurement<T>* Objective<T>::measurement() const {
    return terms_.size() == 1 ? std::get_if<Measurement<T>>(&terms_.front()) : nullptr;
}

template <class T>
const Measurement<T>* Objective<T>::any_measurement() const {
    for (const Term& term : terms_)
        if (const auto* found = std::get_if<Measurement<T>>(&term)) return found;
    return nullptr;
}

template <class T>
std::optional<bool> Objective<T>::class_ok(std::span<const T> x) {
    std::optional<bool> all;
    for (Term& term : terms_)
        if (auto* network = std::get_if<NetworkLoss<T>>(&term))
            if (const auto hit = network->hits(x)) all = all.value_or(true) && *hit;
    return all;
}

template class NetworkLoss<float>;
template class NetworkLoss<double>;
template class Objective<float>;
template class Objective<double>;

}  // namespace costate::guidance
