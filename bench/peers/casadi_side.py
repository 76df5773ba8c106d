"""CasADi's side of compare.py on the orbit: its virtual machine, or the C that it generates, compiled with -O3 -march=native."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from common import arguments, serve

args = arguments()
import casadi as ca

h = 2.0 / args.steps


def rhs(u, mu):
    nu = 1 - mu
    a, b, y2 = u[0] + mu, u[0] - nu, u[1] * u[1]
    ra, rb = a * a + y2, b * b + y2
    da, db = nu / (ra * ca.sqrt(ra)), mu / (rb * ca.sqrt(rb))
    return ca.vertcat(u[2], u[3], u[0] + 2 * u[3] - da * a - db * b, u[1] - 2 * u[2] - da * u[1] - db * u[1])


u, mu = ca.SX.sym("u", 4), ca.SX.sym("mu")
k1 = rhs(u, mu)
k2 = rhs(u + h / 2 * k1, mu)
k3 = rhs(u + h / 2 * k2, mu)
k4 = rhs(u + h * k3, mu)
step = ca.Function("step", [u, mu], [u + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)])
U, M = ca.MX.sym("U", 4), ca.MX.sym("M")
end = step.mapaccum("all", args.steps)(U, ca.repmat(M, 1, args.steps))[:, -1]
loss = 0.5 * ca.dot(end, end)
forward = ca.Function("forward", [U, M], [end])
gradient = ca.Function("gradient", [U, M], [loss, ca.gradient(loss, ca.vertcat(U, M)) if False else ca.vertcat(ca.gradient(loss, U), ca.gradient(loss, M))])
start, mass = [0.5, 0.1, 0.0, 1.0], 0.012277471
if args.method == "compiled":
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    generator = ca.CodeGenerator("orbit.c")
    generator.add(forward)
    generator.add(gradient)
    generator.generate()
    subprocess.run(["gcc", "-O3", "-march=native", "-fPIC", "-shared", "orbit.c", "-o", "orbit.so", "-lm"], check=True)
    forward, gradient = ca.external("forward", "./orbit.so"), ca.external("gradient", "./orbit.so")
# buffers: no conversion of numbers is timed
fb, f_call = forward.buffer()
gb, g_call = gradient.buffer()
import numpy as np

u0, m0, u1, value, g = np.array(start), np.array([mass]), np.zeros(4), np.zeros(1), np.zeros(5)
for buffer in (fb, gb):
    buffer.set_arg(0, memoryview(u0))
    buffer.set_arg(1, memoryview(m0))
fb.set_res(0, memoryview(u1))
gb.set_res(0, memoryview(value))
gb.set_res(1, memoryview(g))
serve(f_call, g_call, lambda: (g_call(), g.tolist())[1])
