// ADOL-C's side of compare.py on the orbit: the whole solve recorded once, then replayed forward and back.
// peers-adolc w7 f64 STEPS 1 1 -; answers as peers-ours does.
#include <adolc/adolc.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

namespace {

constexpr short tape = 1;
using State = std::array<adouble, 4>;

State rhs(const State& u, const adouble& mu) {
    const adouble nu = 1 - mu, a = u[0] + mu, b = u[0] - nu, y2 = u[1] * u[1];
    const adouble ra = a * a + y2, rb = b * b + y2, da = nu / (ra * sqrt(ra)), db = mu / (rb * sqrt(rb));
    return {u[2], u[3], u[0] + 2 * u[3] - da * a - db * b, u[1] - 2 * u[2] - da * u[1] - db * u[1]};
}

State plus(const State& u, double h, const State& k) {
    State sum;
    for (std::size_t i = 0; i < 4; ++i) sum[i] = u[i] + h * k[i];
    return sum;
}

// ½‖u(2)‖² by `steps` steps of Kutta's method, recorded.
void record(const std::array<double, 5>& start, int steps) {
    trace_on(tape);
    State u;
    adouble mu;
    for (std::size_t i = 0; i < 4; ++i) u[i] <<= start[i];
    mu <<= start[4];
    const double h = 2.0 / steps;
    for (int n = 0; n < steps; ++n) {
        const State k1 = rhs(u, mu), k2 = rhs(plus(u, h / 2, k1), mu), k3 = rhs(plus(u, h / 2, k2), mu), k4 = rhs(plus(u, h, k3), mu);
        for (std::size_t i = 0; i < 4; ++i) u[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
    }
    adouble loss = 0;
    for (const adouble& v : u) loss += 0.5 * v * v;
    double value = 0;
    loss >>= value;
    trace_off();
}

template <class Call>
void answer(const Call& call, std::size_t count) {
    std::vector<double> seconds;
    for (std::size_t i = 0; i < count; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        call();
        seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    std::sort(seconds.begin(), seconds.end());
    std::printf("[%.9g, %.9g]\n", seconds.front(), seconds[seconds.size() / 2]);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4 || std::string(argv[1]) != "w7") {
        std::cerr << "peers-adolc: knows w7 alone; call it as: peers-adolc w7 f64 STEPS\n";
        return 2;
    }
    std::array<double, 5> x{0.5, 0.1, 0.0, 1.0, 0.012277471}, g{};
    record(x, std::stoi(argv[3]));
    double value = 0;
    const auto forward = [&] { ::function(tape, 1, 5, x.data(), &value); };
    const auto pull = [&] { ::gradient(tape, 5, x.data(), g.data()); };
    pull();
    std::printf("[%.17g, %.17g, %.17g, %.17g, %.17g]\n", g[0], g[1], g[2], g[3], g[4]);
    std::fflush(stdout);
    std::string what;
    for (std::size_t count = 0; std::cin >> what >> count;) {
        if (what == "forward") answer(forward, count);
        else answer(pull, count);
    }
}
