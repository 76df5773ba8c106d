// costate-mutate SOURCE OUT: copies of the engine's sources in which every mutant of rules.cpp waits for its number (OUT/<path>), and the
// table OUT/mutants.txt: number, class, file:line, the tableau or path that it is part of, what it was, what it becomes, with tabs between.
#include "rules.hpp"
#include "scan.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace {

using namespace costate::mutation;
namespace fs = std::filesystem;

std::string read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error(file.string() + " cannot be read");
    return {std::istreambuf_iterator<char>(in), {}};
}

// A file is written only when it changes: nothing is compiled again for nothing.
void write(const fs::path& file, const std::string& text) {
    if (fs::exists(file) && read(file) == text) return;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
}

std::string one_line(const std::string& text) { return std::regex_replace(text, std::regex("\\s+"), " "); }

struct Edit {
    Range range;
    std::string before, after;
};

struct Mutant {
    std::string group, place, owner, original, mutated;
};

class Mutation {
public:
    Mutation(fs::path root, fs::path out) : root_(std::move(root)), out_(std::move(out)) {}

    void apply(const Rule& rule) {
        const std::size_t before = mutants_.size();
        for (const std::string& name : rule.files) {
            for (const std::string& file : files_of(name)) {
                rule_ = &rule;
                file_ = file;
                source_ = &source_of(file);
                for (const Range& range : ranges()) in(range);
            }
        }
        if (mutants_.size() == before)
            throw std::runtime_error("the rule '" + rule.group + "' with pattern '" + rule.pattern + "' finds nothing in " + rule.files.front());
    }

    void finish() const {
        for (const auto& [file, edits] : edits_) write(out_ / file, edited(sources_.at(file), edits));
        std::ostringstream table;
        for (std::size_t k = 0; k < mutants_.size(); ++k) {
            const Mutant& m = mutants_[k];
            table << k + 1 << '\t' << m.group << '\t' << m.place << '\t' << m.owner << '\t' << m.original << '\t' << m.mutated << '\n';
        }
        write(out_ / "mutants.txt", table.str());
    }

private:
    [[nodiscard]] std::vector<std::string> files_of(const std::string& name) const {
        if (!fs::is_directory(root_ / name)) return {name};
        std::vector<std::string> files;
        for (const auto& entry : fs::directory_iterator(root_ / name))
            if (entry.path().extension() == ".hpp") files.push_back(name + "/" + entry.path().filename().string());
        std::sort(files.begin(), files.end());
        return files;
    }
    const Source& source_of(const std::string& file) {
        if (const auto known = sources_.find(file); known != sources_.end()) return known->second;
        return sources_.emplace(file, Source(read(root_ / file))).first->second;
    }
    [[nodiscard]] std::vector<Range> ranges() const {
        if (rule_->functions.empty()) return {{0, source_->text().size()}};
        std::vector<Range> all;
        for (const std::string& function : rule_->functions)
            for (const Range& body : source_->bodies(function)) all.push_back(body);
        return all;
    }

    void in(Range range) {
        switch (rule_->kind) {
            case Kind::coefficients: return coefficients(range);
            case Kind::term: return terms(range);
            case Kind::increment: return statements(range, R"([+-]= )");
            case Kind::returned: return statements(range, R"(\breturn (?!\{|zero\(|dot \?))");  // nothing is scaled of what returns nothing, or a place
            case Kind::assigned: return statements(range, "(" + rule_->pattern + ") = ");
            case Kind::entry: return entries(range);
            default: return matches(range);
        }
    }

    // Takes the next number for `mutated` in the place of `original`.
    int number(std::size_t at, const std::string& original, const std::string& mutated) {
        mutants_.push_back({rule_->group, file_ + ":" + std::to_string(source_->line(at)), owner(at), one_line(original), one_line(mutated)});
        return static_cast<int>(mutants_.size());
    }
    // The name of the path or tableau that is written down there: the last `name = "…"` or `make("…"` before.
    [[nodiscard]] std::string owner(std::size_t at) const {
        for (const std::string begin : {"string_view name = \"", "make(\""}) {
            const std::size_t found = source_->text().rfind(begin, at);
            if (found == std::string::npos || !source_->is_code(found)) continue;
            const std::size_t name = found + begin.size();
            if (file_.starts_with("guidance/paths/") || rule_->kind == Kind::coefficients) return source_->text({name, source_->text().find('"', name)});
        }
        return "";
    }
    void edit(Range range, std::string before, std::string after) { edits_[file_].push_back({range, std::move(before), std::move(after)}); }
    static std::string factor(int first, int kinds) { return "costate::mutation::Factor{" + std::to_string(first) + ", " + std::to_string(kinds) + "} * "; }

