# SPDX-License-Identifier: Apache-2.0
"""torchvision with operators of its own in Python where its binary part is built for another torch.

Exporters only need them to exist and to give results of the right shape.
"""

import torch

try:
    torch.ops.torchvision.nms
    HAS_BINARY = True
except (AttributeError, RuntimeError):
    HAS_BINARY = False


def nms(boxes, scores, threshold):
    order, kept = scores.argsort(descending=True).tolist(), []
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    while order:
        best, *order = order
        kept.append(best)
        if not order:
            break
        rest = torch.tensor(order)
        low = torch.maximum(boxes[best, :2], boxes[rest, :2])
        high = torch.minimum(boxes[best, 2:], boxes[rest, 2:])
        both = (high - low).clamp(min=0).prod(1)
        order = rest[both / (areas[best] + areas[rest] - both) <= threshold].tolist()
    return torch.tensor(kept, dtype=torch.int64)


def roi_align(features, rois, scale, height, width, samples, aligned):
    from torchvision.ops.roi_align import _roi_align

    return _roi_align(features, rois, scale, height, width, samples, aligned)


def load():
    """torchvision, ready for export."""
    try:
        import torchvision
        return torchvision
    except RuntimeError:
        pass
    import sys

    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define(
        "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, "
        "SymInt pooled_width, int sampling_ratio, bool aligned) -> Tensor"
    )
    library.impl("nms", nms, "CPU")
    library.impl("roi_align", roi_align, "CPU")
    globals()["_library"] = library  # it ends with the object
    import torchvision
    from torchvision import extension

    from torchvision.ops import _register_onnx_ops, boxes

    def has_operators():
        return True

    def assert_has_operators():
        return None

    extension._has_ops = has_operators
    for part in (extension, boxes, sys.modules["torchvision.ops.roi_align"]):
        part._has_ops = has_operators
        part._assert_has_ops = assert_has_operators
    _register_onnx_ops._register_custom_op()
    return torchvision
