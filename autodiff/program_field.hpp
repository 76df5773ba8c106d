// ẋ = f(t, x; θ) as a Program: a field whose vjp and jvp are replays.
#pragma once

#include "autodiff/program.hpp"
#include "autodiff/symbolic_field.hpp"
#include "autodiff/var.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace costate::autodiff {

/// A field from a program with inputs (t: shared, 1 value; x: per sample, n values) and one output of n values.
/// Owns its scratch: one a thread; copies share the program. Allocates nothing once warm for a batch.
/// Sizes that do not fit throw std::invalid_argument.
template <class T>
class ProgramField {
public:
    using Record = autodiff::Record<T>;

    /// Throws std::invalid_argument when the program has other inputs or outputs.
    explicit ProgramField(std::shared_ptr<const Program<T>> program) : program_(std::move(program)) {
        const auto& in = program_->inputs();
        const auto& out = program_->outputs();
        if (in.size() != 2 || in[0].sharing != Sharing::shared || in[0].size != 1 || in[1].sharing != Sharing::per_sample ||
            out.size() != 1 || out[0].size != in[1].size) {
            throw std::invalid_argument(
                "ProgramField: a field's program reads (t, x), t shared with 1 value and x per sample, and writes as many "
                "values as x has; record it so");
        }
    }
    explicit ProgramField(Program<T> program) : ProgramField(std::make_shared<const Program<T>>(std::move(program))) {}

    [[nodiscard]] std::size_t dim() const { return program_->inputs()[1].size; }
    [[nodiscard]] std::size_t parameter_count() const { return program_->parameter_count(); }
    [[nodiscard]] std::span<const T> parameters() const { return program_->parameters(); }
    [[nodiscard]] const Program<T>& program() const { return *program_; }
    [[nodiscard]] Record make_record() const { return {}; }

    /// Gives this field a program of its own with parameters θ.
    void set_parameters(std::span<const T> theta) {
        auto own = std::make_shared<Program<T>>(*program_);
        own->set_parameters(theta);
        program_ = std::move(own);
    }

    /// Whether the program is scalar code, so that `traced` works.
    [[nodiscard]] bool traceable() const { return detail::is_scalar_code(*program_->plan()); }
    /// The field over Symbols, at the parameters θ. Throws std::invalid_argument unless traceable().
    [[nodiscard]] SymbolicField<T> traced(std::vector<kernels::Symbol<T>> theta) const
        requires kernels::simd::Vectorised<T>
    {
        if (!traceable()) {
            throw std::invalid_argument("ProgramField::traced: the program has layers, calls or long arrays; replay it as it is");
        }
        return SymbolicField<T>(detail::SymbolicReplay<T>(*program_->plan(), std::move(theta)));
    }

    /// dx = f(t, x).
    void operator()(const T& t, std::span<const T> x, std::span<T> dx) {
        program_->forward(inputs(t, x), outputs(dx), batch(x), workspace_);
    }

    /// dx = f(t, x), keeping in `record` what pullback needs.
    void forward(const T& t, std::span<const T> x, std::span<T> dx, Record& record) {
        program_->forward(inputs(t, x), outputs(dx), batch(x), record, workspace_);
    }

    /// x̄ += λᵀ∂f/∂x, θ̄ += λᵀ∂f/∂θ, t̄ += λᵀ∂f/∂t at the recorded (t, x).
    void pullback(const Record& record, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T& t_bar) {
        const std::array<std::span<const T>, 1> out_bar{lambda};
        const auto wanted = [this](std::size_t i, std::span<T> bar) {
            return program_->differentiates(i) ? bar : std::span<T>{};
        };
        const std::array<std::span<T>, 2> in_bar{wanted(0, {&t_bar, 1}), wanted(1, x_bar)};
        program_->pullback(record, out_bar, in_bar, theta_bar, workspace_);
    }

    /// x̄ += λᵀ∂f/∂x, θ̄ += λᵀ∂f/∂θ, t̄ += λᵀ∂f/∂t.
    void vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T& t_bar) {
        if (discarded_.size() < x.size()) discarded_.resize(x.size());
        forward(t, x, {discarded_.data(), x.size()}, record_);
        pullback(record_, lambda, x_bar, theta_bar, t_bar);
    }

    /// dx = f(t, x), dẋ = ∂f/∂x ẋ + ∂f/∂t ṫ + ∂f/∂θ θ̇.
    void jvp(const T& t, std::span<const T> x, const T& t_dot, std::span<const T> x_dot, std::span<const T> theta_dot,
             std::span<T> dx, std::span<T> dx_dot) {
        const auto given = [this](std::size_t i, std::span<const T> dot) {
            return program_->differentiates(i) ? dot : std::span<const T>{};
        };
        const std::array<std::span<const T>, 2> in_dot{given(0, {&t_dot, 1}), given(1, x_dot)};
        program_->pushforward(inputs(t, x), in_dot, theta_dot, outputs(dx), outputs(dx_dot), batch(x), workspace_);
    }

private:
    static std::array<std::span<const T>, 2> inputs(const T& t, std::span<const T> x) { return {std::span<const T>{&t, 1}, x}; }
    static std::array<std::span<T>, 1> outputs(std::span<T> dx) { return {dx}; }
    [[nodiscard]] std::size_t batch(std::span<const T> x) const {
        if (x.empty() || x.size() % dim() != 0) {
            throw std::invalid_argument("ProgramField: x has " + std::to_string(x.size()) +
                                        " values, which is no positive multiple of the dimension " + std::to_string(dim()) +
                                        "; pass one row a sample");
        }
        return x.size() / dim();
    }

    std::shared_ptr<const Program<T>> program_;
    Workspace<T> workspace_;
    Record record_;
    std::vector<T> discarded_;
};

/// Where a scalar field is recorded: the example (t, x) decides comparisons in it.
template <class T>
struct FieldExample {
    T t = T(0);
    std::vector<T> x = {};  ///< empty: no comparisons on x
};

/// Records scalar field code f(t, x, p, dx): a call with (Var<T>, span<const Var<T>>, span<const Var<T>>, span<Var<T>>);
/// p are the parameters θ. Throws std::invalid_argument for dimension 0 or an example of another size.
template <class T, class F>
Program<T> record_field(std::size_t dim, std::span<const T> parameters, F&& f, const FieldExample<T>& example = {}) {
    Tape<T> tape;
    const Var<T> t = tape.input(1, Sharing::shared, "t", std::span<const T>{&example.t, 1});
    const std::vector<Var<T>> x = elements(tape.input(dim, Sharing::per_sample, "x", std::span<const T>{example.x}));
    std::vector<Var<T>> p;
    if (!parameters.empty()) p = elements(tape.parameter(parameters, "theta"));
    std::vector<Var<T>> dx(dim);
    f(t, std::span<const Var<T>>{x}, std::span<const Var<T>>{p}, std::span<Var<T>>{dx});
    tape.output(stack(tape, std::span<const Var<T>>{dx}), "dx");
    return freeze(tape);
}

}  // namespace costate::autodiff
