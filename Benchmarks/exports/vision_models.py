# SPDX-License-Identifier: Apache-2.0
"""Models of torchvision: classification, segmentation, detection, video, optical flow."""

import torch

import vision_operators
from cases import CASES, Case

torchvision = vision_operators.load()

CLASSIFIERS = """densenet121 efficientnet_b0 efficientnet_v2_s swin_t swin_v2_t convnext_tiny
maxvit_t regnet_y_400mf inception_v3 mobilenet_v3_small resnext50_32x4d vit_b_32""".split()
SEGMENTERS = "deeplabv3_mobilenet_v3_large fcn_resnet50 lraspp_mobilenet_v3_large".split()
DETECTORS = """fasterrcnn_mobilenet_v3_large_320_fpn maskrcnn_resnet50_fpn keypointrcnn_resnet50_fpn
ssdlite320_mobilenet_v3_large ssd300_vgg16 retinanet_resnet50_fpn fcos_resnet50_fpn""".split()
VIDEOS = "r3d_18 mc3_18 s3d mvit_v2_s swin3d_t".split()


def classifier(name, size):
    make = getattr(torchvision.models, name)
    more = {"init_weights": False} if name == "inception_v3" else {}
    return Case(
        make(weights=None, **more), {"x": torch.randn(2, 3, size, size)}, {"x": {0: "batch"}},
        {"batch": 3},
    )


def segmenter(name):
    make = getattr(torchvision.models.segmentation, name)
    axes = {0: "batch", 2: "height", 3: "width"}
    return Case(
        make(weights=None, weights_backbone=None), {"x": torch.randn(2, 3, 96, 96)}, {"x": axes},
        {"batch": 1, "height": 65, "width": 130},
    )


class Detector(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, image):
        return self.model([image])


def detector(name):
    make = getattr(torchvision.models.detection, name)
    return Case(
        Detector(make(weights=None, weights_backbone=None)), {"image": torch.rand(3, 200, 240)},
        {"image": {1: "height", 2: "width"}}, {},
    )


def video(name):
    make = getattr(torchvision.models.video, name)
    frames = 16 if name != "s3d" else 14
    size = 224 if name in ("mvit_v2_s", "s3d", "swin3d_t") else 64
    return Case(
        make(weights=None), {"x": torch.randn(1, 3, frames, size, size)}, {"x": {0: "batch"}},
        {"batch": 2},
    )


def flow():
    image = torch.rand(1, 3, 128, 128)
    return Case(
        torchvision.models.optical_flow.raft_small(weights=None), {"a": image, "b": image},
        {"a": {0: "batch"}, "b": {0: "batch"}}, keywords=None,
    )


for name in CLASSIFIERS:
    size = 299 if name == "inception_v3" else 224 if name in ("vit_b_32", "maxvit_t") else 96
    CASES[name] = lambda name=name, size=size: classifier(name, size)
for name in SEGMENTERS:
    CASES[name] = lambda name=name: segmenter(name)
for name in DETECTORS:
    CASES[name] = lambda name=name: detector(name)
for name in VIDEOS:
    CASES[name] = lambda name=name: video(name)
CASES["raft_small"] = flow
