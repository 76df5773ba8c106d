#include "claims/dflow/trajectory.hpp"

#include <cmath>

#include <stdexcept>
#include <utility>

namespace costate::claims {

// e^A = (e^(A/2^k))^(2^k), ‖A/2^k‖ ≤ 1/64
template <class T>
guidance::SmallMatrix<T> exponential(const guidance::SmallMatrix<T>& A) {
    double square = 0, scale = 1;
    for (const T& a : A.values()) square += std::pow(ScalarTraits<T>::to_double(a), 2);
    int halvings = 0;
    for (; std::sqrt(square) * scale > 1.0 / 64; ++halvings) scale /= 2;
    const guidance::SmallMatrix<T> B = T(scale) * A;
    guidance::SmallMatrix<T> sum = guidance::SmallMatrix<T>::identity(A.rows()), term = sum;
    for (int k = 1; k <= 20; ++k) {
        term = T(T(1) / T(k)) * (term * B);
        sum += term;
    }
    for (int k = 0; k < halvings; ++k) sum = sum * sum;
    return sum;
}
template guidance::SmallMatrix<double> exponential(const guidance::SmallMatrix<double>&);
template Matrix exponential(const Matrix&);

Mpfr50 size(const Matrix& A) {
    Mpfr50 sum = 0;
    for (const Mpfr50& a : A.values()) sum += a * a;
    return sqrt(sum);
}

Matrix commutator(const Matrix& A, const Matrix& B) { return A * B - B * A; }

namespace {

// Gauss's elimination with pivots on A and on b (which may be empty); returns det A.
Mpfr50 eliminate(Matrix& A, std::vector<Mpfr50>& b) {
    const std::size_t n = A.rows();
    Mpfr50 product = 1;
    for (std::size_t j = 0; j < n; ++j) {
        std::size_t pivot = j;
        for (std::size_t i = j + 1; i < n; ++i)
            if (abs(A(i, j)) > abs(A(pivot, j))) pivot = i;
        if (A(pivot, j) == 0) return 0;
        if (pivot != j) {
            for (std::size_t k = 0; k < n; ++k) std::swap(A(j, k), A(pivot, k));
            if (!b.empty()) std::swap(b[j], b[pivot]);
            product = -product;
        }
        product *= A(j, j);
        for (std::size_t i = j + 1; i < n; ++i) {
            const Mpfr50 ratio = A(i, j) / A(j, j);
            for (std::size_t k = j; k < n; ++k) A(i, k) -= ratio * A(j, k);
            if (!b.empty()) b[i] -= ratio * b[j];
        }
    }
    return product;
}

}  // namespace

Mpfr50 determinant(Matrix A) {
    std::vector<Mpfr50> none;
    return eliminate(A, none);
}

std::vector<Mpfr50> solved(Matrix A, std::vector<Mpfr50> b) {
    if (eliminate(A, b) == 0)
        throw std::domain_error("a linear system was not solved: its matrix is singular; use a start where the flow is invertible");
    for (std::size_t i = b.size(); i-- > 0;) {
        for (std::size_t j = i + 1; j < b.size(); ++j) b[i] -= A(i, j) * b[j];
        b[i] /= A(i, i);
    }
    return b;
}

}  // namespace costate::claims
