// Batches whose samples step by themselves: every sample's solve and gradient is bitwise its own, on scalar programs and on networks, and lanes
// stay busy. Run at every vector width of the machine.
#include "autodiff/array_functions.hpp"
#include "autodiff/sample_time_field.hpp"
#include "ode/adaptive/batch.hpp"
#include "ode/gradient/adaptive_batch.hpp"
#include "nn/sample_time_field.hpp"
#include "ode/gradient/adaptive_dto.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <numeric>
#include <random>

using namespace costate;
using namespace costate::ode;
using namespace costate::autodiff;
using Catch::Matchers::Contains;

namespace {

/// Van der Pol, driven; x₂ is its stiffness, which a sample keeps.
struct Driven {
    template <class V>
    void operator()(const V& t, std::span<const V> x, std::span<const V> p, std::span<V> dx) const {
        dx[0] = x[1];
        dx[1] = x[2] * (p[0] - x[0] * x[0]) * x[1] - x[0] + p[1] * sin(t);
        dx[2] = x[2] * (p[0] - p[0]);
    }
};

template <class T>
SampleTimeProgramField<T> driven() {
    return SampleTimeProgramField<T>(record_sample_time_field<T>(3, std::vector<T>{T(1), T(0.5)}, Driven{}));
}

/// Three layers on (x, t).
template <class T>
SampleTimeProgramField<T> network() {
    std::mt19937 random(5);
    std::normal_distribution<double> normal(0, 1);
    const auto weights = [&](std::size_t count, double size) {
        std::vector<T> values(count);
        for (T& v : values) v = static_cast<T>(size * normal(random));
        return values;
    };
    Tape<T> tape;
    const Var<T> t = tape.input(1, Sharing::per_sample, "t"), x = tape.input(3, Sharing::per_sample, "x");
    Var<T> h = concat(x, t);
    h = tanh(linear(h, tape.parameter(weights(80, 1), Shape{20, 4}, "w0"), tape.parameter(weights(20, 1), Shape{20}, "b0")));
    h = silu(linear(h, tape.parameter(weights(400, 0.4), Shape{20, 20}, "w1"), tape.parameter(weights(20, 1), Shape{20}, "b1")));
    tape.output(linear(h, tape.parameter(weights(60, 0.4), Shape{3, 20}, "w2"), tape.parameter(weights(3, 1), Shape{3}, "b2")), "u");
    return SampleTimeProgramField<T>(freeze(tape));
}

/// Samples of which some are 100 times as hard as others; two of those on which a Driven fails.
template <class T>
std::vector<T> starts(std::size_t batch, bool failing) {
    std::mt19937 random(11);
    std::uniform_real_distribution<double> uniform(-1, 1);
    std::vector<T> x;
    for (std::size_t b = 0; b < batch; ++b)
        for (const double v : {2 * uniform(random), uniform(random), std::pow(10, 1.5 * uniform(random))}) x.push_back(static_cast<T>(v));
    if (failing) x[3 * 2 + 1] = static_cast<T>(NAN), x[3 * 5 + 2] = static_cast<T>(1e30), x[3 * 7 + 2] = static_cast<T>(5000);
    return x;
}

template <class T>
AdaptiveOptions<T> wanted(double tolerance) {
    AdaptiveOptions<T> options;
    options.tolerance.rtol = options.tolerance.atol = static_cast<T>(tolerance);
    options.max_steps = 400;
    options.save_at = {T(0), T(0.3), T(1.1), T(2.9), T(3)};
    return options;
}

template <class T>
std::vector<T> row(const std::vector<T>& x, std::size_t b) {
    return {x.begin() + static_cast<std::ptrdiff_t>(3 * b), x.begin() + static_cast<std::ptrdiff_t>(3 * b + 3)};
}

/// Bit by bit, also the sign of a zero; all but which sample a status names.
template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
    const auto equal = [](const T& p, const T& q) { return (p == q && std::signbit(p) == std::signbit(q)) || (p != p && q != q); };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), equal);
}
template <class T>
bool same(const AdaptiveResult<T>& a, const AdaptiveResult<T>& b) {
    const Status &s = a.status, &r = b.status;
    const bool bad = s.non_finite.has_value() == r.non_finite.has_value() &&
                     (!s.non_finite || (s.non_finite->step == r.non_finite->step && s.non_finite->stage == r.non_finite->stage && s.non_finite->t == r.non_finite->t &&
                                        s.non_finite->h == r.non_finite->h && s.non_finite->component == r.non_finite->component));
    return bad && s.outcome == r.outcome && s.t == r.t && s.h == r.h && s.steps == r.steps && s.limit == r.limit && same(a.times, b.times) && same(a.x1, b.x1) &&
           same(a.saved, b.saved) && a.counts == b.counts;
}

