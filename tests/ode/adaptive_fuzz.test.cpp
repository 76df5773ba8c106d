// How adaptive solves end: every Status with its sentence, and random fields, tolerances and options that never hang nor succeed wrongly.
#include "ode/adaptive/solve.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <map>
#include <numbers>
#include <random>

using namespace costate;
using namespace costate::ode;
using Catch::Matchers::Contains;

namespace {

constexpr double infinity = HUGE_VAL;
using Slope = std::function<void(double, std::span<const double>, std::span<double>)>;

/// A field from a function of one sample, and from the sample's number.
struct Written {
    std::size_t dimension = 1;
    std::function<void(double, std::span<const double>, std::span<double>, std::size_t)> f;
    [[nodiscard]] std::size_t dim() const { return dimension; }
    void operator()(const double& t, std::span<const double> x, std::span<double> dx) {
        for (std::size_t b = 0; b < x.size(); b += dimension) f(t, x.subspan(b, dimension), dx.subspan(b, dimension), b / dimension);
    }
};

AdaptiveResult<double> solved(Written f, double t1, std::vector<double> x0, const AdaptiveOptions<double>& options = {}, const char* pair = "dormand-prince") {
    return solve_adaptive<double>(find_tableau(pair), f, 0., t1, x0, options);
}

Written parabola(double sign = 1) {
    return {1, [sign](double, auto x, auto dx, std::size_t) { dx[0] = sign * x[0] * x[0]; }};
}

}  // namespace

TEST_CASE("a pole ends in a step too small, before it; without the pole it is reached") {
    for (const char* pair : {"bogacki-shampine", "tsitouras", "dop853"}) {
        const auto result = solved(parabola(), 2, {1}, {}, pair);  // 1/(1 − t)
        CHECK((result.status.outcome == Outcome::step_too_small || result.status.outcome == Outcome::non_finite));
        CHECK(result.status.t == Approx(1).margin(1e-2));
        CHECK(result.times.back() == result.status.t);
        CHECK(std::isfinite(result.x1[0]));
        CHECK(solved(parabola(-1), 2, {1}, {}, pair).status.ok());
    }
    CHECK_THAT(solved(parabola(), 2, {1}).status.sentence(), Contains("step too small") || Contains("not finite"));
    AdaptiveOptions<double> coarse;
    coarse.min_step = 0.1;
    CHECK(solved(parabola(), 2, {1}, coarse).status.outcome == Outcome::step_too_small);
}

TEST_CASE("what is not finite is named: stage, step, time, sample, component") {
    const Written f{2, [](double t, auto x, auto dx, std::size_t sample) {
                        dx[0] = x[1];
                        dx[1] = sample == 1 && t > 0.5 ? std::sqrt(0.5 - t) : -x[0];
                    }};
    AdaptiveOptions<double> options;
    options.first_step = 0.4;
    options.tolerance.atol = options.tolerance.rtol = 1;
    const auto result = solved(f, 1, {1, 0, 1, 0, 1, 0}, options);
    REQUIRE(result.status.outcome == Outcome::non_finite);
    const NonFinite bad = result.status.non_finite.value();
    CHECK(bad.in == NonFinite::In::slope);
    CHECK(bad.sample == 1);
    CHECK(bad.component == 1);
    CHECK(bad.t > 0.5);
    CHECK(bad.stage >= 2);
    CHECK(bad.step >= 2);
    CHECK(result.times.back() <= 0.5);
    CHECK_THAT(result.status.sentence(), Contains("non-finite: the slope of stage") && Contains("component 1 of sample 1"));
    CHECK(result.status.sentence().find('\n') == std::string::npos);
    CHECK(solved(f, 0.5, {1, 0, 1, 0, 1, 0}, options).status.ok());  // control: up to there all is well
    CHECK(solved(f, 1, {1, 0}, options).status.ok());                // and without that sample

    const auto start = solved({1, [](double, auto x, auto dx, std::size_t) { dx[0] = 1 / x[0]; }}, 1, {0});
    CHECK_THAT(start.status.sentence(), Contains("stage 1 of step") || Contains("stage 1 in step 1"));
    CHECK_THAT(solved(parabola(), 1, {std::nan("")}).status.sentence(), Contains("the state x0"));
    CHECK(solved({1, [](double, auto, auto dx, std::size_t) { dx[0] = 1e308; }}, 1e3, {0}).status.outcome == Outcome::non_finite);
}

