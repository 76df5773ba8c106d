#!/usr/bin/env python3
"""Time D-Flow here and as one would write it with PyTorch, image by image in turn, on one core.

    python bench/peers/d_flow.py COSTATE UNET IMAGES [--count 4] [--scale 2] [--core 0]

The same algorithm on the same images: x0 by the blend of a backward solve of the pseudo-inverse and noise, midpoint with 3 steps, the loss minus the PSNR of
the measurement, L-BFGS of 20 iterations at a time with strong Wolfe conditions. Starts differ, so what is compared is the time of one evaluation of the
network with its vector-Jacobian product: seconds of the whole run over the number of vjps. Both run on one thread of the same core.
"""

import argparse
import gzip
import json
import math
import os
import pathlib
import statistics
import struct
import subprocess
import time

import numpy as np
import torch
from torch.nn import functional


def read_network(file):
    with open(file, "rb") as f:
        size = struct.unpack("<Q", f.read(8))[0]
        header = json.loads(f.read(size))
        data = f.read()
    tensors = {}
    for name, about in header.items():
        if name == "__metadata__":
            continue
        begin, end = about["data_offsets"]
        tensors[name] = torch.from_numpy(np.frombuffer(data[begin:end], dtype=np.float32).reshape(about["shape"]).copy())
    return json.loads(header["__metadata__"]["architecture"]), tensors


def apply(layer, values, tensors):
    a = [values[name] for name in layer["in"]]
    w, b = (tensors.get(layer.get(role)) for role in ("weight", "bias"))
    match layer["op"]:
        case "time_embedding":
            f = tensors[layer["frequencies"]]
            return torch.cat([torch.sin(a[0] * f), torch.cos(a[0] * f)], dim=1)
        case "linear": return functional.linear(a[0], w, b)
        case "silu": return functional.silu(a[0])
        case "conv2d": return functional.conv2d(a[0], w, b, stride=layer.get("stride", 1), padding=layer.get("padding", 0))
        case "groupnorm": return functional.group_norm(a[0], layer["groups"], w, b, layer["eps"])
        case "add_channel": return a[0] + a[1][:, :, None, None]
        case "add": return a[0] + a[1]
        case "upsample_nearest": return functional.interpolate(a[0], scale_factor=layer["scale"], mode="nearest")
        case "concat_skip": return torch.cat(a, dim=1)
    raise SystemExit(f"d_flow.py: no layer {layer['op']}")


class Velocity:
    def __init__(self, file):
        self.architecture, self.tensors = read_network(file)
        self.calls = 0

    def __call__(self, t, x):
        self.calls += 1
        values = {"x": x, "t": torch.full((1, 1), t)}
        for layer in self.architecture:
            values[layer["out"]] = apply(layer, values, self.tensors)
        return values[self.architecture[-1]["out"]]


def flow(u, x, t0, t1, steps=3):
    h = (t1 - t0) / steps
    for n in range(steps):
        t = t0 + n * h
        x = x + h * u(t + h / 2, x + h / 2 * u(t, x))
    return x


def d_flow(u, image, k, generator, most=15, target=45.0):
    y = functional.avg_pool2d(image, k)
    with torch.no_grad():
        back = flow(u, functional.interpolate(y, scale_factor=k, mode="nearest"), 1.0, 0.0)
    z = torch.randn(image.shape, generator=generator)
    x0 = (math.sqrt(0.1) * back + math.sqrt(0.9) * z).requires_grad_(True)
    psnr = -math.inf
    begin, calls = time.perf_counter(), u.calls
    for _ in range(most):
        optimiser = torch.optim.LBFGS([x0], max_iter=20, line_search_fn="strong_wolfe")

        def closure():
            optimiser.zero_grad()
            loss = 10 * torch.log10(functional.mse_loss(functional.avg_pool2d(flow(u, x0, 0.0, 1.0), k), y) / 4)
            loss.backward()
            return loss

        optimiser.step(closure)
        with torch.no_grad():
            psnr = -float(10 * torch.log10(functional.mse_loss(functional.avg_pool2d(flow(u, x0, 0.0, 1.0), k), y) / 4))
        if psnr >= target:
            break
    return time.perf_counter() - begin, u.calls - calls, psnr


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("costate", "unet", "images"):
        parser.add_argument(name, type=pathlib.Path)
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--scale", type=int, default=2)
    parser.add_argument("--core", type=int, default=0)
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    torch.set_num_threads(1)
    raw = gzip.open(options.images).read()
    pixels = np.frombuffer(raw, dtype=np.uint8, offset=16).reshape(-1, 1, 28, 28)
    u = Velocity(options.unet)
    ours, theirs = [], []
    for i in range(options.first, options.first + options.count):
        image = torch.from_numpy(pixels[i : i + 1].astype(np.float32) / 127.5 - 1)
        seconds, calls, psnr = d_flow(u, image, options.scale, torch.Generator().manual_seed(i))
        theirs.append(seconds / calls)
        said = subprocess.run([options.costate, "guide", options.unet, "--task", f"super-resolution:{options.scale}", "--images", options.images, "--first", str(i),
                               "--methods", "d-flow", "--threads", "1", "--json"], capture_output=True, text=True, check=True).stdout
        row = next(row for row in json.loads(said)["rows"] if row["method"].startswith("d-flow"))
        ours.append(row["seconds"] / row["vjps"])
        print(f"image {i}: PyTorch {1e3 * theirs[-1]:.2f} ms ({calls} evaluations with vjp, {psnr:.1f} dB), here {1e3 * ours[-1]:.2f} ms "
              f"({row['vjps']}, {row['measurement_psnr']:.1f} dB, {row['restarts']} restarts): {theirs[-1] / ours[-1]:.2f} times", flush=True)
    ratio = statistics.median(t / o for t, o in zip(theirs, ours))
    print(f"median: {1e3 * statistics.median(theirs):.2f} and {1e3 * statistics.median(ours):.2f} ms an evaluation with its vjp, {ratio:.2f} times")


if __name__ == "__main__":
    main()
