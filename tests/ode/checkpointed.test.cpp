// Gradients under checkpoint schedules: bitwise those of store-all, with the steps and the memory that the schedule says.
#include "ode/checkpoint/counts.hpp"
#include "ode/gradient/checkpoint_budget.hpp"
#include "ode/gradient/methods.hpp"
#include "tests/ode/allocations.hpp"
#include "tests/ode/checkpoint_gradients.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <stdexcept>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;
using namespace costate::ode::checkpoint;
using Catch::Matchers::Contains;
using dto::Checkpointed;

namespace {

const std::vector<Spec> specs = {{Rule::store_all, 0, 0}, {Rule::states_only, 0, 0}, {Rule::every, 7, 0},     {Rule::every, 1, 0}, {Rule::square_root, 0, 0},
                                 {Rule::binomial, 1, 0},  {Rule::binomial, 5, 0},    {Rule::mixed, 1, 0},     {Rule::mixed, 6, 0}, {Rule::two_level, 3, 4},
                                 {Rule::two_level, 1, 1}, {Rule::online, 1, 0},      {Rule::online, 5, 0},    {Rule::binomial, 100000, 0}};

template <class F, class T>
void check_bitwise(std::initializer_list<std::size_t> lengths) {
    for (const std::size_t steps : lengths) {
        const auto expected = gradient<F, T>(dto::StoreAll{}, steps);
        REQUIRE(bits<T>(expected.x_bar) != bits<T>(expected.theta_bar));
        for (const Spec& spec : specs) {
            if (steps > 300 && spec.slots == 1 && spec.rule != Rule::every) continue;  // n²/2 steps
            const Checkpointed method(spec);
            INFO(ScalarTraits<T>::name << ", " << steps << " steps, " << method.name);
            const auto found = gradient<F, T>(method, steps);
            CHECK(same(found, expected));
            CHECK(found.cost.vjps == expected.cost.vjps);
            CHECK(found.cost.evaluations == 3 * check(make(spec, steps)).forward_steps);
        }
    }
}

}  // namespace

TEST_CASE("every schedule's gradient is bitwise that of store-all, at the schedule's number of steps") {
    check_bitwise<Polynomial<float>, float>({1, 2, 9, 1000});
    check_bitwise<RecordingPolynomial<float>, float>({9, 1000});
    check_bitwise<Polynomial<double>, double>({1, 2, 3, 9, 100, 1000});
    check_bitwise<RecordingPolynomial<double>, double>({1, 2, 3, 9, 100, 1000});
    check_bitwise<Polynomial<PrimeField>, PrimeField>({9, 1000});
    check_bitwise<RecordingPolynomial<PrimeField>, PrimeField>({1000});
    // the comparison tells equal up to rounding from equal
    CHECK_FALSE(same(gradient<Polynomial<double>, double>(dto::Partner{}, 100), gradient<Polynomial<double>, double>(dto::StoreAll{}, 100)));
}

TEST_CASE("and under all eight rules over 10000 and 100000 steps in float, double and the prime field") {
    const std::vector<Spec> rules = {{Rule::store_all, 0, 0}, {Rule::states_only, 0, 0}, {Rule::every, 100, 0},    {Rule::square_root, 0, 0},
                                     {Rule::binomial, 12, 0}, {Rule::mixed, 12, 0},      {Rule::two_level, 8, 20}, {Rule::online, 12, 0}};
    const auto check_long = [&]<class T>(T) {
        for (const std::size_t steps : {10000, 100000}) {
            const auto expected = gradient<RecordingPolynomial<T>, T>(dto::StoreAll{}, steps, "euler");
            for (const Spec& spec : rules) {
                const Checkpointed method(spec);
                INFO(ScalarTraits<T>::name << ", " << steps << " steps, " << method.name);
                CHECK(same(gradient<RecordingPolynomial<T>, T>(method, steps, "euler"), expected));
            }
            // a step more is another gradient: the comparison sees one step of so many
            CHECK_FALSE(same(gradient<RecordingPolynomial<T>, T>(dto::StoreAll{}, steps + 1, "euler"), expected));
        }
    };
    check_long(float{});
    check_long(double{});
    check_long(PrimeField{});
}

TEST_CASE("in the rationals over 3 steps, where the file level is refused in a sentence") {
    const auto expected = gradient<Polynomial<Rational>, Rational>(dto::StoreAll{}, 3);
    for (const Spec& spec : specs) {
        const Checkpointed method(spec);
        INFO(method.name);
        if (spec.rule == Rule::two_level)
            CHECK_THROWS_WITH((gradient<Polynomial<Rational>, Rational>(method, 3)), Contains("rational") && Contains("use slots in memory"));
        else
            CHECK(same(gradient<Polynomial<Rational>, Rational>(method, 3), expected));
    }
}

