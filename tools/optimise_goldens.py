#!/usr/bin/env python3
"""Write tests/nn/optimise.golden.safetensors: steps of PyTorch's optimisers, its moving average and its learning rates, in float64.

    python tools/optimise_goldens.py tests/nn/optimise.golden.safetensors

Every optimiser goes 12 steps on Rosenbrock's function 100 (y - x^2)^2 + (1 - x)^2 from (-1.2, 1), gradients by autograd; tensor NAME holds
(x, y) after each. `average` is torch.optim.swa_utils.AveragedModel with a decay of .8 along `adamw`; `cosine-W-F` are the rates of 20 steps
that PyTorch's LinearLR (W steps, where W > 0) and CosineAnnealingLR down to F give from 0.3.
"""

import pathlib
import sys
import warnings

import numpy
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from export_torch import write_safetensors

STEPS, RATES = 12, 20
OPTIMISERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=1e-3),
    "sgd-decay": lambda p: torch.optim.SGD(p, lr=1e-3, weight_decay=0.5),
    "momentum": lambda p: torch.optim.SGD(p, lr=2e-4, momentum=0.9),
    "momentum-decay": lambda p: torch.optim.SGD(p, lr=2e-4, momentum=0.8, weight_decay=0.5),
    "nesterov": lambda p: torch.optim.SGD(p, lr=2e-4, momentum=0.9, weight_decay=0.1, nesterov=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.3),
    "adamw-fast": lambda p: torch.optim.AdamW(p, lr=0.2, betas=(0.5, 0.75), eps=1e-2, weight_decay=0.01),
}


def descend(make):
    point = torch.nn.ParameterList([torch.tensor([-1.2, 1.0], dtype=torch.float64)])
    optimiser, average, path, means = make(point.parameters()), None, [], []
    average = torch.optim.swa_utils.AveragedModel(point, avg_fn=torch.optim.swa_utils.get_ema_avg_fn(0.8))
    for _ in range(STEPS):
        optimiser.zero_grad()
        x, y = point[0]
        (100 * (y - x**2) ** 2 + (1 - x) ** 2).backward()
        optimiser.step()
        average.update_parameters(point)
        path.append(point[0].detach().numpy().copy())
        means.append(average.module[0].detach().numpy().copy())
    return numpy.array(path), numpy.array(means)


def rates(warm_up, floor):
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, RATES - warm_up, eta_min=floor)
    scheduler = cosine
    if warm_up:
        line = torch.optim.lr_scheduler.LinearLR(optimiser, start_factor=1 / warm_up, total_iters=warm_up - 1)
        scheduler = torch.optim.lr_scheduler.SequentialLR(optimiser, [line, cosine], [warm_up])
    found = []
    for _ in range(RATES):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return numpy.array(found)


def main(out):
    warnings.simplefilter("ignore")  # SequentialLR calls its parts with an argument that they have deprecated
    paths = {name: descend(make) for name, make in OPTIMISERS.items()}
    tensors = {name: path for name, (path, _) in paths.items()}
    tensors["average"] = paths["adamw"][1]
    tensors.update({"cosine-0-0": rates(0, 0.0), "cosine-5-0.01": rates(5, 0.01)})
    write_safetensors(out, tensors, {"torch": torch.__version__, "script": "tools/optimise_goldens.py"})


if __name__ == "__main__":
    main(*sys.argv[1:])
