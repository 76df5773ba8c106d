"""seeds.py TARGET FOLDER: small files of every layer for a fuzzer to begin with. For onnx these are the models of ONNX's own tests, where libonnx-testdata is.
The whole networks of safetensors are kept in tests/nn/fuzz as seed-0, seed-1, ...: the tests replay them."""
import glob
import json
import os
import shutil
import struct
import sys

IMAGE = [2, 4, 4]
# (shape of x, layers); "W3x2" is a tensor of that shape, "I2" one of integers
NETWORKS = [
    ([2], [("concat_time", ["x", "t"], {}), ("linear", [0], {"weight": "W3x3", "bias": "W3"}), ("silu", [1], {}), ("linear", [2], {"weight": "W2x3"})]),
    ([3], [("time_embedding", ["t"], {"frequencies": "W2", "order": "sin,cos"}), ("linear", [0], {"weight": "W3x4", "bias": "W3"}), ("mul", ["x", 1], {}), ("add", [2, "x"], {})]),
    (IMAGE, [("conv2d", ["x"], {"weight": "W4x2x3x3", "bias": "W4", "stride": 2, "padding": 1}), ("groupnorm", [0], {"weight": "W4", "bias": "W4", "groups": 2, "eps": 1e-5}),
             ("silu", [1], {}), ("upsample_nearest", [2], {"scale": 2}), ("concat_skip", [3, "x"], {}), ("conv2d", [4], {"weight": "W2x6x1x1"})]),
    (IMAGE, [("conv_transpose2d", ["x"], {"weight": "W2x2x2x2", "stride": 2, "groups": 1}), ("max_pool2d", [0], {"kernel": 2, "stride": 2}), ("batchnorm", [1], {"weight": "W2", "bias": "W2", "mean": "W2", "variance": "W2"})]),
    (IMAGE, [("avg_pool2d", ["x"], {"kernel": 2, "stride": 2}), ("resize", [0], {"height": 4, "width": 4, "mode": "linear", "coordinates": "half_pixel"}), ("linear", ["t"], {"weight": "W2x1"}), ("add_channel", [1, 2], {})]),
    (IMAGE, [("tokens", ["x"], {}), ("layernorm", [0], {"weight": "W2", "bias": "W2"}), ("parameter", [], {"value": "W2x6"}), ("matmul", [1, 2], {}), ("self_attention", [3], {"heads": 1}), ("untokens", [4], {"height": 4, "width": 4})]),
    ([2, 3], [("transpose", ["x"], {"axes": [1, 0]}), ("matmul", ["x", 0], {}), ("softmax", [1], {"axis": 1}), ("matmul", [2, "x"], {})]),
    ([2, 3], [("attention", ["x", "x", "x"], {"scale": 0.5}), ("rmsnorm", [0], {"weight": "W3"}), ("reshape", [1], {"shape": [6]}), ("slice", [2], {"axis": 0, "begin": 1, "count": 3}),
              ("pad", [3], {"before": [1], "after": [2], "value": 0.5}), ("reshape", [4], {"shape": [2, 3]})]),
    ([2, 3], [("sum", ["x"], {"axes": [0]}), ("expand", [0], {"shape": [2, 3]}), ("gather", [1], {"axis": 1, "indices": [2, 0, 1]}), ("concat", [2, "x"], {"axis": 0}), ("mean", [3], {"axes": [0]}),
              ("log_softmax", [4], {"axis": 0}), ("add", ["x", 5], {})]),
    ([4], [("less", ["x", "t"], {}), ("where", [0, "x", "t"], {}), ("clamp", [1], {"low": -1, "high": 1}), ("power", [2], {"exponent": 2}), ("affine", [3], {"scale": 2, "shift": 1}),
           ("maximum", [4, "x"], {}), ("div", [5, 4], {}), ("sub", [6, "x"], {}), ("pow", ["x", 7], {}), ("erf", [8], {}), ("exp", [9], {}), ("minimum", [10, "t"], {}), ("round", [11], {}), ("abs", [12], {})]),
    ([4], [("embedding", ["t"], {"weight": "W3x4"}), ("constant", [], {"value": "W4"}), ("parameter", [], {"value": "W4"}), ("equal", [1, 2], {}), ("max", ["x"], {"axes": [0]}),
           ("prod", ["x"], {"axes": [0]}), ("min", ["x"], {"axes": [0]}), ("tanh", ["x"], {}), ("gelu", [7], {}), ("softplus", [8], {}), ("sigmoid", [9], {}), ("relu", [10], {}), ("flatten", [11], {})]),
]


def network(shape, layers):
    tensors, written = {}, []
    for i, (op, inputs, rest) in enumerate(layers):
        layer = {"op": op, "in": [f"v{v}" if isinstance(v, int) else v for v in inputs], "out": f"v{i}"}
        for key, value in rest.items():
            if isinstance(value, str) and value[0] == "W" and value[1].isdigit():
                tensors[f"{i}.{key}"] = [int(n) for n in value[1:].split("x")]
                value = f"{i}.{key}"
            layer[key] = value
        written.append(layer)
    header = {"__metadata__": {"costate.format": "1", "parametrisation": "logits", "path": "none", "input_shape": json.dumps(shape), "architecture": json.dumps(written)}}
    data = b""
    for name, extents in tensors.items():
        size = 1
        for n in extents:
            size *= n
        values = struct.pack(f"<{size}f", *(0.25 + 0.125 * (k % 5) for k in range(size)))
        header[name] = {"dtype": "F32", "shape": extents, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def main():
    target, folder = sys.argv[1:]
    if target == "safetensors":
        for i, (shape, layers) in enumerate(NETWORKS):
            for length in range(1, len(layers) + 1):  # also each beginning: what comes first is reached though what follows is wrong
                with open(os.path.join(folder, f"{i}-{length}"), "wb") as out:
                    out.write(network(shape, layers[:length]))
    else:
        for model in glob.glob("/usr/share/libonnx-testdata/data/*/*/model.onnx"):
            if os.path.getsize(model) <= 4096:
                shutil.copy(model, os.path.join(folder, os.path.basename(os.path.dirname(model))))


if __name__ == "__main__":
    main()
