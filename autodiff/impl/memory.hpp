// Places of short-lived blocks: first fit into what earlier blocks have left.
#pragma once

#include "autodiff/blueprint.hpp"

#include <iterator>
#include <map>

namespace costate::autodiff::detail {

/// One arena, in values. Free gaps are kept by position and joined.
class Arena {
public:
    std::size_t take(std::size_t size) {
        for (auto gap = gaps_.begin(); gap != gaps_.end(); ++gap) {
            if (gap->second < size) continue;
            const auto [begin, length] = *gap;
            gaps_.erase(gap);
            if (length > size) gaps_.emplace(begin + size, length - size);
            return begin;
        }
        const std::size_t begin = end_;
        end_ += size;
        return begin;
    }

    void give(std::size_t begin, std::size_t size) {
        auto gap = gaps_.emplace(begin, size).first;
        const auto after = std::next(gap);
        if (after != gaps_.end() && begin + size == after->first) {
            gap->second += after->second;
            gaps_.erase(after);
        }
        if (gap == gaps_.begin()) return;
        const auto before = std::prev(gap);
        if (before->first + before->second == begin) {
            before->second += gap->second;
            gaps_.erase(gap);
        }
    }

    [[nodiscard]] std::size_t extent() const { return end_; }

private:
    std::map<std::size_t, std::size_t> gaps_;  // begin → length
    std::size_t end_ = 0;
};

/// The workspace of one routine: an arena a sample and one once. A block of no values is nowhere.
class Memory {
public:
    Ref take(std::size_t size, bool shared) {
        if (size == 0) return {};
        return {(shared ? shared_ : lanes_).take(size), static_cast<std::uint16_t>(shared ? work_shared : work_lanes)};
    }
    /// Gives back what take returned; blocks elsewhere are left alone.
    void give(Ref ref, std::size_t size) {
        if (ref.base == work_shared) shared_.give(ref.offset, size);
        if (ref.base == work_lanes) lanes_.give(ref.offset, size);
    }
    [[nodiscard]] Extent extent() const { return {lanes_.extent(), shared_.extent()}; }

private:
    Arena lanes_, shared_;
};

}  // namespace costate::autodiff::detail
