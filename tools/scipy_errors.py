#!/usr/bin/env python3
"""Errors of SciPy's RK45 and DOP853 by problem and tolerance, for tests/ode/scipy_errors.inc:

    python3 tools/scipy_errors.py > tests/ode/scipy_errors.inc

The reference is Gragg-Bulirsch-Stoer extrapolation in numpy's long double, which shares nothing with SciPy or with costate.
Problems, parameters and starts are doubles, and the same doubles in the tests.
"""
import sys

import numpy as np
import scipy
from scipy.integrate import solve_ivp

L = np.longdouble


# ---- problems: f(t, x, xp) with x an array of doubles or long doubles


def lotka_volterra(t, x):
    return [1.5 * x[0] - x[0] * x[1], x[0] * x[1] - 3.0 * x[1]]


def van_der_pol(mu):
    return lambda t, x: [x[1], mu * (x[1] - x[0] * x[0] * x[1]) - x[0]]


def brusselator(t, x):
    q = x[0] * x[0] * x[1]
    return [1.0 + q - 3.0 * x[0] - x[0], 3.0 * x[0] - q]


def kepler(t, x):
    r2 = x[0] * x[0] + x[1] * x[1]
    r3 = r2 * np.sqrt(r2)
    return [x[2], x[3], -x[0] / r3, -x[1] / r3]


MU, NU = 0.012277471, 0.987722529


def arenstorf(t, x):
    a, b, yy = x[0] + MU, x[0] - NU, x[1] * x[1]
    ra, rb = a * a + yy, b * b + yy
    da, db = NU / (ra * np.sqrt(ra)), MU / (rb * np.sqrt(rb))
    return [x[2], x[3], x[0] + 2 * x[3] - da * a - db * b, x[1] - 2 * x[2] - (da + db) * x[1]]


def lorenz(t, x):
    beta = x.dtype.type(8.0 / 3.0)
    return [10.0 * (x[1] - x[0]), x[0] * (28.0 - x[2]) - x[1], x[0] * x[1] - beta * x[2]]


def pleiades(t, x):
    p, q = x[:7], x[7:14]
    dx, dy = p[None] - p[:, None], q[None] - q[:, None]
    r2 = dx * dx + dy * dy
    np.fill_diagonal(r2, 1)
    w = np.arange(1, 8)[None] / (r2 * np.sqrt(r2))
    return np.concatenate([x[14:], (w * dx).sum(1), (w * dy).sum(1)])


PLEIADES = [3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4] + [0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0]
PROBLEMS = [
    ("lotka-volterra", lotka_volterra, [1, 1], 10.0),
    ("van-der-pol 1", van_der_pol(1.0), [2, 0], 20.0),
    ("van-der-pol 10", van_der_pol(10.0), [2, 0], 20.0),
    ("arenstorf", arenstorf, [0.994, 0, 0, -2.00158510637908252240537862224], 17.0652165601579625588917206249),
    ("brusselator", brusselator, [1.5, 3], 20.0),
    ("kepler", kepler, [0.4, 0, 0, 2], 20.0),
    ("lorenz", lorenz, [1, 1, 1], 2.0),
    ("pleiades", pleiades, PLEIADES, 3.0),
]


# ---- reference


def gragg(f, t, x, h, n):
    s = h / n
    before, now = x, x + s * f(t, x)
    for i in range(1, n):
        before, now = now, before + 2 * s * f(t + i * s, now)
    return (before + now + s * f(t + h, now)) / 2


def extrapolated(f, t, x, h, columns=10):
    """x(t + h) and an estimate of its error."""
    n = [2 * (j + 1) for j in range(columns)]
    row = []
    for j in range(columns):
        row.append(gragg(f, t, x, h, n[j]))
        for k in range(j - 1, -1, -1):
            row[k] = row[k + 1] + (row[k + 1] - row[k]) / (L(n[j]) ** 2 / L(n[k]) ** 2 - 1)
    return row[0], np.max(np.abs(row[0] - row[1]) / (1 + np.abs(row[0])))


def reference(field, x0, times):
    f = lambda t, x: np.array(field(t, x), dtype=L)
    t, x, h, states = L(0), np.array(x0, dtype=L), L(times[0]) / 16, []
    for end in times:
        end = L(end)
        while t < end:
            h = min(h, end - t)
            y, error = extrapolated(f, t, x, h)
            if error < 3e-18:
                t, x = (end, y) if h == end - t else (t + h, y)
                h *= L(1.5)
            else:
                h *= L(0.6)
        states.append(x)
    return np.array(states)


TOLERANCES = [10.0 ** (-4 - j / 4) for j in range(25)]


def error(got, exact):
    """Root mean square over times and components of (x - exact) / (1 + |exact|)."""
    return float(np.sqrt(np.mean(((got - exact) / (1 + np.abs(exact))) ** 2)))


def main():
    print("// Written by tools/scipy_errors.py with Python %s, NumPy %s, SciPy %s; do not edit."
          % (sys.version.split()[0], np.__version__, scipy.__version__))
    print("// {problem, t1, {x at t1/10, 2 t1/10 ... t1}, error / tolerance of RK45, and of DOP853, at the tolerances 10^(-4 - j/4), j = 0 ... 24}:")
    print("// the root mean square over these times and the components of (x_i - exact_i) / (1 + |exact_i|), with rtol = atol = tolerance.")
    for name, field, x0, t1 in PROBLEMS:
        times = [j * t1 / 10 for j in range(1, 11)]
        exact = reference(field, x0, times)
        print('{"%s", %r, {' % (name, t1))
        for row in exact:
            for part in np.split(row, range(7, len(row), 7)):
                print("    " + " ".join(np.format_float_positional(v, precision=17, unique=False, trim="0") + "," for v in part))
        print("},")
        for method in ("RK45", "DOP853"):
            found = []
            for tol in TOLERANCES:
                got = solve_ivp(lambda t, x: field(t, x), (0, t1), np.array(x0, dtype=float), method=method, rtol=tol, atol=tol, t_eval=times).y.T
                found.append(error(got, exact) / tol)
            print("{" + ", ".join("%.4g" % v for v in found) + "}" + ("," if method == "RK45" else "},"))


if __name__ == "__main__":
    main()