TEST_CASE("what is not wanted is not formed, and the field's own count is the cost") {
    const Setting<double> in;
    for (const Spec& spec : specs)
        for (const GradientOptions options : {GradientOptions{true, true}, GradientOptions{false, false}}) {
            RecordingPolynomial<double> f(parameters<double>());
            const auto found = Checkpointed(spec)(f, in.loss, find_tableau("rk4"), in.t0, in.t1, 40, in.x0, options);
            CHECK(found.cost.evaluations == f.evaluations);
            CHECK(found.cost.vjps == f.vjps);
            CHECK(same(found, gradient<RecordingPolynomial<double>, double>(dto::StoreAll{}, 40, "rk4", options)));
        }
}

TEST_CASE("a schedule of the caller's: checked, run, and its cost is its own") {
    const Setting<double> in;
    RecordingPolynomial<double> f(parameters<double>());
    Checkpointed::Workspace<RecordingPolynomial<double>, double> ws(find_tableau("rk4"));
    GradientResult<double> found;
    const auto run = [&](const Schedule& schedule) { Checkpointed{}(f, in.loss, in.t0, in.t1, schedule, in.x0, {}, ws, found); };
    const auto expected = gradient<RecordingPolynomial<double>, double>(dto::StoreAll{}, 4, "rk4");
    // mixed contents, an end reached by a plain step, a record read twice, and step 0 taken once too often
    using enum Content;
    Schedule own{4, 2, 0, {save(state, 0, 1), advance(0, 1), advance(1, 2, record), save(record, 1, 0), advance(2, 4), restore(state, 0, 1), advance(0, 3),
                           advance(3, 4, record), reverse(3), restore(state, 0, 1), advance(0, 2), advance(2, 3, record), reverse(2), restore(record, 1, 0),
                           restore(record, 1, 0), reverse(1), discard(record, 1, 0), restore(state, 0, 1), discard(state, 0, 1), advance(0, 1, record), reverse(0)}};
    run(own);
    CHECK(same(found, expected));
    CHECK(found.cost.evaluations == 4 * check(own).forward_steps);
    CHECK(check(own).forward_steps == 12);
    CHECK(check(own).forward_steps > check(mixed(4, 2)).forward_steps);  // the cost tells it from a good one, the gradient does not
    std::swap(own.actions[2], own.actions[3]);
    CHECK_THROWS_WITH(run(own), Contains("action 2 (save record 1 in memory slot 0)"));
    run(two_level(4, 1, 2));
    CHECK(same(found, expected));
}

namespace {

/// 512 independent copies of ẋ = p₀ − p₁x²: a state is 4 KB, a record of an RK4 step 20 KB.
struct Wide {
    std::vector<double> p{0.5, 0.25};
    static constexpr std::size_t dim() { return 512; }
    [[nodiscard]] std::size_t parameter_count() const { return 2; }
    void operator()(double, std::span<const double> x, std::span<double> dx) {
        for (std::size_t i = 0; i < x.size(); ++i) dx[i] = p[0] - p[1] * x[i] * x[i];
    }
    void vjp(double, std::span<const double> x, std::span<const double> l, std::span<double> x_bar, std::span<double> theta_bar, double&) {
        for (std::size_t i = 0; i < x.size(); ++i) {
            if (!x_bar.empty()) x_bar[i] -= 2 * p[1] * x[i] * l[i];
            if (theta_bar.empty()) continue;
            theta_bar[0] += l[i];
            theta_bar[1] -= x[i] * x[i] * l[i];
        }
    }
    void jvp(double t, std::span<const double> x, double, std::span<const double> v, std::span<const double>, std::span<double> dx, std::span<double> dv) {
        (*this)(t, x, dx);
        for (std::size_t i = 0; i < x.size(); ++i) dv[i] = -2 * p[1] * x[i] * v[i];
    }
};

struct Measured {
    std::size_t peak, reported;
};

template <class Method>
Measured peak_of(const Method& method, std::size_t steps) {
    Wide f;
    const SquaredDistance<double> loss(std::vector<double>(512, 1.0));
    const std::vector<double> x0(512, 0.25);
    const Tableau& tableau = find_tableau("rk4");
    const std::size_t before = allocated_bytes;
    most_allocated_bytes = allocated_bytes.load();
    const GradientResult<double> result = method(f, loss, tableau, 0.0, 1.0, steps, x0);
    return {most_allocated_bytes - before, result.cost.peak_bytes};
}

}  // namespace

