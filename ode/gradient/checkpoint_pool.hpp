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
    /// Items for a while, without taking them: those that take() would give, then new ones, made when first asked for. None may be taken or
    /// given back meanwhile.
    class Spare {
    public:
        explicit Spare(Pool& pool) : pool_(pool), free_(pool.free_.size()), made_(pool.items_.size()) {}
        Spare(const Spare&) = delete;
        Spare& operator=(const Spare&) = delete;
        ~Spare() {
            for (std::size_t i = pool_.items_.size(); i-- > made_;) pool_.free_.push_back(i);
        }
        /// k is at most one more than any k before.
        Item& operator[](std::size_t k) {
            if (k < free_) return pool_.items_[pool_.free_[free_ - 1 - k]];
            const std::size_t i = made_ + (k - free_);
            if (i == pool_.items_.size()) {
                pool_.items_.emplace_back();
                if (pool_.free_.capacity() < pool_.items_.capacity()) pool_.free_.reserve(pool_.items_.capacity());
            }
            return pool_.items_[i];
        }

    private:
        Pool& pool_;
        const std::size_t free_, made_;
    };
    Item& operator[](std::size_t i) { return items_[i]; }
    [[nodiscard]] const std::vector<Item>& items() const { return items_; }
    [[nodiscard]] std::size_t bytes() const { return ode::detail::bytes_of(items_) + ode::detail::bytes_of(free_); }

private:
    std::vector<Item> items_;
    std::vector<std::size_t> free_;
};

}  // namespace costate::ode::dto::detail
