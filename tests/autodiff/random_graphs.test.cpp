// 1,000 random graphs of up to 200 ops against a second implementation: sample by sample, one vector a node, adjoints in a map.
#include "naive.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

using namespace costate;
using namespace costate::autodiff;
using namespace costate::autodiff::test;
using namespace costate::autodiff::test::naive;

namespace {

template <class T>
Var<T> record_op(const Step& s, const std::vector<Var<T>>& v) {
    const auto& a = s.arguments;
    switch (s.kind) {
    case Kind::number: return Var<T>(s.number);
    case Kind::add: return v[a[0]] + v[a[1]];
    case Kind::sub: return v[a[0]] - v[a[1]];
    case Kind::mul: return v[a[0]] * v[a[1]];
    case Kind::div: return v[a[0]] / v[a[1]];
    case Kind::neg: return -v[a[0]];
    case Kind::pow: return pow(v[a[0]], s.number);
    case Kind::sum: return sum(v[a[0]]);
    case Kind::dot: return dot(v[a[0]], v[a[1]]);
    case Kind::combine:
        return linear_combination<T>({coefficient<T>(0), coefficient<T>(1), coefficient<T>(2)}, {v[a[0]], v[a[1]], v[a[2]]});
    case Kind::concat: return concat(v[a[0]], v[a[1]]);
    case Kind::slice: return v[a[0]].slice(static_cast<std::size_t>(s.number), s.size);
    case Kind::linear: return linear(v[a[0]], v[a[1]]);
    default: break;
    }
    if constexpr (TranscendentalScalar<T>) {
        if (s.kind == Kind::sin) return sin(v[a[0]]);
        if (s.kind == Kind::tanh) return tanh(v[a[0]]);
        if (s.kind == Kind::sigmoid) return sigmoid(v[a[0]]);
    }
    throw std::logic_error("no such op");
}

template <class T>
Program<T> record(const Description& d, const std::vector<T>& theta) {
    Tape<T> tape;
    std::vector<Var<T>> v;
    for (const Step& s : d.steps) {
        if (s.kind == Kind::input)
            v.push_back(tape.input(s.size, s.shared ? Sharing::shared : Sharing::per_sample,
                                   std::string("x").append(std::to_string(v.size()))));
        else if (s.kind == Kind::parameter) v.push_back(tape.parameter(theta, "theta"));
        else if (s.kind == Kind::number) v.push_back(tape.constant(T(s.number)));
        else v.push_back(record_op(s, v));
    }
    for (const std::size_t o : d.outputs) tape.output(v[o]);
    return freeze(tape);
}

/// What pullback should give, sample by sample.
template <class T>
Pulled<T> second_implementation(const Description& d, const Program<T>& program, const Arrays<T>& in, const Arrays<T>& out_bar,
                                std::size_t batch) {
    const std::vector<T> theta(program.parameters().begin(), program.parameters().end());
    Pulled<T> r{zeros<T>(program.outputs(), batch), zeros<T>(program.inputs(), batch), std::vector<T>(theta.size(), T(0))};
    for (std::size_t b = 0; b < batch; ++b) {
        const auto begin = [&](std::size_t node) { return d.steps[node].shared ? 0 : b * d.steps[node].size; };
        std::vector<std::vector<T>> leaves, bars;
        for (std::size_t i = 0; i < 3; ++i) leaves.emplace_back(&in[i][begin(i)], &in[i][begin(i)] + d.steps[i].size);
        leaves.push_back(theta);
        for (std::size_t k = 0; k < 3; ++k) {
            const std::size_t n = d.steps[d.outputs[k]].size;
            bars.emplace_back(&out_bar[k][b * n], &out_bar[k][b * n] + n);
        }
        Naive<T> naive(d, leaves);
        for (std::size_t k = 0; k < 3; ++k) {
            const auto& y = naive.at(d.outputs[k]);
            std::copy(y.begin(), y.end(), &r.out[k][b * y.size()]);
        }
        const auto adjoints = naive.reverse(bars);
        for (std::size_t i = 0; i < 3; ++i)
            for (std::size_t j = 0; j < d.steps[i].size; ++j) r.in_bar[i][begin(i) + j] += adjoints.at(i)[j];
        for (std::size_t j = 0; j < theta.size(); ++j) r.theta_bar[j] += adjoints.at(3)[j];
    }
    return r;
}

/// The largest difference as `distance` measures it; <v, J u> against <J^T v, u> too.
template <class T, class Distance>
double compare(std::uint64_t seed, Distance distance) {
    const Description d = Generator(seed, TranscendentalScalar<T>).make();
    std::mt19937_64 random(seed + 1000000);
    const std::size_t batch = 1 + random() % 3;
    const Program<T> program = record(d, random_values<T>(d.steps[3].size, random));
    const auto in = random_arrays<T>(program.inputs(), batch, random), v = random_arrays<T>(program.outputs(), batch, random);
    const auto pulled = pullback(program, in, v, batch), expected = second_implementation(d, program, in, v, batch);
    double w = 0;
    const auto see = [&](const std::vector<T>& a, const std::vector<T>& b) {
        for (std::size_t j = 0; j < a.size(); ++j) w = std::max(w, distance(a[j], b[j]));
    };
    for (std::size_t k = 0; k < 3; ++k) see(pulled.out[k], expected.out[k]);
    for (std::size_t i = 0; i < 3; ++i) see(pulled.in_bar[i], expected.in_bar[i]);
    see(pulled.theta_bar, expected.theta_bar);
    const auto u = random_arrays<T>(program.inputs(), batch, random);
    const auto theta_dot = random_values<T>(program.parameter_count(), random);
    const auto pushed = pushforward(program, in, u, theta_dot, batch);
    see({inner(v, pushed.out_dot)}, {T(inner(pulled.in_bar, u) + inner(pulled.theta_bar, theta_dot))});
    return w;
}

}  // namespace

