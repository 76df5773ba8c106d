// No kernel touches memory beyond its arrays: every array ends at a page that may not be read or written.
#include "guarded.hpp"
#include "kernels/linear.hpp"
#include "kernels/packed_convolution.hpp"
#include "kernels/simd/table.hpp"

#include <catch2/catch.hpp>

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

using namespace costate;
using namespace costate::kernels;

TEST_CASE("negative control: one element too far ends the process", "[quick]") {
    Guarded<double> a(5);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        std::signal(SIGSEGV, SIG_DFL);
        const volatile double* const beyond = static_cast<double*>(a) + 5;
        _exit(*beyond == 0 ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
}

TEMPLATE_TEST_CASE("elementwise kernels, sums and combinations stay inside their arrays", "[quick]", float, double) {
    using T = TestType;
    for (const std::size_t n : {1, 2, 3, 5, 7, 8, 9, 15, 17, 31, 33, 40}) {
        Guarded<T> a(n), b(n), y(n), slope(n), rows(3 * n);
        for (const Isa isa : supported_isas()) {
            const auto& t = simd::table<T>(isa);
            for (std::size_t f = 0; f < function_count; ++f) t.apply_with_slope(static_cast<Function>(f), n, a, y, slope);
            for (const auto binary : {t.add, t.sub, t.mul, t.div, t.mul_accumulate, t.mul_subtract, t.div_accumulate})
                binary(n, a, b, y);
            t.axpy(n, T(2), a, y);
            t.add_row(3, n, rows, a, rows);
            t.column_sums_accumulate(3, n, rows, y);
            const T c[] = {T(1), T(2)};
            const T* const k[] = {a, b};
            t.rk_combine(n, a, T(1), 2, c, k, y);
            CHECK(t.sum(n, a) == T(0.5) * T(n));
            CHECK(t.dot(n, a, b) == T(0.25) * T(n));
            CHECK(y[n - 1] == T(2));
        }
    }
}

TEMPLATE_TEST_CASE("matrix kernels stay inside their arrays", "[quick]", float, double) {
    using T = TestType;
    for (const std::size_t outputs : {1, 3, 8, 17, 31, 33, 70})
        for (const std::size_t inputs : {1, 2, 5, 8, 16, 33})
            for (const std::size_t batch : {1, 2, 5, 15}) {
                Guarded<T> w(outputs * inputs), bias(outputs), x(batch * inputs), scale(batch * inputs);
                Guarded<T> y(batch * outputs), slope(batch * outputs), w_bar(outputs * inputs);
                for (const Isa isa : supported_isas()) {
                    const auto& table = simd::table<T>(isa);
                    const std::span<const T> weights(static_cast<T*>(w), outputs * inputs);
                    const PackedMatrix<T> packed(weights, outputs, inputs, table);
                    packed({.batch = batch,
                            .x = x,
                            .scale = scale,
                            .scaled = scale,
                            .bias = bias,
                            .activation = Function::relu,
                            .y = y,
                            .slope = slope});
                    table.outer_accumulate(batch, outputs, inputs, y, x, w_bar);
                    table.product_accumulate(batch, outputs, inputs, y, w_bar, x);
                    CHECK(slope[batch * outputs - 1] == T(1));
                }
            }
}

TEMPLATE_TEST_CASE("convolutions stay inside their arrays", "[quick]", float, double) {
    using T = TestType;
    using Packed = PackedConvolution<T>;
    for (const std::uint32_t kernel : {1, 3})
        for (const std::uint32_t stride : {1, 2})
            for (const std::uint32_t side : {1, 7, 14})
                for (const std::uint32_t outputs : {1, 3, 17, 40}) {
                    const std::uint32_t around = kernel / 2, channels = outputs < 17 ? 5 : 32;  // of x̄: in the lanes or not
                    const ConvolutionShape s{.channels = channels, .height = side, .width = side, .outputs = outputs, .kernel_height = kernel,
                                             .kernel_width = kernel, .stride_y = stride, .stride_x = stride, .top = around, .left = around,
                                             .bottom = around, .right = around};
                    const std::size_t batch = outputs == 40 ? 1 : 2;
                    Guarded<T> x(batch * s.in_size()), y(batch * s.out_size()), slope(batch * s.out_size()), x_bar(batch * s.in_size()), w_bar(s.weight_size());
                    const std::vector<T> w(s.weight_size(), T(0.5));
                    for (const Isa isa : supported_isas()) {
                        const Packed forward(w, s, Packed::Direction::forward, simd::table<T>(isa));
                        const Packed back(w, s, Packed::Direction::transposed, simd::table<T>(isa));
                        for (std::size_t b = 0; b < batch; ++b) {
                            forward(x + b * s.in_size(), nullptr, nullptr, y + b * s.out_size(), false);
                            back(y + b * s.out_size(), slope + b * s.out_size(), nullptr, x_bar + b * s.in_size(), false);
                        }
                        forward.weights(batch, y, x, w_bar);
                    }
                    CHECK(w_bar[s.weight_size() - 1] > T(0));
                }
}
