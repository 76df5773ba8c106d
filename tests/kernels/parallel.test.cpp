// Threads: each index once, exceptions arrive, one thread means in order and here.
#include "kernels/parallel.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

using costate::kernels::parallel_for;

TEST_CASE("each index is visited exactly once, whatever the number of threads") {
    for (const std::size_t threads : {0, 1, 2, 3, 8}) {
        std::vector<std::atomic<int>> visits(1000);
        parallel_for(visits.size(), [&](std::size_t i) { ++visits[i]; }, threads);
        CHECK(std::all_of(visits.begin(), visits.end(), [](const auto& v) { return v == 1; }));
    }
    parallel_for(0, [](std::size_t) { throw std::logic_error("never called"); });
    CHECK(costate::kernels::thread_count() >= 1);
}

TEST_CASE("one thread runs in order on the caller's thread") {
    std::vector<std::size_t> order;
    bool here = true;
    const auto self = std::this_thread::get_id();
    parallel_for(
        50,
        [&](std::size_t i) {
            order.push_back(i);
            here = here && std::this_thread::get_id() == self;
        },
        1);
    std::vector<std::size_t> expected(50);
    std::iota(expected.begin(), expected.end(), 0);
    CHECK(order == expected);
    CHECK(here);
}

TEST_CASE("an exception reaches the caller") {
    for (const std::size_t threads : {1, 2}) {
        const auto task = [](std::size_t i) {
            if (i == 17) throw std::runtime_error("seventeen");
        };
        CHECK_THROWS_WITH(parallel_for(100, task, threads), "seventeen");
    }
}

TEST_CASE("a limit holds: never more than that many at once") {
    for (const std::size_t threads : {1, 2}) {
        std::atomic<int> running = 0, most = 0;
        parallel_for(
            64,
            [&](std::size_t) {
                const int now = ++running;
                for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
                }
                std::this_thread::sleep_for(std::chrono::microseconds(200));
                --running;
            },
            threads);
        CHECK(most <= static_cast<int>(threads));
    }
}
