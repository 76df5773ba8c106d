#!/usr/bin/env python3
"""Train the bundled network: the velocity of two moons on the conditional optimal-transport path, and export it.

    python tools/train_moons.py --out models/moons

Data x1: two half circles of radius 1 with noise .05, standardised. Path: x_t = t x1 + (1 - t) x0, x0 ~ N(0, I), t uniform.
Loss: mean |u(x_t, t) - (x1 - x0)|^2. One thread; the same seed gives the same file with the same versions on the same machine.
"""

import argparse
import json
import math
import pathlib
import sys
import time

import numpy
import torch
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from export_torch import ExportError, export


def two_moons(count, generator, noise=0.05):
    """(cos a, sin a) above, (1 - cos a, 1/2 - sin a) below, a uniform in [0, pi], each half of the time."""
    angle = math.pi * torch.rand(count, generator=generator)
    below = (torch.rand(count, generator=generator) < 0.5).float()
    first = (1 - below) * torch.cos(angle) + below * (1 - torch.cos(angle))
    second = (1 - below) * torch.sin(angle) + below * (0.5 - torch.sin(angle))
    return torch.stack([first, second], dim=1) + noise * torch.randn(count, 2, generator=generator)


def network(width):
    return nn.Sequential(nn.Linear(3, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(),
                         nn.Linear(width, 2))


def train(steps, batch, rate, width, seed, progress):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + 1)
    sample = two_moons(100_000, generator)
    mean, std = sample.mean(dim=0), sample.std(dim=0)
    module = network(width)
    optimiser = torch.optim.Adam(module.parameters(), lr=rate)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    average = 0.0
    for step in range(1, steps + 1):
        x1 = (two_moons(batch, generator) - mean) / std
        x0 = torch.randn(batch, 2, generator=generator)
        t = torch.rand(batch, 1, generator=generator)
        loss = ((module(torch.cat([t * x1 + (1 - t) * x0, t], dim=1)) - (x1 - x0)) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        decay.step()
        average += (loss.item() - average) / min(step, 1000)
        if progress and step % max(steps // 10, 1) == 0:
            print(f"step {step} of {steps}: mean loss per coordinate {average:.4f}", flush=True)
    return module, mean, std, average


def golden_inputs(mean, std, seed, samples=16):
    """States on the path at their own times, starts and targets from the data: where the network is used."""
    generator = torch.Generator().manual_seed(seed)
    data = lambda: (two_moons(samples, generator) - mean) / std
    t = torch.rand(samples, generator=generator)
    x = t[:, None] * data() + (1 - t[:, None]) * torch.randn(samples, 2, generator=generator)
    return {name: value.double().numpy() for name, value in {"x": x, "t": t, "y": data()}.items()}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="models/moons", metavar="NAME", help="writes NAME.safetensors and NAME.golden.safetensors")
    parser.add_argument("--steps", type=int, default=20_000, help="optimiser steps (default 20000, about a minute)")
    parser.add_argument("--batch", type=int, default=512, help="samples a step (default 512)")
    parser.add_argument("--rate", type=float, default=3e-3, help="Adam's first rate, decayed by a cosine (default 3e-3)")
    parser.add_argument("--width", type=int, default=64, help="of the three hidden layers (default 64)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quiet", action="store_true")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    start = time.process_time()
    module, mean, std, loss = train(chosen.steps, chosen.batch, chosen.rate, chosen.width, chosen.seed, not chosen.quiet)
    training = (f"{chosen.steps} steps of batch {chosen.batch}, Adam {chosen.rate:g} cosine, seed {chosen.seed}; mean loss per coordinate "
                f"{loss:.4f}; torch {torch.__version__}, numpy {numpy.__version__}")
    standardisation = json.dumps({"mean": mean.double().tolist(), "std": std.double().tolist()})
    try:
        files = export(module, chosen.out, metadata={"training": training, "standardisation": standardisation},
                       given=golden_inputs(mean, std, chosen.seed + 3), seed=chosen.seed)
    except (ExportError, OSError) as error:
        print(f"train_moons: {error}", file=sys.stderr)
        return 2
    print(f"{training}; {time.process_time() - start:.0f} s of one core")
    for file in files:
        print(f"{file}: {file.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
