// Checkpoint schedules: counts equal to the theory, the checker and the ways to break a schedule, unknown numbers of steps.
#include "ode/checkpoint/budget.hpp"
#include "ode/checkpoint/check.hpp"
#include "ode/checkpoint/counts.hpp"
#include "ode/checkpoint/schedule.hpp"
#include "tests/ode/allocations.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <tuple>
#include <vector>

using namespace costate::ode::checkpoint;
using Catch::Matchers::Contains;

namespace {

using Table = std::vector<std::vector<std::uint64_t>>;

// The dynamic programmes as their authors state them, straight from the definition of a slot: the oracle of every count below.
struct Oracle {
    Table binomial, mixed;  // [s][n], all forward steps

    Oracle(std::size_t steps, std::size_t slots) {
        constexpr std::uint64_t never = 1u << 30;
        binomial.assign(slots + 1, std::vector<std::uint64_t>(steps + 1, never));
        mixed = binomial;
        for (std::size_t s = 0; s <= slots; ++s) {
            binomial[s][1] = mixed[s][1] = 1;
            for (std::size_t n = 2; s > 0 && n <= steps; ++n) {
                binomial[s][n] = never;
                mixed[s][n] = n <= s + 1 ? n : 1 + mixed[s - 1][n - 1];
                for (std::size_t i = 1; i < n; ++i) {
                    binomial[s][n] = std::min(binomial[s][n], i + binomial[s][i] + binomial[s - 1][n - i]);
                    if (i >= 2) mixed[s][n] = std::min(mixed[s][n], i + mixed[s][i] + mixed[s - 1][n - i]);
                }
            }
        }
    }
};

Counts counted(const Spec& spec, std::size_t steps) {
    Plan plan(spec, steps);
    Checker checker(steps, plan.memory_slots(), plan.file_slots());
    while (const Action* action = plan.next()) checker.take(*action);
    if (checker.finish().memory_records > plan.memory_records()) FAIL("the plan holds more records than it says");
    return checker.finish();
}

// What is wrong with the schedule, "" for nothing.
std::string verdict(const Schedule& schedule) {
    try {
        check(schedule);
        return "";
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

// A schedule of right gradients with too many steps: x₀ is its one checkpoint, whatever slots it declares.
Schedule from_the_start(std::size_t steps, std::size_t slots) {
    Schedule schedule{steps, slots, 0, {save(Content::state, 0, 0)}};
    for (std::size_t n = steps; n-- > 0;) {
        if (n + 1 < steps) schedule.actions.push_back(restore(Content::state, 0, 0));
        if (n > 0) schedule.actions.push_back(advance(0, n));
        schedule.actions.push_back(advance(n, n + 1, Content::record));
        schedule.actions.push_back(reverse(n));
    }
    schedule.actions.push_back(discard(Content::state, 0, 0));
    return schedule;
}

}  // namespace

TEST_CASE("E(n, s) and M(n, s): the closed forms are the dynamic programmes', and so are the schedules' counted steps") {
    const Oracle oracle(300, 20);
    std::size_t wrong = 0;
    for (std::size_t s = 1; s <= 20; ++s)
        for (std::size_t n = 1; n <= 300; ++n) {
            const Counts binomial = counted({Rule::binomial, s, 0}, n), mixed = counted({Rule::mixed, s, 0}, n);
            wrong += n + binomial_extra(n, s) != oracle.binomial[s][n];
            wrong += mixed_total(n, s) != oracle.mixed[s][n];
            wrong += binomial.forward_steps != oracle.binomial[s][n] || binomial.recorded_steps != n || binomial.reverses != n;
            wrong += mixed.forward_steps != oracle.mixed[s][n] || mixed.reverses != n;
            wrong += binomial.memory_slots != std::min(s, n - 1) || binomial.memory_records != 0;
            wrong += mixed.memory_slots != std::min(s, n - 1);
        }
    CHECK(wrong == 0);
    CHECK(check(from_the_start(300, 20)).forward_steps > 10 * oracle.binomial[20][300]);  // right gradients, and noticed
}

TEST_CASE("the counts that the literature's formulas give") {
    // From the project's mathematical notes: the formula of Griewank & Walther and the recursion of Maddison, evaluated outside this code.
    const std::vector<std::tuple<std::size_t, std::size_t, std::uint64_t>> extra = {
        {10, 3, 15}, {15, 5, 23}, {50, 5, 122}, {100, 5, 316}, {100, 10, 222}, {1000, 5, 6284}, {1000, 10, 3636}, {1000, 20, 2747}};
    for (const auto& [n, s, steps] : extra) {
        CHECK(binomial_extra(n, s) == steps);
        CHECK(counted({Rule::binomial, s, 0}, n).forward_steps == n + steps);
        CHECK(counted({Rule::binomial, s + 1, 0}, n).forward_steps < n + steps);
    }
    const std::vector<std::tuple<std::size_t, std::size_t, std::uint64_t>> totals = {{10, 3, 19}, {50, 5, 138}, {100, 5, 352}, {100, 10, 237}};
    for (const auto& [n, s, steps] : totals) {
        CHECK(mixed_total(n, s) == steps);
        CHECK(counted({Rule::mixed, s, 0}, n).forward_steps == steps);
    }
    CHECK(binomial_extra(44, 43) == 43);
    CHECK(mixed_total(500, 1) == 500 * 501 / 2 - 1);
    CHECK_THROWS_WITH(binomial_extra(0, 3), Contains("0 steps"));
    CHECK_THROWS_WITH(mixed_total(2, 0), Contains("0 slots"));
}

namespace {

struct Planned {
    std::uint64_t actions, forward_steps;
    std::size_t bytes;  // on the heap at most, the plan itself included
};

Planned planned(const Spec& spec, std::size_t steps) {
    const std::size_t before = allocated_bytes;
    most_allocated_bytes = allocated_bytes.load();
    Planned result{};
    Plan plan(spec, steps);
    while (const Action* action = plan.next()) {
        ++result.actions;
        if (action->kind == Kind::advance) result.forward_steps += action->to - action->from;
    }
    result.bytes = most_allocated_bytes - before;
    return result;
}

// The shortest of a few times, over the shortest of as many of the other, taken in turn.
double times_longer(const std::function<void()>& one, const std::function<void()>& other) {
    const auto seconds = [](const std::function<void()>& call) {
        const auto begin = std::chrono::steady_clock::now();
        call();
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    double shortest = seconds(one), shortest_other = seconds(other);
    for (int i = 0; i < 6; ++i) {
        shortest = std::min(shortest, seconds(one));
        shortest_other = std::min(shortest_other, seconds(other));
    }
    return shortest / shortest_other;
}

}  // namespace

TEST_CASE("a million steps are planned in the memory of the slots, in a few actions a step") {
    constexpr std::size_t n = 1000000;
    for (const std::size_t s : {3, 20})
        for (const Rule rule : {Rule::binomial, Rule::mixed, Rule::online, Rule::two_level}) {
            const std::size_t files = rule == Rule::two_level ? 50 : 0;
            const Planned plan = planned({rule, s, files}, n);
            INFO("rule " << static_cast<int>(rule) << ", " << s << " slots: " << plan.actions << " actions, " << plan.bytes << " bytes");
            CHECK(plan.bytes < 100 * (s + files) + 400);
            CHECK(plan.actions <= 4 * plan.forward_steps);
            if (rule == Rule::binomial) CHECK(plan.forward_steps == n + binomial_extra(n, s));
            if (rule == Rule::mixed) CHECK(plan.forward_steps == mixed_total(n, s));
        }
    for (const Spec& spec : {Spec{Rule::store_all, 0, 0}, Spec{Rule::states_only, 0, 0}, Spec{Rule::every, 1000, 0}, Spec{Rule::square_root, 0, 0}}) {
        const Planned plan = planned(spec, n);
        CHECK(plan.bytes < 100 * Plan(spec, n).memory_slots() + 400);  // linear in the slots, which are n − 1 at most
        CHECK(plan.actions <= 6 * n);
    }
}

TEST_CASE("mixed schedules to 10000 steps: no table, and time that grows as their steps do") {
    for (const std::size_t s : {1, 2, 5, 10, 20})
        for (const std::size_t n : {1000, 10000}) {
            if (s == 1 && n > 1000) continue;  // n²/2 steps
            const Planned plan = planned({Rule::mixed, s, 0}, n);
            INFO(n << " steps, " << s << " slots: " << plan.actions << " actions, " << plan.bytes << " bytes");
            CHECK(plan.forward_steps == mixed_total(n, s));
            CHECK(plan.actions <= 5 * n * s);
            CHECK(plan.bytes < 100 * s + 400);  // a table has n · s entries
        }
    const auto plan = [](std::size_t n) { return [n] { planned({Rule::mixed, 20, 0}, n); }; };
    const auto table = [](std::size_t n) { return [n] { Oracle(n, 20); }; };
    const double more = static_cast<double>(mixed_total(10000, 20)) / static_cast<double>(mixed_total(1250, 20)), longer = times_longer(plan(10000), plan(1250));
    INFO(more << " times the steps, " << longer << " times the time");
    CHECK(longer < 3 * more);                           // 8 times the length
    CHECK(times_longer(table(1000), table(125)) > 3 * more);  // the measure sees what grows with the square
}

TEST_CASE("store-all, states only, every k-th and square root: steps and slots by hand") {
    for (std::size_t n = 1; n <= 120; ++n) {
        CHECK(counted({Rule::store_all, 0, 0}, n).forward_steps == n);
        CHECK(counted({Rule::store_all, 0, 0}, n).memory_records == n - 1);
        CHECK(counted({Rule::states_only, 0, 0}, n).forward_steps == 2 * n - 1);
        CHECK(counted({Rule::states_only, 0, 0}, n).memory_records == 0);
        for (const std::size_t k : {1, 2, 5, 11, 200}) {
            INFO(n << " steps, every " << k);
            const Counts counts = counted({Rule::every, k, 0}, n);
            const std::size_t last = n % k == 0 ? std::min(k, n) : n % k, segments = (n + k - 1) / k;
            CHECK(counts.forward_steps == 2 * n - last);
            CHECK(counts.memory_states == segments - 1);
            CHECK(counts.memory_records == std::max(last, segments > 1 ? k : 0) - 1);
            CHECK(counts.memory_slots == every(n, k).memory_slots);
        }
    }
    const Counts counts = check(square_root(1000));  // ⌈√1000⌉ = 32: 32 segments, the last of 8
    CHECK(counts.forward_steps == 2000 - 8);
    CHECK((counts.memory_states == 31 && counts.memory_records == 31));
    CHECK(counts.memory_slots == square_root(1000).memory_slots);
}

TEST_CASE("forward steps by formula are those counted, whatever the rule") {
    std::size_t beyond = 0;
    for (std::size_t n = 1; n <= 90; ++n)
        for (const std::size_t s : {1, 2, 5, 30})
            for (const Rule rule : {Rule::store_all, Rule::states_only, Rule::every, Rule::square_root, Rule::binomial, Rule::mixed, Rule::two_level, Rule::online}) {
                const Spec spec{rule, s, rule == Rule::two_level ? s + 1 : 0};
                const std::uint64_t steps = forward_steps(spec, n), taken = counted(spec, n).forward_steps;
                INFO("rule " << static_cast<int>(rule) << ", " << n << " steps, " << s << " slots");
                if (rule == Rule::online && n > (s + 1) * (s + 2) / 2) {
                    CHECK(steps <= taken);
                    beyond += steps < taken;
                } else {
                    CHECK(steps == taken);
                }
            }
    CHECK(beyond > 0);  // what online pays for not knowing n
    CHECK_THROWS_WITH(forward_steps({Rule::binomial, 0, 0}, 5), Contains("0 slots"));
}

TEST_CASE("two levels: the segments' lengths are the best of all") {
    const Oracle oracle(80, 4);
    for (std::size_t s = 1; s <= 4; ++s) {
        std::vector<std::uint64_t> best = oracle.binomial[s];  // with f files, by f
        for (std::size_t f = 1; f <= 4; ++f) {
            std::vector<std::uint64_t> next = best;
            for (std::size_t n = 2; n <= 80; ++n)
                for (std::size_t i = 1; i < n; ++i) next[n] = std::min(next[n], i + oracle.binomial[s][i] + best[n - i]);
            best = next;
            for (std::size_t n = 1; n <= 80; ++n) {
                INFO(n << " steps, " << s << " in memory, " << f << " on file");
                const Counts counts = counted({Rule::two_level, s, f}, n);
                CHECK(counts.forward_steps == best[n]);
                CHECK(counts.file_slots == std::min(f, n - 1));
                CHECK(counts.memory_slots <= s);
            }
        }
    }
}

TEST_CASE("online: never more than c slots; as few steps as if n had been known up to (c+1)(c+2)/2, few more beyond") {
    double dearest = 1;
    for (std::size_t c = 1; c <= 12; ++c)
        for (std::size_t n = 1; n <= 400; ++n) {
            INFO(n << " steps, " << c << " slots");
            const Counts counts = check(online(n, c));
            const std::uint64_t known = n + binomial_extra(n, c);
            CHECK(counts.memory_slots <= c);
            if (n <= (c + 1) * (c + 2) / 2) CHECK(counts.forward_steps == known);
            CHECK(counts.forward_steps >= known);
            dearest = std::max(dearest, static_cast<double>(counts.forward_steps) / static_cast<double>(known));
            CHECK(counts.forward_steps <= n + n * repetitions(n, c));  // no step more than r times before it is recorded
        }
    WARN("online, at most " << dearest << " times the steps of binomial");
    CHECK(dearest > 1);  // not knowing has its price
}

TEST_CASE("online: the prefix does not depend on the end, and an end that shows late costs the last steps again") {
    const std::vector<Action> longer = online(100, 5).actions;
    const std::vector<Action> shorter = online(60, 5).actions;
    const auto same = std::mismatch(shorter.begin(), shorter.end(), longer.begin()).first;
    CHECK(*same == advance(59, 60, Content::record));
    for (std::size_t n = 1; n <= 60; ++n) {
        Online known(5), late(5);
        Checker checker(n, 5, 0);
        const auto drain = [&](Online& rule, Checker& into) {
            while (const Action* action = rule.next()) into.take(*action);
        };
        for (std::size_t i = 0; i < n; ++i) {
            late.step(false);
            drain(late, checker);
        }
        late.end();
        drain(late, checker);
        const Counts counts = checker.finish();
        CHECK(counts.memory_slots <= 5);
        CHECK(counts.forward_steps > check(online(n, 5)).forward_steps);
        CHECK_THROWS_WITH(late.step(false), Contains("after the last"));
        CHECK_THROWS_WITH(known.end(), Contains("without a step"));
    }
}

TEST_CASE("the checker refuses every schedule that is broken by one action") {
    const std::vector<Schedule> whole = {store_all(6), every(9, 3), binomial(12, 3), mixed(12, 3), two_level(12, 2, 2), online(14, 3)};
    for (const Schedule& schedule : whole) {
        REQUIRE(verdict(schedule).empty());
        for (std::size_t i = 0; i < schedule.actions.size(); ++i) {
            INFO("action " << i << ": " << to_string(schedule.actions[i]));
            Schedule broken = schedule;
            broken.actions.erase(broken.actions.begin() + static_cast<std::ptrdiff_t>(i));
            CHECK_FALSE(verdict(broken).empty());  // none of them can be spared
            broken = schedule;
            ++broken.actions[i].from;
            CHECK_FALSE(verdict(broken).empty());
            if (schedule.actions[i].kind == Kind::advance || schedule.actions[i].kind == Kind::reverse) continue;
            broken = schedule;
            broken.actions[i].slot = 99;
            CHECK_THAT(verdict(broken), Contains("slots; use one of them"));
        }
        Schedule tight = schedule;
        --tight.memory_slots;
        CHECK_THAT(verdict(tight), Contains("slots; use one of them"));
    }
}

TEST_CASE("the checker says what is wrong, once") {
    const auto broken = [](std::vector<Action> actions) { return verdict({3, 1, 1, std::move(actions)}); };
    const Action to_end[] = {advance(0, 2), advance(2, 3, Content::record), reverse(2)};
    CHECK_THAT(broken({advance(1, 2)}), Contains("action 0 (advance from 1 to 2)") && Contains("one is at state 0"));
    CHECK_THAT(broken({advance(0, 4)}), Contains("ends at state 3"));
    CHECK_THAT(broken({advance(0, 0)}), Contains("nowhere"));
    CHECK_THAT(broken({advance(0, 2, Content::record)}), Contains("one step is recorded at a time"));
    CHECK_THAT(broken({save(Content::state, 0, 0), save(Content::state, 0, 0)}), Contains("holds state 0; discard"));
    CHECK_THAT(broken({restore(Content::state, 0, 0)}), Contains("the slot is empty"));
    CHECK_THAT(broken({save(Content::state, 0, 0), restore(Content::record, 0, 0)}), Contains("holds state 0"));
    CHECK_THAT(broken({discard(Content::state, 0, 0)}), Contains("the slot is empty"));
    CHECK_THAT(broken({save(Content::record, 0, 0)}), Contains("not at hand"));
    CHECK_THAT(broken({advance(0, 1, Content::record), save(Content::record, 0, 0, Level::file)}), Contains("cannot be written to a file"));
    CHECK_THAT(broken({advance(0, 1, Content::record), reverse(0)}), Contains("not reached state 3"));
    CHECK_THAT(broken({to_end[0], advance(2, 3), reverse(2)}), Contains("no record is at hand"));
    CHECK_THAT(broken({to_end[0], to_end[1], reverse(1)}), Contains("step 2 is the next"));
    CHECK_THAT(broken({to_end[0], to_end[1], reverse(2), reverse(2)}), Contains("step 1 is the next"));
    CHECK_THAT(broken({to_end[0], to_end[1], to_end[2]}), Contains("2 steps not reversed"));
    CHECK_THAT(verdict({1, 1, 0, {save(Content::state, 0, 0), advance(0, 1, Content::record), reverse(0)}}), Contains("1 slots still full"));
    CHECK_THAT(verdict({1, 0, 0, {advance(0, 1, Content::record), reverse(0), reverse(0)}}), Contains("all steps are reversed already"));
    CHECK_THAT(verdict({0, 0, 0, {}}), Contains("0 steps"));
    CHECK_THROWS_WITH(binomial(5, 0), Contains("0 slots"));
    CHECK_THROWS_WITH(every(5, 0), Contains("every 0 steps"));
    CHECK_THROWS_WITH(two_level(5, 3, 0), Contains("0 slots on file"));
    CHECK_THROWS_WITH(mixed(0, 3), Contains("0 steps"));
}

TEST_CASE("a budget is the best of all schedules that fit") {
    const Oracle oracle(60, 59);
    const Sizes sizes{10, 35, 100};
    for (std::size_t memory = 110; memory < 2300; memory += 7) {
        const Choice choice = choose(memory, sizes, 60);
        std::uint64_t fewest = ~std::uint64_t{0};
        for (std::size_t s = 1; s < 60; ++s) {
            if (100 + 10 * s <= memory) fewest = std::min(fewest, oracle.binomial[s][60]);
            if (100 + 35 * s <= memory) fewest = std::min(fewest, oracle.mixed[s][60]);
        }
        INFO(choice.sentence);
        CHECK(choice.forward_steps == fewest);
        CHECK(counted(choice.spec, 60).forward_steps == fewest);
        CHECK(choice.bytes <= memory);
    }
    CHECK(choose(2200, sizes, 60).sentence ==
          "2.20 kB for 60 steps: store-all (every record kept) takes 60 forward steps and 2.17 kB, 1.00 times the solve; "
          "binomial:59 (states in slots) takes 119 forward steps and 690 bytes");
    CHECK(choose(100, sizes, 1).spec.rule == Rule::store_all);
    CHECK_THROWS_WITH(choose(109, sizes, 60), Contains("109 bytes are not enough") && Contains("at least 110 bytes"));
    CHECK_THROWS_WITH(choose(109, sizes, 0), Contains("0 steps"));
}

TEST_CASE("amounts of memory") {
    const std::vector<std::pair<const char*, std::size_t>> good = {{"100000", 100000},   {"64MB", 64000000}, {"64 mb", 64000000}, {"1.5GiB", 1610612736},
                                                                   {"2kB", 2000},        {"2KiB", 2048},     {"0.5 TB", 500000000000}, {"7B", 7}};
    for (const auto& [text, bytes] : good) CHECK(parse_bytes(text) == bytes);
    const std::vector<std::pair<const char*, const char*>> bad = {{"", "a number"},      {"MB", "a number"},   {"-3MB", "less than a byte"}, {"0", "less than a byte"},
                                                                  {"64M", "unit"},       {"64 MBs", "unit"},   {"1e3", "unit"},              {"99999999TB", "more than there is"},
                                                                  {"inf", "a number"},   {"nan", "a number"},  {" 64MB", "a number"}};
    for (const auto& [text, why] : bad) CHECK_THROWS_WITH(parse_bytes(text), Contains("memory '" + std::string(text) + "'") && Contains(why));
    CHECK(bytes_in_words(999) == "999 bytes");
    CHECK(bytes_in_words(63949999) == "63.9 MB");
    CHECK(bytes_in_words(999600) == "1.00 MB");
}
