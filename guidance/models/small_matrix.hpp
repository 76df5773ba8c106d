// Dense matrices of a few rows over any scalar, and A = L D Lᵀ without square roots: exact where the scalar is.
#pragma once

#include "scalar/expansion_point.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace costate::guidance {

/// rows × columns values, row-major.
template <class T>
class SmallMatrix {
public:
    SmallMatrix() = default;
    SmallMatrix(std::size_t rows, std::size_t columns) : rows_(rows), columns_(columns), values_(rows * columns, T(0)) {}
    /// Throws std::invalid_argument when the values are not rows · columns.
    SmallMatrix(std::size_t rows, std::size_t columns, std::vector<T> values)
        : rows_(rows), columns_(columns), values_(std::move(values)) {
        if (values_.size() != rows * columns)
            throw std::invalid_argument("matrix of " + std::to_string(rows) + " x " + std::to_string(columns) + ": " +
                                        std::to_string(values_.size()) + " values given; give rows times columns of them");
    }

    static SmallMatrix identity(std::size_t n) {
        SmallMatrix m(n, n);
        for (std::size_t i = 0; i < n; ++i) m(i, i) = T(1);
        return m;
    }
    static SmallMatrix diagonal(std::span<const T> entries) {
        SmallMatrix m(entries.size(), entries.size());
        for (std::size_t i = 0; i < entries.size(); ++i) m(i, i) = entries[i];
        return m;
    }

    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] std::size_t columns() const { return columns_; }
    [[nodiscard]] const std::vector<T>& values() const { return values_; }
    T& operator()(std::size_t i, std::size_t j) { return values_[i * columns_ + j]; }
    const T& operator()(std::size_t i, std::size_t j) const { return values_[i * columns_ + j]; }

    SmallMatrix& operator+=(const SmallMatrix& o) {
        for (std::size_t i = 0; i < values_.size(); ++i) values_[i] += o.values_[i];
        return *this;
    }
    SmallMatrix& operator-=(const SmallMatrix& o) {
        for (std::size_t i = 0; i < values_.size(); ++i) values_[i] -= o.values_[i];
        return *this;
    }
    friend SmallMatrix operator+(SmallMatrix a, const SmallMatrix& b) { return a += b; }
    friend SmallMatrix operator-(SmallMatrix a, const SmallMatrix& b) { return a -= b; }
    friend SmallMatrix operator*(const T& factor, SmallMatrix m) {
        for (T& value : m.values_) value = factor * value;
        return m;
    }
    /// Throws std::invalid_argument when a's columns are not b's rows.
    friend SmallMatrix operator*(const SmallMatrix& a, const SmallMatrix& b) {
        if (a.columns_ != b.rows_)
            throw std::invalid_argument("matrix product: " + std::to_string(a.columns_) + " columns times " + std::to_string(b.rows_) +
                                        " rows; give both the same number");
        SmallMatrix product(a.rows_, b.columns_);
        for (std::size_t i = 0; i < a.rows_; ++i)
            for (std::size_t k = 0; k < a.columns_; ++k)
                for (std::size_t j = 0; j < b.columns_; ++j) product(i, j) += a(i, k) * b(k, j);
        return product;
    }
    friend bool operator==(const SmallMatrix& a, const SmallMatrix& b) {
        return a.rows_ == b.rows_ && a.columns_ == b.columns_ && a.values_ == b.values_;
    }

    [[nodiscard]] std::span<const T> row(std::size_t i) const { return std::span<const T>(values_).subspan(i * columns_, columns_); }
    [[nodiscard]] SmallMatrix transpose() const {
        SmallMatrix t(columns_, rows_);
        for (std::size_t i = 0; i < rows_; ++i)
            for (std::size_t j = 0; j < columns_; ++j) t(j, i) = (*this)(i, j);
        return t;
    }
    [[nodiscard]] T trace() const {
        T sum(0);
        for (std::size_t i = 0; i < std::min(rows_, columns_); ++i) sum += (*this)(i, i);
        return sum;
    }
    /// out += M v; out and v do not overlap.
    void multiply_add(std::span<const T> v, std::span<T> out) const {
        for (std::size_t i = 0; i < rows_; ++i)
            for (std::size_t j = 0; j < columns_; ++j) out[i] += (*this)(i, j) * v[j];
    }
    /// out += Mᵀ v
    void multiply_transposed_add(std::span<const T> v, std::span<T> out) const {
        for (std::size_t i = 0; i < rows_; ++i)
            for (std::size_t j = 0; j < columns_; ++j) out[j] += (*this)(i, j) * v[i];
    }
    /// M v
    [[nodiscard]] std::vector<T> operator()(std::span<const T> v) const {
        std::vector<T> out(rows_, T(0));
        multiply_add(v, out);
        return out;
    }

