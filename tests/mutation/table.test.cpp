// The mutants that exist: as many as there are things to change, and those that survive are listed.
#include <catch2/catch.hpp>

#include "ode/tableau.hpp"
#include "tests/mutation/table.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace {

using namespace costate;
using mutation::Entry;

std::size_t count(const std::vector<Entry>& entries, const std::string& group, const std::string& file = "", const std::string& owner = "") {
    return static_cast<std::size_t>(std::count_if(entries.begin(), entries.end(), [&](const Entry& e) {
        return e.group == group && e.place.find(file) != std::string::npos && (owner.empty() || e.owner == owner);
    }));
}

}  // namespace

TEST_CASE("every class of the engine is mutated") {
    const std::vector<Entry> entries = mutation::table();
    CHECK(entries.size() >= 200);
    for (std::size_t k = 0; k < entries.size(); ++k) {
        CHECK(entries[k].number == static_cast<int>(k + 1));
        CHECK(entries[k].original != entries[k].mutated);
    }
    for (const char* group : {"tableau coefficient", "partner", "stage index", "transpose", "step", "adjoint", "time bar", "tangent", "vjp of an op",
                              "slope of a function", "jvp of an op", "path", "derivative of a path", "conversion", "model", "matrix"}) {
        INFO(group);
        CHECK(count(entries, group) >= 8);
    }
    std::set<std::string> keys;
    for (const Entry& e : entries) CHECK(keys.insert(e.key).second);
}

TEST_CASE("every non-zero coefficient of every tableau has a mutant") {
    const std::vector<Entry> entries = mutation::table();
    for (const ode::Tableau& tableau : ode::tableaus()) {
        std::size_t coefficients = 0;
        for (const auto* list : {&tableau.c, &tableau.a, &tableau.b, &tableau.b_hat})
            coefficients += static_cast<std::size_t>(std::count_if(list->begin(), list->end(), [](const Rational& q) { return q != 0; }));
        INFO(tableau.name);
        CHECK(count(entries, "tableau coefficient", "ode/tableaus/classical.cpp", tableau.name) == coefficients);
    }
}

TEST_CASE("every op's vjp, every function's slope and every path's derivatives have mutants") {
    const std::vector<Entry> entries = mutation::table();
    for (const char* op : {"add", "broadcast", "call", "concat", "divide", "dot", "linear", "linear_combination", "multiply", "negate", "part", "saved_slope",
                           "slice", "subtract", "sum", "grid"}) {
        INFO(op);
        CHECK(count(entries, "vjp of an op", "/" + std::string(op) + ".hpp") >= 2);
    }
    for (const char* function : {"exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "silu", "gelu", "relu", "softplus", "erf"}) {
        INFO(function);
        CHECK(std::count_if(entries.begin(), entries.end(), [&](const Entry& e) {
            return e.group == "slope of a function" && e.original == std::string(function) + "'(x)";
        }) == 2);
    }
    for (const char* path : {"cond-ot", "polynomial", "cosine", "linear-vp", "vp", "ve", "edm"}) {
        INFO(path);
        CHECK(count(entries, "derivative of a path", "guidance/paths", path) >= 3);
    }
}

// A row of the page: "| one class, another | 58, 43 | what |".
TEST_CASE("the page counts the mutants that there are") {
    const std::vector<Entry> entries = mutation::table();
    std::ifstream page(COSTATE_MUTATION_PAGE);
    std::size_t told = 0;
    for (std::string line; std::getline(page, line);) {
        std::istringstream cells(line);
        std::string before, names, numbers;
        std::getline(cells, before, '|') && std::getline(cells, names, '|') && std::getline(cells, numbers, '|');
        if (numbers.find_first_not_of(" 0123456789,") != std::string::npos || numbers.find_first_of("0123456789") == std::string::npos) continue;
        std::istringstream each_name(names), each_number(numbers);
        for (std::string name, number; std::getline(each_name >> std::ws, name, ',') && std::getline(each_number, number, ',');) {
            name.erase(name.find_last_not_of(' ') + 1);
            INFO(name);
            CHECK(std::stoul(number) == count(entries, name));
            told += std::stoul(number);
        }
    }
    CHECK(told == entries.size());
}

TEST_CASE("the survivors on the page exist, and are few") {
    const std::vector<Entry> entries = mutation::table();
    std::set<std::string> keys;
    for (const Entry& e : entries) keys.insert(e.key);
    const std::set<std::string> survivors = mutation::survivors(COSTATE_MUTATION_PAGE);
    for (const std::string& key : survivors) {
        INFO(key);
        CHECK(keys.contains(key));
    }
    CHECK(survivors.size() * 20 <= entries.size());
}
