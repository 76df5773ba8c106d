#include "guidance/guide/comparison.hpp"
#include "guidance/guide/pool.hpp"
#include "kernels/parallel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stdexcept>

namespace costate::guidance {

namespace {

struct Question {
    const GuidanceMethod* method;
    std::size_t image;
};

std::vector<Question> open_questions(const GuideSetup& setup, std::span<const GuideRow> known) {
    std::vector<Question> open;
    for (std::size_t i = 0; i < setup.request.count; ++i)
        for (const GuidanceMethod* method : setup.all_methods()) {
            const GuideRow asked{method->spelling(), setup.task(), setup.request.first + i};
            if (std::none_of(known.begin(), known.end(), [&](const GuideRow& row) { return same_question(row, asked); })) open.push_back({method, i});
        }
    return open;
}

/// What several threads tell of their work.
class Teller {
public:
    Teller(const GuideHooks& hooks, std::size_t known, std::size_t open) : hooks_(hooks), done_(known), total_(known + open), share_(open) {}

    void watch(std::size_t which, double fraction, const std::string& now) {
        if (hooks_.stop()) throw GuidanceStopped{};
        const std::lock_guard lock(mutex_);
        share_[which] = fraction;
        tell(now);
    }
    void keep(std::size_t which, const detail::GuideOutcome& outcome) {
        const std::lock_guard lock(mutex_);
        hooks_.keep(outcome.row, outcome.sample, outcome.way);
        share_[which] = 1;
        ++done_;
        tell(outcome.row.method);
    }

private:
    void tell(const std::string& now) {
        double sum = 0;
        for (const double part : share_) sum += part / static_cast<double>(share_.size());
        hooks_.progress(done_, total_, sum, now);
    }

    const GuideHooks& hooks_;
    std::size_t done_, total_;
    std::vector<double> share_;
    std::mutex mutex_;
};

detail::GuideOutcome answer(detail::GuideCompute& compute, const GuideSetup& setup, const Question& question, const std::function<void(double)>& watch) {
    try {
        return compute(*question.method, question.image, static_cast<std::uint32_t>(setup.request.first + question.image), watch);
    } catch (const std::domain_error& error) {
        detail::GuideOutcome failed;
        failed.row = {question.method->spelling(), setup.task(), setup.request.first + question.image};
        failed.row.note = error.what();
        return failed;
    }
}

}  // namespace

void run_guide(const GuideSetup& setup, std::span<const GuideRow> known, const GuideHooks& hooks) {
    const std::vector<Question> open = open_questions(setup, known);
    Teller teller(hooks, known.size(), open.size());
    detail::ComputerPool pool(setup);
    kernels::parallel_for(open.size(), [&](std::size_t q) {
        detail::GuideCompute compute = pool.take();
        const std::string name = open[q].method->spelling();
        const auto watch = [&](double fraction) { teller.watch(q, fraction, fmt::format("{}, image {}", name, setup.request.first + open[q].image)); };
        watch(0);
        teller.keep(q, answer(compute, setup, open[q], watch));
        pool.give_back(std::move(compute));
    }, setup.threads);
}

}  // namespace costate::guidance
