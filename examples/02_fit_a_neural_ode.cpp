// A neural ODE learns a spiral from 30 points: gradients by three methods, Adam, then L-BFGS, and a picture of data, start, fit and loss.
#include "autodiff/array_functions.hpp"
#include "autodiff/program_field.hpp"
#include "nn/optimise/adam.hpp"
#include "nn/optimise/lbfgs.hpp"
#include "ode/gradient/checkpointed.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/gradient/stored_states.hpp"

#include <cstdio>
#include <fstream>
#include <random>

using namespace costate;
using Values = std::vector<double>;
using Path = std::vector<Values>;
using Field = autodiff::ProgramField<double>;
using Loss = ode::SumOverKnots<double, ode::SquaredDistance<double>>;
constexpr std::size_t points = 30, steps = 2 * (points - 1), adam_steps = 300;
constexpr double duration = 1.5;

// 2-50-2 with tanh on x³, 252 parameters: weights uniform within √(6/(inputs + outputs)), biases 0.
Field network() {
    autodiff::Tape<double> tape;
    std::mt19937 engine(2026);
    const auto layer = [&](const autodiff::Var<double>& x, std::size_t in, std::size_t out, const std::string& name) {
        Values weight(in * out);
        for (double& w : weight) w = std::sqrt(6.0 / static_cast<double>(in + out)) * (static_cast<double>(engine()) / 0x1p31 - 1);
        return linear(x, tape.parameter(weight, autodiff::Shape{out, in}, name + ".weight"), tape.parameter(Values(out), name + ".bias"));
    };
    tape.input(1, autodiff::Sharing::shared, "t");
    const auto x = tape.input(2, autodiff::Sharing::per_sample, "x");
    tape.output(layer(tanh(layer(x * x * x, 2, 50, "hidden")), 50, 2, "out"), "dx");
    return Field(freeze(tape));
}

// The state at `count` times from 0 to the end, the same time apart, `each` steps between two; the fields do not depend on t.
Path path(Field& field, std::size_t count, std::size_t each) {
    Path at{{2, 0}};
    const double h = duration / static_cast<double>(count - 1);
    while (at.size() < count) at.push_back(ode::solve<double>(ode::find_tableau("tsitouras"), field, 0.0, h, each, at.back()));
    return at;
}

// L(θ) = ½ Σ_k ‖x(t_k) − data_k‖² and ∇_θ L by a method: terms at the knots of a grid, one solve there and back for all of them.
template <class Method>
struct Fit {
    Field field;
    const Loss& loss;
    Method method{};
    Values first = Values(252), losses{};  // ∇L at the start; the loss on the way
    ode::TimeGrid<double> grid{};
    typename Method::template Workspace<Field, double> workspace{ode::find_tableau("tsitouras")};
    ode::GradientResult<double> result{};
    double operator()(std::span<const double> theta, std::span<double> gradient) {
        grid.begin(0);
        for (std::size_t n = 1; n <= steps; ++n)
            if (grid.push(duration * static_cast<double>(n) / steps), n % 2 == 0) grid.mark();
        field.set_parameters(theta);
        method(field, loss, grid, Values{2, 0}, {.want_theta = true, .want_time = false}, workspace, result);
        std::copy(result.theta_bar.begin(), result.theta_bar.end(), gradient.begin());
        return result.loss;
    }
};

template <class Method>
Fit<Method> learn(const char* name, const Field& field, const Loss& loss) {
    Fit<Method> fit{field, loss};
    Values theta(fit.field.parameters().begin(), fit.field.parameters().end());
    fit.losses.push_back(fit(theta, fit.first));
    Values gradient = fit.first;
    for (nn::Adam<double> adam(252, {.rate = 0.02}); adam.steps() < adam_steps; fit.losses.push_back(fit(theta, gradient)))
        adam.step(fit.losses.back(), gradient, theta);
    nn::Lbfgs<double> lbfgs(252, {.memory = 20, .tolerance = 1e-6});
    for (lbfgs.begin(fit, theta); lbfgs.status().descending() && lbfgs.status().steps < 1000;) fit.losses.push_back(lbfgs.step(fit, theta).loss);
    fit.field.set_parameters(theta);
    std::printf("%-13s loss %.3g, Adam: %.3g, L-BFGS: %.3g\n", name, fit.losses[0], fit.losses[adam_steps], fit.losses.back());
    return fit;
}

// Data, start and fit in the plane on the left, log₁₀ of the loss on the right.
void draw(const char* file, const Path& data, const Path& before, const Path& after, const Values& losses) {
    std::ofstream svg(file);
    const auto line = [&](const Path& at, const char* style) {
        for (svg << "<polyline fill='none' " << style << " points='"; const Values& p : at) svg << 190 + 85 * p[0] << ',' << 170 - 85 * p[1] << ' ';
        svg << "'/>\n";
    };
    svg << "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 820 380' font-family='sans-serif' font-size='13'>\n<rect width='820' height='380' fill='white'/>"
        << "<text x='10' y='372'>○ data, - - start, — fit</text><text x='430' y='372'>loss: Adam, then L-BFGS</text>\n";
    for (int k = -5; k <= 2; ++k)
        svg << "<text x='430' y='" << 114 - 45 * k << "'>1e" << k << "</text><path stroke='#ddd' d='M470 " << 110 - 45 * k << "H810'/>\n";
    svg << "<svg width='400' height='350'>\n";
    line(before, "stroke='#999' stroke-dasharray='6 4'");
    line(after, "stroke='#c33' stroke-width='2'");
    for (const Values& p : data) svg << "<circle cx='" << 190 + 85 * p[0] << "' cy='" << 170 - 85 * p[1] << "' r='4' fill='none' stroke='#136'/>\n";
    svg << "</svg>\n<polyline fill='none' stroke='#c33' points='";
    for (std::size_t i = 0; i < losses.size(); ++i)
        svg << 470 + 340 * static_cast<double>(i) / static_cast<double>(losses.size()) << ',' << 110 - 45 * std::log10(losses[i]) << ' ';
    svg << "'/>\n</svg>\n";
}

int main(int argc, char** argv) {
    Field spiral(autodiff::record_field<double>(2, Values{-0.1, 2}, [](auto, auto x, auto p, auto dx) {  // (x³)ᵀ A, A = [−0.1 2; −2 −0.1]
        dx[0] = p[0] * x[0] * x[0] * x[0] - p[1] * x[1] * x[1] * x[1];
        dx[1] = p[1] * x[0] * x[0] * x[0] + p[0] * x[1] * x[1] * x[1];
    }));
    const Path data = path(spiral, points, 50);
    const Loss loss({data.begin(), data.end()});
    Field field = network();
    auto all = learn<ode::dto::StoreAll>("dto", field, loss);
    const auto eight = learn<ode::dto::Checkpointed>("binomial:8", field, loss);
    const auto adjoint = learn<ode::otd::StoredStates>("stored-states", field, loss);
    double apart = 0, whole = 0;  // squared
    for (std::size_t i = 0; i < 252; ++i) apart += std::pow(adjoint.first[i] - all.first[i], 2), whole += std::pow(all.first[i], 2);
    const bool same = all.first == eight.first && all.losses == eight.losses && std::ranges::equal(all.field.parameters(), eight.field.parameters());
    std::printf("dto and binomial:8, first gradients and fits the same bits: %s\n", same ? "yes" : "no");
    std::printf("stored-states, first gradient apart from dto's by %.1e of it\n", std::sqrt(apart / whole));
    draw(argc > 1 ? argv[1] : "02_fit_a_neural_ode.svg", data, path(field, 600, 1), path(all.field, 600, 1), all.losses);
}
