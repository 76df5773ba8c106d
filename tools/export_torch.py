#!/usr/bin/env python3
"""Write a PyTorch network as NAME.safetensors and its answers as NAME.golden.safetensors.

    python tools/export_torch.py my_network.py:make_network --weights my_weights.pt --out models/my_network
    costate check models/my_network.safetensors models/my_network.golden.safetensors

my_network.py:make_network is a torch.nn.Module, or a function without arguments that returns one. It is called as module(x, t),
x one row a sample (--input-shape: d values, or channels,height,width) and t of length batch, or as module(x); a module of x alone whose
first Linear reads one value more than x has is given cat([x, t]). Its layers are read off torch.fx: the modules that stand in
tools/trace_modules.py, the functions and methods in tools/trace_operations.py, x[...] with ranges, single indices and constant lists
after the batch's axis, parameters and buffers in arithmetic, and the embedding of the time by a buffer of frequencies f:

       def forward(self, x, t):
           phase = t[:, None] * self.f
           e = torch.cat([torch.sin(phase), torch.cos(phase)], dim=1)
           return self.outer(torch.nn.functional.silu(self.inner(torch.cat([x, e], dim=1)))) + x

What is something else is refused by name, and so is what lets samples of a batch meet. A module may say in words what it computes, by a method:

       def costate_architecture(self):
           return [{"op": "time_embedding", "in": ["t"], "out": "e", "frequencies": "f"},
                   {"op": "concat", "in": ["x", "e"], "out": "xe"},
                   {"op": "linear", "in": ["xe"], "out": "a", "weight": "inner.weight", "bias": "inner.bias"},
                   {"op": "silu", "in": ["a"], "out": "b"},
                   {"op": "linear", "in": ["b"], "out": "c", "weight": "outer.weight", "bias": "outer.bias"},
                   {"op": "add", "in": ["c", "x"], "out": "u"}]

Tensors go by their names in module.state_dict(). Either way the description is computed and compared with the module: a description
that says something else is refused.

Weights are stored as float32. The answers are float64, computed by PyTorch from the stored weights, batch-major, every sample
at its own time: u, vjp = v'du/dx, jvp = du/dx w, divergence (d <= 64), theta_bar.WEIGHT = gradient of sum(v*u) (networks of at
most 20000 weights), theta_dot.WEIGHT = [<theta_bar, theta>, |theta_bar|]; for velocities also midpoint3, midpoint50 and euler6:
x1, loss = |x1-y|^2/2 and grad_x0 on equal steps of [0, 1].

As a library: export(module, "models/my_network", input_shape=[2], metadata={"training": "how it was trained"}).
"""

import argparse
import copy
import importlib.util
import json
import os
import pathlib
import struct
import sys
import tempfile

import numpy
import torch
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from layer_meanings import MEANING, evaluate
from trace_torch import ExportError, InDouble, arguments_of, names_tensor, one_line, trace

CONVENTIONS = ("t=0 noise, t=1 data; linear weight out x in; layers read `in`, write `out`; the last `out` is the result; "
               "gelu is exact (erf); softplus is log(1+exp(x)) everywhere")
SOLVERS = {"midpoint3": ("midpoint", 3), "midpoint50": ("midpoint", 50), "euler6": ("euler", 6)}
DTYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64"}


