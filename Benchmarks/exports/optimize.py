#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lets onnxruntime optimize the models of a zoo, at every level, and keeps the structure of what comes
out beside the shapes of all its tensors, for compare.py.

Also what its quantizer and its float16 converter make of them.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Peers"))
import truth  # noqa: E402
from session import load  # noqa: E402

LEVELS = {
    "basic": "ORT_ENABLE_BASIC",
    "extended": "ORT_ENABLE_EXTENDED",
    "all": "ORT_ENABLE_ALL",
}


def dynamic_quantized(model, folder):
    from onnxruntime.quantization import quantize_dynamic

    source, target = Path(folder) / "source.onnx", Path(folder) / "quantized.onnx"
    onnx.save(model, str(source))
    quantize_dynamic(str(source), str(target))
    return onnx.load(str(target))


def static_quantized(model, folder, form, dims):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
    import onnxruntime as ort

    source, target = Path(folder) / "source.onnx", Path(folder) / f"{form}.onnx"
    onnx.save(model, str(source))
    session = ort.InferenceSession(model.SerializeToString(), truth.options())

    class Reader(CalibrationDataReader):
        left = [truth.feeds(session, dims, {})]

        def get_next(self):
            return self.left.pop() if self.left else None

    quantize_static(str(source), str(target), Reader(), quant_format=getattr(QuantFormat, form))
    return onnx.load(str(target))


def four_bits(model):
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    quantizer = MatMulNBitsQuantizer(model, block_size=32, is_symmetric=True)
    quantizer.process()
    return quantizer.model.model


def half(model):
    from onnxruntime.transformers.float16 import convert_float_to_float16

    return convert_float_to_float16(model, keep_io_types=True)


def transformer(model, folder):
    from onnxruntime.transformers import optimizer

    source = Path(folder) / "source.onnx"
    onnx.save(model, str(source))
    return optimizer.optimize_model(str(source), "bert", num_heads=0, hidden_size=0).model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("zoo", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--variants", default=",".join(LEVELS))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    manifest = json.loads((arguments.zoo / "MANIFEST.json").read_text())
    for entry in manifest["models"]:
        name = entry.get("name", "")
        if entry["kind"] != "infer" or (arguments.names and name not in arguments.names):
            continue
        path = arguments.zoo / sorted(entry["files"], key=len)[0]
        dims = entry["bind"][0] if entry["bind"] else {}
        for variant in arguments.variants.split(","):
            if (arguments.folder / f"{name}-{variant}.json").exists():
                continue
            try:
                model = load(str(path))
                with tempfile.TemporaryDirectory() as scratch:
                    if variant in LEVELS:
                        model = truth.optimized(model, LEVELS[variant], scratch)
                    elif variant == "dynamic":
                        model = dynamic_quantized(model, scratch)
                    elif variant in ("QDQ", "QOperator"):
                        model = static_quantized(model, scratch, variant, dims)
                    elif variant == "nbits":
                        model = four_bits(model)
                    elif variant == "half":
                        model = half(model)
                    elif variant == "transformer":
                        model = transformer(model, scratch)
                truth.keep(model, f"{name}-{variant}", arguments.folder, dims, {})
            except Exception as error:  # each tool raises what it likes
                print(f"{name}-{variant}: {str(error)[:160]}", flush=True)


if __name__ == "__main__":
    main()
