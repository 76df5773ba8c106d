// costate_mutants: the claims on an engine in which one mutant is active.
//   --mutant K   K = 0: everything that --quick runs has to come out; else the claims until one notices: exit 0, or 1 when none does
//   --all        with K = 0: everything that --all runs. The other mutants go on to it by themselves when --quick does not notice
//   --quick      with K > 0: do not
//   --seconds S  no new claim is begun after that many, of the processor's time
//   --costs FILE what the readings cost and whether they come out, written by K = 0 and read by the others: they begin with the cheapest and
//                leave out what does not come out without a mutant
//   --choose N TEXT   numbers of N mutants that are not among the survivors of docs/mutation.md, picked by the text
//   --list       the table
#include "claims/list.hpp"
#include "claims/verify.hpp"
#include "tests/mutation/mutant.hpp"
#include "tests/mutation/table.hpp"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

namespace {

using namespace costate;

struct Wanted {
    int mutant = -1;
    bool all = false, quick = false;
    double seconds = 1e9;
    std::string costs;
};

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

std::vector<claims::VerifyTask> tasks_of(const std::vector<claims::Claim>& all, claims::Coverage coverage) {
    std::vector<const claims::Claim*> pointers;
    for (const claims::Claim& claim : all) pointers.push_back(&claim);
    return claims::verify_tasks(pointers, {}, coverage);
}

std::string key_of(const std::string& id, const std::string& reading) { return id + " " + reading; }
std::string key_of(const claims::VerifyTask& task) { return key_of(task.claim->id, task.reading->name); }

/// Lines "seconds, whether it comes out, claim reading, setting", with tabs between.
class Costs {
public:
    explicit Costs(const std::string& file) {
        std::ifstream in(file);
        for (std::string seconds, fine, key, setting; std::getline(in, seconds, '\t') && std::getline(in, fine, '\t') && std::getline(in, key, '\t') &&
                                                      std::getline(in, setting);) {
            seconds_.emplace(key, std::stod(seconds));  // the first: the default setting
            seconds_[key + setting] = std::stod(seconds);
            if (fine == "0") wrong_.insert(key + setting);
        }
    }
    [[nodiscard]] bool wrong(const claims::VerifyTask& task) const { return wrong_.contains(key_of(task) + task.setting_text); }
    /// Seconds of the reading; where it is not in the file, those in the default setting times the dimension, or 1.
    [[nodiscard]] double of(const claims::VerifyTask& task) const {
        if (const auto own = seconds_.find(key_of(task) + task.setting_text); own != seconds_.end()) return own->second;
        const auto known = seconds_.find(key_of(task));
        return (known == seconds_.end() ? 1.0 : known->second) * static_cast<double>(task.setting.dim);
    }
    static void write(std::ostream& out, const claims::VerifyRow& row) {
        out << row.seconds << '\t' << row.comes_out() << '\t' << key_of(row.id, row.reading) << '\t' << row.setting << '\n';
    }

private:
    std::map<std::string, double> seconds_;
    std::set<std::string> wrong_;
};

/// First what runs the very tableau or path that the mutant is part of, then the default settings, then the others; the cheapest first.
std::vector<claims::VerifyTask> in_order(const std::vector<claims::Claim>& all, const mutation::Entry& mutant, const Wanted& wanted) {
    const Costs costs(wanted.costs);
    std::vector<claims::VerifyTask> tasks = tasks_of(all, claims::Coverage::quick);
    std::set<std::string> quick;
    for (const auto& task : tasks) quick.insert(key_of(task) + task.setting_text);
    for (auto& task : tasks_of(all, claims::Coverage::pairwise))
        if (!wanted.quick && !quick.contains(key_of(task) + task.setting_text)) tasks.push_back(std::move(task));
    const auto touches = [&](const claims::VerifyTask& task) {
        const bool tableau = task.claim->axes.contains("tableau") && task.setting.tableau.name == mutant.owner;
        return tableau || (task.claim->axes.contains("path") && guidance::name_of(task.setting.path) == mutant.owner);
    };
    std::vector<std::pair<double, std::size_t>> ranks;
    for (std::size_t k = 0; k < tasks.size(); ++k) {
        const bool is_quick = k < quick.size();
        ranks.emplace_back((touches(tasks[k]) ? 0 : is_quick ? 1e6 : 2e6) + costs.of(tasks[k]), k);
    }
    std::sort(ranks.begin(), ranks.end());
    std::vector<claims::VerifyTask> ordered;
    for (const auto& [rank, k] : ranks)
        if (!costs.wrong(tasks[k])) ordered.push_back(tasks[k]);
    return ordered;
}

/// What is wrong with one reading in one setting; nothing where all comes out as expected.
std::optional<std::string> complaint(const claims::VerifyTask& task) {
    try {
        const bool expected = task.reading->expected(task.setting);
        const claims::Evidence evidence = task.reading->run(task.setting);
        if (evidence.holds() != expected) {
            for (const auto& h : evidence.hypotheses)
                if (!h.holds) return "hypothesis " + h.text;
            for (const auto& f : evidence.findings)
                if (!f.holds) return "finding " + f.name;
            return "it holds";
        }
        if (!claims::noticed(task.reading->control, evidence, task.reading->control.run(task.setting))) return "its control is not noticed";
        return std::nullopt;
    } catch (const std::exception& error) {
        return std::string("exception ") + error.what();
    }
}

int run_mutant(const Wanted& wanted) {
    const mutation::Entry mutant = mutation::table().at(static_cast<std::size_t>(wanted.mutant - 1));
    mutation::active = wanted.mutant;
    const std::vector<claims::Claim> all = claims::all_claims();
    std::size_t run = 0;
    for (const auto& task : in_order(all, mutant, wanted)) {
        if (processor_seconds() > wanted.seconds) break;
        ++run;
        if (const auto found = complaint(task)) {
            std::cout << wanted.mutant << "\tnoticed\t" << processor_seconds() << "\t" << task.claim->id << " (" << task.reading->name << ") " << task.setting_text << "\t"
                      << found->substr(0, 160) << "\t" << mutant.group << "\t" << mutant.key << '\n';
            return 0;
        }
    }
    std::cout << wanted.mutant << "\tsurvived\t" << processor_seconds() << "\t" << run << " readings\t\t" << mutant.group << "\t" << mutant.key << '\n';
    return 1;
}

int run_original(const Wanted& wanted) {
    const std::vector<claims::Claim> all = claims::all_claims();
    const auto rows = claims::verify(tasks_of(all, wanted.all ? claims::Coverage::pairwise : claims::Coverage::quick), {});
    std::size_t wrong = 0;
    std::ofstream costs(wanted.costs.empty() ? "/dev/null" : wanted.costs);
    for (const auto& row : rows) {
        Costs::write(costs, row);
        if (row.comes_out()) continue;
        ++wrong;
        std::cout << "without a mutant " << row.id << " (" << row.reading << ") " << row.setting << " does not come out: " << row.measured << '\n';
    }
    std::cout << "0\t" << (wrong == 0 ? "as expected" : "WRONG") << '\t' << processor_seconds() << '\t' << rows.size() << " readings\n";
    return wrong == 0 && !rows.empty() ? 0 : 1;
}

// A generator of numbers that is the same everywhere (SplitMix64).
void choose(std::size_t count, const std::string& text) {
    std::uint64_t state = 0;
    for (const char c : text) state = state * 1099511628211u + static_cast<unsigned char>(c);
    const auto entries = mutation::table();
    const auto survivors = mutation::survivors(COSTATE_MUTATION_PAGE);
    for (std::set<std::uint64_t> chosen; chosen.size() < count && chosen.size() + survivors.size() < entries.size();) {
        std::uint64_t z = state += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        const std::uint64_t k = (z ^ (z >> 31)) % entries.size();
        if (!survivors.contains(entries[k].key) && chosen.insert(k).second) std::cout << k + 1 << '\n';
    }
}

int run(const std::vector<std::string>& words) {
    Wanted wanted;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--list") {
            for (const auto& entry : mutation::table()) std::cout << entry.number << '\t' << entry.group << '\t' << entry.place << '\t' << entry.key << '\n';
            return 0;
        }
        if (words[i] == "--choose") {
            choose(std::stoul(words.at(i + 1)), words.at(i + 2));
            return 0;
        }
        if (words[i] == "--all" || words[i] == "--quick") {
            (words[i] == "--all" ? wanted.all : wanted.quick) = true;
            continue;
        }
        if (words[i] == "--mutant") wanted.mutant = std::stoi(words.at(i + 1));
        else if (words[i] == "--seconds") wanted.seconds = std::stod(words.at(i + 1));
        else if (words[i] == "--costs") wanted.costs = words.at(i + 1);
        else throw std::invalid_argument("unknown word " + words[i]);
        ++i;
    }
    if (wanted.mutant < 0) throw std::invalid_argument("costate_mutants --mutant K [--all | --quick] [--seconds S] [--costs FILE], --choose N TEXT, --list");
    return wanted.mutant == 0 ? run_original(wanted) : run_mutant(wanted);
}

}  // namespace

int main(int count, char** arguments) {
    try {
        return run({arguments + 1, arguments + count});
    } catch (const std::exception& error) {
        std::cerr << "costate_mutants: " << error.what() << '\n';
        return 2;
    }
}