private:
    std::size_t rows_ = 0, columns_ = 0;
    std::vector<T> values_;
};

/// A = L D Lᵀ of a symmetric matrix, L unit lower triangular, no pivots: for positive definite A, or any A whose leading minors are
/// units. Only the lower triangle of A is read.
template <class T>
class Ldl {
public:
    Ldl() = default;
    /// Throws std::domain_error for a zero pivot.
    explicit Ldl(SmallMatrix<T> a) : factor_(std::move(a)) { factorise(); }

    /// Room for another A of n rows, to be filled and then factorised; allocates nothing where n is as before.
    SmallMatrix<T>& matrix(std::size_t n) {
        if (factor_.rows() != n) factor_ = SmallMatrix<T>(n, n);
        return factor_;
    }
    /// A = L D Lᵀ in place. Throws std::domain_error for a zero pivot.
    void factorise() {
        const std::size_t n = factor_.rows();
        for (std::size_t j = 0; j < n; ++j) {
            if (!is_unit(factor_(j, j)))
                throw std::domain_error("L D L^T: pivot " + std::to_string(j) +
                                        " is 0; the matrix must be positive definite (a covariance of full rank, or sigma > 0)");
            for (std::size_t i = j + 1; i < n; ++i) {
                const T ratio = factor_(i, j) / factor_(j, j);
                for (std::size_t k = j + 1; k <= i; ++k) factor_(i, k) -= ratio * factor_(k, j);
                factor_(j, i) = ratio;  // L_ij waits above the diagonal until column j of the rest is done with A_ij
            }
        }
    }

    [[nodiscard]] std::size_t size() const { return factor_.rows(); }
    /// D_j
    [[nodiscard]] const T& pivot(std::size_t j) const { return factor_(j, j); }
    /// det A = Π D_j
    [[nodiscard]] T determinant() const {
        T product(1);
        for (std::size_t j = 0; j < size(); ++j) product = product * pivot(j);
        return product;
    }
    /// b ← A⁻¹ b
    void solve(std::span<T> b) const {
        const std::size_t n = size();
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < i; ++j) b[i] -= factor_(j, i) * b[j];
        for (std::size_t i = 0; i < n; ++i) b[i] = b[i] / pivot(i);
        for (std::size_t i = n; i-- > 0;)
            for (std::size_t j = i + 1; j < n; ++j) b[i] -= factor_(i, j) * b[j];
    }
    /// A⁻¹ B
    [[nodiscard]] SmallMatrix<T> solve(const SmallMatrix<T>& b) const {
        SmallMatrix<T> columns = b.transpose();
        std::vector<T> column(b.rows());
        for (std::size_t j = 0; j < b.columns(); ++j) {
            for (std::size_t i = 0; i < b.rows(); ++i) column[i] = columns(j, i);
            solve(std::span<T>(column));
            for (std::size_t i = 0; i < b.rows(); ++i) columns(j, i) = column[i];
        }
        return columns.transpose();
    }
    [[nodiscard]] SmallMatrix<T> inverse() const { return solve(SmallMatrix<T>::identity(size())); }

private:
    SmallMatrix<T> factor_;  // L_ij (i > j) at (j, i), D on the diagonal; below it is scratch of the factorisation
};

/// v wᵀ added to m.
template <class T>
void add_outer(SmallMatrix<T>& m, const T& factor, std::span<const T> v, std::span<const T> w) {
    for (std::size_t i = 0; i < m.rows(); ++i)
        for (std::size_t j = 0; j < m.columns(); ++j) m(i, j) += factor * v[i] * w[j];
}

}  // namespace costate::guidance
