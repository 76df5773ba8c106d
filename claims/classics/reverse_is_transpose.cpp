#include "autodiff/program.hpp"
#include "claims/classics/list.hpp"
#include "claims/classics/op_graphs.hpp"
#include "claims/measure/slope.hpp"
#include "claims/subjects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace costate::claims {

namespace {

using namespace classical;
using autodiff::Port;
using autodiff::Program;
using autodiff::Sharing;

constexpr std::size_t batch = 3;

template <class T>
using Arrays = std::vector<std::vector<T>>;
template <class T>
std::vector<std::span<const T>> read(const Arrays<T>& a) {
    return {a.begin(), a.end()};
}
template <class T>
std::vector<std::span<T>> write(Arrays<T>& a) {
    return {a.begin(), a.end()};
}
template <class T>
T inner(const Arrays<T>& a, const Arrays<T>& b) {
    T sum(0);
    for (std::size_t i = 0; i < a.size(); ++i)
        for (std::size_t k = 0; k < a[i].size(); ++k) sum += a[i][k] * b[i][k];
    return sum;
}

// k/16 + 1/32, never 0; positive ones at least 1/8.
template <class T>
std::vector<T> values(const Setting& setting, std::uint32_t stream, std::size_t count, bool positive) {
    std::vector<Rational> q = rational_numbers(setting.seed, stream, count);
    for (Rational& a : q) a = positive ? Rational(abs(a) + ratio(1, 8)) : Rational(a + ratio(1, 32));
    return numbers_in<T>(q);
}

// A graph at a point: its program, and where and in which directions it is looked at. θ comes last.
template <class T>
struct Point {
    Program<T> program;
    Arrays<T> inputs, u, v;
    std::vector<T> theta, w;
};

template <class T>
Point<T> point_of(const OpGraph<T>& graph, const Record<T>& record, const Setting& setting) {
    autodiff::Tape<T> tape;
    std::vector<autodiff::Var<T>> operands;
    Arrays<T> inputs, u;
    std::vector<T> theta;
    for (std::size_t i = 0; i < graph.operands.size(); ++i) {
        const auto& [size, role] = graph.operands[i];
        const auto stream = static_cast<std::uint32_t>(300 + i);
        const std::vector<T> at = values<T>(setting, stream, role == Role::sample ? batch * size : size, graph.positive);
        const std::string name = "x" + std::to_string(i);
        if (role == Role::parameter) {
            operands.push_back(tape.parameter(at, name));
        } else {
            operands.push_back(tape.input(size, role == Role::shared ? Sharing::shared : Sharing::per_sample, name, std::span(at).first(size)));
            u.push_back(values<T>(setting, stream + 20, at.size(), false));
            inputs.push_back(at);
        }
    }
    tape.output(record(operands));
    Program<T> program = freeze(tape);
    Arrays<T> v{values<T>(setting, 350, batch * program.outputs().front().size, false)};
    theta.assign(program.parameters().begin(), program.parameters().end());
    return {std::move(program), std::move(inputs), std::move(u), std::move(v), theta, values<T>(setting, 351, theta.size(), false)};
}

// ⟨Jᵀv, (u, w)⟩.
template <class T>
T by_reverse(const Point<T>& at) {
    autodiff::Workspace<T> ws;
    autodiff::Record<T> record;
    Arrays<T> out{std::vector<T>(at.v.front().size())}, bars;
    for (const auto& a : at.inputs) bars.emplace_back(a.size(), T(0));
    std::vector<T> theta_bar(at.theta.size(), T(0));
    at.program.forward(read(at.inputs), write(out), batch, record, ws);
    at.program.pullback(record, read(at.v), write(bars), theta_bar, ws);
    return inner(bars, at.u) + inner(Arrays<T>{theta_bar}, Arrays<T>{at.w});
}

// ⟨v, J(u, w)⟩.
template <class T>
T by_tangent(const Point<T>& at) {
    autodiff::Workspace<T> ws;
    Arrays<T> out{std::vector<T>(at.v.front().size())}, dot = out;
    at.program.pushforward(read(at.inputs), read(at.u), at.w, write(out), write(dot), batch, ws);
    return inner(at.v, dot);
}

// d/dε ⟨v, y(x + εu, θ + εw)⟩ from values: (D₁·15 - D₂·6 + D₃)/10 with D_k the central quotient at kε is exact to O(ε⁶).
Mpfr50 by_values(const Point<Mpfr50>& at) {
    const Mpfr50 step = ldexp(Mpfr50(1), -30);
    const auto value = [&](const Mpfr50& epsilon) {
        autodiff::Workspace<Mpfr50> ws;
        Arrays<Mpfr50> inputs = at.inputs, out{std::vector<Mpfr50>(at.v.front().size())};
        std::vector<Mpfr50> theta = at.theta;
        for (std::size_t i = 0; i < inputs.size(); ++i)
            for (std::size_t k = 0; k < inputs[i].size(); ++k) inputs[i][k] += epsilon * at.u[i][k];
        for (std::size_t k = 0; k < theta.size(); ++k) theta[k] += epsilon * at.w[k];
        Program<Mpfr50> moved = at.program;
        if (!theta.empty()) moved.set_parameters(theta);
        moved.forward(read(inputs), write(out), batch, ws);
        return inner(at.v, out);
    };
    const auto quotient = [&](int k) { return Mpfr50((value(step * k) - value(-step * k)) / (2 * k * step)); };
    return (quotient(1) * 15 - quotient(2) * 6 + quotient(3)) / 10;
}

// What the graphs of one op gave.
struct Tally {
    std::size_t graphs = 0, unequal = 0, missing = 0;
    bool rational = false;
    double transposed = 0, quotient = 0;  // at 50 digits, relative
};

double relative(const Mpfr50& a, const Mpfr50& b) { return ScalarTraits<Mpfr50>::to_double(Mpfr50(abs(Mpfr50(a - b)) / (1 + abs(b)))); }

// ⟨v, Ju⟩ of every graph, with ⟨Jᵀv, u⟩ and the difference quotient.
struct Products {
    double tangent, reverse, quotient;
};

// `broken`: the sweep of a - b is that of a + b. At 50 digits the products are kept for a picture.
template <class T>
void visit(const Setting& setting, bool broken, std::map<std::string_view, Tally>& tallies, std::set<std::string_view>& seen,
           std::vector<Products>& products) {
    for (const OpGraph<T>& graph : op_graphs<T>()) {
        const Point<T> at = point_of<T>(graph, graph.record, setting);
        const bool swapped = broken && graph.op == autodiff::ops::Subtract::name;
        const T reverse = by_reverse(swapped ? point_of<T>(graph, [](const auto& v) { return v[0] + v[1]; }, setting) : at), tangent = by_tangent(at);
        const std::vector<std::string_view> names = at.program.summary().forward;
        seen.insert(names.begin(), names.end());
        Tally& tally = tallies[graph.op];
        ++tally.graphs;
        if (std::find(names.begin(), names.end(), graph.op) == names.end()) ++tally.missing;
        if constexpr (ScalarTraits<T>::exact) {
            tally.rational = true;
            if (!(reverse == tangent)) ++tally.unequal;
        } else {
            tally.transposed = std::max(tally.transposed, relative(reverse, tangent));
            const Mpfr50 quotient = by_values(at);
            tally.quotient = std::max(tally.quotient, relative(quotient, tangent));
            const auto in_double = [](const Mpfr50& value) { return ScalarTraits<Mpfr50>::to_double(value); };
            products.push_back({in_double(tangent), in_double(reverse), in_double(quotient)});
        }
    }
}

Finding finding_of(std::string_view op, const Tally& tally) {
    const bool holds = tally.unequal == 0 && tally.missing == 0 && tally.transposed <= 1e-45 && tally.quotient <= 1e-36;
    const std::string exact = !tally.rational       ? ""
                              : tally.unequal == 0 ? "equal in exact arithmetic, "
                                                   : fmt::format("graphs that differ: {}, ", tally.unequal);
    const auto size = [](double value) { return value == 0 ? std::string("0") : fmt::format("{:.0e}", value); };
    return {std::string(op),
            R"($\langle v, Ju \rangle = \langle J^\top v, u \rangle$)",
            fmt::format("{}apart by {} at 50 digits; from the difference quotient by {} (graphs: {})", exact, size(tally.transposed), size(tally.quotient), tally.graphs),
            fmt::format("{}1e-45 relative at 50 digits, the quotient 1e-36", tally.rational ? "exact; " : ""),
            tally.rational ? Proof::exact : Proof::bound,
            holds};
}

Figure figure_of(std::vector<Products> products) {
    std::sort(products.begin(), products.end(), [](const Products& a, const Products& b) { return a.tangent < b.tangent; });
    Curve reverse{"reverse sweep", {}, {}, {}}, quotient{"difference quotient of values", {}, {}, {}};
    for (const Products& p : products) {
        for (Curve* curve : {&reverse, &quotient}) {
            curve->x.push_back(p.tangent);
            curve->predicted.push_back(p.tangent);
        }
        reverse.measured.push_back(p.reverse);
        quotient.measured.push_back(p.quotient);
    }
    return {R"($\langle J^\top v, u \rangle$ of every program against $\langle v, Ju \rangle$: on the diagonal)", R"($\langle v, Ju \rangle$ by the tangent)",
            R"($\langle J^\top v, u \rangle$)", false, false, {std::move(reverse), std::move(quotient)}};
}

Evidence evidence_of(const Setting& setting, bool broken) {
    const std::size_t ops = autodiff::ops::List::size;
    Evidence evidence{.subject = fmt::format("programs of {} ops, 3 samples, shared inputs and parameters, seed {}", ops, setting.seed)};
    std::map<std::string_view, Tally> tallies;
    std::set<std::string_view> seen;
    std::vector<Products> products;
    visit<Rational>(setting, broken, tallies, seen, products);
    visit<PrimeField>(setting, broken, tallies, seen, products);
    visit<Mpfr50>(setting, broken, tallies, seen, products);
    std::string missing;
    for (const std::string_view op : autodiff::ops::List::names)
        if (!seen.contains(op)) missing.append(missing.empty() ? "" : ", ").append(op);
    evidence.hypotheses.push_back({"every op of the list is met in a program that runs", missing.empty() ? "all of them" : "missing: " + missing, missing.empty()});
    for (const std::string_view op : autodiff::ops::List::names) evidence.findings.push_back(finding_of(op, tallies[op]));
    evidence.figures.push_back(figure_of(std::move(products)));
    return evidence;
}

Evidence run(const Setting& setting) { return evidence_of(setting, false); }
Evidence run_broken(const Setting& setting) { return evidence_of(setting, true); }

}  // namespace

