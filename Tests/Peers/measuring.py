# SPDX-License-Identifier: Apache-2.0
"""What onnxruntime does when it runs a model, by its own profile: which nodes when, in how much."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from outcome import PeerError
from session import feeds, results, session

SUFFIX = "_kernel_time"

# What a planned file is run with: its own order, no rewriting, no second plan.
PLANNED = {"order": "PRIORITY_BASED", "reuses": False}

# What a session does when nobody asks for anything.
FACTORY = {"level": "ORT_ENABLE_ALL"}


@dataclass
class Run:
    """One run of a model."""

    # The nodes in the order of execution, each by its first result.
    executed: list
    # The most bytes in use after any node, less those in use before the first one ever ran: what
    # the values between inputs and outputs take.
    peak: int
    # The results, by name.
    results: dict


def measured(model, bound, **settings):
    """A run of a model in a session of these settings.

    It is the second run, into buffers of the caller: the first one makes what the session then
    keeps. The bytes are those that were asked for, without what the allocator adds.
    """
    named = {name: size for name, size in bound.items() if ":" not in name}
    with tempfile.TemporaryDirectory() as folder:
        running = session(
            model, bound=named, profile_prefix=str(Path(folder) / "profile"), **settings
        )
        values = feeds(running, bound)
        # Copies: what a session returns lies in its arena as long as anybody holds it.
        made = {name: value.copy() for name, value in results(running, values).items()}
        binding = running.io_binding()
        for name, value in values.items():
            binding.bind_cpu_input(name, value)
        for name, value in made.items():
            binding.bind_output(name, "cpu", 0, value.dtype, value.shape, value.ctypes.data)
        try:
            running.run_with_iobinding(binding)
        except Exception as error:  # onnxruntime's own exceptions have no common base class
            raise PeerError(f"onnxruntime cannot run the model: {error}") from error
        events = json.loads(Path(running.end_profiling()).read_text())
    events = [
        event
        for event in events
        if event.get("cat") == "Node" and event["name"].endswith(SUFFIX)
    ]
    if not events:
        return Run([], 0, made)
    sizes = [int(event["args"]["mem_bytes_requested_in_use"]) for event in events]
    held = sizes[0] - int(events[0]["args"]["mem_requested_in_use_delta"])
    events = events[len(events) // 2 :]
    sizes = sizes[len(events) :]
    # What onnxruntime put in by itself (casts around kernels that lack a type) has other names.
    first = {node.name: next(filter(None, node.output), "") for node in model.graph.node}
    names = [event["name"].removesuffix(SUFFIX) for event in events]
    executed = [first[name] for name in names if name in first]
    return Run(executed, max(sizes) - held, made)
