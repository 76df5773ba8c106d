// The table of mutants that generate.cpp writes, and the page that lists those which no claim notices.
#pragma once

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::mutation {

struct Entry {
    int number = 0;
    std::string group, place, owner, original, mutated;
    std::string key;  ///< what stays the same when lines move: file, original → mutated, and the how-manieth of these
};

/// Lines of COSTATE_MUTATION_TABLE: number, class, file:line, owner (a tableau's or a path's name, or nothing), original, mutated.
inline std::vector<Entry> table() {
    std::ifstream in(COSTATE_MUTATION_TABLE);
    std::vector<Entry> entries;
    std::map<std::string, int> seen;
    for (std::string line; std::getline(in, line);) {
        Entry e;
        std::istringstream words(line);
        std::string number;
        for (std::string* field : {&number, &e.group, &e.place, &e.owner, &e.original, &e.mutated}) std::getline(words, *field, '\t');
        e.number = std::stoi(number);
        e.key = e.place.substr(0, e.place.find(':')) + (e.owner.empty() ? ": " : " " + e.owner + ": ") + e.original + " → " + e.mutated;
        if (const int times = ++seen[e.key]; times > 1) e.key += " #" + std::to_string(times);
        entries.push_back(e);
    }
    if (entries.empty()) throw std::runtime_error("the table of mutants is empty or missing");
    return entries;
}

/// The keys in the first column of a table "| `key` | reason |".
inline std::set<std::string> survivors(const std::string& page) {
    std::ifstream in(page);
    std::set<std::string> keys;
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("| `")) keys.insert(line.substr(3, line.find("` |") - 3));
    return keys;
}

}  // namespace costate::mutation
