#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times imports against onnx's and onnxruntime's shape inference on the same files; prints pages.

Usage: import_table.py TIMER GRAPHOPT ZOO [--tensors] [--model FILE]... > Benchmarks/import.md

TIMER is the release build of `import-timer`, GRAPHOPT that of `graphopt`. All run in one go, one after
the other, each in a process of its own; times are processor seconds, the least of several runs, of the
work alone: no start of a process, no import of a Python module is in them. Needs onnx, onnxruntime and
sympy (which onnxruntime's symbolic inference needs). With --tensors it also counts, over the whole zoo,
the tensors that each of the three knows and has right.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from math import prod
from pathlib import Path

import onnx

sys.path.insert(0, str(Path(__file__).resolve().parent))
from time_plans import processor  # noqa: E402

# By name: how dimensions are bound, and whether a copy with all weights in the file is timed, too
# (not where they are more than the 2 GB that the other two can load).
TIMED = [
    ("bert_base-legacy", {"batch": 1, "seq": 128}, True),
    ("bert_base-dynamo", {"batch": 1, "seq": 128}, False),
    ("gpt2_small-dynamo", {"batch": 1, "seq": 128}, True),
    ("vit_b_16-legacy", {"batch": 1}, True),
    ("gpt2_xl-dynamo", {"batch": 1, "seq": 8}, False),
]


def peer_times(path, times):
    """Seconds of loading and inferring, by onnx and by onnxruntime; what is raised, as text."""
    from onnxruntime.tools.symbolic_shape_infer import SymbolicShapeInference

    result = {}

    def best(key, work):
        found = []
        for _ in range(times):
            start = time.process_time()
            try:
                work()
            except Exception as error:  # each raises what it likes
                result[key + " raised"] = type(error).__name__
            found.append(time.process_time() - start)
        result[key] = min(found)

    def strict():
        model = onnx.load(path, load_external_data=False)
        onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)

    def symbolic():
        model = onnx.load(path, load_external_data=False)
        SymbolicShapeInference.infer_shapes(model, auto_merge=True)

    best("onnx", strict)
    times = 1
    best("symbolic", symbolic)
    print(json.dumps(result))


def without_values(source, target, dims):
    """A copy without value_info, with its open dimensions bound: what all three have to infer."""
    model = onnx.load(source, load_external_data=False)
    del model.graph.value_info[:]
    for value in list(model.graph.input) + list(model.graph.output):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param in dims:
                dim.dim_value = dims[dim.dim_param]
    onnx.save(model, target)


def embedded(source, target):
    """A copy with all weights, made up, in the file itself."""
    model = onnx.load(source, load_external_data=False)
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
            tensor.raw_data = b"\1" * (prod(tensor.dims) * kind.itemsize)
            tensor.ClearField("data_location")
            del tensor.external_data[:]
    onnx.save(model, target)


def large_model(path, gigabytes=2.4):
    """Weights of more than protobuf's 2 GB in one file, written field by field."""
    def varint(value):
        out = bytearray()
        while value >= 0x80:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes(out + bytes([value]))

    def field(number, content):
        return varint(number << 3 | 2) + varint(len(content)) + content

    count = int(gigabytes * 1e9 / (4096 * 4096 * 4))
    nodes, tensors, size = b"", [], 4096 * 4096 * 4
    for index in range(count):
        head = onnx.TensorProto(
            dims=[4096, 4096], data_type=1, name=f"w{index}").SerializeToString()
        head += varint(9 << 3 | 2) + varint(size)
        tensors.append(varint(5 << 3 | 2) + varint(len(head) + size) + head)
        node = onnx.helper.make_node("MatMul", [f"x{index}", f"w{index}"], [f"x{index + 1}"])
        nodes += field(1, node.SerializeToString())
    value = onnx.helper.make_tensor_value_info
    ends = field(11, value("x0", 1, [1, 4096]).SerializeToString())
    ends += field(12, value(f"x{count}", 1, [1, 4096]).SerializeToString())
    length = len(nodes) + len(ends) + sum(len(head) + size for head in tensors)
    with open(path, "wb") as file:
        file.write(b"\x08\x0a" + field(8, b"\x10\x11"))
        file.write(varint(7 << 3 | 2) + varint(length) + nodes + ends)
        for head in tensors:
            file.write(head)
            file.seek(size - 1, os.SEEK_CUR)  # a hole of zeros: it takes no disk
            file.write(b"\0")
    return os.path.getsize(path)


def wide_model(path, count=100_000):
    """A chain of a hundred thousand operators."""
    make = onnx.helper.make_node
    nodes = [make("Relu" if i % 2 else "Neg", [f"x{i}"], [f"x{i + 1}"]) for i in range(count)]
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes, "chain", [value("x0", 1, [8, 64])], [value(f"x{count}", 1, [8, 64])])
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]), path)