TEST_CASE("limits, and the caller's own end") {
    const Written wave{1, [](double t, auto, auto dx, std::size_t) { dx[0] = std::cos(30 * t); }};
    AdaptiveOptions<double> options;
    options.max_steps = 7;
    const auto few = solved(wave, 10, {0}, options);
    CHECK(few.status.outcome == Outcome::too_many_steps);
    CHECK(few.counts.accepted + few.counts.rejected == 7);
    CHECK_THAT(few.status.sentence(), Contains("the limit of 7"));
    options = {};
    options.max_evaluations = 50;
    const auto cheap = solved(wave, 10, {0}, options);
    CHECK(cheap.status.outcome == Outcome::too_many_evaluations);
    CHECK(cheap.counts.evaluations <= 50);
    CHECK(cheap.counts.evaluations > 35);
    options.max_evaluations = 1;
    CHECK(solved(wave, 10, {0}, options).status.outcome == Outcome::too_many_evaluations);
    Written f = wave;
    std::size_t calls = 0;
    const auto stopped = solve_adaptive<double>(find_tableau("tsitouras"), f, 0., 10., std::vector<double>{0}, {}, [&](auto&) { return ++calls < 3; });
    CHECK(stopped.status.outcome == Outcome::stopped);
    CHECK(stopped.counts.accepted == 3);
    CHECK(stopped.times.size() == 4);
    const auto nowhere = solved(wave, 0, {5});
    CHECK(nowhere.status.ok());
    CHECK(nowhere.x1 == std::vector<double>{5});
    CHECK(nowhere.counts == AdaptiveCounts{});
    CHECK_THROWS_WITH(solved(wave, infinity, {0}), Contains("not finite"));
    options = {};
    options.controller.shrink = 1.5;
    CHECK_THROWS_WITH(solved(wave, 1, {0}, options), Contains("controller"));
    CHECK_THROWS_WITH(find_controller("pid"), Contains("gustafsson-predictive"));
}

namespace {

struct Drawn {
    std::string kind;
    std::size_t dim = 1;
    std::vector<double> x0;
    double t0 = 0, t1 = 1;
    std::function<void(double, std::span<const double>, std::span<double>, std::size_t)> f;
    std::function<double(double, double)> exact = {};  ///< of (t, x₀), a sample, where it is known
    double blow_up = infinity;                         ///< |t − t₀| beyond which there is no solution
    double period = 0;                                 ///< of a field that oscillates by itself
};

class Draw {
public:
    explicit Draw(unsigned seed) : random_(seed) {}
    double between(double a, double b) { return std::uniform_real_distribution<double>(a, b)(random_); }
    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }

    Drawn field() {
        const std::size_t kind = below(9);
        Drawn d;
        d.dim = kind < 4 ? 1 + below(3) : 1;
        for (std::size_t i = d.dim * (1 + below(3)); i > 0; --i) d.x0.push_back(between(-2, 2));
        d.t0 = between(-1, 1);
        d.t1 = below(20) == 0 ? d.t0 : d.t0 + between(-4, 4);
        if (kind < 4) rough(d, kind);
        else known(d, kind);
        return d;
    }

private:
    void rough(Drawn& d, std::size_t kind) {
        const double a = between(-3, 3), b = between(-3, 3), c = between(-1, 1);
        static constexpr std::array names{"polynomial", "poles", "NaN", "discontinuous"};
        d.kind = names[kind];
        d.f = [a, b, c, kind](double t, auto x, auto dx, std::size_t) {
            for (std::size_t i = 0; i < x.size(); ++i) {
                const double y = x[i], z = x[(i + 1) % x.size()];
                if (kind == 0) dx[i] = a * y * z + b * y * y * y + c * t;
                else if (kind == 1) dx[i] = a / (y - c) + b / (t - c);
                else if (kind == 2) dx[i] = std::sqrt(y + a) + (t > b ? std::log(z) : z);
                else dx[i] = (y > c ? a : b) * (t * 7 - std::floor(t * 7) > 0.5 ? 1 : -z);
            }
        };
    }
    void known(Drawn& d, std::size_t kind) {
        const double t0 = d.t0;
        if (kind == 4) {
            d.kind = "zero";
            d.f = [](double, auto, auto dx, std::size_t) { dx[0] = 0; };
            d.exact = [](double, double x) { return x; };
        } else if (kind == 5) {
            const double a = between(-2, 2);
            d.kind = "linear";
            d.f = [a](double, auto x, auto dx, std::size_t) { dx[0] = a * x[0]; };
            d.exact = [a, t0](double t, double x) { return x * std::exp(a * (t - t0)); };
        } else if (kind == 6) {
            const double w = between(0, 60);
            d.kind = "wave";
            d.period = 2 * std::numbers::pi / w;
            d.f = [w](double t, auto, auto dx, std::size_t) { dx[0] = w * std::cos(w * t); };
            d.exact = [w, t0](double t, double x) { return x + std::sin(w * t) - std::sin(w * t0); };
        } else if (kind == 7) {
            const double l = std::pow(10, between(1, 4)) * (d.t1 < t0 ? -1 : 1);
            d.kind = "stiff";
            d.f = [l](double t, auto x, auto dx, std::size_t) { dx[0] = l * (std::cos(t) - x[0]); };
            const auto slow = [l](double t) { return (l * l * std::cos(t) + l * std::sin(t)) / (l * l + 1); };
            d.exact = [l, t0, slow](double t, double x) { return (x - slow(t0)) * std::exp(-l * (t - t0)) + slow(t); };
        } else {
            const double a = d.t1 < t0 ? -1 : 1;
            d.kind = "square";
            d.f = [a](double, auto x, auto dx, std::size_t) { dx[0] = a * x[0] * x[0]; };
            d.exact = [a, t0](double t, double x) { return x / (1 - a * x * (t - t0)); };
            for (const double x : d.x0)
                if (x > 0) d.blow_up = std::min(d.blow_up, 1 / x);
        }
    }
    std::mt19937 random_;
};

