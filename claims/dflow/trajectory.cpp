#include "claims/dflow/trajectory.hpp"

#include "claims/dflow/stage_equations.hpp"
#include "claims/subjects.hpp"
#include "ode/detail/collocation.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace costate::claims {

namespace {

using ode::detail::StepEnd;

// A step from one part of the interval to another (0 to 1); its stages, and G at its nodes, in double precision.
struct Plan {
    double start, end;
    std::vector<double> X, G;
};

// G by d vjps: row k is e_kᵀ ∂f/∂x.
template <class T>
std::vector<T> jacobian_of(Field<T>& f, const T& t, std::span<const T> x) {
    const std::size_t d = x.size();
    std::vector<T> rows(d * d, T(0)), unit(d, T(0));
    for (std::size_t k = 0; k < d; ++k) {
        T t_bar(0);
        unit[k] = T(1);
        f.vjp(t, x, unit, std::span<T>(rows).subspan(k * d, d), {}, t_bar);
        unit[k] = T(0);
    }
    return rows;
}

// How far the polynomial through G at the nodes is from G, relative to the state's own change.
double tail_of(const ode::GaussRule<double>& rule, double h, const std::vector<double>& G) {
    double most = 1;
    for (const double g : G) most = std::max(most, std::abs(h * g));
    return std::abs(h) * ode::legendre_tail<double>(rule, G) / (2.0 * static_cast<double>(rule.size())) / most;
}

// Steps at whose nodes the stages and G are known to about 1e-14, so that x, D and M at their ends, of twice the order, are known to 1e-27.
std::vector<Plan> plan(Field<double>& f, double t0, double whole, std::vector<double> x, const ode::detail::Ladder<double>& ladder) {
    constexpr double known = 1e-14;
    const auto& rule = ladder.finest().rule;
    const std::size_t d = x.size();
    std::vector<Plan> plans;
    ode::detail::Stages<double> stages;
    double at = 0, step = 0.25;
    while (at < 1) {
        const double parts = std::max(1.0, std::ceil((1 - at) / step - 1e-6)), h = (1 - at) / parts;
        const auto rhs = [&](std::size_t level, std::size_t i, std::span<const double> X, std::span<double> dX) {
            f(t0 + whole * (at + h * ladder.levels[level].rule.nodes[i]), X, dX);
        };
        auto outcome = ode::detail::collocation_step(ladder, rhs, whole * h, std::span<const double>(x), {1e-13, false, 0}, stages);
        std::vector<double> G;
        for (std::size_t i = 0; outcome.end == StepEnd::converged && i < rule.size(); ++i) {
            const std::vector<double> rows =
                jacobian_of<double>(f, t0 + whole * (at + h * rule.nodes[i]), std::span(stages.X).subspan(i * d, d));
            G.insert(G.end(), rows.begin(), rows.end());
        }
        if (!G.empty()) outcome.tail = std::max(outcome.tail, tail_of(rule, whole * h, G));
        if (outcome.end == StepEnd::converged && outcome.tail > known) outcome.end = StepEnd::rough;
        step = h * ode::detail::next_step_factor(outcome, 10 * known * known, ladder.nodes());
        if (outcome.end == StepEnd::converged) {
            plans.push_back({at, parts == 1 ? 1 : at + h, stages.X, std::move(G)});
            const std::vector<double> from = x;
            ode::detail::integrate<double>(rule.weights, whole * h, from, stages.F, x);
            at = plans.back().end;
        } else if (step < 1e-6) {
            throw std::runtime_error("the trajectory was not found: its steps become too small at t = " + std::to_string(t0 + whole * at) +
                                     "; end the interval before it or use a smoother field");
        }
    }
    return plans;
}

// c_k = (2k+1) Σ_j b_j P_k(τ_j) G_j
std::vector<Matrix> legendre_coefficients(const ode::GaussRule<Mpfr50>& rule, const std::vector<TrajectoryNode>& nodes) {
    const std::size_t s = rule.size(), d = nodes.front().G.rows();
    std::vector<Matrix> c(s, Matrix(d, d));
    for (std::size_t k = 0; k < s; ++k)
        for (std::size_t j = 0; j < s; ++j)
            c[k] += Mpfr50(Mpfr50(static_cast<int>(2 * k + 1)) * rule.weights[j] * rule.legendre[k * s + j]) * nodes[j].G;
    return c;
}

// Symmetric but for rounding.
bool symmetric(const std::vector<TrajectoryNode>& nodes) {
    return std::all_of(nodes.begin(), nodes.end(), [](const TrajectoryNode& node) {
        return size(node.G - node.G.transpose()) <= Mpfr50("1e-40") * size(node.G);
    });
}

// P_k in powers of ξ: (k+1) P_(k+1) = (2k+1) ξ P_k - k P_(k-1). Of 24 polynomials 10 digits are lost.
std::vector<std::vector<Mpfr50>> in_powers(const std::vector<Matrix>& legendre, bool lower_triangle) {
    const std::size_t s = legendre.size(), d = legendre.front().rows();
    std::vector<std::vector<Mpfr50>> powers(s, std::vector<Mpfr50>(lower_triangle ? d * (d + 1) / 2 : d * d, Mpfr50(0)));
    std::vector<Mpfr50> before(s + 1, Mpfr50(0)), now = before;
    now[0] = 1;
    for (std::size_t k = 0; k < s; ++k) {
        for (std::size_t m = k % 2; m <= k; m += 2)
            for (std::size_t i = 0, next = 0; i < d; ++i)
                for (std::size_t j = 0; j < (lower_triangle ? i + 1 : d); ++j) powers[m][next++] += now[m] * legendre[k](i, j);
        const auto n = static_cast<int>(k);
        for (std::size_t m = 0; m <= k; ++m) before[m] *= -n;
        for (std::size_t m = 0; m <= k; ++m) before[m + 1] += (2 * n + 1) * now[m];
        for (Mpfr50& coefficient : before) coefficient /= n + 1;
        std::swap(before, now);
    }
    return powers;
}

// The integral of G from the start of the piece to its nodes and to its end.
void add_integrals(const ode::GaussRule<Mpfr50>& rule, const std::vector<Mpfr50>& A, TrajectoryPiece& piece, Matrix& M) {
    const std::size_t s = rule.size();
    for (std::size_t i = 0; i < s; ++i) {
        piece.nodes[i].M = M;
        for (std::size_t j = 0; j < s; ++j) piece.nodes[i].M += Mpfr50(piece.length * A[i * s + j]) * piece.nodes[j].G;
    }
    for (const TrajectoryNode& node : piece.nodes) M += node.weight * node.G;
}

// One step at 50 digits: the stages by Newton's iteration from those in double precision; then G, D and M. x, D, M move to its end.
class Step {
public:
    Step(Fields& f, const ode::GaussRule<Mpfr50>& rule, const std::vector<Mpfr50>& A, const Mpfr50& start, const Mpfr50& length,
         const Plan& plan)
        : f_(f), rule_(rule), A_(A), X_(plan.X.begin(), plan.X.end()), equations_(A, length, plan.X.size() / rule.size(), plan.G) {
        piece_.start = start;
        piece_.length = length;
    }

