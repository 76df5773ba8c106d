#include "guidance/profile.hpp"

#include "guidance/profile_runs.hpp"
#include "guidance/study_problem.hpp"
#include "kernels/aligned.hpp"
#include "kernels/cache.hpp"
#include "kernels/parallel.hpp"
#include "ode/checkpoint/budget.hpp"
#include "ode/gradient/methods.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <stdexcept>

namespace costate::guidance {

namespace {

using detail::ProfileRuns;
using Clock = std::chrono::steady_clock;

constexpr std::size_t most_batch = 1'000'000, most_steps = 10'000'000, fresh_samples = 64, wanted_rounds = 20, fewest_rounds = 3;
constexpr double shortest_run = 2e-4;  // seconds: quicker calls are repeated that long

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

void check_number(const char* option, std::size_t value, std::size_t most) {
    if (value == 0 || value > most) throw std::invalid_argument(fmt::format("--{} {}: choose 1 to {}", option, value, most));
}

ProfileRequest checked(ProfileRequest request) {
    check_number("steps", request.steps, most_steps);
    check_number("batch", request.batch, most_batch);
    if (request.threads == 0) request.threads = kernels::thread_count();
    check_number("threads", request.threads, kernels::thread_count());
    if (request.rows > most_batch) throw std::invalid_argument(fmt::format("--rows {}: choose 1 to {}", request.rows, most_batch));
    if (!(request.seconds > 0) || !std::isfinite(request.seconds))
        throw std::invalid_argument(fmt::format("--seconds {}: give a positive number", request.seconds));
    const std::array<std::string_view, 3> precisions{"f32", "mixed", "f64"};
    if (std::find(precisions.begin(), precisions.end(), request.precision) == precisions.end())
        throw std::invalid_argument(fmt::format("--precision: there is no '{}'; choose from f32, mixed, f64", request.precision));
    if (!request.memory.empty()) {  // every thread has slots of its own
        const std::size_t bytes = ode::checkpoint::parse_bytes(request.memory) / request.threads;
        request.method = fmt::format("memory:{}", std::max<std::size_t>(bytes, 1));
    }
    try {
        ode::with_gradient_method(request.method, [&]<class Method>(const Method& method) {
            if (ode::has_own_map<Method>())
                throw std::invalid_argument(fmt::format("'{}' solves by steps of its own, which the solve of a tableau is no measure of; study it instead (costate study --methods {})",
                                                        method.name, method.name));
        });
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(fmt::format("--{}: {}", request.memory.empty() ? "method" : "memory", error.what()));
    }
    return request;
}

Study::Parts parts_of(const ProfileRequest& request) {
    StudyRequest study;
    study.subject = request.subject;
    study.methods = {request.method};
    study.tableaus = {request.tableau};
    study.precisions = {"f64"};
    study.steps = {request.steps};
    study.path = request.path;
    study.load = request.load;
    study.samples = std::min(request.batch, fresh_samples);
    Study::Parts parts = study_parts(study);
    if (parts.problem.mixture)
        throw std::invalid_argument(fmt::format("{} is a formula and no program, so there are no ops to time; profile a network or a field", request.subject));
    if (request.theta && !parts.network)
        throw std::invalid_argument(fmt::format("--theta: {} is a field whose parameters are constants here; profile a network", request.subject));
    return parts;
}

// Seconds of one call, measured over as many as take long enough.
class Timer {
public:
    explicit Timer(const std::function<void()>& call) : call_(call) {
        call_();
        const auto begin = Clock::now();
        call_();
        calls_ = static_cast<std::size_t>(std::clamp(shortest_run / std::max(seconds_since(begin), 1e-9), 1.0, 1e5));
    }
    double operator()() const {
        const auto begin = Clock::now();
        for (std::size_t i = 0; i < calls_; ++i) call_();
        return seconds_since(begin) / static_cast<double>(calls_);
    }

private:
    const std::function<void()>& call_;
    std::size_t calls_ = 1;
};

Spread spread(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto at = [&](double part) { return values[static_cast<std::size_t>(std::lround(part * static_cast<double>(values.size() - 1)))]; };
    return {at(0.5), at(0.25), at(0.75)};
}

struct Rounds {
    std::vector<double> forward, gradient, tile, gemm, read;
    // f(round) over all rounds
    template <class F>
    [[nodiscard]] Spread of(F&& f) const {
        std::vector<double> values;
        for (std::size_t i = 0; i < forward.size(); ++i) values.push_back(f(i));
        return spread(std::move(values));
    }
};

Rounds measured(const ProfileRuns& runs, double limit, const std::function<bool()>& stop, const std::function<void(double)>& progress) {
    const Timer forward(runs.forward), gradient(runs.gradient), tile(runs.tile), gemm(runs.gemm), read(runs.read);
    Rounds rounds;
    const auto begin = Clock::now();
    for (std::size_t done = 0; done < wanted_rounds || seconds_since(begin) < std::min(limit, 0.5); ++done) {
        if (stop()) throw StudyStopped{};
        if (done >= fewest_rounds && seconds_since(begin) > limit) break;
        progress(std::max(static_cast<double>(done) / wanted_rounds, std::min(seconds_since(begin) / limit, 1.0) * 0.99));
        rounds.forward.push_back(forward());
        rounds.gemm.push_back(gemm());
        rounds.gradient.push_back(gradient());
        rounds.tile.push_back(tile());
        rounds.read.push_back(read());
    }
    return rounds;
}

// Rates and fractions; a pullback does an evaluation's work once for x̄ and once more for θ̄.
void rate(Profile& p, const ProfileRuns& runs, const Rounds& rounds) {
    const ode::Cost cost = runs.cost();
    const auto tiles = static_cast<double>(runs.tiles), batch = static_cast<double>(p.request.batch);
    const double pullback = p.request.theta ? 2 : 1;
    const double calls = static_cast<double>(cost.evaluations) + pullback * static_cast<double>(cost.vjps) + 2 * static_cast<double>(cost.jvps);
    const double flops = calls / tiles * batch * runs.flops;
    const double streamed = static_cast<double>(runs.weight_bytes) * static_cast<double>(cost.evaluations + cost.vjps + cost.jvps);
    p.forward_seconds = rounds.of([&](std::size_t i) { return rounds.forward[i]; });
    p.gradient_seconds = rounds.of([&](std::size_t i) { return rounds.gradient[i]; });
    p.ratio = rounds.of([&](std::size_t i) { return rounds.gradient[i] / rounds.forward[i]; });
    p.gflops = rounds.of([&](std::size_t i) { return 1e-9 * flops / rounds.gradient[i]; }).median;
    p.gemm_gflops = rounds.of([&](std::size_t i) { return 1e-9 * runs.gemm_flops / rounds.gemm[i]; }).median;
    p.bandwidth = rounds.of([&](std::size_t i) { return runs.read_bytes / rounds.read[i]; }).median;
    if (runs.weight_bytes > 0) {
        p.gemm_fraction = rounds.of([&](std::size_t i) { return flops / rounds.gradient[i] / (runs.gemm_flops / rounds.gemm[i]); }).median;
        p.weight_bandwidth = rounds.of([&](std::size_t i) { return streamed / rounds.gradient[i]; }).median;
        p.bandwidth_fraction = rounds.of([&](std::size_t i) { return streamed / rounds.gradient[i] / (runs.read_bytes / rounds.read[i]); }).median;
    }
    p.evaluations_per_second = batch * static_cast<double>(p.request.steps * ode::effective_stages(ode::find_tableau(p.request.tableau))) / p.forward_seconds.median;
    p.peak_bytes = cost.peak_bytes;
    p.choice = runs.choice();
    p.not_finite = runs.not_finite();
    p.rounds = rounds.forward.size();
}

// From one tile to the whole gradient. Single instructions say how a tile's time divides, the rounds how much of the gradient's it is:
// what interrupts the machine interrupts both. What is left is the solver's.
void share(Profile& p, const ProfileRuns& runs, const Rounds& rounds) {
    const ode::Cost cost = runs.cost();
    p.ops = runs.ops();
    double tile = 0;
    for (const OpCost& op : p.ops) tile += op.forward_seconds + op.pullback_seconds;
    const double of_gradient = rounds.of([&](std::size_t i) { return rounds.tile[i] / rounds.gradient[i]; }).median;
    // the last tile may be smaller
    const double whole = static_cast<double>(p.request.batch) / static_cast<double>(runs.rows * runs.tiles) / static_cast<double>(p.request.threads);
    const double unit = tile > 0 ? whole * of_gradient * p.gradient_seconds.median / tile : 0;
    double known = 0;
    for (OpCost& op : p.ops) {
        op.forward_seconds *= unit * static_cast<double>(cost.evaluations + cost.jvps);
        op.pullback_seconds *= unit * static_cast<double>(cost.vjps);
        known += op.forward_seconds + op.pullback_seconds;
    }
    std::stable_sort(p.ops.begin(), p.ops.end(), [](const OpCost& a, const OpCost& b) {
        return a.forward_seconds + a.pullback_seconds > b.forward_seconds + b.pullback_seconds;
    });
    p.other_seconds = std::max(0.0, p.gradient_seconds.median - known);
}

}  // namespace

namespace detail {

void add_read(ProfileRuns& runs, std::size_t threads) {
    constexpr std::size_t least = 1 << 16;  // bytes, where there are no weights
    const auto words = std::make_shared<const kernels::AlignedVector<std::uint64_t>>(std::max(runs.weight_bytes, least) / sizeof(std::uint64_t), 1);
    const auto sum = std::make_shared<std::atomic<std::uint64_t>>(0);  // somebody may look at it, so the reads are made
    runs.read_bytes = static_cast<double>(threads * words->size() * sizeof(std::uint64_t));
    runs.read = [words, sum, threads] {
        kernels::parallel_for(threads, [&](std::size_t) { *sum += kernels::read_all(*words); }, threads);
    };
}

}  // namespace detail

Profile profile(const ProfileRequest& given, const std::function<bool()>& stop, const std::function<void(double)>& progress) {
    const ProfileRequest request = checked(given);
    const Study::Parts parts = parts_of(request);
    const ProfileRuns runs = request.precision == "f32"     ? detail::profile_in_f32(parts, request)
                             : request.precision == "mixed" ? detail::profile_in_mixed(parts, request)
                                                            : detail::profile_in_f64(parts, request);
    const Rounds rounds = measured(runs, request.seconds, stop, progress);
    Profile result;
    result.request = request;
    result.title = parts.problem.title;
    result.fields = parts.problem.statement;
    result.dimension = parts.problem.dimension;
    result.weights = parts.network ? parts.network->parameter_count() : 0;
    result.rows = runs.rows;
    result.t0 = parts.problem.t0;
    result.t1 = parts.problem.t1;
    result.gemm_shape = runs.gemm_shape;
    rate(result, runs, rounds);
    share(result, runs, rounds);
    return result;
}

}  // namespace costate::guidance
