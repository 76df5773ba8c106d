#include "guidance/guide/flow_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

namespace costate::guidance {

namespace {

template <class T>
autodiff::ProgramField<T> program_of(const nn::Network& network) {
    const nn::NetworkDescription& about = network.description;
    if (about.parametrisation == "logits" || about.input_size != about.output_size)
        throw std::invalid_argument(network.file.string() + ": it returns " + about.parametrisation + ", " + std::to_string(about.output_size) +
                                    " values for " + std::to_string(about.input_size) + ", and no flow; give a velocity, epsilon or x1 model");
    return autodiff::ProgramField<T>(nn::program<T>(network, {.frozen_time = true, .frozen_parameters = true}));
}

}  // namespace

template <class T>
FlowModel<T>::FlowModel(const nn::Network& network, AnyPath path)
    : model_(program_of<T>(network)), path_(std::move(path)), given_(find_parametrisation(network.description.parametrisation)) {
    find_ends();
}

template <class T>
FlowModel<T>::FlowModel(GaussianMixture<T> mixture) : model_(std::move(mixture)), path_(std::get<GaussianMixture<T>>(model_).path()) {
    find_ends();
}

template <class T>
FlowModel<T>::FlowModel(EmpiricalData<T> data) : model_(std::move(data)), path_(std::get<EmpiricalData<T>>(model_).path()) {
    find_ends();
}

template <class T>
std::size_t FlowModel<T>::dim() const {
    return std::visit([](const auto& m) { return m.dim(); }, model_);
}

/// Networks by the coefficients of the conversion; exact models are asked at one point.
template <class T>
bool FlowModel<T>::regular_at(double t) const {
    try {
        if (std::holds_alternative<Program>(model_)) {
            const Affine<double> u = conversion(given_, Parametrisation::velocity, path_, t);
            return std::isfinite(u.on_x) && std::isfinite(u.on_n);
        }
        const std::vector<T> x(dim());
        std::vector<T> u(dim());
        auto copy = model_;
        std::visit([&]<class M>(M& m) {
            if constexpr (!std::is_same_v<M, Program>) m(static_cast<T>(t), std::span<const T>(x), std::span<T>(u));
        }, copy);
        return std::all_of(u.begin(), u.end(), [](T v) { return std::isfinite(v); });
    } catch (const std::domain_error&) {
        return false;
    }
}

template <class T>
bool FlowModel<T>::estimates_at(double t) const {
    if (!std::holds_alternative<Program>(model_)) return true;
    try {
        const Affine<double> x1hat = conversion(given_, Parametrisation::x1, path_, t);
        return std::isfinite(x1hat.on_x) && std::isfinite(x1hat.on_n);
    } catch (const std::domain_error&) {
        return false;
    }
}

template <class T>
void FlowModel<T>::find_ends() {
    if (!regular_at(0) || !estimates_at(0)) t0_ = T(0.05);
    if (!regular_at(1)) t1_ = T(0.99);
    const PathPoint<T> p = at<T>(path_, t0_);
    start_scale_ = std::sqrt(p.alpha * p.alpha + p.sigma2);
}

template <class T>
void FlowModel<T>::combine(const Affine<T>& c, std::span<const T> x, std::span<T> n) {
    if (c.on_x == T(0) && c.on_n == T(1)) return;
    for (std::size_t i = 0; i < x.size(); ++i) n[i] = c.on_x * x[i] + c.on_n * n[i];
}

template <class T>
void FlowModel<T>::of_network(Parametrisation wanted, const T& t, std::span<const T> x, std::span<T> out) {
    std::get<Program>(model_)(t, x, out);
    combine(from_network(wanted, t), x, out);
}

template <class T>
void FlowModel<T>::record_network(Parametrisation wanted, const T& t, std::span<const T> x, std::span<T> out, Record& record) {
    const Affine<T> c = from_network(wanted, t);
    std::get<Program>(model_).forward(t, x, out, record.kept);
    record.on_x = c.on_x;
    record.on_n = c.on_n;
    combine(c, x, out);
}

template <class T>
void FlowModel<T>::record_exact(const T& t, std::span<const T> x, Record& record, bool denoised) {
    record.t = t;
    record.x.assign(x.begin(), x.end());
    record.denoised = denoised;
}

template <class T>
void FlowModel<T>::operator()(const T& t, std::span<const T> x, std::span<T> u) {
    called(cost_.evaluations);
    std::visit([&]<class M>(M& m) {
        if constexpr (std::is_same_v<M, Program>) of_network(Parametrisation::velocity, t, x, u);
        else m(t, x, u);
    }, model_);
}

template <class T>
void FlowModel<T>::forward(const T& t, std::span<const T> x, std::span<T> u, Record& record) {
    called(cost_.evaluations);
    std::visit([&]<class M>(M& m) {
        if constexpr (std::is_same_v<M, Program>) return record_network(Parametrisation::velocity, t, x, u, record);
        else {
            m(t, x, u);
            record_exact(t, x, record, false);
        }
    }, model_);
}

template <class T>
void FlowModel<T>::pullback(const Record& record, std::span<const T> lambda, std::span<T> x_bar, std::span<T>, T&) {
    pullback(record, lambda, x_bar);
}

/// Of a network: x̄ += on_x λ + (∂n/∂x)ᵀ on_n λ.
template <class T>
void FlowModel<T>::pullback(const Record& record, std::span<const T> lambda, std::span<T> x_bar) {
    called(cost_.vjps);
    T ignored(0);
    std::visit([&]<class M>(M& m) {
        if constexpr (std::is_same_v<M, Program>) {
            if (record.on_n == T(1)) m.pullback(record.kept, lambda, x_bar, {}, ignored);
            else {
                on_n_.resize(lambda.size());
                for (std::size_t i = 0; i < lambda.size(); ++i) on_n_[i] = record.on_n * lambda[i];
                m.pullback(record.kept, std::span<const T>(on_n_), x_bar, {}, ignored);
            }
            if (record.on_x != T(0))
                for (std::size_t i = 0; i < lambda.size(); ++i) x_bar[i] += record.on_x * lambda[i];
        } else if (record.denoised) {
            m.denoiser_vjp(record.t, std::span<const T>(record.x), lambda, x_bar);
        } else {
            m.vjp(record.t, std::span<const T>(record.x), lambda, x_bar, {}, ignored);
        }
    }, model_);
}

template <class T>
void FlowModel<T>::vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T>, T&) {
    x_bar_.resize(x.size());
    forward(t, x, std::span<T>(x_bar_), scratch_);
    pullback(scratch_, lambda, x_bar);
}

