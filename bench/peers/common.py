"""What the sides of compare.py share: arguments, the network's file, and answering "forward COUNT" and "gradient COUNT" on standard input; on W5
"result 1 METHOD", "forward COUNT METHOD" and "gradient COUNT METHOD"."""
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
    if args.workload == "w3":  # save times, and one state each
        return layers, convert(tensors["x0"][0]), convert(tensors["y"]), convert(tensors["t"])
    return layers, convert(tensors["x0"][: args.batch]), convert(tensors["y"][: args.batch]), 10.0 if args.workload == "w4" else 1.0


def load_unet(args, convert):
    """Weights and biases of the five convolutions of W6, x0, y; images are batch × 1 × 28 × 28."""
    from safetensors.numpy import load_file

    tensors = load_file(args.file)
    layers = [(convert(tensors[f"conv{i}.weight"]), convert(tensors[f"conv{i}.bias"])) for i in range(5)]
    return layers, convert(tensors["x0"][: args.batch]), convert(tensors["y"][: args.batch])


def fastest(calls):
    """Of several ways to compute the same, the one with the shortest of five calls, and its name; what fails is left out."""
    best = {}
    for name, call in calls.items():
        try:
            call(), call()
            seconds = []
            for _ in range(5):
                begin = time.perf_counter()
                call()
                seconds.append(time.perf_counter() - begin)
            best[name] = min(seconds)
        except Exception as error:
            print(f"{name}: {error}", file=sys.stderr)
    name = min(best, key=best.get)
    return calls[name], name


def serve(forward, gradient, result):
    gradient()
    print(json.dumps(result()), flush=True)
    for line in sys.stdin:
        what, count = line.split()
        answer(forward if what == "forward" else gradient, int(count))


def serve_methods(calls_of):
    """calls_of(method) = (forward, gradient, result), made once a method."""
    known = {}
    print("[]", flush=True)
    for line in sys.stdin:
        what, count, method = line.split()
        if method not in known:
            known[method] = calls_of(method)
        forward, gradient, result = known[method]
        if what == "result":
            gradient()
            print(json.dumps(result()), flush=True)
        else:
            answer(forward if what == "forward" else gradient, int(count))


def answer(call, count):
    seconds = []
    for _ in range(count):
        begin = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begin)
    seconds.sort()
    print(json.dumps([seconds[0], seconds[len(seconds) // 2]]), flush=True)