    TrajectoryPiece run(std::vector<Mpfr50>& x, Matrix& D, Matrix& M) {
        const std::size_t s = rule_.size(), d = x.size();
        std::vector<Mpfr50> F =
            equations_.solve(x, X_, [&](std::size_t i, std::span<const Mpfr50> X, std::span<Mpfr50> dX) { f_.exact(time(i), X, dX); });
        for (std::size_t i = 0; i < s; ++i) {
            const std::span<const Mpfr50> at = std::span<const Mpfr50>(X_).subspan(i * d, d);
            Matrix G = f_.jacobian ? f_.jacobian(time(i), at) : Matrix(d, d, jacobian_of<Mpfr50>(f_.exact, time(i), at));
            piece_.nodes.push_back({time(i), piece_.length * rule_.weights[i], {at.begin(), at.end()}, std::move(G), {}, {}});
            for (std::size_t c = 0; c < d; ++c) x[c] += piece_.nodes[i].weight * F[i * d + c];
        }
        piece_.legendre = legendre_coefficients(rule_, piece_.nodes);
        piece_.powers = in_powers(piece_.legendre, symmetric(piece_.nodes));
        carry(D);
        add_integrals(rule_, A_, piece_, M);
        return std::move(piece_);
    }

private:
    [[nodiscard]] Mpfr50 time(std::size_t i) const { return piece_.start + piece_.length * rule_.nodes[i]; }

