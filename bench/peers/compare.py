#!/usr/bin/env python3
"""Costate beside its peers on one machine, in one run: every pair of gradients is compared, then timed in turn, and a table is printed.

On W3 and W5, where steps are chosen, gradients are held against that of the exact flow; W5 is a curve of time against error (work_precision.py).

  python3 bench/peers/compare.py build/bench/peers/peers-ours            # needs bench/peers/requirements.txt; what is missing is left out
  python3 bench/peers/compare.py PROGRAM --only w1 --rounds 20 --markdown table.md --json rows.json --pictures folder
"""
import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import work_precision

HERE = os.path.dirname(os.path.abspath(__file__))
W5 = "w5", "f64", 0, 1, 1, "-", ("diffrax", "cvodes", "torchdiffeq"), "-"
PEERS = {"diffrax": "diffrax_side.py", "jax": "jax_side.py", "pytorch": "torch_side.py", "casadi": "casadi_side.py"}
IMAGES = {"jax": "jax_image_side.py", "pytorch": "torch_image_side.py", "onnxruntime": "onnxruntime_side.py"}
FORWARD_ALONE = {"onnxruntime"}  # no gradient: x1 is held against ours
ADAPTIVE = {"diffrax": "diffrax_adaptive_side.py", "torchdiffeq": "torch_adaptive_side.py", "torchode": "torch_adaptive_side.py"}
MODULES = {"diffrax": "diffrax", "jax": "jax", "pytorch": "torch", "casadi": "casadi", "torchdiffeq": "torchdiffeq", "torchode": "torchode",
           "onnxruntime": "onnxruntime"}
NATIVE = {"adolc": "peers-adolc", "cvodes": "peers-cvodes"}
COLOURS = {"limit": "#999999", "costate": "#0072B2", "jax": "#E69F00", "pytorch": "#D55E00", "casadi": "#009E73", "adolc": "#CC79A7", "diffrax": "#56B4E9",
           "torchdiffeq": "#D55E00", "torchode": "#CC79A7", "cvodes": "#009E73", "onnxruntime": "#009E73"}
NAMES = {"jax": "JAX", "pytorch": "PyTorch", "casadi": "CasADi", "adolc": "ADOL-C", "diffrax": "diffrax", "torchdiffeq": "torchdiffeq", "torchode": "torchode",
         "cvodes": "CVODES", "onnxruntime": "ONNX Runtime"}


def process_rows():
    """Where a whole process is timed and weighed: the weights lie on disk, one gradient is wanted."""
    for workload, batch in (("w1", 64), ("w2", 64)):
        yield workload, "f32", 3, batch, 1, "dto", ("jax", "pytorch"), "-"


def rows():
    """(workload, precision, steps, batch, threads, our method, peers, their method)"""
    for steps in (3, 50):
        for batch in (1, 64, 1024):
            for precision in ("f32", "f64"):
                yield "w1", precision, steps, batch, 1, "dto", ("jax", "pytorch"), "-"
    for batch in (1, 64):
        for precision in ("f32", "f64"):
            yield "w2", precision, 3, batch, 1, "dto", ("jax", "pytorch"), "-"
    for tolerances in ("1e-3:1e-6", "1e-6:1e-6"):
        for precision in ("f32", "f64"):
            yield "w3", precision, 0, 1, 1, tolerances, ("diffrax", "torchode", "torchdiffeq"), tolerances
    yield "w4", "f64", 1000, 1, 1, "replay", ("jax", "pytorch"), "-"
    yield "w4", "f64", 1000, 1, 1, "compiled", ("jax", "pytorch"), "-"
    for checkpoints in (2, 4, 8, 16, 32, 44):
        yield "w4", "f64", 1000, 1, 1, f"binomial:{checkpoints}", ("diffrax",), str(checkpoints)
    for batch in (1, 16):
        yield "w6", "f32", 3, batch, 1, "dto", ("jax", "pytorch", "onnxruntime"), "best"
    yield "w7", "f64", 1000, 1, 1, "replay", ("casadi", "adolc"), "machine"
    yield "w7", "f64", 1000, 1, 1, "compiled", ("casadi",), "compiled"