template <class T>
void FlowModel<T>::jvp(const T& t, std::span<const T> x, const T&, std::span<const T> x_dot, std::span<const T>, std::span<T> u, std::span<T> u_dot) {
    called(cost_.jvps);
    std::visit([&]<class M>(M& m) {
        m.jvp(t, x, T(0), x_dot, {}, u, u_dot);
        if constexpr (std::is_same_v<M, Program>) {
            const Affine<T> c = from_network(Parametrisation::velocity, t);
            combine(c, x, u);
            combine(c, x_dot, u_dot);
        }
    }, model_);
}

template <class T>
void FlowModel<T>::denoise(const T& t, std::span<const T> x, std::span<T> x1hat) {
    called(cost_.evaluations);
    std::visit([&]<class M>(M& m) {
        if constexpr (std::is_same_v<M, Program>) of_network(Parametrisation::x1, t, x, x1hat);
        else m.denoiser(t, x, x1hat);
    }, model_);
}

template <class T>
void FlowModel<T>::denoise(const T& t, std::span<const T> x, std::span<T> x1hat, Record& record) {
    called(cost_.evaluations);
    std::visit([&]<class M>(M& m) {
        if constexpr (std::is_same_v<M, Program>) return record_network(Parametrisation::x1, t, x, x1hat, record);
        else {
            m.denoiser(t, x, x1hat);
            record_exact(t, x, record, true);
        }
    }, model_);
}

template <class T>
void FlowModel<T>::noise(const T& t, std::span<const T> x, std::span<T> epsilon) {
    called(cost_.evaluations);
    std::visit([&]<class M>(M& m) {
        if constexpr (std::is_same_v<M, Program>) of_network(Parametrisation::epsilon, t, x, epsilon);
        else m.noise(t, x, epsilon);
    }, model_);
}

template class FlowModel<float>;
template class FlowModel<double>;

}  // namespace costate::guidance
