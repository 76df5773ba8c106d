// header_chains ROOT ROOM...   one chain of headers a line, every header of the rooms in one, each reached by what the next one includes.
// So the headers of a chain may be compiled one after the other in one go: what stands before one of them is what it brings along anyway.
// As few chains as there are: headers less the edges of a largest matching of each with the one after it (Dilworth 1950, Fulkerson 1956).
#include "tests/house/headers.hpp"

#include <iostream>

namespace {

using Edges = std::map<std::string, std::vector<std::string>>;  // from a header to those that reach it

// Gives `header` a next one of its own; those that have one already may have to take another.
bool give_next(const std::string& header, const Edges& edges, std::map<std::string, std::string>& before, std::set<std::string>& tried) {
    for (const std::string& next : edges.at(header)) {
        if (!tried.insert(next).second) continue;
        const auto taken = before.find(next);
        if (taken != before.end() && !give_next(taken->second, edges, before, tried)) continue;
        before[next] = header;
        return true;
    }
    return false;
}

}  // namespace

int main(int count, char** arguments) {
    const std::vector<std::string> rooms(arguments + 2, arguments + count);
    const house::Headers headers = house::read_headers(arguments[1], rooms);
    Edges edges;
    for (const auto& [path, header] : headers) {
        edges[path];
        for (const std::string& reached : header.reached)
            if (headers.contains(reached) && !headers.at(reached).reached.contains(path)) edges[reached].push_back(path);  // not of two that reach each other
    }
    std::map<std::string, std::string> before, after;
    for (const auto& [path, header] : headers) {
        std::set<std::string> tried;
        give_next(path, edges, before, tried);
    }
    for (const auto& [next, header] : before) after[header] = next;
    for (const auto& [path, header] : headers) {
        if (before.contains(path)) continue;
        std::cout << path;
        for (auto next = after.find(path); next != after.end(); next = after.find(next->second)) std::cout << ' ' << next->second;
        std::cout << '\n';
    }
}
