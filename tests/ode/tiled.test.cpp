// A batch cut into tiles on threads: x₁, ∇ₓL and L bitwise, sums to rounding, == in a prime field, nothing allocated.
#include "ode/gradient/methods.hpp"
#include "ode/gradient/tile_rows.hpp"
#include "ode/gradient/tiled.hpp"
#include "scalar/prime_field.hpp"
#include "tests/ode/allocations.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;

namespace {

// 1/7, 2/7, … without a pattern that repeats after a tile
template <class T>
std::vector<T> values(std::size_t count, std::int64_t seed) {
    std::vector<T> result;
    for (std::size_t i = 0; i < count; ++i) result.push_back(from_rational<T>(ratio((static_cast<std::int64_t>(i) * 29 + seed) % 41 - 20, 23)));
    return result;
}

template <class F, class T, class Method = dto::StoreAll, class Loss>
GradientResult<T> tiled(F f, const Loss& loss, const std::vector<T>& x0, Tiling tiling, const char* tableau = "rk4", GradientOptions options = {}) {
    TiledGradient<Method, F, T> gradient(f, find_tableau(tableau), tiling);
    GradientResult<T> result;
    gradient(loss, T(0), T(1), 3, x0, options, result);
    return result;
}

template <class F, class T, class Method = dto::StoreAll, class Loss>
GradientResult<T> whole(F f, const Loss& loss, const std::vector<T>& x0, const char* tableau = "rk4") {
    return Method{}(f, loss, find_tableau(tableau), T(0), T(1), 3, x0);
}

void close(const std::vector<double>& a, const std::vector<double>& b) {
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == Approx(b[i]).epsilon(1e-12));
}

template <class F>
void bitwise() {
    const F f{parameters<double>()};
    for (const std::size_t batch : {1, 64, 100}) {
        const std::vector<double> x0 = values<double>(2 * batch, 3);
        const SquaredDistance<double> loss(values<double>(2 * batch, 8));
        const auto expected = whole<F, double>(f, loss, x0);
        for (const std::size_t rows : {0, 1, 7, 56, 64}) {
            INFO("batch " << batch << ", rows " << rows);
            const auto one = tiled<F, double>(f, loss, x0, {rows, 1}), two = tiled<F, double>(f, loss, x0, {rows, 2});
            CHECK(one.x_bar == expected.x_bar);
            CHECK(one.x1 == expected.x1);
            CHECK(one.loss == Approx(expected.loss).epsilon(1e-13));
            CHECK(one.loss == tiled<F, double>(f, loss, x0, {3, 1}).loss);
            close(one.theta_bar, expected.theta_bar);
            CHECK(one.t0_bar == Approx(expected.t0_bar).epsilon(1e-12));
            CHECK(one.t1_bar == Approx(expected.t1_bar).epsilon(1e-12));
            // whatever the threads
            CHECK(two.x_bar == one.x_bar);
            CHECK(two.x1 == one.x1);
            CHECK(two.loss == one.loss);
            CHECK(two.theta_bar == one.theta_bar);
            CHECK(two.t0_bar == one.t0_bar);
            CHECK(two.t1_bar == one.t1_bar);
            const std::size_t tiles = rows == 0 ? 1 : (batch + rows - 1) / rows;
            CHECK(one.cost.evaluations == tiles * expected.cost.evaluations);
            CHECK(one.cost.vjps == tiles * expected.cost.vjps);
        }
    }
}

// Which threads touched it, and with how many samples; shared by copies.
struct Seen : RecordingPolynomial<double> {
    struct Calls {
        std::atomic<std::size_t> samples = 0, threads = 0;
    };
    std::shared_ptr<Calls> calls = std::make_shared<Calls>();
    std::thread::id mine{};
    using RecordingPolynomial<double>::RecordingPolynomial;

