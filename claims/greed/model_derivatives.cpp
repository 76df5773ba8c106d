#include "claims/greed/model_derivatives.hpp"

#include "claims/greed/ahead.hpp"
#include "claims/measure/series.hpp"
#include "guidance/fields/regular_field.hpp"

namespace costate::claims::ahead {

namespace {

// Two sides of many equations.
template <class T>
struct Sides {
    std::vector<T> left, right;

    void add(const T& a, const T& b) {
        left.push_back(a);
        right.push_back(b);
    }
};

// A time, a point, and directions at both.
template <class T>
struct Point {
    T t, t_dot;
    std::vector<T> x, x_dot, lambda;

    explicit Point(const Setting& setting)
        : t(start_time<T>()), t_dot(from_rational<T>(ratio(2, 7))), x(numbers_in<T>(rational_numbers(setting.seed, 3, setting.dim))),
          x_dot(numbers_in<T>(rational_numbers(setting.seed, 5, setting.dim))), lambda(numbers_in<T>(rational_numbers(setting.seed, 4, setting.dim))) {}
};

// ε̂ given by the model itself, as a field of (r, x/α).
template <class T>
Finding regular_field(const Setting& setting, Model<T>& model) {
    const Point<T> at(setting);
    const Place<T> place = place_at<T>(setting.path, at.t);
    const std::size_t d = at.x.size();
    Field<T> noise;
    noise.dimension = d;
    noise.value = [exact = make_model<T>(setting)](const T& t, std::span<const T> x, std::span<T> out) mutable { exact.noise(t, x, out); };
    guidance::RegularField<Field<T>, T> regular(noise, guidance::Parametrisation::epsilon, setting.path);
    std::vector<T> z = at.x, given(d), made(d), epsilon(d);
    for (T& v : z) v = v / place.alpha;
    regular(place.r, z, given);
    model.regular(place.r, z, made);
    noise(at.t, at.x, epsilon);
    Sides<T> sides;
    for (std::size_t i = 0; i < d; ++i) {
        sides.add(given[i], epsilon[i]);
        sides.add(made[i], epsilon[i]);
    }
    return equality<T>("regular field", R"($\frac{d(x/\alpha)}{d(\sigma/\alpha)} = \hat{\epsilon}$, $\hat{\epsilon}$ given and made from $u$)", sides.left, sides.right);
}

// f(t + hṫ, x + hẋ): coefficient of h, against jvp and vjp.
template <class C>
void differentiate(Field<C>& f, Field<Expansion<C>>& in_series, const C& t, const Point<C>& at, Sides<C>& tangents, Sides<C>& transposes) {
    using S = Expansion<C>;
    const std::size_t d = at.x.size();
    std::vector<S> moved(d), values(d);
    for (std::size_t i = 0; i < d; ++i) moved[i] = S(at.x[i]) + S::variable() * at.x_dot[i];
    in_series(S(t) + S::variable() * at.t_dot, moved, values);
    std::vector<C> value(d), tangent(d), x_bar(d, C(0));
    f.jvp(t, at.x, at.t_dot, at.x_dot, {}, value, tangent);
    C t_bar(0), forward(0), reverse(0);
    f.vjp(t, at.x, at.lambda, x_bar, {}, t_bar);
    for (std::size_t i = 0; i < d; ++i) {
        tangents.add(value[i], values[i][0]);
        tangents.add(tangent[i], values[i][1]);
        forward += at.lambda[i] * values[i][1];
        reverse += x_bar[i] * at.x_dot[i];
    }
    transposes.add(reverse + t_bar * at.t_dot, forward);
}

template <class C>
void add(const Setting& setting, Evidence& evidence) {
    const Point<C> at(setting);
    Model<C> model = make_ahead<C>(setting);
    Model<Expansion<C>> in_series = make_ahead<Expansion<C>>(setting);
    Sides<C> tangents, transposes;
    differentiate<C>(model.velocity, in_series.velocity, at.t, at, tangents, transposes);
    differentiate<C>(model.regular, in_series.regular, place_at<C>(setting.path, at.t).r, at, tangents, transposes);
    evidence.findings.push_back(regular_field<C>(setting, model));
    evidence.findings.push_back(equality<C>(
        "regular tangent", R"($\frac{d}{dh} \hat{\epsilon}(r + h\dot{r}, z + h\dot{z})$ at $h = 0$, and the same of $u$)", tangents.left, tangents.right));
    evidence.findings.push_back(equality<C>("regular transpose", R"($\lambda \cdot \dot{\hat{\epsilon}} = \bar{z} \cdot \dot{z} + \bar{r}\dot{r}$, and the same of $u$)",
                                            transposes.left, transposes.right));
}

}  // namespace

void add_regular_derivatives(const Setting& setting, Evidence& evidence) {
    if (exact_here(setting)) add<Rational>(setting, evidence);
    else add<Mpfr50>(setting, evidence);
}

}  // namespace costate::claims::ahead
