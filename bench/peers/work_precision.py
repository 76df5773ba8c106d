"""W5 of compare.py: time of a gradient against its error, every side by every one of its methods at every tolerance, in turn."""
import os
import statistics
import subprocess

# ∂g/∂p and ∂g/∂u₀ of g = ½‖u(10) − (1, 1)‖², Taylor's method with 40 digits
EXACT = [0.6219615855512808840805, 0.06800140415087433655657, 0.1691764639958928173378, 0.272560693950007505131, 0.2995995083036823018343,
         -0.01415181634485350553252]
ACCURACIES = [1e-2, 1e-4, 1e-6, 1e-8, 1e-10]
METHODS = {
    "costate": ["dormand-prince", "tsitouras", "verner-65", "verner-87", "dop853"],
    "diffrax": ["tsit5-backsolve", "tsit5-checkpoints", "dopri5-checkpoints", "dopri8-checkpoints", "dopri8-backsolve"],
    "cvodes": ["adams-hermite", "adams-polynomial", "bdf-hermite", "bdf-polynomial"],
    "torchdiffeq": ["dopri5-odeint", "dopri5-adjoint", "dopri8-odeint"],
}
HALF_DECADES = [f"{m}e-{k}" for k in range(3, 13) for m in ("3", "1")]
TOLERANCES = {"torchdiffeq": ["1e-4", "1e-6"], "cvodes": HALF_DECADES + ["3e-13", "1e-13"]}  # the first takes tenths of a second, the other needs the last


def error(gradient):
    size = sum(v * v for v in EXACT) ** 0.5
    return sum((u - v) ** 2 for u, v in zip(gradient, EXACT)) ** 0.5 / size


def measure(args, sides):
    """{side: [{method, error, seconds, forward}]}: errors first; then medians over turns in which every setting has its own."""
    settings = []
    for name, side in sides.items():
        for method in METHODS[name]:
            for tolerance in TOLERANCES.get(name, HALF_DECADES):
                spelling = f"{method}:{tolerance}"
                far = error(side.ask("result", f"1 {spelling}"))
                if far < 1:  # a coarse solve may be far off; nobody would use it
                    once = side.ask("gradient", f"1 {spelling}")[1]
                    settings.append({"side": name, "method": spelling, "error": far, "count": max(1, int(args.seconds / 10 / max(once, 1e-7))), "times": [], "forward": []})
    for _ in range(args.rounds):
        for s in settings:
            s["times"].append(sides[s["side"]].ask("gradient", f"{s['count']} {s['method']}")[1])
            s["forward"].append(sides[s["side"]].ask("forward", f"{s['count']} {s['method']}")[1])
    for side in sides.values():
        side.close()
    for s in settings:
        s["seconds"], s["forward_seconds"] = statistics.median(s.pop("times")), statistics.median(s.pop("forward"))
    return {"workload": "w5", "settings": settings}


def best(result, side, accuracy):
    """The fastest setting of a side that is accurate enough, or none."""
    return min((s for s in result["settings"] if s["side"] == side and s["error"] <= accuracy), key=lambda s: s["seconds"], default=None)


def sides_of(result):
    return list(dict.fromkeys(s["side"] for s in result["settings"]))


def table(result, names, readable):
    peers = [side for side in sides_of(result) if side != "costate"]
    lines = ["| W5, relative error of the gradient | costate | " + " | ".join(names[p] for p in peers) + " | times faster than the fastest |", "|---" * (len(peers) + 3) + "|"]
    shown = lambda s: f"{readable(s['seconds'])}, {s['method']}, {s['error']:.0e}" if s else "–"
    for accuracy in ACCURACIES:
        ours, theirs = best(result, "costate", accuracy), [best(result, p, accuracy) for p in peers]
        fastest = min((s["seconds"] for s in theirs if s), default=None)
        times = f"{fastest / ours['seconds']:.1f}" if ours and fastest else "–"
        lines.append(f"| {accuracy:.0e} | {shown(ours)} | " + " | ".join(shown(s) for s in theirs) + f" | {times} |")
    return "\n".join(lines) + "\n"


def front(settings):
    """Those that no other of them beats in both, from coarse to fine."""
    kept, least = [], float("inf")
    for s in sorted(settings, key=lambda s: (s["error"], s["seconds"])):
        if s["seconds"] < least:
            kept, least = kept + [s], s["seconds"]
    return kept[::-1]


def picture(result, file, names, colours):
    """Error against time: every setting a point, the best of each side a line (gnuplot)."""
    blocks, plots = [], []
    for side in sides_of(result):
        own = [s for s in result["settings"] if s["side"] == side]
        for kind, points in (("all", own), ("front", front(own))):
            rows = "\n".join(f"{s['seconds'] * 1e6:.4f} {s['error']:.4e}" for s in points)
            blocks.append(f"${kind}_{side} << END\n{rows}\nEND\n")
        colour = f"lc rgb '{colours[side]}'"
        plots.append(f"$all_{side} with points pt 7 ps 0.35 {colour} notitle")
        plots.append(f"$front_{side} with linespoints pt 7 ps 0.7 lw 2 {colour} title '{names.get(side, side)}'")
    script = "".join(blocks) + f"""
set terminal svg size 760,520 font 'sans,12' background 'white'
set output '{file}'
set logscale xy
set format xy '10^{{%T}}'
set grid lc rgb '#dddddd'
set xlabel 'time of one gradient, µs'
set ylabel 'its relative error'
set key bottom right opaque
plot {", ".join(plots)}
"""
    os.makedirs(os.path.dirname(file) or ".", exist_ok=True)
    subprocess.run(["gnuplot"], input=script, text=True, check=True)

