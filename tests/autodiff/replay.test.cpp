// Replays allocate nothing once warm, are re-entrant, and give a sample the same bits in every batch.
#include "support.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <thread>

using namespace costate;
using namespace costate::autodiff;
using namespace costate::autodiff::test;

namespace {
std::atomic<std::size_t> allocations{0};
}

[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* p = std::malloc(size)) return p;
    throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
    ++allocations;
    const auto a = static_cast<std::size_t>(alignment);
    if (void* p = std::aligned_alloc(a, (size + a - 1) / a * a)) return p;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace {

/// A residual network on (t, x) with a called program, scalar code and a guard in it.
template <class T>
Program<T> network() {
    std::mt19937_64 random(2);
    Tape<T> inner;
    const Var<T> z = inner.input(8, Sharing::per_sample, "z");
    inner.output(tanh(linear(z, inner.parameter(random_values<T>(64, random), {8, 8}, "v"))));
    const auto program = std::make_shared<const Program<T>>(freeze(inner));

    Tape<T> tape;
    const std::vector<T> example{T(1) / T(2)};
    const Var<T> t = tape.input(1, Sharing::shared, "t", example), x = tape.input(5, Sharing::per_sample, "x");
    const Var<T> embedded = concat(x, time_embedding(t, tape.constant(std::vector<T>{T(1), T(2)})));
    const Var<T> w1 = tape.parameter(random_values<T>(72, random), {8, 9}, "w1"),
                 b1 = tape.parameter(random_values<T>(8, random), "b1");
    const Var<T> h = silu(linear(embedded, w1, b1));
    const Var<T> k = tape.parameter(random_values<T>(36, random), {2, 2, 3, 3}, "k"), a = tape.parameter(random_values<T>(2, random), "a");
    const ConvolutionShape image{.channels = 2, .height = 2, .width = 2, .outputs = 2, .kernel_height = 3, .kernel_width = 3,
                                 .top = 1, .left = 1, .bottom = 1, .right = 1};
    const Var<T> picture = silu(normalise(silu(conv2d(h, k, a, image)), a, a, {.channels = 2, .pixels = 4, .groups = 2}, T(1) / T(8)));
    const Var<T> g = call(program, {h})[0] + add_channel(avg_pool2d(upsample_nearest(picture, {2, 2, 2}, 2), {2, 4, 4}, 2), a);
    const Var<T> w2 = tape.parameter(random_values<T>(40, random), {5, 8}, "w2");
    const Var<T> y = linear(g * g, w2) / (2 + dot(g, g));
    tape.output(t > 0 ? y * x[0] : y);
    return freeze(tape);
}

template <class T>
struct Calls {
    Program<T> p = network<T>();
    std::size_t batch;
    Arrays<T> in, v, u, out, dot, bar;
    std::vector<T> theta_bar, theta_dot;
    Workspace<T> ws;
    Record<T> record;
    std::vector<std::span<const T>> in_s, v_s, u_s;
    std::vector<std::span<T>> out_s, dot_s, bar_s;

    explicit Calls(std::size_t samples) : batch(samples) {
        std::mt19937_64 random(3);
        in = random_arrays<T>(p.inputs(), batch, random);
        in[0][0] = T(3) / T(4);
        v = random_arrays<T>(p.outputs(), batch, random);
        u = random_arrays<T>(p.inputs(), batch, random);
        out = dot = zeros<T>(p.outputs(), batch);
        bar = zeros<T>(p.inputs(), batch);
        theta_bar.assign(p.parameter_count(), T(0));
        theta_dot = random_values<T>(p.parameter_count(), random);
        in_s = read(in), v_s = read(v), u_s = read(u), out_s = write(out), dot_s = write(dot), bar_s = write(bar);
    }
    void all() {
        p.forward(in_s, out_s, batch, ws);
        p.forward(in_s, out_s, batch, record, ws);
        p.pullback(record, v_s, bar_s, theta_bar, ws);
        p.pushforward(in_s, u_s, theta_dot, out_s, dot_s, batch, ws);
    }
};

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

}  // namespace

TEMPLATE_TEST_CASE("nothing is allocated once warm, for that batch and smaller ones", "", float, double, (long double), Mpfr50) {
    Calls<TestType> warm(4), small(2);
    std::size_t before = allocations;
    warm.all();
    CHECK(allocations > before);  // the counter counts
    small.ws = warm.ws;
    small.record = warm.record;
    before = allocations;
    warm.all();
    small.all();
    CHECK(allocations == before);
}

TEMPLATE_TEST_CASE("a sample's bits do not depend on the batch it is in", "", float, double) {
    using T = TestType;
    for (const std::size_t batch : {2u, 3u, 7u, 16u, 33u}) {
        Calls<T> together(batch);
        together.all();
        for (std::size_t b = 0; b < batch; ++b) {
            Calls<T> alone(1);
            const auto row = [b](const std::vector<T>& a) {
                return std::vector<T>(a.begin() + static_cast<long>(5 * b), a.begin() + static_cast<long>(5 * b + 5));
            };
            alone.in = {together.in[0], row(together.in[1])};
            alone.v = {row(together.v[0])};
            alone.u = {together.u[0], row(together.u[1])};
            alone.theta_dot = together.theta_dot;
            alone.in_s = read(alone.in), alone.v_s = read(alone.v), alone.u_s = read(alone.u);
            alone.all();
            CHECK(same_bits(alone.out[0], row(together.out[0])));
            CHECK(same_bits(alone.dot[0], row(together.dot[0])));
            CHECK(same_bits(alone.bar[1], row(together.bar[1])));
        }
    }
}

TEST_CASE("many threads replay one program with equal bits") {
    Calls<double> expected(9);
    expected.all();
    const Program<double>& program = expected.p;
    constexpr std::size_t count = 4;
    std::vector<std::unique_ptr<Calls<double>>> results;
    for (std::size_t i = 0; i < count; ++i) {
        results.push_back(std::make_unique<Calls<double>>(9));
        results.back()->p = program;
    }
    std::vector<std::thread> threads;
    for (auto& r : results) {
        threads.emplace_back([&program, c = r.get()] {
            for (int i = 0; i < 50; ++i) {
                for (auto& a : c->bar) std::fill(a.begin(), a.end(), 0.0);
                std::fill(c->theta_bar.begin(), c->theta_bar.end(), 0.0);
                program.forward(c->in_s, c->out_s, c->batch, c->record, c->ws);
                program.pullback(c->record, c->v_s, c->bar_s, c->theta_bar, c->ws);
                program.pushforward(c->in_s, c->u_s, c->theta_dot, c->out_s, c->dot_s, c->batch, c->ws);
            }
        });
    }
    for (auto& t : threads) t.join();
    for (const auto& r : results) {
        CHECK(same_bits(r->out[0], expected.out[0]));
        CHECK(same_bits(r->dot[0], expected.dot[0]));
        CHECK(same_bits(r->bar[0], expected.bar[0]));
        CHECK(same_bits(r->bar[1], expected.bar[1]));
        CHECK(same_bits(r->theta_bar, expected.theta_bar));
    }
}

TEST_CASE("a long scalar chain reuses its workspace: its size does not grow with the number of ops") {
    const auto bytes = [](int steps) {
        Tape<double> tape;
        Var<double> x = tape.input(1, Sharing::per_sample, "x");
        for (int i = 0; i < steps; ++i) x = sin(x) * x + 1;
        tape.output(x);
        return freeze(tape).summary();
    };
    CHECK(bytes(10).workspace_bytes == bytes(1000).workspace_bytes);
    CHECK(bytes(10).record_bytes < bytes(1000).record_bytes);
}
