#include "claims/list.hpp"
#include "claims/report/mathematics.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <vector>

using namespace costate::claims;

namespace {

// Whether every tag is closed in the order in which it was opened, and no < or & stands alone.
bool well_formed(const std::string& html) {
    std::vector<std::string> open;
    for (std::size_t i = 0; i < html.size(); ++i) {
        if (html[i] == '&') {
            const std::size_t end = html.find(';', i);
            if (end == std::string::npos || end - i > 8) return false;
        }
        if (html[i] != '<') continue;
        const std::size_t end = html.find('>', i);
        if (end == std::string::npos) return false;
        const std::string tag = html.substr(i + 1, end - i - 1);
        const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
        if (tag[0] == '/') {
            if (open.empty() || "/" + open.back() != tag) return false;
            open.pop_back();
        } else if (tag.back() != '/' && tag != "wbr") {  // a void element of HTML
            open.push_back(name);
        }
        i = end;
    }
    return open.empty();
}

std::string plain_of(const std::string& formula) { return to_plain("$" + formula + "$"); }
std::string mathml_of(const std::string& formula) { return to_mathml("$" + formula + "$"); }

}  // namespace

TEST_CASE("a terminal gets Unicode") {
    CHECK(plain_of("h^{p+1}") == "hᵖ⁺¹");
    CHECK(plain_of("x_1") == "x₁");
    CHECK(plain_of("\\nabla_x L") == "∇ₓL");
    CHECK(plain_of("J^\\top") == "Jᵀ");
    CHECK(plain_of("\\alpha_t") == "αₜ");
    CHECK(plain_of("\\frac{a}{b}") == "a/b");
    CHECK(plain_of("\\frac{a+b}{c}") == "(a+b)/c");
    CHECK(plain_of("\\sqrt{x}") == "√x");
    CHECK(to_plain("no formula, 100 %") == "no formula, 100 %");
    CHECK(to_plain("costs \\$5") == "costs $5");
}

TEST_CASE("a page gets MathML in the right elements") {
    CHECK(mathml_of("x_1^2").find("<msubsup>") != std::string::npos);
    CHECK(mathml_of("\\frac{1}{2}").find("<mfrac>") != std::string::npos);
    CHECK(mathml_of("\\sqrt{x}").find("<msqrt>") != std::string::npos);
    CHECK(mathml_of("\\hat{x}").find("<mover") != std::string::npos);
    CHECK(mathml_of("\\sum_{i=1}^n a_i").find("munderover") != std::string::npos);
    CHECK(mathml_of("\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}").find("<mtable") != std::string::npos);
    CHECK(mathml_of("a < b").find("&lt;") != std::string::npos);
    CHECK(to_mathml("R & D <b>").find("R &amp; D &lt;b&gt;") != std::string::npos);
    for (const char* formula : {"x", "x_{i+1}^{(n)}", "\\left( \\frac{a}{b} \\right)", "\\int_0^1 f(t)\\,dt", "\\mathbf{x} \\in \\mathbb{R}^d", "\\lVert x \\rVert",
                                "\\operatorname{Var}(x)", "f''(f, f)", "\\dot{x} = \\tilde{u} + \\ddot{y}"}) {
        INFO(formula);
        CHECK(well_formed(mathml_of(formula)));
    }
}

TEST_CASE("the test's own check sees what is not well formed") {
    CHECK(well_formed("<p>a &amp; b<br/></p>"));
    CHECK_FALSE(well_formed("<p><b></p></b>"));
    CHECK_FALSE(well_formed("<p>"));
    CHECK_FALSE(well_formed("a & b"));
}

TEST_CASE("a paper gets LaTeX") {
    CHECK(to_tex("100 % of $x_1$ & more_") == "100 \\% of $x_1$ \\& more\\_");
    CHECK(to_tex("$\\frac{a}{b}$") == "$\\frac{a}{b}$");
}

TEST_CASE("what cannot be read is refused with its place") {
    for (const char* text : {"$x", "$x^$", "$\\frac{a}$", "$\\unheard{x}$", "$}$", "${x$", "$\\left( x$", "$\\begin{pmatrix} a$", "$x_{1$"}) {
        INFO(text);
        CHECK_THROWS_AS(to_mathml(text), std::invalid_argument);
        CHECK_THROWS_AS(to_plain(text), std::invalid_argument);
    }
}

TEST_CASE("random text is read or refused, and never more than that") {
    const std::vector<std::string> pieces{"$", "\\frac", "{", "}", "x", "^", "_", "\\left(", "\\right)", "\\sum", " ", "&", "<", "\\", "ü", "\xff", "1", "\\begin{pmatrix}", "\\end{pmatrix}", "\\\\", "'"};
    std::mt19937 generator(1);
    std::size_t read = 0;
    for (int trial = 0; trial < 20000; ++trial) {
        std::string text;
        for (unsigned k = generator() % 12; k > 0; --k) text += pieces[generator() % pieces.size()];
        try {
            const std::string html = to_mathml(text);
            INFO(text);
            CHECK(well_formed(html));
            (void)to_plain(text);
            (void)to_tex(text);
            ++read;
        } catch (const std::invalid_argument&) {
        }
    }
    CHECK(read > 1000);
}

TEST_CASE("what would look wrong at the end of a line or above it") {
    // a point or a comma stays with the formula before it, wherever that may be broken
    CHECK(to_mathml("of $x$, and").find("<span class=\"close\"><math><mi>x</mi></math>,</span> and") != std::string::npos);
    CHECK(to_mathml("of $x$ and").find("<span") == std::string::npos);
    // a prime is a raised letter already; a square is not
    CHECK(to_mathml("$f'$").find("msup") == std::string::npos);
    CHECK(to_mathml("$C_p'$").find("msubsup") == std::string::npos);
    CHECK(to_mathml("$C_p^2$").find("msubsup") != std::string::npos);
    // a long list of fractions may be broken after a comma and after a slash, a short one not
    CHECK(to_mathml("$(905085111/8589934592, 120256439/268435456) h^3$").find("<wbr>") != std::string::npos);
    CHECK(to_mathml("$(1/2, 3/4) h^3$").find("<wbr>") == std::string::npos);
}

TEST_CASE("every text of every claim can be read") {
    for (const Claim& claim : all_claims()) {
        INFO(claim.id);
        for (const std::string& text : {claim.title, claim.explanation}) CHECK(well_formed(to_mathml(text)));
        for (const Reading& reading : claim.readings) {
            for (const std::string& text : {reading.statement, reading.remark, reading.control.broken.in(default_setting(claim.axes))}) {
                INFO(text);
                CHECK_NOTHROW(to_mathml(text));
                CHECK(well_formed(to_mathml(text)));
            }
        }
    }
}
