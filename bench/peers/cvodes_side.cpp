// The side of CVODES (SUNDIALS) of compare.py on W5: METHOD is adams-hermite, adams-polynomial, bdf-hermite or bdf-polynomial (the multistep formula, and what
// the adjoint reads the state from) and a tolerance, such as adams-hermite:1e-6. All steps are kept: nothing is solved twice.
#include "tests/ode/cvodes.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

using costate::testing::CvodesAdjoint;

namespace {

struct LotkaVolterra {
    static constexpr int states = 2, parameters = 4;
    static void slope(const double* p, double, const double* u, double* du) {
        du[0] = p[0] * u[0] - p[1] * u[0] * u[1];
        du[1] = p[3] * u[0] * u[1] - p[2] * u[1];
    }
    /// Row-major ∂f/∂u and ∂f/∂p.
    static void jacobian(const double* p, double, const double* u, double* j) {
        j[0] = p[0] - p[1] * u[1], j[1] = -p[1] * u[0];
        j[2] = p[3] * u[1], j[3] = p[3] * u[0] - p[2];
    }
    static void by_parameters(const double*, double, const double* u, double* j) {
        const double meetings = u[0] * u[1];
        j[0] = u[0], j[1] = -meetings, j[2] = 0, j[3] = 0;
        j[4] = 0, j[5] = 0, j[6] = -u[1], j[7] = meetings;
    }
};

using Solver = CvodesAdjoint<LotkaVolterra>;

std::unique_ptr<Solver> solver_named(const std::string& method) {
    const std::size_t colon = method.find(':');
    const double tolerance = std::stod(method.substr(colon + 1));
    const bool adams = method.starts_with("adams"), hermite = method.substr(0, colon).ends_with("hermite");
    return std::make_unique<Solver>(std::vector<double>{1.5, 1, 3, 1}, tolerance, tolerance, adams, hermite);
}

template <class Call>
void time(std::size_t count, Call&& call) {
    std::vector<double> seconds;
    for (std::size_t i = 0; i < count; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        call();
        seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    std::sort(seconds.begin(), seconds.end());
    std::cout << nlohmann::json{seconds.front(), seconds[seconds.size() / 2]}.dump() << std::endl;
}

}  // namespace

int main() try {
    std::map<std::string, std::unique_ptr<Solver>> solvers;
    const std::vector<double> start{1, 1};
    const auto loss = [](const double* u, double* bar) {
        for (int i = 0; i < 2; ++i) bar[i] = u[i] - 1;
    };
    std::cout << "[]" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        std::string what, method;
        std::size_t count = 1;
        words >> what >> count >> method;
        std::unique_ptr<Solver>& solver = solvers[method];
        if (!solver) solver = solver_named(method);
        if (what == "forward") {
            time(count, [&] { solver->forward(0, 10, start); });
        } else if (what == "gradient") {
            time(count, [&] { solver->gradient(0, 10, start, loss); });
        } else {
            solver->gradient(0, 10, start, loss);
            std::vector<double> all = solver->p_bar;
            all.insert(all.end(), solver->x_bar.begin(), solver->x_bar.end());
            std::cout << nlohmann::json(all).dump() << std::endl;
        }
    }
} catch (const std::exception& error) {
    std::cerr << "cvodes: " << error.what() << "\n";
    return 2;
}