    // The sign and twice an expression, in brackets.
    void scale(Range range) {
        const std::string text = source_->text(range);
        if (text == "T(0)") return exchange(range, "T(1)");
        const int first = number(range.begin, text, "-(" + text + ")");
        number(range.begin, text, "2 (" + text + ")");
        edit(range, "(" + factor(first, 2) + "(", "))");
    }
    void exchange(Range range, const std::string& other) {
        const std::string text = source_->text(range);
        const int id = number(range.begin, text, other);
        edit(range, "(costate::mutation::on(" + std::to_string(id) + ") ? (" + other + ") : (", "))");
    }
    void sign(Range range) {
        const std::string text = source_->text(range);
        if (text == "T(0)" || text == "T(0)}") return;
        const int id = number(range.begin, text, "-(" + text + ")");
        edit(range, "(" + factor(id, 1) + "(", "))");
    }

    void terms(Range range) {
        const std::string& text = source_->text();
        for (std::size_t i = range.begin; i < range.end; ++i) {
            if ((text[i] != '+' && text[i] != '-') || !source_->is_arithmetic(i) || text[i - 1] != ' ' || (text[i + 1] != ' ' && text[i + 1] != '\n')) continue;
            const std::size_t operand = text.find_first_not_of(" \n", i + 1);
            const std::string left = text.substr(i - 8, 7);
            if (std::isdigit(static_cast<unsigned char>(text[operand])) != 0 || left.ends_with("begin()") || left.ends_with("data()")) continue;
            const std::string shown = text.substr(i, source_->next(operand, " ,;)}") - i);
            const int id = number(i, shown, (text[i] == '+' ? "-" : "+") + shown.substr(1));
            edit({operand, operand}, factor(id, 1), "");
        }
    }

    // What follows each match of `pattern` up to the end of the statement.
    void statements(Range range, const std::string& pattern) {
        for (const auto& match : found(range, pattern)) {
            const std::size_t begin = match.end;
            const Range expression{begin, source_->next(begin, ";,")};
            if (source_->text()[expression.end] == ';' || rule_->kind != Kind::increment) scale({begin, source_->next(begin, ";")});
        }
    }

    // The members of return {a, b}.
    void entries(Range range) {
        for (const auto& match : found(range, R"(\breturn (?=\{))")) {
            const std::size_t last = source_->closing(match.end);
            for (std::size_t begin = match.end + 1; begin < last;) {
                const std::size_t end = std::min(source_->next(begin, ","), last);
                if (source_->text({begin, end}) != "t") sign({begin, end});
                begin = end + 2;
            }
        }
    }

