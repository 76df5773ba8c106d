// ẋ_b = f(t_b, x_b; θ) as a Program whose time is an input of each sample: for solves in which every sample steps by itself.
#pragma once

#include "autodiff/program.hpp"
#include "autodiff/var.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <numeric>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace costate::autodiff {

/// A field from a program with inputs (t: per sample, 1 value; x: per sample, n values) and one output of n values, as nn::program records it
/// with ProgramOptions::time per_sample, or record_sample_time_field. It also serves where all samples share t.
/// Owns its scratch: one a thread; copies share the program. Allocates nothing once warm for a batch.
/// Sizes that do not fit throw std::invalid_argument.
template <class T>
class SampleTimeProgramField {
public:
    /// Throws std::invalid_argument when the program has other inputs or outputs.
    explicit SampleTimeProgramField(std::shared_ptr<const Program<T>> program) : program_(std::move(program)) {
        const auto &in = program_->inputs(), &out = program_->outputs();
        const auto own = [&](std::size_t i) { return in[i].sharing == Sharing::per_sample; };
        if (in.size() != 2 || !own(0) || in[0].size != 1 || !own(1) || out.size() != 1 || out[0].size != in[1].size)
            throw std::invalid_argument(
                "SampleTimeProgramField: its program reads (t, x), both per sample, t with 1 value, and writes as many values as x has; record it so");
    }
    explicit SampleTimeProgramField(Program<T> program) : SampleTimeProgramField(std::make_shared<const Program<T>>(std::move(program))) {}

    [[nodiscard]] std::size_t dim() const { return program_->inputs()[1].size; }
    [[nodiscard]] std::size_t parameter_count() const { return program_->parameter_count(); }
    [[nodiscard]] const Program<T>& program() const { return *program_; }

    /// dx_b = f(t_b, x_b).
    void at_times(std::span<const T> t, std::span<const T> x, std::span<T> dx) {
        program_->forward(std::array{t, x}, std::array{dx}, rows(t.size(), x.size()), workspace_);
    }
    /// dx = f(t, x).
    void operator()(const T& t, std::span<const T> x, std::span<T> dx) { at_times(everywhere(t, x.size()), x, dx); }

    /// x̄_b += λ_bᵀ∂f/∂x, θ̄ += Σ_b λ_bᵀ∂f/∂θ, t̄_b += λ_bᵀ∂f/∂t.
    void vjp_at_times(std::span<const T> t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar,
                      std::span<T> t_bar) {
        discarded_.resize(x.size());
        program_->forward(std::array{t, x}, std::array{std::span<T>(discarded_)}, rows(t.size(), x.size()), record_, workspace_);
        program_->pullback(record_, std::array{lambda}, std::array{wanted(0, t_bar), wanted(1, x_bar)}, theta_bar, workspace_);
    }
    /// x̄ += λᵀ∂f/∂x, θ̄ += λᵀ∂f/∂θ, t̄ += λᵀ∂f/∂t.
    void vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T& t_bar) {
        t_bars_.assign(x.size() / dim(), T(0));
        vjp_at_times(everywhere(t, x.size()), x, lambda, x_bar, theta_bar, t_bars_);
        t_bar = std::accumulate(t_bars_.begin(), t_bars_.end(), t_bar);
    }

    /// dx = f(t, x), dẋ = ∂f/∂x ẋ + ∂f/∂t ṫ + ∂f/∂θ θ̇.
    void jvp(const T& t, std::span<const T> x, const T& t_dot, std::span<const T> x_dot, std::span<const T> theta_dot, std::span<T> dx,
             std::span<T> dx_dot) {
        t_bars_.assign(x.size() / dim(), t_dot);
        const auto given = [this](std::size_t i, std::span<const T> dot) { return program_->differentiates(i) ? dot : std::span<const T>{}; };
        program_->pushforward(std::array{everywhere(t, x.size()), x}, std::array{given(0, t_bars_), given(1, x_dot)}, theta_dot, std::array{dx},
                              std::array{dx_dot}, rows(times_.size(), x.size()), workspace_);
    }

private:
    std::span<const T> everywhere(const T& t, std::size_t size) {
        times_.assign(size / dim(), t);
        return times_;
    }
    std::span<T> wanted(std::size_t i, std::span<T> bar) const { return program_->differentiates(i) ? bar : std::span<T>{}; }
    [[nodiscard]] std::size_t rows(std::size_t times, std::size_t size) const {
        if (times == 0 || size != times * dim())
            throw std::invalid_argument("SampleTimeProgramField: there are " + std::to_string(times) + " times and " + std::to_string(size) +
                                        " values of x; pass a time and a row of " + std::to_string(dim()) + " values for each sample");
        return times;
    }

    std::shared_ptr<const Program<T>> program_;
    Workspace<T> workspace_;
    Record<T> record_;
    std::vector<T> discarded_, times_, t_bars_;
};

/// Records scalar field code f(t, x, p, dx) as record_field does, with a time for each sample.
template <class T, class F>
Program<T> record_sample_time_field(std::size_t dim, std::span<const T> parameters, F&& f, const FreezeOptions& options = {}) {
    Tape<T> tape;
    const Var<T> t = tape.input(1, Sharing::per_sample, "t");
    const std::vector<Var<T>> x = elements(tape.input(dim, Sharing::per_sample, "x"));
    std::vector<Var<T>> p;
    if (!parameters.empty()) p = elements(tape.parameter(parameters, "theta"));
    std::vector<Var<T>> dx(dim);
    f(t, std::span<const Var<T>>{x}, std::span<const Var<T>>{p}, std::span<Var<T>>{dx});
    tape.output(stack(tape, std::span<const Var<T>>{dx}), "dx");
    return freeze(tape, options);
}

}  // namespace costate::autodiff
