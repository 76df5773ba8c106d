// What moves, compares and adds up values of images and arrays, forward and backward, each beside its plain loop and beside a copy of as many
// bytes: sides take turns, medians are told, and results are compared bit by bit before anything is timed.
#include "autodiff/image_functions.hpp"
#include "autodiff/program.hpp"
#include "autodiff/window_functions.hpp"
#include "bench/timing.hpp"

#include <cstdio>
#include <cstring>
#include <functional>
#include <string>

using namespace costate;
using namespace costate::autodiff;
using bench::median, bench::seconds;

namespace {

template <class T>
struct Case {
    std::string name;
    std::size_t n, batch;
    std::function<Var<T>(const Var<T>&)> graph;
    std::function<void(const T*, T*)> forward, vjp;  // of one sample; vjp adds to x̄, as a program does, and may need that forward ran
};

template <class T>
void copy(std::span<const T> from, std::span<T> to) {
    for (std::size_t done = 0; done < to.size();) {
        const std::size_t n = std::min(from.size(), to.size() - done);
        std::memcpy(to.data() + done, from.data(), n * sizeof(T));
        done += n;
    }
}

/// Medians of seconds of every side, a turn about 2 ms.
std::vector<double> turns(const std::vector<std::function<void()>>& sides) {
    std::vector<std::size_t> calls;
    for (const auto& side : sides) {
        side();
        calls.push_back(1 + static_cast<std::size_t>(1e-3 / (1e-9 + seconds(side))));
    }
    std::vector<std::vector<double>> times(sides.size());
    for (int turn = 0; turn < 15; ++turn)
        for (std::size_t s = 0; s < sides.size(); ++s)
            times[s].push_back(seconds([&] { for (std::size_t i = 0; i < calls[s]; ++i) sides[s](); }) / static_cast<double>(calls[s]));
    std::vector<double> medians;
    for (auto& t : times) medians.push_back(median(t));
    return medians;
}

template <class T>
void time(const Case<T>& c) {
    Tape<T> tape;
    const Var<T> y = c.graph(tape.input(c.n, Sharing::per_sample, "x"));
    tape.output(y);
    const std::size_t m = y.size();
    const auto program = freeze(tape);
    bench::Numbers numbers(5);
    std::vector<T> x, y_bar, out(m * c.batch), raw(m * c.batch), x_bar(c.n * c.batch), raw_bar(c.n * c.batch);
    for (const double v : numbers.take(c.n * c.batch)) x.push_back(static_cast<T>(v));
    for (const double v : numbers.take(m * c.batch)) y_bar.push_back(static_cast<T>(v));
    Workspace<T> ws;
    Record<T> record;
    const std::vector<std::span<const T>> in{x}, bars{y_bar};
    const std::vector<std::span<T>> outs{out}, in_bars{x_bar};
    const auto loop = [&] { for (std::size_t b = 0; b < c.batch; ++b) c.forward(x.data() + b * c.n, raw.data() + b * m); };
    const auto loop_back = [&] { for (std::size_t b = 0; b < c.batch; ++b) c.vjp(y_bar.data() + b * m, raw_bar.data() + b * c.n); };
    const auto ours = [&] { program.forward(in, outs, c.batch, ws); };
    const auto ours_back = [&] { program.pullback(record, bars, in_bars, {}, ws); };
    program.forward(in, outs, c.batch, record, ws);
    loop(), loop_back(), ours_back();
    const bool last = c.batch == 1 || !c.vjp;
    if (out != raw || (c.vjp && last && x_bar != raw_bar)) std::printf("| %s differs\n", c.name.c_str());
    const auto forward = turns({loop, ours, [&] { copy<T>(x, out); }});
    const auto back = turns({loop_back, ours_back, [&] { copy<T>(y_bar, x_bar); }});
    std::printf("| %s %s | %.3g | %.3g | %.1f | %.3g | %.3g | %.3g | %.1f | %.3g |\n", c.name.c_str(), sizeof(T) == 4 ? "f32" : "f64", 1e6 * forward[0],
                1e6 * forward[1], forward[0] / forward[1], 1e6 * forward[2], 1e6 * back[0], 1e6 * back[1], back[0] / back[1], 1e6 * back[2]);
    std::fflush(stdout);
}

/// Windows of k × k pixels with `edge` pixels of padding around; the plain loops.
template <class T>
struct Pool {
    Image image;
    std::size_t k, stride, edge;
    mutable std::vector<T> kept = {};  // row and column of each window's largest tap

