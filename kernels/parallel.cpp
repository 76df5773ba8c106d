#include "kernels/parallel.hpp"

#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

namespace costate::kernels {

std::size_t thread_count() { return static_cast<std::size_t>(oneapi::tbb::info::default_concurrency()); }

void detail::parallel_for(std::size_t count, std::size_t threads, const IndexedTask& task) {
    const std::size_t available = thread_count(), limit = threads == 0 || threads > available ? available : threads;
    if (count <= 1 || limit <= 1) {
        for (std::size_t i = 0; i < count; ++i) task(i);
        return;
    }
    const auto run = [&] {
        oneapi::tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) { task(i); }, oneapi::tbb::simple_partitioner{});
    };
    if (limit == available) {
        run();
        return;
    }
    oneapi::tbb::task_arena arena(static_cast<int>(limit));
    arena.execute(run);
}

}  // namespace costate::kernels
