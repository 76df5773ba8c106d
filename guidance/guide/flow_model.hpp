// A flow or diffusion model as guidance sees it: u, x̂₁ and ε̂ at (t, x), whatever the model itself returns.
#pragma once

#include "autodiff/program_field.hpp"
#include "guidance/models/empirical.hpp"
#include "guidance/models/gaussian_mixture.hpp"
#include "guidance/paths/conversions.hpp"
#include "nn/network.hpp"
#include "ode/gradient/result.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace costate::guidance {

/// u = a x + b n,  x̂₁ = a' x + b' n,  ε̂ = a'' x + b'' n of a network n that returns one of the three (guidance/paths/conversions.hpp), or the regular
/// forms of an exact model. A RecordingField: its value is u. States are batch-major; derivatives are in x alone, the weights are frozen.
/// It owns scratch: one a thread; copies share the network's program. Every call counts in cost().
/// Functions throw std::domain_error with a sentence where the path does not determine what is asked for.
template <class T>
class FlowModel {
public:
    /// What forward and denoise keep for their pullbacks.
    struct Record {
        autodiff::Record<T> kept{};
        T on_x{}, on_n{};             // of a network: what was formed is on_x x + on_n n
        T t{};
        std::vector<T> x{};           // of an exact model: where
        bool denoised = false;
        [[nodiscard]] std::size_t bytes() const { return kept.bytes() + x.capacity() * sizeof(T); }
    };

    /// n(t, x) on that path. Throws std::invalid_argument unless the network returns velocity, epsilon or x1 of the size of x.
    FlowModel(const nn::Network& network, AnyPath path);
    explicit FlowModel(GaussianMixture<T> mixture);
    explicit FlowModel(EmpiricalData<T> data);

    [[nodiscard]] const AnyPath& path() const { return path_; }
    /// The widest of [0, 1], [0.05, 1], [0, 0.99], [0.05, 0.99] on which u is regular, and at whose start x̂₁ is determined (by a velocity it is not
    /// where α' = σ' = 0: at 0 on polynomial and edm).
    [[nodiscard]] T t0() const { return t0_; }
    [[nodiscard]] T t1() const { return t1_; }
    /// t₁ < 1: a sample ends with x̂₁(t₁, x), which is Euler's last step in x/α over σ/α.
    [[nodiscard]] bool ends_with_estimate() const { return t1_ < T(1); }
    /// x(t₀) = start_scale() z, z ~ N(0, I): √(α² + σ²) at t₀, exact where α = 0.
    [[nodiscard]] T start_scale() const { return start_scale_; }

    [[nodiscard]] std::size_t dim() const;
    [[nodiscard]] std::size_t parameter_count() const { return 0; }
    [[nodiscard]] Record make_record() const { return {}; }

    /// u = u_t(x)
    void operator()(const T& t, std::span<const T> x, std::span<T> u);
    void forward(const T& t, std::span<const T> x, std::span<T> u, Record& record);
    /// x̄ += (∂u/∂x)ᵀλ, or (∂x̂₁/∂x)ᵀλ after denoise. θ̄ and t̄ are not touched.
    void pullback(const Record& record, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T& t_bar);
    void pullback(const Record& record, std::span<const T> lambda, std::span<T> x_bar);
    void vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T& t_bar);
    /// u and ∂u/∂x ẋ; ṫ has to be 0.
    void jvp(const T& t, std::span<const T> x, const T& t_dot, std::span<const T> x_dot, std::span<const T> theta_dot, std::span<T> u, std::span<T> u_dot);

    /// x̂₁(t, x), without and with a record.
    void denoise(const T& t, std::span<const T> x, std::span<T> x1hat);
    void denoise(const T& t, std::span<const T> x, std::span<T> x1hat, Record& record);
    /// ε̂(t, x)
    void noise(const T& t, std::span<const T> x, std::span<T> epsilon);

    /// `ask` is called before every call of the model and may throw to end what calls it: a solve is left between two stages. Empty: nobody asks.
    void watch(std::function<void()> ask) { ask_ = std::move(ask); }

    /// Calls since reset_cost(); peak_bytes is left to who keeps records.
    [[nodiscard]] const ode::Cost& cost() const { return cost_; }
    void reset_cost() { cost_ = {}; }

private:
    using Program = autodiff::ProgramField<T>;
    void called(std::size_t& counter) {
        if (ask_) ask_();
        ++counter;
    }
    void find_ends();
    [[nodiscard]] bool regular_at(double t) const;
    [[nodiscard]] bool estimates_at(double t) const;
    [[nodiscard]] Affine<T> from_network(Parametrisation wanted, const T& t) const { return conversion(given_, wanted, path_, t); }
    void of_network(Parametrisation wanted, const T& t, std::span<const T> x, std::span<T> out);
    void record_network(Parametrisation wanted, const T& t, std::span<const T> x, std::span<T> out, Record& record);
    void record_exact(const T& t, std::span<const T> x, Record& record, bool denoised);
    static void combine(const Affine<T>& c, std::span<const T> x, std::span<T> n);

    std::variant<Program, GaussianMixture<T>, EmpiricalData<T>> model_;
    AnyPath path_;
    Parametrisation given_ = Parametrisation::velocity;
    T t0_ = T(0), t1_ = T(1), start_scale_ = T(1);
    Record scratch_{};
    std::vector<T> on_n_{}, x_bar_{};
    std::function<void()> ask_{};
    ode::Cost cost_{};
};

extern template class FlowModel<float>;
extern template class FlowModel<double>;

}  // namespace costate::guidance
