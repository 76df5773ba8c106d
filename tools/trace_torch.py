"""Reads a PyTorch module's layers off torch.fx: what tools/export_torch.py writes as the architecture of a network file.

trace(module, x, t) runs the module symbolically, follows every value from x and t to the result, and returns the list of layers
(docs/networks.md) and the tensors that only forward() names. What becomes of a module is said in trace_modules.py, of a function or a
method in trace_operations.py; what stands in neither is refused in one sentence.
"""

import inspect
import operator

import torch
from torch import fx, nn
from torch.fx.node import map_arg
from torch.fx.passes.shape_prop import ShapeProp
from torch.overrides import TorchFunctionMode

from trace_modules import MODULES
from trace_operations import ELEMENTWISE, OPERATIONS


class ExportError(Exception):
    """One sentence: what cannot be exported and what to do."""


def one_line(error):
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:150]}{'...' if len(text) > 150 else ''}"


TENSORS = ("weight", "bias", "frequencies", "mean", "variance", "value")


def names_tensor(key, value):
    """Whether that entry of a layer names a tensor; a padding's `value` is a number."""
    return key in TENSORS and isinstance(value, str)


REMEDY = ("write it with what tools/trace_modules.py and tools/trace_operations.py list, give the module a costate_architecture(), "
          "or try ONNX: torch.onnx.export and `costate convert`")


