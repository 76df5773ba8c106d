"""The sides of torchdiffeq and torchode of compare.py where steps are chosen: W3 by METHOD = LIBRARY:RTOL:ATOL, torchdiffeq's Dormand–Prince and torchode's
Tsitouras; W5 by METHOD = SOLVER-odeint or SOLVER-adjoint of torchdiffeq:TOLERANCE."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from common import arguments, load, serve, serve_methods

args = arguments()
import torch
import torchdiffeq

torch.set_num_threads(args.threads)
dtype = torch.float64 if args.precision == "f64" else torch.float32


class Spiral(torch.nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.weights = torch.nn.ParameterList([torch.nn.Parameter(v) for layer in layers for v in layer])

    def forward(self, t, x):
        w0, b0, w1, b1 = self.weights
        return torch.nn.functional.linear(torch.tanh(torch.nn.functional.linear(x * x * x, w0, b0)), w1, b1)


class LotkaVolterra(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.p = torch.nn.Parameter(torch.tensor([1.5, 1.0, 3.0, 1.0], dtype=dtype))

    def forward(self, t, u):
        meetings = u[0] * u[1]
        return torch.stack([self.p[0] * u[0] - self.p[1] * meetings, self.p[3] * meetings - self.p[2] * u[1]])


def calls(states, inputs, loss):
    def forward():
        with torch.no_grad():
            states()

    def gradient():
        return torch.autograd.grad(loss(states()), inputs)

    return forward, gradient, lambda: [v for g in gradient() for v in g.ravel().tolist()]


def spiral():
    library, rtol, atol = args.method.split(":")
    rtol, atol = float(rtol), float(atol)
    layers, x0, y, times = load(args, lambda a: torch.tensor(a, dtype=dtype))
    field = Spiral(layers)
    if library == "torchode":
        import torchode

        term = torchode.ODETerm(field, with_args=False)
        solver = torchode.AutoDiffAdjoint(torchode.Tsit5(term=term), torchode.IntegralController(atol=atol, rtol=rtol, term=term))
        states = lambda: solver.solve(torchode.InitialValueProblem(y0=x0[None], t_eval=times[None])).ys[0]
    else:
        states = lambda: torchdiffeq.odeint(field, x0, times, rtol=rtol, atol=atol, method="dopri5")
    serve(*calls(states, list(field.parameters()), lambda x: ((x - y) ** 2).sum()))


def lotka_volterra(method):
    name, tolerance = method.split(":")
    solver, way = name.split("-")
    field, u0 = LotkaVolterra(), torch.ones(2, dtype=dtype, requires_grad=True)
    run = torchdiffeq.odeint if way == "odeint" else torchdiffeq.odeint_adjoint
    end = lambda: run(field, u0, torch.tensor([0.0, 10.0], dtype=dtype), rtol=float(tolerance), atol=float(tolerance), method=solver)[-1]
    return calls(end, [field.p, u0], lambda u: 0.5 * ((u - 1.0) ** 2).sum())


if args.workload == "w3":
    spiral()
else:
    serve_methods(lotka_volterra)