    // D_i = D + h Σ a_ij G_j D_j, a column at a time.
    void carry(Matrix& D) {
        const std::size_t s = rule_.size(), d = D.rows();
        for (TrajectoryNode& node : piece_.nodes) node.D = D;
        for (std::size_t column = 0; column < d; ++column) {
            std::vector<Mpfr50> start(d), stages(s * d);
            for (std::size_t i = 0; i < d; ++i) start[i] = D(i, column);
            for (std::size_t i = 0; i < s * d; ++i) stages[i] = start[i % d];
            const auto rhs = [&](std::size_t i, std::span<const Mpfr50> X, std::span<Mpfr50> dX) {
                std::fill(dX.begin(), dX.end(), Mpfr50(0));
                piece_.nodes[i].G.multiply_add(X, dX);
            };
            const std::vector<Mpfr50> F = equations_.solve(start, stages, rhs);
            for (std::size_t i = 0; i < s * d; ++i) {
                piece_.nodes[i / d].D(i % d, column) = stages[i];
                D(i % d, column) += piece_.nodes[i / d].weight * F[i];
            }
        }
    }

    Fields& f_;
    const ode::GaussRule<Mpfr50>& rule_;
    const std::vector<Mpfr50>& A_;
    std::vector<Mpfr50> X_;
    StageEquations equations_;
    TrajectoryPiece piece_;
};

}  // namespace

Fields fields_of(const Setting& setting) {
    Fields f{make_subject<Mpfr50>(setting).field, make_subject<double>(setting).field};
    if (on_a_path(setting) && setting.field != "data-set")  // eight matrices to factorise: the field's own vjps cost less
        f.jacobian = [model = std::make_shared<guidance::GaussianMixture<Mpfr50>>(make_model<Mpfr50>(setting))](
                         const Mpfr50& t, std::span<const Mpfr50> x) { return model->velocity_jacobian(t, x); };
    return f;
}

Trajectory follow(Fields f, const Mpfr50& t0, const Mpfr50& t1, In<Mpfr50> x0) {
    constexpr std::size_t nodes = 24;
    const std::size_t d = x0.size();
    Trajectory way{t0, t1, {x0.begin(), x0.end()}, {x0.begin(), x0.end()}, Matrix::identity(d), Matrix(d, d), {}};
    const Mpfr50 whole = t1 - t0;
    std::vector<double> start;
    for (const Mpfr50& value : x0) start.push_back(ScalarTraits<Mpfr50>::to_double(value));
    const ode::detail::Ladder<double> coarse(nodes);
    const ode::GaussRule<Mpfr50> rule = ode::gauss_rule<Mpfr50>(nodes);
    const std::vector<Mpfr50> A = ode::integration_matrix<Mpfr50>(rule, rule.nodes);
    for (const Plan& step : plan(f.guess, ScalarTraits<Mpfr50>::to_double(t0), ScalarTraits<Mpfr50>::to_double(whole), start, coarse))
        way.pieces.push_back(
            Step(f, rule, A, t0 + whole * step.start, whole * (Mpfr50(step.end) - step.start), step).run(way.x1, way.D, way.M));
    return way;
}

Trajectory joined(Trajectory first, Trajectory last) {
    for (TrajectoryPiece& piece : last.pieces) {
        for (TrajectoryNode& node : piece.nodes) {
            node.D = node.D * first.D;
            node.M += first.M;
        }
        first.pieces.push_back(std::move(piece));
    }
    first.t1 = last.t1;
    first.x1 = std::move(last.x1);
    first.D = last.D * first.D;
    first.M += last.M;
    return first;
}