TEST_CASE("measured memory: slots times the size of what they hold, one record, and a constant") {
    constexpr std::size_t state = 512 * sizeof(double), record = 5 * state;
    // λ, x, the reverse's scratch (ℓ of four stages, μ, ν, zeros), the forward step's (four slopes, a stage), the result: 16 states, and 2 KB
    constexpr std::size_t constant = 16 * state + 2048, handles = 192;  // handles: a slot's own pointers and numbers
    std::string table;
    for (const std::size_t steps : {60, 600, 3000})
        for (const std::size_t slots : {2, 8, 32})
            for (const Rule rule : {Rule::binomial, Rule::online, Rule::two_level, Rule::mixed}) {
                const Checkpointed method(Spec{rule, slots, rule == Rule::two_level ? std::size_t{20} : 0});
                const std::size_t size = rule == Rule::mixed ? record : state, bound = slots * (size + handles) + record + constant;
                const Measured bytes = peak_of(method, steps);
                INFO(method.name << ", " << steps << " steps");
                CHECK(bytes.peak <= bound);
                CHECK(bytes.peak + size > slots * size + record);  // it does hold what it says
                CHECK(bytes.reported <= bytes.peak);
                CHECK(bytes.reported + 8 * state >= bytes.peak);  // all but the result
                table += "\n  " + method.name + ", " + std::to_string(steps) + " steps: " + std::to_string(bytes.peak) + " bytes of " + std::to_string(bound);
            }
    WARN("states of 4096 bytes, records of 20480, most memory measured of most allowed:" << table);
    CHECK(peak_of(dto::StoreAll{}, 600).peak > 600 * record);  // the measure sees what store-all holds
    CHECK(peak_of(Checkpointed(Spec{Rule::square_root, 0, 0}), 600).peak <= 25 * (state + handles) + 25 * (record + handles) + constant);
}

TEST_CASE("a budget: the schedule chosen stays within it, measured, and a slot more would not") {
    Wide f;
    const SquaredDistance<double> loss(std::vector<double>(512, 1.0));
    const std::vector<double> x0(512, 0.25);
    const Tableau& rk4 = find_tableau("rk4");
    constexpr std::size_t steps = 120, kb = 1000;
    std::string kinds;
    for (const std::size_t memory : {90 * kb, 150 * kb, 400 * kb, 800 * kb, 2000 * kb, 2400 * kb, 3000 * kb}) {
        const auto [method, choice] = dto::within_memory(memory, f, loss, rk4, 0.0, 1.0, steps, x0);
        const auto result = method(f, loss, rk4, 0.0, 1.0, steps, x0);
        const std::size_t size = choice.spec.rule == Rule::binomial ? 4096 : 5 * 4096, slots = choice.spec.slots;
        INFO(choice.sentence << ", " << result.cost.peak_bytes << " measured");
        CHECK(result.cost.evaluations == 4 * choice.forward_steps);
        CHECK(result.cost.peak_bytes <= choice.bytes);
        CHECK(choice.bytes <= memory);
        CHECK(choice.bytes <= result.cost.peak_bytes + size + 1000 + 64 * slots);  // and promises little more than it takes
        if (choice.spec.rule != Rule::store_all && slots < steps - 1) CHECK(choice.bytes + size + 200 > memory);
        kinds += method.name.substr(0, 1);
    }
    CHECK(kinds == "bbmmmms");  // binomial, mixed, store-all as the memory grows
    CHECK_THROWS_WITH(dto::within_memory(40 * kb, f, loss, rk4, 0.0, 1.0, steps, x0), Contains("40.0 kB are not enough for 120 steps; give at least"));
}