/// What is wrong about a result; nothing where all is well.
std::string wrong(const Drawn& d, const AdaptiveOptions<double>& options, const AdaptiveResult<double>& r) {
    const bool ahead = d.t1 >= d.t0;
    for (std::size_t n = 1; n < r.times.size(); ++n)
        if (ahead ? !(r.times[n] > r.times[n - 1]) : !(r.times[n] < r.times[n - 1])) return "times out of order";
    if (r.times.empty() || r.times[0] != d.t0 || r.times.size() != r.counts.accepted + 1) return "times do not fit";
    if (std::abs(r.times.back() - d.t0) > std::abs(d.t1 - d.t0)) return "beyond the end";
    if (r.counts.evaluations > options.max_evaluations || r.counts.accepted + r.counts.rejected > options.max_steps) return "limits";
    for (const double x : r.x1)
        if (!std::isfinite(x)) return "the state is not finite";
    if (r.status.sentence().empty() || r.status.sentence().find('\n') != std::string::npos) return "no sentence";
    if ((r.status.outcome == Outcome::non_finite) != r.status.non_finite.has_value() && r.status.outcome != Outcome::step_too_small) return "no place";
    if (!r.status.ok()) return "";
    if (r.times.back() != d.t1) return "success before the end";
    if (std::abs(d.t1 - d.t0) > d.blow_up) return "success beyond a pole";
    for (std::size_t i = 0; d.exact && i < r.x1.size(); ++i) {
        const double x = d.exact(d.t1, d.x0[i]), amplified = d.blow_up < infinity ? x * x + 1 : std::max(1.0, std::abs(x / d.x0[i]));
        if (!(std::abs(r.x1[i] - x) <= 300 * options.tolerance.atol * amplified * (1 + std::abs(x)) + 1e-9)) return "success with a wrong number";
    }
    return "";
}

AdaptiveResult<double> run(const Drawn& d, const AdaptiveOptions<double>& options, const Tableau& tableau) {
    Written f{d.dim, d.f};
    return solve_adaptive<double>(tableau, f, d.t0, d.t1, d.x0, options);
}

}  // namespace

namespace {

AdaptiveOptions<double> drawn_options(Draw& draw, std::size_t most_steps) {
    AdaptiveOptions<double> options;
    options.tolerance.atol = options.tolerance.rtol = std::pow(10, -draw.between(2, 10));
    options.controller = controllers()[draw.below(controllers().size())];
    options.max_steps = 1 + draw.below(most_steps);
    if (draw.below(4) == 0) options.max_evaluations = draw.below(2000);
    if (draw.below(4) == 0) options.first_step = std::pow(10, -draw.between(0, 8));
    if (draw.below(4) == 0) options.max_step = draw.between(0.01, 1);
    if (draw.below(8) == 0) options.min_step = 1e-5;
    return options;
}

std::vector<PairCoefficients<double>> drawn_pairs() {
    std::vector<PairCoefficients<double>> pairs;
    for (const char* name : {"bogacki-shampine", "dormand-prince", "tsitouras", "verner-65", "dop853"}) pairs.emplace_back(std::string_view(name));
    return pairs;
}

}  // namespace

