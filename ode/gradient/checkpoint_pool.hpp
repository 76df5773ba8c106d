// Buffers that a checkpointed sweep keeps from one use to the next.
#pragma once

#include "ode/step_workspace.hpp"

#include <cstddef>
#include <vector>

namespace costate::ode::dto::detail {

/// Things taken and given back by number; what was made once is kept and given out again, in the same order after rewind().
template <class Item>
class Pool {
public:
    [[nodiscard]] std::size_t take() {
        if (free_.empty()) {
            items_.emplace_back();
            return items_.size() - 1;
        }
        const std::size_t i = free_.back();
        free_.pop_back();
        return i;
    }
    void give_back(std::size_t i) { free_.push_back(i); }
    void rewind(std::size_t expected) {
        items_.reserve(expected);
        free_.reserve(items_.capacity());
        free_.resize(items_.size());
        for (std::size_t i = 0; i < free_.size(); ++i) free_[i] = items_.size() - 1 - i;
    }
    /// The next `count` items that take() would give, to be used for a while without taking them: spare(0) … spare(count − 1).
    void provide(std::size_t count) {
        while (free_.size() < count) {
            items_.emplace_back();
            free_.push_back(items_.size() - 1);
        }
    }
    Item& spare(std::size_t k) { return items_[free_[free_.size() - 1 - k]]; }
    Item& operator[](std::size_t i) { return items_[i]; }
    [[nodiscard]] const std::vector<Item>& items() const { return items_; }
    [[nodiscard]] std::size_t bytes() const { return ode::detail::bytes_of(items_) + ode::detail::bytes_of(free_); }

private:
    std::vector<Item> items_;
    std::vector<std::size_t> free_;
};

}  // namespace costate::ode::dto::detail