    [[nodiscard]] std::size_t out(std::size_t n) const { return (n + 2 * edge - k) / stride + 1; }
    /// f(window, row and column of a tap, its pixel) for every pixel that every window sees
    template <class Begin, class Pixel>
    void each(Begin begin, Pixel pixel) const {
        for (std::size_t c = 0, j = 0; c < image.channels; ++c)
            for (std::size_t u = 0; u < out(image.height); ++u)
                for (std::size_t v = 0; v < out(image.width); ++v, ++j) {
                    begin(j);
                    const std::size_t top = u * stride, left = v * stride;
                    for (std::size_t y = std::max(top, edge); y < std::min(top + k, edge + image.height); ++y)
                        for (std::size_t x = std::max(left, edge); x < std::min(left + k, edge + image.width); ++x)
                            pixel(j, y - top, x - left, (c * image.height + y - edge) * image.width + x - edge);
                }
    }
    void max(const T* x, T* y) const {
        kept.resize(2 * image.channels * out(image.height) * out(image.width));
        bool first = true;
        each([&](std::size_t) { first = true; },
             [&](std::size_t j, std::size_t row, std::size_t column, std::size_t i) {
                 if (first || y[j] < x[i] || (x[i] != x[i] && y[j] == y[j])) y[j] = x[i], kept[2 * j] = T(row), kept[2 * j + 1] = T(column);
                 first = false;
             });
    }
    void max_vjp(const T* y_bar, T* x_bar) const {
        for (std::size_t c = 0, j = 0; c < image.channels; ++c)
            for (std::size_t u = 0; u < out(image.height); ++u)
                for (std::size_t v = 0; v < out(image.width); ++v, ++j) {
                    const auto row = static_cast<std::size_t>(kept[2 * j]), column = static_cast<std::size_t>(kept[2 * j + 1]);
                    x_bar[(c * image.height + u * stride + row - edge) * image.width + v * stride + column - edge] += y_bar[j];
                }
    }
    void mean(const T* x, T* y) const {
        const T c = T(1) / T(k * k);
        each([&](std::size_t j) { y[j] = 0; }, [&](std::size_t j, std::size_t, std::size_t, std::size_t i) { y[j] += c * x[i]; });
    }
    void mean_vjp(const T* y_bar, T* x_bar) const {
        const T c = T(1) / T(k * k);
        each([](std::size_t) {}, [&](std::size_t j, std::size_t, std::size_t, std::size_t i) { x_bar[i] += c * y_bar[j]; });
    }
};

template <class T>
std::vector<Case<T>> pools() {
    std::vector<Case<T>> all;
    for (const Pool<T>& p : std::vector<Pool<T>>{{{64, 28, 28}, 2, 2, 0}, {{64, 56, 56}, 2, 2, 0}, {{64, 56, 56}, 3, 2, 1}, {{32, 28, 28}, 3, 1, 1}}) {
        const std::string size = std::to_string(p.image.channels) + " × " + std::to_string(p.image.height) + " × " + std::to_string(p.image.width) + ", kernel " +
                                 std::to_string(p.k) + ", stride " + std::to_string(p.stride) + ", padding " + std::to_string(p.edge);
        const PoolWindow w{.kernel_height = p.k, .kernel_width = p.k, .stride_y = p.stride, .stride_x = p.stride,
                           .top = p.edge, .left = p.edge, .bottom = p.edge, .right = p.edge};
        const auto shared = std::make_shared<Pool<T>>(p);
        all.push_back({"max_pool2d " + size, p.image.size(), 1, [=](const Var<T>& x) { return max_pool2d(x, p.image, w); },
                       [=](const T* x, T* y) { shared->max(x, y); }, [=](const T* y, T* x) { shared->max_vjp(y, x); }});
        all.push_back({"avg_pool2d " + size, p.image.size(), 1, [=](const Var<T>& x) { return avg_pool2d(x, p.image, w, true); },
                       [=](const T* x, T* y) { shared->mean(x, y); }, [=](const T* y, T* x) { shared->mean_vjp(y, x); }});
    }
    return all;
}

template <class T>
Case<T> bilinear(Image image, std::size_t height, std::size_t width) {
    const Resize to{.height = height, .width = width};
    const SparseRows rows = rows_of(image, to);
    std::vector<T> c;
    for (const Rational& below : rows.down)
        for (const Rational& right : rows.across)
            for (const Rational& of_row : {Rational(1 - below), below})
                for (const Rational& of_column : {Rational(1 - right), right}) c.push_back(from_rational<T>(Rational(of_row * of_column)));
    const auto index = rows.indices;
    const std::size_t plane = image.plane(), out = height * width;
    return {"resize linear " + std::to_string(image.channels) + " × " + std::to_string(image.height) + " × " + std::to_string(image.width) + " to " +
                std::to_string(height) + " × " + std::to_string(width),
            image.size(), 1, [=](const Var<T>& x) { return resize(x, image, to); },
            [=](const T* x, T* y) {
                for (std::size_t p = 0; p < image.channels; ++p)
                    for (std::size_t i = 0; i < out; ++i) {
                        T sum(0);
                        for (std::size_t k = 0; k < 4; ++k) sum += c[4 * i + k] * x[p * plane + index[4 * i + k]];
                        y[p * out + i] = sum;
                    }
            },
            [=](const T* y, T* x) {
                for (std::size_t p = 0; p < image.channels; ++p)
                    for (std::size_t i = 0; i < out; ++i)
                        for (std::size_t k = 0; k < 4; ++k) x[p * plane + index[4 * i + k]] += c[4 * i + k] * y[p * out + i];
            }};
}

template <class T>
Case<T> picked(std::string name, std::size_t n, std::size_t batch, std::vector<std::uint32_t> index) {
    return {"gather " + name, n, batch, [=](const Var<T>& x) { return gather<T>(x, index); },
            [=](const T* x, T* y) {
                for (std::size_t i = 0; i < index.size(); ++i) y[i] = x[index[i]];
            },
            [=](const T* y, T* x) {
                for (std::size_t i = 0; i < index.size(); ++i) x[index[i]] += y[i];
            }};
}
template <class T>
Case<T> summed(std::string name, std::size_t count, std::size_t batch, std::vector<std::uint32_t> index) {
    return {"segment_sum " + name, index.size(), batch, [=](const Var<T>& x) { return segment_sum<T>(x, index, count); },
            [=](const T* x, T* y) {
                std::fill_n(y, count, T(0));
                for (std::size_t i = 0; i < index.size(); ++i) y[index[i]] += x[i];
            },
            [=](const T* y, T* x) {
                for (std::size_t i = 0; i < index.size(); ++i) x[i] += y[index[i]];
            }};
}
template <class T>
Case<T> largest(std::string name, const Shape& shape, std::size_t axis) {
    std::size_t n = 1, inner = 1;
    for (std::size_t a = 0; a < shape.size(); ++a) n *= shape[a], inner *= a > axis ? shape[a] : 1;
    const std::size_t along = shape[axis];
    const auto which = std::make_shared<std::vector<std::uint32_t>>(n / along);
    return {"max over " + name, n, 1, [=](const Var<T>& x) { return max_over(x, shape, {axis}); },
            [=](const T* x, T* y) {
                for (std::size_t j = 0; j < n / along; ++j) {
                    const std::size_t first = j / inner * along * inner + j % inner;
                    T most = x[first];
                    std::uint32_t at = 0;
                    for (std::uint32_t k = 1; k < along; ++k)
                        if (const T next = x[first + k * inner]; most < next || (next != next && most == most)) most = next, at = k;
                    y[j] = most, (*which)[j] = static_cast<std::uint32_t>(first + at * inner);
                }
            },
            [=](const T* y, T* x) {
                for (std::size_t j = 0; j < n / along; ++j) x[(*which)[j]] += y[j];
            }};
}

template <class T>
void all() {
    for (const auto& c : pools<T>()) time<T>(c);
    time<T>(bilinear<T>({32, 16, 16}, 32, 32));
    time<T>(bilinear<T>({3, 64, 64}, 128, 128));
    time<T>(bilinear<T>({64, 32, 32}, 16, 16));
    std::vector<std::uint32_t> rows, turned, random, nearest, inner, outer;
    bench::Numbers numbers(3);
    const auto any = [&](std::size_t n) { return static_cast<std::uint32_t>((numbers() + 1) / 2 * static_cast<double>(n)); };
    for (std::size_t r = 0; r < 256; ++r)
        for (std::uint32_t first = 64 * any(1000), j = 0; j < 64; ++j) rows.push_back(first + j);
    for (std::uint32_t i = 0; i < 128; ++i)
        for (std::uint32_t j = 0; j < 64; ++j) turned.push_back(j * 128 + i);
    for (std::uint32_t i = 0; i < 64; ++i)
        for (std::uint32_t j = 0; j < 64; ++j) nearest.push_back(i / 2 * 32 + j / 2);
    for (std::uint32_t i = 0; i < 16384; ++i) random.push_back(any(4096)), inner.push_back(i / 256), outer.push_back(i % 256);
    time<T>(picked<T>("256 rows of 64 from 1000", 64000, 1, rows));
    time<T>(picked<T>("64 × 128 transposed", 8192, 1, turned));
    time<T>(picked<T>("nearest 32 × 32 to 64 × 64, 16 samples", 1024, 16, nearest));
    time<T>(picked<T>("16384 of 4096 at random", 4096, 1, random));
    time<T>(summed<T>("64 × 256 over the last axis", 64, 1, inner));
    time<T>(summed<T>("64 × 256 over the first axis", 256, 1, outer));
    time<T>(summed<T>("16384 into 4096 at random", 4096, 1, random));
    time<T>(largest<T>("64 × 256, the last axis", {64, 256}, 1));
    time<T>(largest<T>("64 × 256, the first axis", {64, 256}, 0));
}

}  // namespace

int main() {
    std::printf("| op | loop µs | forward µs | times | copy µs | loop back µs | vjp µs | times | copy µs |\n|---|---|---|---|---|---|---|---|---|\n");
    all<float>();
    all<double>();
}