TEST_CASE("1,000 random graphs in Z/p: values, vjp and jvp equal those of the second implementation") {
    const auto equal = [](PrimeField a, PrimeField b) { return a == b ? 0.0 : 1.0; };
    std::size_t compared = 0;
    for (std::uint64_t seed = 0; compared < 1000 && seed < 2000; ++seed) {
        INFO("graph " << seed);
        double worst = 1;
        try {
            worst = compare<PrimeField>(seed, equal);
        } catch (const std::domain_error&) {  // divides by something like x - x: no graph to compare
            continue;
        }
        ++compared;
        REQUIRE(worst == 0);
    }
    CHECK(compared == 1000);
}

TEST_CASE("random graphs with transcendental ops at 50 digits") {
    // Towers of cubes grow past any fixed error: graphs whose numbers leave [-1e6, 1e6] are not compared, and at least
    // half remain.
    std::size_t compared = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        INFO("graph " << seed);
        double largest = 0;
        const double w = compare<Mpfr50>(seed, [&](const Mpfr50& a, const Mpfr50& b) {
            const double size = std::abs(static_cast<double>(b));
            largest = size <= largest ? largest : size;
            return std::abs(static_cast<double>(Mpfr50(a - b))) / std::max(1.0, size);
        });
        if (!(largest <= 1e6)) continue;
        ++compared;
        REQUIRE(w <= 1e-30);
    }
    CHECK(compared >= 100);
}

TEST_CASE("negative control: one changed coefficient in one graph is noticed") {
    std::size_t noticed = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const Description d = Generator(seed, false).make();
        std::mt19937_64 random(seed);
        const auto theta = random_values<PrimeField>(d.steps[3].size, random);
        const auto program = record(d, theta);
        const auto in = random_arrays<PrimeField>(program.inputs(), 1, random),
                   v = random_arrays<PrimeField>(program.outputs(), 1, random);
        const auto right = pullback(program, in, v, 1);
        auto& code =
            const_cast<autodiff::detail::Plan<PrimeField>&>(*program.plan()).routine(autodiff::detail::Mode::reverse).code;
        for (auto& i : code) {
            if (i.op != ops::index_of<ops::Subtract>) continue;
            i.op = ops::index_of<ops::Add>;
            break;
        }
        const auto wrong = pullback(program, in, v, 1);
        if (wrong.in_bar != right.in_bar || wrong.theta_bar != right.theta_bar) ++noticed;
    }
    CHECK(noticed >= 5);
}
