// What is changed, and where: the classes of mutants as rules on the text of the engine.
#pragma once

#include <string>
#include <vector>

namespace costate::mutation {

enum class Kind {
    coefficients,  ///< each non-zero number of the lists of make("name", "source", "c", {"a", …}, "b", "b_hat"): + 1/7
    term,          ///< each b of a + b, a - b: the sign
    increment,     ///< each b of a += b, a -= b: the sign, twice b
    returned,      ///< each value of return: the sign, twice
    entry,         ///< each member of return {a, b}: the sign
    assigned,      ///< what is assigned to whatever matches `pattern`: the sign, twice
    factor,        ///< each match of `pattern`: the sign, twice
    values,        ///< the array at each pointer that matches `pattern`, f.count() values: the sign, twice
    replace,       ///< each match of `pattern`: `replacement` ($1 … its groups) instead
    drop,          ///< each statement that begins with a match of `pattern`: left out
    slopes,        ///< after each call that matches `pattern`: the sign of f', twice f', for each function of the list
};

struct Rule {
    std::string group;                   ///< the class of mutants, a heading of the table
    std::vector<std::string> files;      ///< relative to the root; a folder's name stands for its headers
    std::vector<std::string> functions;  ///< in whose bodies; empty: the whole file
    Kind kind;
    std::string pattern = {}, replacement = {};
};

/// All rules, in the order in which the mutants are numbered.
std::vector<Rule> rules();

}  // namespace costate::mutation