Claim reverse_is_transpose() {
    Claim claim{.id = "reverse-is-transpose",
                .title = "Reverse mode is the transpose of forward mode",
                .source = "Griewank & Walther 2008, Sections 3.2 and 3.3",
                .explanation =
                    R"(A program is a composition of elementary operations. Its tangent applies their Jacobians in the order of evaluation, $\dot{y} = J \dot{x}$; its reverse sweep applies the transposes in the opposite order, $\bar{x} = J^\top \bar{y}$. Everything else in this collection leans on the second being the transpose of the first, for each operation.

Every operation is recorded in small programs, with samples of a batch, shared inputs, parameters, scalars that meet arrays, and programs that call programs. For random directions $\langle v, Ju \rangle$ by the tangent and $\langle J^\top v, u \rangle$ by the sweep have to be the same number: in rational numbers and in the field of $2^{61} - 1$ elements where the operation is rational, to 45 digits where it is not.

Both could be wrong alike. So the tangent is also compared with a difference quotient of the program's values at 50 digits, which knows nothing of derivatives.)",
                .readings = {}};
    claim.readings = {{.name = "precise",
                       .statement = R"($\langle v, J u \rangle = \langle J^\top v, u \rangle$ and $\langle v, J u \rangle = \frac{d}{d\varepsilon} \langle v, y(x + \varepsilon u) \rangle$ at $\varepsilon = 0$, for every operation.)",
                       .expected = always(true),
                       .run = run,
                       .control = {"One sign is broken: the sweep through a difference is that of a sum.", std::string(autodiff::ops::Subtract::name), run_broken}}};
    claim.axes = {.seed = true,
                  .no_model = "it looks at every operation in programs of its own; lambda-delta and dto-is-partner hold the sweep through a network against "
                              "its tangent"};
    return claim;
}

}  // namespace costate::claims