template <class T, class F>
std::vector<AdaptiveResult<T>> alone(F f, const Tableau& pair, const std::vector<T>& x0, const AdaptiveOptions<T>& options) {
    std::vector<AdaptiveResult<T>> results;
    for (std::size_t b = 0; 3 * b < x0.size(); ++b) results.push_back(solve_adaptive<T>(pair, f, T(0), T(3), row(x0, b), options));
    return results;
}

/// All at once in so many lanes, permuted, in two parts, and each sample between strangers.
template <class T, class F>
void check_independent(F f, const char* name, double tolerance, bool failing) {
    const Tableau& pair = find_tableau(name);
    const std::vector<T> x0 = starts<T>(21, failing);
    const AdaptiveOptions<T> options = wanted<T>(tolerance);
    const auto expected = alone<T>(f, pair, x0, options);
    std::vector<std::size_t> order(21);
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (const std::size_t lanes : {1, 3, 8, 64}) {
        INFO(name << ", " << lanes << " lanes");
        const BatchOptions how{BatchSteps::per_sample, lanes};
        std::shuffle(order.begin(), order.end(), std::mt19937(static_cast<unsigned>(lanes)));
        for (const std::size_t part : {21, 13}) {
            std::vector<T> batch;
            for (std::size_t i = 0; i < part; ++i) batch.insert(batch.end(), x0.begin() + static_cast<std::ptrdiff_t>(3 * order[i]),
                                                                x0.begin() + static_cast<std::ptrdiff_t>(3 * order[i] + 3));
            const auto result = solve_batch<T>(pair, f, T(0), T(3), batch, options, how);
            REQUIRE(result.samples.size() == part);
            std::size_t evaluations = 0;
            for (std::size_t i = 0; i < part; ++i) {
                INFO("sample " << order[i] << ": " << result.samples[i].status.sentence() << "; alone: " << expected[order[i]].status.sentence());
                CHECK(same(result.samples[i], expected[order[i]]));
                if (result.samples[i].status.non_finite) CHECK(result.samples[i].status.non_finite->sample == i);
                evaluations += result.samples[i].counts.evaluations;
            }
            CHECK(result.counts.rows == evaluations);
        }
    }
    if (failing) CHECK(expected[2].status.outcome == Outcome::non_finite);
    if (failing) CHECK(expected[5].status.outcome != Outcome::success);
    if (failing) CHECK(expected[7].status.outcome == Outcome::too_many_steps);
    CHECK(expected[0].status.ok());
}

}  // namespace

TEST_CASE("a sample's solve is bitwise that of the sample alone, whoever else is in the batch and in whichever lane") {
    check_independent<double>(driven<double>(), "dormand-prince", 1e-6, true);
    check_independent<double>(driven<double>(), "cash-karp", 1e-6, true);
    check_independent<double>(driven<double>(), "dop853", 1e-9, true);
    check_independent<double>(driven<double>(), "verner-87", 1e-8, true);
    check_independent<float>(driven<float>(), "tsitouras", 1e-4, true);
    check_independent<double>(network<double>(), "dormand-prince", 1e-7, false);
    check_independent<float>(network<float>(), "bogacki-shampine", 1e-4, false);
}

TEST_CASE("controls: on a common grid a sample hears of its neighbours, and a field that mixes samples is found out") {
    const Tableau& pair = find_tableau("dormand-prince");
    auto f = driven<double>();
    const std::vector<double> x0 = starts<double>(6, false);
    std::vector<double> other = x0;
    other[3 * 5 + 2] = 40;
    const auto options = wanted<double>(1e-6);
    const BatchOptions common{BatchSteps::common, 64};
    const auto a = solve_batch<double>(pair, f, 0., 3., x0, options, common), b = solve_batch<double>(pair, f, 0., 3., other, options, common);
    CHECK_FALSE(same(a.samples[0], b.samples[0]));
    const auto whole = solve_adaptive<double>(pair, f, 0., 3., x0, options);  // which is what it is
    CHECK(a.samples[3].times == whole.times);
    CHECK(a.samples[3].x1 == row(whole.x1, 3));
    CHECK(a.samples[3].saved.size() == 3 * options.save_at.size());
    CHECK(a.successes() == 6);
    struct Mixing {
        [[nodiscard]] std::size_t dim() const { return 3; }
        void at_times(std::span<const double>, std::span<const double> x, std::span<double> dx) {
            for (std::size_t i = 0; i < x.size(); ++i) dx[i] = x[(i + 3) % x.size()] - x[i];
        }
        void operator()(const double& t, std::span<const double> x, std::span<double> dx) { at_times({&t, 1}, x, dx); }
    } mixing;
    CHECK_FALSE(same(solve_batch<double>(pair, mixing, 0., 3., x0, options).samples[0], alone<double>(mixing, pair, x0, options)[0]));
    CHECK_THROWS_WITH(solve_batch<double>(pair, f, 0., 3., x0, options, {BatchSteps::per_sample, 0}), Contains("0 lanes"));
}