def timed(timer, path, dims, times):
    arguments = [timer, path, str(times)] + [f"{name}={size}" for name, size in dims.items()]
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{path}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def peers(path, times):
    arguments = [sys.executable, __file__, "--peer", path, str(times)]
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{path}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def ratio(other, ours, raised):
    return f"{other * 1e3:.1f} ms, {other / ours:.1f}x" + (f" ({raised})" if raised else "")


def times_table(timer, zoo, scratch, extra):
    print("| file | bytes | operators | graphopt | onnx, strict, data_prop | "
          "onnxruntime, symbolic |")
    print("|---|---|---|---|---|---|")
    files = []
    for name, dims, has_copy in TIMED:
        source = zoo / "infer" / f"{name}.strip.onnx"
        files.append((f"{name}, structure only", str(source), dims))
        bound = os.path.join(scratch, f"{name}-bound.onnx")
        without_values(str(source), bound, dims)
        files.append((f"{name}, structure only, bound, no value_info", bound, {}))
        if has_copy:
            whole = os.path.join(scratch, f"{name}-whole.onnx")
            embedded(bound, whole)
            files.append((f"{name}, with its weights", whole, {}))
    for path in extra:
        files.append((Path(path).stem, path, {}))
    for name, path, dims in files:
        ours = timed(timer, path, dims, 30)
        others = peers(path, 5 if os.path.getsize(path) < 1 << 24 else 2)
        print(
            f"| {name} | {os.path.getsize(path):,} | {ours['nodes']:,} "
            f"| {ours['processor'] * 1e3:.2f} ms "
            f"| {ratio(others['onnx'], ours['processor'], others.get('onnx raised'))} "
            f"| {ratio(others['symbolic'], ours['processor'], others.get('symbolic raised'))} |",
            flush=True)


def sizes_table(timer, scratch):
    print("\n| file | bytes | operators | import | most memory |")
    print("|---|---|---|---|---|")
    large = os.path.join(scratch, "large.onnx")
    large_model(large)
    wide = os.path.join(scratch, "wide.onnx")
    wide_model(wide)
    for name, path in (("2.4 GB of weights in the file", large), ("a chain of operators", wide)):
        ours = timed(timer, path, {}, 1)
        print(
            f"| {name} | {os.path.getsize(path):,} | {ours['nodes']:,} | {ours['wall']:.3f} s "
            f"| {ours['after'] / 1e6:.0f} MB |", flush=True)


# The tensors that are known and right.


def tensors_table(graphopt, zoo):
    manifest = json.loads((zoo / "MANIFEST.json").read_text())
    total = {"all": 0, "dropped": 0, "kept": 0, "onnx": 0, "symbolic": 0}
    for entry in manifest["models"]:
        if entry["kind"] != "infer":
            continue
        for index, dims in enumerate(entry["bind"]):
            truth = json.loads((zoo / entry["truth"][index]).read_text())["tensors"]
            total["all"] += len(truth)
            path = zoo / sorted(entry["files"], key=len)[-1]
            for key, more in (("dropped", ["--ignore-value-info"]), ("kept", [])):
                arguments = [graphopt, "inspect", str(path), "--format", "json"] + more
                for name, size in dims.items():
                    arguments += ["--dim", f"{name}={size}"]
                done = subprocess.run(arguments, capture_output=True, text=True)
                found = json.loads(done.stdout)["tensors"] if done.returncode == 0 else []
                total[key] += sum(
                    truth.get(t["name"]) == [t["elementType"], t["shape"]] and not t["upperBound"]
                    for t in found)
            peers = entry["peers"][index]
            total["onnx"] += max(peers["onnx_right"], 0)
            total["symbolic"] += max(peers["sym_right"], 0)
    print("\n| tensors of the zoo's inference models | known and right | of | |")
    print("|---|---|---|---|")
    for key, label in (
        ("dropped", "graphopt, value_info dropped"), ("kept", "graphopt, value_info kept"),
        ("onnx", "onnx, strict, data_prop, value_info dropped (as the manifest says)"),
        ("symbolic", "onnxruntime, symbolic, value_info dropped (as the manifest says)"),
    ):
        print(f"| {label} | {total[key]:,} | {total['all']:,} | {total[key] / total['all']:.2%} |")
    return total


def main():
    if sys.argv[1:2] == ["--peer"]:
        peer_times(sys.argv[2], int(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("timer")
    parser.add_argument("graphopt")
    parser.add_argument("zoo", type=Path)
    parser.add_argument("--tensors", action="store_true")
    parser.add_argument("--model", action="append", default=[], help="a static model to time, too")
    arguments = parser.parse_args()
    print("# Imports\n")
    print(f"{processor()}, {os.cpu_count()} cores, {datetime.date.today()}, one run of "
          "`Benchmarks/import_table.py`.\n")
    with tempfile.TemporaryDirectory() as scratch:
        times_table(arguments.timer, arguments.zoo, scratch, arguments.model)
        sizes_table(arguments.timer, scratch)
    if arguments.tensors:
        tensors_table(arguments.graphopt, arguments.zoo)


if __name__ == "__main__":
    main()
