// Linear operators: against their matrix built column by column, the four conditions that define a pseudo-inverse, and SciPy.
#include "guidance/guide/operators/masks.hpp"
#include "guidance/guide/operators/tasks.hpp"
#include "guidance/guide/normals.hpp"
#include "nn/npy.hpp"
#include "tests/nn/temporary.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <numeric>
#include <set>

using namespace costate::guidance;

namespace {

using Vector = std::vector<double>;

struct Matrix {
    std::size_t rows, columns;
    Vector values;  // row-major
    double& operator()(std::size_t i, std::size_t j) { return values[i * columns + j]; }
    double operator()(std::size_t i, std::size_t j) const { return values[i * columns + j]; }
};

// Column j is f(e_j).
template <class F>
Matrix matrix_of(std::size_t rows, std::size_t columns, F&& f) {
    Matrix m{rows, columns, Vector(rows * columns)};
    for (std::size_t j = 0; j < columns; ++j) {
        Vector e(columns), y(rows, 1e9);  // what is there before does not show
        e[j] = 1;
        f(std::span<const double>(e), std::span<double>(y));
        for (std::size_t i = 0; i < rows; ++i) m(i, j) = y[i];
    }
    return m;
}

Matrix transpose(const Matrix& a) {
    Matrix t{a.columns, a.rows, Vector(a.values.size())};
    for (std::size_t i = 0; i < a.rows; ++i)
        for (std::size_t j = 0; j < a.columns; ++j) t(j, i) = a(i, j);
    return t;
}

Matrix operator*(const Matrix& a, const Matrix& b) {
    Matrix c{a.rows, b.columns, Vector(a.rows * b.columns)};
    for (std::size_t i = 0; i < a.rows; ++i)
        for (std::size_t k = 0; k < a.columns; ++k)
            for (std::size_t j = 0; j < b.columns; ++j) c(i, j) += a(i, k) * b(k, j);
    return c;
}

double distance(const Matrix& a, const Matrix& b) {
    double most = 0;
    for (std::size_t i = 0; i < a.values.size(); ++i) most = std::max(most, std::abs(a.values[i] - b.values[i]));
    return most;
}

// The largest violation of HGH = H, GHG = G, HG and GH symmetric (Penrose 1955), which one G alone fulfils.
double penrose(const Matrix& H, const Matrix& G) {
    const Matrix HG = H * G, GH = G * H;
    return std::max({distance(HG * H, H), distance(GH * G, G), distance(HG, transpose(HG)), distance(GH, transpose(GH))});
}

double dot(const Vector& a, const Vector& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

Vector normals(std::uint32_t index, std::size_t n) {
    Vector z(n);
    NormalSource(7).fill<double>(Draw::probe, index, z);
    return z;
}

std::string message(std::string_view task, const ImageShape& shape) {
    try {
        (void)make_operator<float>(task, shape, 1);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return {};
}

const ImageShape grey{1, 8, 8}, colour{3, 6, 4}, plain{1, 1, 12};

struct Files {
    TemporaryFolder folder;
    std::string mask = (folder / "mask.npy").string(), kernel = (folder / "kernel.npy").string(), H12 = (folder / "h12.npy").string(),
                H64 = (folder / "h64.npy").string();
    Files() {
        using costate::nn::Array;
        Array kept = xt::zeros<double>({8, 8}), h = xt::zeros<double>({5, 12}), wide = xt::zeros<double>({20, 64});
        for (std::size_t i = 0; i < 64; ++i) kept.data()[i] = i % 3 == 0 ? -1 : 0;
        for (std::size_t i = 0; i < h.size(); ++i) h.data()[i] = std::sin(1.0 + static_cast<double>(i * i));
        for (std::size_t j = 0; j < 12; ++j) h(4, j) = h(0, j) - 2 * h(1, j);  // of rank 4
        for (std::size_t i = 0; i < wide.size(); ++i) wide.data()[i] = std::cos(2.0 + static_cast<double>(i * i));
        costate::nn::write_npy(mask, kept);
        costate::nn::write_npy(kernel, Array{{1.0, 2.0, 0.0}, {0.0, 3.0, 1.0}, {4.0, 0.0, 1.0}});
        costate::nn::write_npy(H12, h);
        costate::nn::write_npy(H64, wide);
    }
};

struct Case {
    std::string task;
    ImageShape shape;
    std::size_t rows;
};

std::vector<Case> cases(const Files& files) {
    std::vector<Case> all = {{"inpaint:" + files.mask, grey, 22}, {"blur:" + files.kernel, grey, 64}, {"observation:" + files.H12, plain, 5},
                             {"observation:" + files.H64, grey, 20}, {"super-resolution:4", grey, 4}, {"super-resolution", {2, 4, 6}, 12},
                             {"inpaint:random", plain, 4}, {"inpaint:random:0.5", {2, 3, 4}, 12}, {"inpaint:box:3", {1, 4, 6}, 15},
                             {"projection", plain, 3}, {"projection:24", {1, 4, 6}, 24}, {"denoise", plain, 12},
                             {"blur:motion:4:0", {1, 3, 8}, 24}};  // its response is 0 at some frequencies
    for (const ImageShape& shape : {grey, colour})
        for (const auto& [task, rows] : std::vector<std::pair<std::string, std::size_t>>{
                 {"inpaint:box", shape.size() * 3 / 4 + (shape == colour ? 6 : 0)}, {"inpaint:random:0.25", shape.size() / 4},
                 {"super-resolution:2", shape.size() / 4}, {"blur:gaussian:0.4", shape.size()}, {"blur:motion:3:45", shape.size()},
                 {"denoise", shape.size()}, {"projection:5", 5}})
            all.push_back({task, shape, rows});
    return all;
}

}  // namespace

TEST_CASE("every operator is its matrix, with the matrix's transpose, pseudo-inverse and solution") {
    const Files files;
    for (const Case& c : cases(files)) {
        INFO(c.task << " on " << to_string(c.shape));
        const auto H = make_operator<double>(c.task, c.shape, 3);
        const auto H32 = make_operator<float>(c.task, c.shape, 3);
        const std::size_t m = H.rows(), d = H.columns();
        CHECK(m == c.rows);
        CHECK(d == c.shape.size());
        CHECK(H.name() == c.task);
        const Matrix D = matrix_of(m, d, [&](auto x, auto y) { H.apply(x, y); });
        CHECK(distance(matrix_of(d, m, [&](auto y, auto x) { H.transposed(y, x); }), transpose(D)) < 1e-15);
        CHECK(penrose(D, matrix_of(d, m, [&](auto y, auto x) { H.pseudo_inverse(y, x); })) < 1e-9);
        const Vector x = normals(0, d), y = normals(1, m);
        Vector Hx(m), Hty(d);
        H.apply(x, Hx);
        H.transposed(y, Hty);
        CHECK(std::abs(dot(Hx, y) - dot(x, Hty)) < 1e-12);

        Matrix gram = D * transpose(D);
        const Matrix solved = matrix_of(m, m, [&](auto r, auto out) { H.solve(2, 0, r, out); });
        Matrix twice = gram;
        for (double& g : twice.values) g *= 2;
        CHECK(penrose(twice, solved) < 1e-8);
        for (std::size_t i = 0; i < m; ++i) twice(i, i) += 0.3;
        Matrix one = twice * matrix_of(m, m, [&](auto r, auto out) { H.solve(2, 0.3, r, out); });
        for (std::size_t i = 0; i < m; ++i) one(i, i) -= 1;
        CHECK(distance(one, Matrix{m, m, Vector(m * m)}) < 1e-13);

        // float against double
        const std::vector<float> xf(x.begin(), x.end()), yf(y.begin(), y.end());
        std::vector<float> a(m), b(d), e(m);
        H32.apply(xf, a);
        H32.transposed(yf, b);
        H32.solve(2, 0.3, yf, e);
        Vector e64(m);
        H.solve(2, 0.3, y, e64);
        for (std::size_t i = 0; i < m; ++i) CHECK(std::abs(a[i] - Hx[i]) < 1e-5);
        for (std::size_t j = 0; j < d; ++j) CHECK(std::abs(b[j] - Hty[j]) < 1e-5);
        for (std::size_t i = 0; i < m; ++i) CHECK(std::abs(e[i] - e64[i]) < 1e-5);
    }
    // controls: the transpose is no pseudo-inverse, and the pseudo-inverse no transpose, where HHᵀ ≠ I
    const auto H = make_operator<double>("super-resolution:2", grey, 0);
    const Matrix D = matrix_of(16, 64, [&](auto x, auto y) { H.apply(x, y); });
    const Matrix P = matrix_of(64, 16, [&](auto y, auto x) { H.pseudo_inverse(y, x); });
    CHECK(penrose(D, transpose(D)) > 0.1);
    CHECK(distance(P, transpose(D)) > 0.1);
}

TEST_CASE("blurs are SciPy's, and solved as NumPy's transform solves them") {
    // scipy.ndimage 1.17.1: gaussian_filter(x, 1, mode='wrap', truncate=3) and convolve(x, k / k.sum(), mode='wrap'); numpy.fft 2.4.6
    const ImageShape shape{1, 9, 10};
    Vector x(90), y(90);
    for (std::size_t i = 0; i < 9; ++i)
        for (std::size_t j = 0; j < 10; ++j) x[i * 10 + j] = static_cast<double>((7 * i + 3 * j + i * j) % 11) / 11;
    const auto same = [&](std::array<double, 4> expected) {
        const std::array<std::size_t, 4> at = {0, 9, 45, 83};
        for (std::size_t k = 0; k < 4; ++k) CHECK(y[at[k]] == Approx(expected[k]).epsilon(1e-12));
    };
    make_operator<double>("blur", shape, 0).apply(x, y);
    same({0.29375748746457225, 0.36475276372677673, 0.4443572065166278, 0.2514142153449017});
    const Files files;
    const auto H = make_operator<double>("blur:" + files.kernel, shape, 0);
    H.apply(x, y);
    same({0.1818181818181818, 0.37121212121212116, 0.4393939393939394, 0.22727272727272724});
    H.solve(0.5, 0.01, x, y);
    same({-1.333256764496291, 0.7331913284735992, 9.684099273947618, 3.0958384390476823});
    H.transposed(x, y);
    CHECK(y[0] != Approx(0.1818181818181818).epsilon(1e-3));  // control: the kernel is not symmetric
}

TEST_CASE("the line of a motion blur") {
    const auto flat = motion_kernel(5, 0), upright = motion_kernel(5, 90), tilted = motion_kernel(3, 45), even = motion_kernel(2, 180);
    CHECK(flat.height == 1);
    CHECK(flat.width == 5);
    for (const double k : flat.values) CHECK(k == Approx(0.2));
    CHECK(upright.width == 1);
    CHECK(upright.values == flat.values);
    // points at the centre and at ±(√½, √½)
    const double near = 1 - std::sqrt(0.5), far = std::sqrt(0.5);
    const Vector expected = {0, near * far, far * far, near * far, 1 + 2 * near * near, near * far, far * far, near * far, 0};
    REQUIRE(tilted.values.size() == 9);
    for (std::size_t i = 0; i < 9; ++i) CHECK(tilted.values[i] == Approx(expected[i] / 3).margin(1e-15));
    CHECK(even.values == Vector{0.25, 0.5, 0.25});
}

TEST_CASE("a dense observation of lower rank has NumPy's pseudo-inverse") {
    RowMatrix h{4, 6, Vector(24)};
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 6; ++j) h.row(i)[j] = std::sin(static_cast<double>(1 + 3 * i + 7 * j + i * j));
    for (std::size_t j = 0; j < 6; ++j) h.row(3)[j] = h.row(0)[j] - 2 * h.row(1)[j];
    const Vector b = {1, -2, 0.5, 3};
    Vector x(6);
    DenseObservation<double>(h).pseudo_inverse(b, x);
    // numpy.linalg.pinv(H) @ b and numpy.linalg.svd, NumPy 2.4.6
    const Vector expected = {0.8312706722531964, 0.4197495071972207, -0.40653280241904954, 0.028295373496349474, 0.11836872999036996, 0.10580870065966724};
    for (std::size_t j = 0; j < 6; ++j) CHECK(x[j] == Approx(expected[j]).epsilon(1e-11));
    auto sigma = singular_values(h).sigma;
    std::sort(sigma.begin(), sigma.end(), std::greater<>());
    CHECK(sigma[0] == Approx(4.16020833).epsilon(1e-8));
    CHECK(sigma[2] == Approx(1.52849760).epsilon(1e-8));
    CHECK(sigma[3] < 1e-15);
    // more rows than columns, and numbers whose squares overflow together
    for (double& value : h.values) value *= 1e29;
    const RowMatrix tall{6, 4, h.values};
    sigma = singular_values(tall).sigma;
    CHECK(std::count_if(sigma.begin(), sigma.end(), [](double s) { return s > 1e20; }) == 4);
}

TEST_CASE("projections are orthonormal, and masks keep what they say, from the seed alone") {
    const auto P = make_operator<double>("projection:30", {1, 1, 40}, 5);
    const Matrix D = matrix_of(30, 40, [&](auto x, auto y) { P.apply(x, y); });
    Matrix gram = D * transpose(D);
    for (std::size_t i = 0; i < 30; ++i) gram(i, i) -= 1;
    CHECK(distance(gram, Matrix{30, 30, Vector(900)}) < 1e-14);
    const auto fewer = make_operator<double>("projection:3", {1, 1, 40}, 5), other = make_operator<double>("projection:3", {1, 1, 40}, 6);
    const Vector x = normals(0, 40);
    Vector y(30), y3(3), z3(3);
    P.apply(x, y);
    fewer.apply(x, y3);
    other.apply(x, z3);
    CHECK(Vector(y.begin(), y.begin() + 3) == y3);
    CHECK(y3 != z3);

    const auto kept = kept_at_random(colour, 0.3, 1);
    CHECK(kept.size() == 21);  // 3 · 7 of 24 pixels
    for (std::size_t i = 0; i < 14; ++i) CHECK(kept[i] + 24 == kept[i + 7]);
    CHECK(kept == kept_at_random(colour, 0.3, 1));
    CHECK(kept != kept_at_random(colour, 0.3, 2));
    CHECK(kept_outside_box({1, 4, 4}, 2) == std::vector<std::size_t>{0, 1, 2, 3, 4, 7, 8, 11, 12, 13, 14, 15});
    CHECK(kept_outside_box({1, 28, 28}, 14).size() == 588);
    CHECK(make_operator<float>("inpaint", {1, 28, 28}, 0).rows() == 588);
}

TEST_CASE("what an operator measures can be shown where it is an image") {
    CHECK(make_operator<float>("super-resolution:2", {3, 28, 20}, 0).measurement_shape() == ImageShape{3, 14, 10});
    CHECK(make_operator<float>("blur", grey, 0).measurement_shape() == grey);
    CHECK(make_operator<float>("denoise", grey, 0).measurement_shape() == grey);
    CHECK_FALSE(make_operator<float>("denoise", plain, 0).measurement_shape());
    CHECK_FALSE(make_operator<float>("inpaint", grey, 0).measurement_shape());
    CHECK_FALSE(make_operator<float>("projection:2", grey, 0).measurement_shape());
}

TEST_CASE("a task that cannot be is refused in one sentence that names it") {
    const Files files;
    using costate::nn::Array;
    const auto saved = [&](const char* name, const Array& values) {
        costate::nn::write_npy(files.folder / name, values);
        return (files.folder / name).string();
    };
    const std::string zero = saved("zero.npy", Array{{0.0, 0.0}, {0.0, 0.0}}), signs = saved("signs.npy", Array{{1.0, -1.0}}),
                      line = saved("line.npy", Array{1.0, 2.0}), zeros = saved("zeros.npy", xt::zeros<double>({2, 12})),
                      tall = saved("tall.npy", xt::ones<double>({257, 12})), large = saved("large.npy", xt::ones<double>({1, 9})),
                      dark = saved("dark.npy", xt::zeros<double>({8, 8})), huge = saved("huge.npy", xt::ones<double>({1, 12}) * 1e31);
    const std::vector<std::pair<std::string, ImageShape>> wrong = {
        {"", grey}, {"deblur", grey}, {"inpaint:box:8", grey}, {"inpaint:box:0", grey}, {"inpaint:box:9", grey}, {"inpaint:box:2x", grey},
        {"inpaint:box:2:2", grey}, {"inpaint:box:-1", grey}, {"inpaint:box", plain}, {"inpaint:random:0", plain}, {"inpaint:random:1.5", plain},
        {"inpaint:random:nan", plain}, {"inpaint:random:0.01", plain}, {"inpaint:", grey}, {"inpaint:absent.npy", grey}, {"inpaint:" + zero, grey},
        {"inpaint:" + dark, grey}, {"super-resolution:3", grey}, {"super-resolution:1", grey}, {"super-resolution:0", grey},
        {"super-resolution:2", plain}, {"super-resolution:2:2", grey}, {"blur:gaussian:0", grey}, {"blur:gaussian:-1", grey},
        {"blur:gaussian:inf", grey}, {"blur:gaussian:3", grey}, {"blur:gaussian", plain}, {"blur:motion:1", grey}, {"blur:motion:20:0", grey},
        {"blur:motion:3:inf", grey}, {"blur:motion:3:0:0", grey}, {"blur:" + zero, grey}, {"blur:" + signs, grey}, {"blur:" + line, grey},
        {"blur:" + large, grey}, {"denoise:1", grey}, {"projection:0", plain}, {"projection:13", plain}, {"projection:x", plain},
        {"projection:2:2", plain}, {"observation", plain}, {"observation:" + files.H64, plain}, {"observation:" + zeros, plain},
        {"observation:" + tall, plain}, {"observation:" + line, plain}, {"observation:" + huge, plain}, {"denoise", {1, 0, 4}}};
    for (const auto& [task, shape] : wrong) {
        INFO(task);
        const std::string said = message(task, shape);
        CHECK(said.starts_with("task '" + task + "': "));
        CHECK(said.find("; ") != std::string::npos);
        CHECK(said.find('\n') == std::string::npos);
    }
    CHECK(message("denoise", grey).empty());  // control
    const auto H = make_operator<double>("denoise", plain, 0);
    Vector eleven(11), twelve(12);
    CHECK_THROWS_AS(H.apply(eleven, twelve), std::invalid_argument);
    CHECK_THROWS_AS(H.transposed(twelve, eleven), std::invalid_argument);
    CHECK_THROWS_AS(H.solve(1, -1, twelve, twelve), std::invalid_argument);
    CHECK_THROWS_AS(H.solve(NAN, 1, twelve, twelve), std::invalid_argument);
}

TEST_CASE("every kind that is listed is made, and nothing else is a linear task") {
    std::set<std::size_t> kinds;
    const Files files;
    for (const Case& c : cases(files)) kinds.insert(make_operator<float>(c.task, c.shape, 0).kind().index());
    CHECK(kinds.size() == std::variant_size_v<AnyOperator<float>>);
    for (const TaskMeaning& task : linear_tasks()) CHECK(is_linear_task(task.name));
    CHECK(is_linear_task("blur"));
    CHECK_FALSE(is_linear_task("class"));
    CHECK_FALSE(is_linear_task("blurred"));
}

TEST_CASE("normals and uniforms are Philox' words, wherever and in whatever order they are asked for") {
    // Random123's published answers for counter and key 0, and for the digits of pi; Box and Muller of those words by mpmath 1.3, 40 digits
    std::array<double, 2> z{};
    NormalSource(0).fill<double>(Draw::start, 0, z);
    CHECK(z[0] == Approx(-0.12151797595308135124).epsilon(1e-14));
    CHECK(z[1] == Approx(-1.3500326598576551483).epsilon(1e-14));
    CHECK(NormalSource(0).uniform(Draw::start, 0, 0) == 0.39904647084896455178);
    CHECK(NormalSource(0).uniform(Draw::start, 0, 1) == 0.73571278448344251677);
    const NormalSource pi(0x299f31d0a4093822, 0x03707344);
    CHECK(pi.uniform(static_cast<Draw>(0x13198a2e), 0x85a308d3, 2 * std::size_t{0x243f6a88}) == 0.8180693410295056256);
    CHECK(pi.uniform(static_cast<Draw>(0x13198a2e), 0x85a308d3, 2 * std::size_t{0x243f6a88} + 1) == 0.3125288561314591429);

    const NormalSource source(11, 4);
    Vector whole(1001), part(10);
    source.fill<double>(Draw::step, 2, part);
    source.fill<double>(Draw::step, 2, whole);
    CHECK(std::equal(part.begin(), part.end(), whole.begin()));
    std::vector<float> single(1001);
    source.fill<float>(Draw::step, 2, single);
    CHECK(single[700] == static_cast<float>(whole[700]));
    for (const auto& [other, draw, index] : std::vector<std::tuple<NormalSource, Draw, std::uint32_t>>{
             {NormalSource(12, 4), Draw::step, 2}, {NormalSource(11, 5), Draw::step, 2}, {source, Draw::start, 2}, {source, Draw::step, 3}}) {
        Vector another(1001);
        other.fill<double>(draw, index, another);
        CHECK(std::abs(dot(whole, another)) < 5 * std::sqrt(1001.0));  // independent: N(0, 1001) nearly
    }
    CHECK(dot(whole, whole) > 5 * std::sqrt(1001.0));  // control
    Vector many(20000);
    source.fill<double>(Draw::data, 0, many);
    std::array<double, 4> moments{};
    for (const double value : many)
        for (std::size_t k = 0; k < 4; ++k) moments[k] += std::pow(value, static_cast<double>(k + 1)) / 20000;
    // within five standard deviations: Var z = 1, Var z² = 2, Var z³ = 15, Var z⁴ = 96
    CHECK(std::abs(moments[0]) < 5 * std::sqrt(1 / 20000.0));
    CHECK(std::abs(moments[1] - 1) < 5 * std::sqrt(2 / 20000.0));
    CHECK(std::abs(moments[2]) < 5 * std::sqrt(15 / 20000.0));
    CHECK(std::abs(moments[3] - 3) < 5 * std::sqrt(96 / 20000.0));
}
