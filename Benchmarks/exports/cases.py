# SPDX-License-Identifier: Apache-2.0
"""What is exported: a model, example inputs, and which of their axes are open."""

from dataclasses import dataclass, field

import torch

CASES = {}


@dataclass
class Case:
    model: torch.nn.Module
    inputs: dict
    # By input, the names of open axes.
    dynamic: dict = field(default_factory=dict)
    # The sizes at which the exported model is run, where they are not those of the inputs.
    dims: dict = field(default_factory=dict)
    # The parameters that inputs are passed as; None for positions.
    keywords: list | None = None
    opset: int | None = None
    dynamo_opset: int | None = None
    # Whether the new exporter may find open axes to be equal or fixed.
    is_loose: bool = True


def case(name):
    """Registers a function that makes a case."""

    def register(make):
        CASES[name] = make
        return make

    return register


def integers(*shape, below=50):
    return torch.randint(0, below, shape)


class Function(torch.nn.Module):
    """A module that calls a function."""

    def __init__(self, function, **modules):
        super().__init__()
        self.function = function
        for name, module in modules.items():
            setattr(self, name, module)
        self.takes_self = bool(modules)

    def forward(self, *values):
        return self.function(self, *values) if self.takes_self else self.function(*values)


def function(name, inputs, dynamic=None, dims=None, **more):
    """Registers a function of tensors as a case."""

    def register(body):
        CASES[name] = lambda: Case(Function(body), inputs(), dynamic or {}, dims or {}, **more)
        return body

    return register
