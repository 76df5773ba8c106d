#include "ode/tableaus/builder.hpp"

#include <utility>

namespace costate::ode::detail {

namespace {

std::vector<Tableau> single_methods() {
    const auto& make = tableau_from_text;
    return {
        make("euler", "Euler 1768", "0", {}, "1", ""),
        make("midpoint", "Runge 1895", "0 1/2", {"1/2"}, "0 1", ""),
        make("heun", "Heun 1900", "0 1", {"1"}, "1/2 1/2", ""),
        make("ralston", "Ralston 1962", "0 2/3", {"2/3"}, "1/4 3/4", ""),
        make("kutta3", "Kutta 1901", "0 1/2 1", {"1/2", "-1 2"}, "1/6 2/3 1/6", ""),
        make("rk4", "Kutta 1901", "0 1/2 1/2 1", {"1/2", "0 1/2", "0 0 1"}, "1/6 1/3 1/3 1/6", ""),
        make("three-eighths", "Kutta 1901", "0 1/3 2/3 1", {"1/3", "-1/3 1", "1 -1 1"}, "1/8 3/8 3/8 1/8", ""),
    };
}

// Pairs: the higher order is propagated (local extrapolation), also for Fehlberg.
std::vector<Tableau> embedded_pairs() {
    const auto& make = tableau_from_text;
    return {
        make("bogacki-shampine", "Bogacki, Shampine 1989", "0 1/2 3/4 1", {"1/2", "0 3/4", "2/9 1/3 4/9"}, "2/9 1/3 4/9 0",
             "7/24 1/4 1/3 1/8"),
        make("fehlberg", "Fehlberg 1969", "0 1/4 3/8 12/13 1 1/2",
             {"1/4", "3/32 9/32", "1932/2197 -7200/2197 7296/2197", "439/216 -8 3680/513 -845/4104",
              "-8/27 2 -3544/2565 1859/4104 -11/40"},
             "16/135 0 6656/12825 28561/56430 -9/50 2/55", "25/216 0 1408/2565 2197/4104 -1/5 0"),
        make("cash-karp", "Cash, Karp 1990", "0 1/5 3/10 3/5 1 7/8",
             {"1/5", "3/40 9/40", "3/10 -9/10 6/5", "-11/54 5/2 -70/27 35/27",
              "1631/55296 175/512 575/13824 44275/110592 253/4096"},
             "37/378 0 250/621 125/594 0 512/1771", "2825/27648 0 18575/48384 13525/55296 277/14336 1/4"),
        make("dormand-prince", "Dormand, Prince 1980", "0 1/5 3/10 4/5 8/9 1 1",
             {"1/5", "3/40 9/40", "44/45 -56/15 32/9", "19372/6561 -25360/2187 64448/6561 -212/729",
              "9017/3168 -355/33 46732/5247 49/176 -5103/18656", "35/384 0 500/1113 125/192 -2187/6784 11/84"},
             "35/384 0 500/1113 125/192 -2187/6784 11/84 0", "5179/57600 0 7571/16695 393/640 -92097/339200 187/2100 1/40"),
    };
}

}  // namespace

std::vector<Tableau> classical_tableaus() {
    std::vector<Tableau> list = single_methods();
    for (Tableau& pair : embedded_pairs()) list.push_back(std::move(pair));
    return list;
}

// Strong stability preserving: every stage a convex combination of Euler steps (Shu, Osher 1988, eq. 2.18).
Tableau ssprk3() { return tableau_from_text("ssprk3", "Shu, Osher 1988", "0 1 1/2", {"1", "1/4 1/4"}, "1/6 1/6 2/3"); }

}  // namespace costate::ode::detail