    void forward(const double& t, std::span<const double> x, std::span<double> dx, Record& record) {
        if (mine != std::this_thread::get_id()) {
            mine = std::this_thread::get_id();
            ++calls->threads;
            // until the other thread has come, or a while has passed
            for (int i = 0; i < 2000 && calls->threads < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        calls->samples += x.size() / 2;
        RecordingPolynomial<double>::forward(t, x, dx, record);
    }
};

}  // namespace

TEST_CASE("the end, its gradient and the loss do not depend on the tiles, sums not on the threads") {
    bitwise<Polynomial<double>>();
    bitwise<RecordingPolynomial<double>>();
}

TEST_CASE("every gradient method in tiles") {
    const std::vector<double> x0 = values<double>(2 * 20, 3);
    const SquaredDistance<double> loss(target<double>());  // one sample for all
    for_each_gradient_method([&]<class Method>(const Method& method) {
        INFO(method.name);
        using F = Polynomial<double>;
        const F f{parameters<double>()};
        const auto one = tiled<F, double, Method>(f, loss, x0, {7, 2}), expected = whole<F, double, Method>(f, loss, x0);
        CHECK(one.x1 == expected.x1);
        close(one.theta_bar, expected.theta_bar);
        if (std::is_same_v<Method, ForwardSensitivities>) close(one.x_bar, expected.x_bar);
        else CHECK(one.x_bar == expected.x_bar);
    });
}

TEST_CASE("in a prime field tiles change nothing") {
    using P = PrimeField;
    const std::vector<P> x0 = values<P>(2 * 13, 5);
    const LinearFunctional<P> each(values<P>(2 * 13, 9)), all(values<P>(2, 4));
    const Polynomial<P> f{parameters<P>()};
    for (const auto* loss : {&each, &all}) {
        const auto expected = whole<Polynomial<P>, P>(f, *loss, x0), tiles = tiled<Polynomial<P>, P>(f, *loss, x0, {4, 2});
        CHECK(tiles.x_bar == expected.x_bar);
        CHECK(tiles.theta_bar == expected.theta_bar);
        CHECK(tiles.loss == expected.loss);
        CHECK(tiles.t0_bar == expected.t0_bar);
        CHECK(tiles.t1_bar == expected.t1_bar);
    }
    // control: parts of another batch's loss are noticed
    const LinearFunctional<P> shifted(values<P>(2 * 13, 10));
    CHECK(tiled<Polynomial<P>, P>(f, shifted, x0, {4, 2}).x_bar != whole<Polynomial<P>, P>(f, each, x0).x_bar);
}

TEST_CASE("a solve in tiles is the solve") {
    RecordingPolynomial<double> f{parameters<double>()};
    const std::vector<double> x0 = values<double>(2 * 100, 3), expected = solve<double>(find_tableau("rk4"), f, 0.0, 1.0, 3, x0);
    for (const std::size_t rows : {0, 1, 7, 64})
        for (const std::size_t threads : {1, 2}) {
            TiledSolve<RecordingPolynomial<double>, double> tiles(f, find_tableau("rk4"), {rows, threads});
            std::vector<double> x1(x0.size());
            tiles(0, 1, 3, x0, x1);
            CHECK(x1 == expected);
        }
    TiledSolve<RecordingPolynomial<double>, double> tiles(f, find_tableau("rk4"), {7, 1});
    std::vector<double> short_end(4);
    CHECK_THROWS_AS(tiles(0, 1, 3, x0, short_end), std::invalid_argument);
    std::vector<double> x1(x0.size());
    CHECK_THROWS_AS(tiles(0, 1, 0, x0, x1), std::invalid_argument);
}

TEST_CASE("warm tiles allocate nothing") {
    const RecordingPolynomial<double> f{parameters<double>()};
    const std::vector<double> x0 = values<double>(2 * 100, 3);
    const SquaredDistance<double> loss(values<double>(2 * 100, 8));
    TiledGradient<dto::StoreAll, RecordingPolynomial<double>, double> gradient(f, find_tableau("rk4"), {14, 1});
    GradientResult<double> result;
    const auto counted = [&] {
        const std::size_t before = allocations;
        gradient(loss, 0.0, 1.0, 3, x0, GradientOptions{}, result);
        return allocations - before;
    };
    CHECK(counted() > 0);
    const auto first = result.x_bar;
    CHECK(counted() == 0);
    CHECK(result.x_bar == first);
}

TEST_CASE("two threads share a batch, and what a field throws arrives") {
    const std::vector<double> x0 = values<double>(2 * 64, 3);
    const SquaredDistance<double> loss(target<double>());
    const Seen f{parameters<double>()};
    const std::size_t rows = tile_rows({.sample = 1, .weights = 1, .cache = 1 << 20}, 64, 2);
    CHECK(rows == 32);
    (void)tiled<Seen, double>(f, loss, x0, {rows, 2});
    CHECK(f.calls->samples == 64 * 4 * 3);
    CHECK(f.calls->threads == std::min<std::size_t>(2, kernels::thread_count()));
    CHECK_THROWS_AS((tiled<Seen, double>(f, SquaredDistance<double>(values<double>(5, 1)), x0, {rows, 2})), std::invalid_argument);
    CHECK_THROWS_AS((tiled<Seen, double>(f, loss, values<double>(5, 1), {rows, 2})), std::invalid_argument);
}

TEST_CASE("the rows of a tile follow the cache") {
    constexpr std::size_t mega = 1 << 20;
    // weights that stay: a quarter of the cache for the samples
    CHECK(tile_rows({.sample = 1024, .weights = mega / 2, .cache = mega}) == 252);
    CHECK(tile_rows({.sample = 2048, .weights = mega / 2, .cache = mega}) == 126);  // 128 fit
    CHECK(tile_rows({.sample = 4096, .weights = mega / 2, .cache = mega}) == 42);   // 64 fit
    CHECK(tile_rows({.sample = 8192, .weights = mega / 2, .cache = mega}) == 28);   // 32 fit
    CHECK(tile_rows({.sample = mega / 16, .weights = 0, .cache = mega}) == 4);
    CHECK(tile_rows({.sample = mega, .weights = 0, .cache = mega}) == 1);
    // weights that do not: three quarters
    CHECK(tile_rows({.sample = 4096, .weights = 4 * mega, .cache = mega}) == 168);  // 192 fit
    CHECK(tile_rows({.sample = 8192, .weights = 4 * mega, .cache = mega}) == 126);  // 96 fit, the fewest that hide the weights' way
    CHECK(tile_rows({.sample = 1, .weights = 4 * mega, .cache = mega}) == 252);
    // nobody is without work
    for (const std::size_t batch : {64, 65, 100, 1024}) {
        const std::size_t rows = tile_rows({.sample = 1, .weights = 0, .cache = mega}, batch, 2);
        CHECK((batch + rows - 1) / rows >= 2);
    }
    CHECK(tile_rows({.sample = 1, .weights = 0, .cache = mega}, 20, 2) == 20);
    CHECK(tile_rows({.sample = 1, .weights = 0, .cache = mega}, 64, 1) == 64);
}

TEST_CASE("with parameters the rows of a tile are many, and no matter how many threads there are") {
    constexpr std::size_t mega = 1 << 20;
    const TileBytes few{.sample = mega / 64, .weights = mega / 2, .cache = mega}, streams{.sample = 4096, .weights = 4 * mega, .cache = mega};
    CHECK(tile_rows(few) == 14);  // 16 fit: too few for products that sum over them
    CHECK(tile_rows_for_theta(few, 1024) == 42);
    CHECK(tile_rows_for_theta(few, 64) == 32);
    CHECK(tile_rows_for_theta(few, 20) == 20);
    CHECK(tile_rows_for_theta(few, 1) == 1);
    CHECK(tile_rows_for_theta({.sample = 1024, .weights = mega / 2, .cache = mega}, 1024) == 252);
    CHECK(tile_rows_for_theta(streams, 64) == 64);
    CHECK(tile_rows_for_theta(streams, 1024) == 168);
}