    // The string literals of each make(…) after name and source.
    void coefficients(Range range) {
        const std::string& text = source_->text();
        for (const auto& match : found(range, R"(\bmake(?=\("))")) {
            int literal = 0;
            for (std::size_t i = match.end; i < source_->closing(match.end); ++i) {
                if (text[i] != '"') continue;
                const std::size_t end = text.find('"', i + 1);
                if (++literal > 2) coefficients_in({i, end + 1}, text.substr(i + 1, end - i - 1));
                i = end;
            }
        }
    }
    void coefficients_in(Range literal, const std::string& list) {
        std::istringstream words(list);
        int first = 0;
        for (std::string word; words >> word;) {
            if (word == "0") continue;
            const int id = number(literal.begin, word + " in \"" + list + "\"", word + " + 1/7");
            if (first == 0) first = id;
        }
        if (first != 0) edit(literal, "costate::mutation::coefficients(" + std::to_string(first) + ", ", ")");
    }

    void matches(Range range) {
        const std::string& text = source_->text();
        for (const auto& match : found(range, rule_->pattern)) {
            const std::string original = source_->text(match);
            if (rule_->kind == Kind::factor) scale(match);
            if (rule_->kind == Kind::replace) {
                std::smatch groups;
                const std::string rest = text.substr(match.begin);
                std::regex_search(rest, groups, std::regex(rule_->pattern));
                exchange(match, groups.format(rule_->replacement));
            }
            if (rule_->kind == Kind::drop) {
                const std::size_t end = source_->next(match.begin, ";") + 1;
                const int id = number(match.begin, source_->text({match.begin, end}), "left out");
                edit({match.begin, end}, "{ if (!costate::mutation::on(" + std::to_string(id) + ")) ", " }");
            }
            if (rule_->kind == Kind::values) {
                const int first = number(match.begin, original, "-" + original);
                number(match.begin, original, "2 " + original);
                edit(match, "costate::mutation::values<T>(" + std::to_string(first) + ", 2, ", ", f.count())");
            }
            if (rule_->kind == Kind::slopes) slopes(match);
        }
    }
    void slopes(Range match) {
        const std::size_t end = source_->next(match.begin, ";") + 1;
        int first = 0;
        for (const char* name : {"exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "silu", "gelu", "relu", "softplus", "erf"}) {
            const int id = number(match.begin, std::string(name) + "'(x)", std::string("-") + name + "'(x)");
            number(match.begin, std::string(name) + "'(x)", std::string("2 ") + name + "'(x)");
            if (first == 0) first = id;
        }
        edit({match.begin, end}, "{ ", " costate::mutation::slopes(" + std::to_string(first - 2) + ", F, view(slope, f.count())); }");
    }

    // Matches in code within the range.
    [[nodiscard]] std::vector<Range> found(Range range, const std::string& pattern) const {
        const std::string& text = source_->text();
        const std::regex expression(pattern);
        std::vector<Range> all;
        const auto begin = text.begin() + static_cast<std::ptrdiff_t>(range.begin), end = text.begin() + static_cast<std::ptrdiff_t>(range.end);
        const auto flags = range.begin > 0 ? std::regex_constants::match_prev_avail : std::regex_constants::match_default;
        for (std::sregex_iterator it(begin, end, expression, flags), none; it != none; ++it) {
            const std::size_t at = range.begin + static_cast<std::size_t>(it->position());
            const bool counts = rule_->kind == Kind::increment ? source_->is_arithmetic(at) : source_->is_code(at);
            if (counts) all.push_back({at, at + static_cast<std::size_t>(it->length())});
        }
        return all;
    }

    [[nodiscard]] static std::string edited(const Source& source, std::vector<Edit> edits);

    fs::path root_, out_;
    const Rule* rule_ = nullptr;
    std::string file_;
    const Source* source_ = nullptr;
    std::map<std::string, Source> sources_;
    std::map<std::string, std::vector<Edit>> edits_;
    std::vector<Mutant> mutants_;
};

// Nested edits around and inside each other; two that cross are refused.
std::string Mutation::edited(const Source& source, std::vector<Edit> edits) {
    std::stable_sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) {
        if (a.range.begin != b.range.begin) return a.range.begin < b.range.begin;
        const bool point_a = a.range.begin == a.range.end, point_b = b.range.begin == b.range.end;
        return point_a != point_b ? point_a : a.range.end > b.range.end;
    });
    const std::string& text = source.text();
    const std::size_t pragma = text.find("#pragma once\n");
    std::string result = pragma == std::string::npos ? "#include \"tests/mutation/mutant.hpp\"\n" : "";
    std::vector<const Edit*> open;
    std::size_t done = 0;
    const auto close_until = [&](std::size_t at) {
        while (!open.empty() && open.back()->range.end <= at) {
            result += text.substr(done, open.back()->range.end - done) + open.back()->after;
            done = open.back()->range.end;
            open.pop_back();
        }
    };
    if (pragma != std::string::npos) {
        done = pragma + 13;
        result += text.substr(0, done) + "#include \"tests/mutation/mutant.hpp\"\n";
    }
    for (const Edit& edit : edits) {
        close_until(edit.range.begin);
        if (!open.empty() && edit.range.end > open.back()->range.end) throw std::runtime_error("two mutants cross at " + source.text(edit.range));
        result += text.substr(done, edit.range.begin - done) + edit.before;
        done = edit.range.begin;
        open.push_back(&edit);
    }
    close_until(text.size());
    return result + text.substr(done);
}

}  // namespace

int main(int count, char** arguments) {
    try {
        if (count != 3) throw std::runtime_error("costate-mutate SOURCE OUT");
        Mutation mutation(arguments[1], arguments[2]);
        for (const Rule& rule : rules()) mutation.apply(rule);
        mutation.finish();
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "costate-mutate: " << error.what() << '\n';
        return 1;
    }
}
