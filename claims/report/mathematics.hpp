// Texts with mathematics between $…$, for a page, a terminal and a paper.
#pragma once

#include <string>
#include <string_view>

namespace costate::claims {

// The subset of TeX between two dollar signs (a dollar sign itself is written \$):
//   letters, numbers, + - = < > / ( ) [ ] | , ; : ! ', ^ and _ with or without braces; Greek; \infty \partial \nabla \top \dagger \ell …;
//   relations and operators \le \ge \ne \approx \equiv \in \subset \to \mapsto \cdot \times \circ \pm …; \sum \prod \int \max \min \lim;
//   \frac{}{} \sqrt{} \sqrt[n]{}; \hat{} \tilde{} \bar{} \dot{} \ddot{} \vec{}; \mathbf{} \mathrm{} \mathbb{} \mathcal{} \operatorname{} \text{};
//   \exp \log \sin \cos \det …; \left( \right) with ( ) [ ] | \| \{ \} \lVert \rVert \lvert \rvert \langle \rangle and . for none;
//   \, \; \quad; matrices \begin{pmatrix} a & b \\ c & d \end{pmatrix}, likewise bmatrix, vmatrix, matrix, cases.
// Each function below throws std::invalid_argument, naming the character, where a formula is not of this subset or a $ has no partner.

/// HTML: plain parts escaped, formulas as presentation MathML that may be broken over lines after a relation.
std::string to_mathml(std::string_view text);

/// Unicode for a terminal: "hᵖ⁺¹", "∇ₓL", "‖x‖", "Jᵀ"; ^( ) and _( ) where Unicode has no such letter, a/b for fractions.
std::string to_plain(std::string_view text);

/// LaTeX: plain parts escaped, formulas as they are. Needs amsmath and amssymb where the formulas do.
std::string to_tex(std::string_view text);

/// & < > " ' as entities; control characters become blanks and bytes that are not UTF-8 become U+FFFD. Throws nothing of its own.
std::string html_escaped(std::string_view text);

}  // namespace costate::claims
