#include "guidance/guide/operators/super_resolution.hpp"

namespace costate::guidance {

template <class T>
void SuperResolution<T>::apply(std::span<const T> x, std::span<T> y) const {
    const std::size_t w = shape_.width, columns = w / k_;
    for (std::size_t line = 0; line < shape_.channels * shape_.height / k_; ++line)
        for (std::size_t j = 0; j < columns; ++j) {
            double sum = 0;
            for (std::size_t a = 0; a < k_; ++a)
                for (std::size_t b = 0; b < k_; ++b) sum += static_cast<double>(x[(line * k_ + a) * w + j * k_ + b]);
            y[line * columns + j] = static_cast<T>(sum * gram());
        }
}

template <class T>
void SuperResolution<T>::spread(double factor, std::span<const T> y, std::span<T> x) const {
    const std::size_t w = shape_.width, columns = w / k_;
    for (std::size_t line = 0; line < shape_.channels * shape_.height; ++line)
        for (std::size_t j = 0; j < w; ++j)
            x[line * w + j] = static_cast<T>(factor * static_cast<double>(y[line / k_ * columns + j / k_]));
}

template class SuperResolution<float>;
template class SuperResolution<double>;

}  // namespace costate::guidance
