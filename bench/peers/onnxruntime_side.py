"""ONNX Runtime's side of W6: the whole solve as one graph, forward alone; the first line is x1 in place of a gradient."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from common import arguments, load_unet, serve

args = arguments()
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


class Graph:
    def __init__(self):
        self.nodes, self.constants = [], []

    def __call__(self, op, *inputs, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def constant(self, values):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name


def solve_graph():
    layers, x0, _ = load_unet(args, lambda a: a.astype(np.float32))
    g = Graph()
    weights = [(g.constant(w), g.constant(b)) for w, b in layers]
    scales = g.constant([1, 1, 2, 2])
    conv = lambda i, v, stride=1: g("Conv", v, *weights[i], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[stride, stride])
    silu = lambda v: g("Mul", v, g("Sigmoid", v))

    def field(t, x):
        high = silu(conv(0, g("Concat", x, g.constant(np.full(x0.shape, t)), axis=1)))
        low = silu(conv(2, silu(conv(1, high, 2))))
        twice = g("Resize", low, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        return conv(4, silu(conv(3, g("Concat", high, twice, axis=1))))

    h, x = 1.0 / args.steps, "x"
    whole, half = g.constant(h), g.constant(h / 2)
    for n in range(args.steps):
        middle = g("Add", x, g("Mul", half, field(n * h, x)))
        x = g("Add", x, g("Mul", whole, field(n * h + h / 2, middle)))
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, x0.shape)
    graph = helper.make_graph(g.nodes, "solve", [value("x")], [value(x)], g.constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), x0


model, x0 = solve_graph()
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = args.threads
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
forward = lambda: session.run(None, {"x": x0})
serve(forward, forward, lambda: forward()[0].ravel().tolist())
