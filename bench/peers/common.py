"""What the sides of compare.py share: arguments, the network's file, and answering "forward COUNT" and "gradient COUNT" on standard input."""
import argparse
import json
import sys
import time


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("workload", "precision", "steps", "batch", "threads", "method", "file"):
        parser.add_argument(name, type=int if name in ("steps", "batch", "threads") else str)
    return parser.parse_args()


def load(args, convert):
    from safetensors.numpy import load_file

    tensors = load_file(args.file)
    layers = []
    while f"layer{len(layers)}.weight" in tensors:
        name = f"layer{len(layers)}"
        layers.append((convert(tensors[name + ".weight"]), convert(tensors[name + ".bias"])))
    return layers, convert(tensors["x0"][: args.batch]), convert(tensors["y"][: args.batch]), 10.0 if args.workload == "w4" else 1.0


def serve(forward, gradient, result):
    gradient()
    print(json.dumps(result()), flush=True)
    for line in sys.stdin:
        what, count = line.split()
        call = forward if what == "forward" else gradient
        seconds = []
        for _ in range(int(count)):
            begin = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - begin)
        seconds.sort()
        print(json.dumps([seconds[0], seconds[len(seconds) // 2]]), flush=True)