TEST_CASE("no time to go, one evaluation allowed, a caller who stops one sample") {
    const Tableau& pair = find_tableau("tsitouras");
    auto f = driven<double>();
    const std::vector<double> x0 = starts<double>(5, false);
    AdaptiveOptions<double> options;
    options.save_at = {0};
    const auto nowhere = solve_batch<double>(pair, f, 0., 0., x0, options);
    CHECK(nowhere.successes() == 5);
    CHECK(nowhere.samples[4].x1 == row(x0, 4));
    CHECK(nowhere.samples[4].saved == row(x0, 4));
    options.max_evaluations = 1;
    CHECK(solve_batch<double>(pair, f, 0., 3., x0, options).samples[3].status.outcome == Outcome::too_many_evaluations);
    std::size_t heard = 0;
    const auto stopped = solve_batch<double>(pair, f, 0., 3., x0, {}, {}, [&](const LaneStep<double>& step) { return step.sample != 2 || ++heard < 2; });
    CHECK(stopped.samples[2].status.outcome == Outcome::stopped);
    CHECK(stopped.samples[2].counts.accepted == 2);
    CHECK(stopped.successes() == 4);
}

namespace {

template <class T, class F>
void check_gradients(F f, double tolerance, bool failing) {
    const Tableau& pair = find_tableau("dormand-prince");
    const std::vector<T> x0 = starts<T>(21, failing), end{T(3)};
    AdaptiveOptions<T> options = wanted<T>(tolerance);
    options.save_at.clear();
    std::vector<T> y(x0.size());
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<T>(std::sin(static_cast<double>(i)));
    const SquaredDistance<T> loss(y);
    for (const GradientOptions want : {GradientOptions{true, true}, GradientOptions{true, false}})
        for (const std::size_t lanes : {1, 4, 64}) {
            INFO(lanes << " lanes");
            dto::AdaptiveBatchWorkspace<T> ws(pair);
            dto::BatchGradient<T> result;
            dto::AdaptiveBatch{}(f, loss, T(0), T(3), x0, options, {BatchSteps::per_sample, lanes}, want, ws, result);
            dto::AdaptiveDtoWorkspace<F, T> one(pair);
            GradientResult<T> own;
            std::vector<double> theta_bar(f.parameter_count());
            for (std::size_t b = 0; b < 21; ++b) {
                const SquaredDistance<T> part(row(y, b));
                const Status status = dto::Adaptive{}(f, part, T(0), View<T>(end), row(x0, b), options, want, one, own);
                CHECK(ws.solves.samples[b].status.outcome == status.outcome);
                if (!status.ok()) {
                    CHECK(row(result.x_bar, b) == std::vector<T>(3, T(0)));
                    continue;
                }
                CHECK(same(row(result.x_bar, b), own.x_bar));
                CHECK(same(row(result.x1, b), own.x1));
                CHECK((result.losses[b] == own.loss && result.t0_bar[b] == own.t0_bar && result.t1_bar[b] == own.t1_bar));
                for (std::size_t i = 0; i < theta_bar.size(); ++i) theta_bar[i] += static_cast<double>(own.theta_bar[i]);
            }
            double size = 0, far = 0;
            for (std::size_t i = 0; i < theta_bar.size(); ++i) size += std::abs(theta_bar[i]), far += std::abs(theta_bar[i] - static_cast<double>(result.theta_bar[i]));
            CHECK(far <= 1e3 * static_cast<double>(std::numeric_limits<T>::epsilon()) * size);
            CHECK((result.t1_bar[0] != T(0)) == want.want_time);
        }
}

}  // namespace

TEST_CASE("a sample's gradient is bitwise that of its own accepted grid") {
    check_gradients<double>(driven<double>(), 1e-6, true);
    check_gradients<float>(driven<float>(), 1e-3, false);
    check_gradients<double>(network<double>(), 1e-6, false);
}