def write_safetensors(path, tensors, metadata):
    """Header length (8 bytes, little endian), JSON header padded with blanks to 8 bytes, tensors in the order of their names."""
    header, blobs, offset = {"__metadata__": {key: str(value) for key, value in metadata.items()}}, [], 0
    for name in sorted(tensors):
        array = numpy.ascontiguousarray(tensors[name])
        if array.dtype.name not in DTYPES:
            raise ExportError(f"tensor {name} has type {array.dtype.name}; convert it to one of {', '.join(DTYPES)}")
        blob = array.astype(array.dtype.newbyteorder("<")).tobytes()
        header[name] = {"dtype": DTYPES[array.dtype.name], "shape": list(array.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path = pathlib.Path(path)
    if not path.parent.is_dir():
        raise ExportError(f"there is no folder {str(path.parent)!r} to write {path.name} in; make it or choose another name")
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def timed(module, size):
    """Whether a module of one argument reads the time as a last column: its first layer takes one value more than x has."""
    first = next((leaf for leaf in module.modules() if isinstance(leaf, nn.Linear)), None)
    return len(arguments_of(module)) == 1 and first is not None and first.in_features == size + 1


def describe(module, shape):
    """(layers, constants, call): tensors that are none of the module's by name; call(copy of module, x, t) is the network's output."""
    if hasattr(module, "costate_architecture"):
        return list(module.costate_architecture()), {}, caller(2, False)
    count = len(arguments_of(module))
    if count not in (1, 2):
        raise ExportError(f"forward() of {type(module).__name__} takes {count} arguments; it has to take x and t, or x alone")
    with_time = len(shape) == 1 and timed(module, shape[0])
    zeros = torch.zeros(3, *shape, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    return *trace(float64_of_stored(module), with_time, *zeros), caller(count, with_time)


def caller(count, with_time):
    """The network as a function of (network, x, t), in double precision throughout."""

    def call(network, x, t):
        with InDouble():
            return network(torch.cat([x, t[:, None]], dim=1)) if with_time else network(x, t) if count == 2 else network(x)

    return call


def float64_of_stored(module):
    """A float64 copy whose weights are the float32 ones of the file; softplus without its linear shortcut at 20 (an error of 2e-9), and
    an RMSNorm without an eps with that of float32, which it was trained with."""
    network = copy.deepcopy(module).float().double().eval()
    for leaf in network.modules():
        if isinstance(leaf, nn.Softplus):
            leaf.threshold = 40.0
        if isinstance(leaf, nn.RMSNorm) and leaf.eps is None:
            leaf.eps = torch.finfo(torch.float32).eps
    return network


def prove_description(layers, state, call, network, x, t):
    """Computes the description and the module, which have to agree. Raises ExportError."""
    for layer in layers:
        if layer["op"] not in MEANING:
            raise ExportError(f"the description names the op {layer['op']!r}, which does not exist; choose among {', '.join(sorted(MEANING))}")
    in_words = hasattr(network, "costate_architecture")
    remedy = "correct costate_architecture()" if in_words else "it was read off forward() wrongly: say it by a costate_architecture()"
    try:
        literal = evaluate(layers, state, x, t)
    except (KeyError, RuntimeError, TypeError) as error:
        raise ExportError(f"the description cannot be computed ({one_line(error)}); {remedy}, whose names and shapes have to fit") from error
    with torch.no_grad():
        actual = call(network, x, t)
        if literal.shape != actual.shape:
            raise ExportError(f"the description gives the shape {tuple(literal.shape)}, the module {tuple(actual.shape)}; {remedy}")
        difference, size = float((literal - actual).norm()), float(actual.norm())
    if not difference <= 1e-12 * size:
        raise ExportError(f"the description and the module differ by {difference / (size or 1):.1e} (relative); {remedy}")


def derivatives(call, network, weights, given, count):
    """u, vjp, jvp, divergence and the gradients of sum(v*u) with respect to the weights."""
    x, t, v, w = (given[name] for name in ("x", "t", "v", "w"))
    at = x.clone().requires_grad_()
    u = call(network, at, t)
    wanted = [at, *weights.values()]
    grads = torch.autograd.grad((u * v).sum(), wanted, retain_graph=True, allow_unused=True)
    grads = [torch.zeros_like(of) if grad is None else grad for of, grad in zip(wanted, grads)]
    answers = {"u": u, "vjp": grads[0]}
    dual = torch.zeros_like(v, requires_grad=True)
    (adjoint,) = torch.autograd.grad(u, at, dual, create_graph=True)
    answers["jvp"] = torch.autograd.grad((adjoint * w).sum(), dual, retain_graph=True)[0]
    size = x[0].numel()
    if size <= 64 and u.shape == x.shape:
        column = lambda i: torch.autograd.grad(u.flatten(1)[:, i].sum(), at, retain_graph=True)[0].flatten(1)[:, i]
        answers["divergence"] = sum(column(i) for i in range(size))
    for (name, weight), bar in zip(weights.items(), grads[1:]):
        if count <= 20000:
            answers[f"theta_bar.{name}"] = bar
        answers[f"theta_dot.{name}"] = torch.stack([(bar * weight).sum(), bar.norm()])
    return answers


def solve(call, network, kind, steps, x):
    h = 1.0 / steps
    field = lambda time, state: call(network, state, torch.full((len(state),), time, dtype=state.dtype))
    for n in range(steps):
        k = field(n * h, x)
        x = x + h * (field(n * h + h / 2, x + h / 2 * k) if kind == "midpoint" else k)
    return x


def solver_gradients(call, network, given):
    answers = {}
    for name, (kind, steps) in SOLVERS.items():
        x0 = given["x0"].clone().requires_grad_()
        x1 = solve(call, network, kind, steps, x0)
        loss = 0.5 * ((x1 - given["y"]) ** 2).flatten(1).sum(dim=1)
        answers[f"{name}.x1"], answers[f"{name}.loss"] = x1, loss
        answers[f"{name}.grad_x0"] = torch.autograd.grad(loss.sum(), x0)[0]
    return answers


def given_arrays(samples, input_shape, output_shape, seed, chosen):
    """x, t, v, w, x0, y: standard normal (t uniform) from the seed, or as the caller chose them."""
    random = numpy.random.default_rng(seed)
    shapes = {"x": input_shape, "t": None, "v": output_shape, "w": input_shape, "x0": input_shape, "y": input_shape}
    unknown = set(chosen) - set(shapes)
    if unknown:
        raise ExportError(f"there is no given array {sorted(unknown)[0]!r}; choose among {', '.join(shapes)}")
    given = {}
    for name, shape in shapes.items():
        drawn = random.uniform(0.0, 1.0, samples) if shape is None else random.standard_normal((samples, *shape))
        array = numpy.asarray(chosen.get(name, drawn), dtype=numpy.float64)
        if array.shape != drawn.shape:
            raise ExportError(f"the array {name} has the shape {array.shape}; give {drawn.shape}")
        given[name] = torch.from_numpy(numpy.ascontiguousarray(array))
    return given


def infer_input_shape(module):
    """Of a Sequential: the first Linear reads x, or x and the time where it reads one value more than the last one writes."""
    linears = [leaf for leaf in module.modules() if isinstance(leaf, nn.Linear)]
    if hasattr(module, "costate_architecture") or not isinstance(module, nn.Sequential) or not linears or not isinstance(first_leaf(module), nn.Linear):
        raise ExportError("the shape of x cannot be read off this module; give input_shape (on the command line: --input-shape 2, or 1,28,28)")
    extra = linears[0].in_features - linears[-1].out_features
    if extra not in (0, 1):
        raise ExportError(f"the first Linear reads {linears[0].in_features} values and the last writes {linears[-1].out_features}; "
                          "a velocity reads as many as it writes, or one more for the time: give input_shape where it is none")
    return [linears[-1].out_features]


def first_leaf(module):
    return next((leaf for leaf in module.modules() if not list(leaf.children())), module)


def used_tensors(layers, state):
    names = [value for layer in layers for key, value in layer.items() if names_tensor(key, value)]
    missing = [name for name in names if name not in state]
    if missing:
        raise ExportError(f"the description names the tensor {missing[0]!r}, which is not in state_dict(); correct it")
    for name in names:
        if not torch.isfinite(state[name]).all():
            raise ExportError(f"tensor {name} has values that are not finite in float32; train or scale it differently")
    return {name: state[name].detach().numpy() for name in dict.fromkeys(names)}


def export(module, out, *, input_shape=None, parametrisation="velocity", path="cond-ot", metadata=None, samples=16, seed=0, given=None,
           golden=True):
    """Writes OUT.safetensors and OUT.golden.safetensors; returns the list of files. Raises ExportError with one sentence.

    given: arrays x, t, v, w, x0, y that replace the random ones. metadata: further entries (training, standardisation, ...).
    """
    if isinstance(module, nn.Linear):
        module = nn.Sequential(module)
    shape = list(input_shape) if input_shape else infer_input_shape(module)
    layers, constants, call = describe(module, shape)
    network = float64_of_stored(module)
    state = network.state_dict() | constants
    probe = given_arrays(samples, shape, shape, seed, {})
    tensors = used_tensors(layers, state)
    prove_description(layers, state, call, network, probe["x"], probe["t"])
    files = [pathlib.Path(f"{out}.safetensors")]
    header = {"costate.format": "1", "architecture": json.dumps(layers), "input_shape": json.dumps(shape),
              "parametrisation": parametrisation, "path": path, "conventions": CONVENTIONS, **(metadata or {})}
    stored = {name: array.astype(numpy.float64 if name in constants else numpy.float32) for name, array in tensors.items()}
    write_safetensors(files[0], stored, header)
    if not golden:
        return files
    weights = {name: weight for name, weight in network.named_parameters() if name in tensors and weight.requires_grad}
    with torch.no_grad():
        output_shape = call(network, probe["x"], probe["t"]).shape[1:]
    inputs = given_arrays(samples, shape, output_shape, seed, given or {})
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):  # the one with second derivatives
        answers = {**inputs, **derivatives(call, network, weights, inputs, sum(weight.numel() for weight in weights.values()))}
    if parametrisation == "velocity":
        answers.update(solver_gradients(call, network, inputs))
    files.append(pathlib.Path(f"{out}.golden.safetensors"))
    note = "float64 from the stored weights; solvers: explicit midpoint 3 and 50 steps, Euler 6 steps, equal steps on [0, 1]"
    write_safetensors(files[1], {name: value.detach().numpy() for name, value in answers.items()},
                      {"costate.format": "1", "model": pathlib.Path(out).name, "note": note, "torch": torch.__version__})
    return files


def load_module(place, weights):
    file, _, name = place.rpartition(":")
    if not file.endswith(".py") or not os.path.isfile(file):
        raise ExportError(f"there is no Python file in {place!r}; write FILE.py:NAME")
    spec = importlib.util.spec_from_file_location("exported", file)
    source = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(source)
    except Exception as error:
        raise ExportError(f"{file} does not run as Python ({one_line(error)}); correct it") from error
    if not hasattr(source, name):
        raise ExportError(f"{file} has no {name!r}; name a torch.nn.Module or a function that returns one")
    module = getattr(source, name)
    if not isinstance(module, nn.Module) and callable(module):
        module = module()
    if not isinstance(module, nn.Module):
        raise ExportError(f"{place} gives a value of type {type(module).__name__}; it has to be a torch.nn.Module")
    if weights:
        try:
            module.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        except Exception as error:
            raise ExportError(f"the weights of {weights} do not fit ({one_line(error)}); give a state_dict of this module") from error
    return module


def shape_of(text):
    try:
        return [int(number) for number in text.split(",")] if text else None
    except ValueError:
        raise ExportError(f"the input shape is {text!r}; write numbers with commas between them, as 1,28,28") from None


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module", metavar="FILE.py:NAME", help="a torch.nn.Module or a function that returns one")
    parser.add_argument("--out", required=True, metavar="NAME", help="writes NAME.safetensors and NAME.golden.safetensors")
    parser.add_argument("--weights", metavar="FILE.pt", help="a state_dict to load first")
    parser.add_argument("--input-shape", metavar="D[,D...]", help="of x, a sample: 2, or 1,28,28 for channels, height, width (read off a Sequential of lists)")
    parser.add_argument("--parametrisation", default="velocity", choices=["velocity", "epsilon", "x1", "logits"])
    parser.add_argument("--path", default="cond-ot", help="the probability path, e.g. cond-ot, linear-vp, none (default cond-ot)")
    parser.add_argument("--training", default="", help="one line for people: how it was trained")
    parser.add_argument("--samples", type=int, default=16, help="samples in the golden file (default 16)")
    parser.add_argument("--seed", type=int, default=0, help="of the golden file's inputs (default 0)")
    parser.add_argument("--no-golden", action="store_true", help="write the network only")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        files = export(load_module(chosen.module, chosen.weights), chosen.out, input_shape=shape_of(chosen.input_shape),
                       parametrisation=chosen.parametrisation, path=chosen.path,
                       metadata={"training": chosen.training} if chosen.training else None, samples=chosen.samples, seed=chosen.seed,
                       golden=not chosen.no_golden)
    except (ExportError, OSError) as error:
        print(f"export_torch: {error}", file=sys.stderr)
        return 2
    for file in files:
        print(f"{file}: {file.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
