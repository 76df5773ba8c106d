// The headers of the rooms and what they include.
#pragma once

#include "tests/house/code.hpp"

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace house {

struct Header {
    std::string code;               // without comments and string literals
    std::set<std::string> reached;  // what it includes, and what that includes: "ode/step.hpp", "<vector>"
};
using Headers = std::map<std::string, Header>;  // by their paths from the root

inline std::set<std::string> included(const std::string& code) {
    static const std::regex include(R"_(#\s*include\s*(?:"([^"]+)"|(<[^>]+>)))_");
    std::set<std::string> found;
    for (std::sregex_iterator it(code.begin(), code.end(), include), end; it != end; ++it) found.insert((*it)[1].matched ? (*it)[1] : (*it)[2]);
    return found;
}

inline Headers read_headers(const std::filesystem::path& root, std::span<const std::string> rooms) {
    Headers headers;
    for (const std::string& room : rooms) {
        if (!std::filesystem::exists(root / room)) continue;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root / room)) {
            if (entry.path().extension() != ".hpp" && entry.path().extension() != ".inc") continue;
            const std::string code = code_of(read(entry.path()));
            headers[std::filesystem::relative(entry.path(), root).string()] = {code, included(code)};
        }
    }
    for (auto& [path, header] : headers)
        for (std::vector<std::string> next(header.reached.begin(), header.reached.end()); !next.empty();) {
            const auto found = headers.find(next.back());
            next.pop_back();
            if (found == headers.end()) continue;
            for (const std::string& further : found->second.reached)
                if (header.reached.insert(further).second) next.push_back(further);
        }
    std::erase_if(headers, [](const auto& entry) { return entry.first.ends_with(".inc"); });
    return headers;
}

}  // namespace house