TEST_CASE("a network file serves as a field of batches whose samples step by themselves") {
    const nn::Network network = nn::load_network(std::filesystem::path(COSTATE_SOURCE_DIR) / "models/moons.safetensors");
    auto rows_of_time = nn::sample_time_field<double>(network);
    auto shared_time = nn::field<double>(network);
    const Tableau& pair = find_tableau("dormand-prince");
    AdaptiveOptions<double> options;
    options.tolerance.rtol = options.tolerance.atol = 1e-6;
    std::mt19937 random(3);
    std::normal_distribution<double> normal(0, 1);
    std::vector<double> x0(2 * 400);
    for (double& x : x0) x = normal(random);
    CHECK(solve_batch<double>(pair, rows_of_time, 0., 1., x0, options, {BatchSteps::per_sample, 16}).counts.occupancy() > 0.9);
    x0.resize(2 * 40);
    const auto batch = solve_batch<double>(pair, rows_of_time, 0., 1., x0, options, {BatchSteps::per_sample, 16});
    CHECK(batch.successes() == 40);
    std::size_t fewest = SIZE_MAX, most = 0;
    for (std::size_t b = 0; b < 40; ++b) {
        const std::vector<double> own(x0.begin() + static_cast<std::ptrdiff_t>(2 * b), x0.begin() + static_cast<std::ptrdiff_t>(2 * b + 2));
        CHECK(same(batch.samples[b], solve_adaptive<double>(pair, rows_of_time, 0., 1., own, options)));
        const auto shared = solve_adaptive<double>(pair, shared_time, 0., 1., own, options);  // another program of the same file: not bitwise
        for (std::size_t i = 0; i < 2; ++i) CHECK(batch.samples[b].x1[i] == Approx(shared.x1[i]).epsilon(1e-9));
        fewest = std::min(fewest, batch.samples[b].counts.accepted), most = std::max(most, batch.samples[b].counts.accepted);
    }
    CHECK(fewest < most);  // control: on one grid all would take as many
    dto::AdaptiveBatchWorkspace<double> ws(pair);
    dto::BatchGradient<double> result;
    const SquaredDistance<double> loss({0.5, -0.5});
    dto::AdaptiveBatch{}(rows_of_time, loss, 0., 1., x0, options, {BatchSteps::per_sample, 16}, {true, true}, ws, result);
    dto::AdaptiveDtoWorkspace<ProgramField<double>, double> one(pair);
    GradientResult<double> own;
    double theta = 0;
    const std::vector<double> end{1};
    for (std::size_t b = 0; b < 40; ++b) {
        const std::vector<double> start(x0.begin() + static_cast<std::ptrdiff_t>(2 * b), x0.begin() + static_cast<std::ptrdiff_t>(2 * b + 2));
        REQUIRE(dto::Adaptive{}(shared_time, loss, 0., View<double>(end), start, options, {true, true}, one, own).ok());
        for (std::size_t i = 0; i < 2; ++i) CHECK(result.x_bar[2 * b + i] == Approx(own.x_bar[i]).epsilon(1e-7).margin(1e-9));
        theta += own.theta_bar[0];
    }
    CHECK(result.theta_bar[0] == Approx(theta).epsilon(1e-7));
    nn::Network noise = network;
    noise.description.parametrisation = "epsilon";
    CHECK_THROWS_WITH(nn::sample_time_field<float>(noise), Contains("velocity"));
}

TEST_CASE("lanes stay busy while there are samples; without new ones they run dry") {
    const Tableau& pair = find_tableau("dormand-prince");
    auto f = driven<double>();
    const std::vector<double> x0 = starts<double>(400, false);
    AdaptiveOptions<double> options = wanted<double>(1e-5);
    options.max_steps = 10'000;
    const auto all = solve_batch<double>(pair, f, 0., 3., x0, options, {BatchSteps::per_sample, 16});
    CHECK(all.successes() == 400);
    CHECK(all.counts.occupancy() > 0.9);
    BatchCounts parts;  // control: 16 at a time, the next when all of them have arrived
    for (std::size_t b = 0; b < 400; b += 16) {
        const std::vector<double> part(x0.begin() + static_cast<std::ptrdiff_t>(3 * b), x0.begin() + static_cast<std::ptrdiff_t>(3 * b + 48));
        const auto result = solve_batch<double>(pair, f, 0., 3., part, options, {BatchSteps::per_sample, 16});
        parts.calls += result.counts.calls, parts.rows += result.counts.rows, parts.room += result.counts.room;
    }
    CHECK(parts.rows == all.counts.rows);
    CHECK(parts.occupancy() < 0.7);
    const auto common = solve_batch<double>(pair, f, 0., 3., x0, options, {BatchSteps::common, 16});
    CHECK(common.counts.rows > 2 * all.counts.rows);  // the hardest sample's steps for all
}