Matrix Trajectory::jacobian(const Mpfr50& t) const {
    const auto later =
        std::upper_bound(pieces.begin() + 1, pieces.end(), t, [](const Mpfr50& at, const TrajectoryPiece& p) { return at < p.start; });
    const TrajectoryPiece& piece = *std::prev(later);
    const Mpfr50 xi = 2 * (t - piece.start) / piece.length - 1;
    std::vector<Mpfr50> value = piece.powers.back();
    for (std::size_t k = piece.powers.size() - 1; k-- > 0;)
        for (std::size_t i = 0; i < value.size(); ++i) {
            value[i] *= xi;
            value[i] += piece.powers[k][i];
        }
    const std::size_t d = x0.size();
    if (value.size() == d * d) return {d, d, std::move(value)};
    Matrix G(d, d);
    for (std::size_t i = 0, next = 0; i < d; ++i)
        for (std::size_t j = 0; j <= i; ++j) G(i, j) = G(j, i) = value[next++];
    return G;
}

std::vector<Matrix> slopes(const TrajectoryPiece& piece) {
    std::vector<Matrix> result;
    for (const TrajectoryNode& node : piece.nodes) {
        const Mpfr50 xi = 2 * (node.t - piece.start) / piece.length - 1;
        Mpfr50 before = 1, now = xi, slope_before = 0, slope = 1;  // P'_(k+1) = P'_(k-1) + (2k+1) P_k
        Matrix sum(node.G.rows(), node.G.rows());
        for (std::size_t k = 1; k < piece.legendre.size(); ++k) {
            sum += Mpfr50(slope * 2 / piece.length) * piece.legendre[k];
            const auto n = static_cast<int>(k);
            const Mpfr50 next_slope = slope_before + (2 * n + 1) * now, next = ((2 * n + 1) * xi * now - n * before) / (n + 1);
            slope_before = std::exchange(slope, next_slope);
            before = std::exchange(now, next);
        }
        result.push_back(std::move(sum));
    }
    return result;
}

std::vector<Rational> start_of(const Setting& setting, std::size_t dim) {
    if (setting.field == "mixture" && dim == 2 && setting.seed == 0) return {ratio(1, 2), ratio(1, 2)};
    std::vector<Rational> x0 = rational_numbers(setting.seed, 3, dim);
    if (setting.field == "mixture-commuting") std::fill(x0.begin() + 1, x0.end(), ratio(0));
    return x0;
}

std::size_t dimension_of(const Setting& setting) {
    return setting.field == "network" ? make_subject<double>(setting).x0.size() : setting.dim;
}

namespace {

// D_xu of a network at four times and points, in double precision.
std::vector<guidance::SmallMatrix<double>> sampled_jacobians(const Setting& setting) {
    Subject<double> subject = make_subject<double>(setting);
    const std::size_t d = subject.x0.size();
    std::vector<guidance::SmallMatrix<double>> all;
    for (std::uint32_t k = 0; k < 4; ++k) {
        const std::vector<double> x = numbers_in<double>(rational_numbers(setting.seed, 40 + k, d));
        guidance::SmallMatrix<double> G(d, d);
        for (std::size_t i = 0; i < d; ++i) {
            std::vector<double> unit(d, 0.0), row(d, 0.0);
            unit[i] = 1;
            double unused = 0;
            std::vector<double> theta_bar(subject.field.parameter_count(), 0.0);
            subject.field.vjp(0.2 + 0.2 * k, x, unit, row, theta_bar, unused);
            for (std::size_t j = 0; j < d; ++j) G(i, j) = row[j];
        }
        all.push_back(std::move(G));
    }
    return all;
}

double largest(const guidance::SmallMatrix<double>& m) {
    double size = 0;
    for (const double v : m.values()) size = std::max(size, std::abs(v));
    return size;
}

}  // namespace

bool commuting(const Setting& setting) {
    if (dimension_of(setting) == 1) return true;
    if (setting.field != "network") return setting.field == "gaussian" || setting.field == "mixture-commuting";
    const auto G = sampled_jacobians(setting);
    for (std::size_t a = 0; a < G.size(); ++a)
        for (std::size_t b = a + 1; b < G.size(); ++b)
            if (largest(G[a] * G[b] - G[b] * G[a]) > 1e-12 * largest(G[a]) * largest(G[b])) return false;
    return true;
}

bool symmetric(const Setting& setting) {
    if (setting.field != "network" || dimension_of(setting) == 1) return true;
    for (const auto& G : sampled_jacobians(setting))
        if (largest(G - G.transpose()) > 1e-12 * largest(G)) return false;
    return true;
}

}  // namespace costate::claims