class Side:
    """One process that answers on a pipe."""

    def __init__(self, command, core):
        if core is not None:
            command = ["taskset", "-c", str(core), *command]
        begin = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.first_seconds = time.perf_counter() - begin
        if not line:
            raise RuntimeError(self.process.stderr.read().strip().splitlines()[-1:] or ["no answer"])
        self.gradient = json.loads(line)

    def peak_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

    def ask(self, what, count):
        self.process.stdin.write(f"{what} {count}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)


def distance(a, b):
    size = sum(v * v for v in b) ** 0.5
    return (sum((u - v) ** 2 for u, v in zip(a, b)) ** 0.5 / size) if len(a) == len(b) and size > 0 else float("inf")


def commands(args, row, folder):
    workload, precision, steps, batch, threads, method, peers, theirs = row
    file, given = os.path.join(folder, workload + ".safetensors"), workload not in ("w5", "w7")
    if given and not os.path.exists(file):
        subprocess.run([args.program, workload, "f64", "1", "1", "1", "-", "--write", file], check=True)
    yield "costate", [args.program, workload, precision, str(steps), str(batch), str(threads), method, *(["--read", file] if given else [])]
    for peer in peers:
        words = [workload, precision, str(steps), str(batch), str(threads)]
        if peer in NATIVE:
            program = os.path.join(os.path.dirname(args.program), NATIVE[peer])
            if os.path.exists(program):
                yield peer, [program, *words[:3]]
        elif importlib.util.find_spec(MODULES[peer]):
            adaptive = workload in ("w3", "w5")
            script = (ADAPTIVE if adaptive else IMAGES if workload == "w6" else PEERS)[peer]
            yield peer, [sys.executable, os.path.join(HERE, script), *words, f"{peer}:{theirs}" if adaptive else theirs, file]


def start(args, row, folder):
    """Every side that runs here, its gradient held against ours, and why the others do not."""
    sides, failed = {}, {}
    for name, command in commands(args, row, folder):
        try:
            sides[name] = Side(command, args.core if row[4] == 1 else None)
        except (RuntimeError, OSError) as error:
            failed[name] = str(error)
    if "costate" not in sides:
        raise SystemExit(f"compare: {failed['costate']}")
    # where steps are chosen everybody computes another number: the distance is that from the exact flow's gradient
    reference = exact_gradient(folder) if row[0] == "w3" else sides["costate"].gradient
    bound = 50 * float(row[5].split(":")[0]) if row[0] == "w3" else 1e-10 if row[1] == "f64" else 2e-4
    end = sides["costate"].ask("end", 1) if FORWARD_ALONE & sides.keys() else None
    apart = {name: distance(side.gradient, end if name in FORWARD_ALONE else reference) for name, side in sides.items()}
    for name, far in apart.items():
        if far > bound:
            raise SystemExit(f"compare: on {row[0]} {row[1]} the {'end' if name in FORWARD_ALONE else 'gradient'} of {name} is {far:.1e} away (at most {bound:.0e}); nothing is timed")
    return sides, failed, apart


def exact_gradient(folder):
    from safetensors.numpy import load_file

    return load_file(os.path.join(folder, "w3.safetensors"))["reference"].tolist()


def measure(args, row, folder):
    """Medians of `rounds` turns of every side, after their gradients were held against ours."""
    sides, failed, apart = start(args, row, folder)
    answers = {name: ("forward",) if name in FORWARD_ALONE else ("gradient", "forward") for name in sides}
    counts = {name: max(1, int(args.seconds / max(side.ask(answers[name][0], 1)[1], 1e-7))) for name, side in sides.items()}
    times, limits = {name: {what: [] for what in answers[name]} for name in sides}, []
    for _ in range(args.rounds):
        for what in ("gradient", "forward"):
            for name, side in sides.items():
                if what in answers[name]:
                    times[name][what].append(side.ask(what, counts[name])[1])
        limits.append(sides["costate"].ask("limit", 9)[1])
    for side in sides.values():
        side.close()
    median = {name: {what: statistics.median(values) for what, values in both.items()} for name, both in times.items()}
    return {"workload": row[0], "precision": row[1], "steps": row[2], "batch": row[3], "threads": row[4], "method": row[5], "median_seconds": median,
            "limit_seconds": statistics.median(limits), "of_limit": statistics.median(l / t for l, t in zip(limits, times["costate"]["gradient"])),
            "distance": apart, "failed": failed}


def measure_processes(args, row, folder, times):
    """Seconds from the start of a process to its first gradient, weights read from disk, imports and compilation counted; and the most memory it held
    then and after ten more gradients: medians of `times` processes of every side."""
    first, peak = {}, {}
    for _ in range(times):
        sides, failed, _ = start(args, row, folder)
        for name, side in sides.items():
            first.setdefault(name, []).append(side.first_seconds)
            side.ask("gradient", 10)
            peak.setdefault(name, []).append(side.peak_bytes())
            side.close()
    return {"workload": row[0], "precision": row[1], "steps": row[2], "batch": row[3], "first_gradient_seconds": {n: statistics.median(v) for n, v in first.items()},
            "peak_bytes": {n: statistics.median(v) for n, v in peak.items()}, "failed": failed}


def process_table(results):
    lines = ["| process | costate: first gradient, peak memory | soonest peer | times sooner | leanest peer | its memory / ours |", "|---|---|---|---|---|---|"]
    for r in results:
        first, peak = r["first_gradient_seconds"], r["peak_bytes"]
        name = f"{r['workload'].upper()} {r['precision']}, {r['steps']} steps, batch {r['batch']}"
        line = f"| {name} | {readable(first['costate'])}, {peak['costate'] / 2**20:.0f} MiB |"
        peers = [n for n in first if n != "costate"]
        if peers:
            soonest, leanest = min(peers, key=first.get), min(peers, key=peak.get)
            line += f" {NAMES[soonest]} {readable(first[soonest])} | {first[soonest] / first['costate']:.0f} |"
            line += f" {NAMES[leanest]} {peak[leanest] / 2**20:.0f} MiB | {peak[leanest] / peak['costate']:.1f} |"
        else:
            line += " – | – | – | – |"
        lines.append(line)
    return "\n".join(lines) + "\n"


def readable(seconds):
    return f"{seconds * 1e6:.3g} µs" if seconds < 1e-3 else f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def adaptive_table(results):
    lines = ["| workload, rtol:atol | costate: gradient (forward) | its error | fastest peer | its error | times faster | the others |", "|---|---|---|---|---|---|---|"]
    for r in results:
        times, error = r["median_seconds"], r["distance"]
        peers = sorted((n for n in times if n != "costate"), key=lambda n: times[n]["gradient"])
        both = lambda n: f"{readable(times[n]['gradient'])} ({readable(times[n]['forward'])})"
        line = f"| {r['workload'].upper()} {r['precision']}, {r['method']} | {both('costate')} | {error['costate']:.1e} |"
        if peers:
            line += f" {NAMES[peers[0]]} {both(peers[0])} | {error[peers[0]]:.1e} | {times[peers[0]]['gradient'] / times['costate']['gradient']:.2f} |"
        line += " " + ", ".join(f"{NAMES[n]} {readable(times[n]['gradient'])}, error {error[n]:.1e}" for n in peers[1:]) + " |"
        lines.append(line)
    return "\n".join(lines) + "\n"


def image_table(results):
    """Gradient and forward against the fastest of each: one of the peers has no gradient."""
    lines = ["| workload | costate: gradient | fastest peer | times faster | of the limit | costate: forward | fastest peer | times faster | the others |", "|---|---|---|---|---|---|---|---|---|"]
    for r in results:
        times = r["median_seconds"]
        ours, line, rest = times["costate"], f"| {r['workload'].upper()} {r['precision']}, {r['steps']} steps, batch {r['batch']} |", []
        for what in ("gradient", "forward"):
            peers = sorted((n for n in times if n != "costate" and what in times[n]), key=lambda n: times[n][what])
            line += f" {readable(ours[what])} |"
            line += f" {NAMES[peers[0]]} {readable(times[peers[0]][what])} | {times[peers[0]][what] / ours[what]:.2f} |" if peers else " – | – |"
            line += f" {r['of_limit'] * 100:.0f} % |" if what == "gradient" else ""
            rest += [f"{NAMES[n]} {what} {readable(times[n][what])}" for n in peers[1:]]
        lines.append(f"{line} {', '.join(rest)} |")
    return "\n".join(lines) + "\n"


def table(results):
    images = [r for r in results if r["workload"] == "w6"]
    if images:
        others = [r for r in results if r["workload"] != "w6"]
        return (table(others) + "\n" if others else "") + image_table(images)
    adaptive = [r for r in results if r["workload"] == "w3"]
    if adaptive:
        others = [r for r in results if r["workload"] != "w3"]
        return (table(others) + "\n" if others else "") + adaptive_table(adaptive)
    lines = ["| workload | costate: gradient (forward) | fastest peer | times faster | of the limit |", "|---|---|---|---|---|"]
    for r in results:
        ours = r["median_seconds"]["costate"]
        peers = {n: t for n, t in r["median_seconds"].items() if n != "costate"}
        name = f"{r['workload'].upper()} {r['precision']}, {r['steps']} steps, batch {r['batch']}" + (f", {r['method']}" if r["workload"] in ("w4", "w7") else "")
        line = f"| {name} | {readable(ours['gradient'])} ({readable(ours['forward'])}) |"
        if peers:
            best = min(peers, key=lambda n: peers[n]["gradient"])
            line += f" {NAMES[best]} {readable(peers[best]['gradient'])} ({readable(peers[best]['forward'])}) | {peers[best]['gradient'] / ours['gradient']:.2f} |"
        else:
            line += " – | – |"
        line += f" {r['of_limit'] * 100:.0f} % |" if r["limit_seconds"] > 0 else " – |"
        lines.append(line)
    return "\n".join(lines) + "\n"


def label(r):
    if r["workload"] == "w3":
        return f"{r['workload'].upper()} {r['precision']} {r['method']}"
    return f"{r['workload'].upper()} {r['precision']} {r['steps']}×{r['batch']}" + (f" {r['method']}" if r["workload"] in ("w4", "w7") else "")


def bars(results):
    """(label, seconds by name, seconds of the limit) for every group of bars; with images the forward by itself."""
    for r in results:
        for what, part in (("gradient", 1), ("forward", 2)) if r["workload"] == "w6" else (("gradient", 1),):
            times = {n: t[what] for n, t in r["median_seconds"].items() if what in t}
            yield label(r) + (f" {what}" if r["workload"] == "w6" else ""), times, r["limit_seconds"] / part


def picture(results, file):
    """Times beside ours, and the limit's, a group of bars a row (gnuplot)."""
    groups = list(bars(results))
    names = sorted({n for _, times, _ in groups for n in times}, key=lambda n: (n != "costate", n))
    known = any(limit > 0 for _, _, limit in groups)
    lines = ["row " + ("limit " if known else "") + " ".join(f'"{NAMES.get(n, n)}"' for n in names)]
    for text, times, limit in groups:
        values = [f"{limit / times['costate']:.3f}" if limit > 0 else "?"] if known else []
        values += [f"{times[n] / times['costate']:.3f}" if n in times else "?" for n in names]
        lines.append(f'"{text}" ' + " ".join(values))
    shown = (["limit"] if known else []) + names
    columns = len(shown)
    lowest = min([0.25] + [limit / times["costate"] for _, times, limit in groups if limit > 0]) / 2
    plots = ", ".join(f"$data using {k + 2}:xtic(1) title columnheader({k + 2}) lc rgb '{COLOURS[shown[k]]}'" for k in range(columns))
    script = "$data << END\n" + "\n".join(lines) + f"""
END
set terminal svg size {260 + 24 * columns * len(groups)},420 font 'sans,12' background 'white'
set output '{file}'
set datafile missing '?'
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.85 border -1
set logscale y 2
set grid ytics lc rgb '#cccccc'
set ylabel '{"time / ours" if len(groups) > len(results) else "time of one gradient / ours"}'
set xtics rotate by -30
set key outside right top
set bmargin 6
plot [:][{lowest:.4f}:] {plots}
"""
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def pictures(results, folder):
    """One picture a workload: w1.svg, …"""
    os.makedirs(folder, exist_ok=True)
    for workload in dict.fromkeys(r["workload"] for r in results):
        picture([r for r in results if r["workload"] == workload], os.path.join(folder, workload + ".svg"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="our side, built with -DCOSTATE_BENCH=ON")
    parser.add_argument("--only", nargs="*", default=[], help="workloads: w1 w2 w3 w4 w5 w6 w7")
    parser.add_argument("--rounds", type=int, default=20, help="turns of each side (20)")
    parser.add_argument("--seconds", type=float, default=0.02, help="of each turn (0.02)")
    parser.add_argument("--core", type=int, help="pin every side to this core")
    parser.add_argument("--processes", type=int, default=0, help="time and weigh so many whole processes of each side instead: first gradient, peak memory")
    parser.add_argument("--markdown", help="write the table here")
    parser.add_argument("--json", help="write the figures here")
    parser.add_argument("--pictures", help="draw the gradient times beside ours and the limit here, a picture a workload (SVG, needs gnuplot)")
    args = parser.parse_args()
    results = []
    show = process_table if args.processes else table
    with tempfile.TemporaryDirectory() as folder:
        for row in process_rows() if args.processes else rows():
            if args.only and row[0] not in args.only:
                continue
            results.append(measure_processes(args, row, folder, args.processes) if args.processes else measure(args, row, folder))
            print(show(results[-1:]).splitlines()[-1], flush=True)
        precise = None
        if not args.processes and (not args.only or "w5" in args.only):
            precise = work_precision.measure(args, {name: Side(command, args.core) for name, command in commands(args, W5, folder)})
            print(work_precision.table(precise, NAMES, readable), flush=True)
    if args.markdown:
        with open(args.markdown, "w") as out:
            out.write(show(results) if results else "")
            out.write("\n" + work_precision.table(precise, NAMES, readable) if precise else "")
    if args.json:
        with open(args.json, "w") as out:
            json.dump(results + ([precise] if precise else []), out, indent=1)
    if args.pictures and not args.processes:
        pictures(results, args.pictures)
        if precise:
            work_precision.picture(precise, os.path.join(args.pictures, "w5.svg"), NAMES, COLOURS)


if __name__ == "__main__":
    main()