class Tracer:
    """Follows the graph: `values` maps a node to the name of a value, or to a dictionary for what is not written as a value by itself.

    {"tensor": NAME}: a parameter or buffer; {"shared": VALUE, "shape": LIST}: what was computed of such ones alone, without the batch's axis;
    {"phase": NAME}: t times the buffer NAME, {"sin": NAME}, {"cos": NAME} of it;
    {"channels": VALUE}: one number for each channel of an image; {"parts": NODE}: the several results of a node, {"first": VALUE}: the
    only one of them that there is; {"number": NODE}: no tensor.
    """

    def __init__(self, module, graph, samples):
        self.module, self.graph, self.samples = module, graph, samples
        self.state = dict(module.state_dict())
        self.parameters = {name for name, parameter in module.named_parameters() if parameter.requires_grad}
        self.layers, self.values, self.constants = [], {}, {}
        self.alone = False  # whether the operation reads parameters and buffers alone

    def run(self):
        for node in self.graph.nodes:
            node.args, node.kwargs = (map_arg(given, lambda arg: arg.meta.get("number", arg)) for given in (node.args, node.kwargs))
            handler = getattr(self, node.op, None)
            if handler is None:
                raise ExportError(f"the graph has a node of the kind {node.op}, which this exporter does not translate; {REMEDY}")
            self.values[node] = handler(node)
        return self.layers

    # the nodes of a graph

    def placeholder(self, node):
        if node.name not in ("x", "t"):
            raise ExportError(f"forward() has an argument {node.name}; a network reads x and t")
        return node.name

    def get_attr(self, node):
        """By its name; a view that forward() made of a buffer, say of another shape, by the values; else it is a tensor of its own."""
        if node.target in self.state:
            return {"tensor": node.target}
        found = operator.attrgetter(node.target)(self.module).detach()
        equal = lambda other: other.numel() == found.numel() and torch.equal(other.flatten(), found.to(other.dtype).flatten())
        same = [name for name, other in self.state.items() if equal(other)]
        if not same:
            self.state[node.name], self.constants[node.name] = found, found.double()
        return {"tensor": same[0] if same else node.name}

    def call_module(self, node):
        leaf = self.module.get_submodule(node.target)
        if type(leaf) not in MODULES:
            self.untranslated(node, f"a {type(leaf).__name__}")
        return MODULES[type(leaf)](self, node, leaf)

    def call_function(self, node):
        return self.operation(node, f"a call of {getattr(node.target, '__name__', node.target)}")

    def call_method(self, node):
        return self.operation(node, f"a call of the method {node.target}")

    def operation(self, node, called):
        if "tensor_meta" not in node.meta:
            return {"number": node}
        if node.target not in OPERATIONS:
            self.untranslated(node, called)
        self.alone = node.target in ELEMENTWISE and all(self.is_shared(arg) for arg in node.all_input_nodes)
        result = OPERATIONS[node.target](self, node)
        return {"shared": result, "shape": list(self.shape(node))} if self.alone and isinstance(result, str) else result

    def is_shared(self, node):
        """Whether a node is the same for every sample."""
        found = self.values[node]
        return isinstance(found, dict) and ("tensor" in found or "shared" in found)

    def output(self, node):
        result = node.args[0]
        if not isinstance(result, fx.Node) or self.shape(result) is None:
            raise ExportError("forward() returns no single tensor; return the velocity alone")
        wanted, kept = {self.name(result)}, []
        for layer in reversed(self.layers):  # what the result does not depend on is left out
            if layer["out"] in wanted:
                wanted |= set(layer["in"])
                kept.insert(0, layer)
        if not kept:
            raise ExportError("forward() returns what it was given; return the result of a layer")
        kept[-1]["out"] = "u"
        self.layers = kept

    # what a handler asks

    @staticmethod
    def where(node):
        return f"layer {node.target.removeprefix('inner.')}" if node.op == "call_module" else f"the operation {node.name}"

    def refuse(self, node, what):
        """`what` names the kind and, after a semicolon, what to do."""
        raise ExportError(f"{self.where(node)} is {what}")

    def untranslated(self, node, what):
        self.refuse(node, f"{what}, which this exporter does not translate; {REMEDY}")

    def shape(self, node):
        """Of a tensor, with the batch; None for what is no tensor."""
        meta = node.meta.get("tensor_meta")
        return tuple(meta.shape) if hasattr(meta, "shape") else None

    def sample_size(self, node):
        """Values a sample, None for what is not one row a sample."""
        shape = self.shape(node)
        return None if not shape or shape[0] != self.samples else int(torch.Size(shape).numel() // self.samples)

    def axis(self, node, dim, rank=None):
        """An axis of a sample."""
        rank = len(self.shape(node)) if rank is None else rank
        if not isinstance(dim, int) or dim % rank == 0:
            named = "all axes" if dim is None else f"the axis {dim}"
            self.refuse(node, f"an operation along {named}, where samples of a batch would meet; name one after the batch")
        return dim % rank - 1

    def input(self, node):
        """The first argument of a call."""
        return node.args[0] if node.args else next(iter(node.kwargs.values()))

    def read(self, node):
        """The value that a node's first argument is."""
        return self.name(self.input(node))

    # what a handler writes

    def layer(self, node, op, inputs, **more):
        """The layer whose result the node is."""
        self.layers.append({"op": op, "in": inputs, "out": node.name, **more})
        return node.name

    def step(self, node, op, inputs, **more):
        """A layer on the way to it."""
        self.layers.append({"op": op, "in": inputs, "out": f"{node.name}.{len(self.layers)}", **more})
        return self.layers[-1]["out"]

    def number(self, node, value):
        """A number as a value."""
        name = f"number.{float(value)}"
        self.constants[name] = torch.full((1,), float(value), dtype=torch.float64)
        return self.step(node, "constant", [], value=name)

    def tensor(self, node, name, shape):
        """A parameter or buffer as a value of that shape."""
        shape, own = list(shape), list(self.state[name].shape)
        written = self.step(node, "parameter" if name in self.parameters else "constant", [], value=name)
        return written if own == shape else self.step(node, "reshape", [written], shape=shape or [1])

    def shared(self, node, arg, shape):
        """What is the same for every sample as a value of that shape."""
        found = self.values[arg]
        if "tensor" in found:
            return self.tensor(node, found["tensor"], shape)
        return found["shared"] if found["shape"] == list(shape) else self.step(node, "reshape", [found["shared"]], shape=list(shape) or [1])

    def name(self, node):
        """The value of the file that a node is, which is written where it was not yet."""
        found = self.values.get(node) if isinstance(node, fx.Node) else None
        kind, of = next(iter(found.items())) if isinstance(found, dict) else (None, None)
        if self.alone and kind in ("tensor", "shared"):
            return self.shared(node, node, self.shape(node))
        if kind in ("phase", "sin", "cos"):
            found = self.step(node, "mul", ["t", self.tensor(node, of, [self.sample_size(node)])])
            found = self.values[node] = found if kind == "phase" else self.step(node, kind, [found])
        elif kind == "channels":
            found = self.values[node] = self.step(node, "reshape", [of], shape=list(self.shape(node)[1:]))
        if not isinstance(found, str):
            raise ExportError(f"{node} is read as values of each sample, which it is not: this exporter translates parameters, buffers and "
                              f"numbers in arithmetic and as weights alone; {REMEDY}")
        return found

    def operand(self, node, arg):
        """A number, a value of as many axes as the result, or what is the same for every sample, a missing axis or one of length 1 for the batch."""
        if isinstance(arg, (int, float)):
            return self.number(node, arg)
        rank, shape = len(self.shape(node)), self.shape(arg)
        if self.alone:
            return self.name(arg)
        if shape is not None and self.is_shared(arg) and (len(shape) < rank or shape[0] == 1):
            return self.shared(node, arg, shape[1:] if len(shape) == rank else shape)
        if shape is not None and len(shape) == rank and shape[0] == self.samples:
            return self.name(arg)
        self.refuse(node, f"arithmetic with {arg}, which is neither a number, nor a value with as many axes as the result, nor a parameter or buffer "
                          "that all samples share; give it the missing axes by unsqueeze")


class InDouble(TorchFunctionMode):
    """What forward() casts to single precision stays double, so that answers have fourteen digits."""

    def __torch_function__(self, function, types, arguments=(), options=None):
        if function is torch.Tensor.float:
            return arguments[0].double()
        wider = lambda value: torch.float64 if value is torch.float32 else value
        return function(*map(wider, arguments), **{key: wider(value) for key, value in (options or {}).items()})


class Shapes(ShapeProp):
    """Says of every node the shape of its result, or the number that it is."""

    def run_node(self, node):
        result = super().run_node(node)
        if isinstance(result, (int, float)):
            node.meta["number"] = result
        return result


def arguments_of(module):
    """The names of forward's arguments that have to be given."""
    parameters = inspect.signature(module.forward).parameters.values()
    return [p.name for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


class Named(nn.Module):
    """The module with arguments named x and t, or x alone, the time as its last column where `timed`."""

    def __init__(self, inner, timed, count):
        super().__init__()
        self.inner, self.timed, self.count = inner, timed, count

    def forward(self, x, t):
        if self.timed:
            return self.inner(torch.cat([x, t[:, None]], dim=1))
        return self.inner(x, t) if self.count == 2 else self.inner(x)


def trace(module, timed, x, t):
    """(layers, constants) of module(x, t), of module(x) where it takes one argument, of module(cat([x, t])) where `timed`; constants
    are the tensors that are none of the module's, by name. Raises ExportError."""
    named = Named(module, timed, len(arguments_of(module))).eval()
    try:
        with InDouble():
            named(x, t)
    except Exception as error:
        raise ExportError(f"the module does not run in float64 with x of the shape {tuple(x.shape)} and t of {tuple(t.shape)} ({one_line(error)}); "
                          "correct it or the shape of x") from error
    try:
        with InDouble():
            graph = fx.symbolic_trace(named)
            Shapes(graph).propagate(x, t)
    except Exception as error:
        raise ExportError(f"torch.fx cannot follow the module ({one_line(error)}); write forward() without branches on "
                          "values, or give the module a costate_architecture()") from error
    tracer = Tracer(named, graph.graph, len(x))
    strip = lambda key, value: value.removeprefix("inner.") if names_tensor(key, value) else value
    return [{key: strip(key, value) for key, value in layer.items()} for layer in tracer.run()], tracer.constants