TEST_CASE("a budget as a method: memory:BYTES") {
    Wide f;
    const SquaredDistance<double> loss(std::vector<double>(512, 1.0));
    const std::vector<double> x0(512, 0.25);
    const Tableau& rk4 = find_tableau("rk4");
    const auto all = dto::StoreAll{}(f, loss, rk4, 0.0, 1.0, 120, x0);
    std::vector<std::size_t> evaluations;
    for (const std::string bytes : {"90kB", "800 kB", "3MB"})
        with_gradient_method("memory:" + bytes, [&](const auto& method) {
            CHECK(std::string(method.name) == "memory:" + bytes);
            const auto g = method(f, loss, rk4, 0.0, 1.0, 120, x0);
            CHECK(same(g, all));
            CHECK(g.cost.peak_bytes <= parse_bytes(bytes));
            evaluations.push_back(g.cost.evaluations);
        });
    CHECK((evaluations[0] > evaluations[1] && evaluations[1] > evaluations[2] && evaluations[2] == all.cost.evaluations + 4 * 3));
    const dto::WithinMemory method = *dto::WithinMemory::named("memory", std::vector<std::string_view>{"90kB"});
    dto::WithinMemory::Workspace<Wide, double> ws(rk4);
    GradientResult<double> result;
    CHECK(ws.sentence().empty());
    method(f, loss, 0.0, 1.0, 120, x0, {}, ws, result);
    CHECK_THAT(ws.sentence(), Contains("90.0 kB for 120 steps: binomial"));
    const std::size_t before = allocations;
    method(f, loss, 0.0, 1.0, 120, x0, {}, ws, result);
    CHECK(allocations == before);
    method(f, loss, 0.0, 1.0, 7, x0, {}, ws, result);  // chosen anew
    const std::size_t sized = 3;  // two steps from one slot
    CHECK(result.cost.evaluations == 4 * (dto::within_memory(90'000, f, loss, rk4, 0.0, 1.0, 7, x0).choice.forward_steps + sized));
    CHECK_THROWS_WITH(with_gradient_method("memory:40kB", [&](const auto& small) { small(f, loss, rk4, 0.0, 1.0, 120, x0); }), Contains("give at least"));
    CHECK_THROWS_WITH(with_gradient_method("memory:much", [](const auto&) {}), Contains("much"));
}

TEST_CASE("warm calls allocate nothing, whatever the schedule") {
    const Setting<double> in;
    RecordingPolynomial<double> f(parameters<double>());
    for (const Spec& spec : specs) {
        const Checkpointed method(spec);
        INFO(method.name);
        Checkpointed::Workspace<RecordingPolynomial<double>, double> ws(find_tableau("rk4"));
        GradientResult<double> result;
        const auto calls = [&] {
            const std::size_t before = allocations;
            method(f, in.loss, in.t0, in.t1, 50, in.x0, {}, ws, result);
            return allocations - before;
        };
        CHECK(calls() > 0);
        const GradientResult<double> first = result;
        CHECK(calls() == 0);
        CHECK(same(result, first));
        CHECK(result.cost == first.cost);
    }
}

namespace {

/// Stops the solve at one of its evaluations, as a study that is asked to end does.
struct Stopped : Polynomial<double> {
    std::size_t left;
    void operator()(const double& t, std::span<const double> x, std::span<double> dx) {
        if (left-- == 0) throw std::runtime_error("asked to stop");
        Polynomial<double>::operator()(t, x, dx);
    }
};

}  // namespace

TEST_CASE("nothing is filled before it is used: a solve of many steps can be stopped at its first") {
    const Setting<double> in;
    const auto most = [&](const Spec& spec, std::size_t evaluations) {
        Stopped f{{parameters<double>()}, evaluations};
        Checkpointed::Workspace<Stopped, double> ws(find_tableau("euler"));
        GradientResult<double> result;
        CHECK_THROWS_WITH(Checkpointed(spec)(f, in.loss, in.t0, in.t1, 100000, in.x0, {}, ws, result), "asked to stop");
        return std::max({ws.slots.size(), ws.states.items().size(), ws.records.items().size()});
    };
    for (const Spec& spec : {Spec{Rule::store_all, 0, 0}, Spec{Rule::states_only, 0, 0}, Spec{Rule::binomial, 99999, 0}, Spec{Rule::mixed, 50000, 0},
                             Spec{Rule::two_level, 99999, 3}, Spec{Rule::online, 99999, 0}}) {
        INFO(Checkpointed(spec).name);
        CHECK(most(spec, 0) <= 2);
        CHECK(most(spec, 50) <= 52);
    }
    CHECK(most({Rule::states_only, 0, 0}, 5000) > 5000);  // what is used is there
}

TEST_CASE("spellings") {
    const auto spelled = [](std::string_view spelling) {
        const auto parts = split_spelling(spelling);
        return Checkpointed::named(parts.front(), std::span(parts).subspan(1));
    };
    CHECK(Checkpointed{}.name == "binomial:8");
    for (const char* name : {"store-all", "states", "every:4", "sqrt", "binomial:3", "mixed:12", "two-level:5:7", "online:2"}) {
        REQUIRE(spelled(name));
        CHECK(spelled(name)->name == name);
        CHECK(spelled(name)->meaning.starts_with("discretize-then-optimize"));
    }
    CHECK(spelled("two-level:5")->name == "two-level:5:8");
    CHECK(spelled("every")->name == "every:10");
    CHECK(spelled("two-level:5:7")->spec == Spec{Rule::two_level, 5, 7});
    CHECK_FALSE(spelled("revolve:3"));
    CHECK_THROWS_WITH(spelled("binomial:0"), Contains("'binomial'") && Contains("SLOTS is '0'"));
    CHECK_THROWS_WITH(spelled("mixed:many"), Contains("'many'"));
    CHECK_THROWS_WITH(spelled("sqrt:3"), Contains("it has none"));
    static_assert(GradientMethod<Checkpointed, Polynomial<double>, SquaredDistance<double>, double>);
}
