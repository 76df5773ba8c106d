// Computers that threads take in turn.
#pragma once

#include "guidance/guide/comparison_run.hpp"

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace costate::guidance::detail {

/// A thread takes a computer and gives it back; as many are made as are in use at once.
class ComputerPool {
public:
    explicit ComputerPool(const GuideSetup& setup) : make_(setup.request.single_precision ? guide_in_f32(setup) : guide_in_f64(setup)) {}
    GuideCompute take() {
        const std::lock_guard lock(mutex_);
        if (free_.empty()) return make_();
        GuideCompute one = std::move(free_.back());
        free_.pop_back();
        return one;
    }
    void give_back(GuideCompute one) {
        const std::lock_guard lock(mutex_);
        free_.push_back(std::move(one));
    }

private:
    std::function<GuideCompute()> make_;
    std::vector<GuideCompute> free_;
    std::mutex mutex_;
};

}  // namespace costate::guidance::detail
