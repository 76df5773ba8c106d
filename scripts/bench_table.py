"""bench_table.py RESULT.json...: results of Google Benchmark as markdown tables, one a program, a column a counter."""

import json
import os
import sys

RATES = {"FLOP/s": (1e-9, "GFLOP/s"), "B/s": (1e-9, "GB/s"), "weights B/s": (1e-9, "weights GB/s"), "elements/s": (1e-9, "10⁹ elements/s")}
FIRST = ["GFLOP/s", "FLOP/s", "weights B/s", "B/s", "elements/s", "ratio", "roof", "of roof", "of dense", "gain", "dense_gain", "register_gain"]
OF_GOOGLE = {"name", "run_name", "run_type", "family_index", "per_family_instance_index", "repetitions", "repetition_index", "threads", "iterations", "real_time",
             "cpu_time", "time_unit", "label", "error_occurred", "error_message"}
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def seconds(value):
    for unit, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= 0.9995 * unit:
            return f"{value / unit:.3g} {name}"
    return f"{value / 1e-9:.3g} ns"


def counter(run, name):
    if name not in run:
        return ""
    return f"{run[name] * RATES.get(name, (1, ''))[0]:.3g}"


def table(file):
    with open(file, encoding="utf-8") as stream:
        result = json.load(stream)
    runs = [run for run in result["benchmarks"] if run.get("run_type", "iteration") == "iteration"]
    if not runs:
        return
    counters = list(dict.fromkeys(name for run in runs for name in run if name not in OF_GOOGLE))  # a new benchmark's own as well
    columns = [name for name in FIRST if name in counters] + [name for name in counters if name not in FIRST]
    heads = [RATES.get(name, (1, name))[1] or name for name in columns]
    context = result["context"]
    print(f"## {os.path.basename(file)[:-5]}\n\n{context['date'][:16]}, {context['num_cpus']} cores at {context['mhz_per_cpu']} MHz\n")
    print("| | time | " + " | ".join(heads) + " |\n|---|---|" + "---|" * len(heads))
    for run in runs:
        name = run["name"].replace("/manual_time", "").replace("|", "\\|") + (f" ({run['label']})" if run.get("label") else "")
        if run.get("error_occurred"):
            print(f"| {name} | {run['error_message']} |" + " |" * len(heads))
            continue
        print(f"| {name} | {seconds(run['real_time'] * UNITS[run['time_unit']])} | " + " | ".join(counter(run, c) for c in columns) + " |")
    print()


for argument in sys.argv[1:]:
    table(argument)
