// The only door to threads: for i in 0 … count-1, in any order and on any thread.
#pragma once

#include <concepts>
#include <cstddef>

namespace costate::kernels {

/// Threads that a parallel_for without a limit may use on this machine.
std::size_t thread_count();

namespace detail {
// A reference to a callable, valid during the call: no allocation.
class IndexedTask {
public:
    template <class F>
    IndexedTask(F& f)
        : object_(const_cast<void*>(static_cast<const void*>(&f))),
          call_([](void* object, std::size_t i) { (*static_cast<F*>(object))(i); }) {}
    void operator()(std::size_t i) const { call_(object_, i); }

private:
    void* object_;
    void (*call_)(void*, std::size_t);
};

void parallel_for(std::size_t count, std::size_t threads, const IndexedTask& task);
}  // namespace detail

/// f(0), …, f(count - 1), each exactly once, on at most `threads` threads (0: thread_count()). One thread means: in order, here.
/// An exception of f reaches the caller; some of the other calls may then never start. f is called from several threads at once.
template <std::invocable<std::size_t> F>
void parallel_for(std::size_t count, F&& f, std::size_t threads = 0) {
    detail::parallel_for(count, threads, detail::IndexedTask(f));
}

}  // namespace costate::kernels