// Where a field oscillates, the caller says so: no step is longer than a quarter of the period. See the test after the next for why.
TEST_CASE("100000 random fields, tolerances and options: always a Status, and no success that the truth refutes") {
    Draw draw(7);
    const auto pairs = drawn_pairs();
    std::map<std::string, int> ended;
    AdaptiveWorkspace<double> ws;
    AdaptiveResult<double> result;
    for (int i = 0; i < 100000; ++i) {
        const Drawn d = draw.field();
        AdaptiveOptions<double> options = drawn_options(draw, 120);
        if (d.period > 0) options.max_step = std::min(options.max_step > 0 ? options.max_step : infinity, d.period / 4);
        if (!std::isfinite(options.max_step)) options.max_step = 0;
        Written f{d.dim, d.f};
        solve_adaptive<double>(pairs[draw.below(pairs.size())], f, d.t0, d.t1, d.x0, options, ws, result);
        const std::string found = wrong(d, options, result);
        if (!found.empty()) FAIL_CHECK(i << " " << d.kind << ": " << found << "; " << result.status.sentence());
        ++ended[name_of(result.status.outcome)];
    }
    for (const char* name : {"success", "step too small", "too many steps", "too many evaluations", "non-finite"}) {
        INFO(name);
        CHECK(ended[name] > 1000);  // all of them have been seen
    }
}

// What is known of f is known at the stages: where it oscillates between them, an estimate can vanish by chance. That this is the only way is seen
// in the grid: a success that the truth refutes has a step of more than half a period.
TEST_CASE("waves of which nothing is said: a wrong success is rare, and stepped over half a period") {
    Draw draw(8);
    const auto pairs = drawn_pairs();
    AdaptiveWorkspace<double> ws;
    AdaptiveResult<double> result;
    int waves = 0, refuted = 0, successes = 0;
    while (waves < 12000) {
        const Drawn d = draw.field();
        AdaptiveOptions<double> options = drawn_options(draw, 400);
        options.tolerance.atol = options.tolerance.rtol = std::pow(10, -draw.between(1, 3));  // where it is least rare
        const auto& pair = pairs[draw.below(pairs.size())];
        if (d.period == 0) continue;
        ++waves;
        Written f{d.dim, d.f};
        solve_adaptive<double>(pair, f, d.t0, d.t1, d.x0, options, ws, result);
        successes += result.status.ok();
        if (wrong(d, options, result).empty()) continue;
        ++refuted;
        double longest = 0;
        for (std::size_t n = 1; n < result.times.size(); ++n) longest = std::max(longest, std::abs(result.times[n] - result.times[n - 1]));
        CAPTURE(waves, options.tolerance.rtol, longest / d.period);
        CHECK(longest > d.period / 2);
    }
    CHECK(successes > 5000);
    CHECK(refuted > 0);
    CHECK(refuted <= successes / 300);
}

TEST_CASE("controls: what would be wrong is noticed") {
    const Drawn wave{"wave", 1, {1.0}, 0, 3, [](double t, auto, auto dx, std::size_t) { dx[0] = 20 * std::cos(20 * t); },
                     [](double t, double x) { return x + std::sin(20 * t); }};
    AdaptiveOptions<double> options;
    options.tolerance.atol = options.tolerance.rtol = 1e-6;
    const auto good = run(wave, options, find_tableau("dormand-prince"));
    CHECK(wrong(wave, options, good).empty());
    AdaptiveOptions<double> blind = options;
    blind.tolerance.atol = blind.tolerance.rtol = 1e6;  // a controller that accepts everything
    CHECK(wrong(wave, options, run(wave, blind, find_tableau("dormand-prince"))) == "success with a wrong number");
    Tableau no_estimate = find_tableau("dormand-prince");
    no_estimate.b_hat = no_estimate.b;  // whose estimate is 0
    CHECK(wrong(wave, options, run(wave, options, no_estimate)) == "success with a wrong number");
    auto tampered = good;
    std::swap(tampered.times[1], tampered.times[2]);
    CHECK(wrong(wave, options, tampered) == "times out of order");
    tampered = good;
    tampered.x1[0] = std::nan("");
    CHECK(wrong(wave, options, tampered) == "the state is not finite");
    tampered = good;
    tampered.times.pop_back();
    --tampered.counts.accepted;
    CHECK(wrong(wave, options, tampered) == "success before the end");
    Drawn pole = wave;
    pole.blow_up = 1;
    CHECK(wrong(pole, options, good) == "success beyond a pole");
}
