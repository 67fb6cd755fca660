#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`graphopt zoo`, spread over a Ray cluster: the same records, report and exit status.

The zoo is cut into parts, each of which is planned by `graphopt zoo --shard i/n` somewhere in the
cluster; `graphopt zoo --merge` puts the records together here and holds them to the baseline. A
worker that dies costs its part another try and nothing else. Folder, manifest and program must have
the same path on every machine. Options that this script does not know go to `graphopt zoo`.

    pip install ray
    Examples/zoo_ray.py models --baseline models/baseline.json --dim batch=1
"""

import argparse
import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import ray
except ImportError:
    sys.exit("zoo_ray.py: needs ray: pip install ray")

# What `graphopt zoo` ends in when the records are all there: the gate itself is here, not there.
WITH_RECORDS = (0, 3, 65, 70)


def planned(command):
    """The records of a part, as `graphopt zoo` writes them; runs on a worker."""
    done = subprocess.run(command, capture_output=True)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def parts_of_zoo(arguments, rest):
    """The records of each part, in order."""
    count = arguments.parts or 4 * int(ray.cluster_resources().get("CPU", 1))
    plan = ray.remote(num_cpus=1, max_retries=arguments.retries)(planned)
    tasks = [
        plan.remote(
            [arguments.graphopt, "zoo", arguments.folder, "--format", "json"]
            + ["--shard", f"{part}/{count}", *rest]
        )
        for part in range(1, count + 1)
    ]
    results, waiting = {}, list(tasks)
    while waiting:
        (ready,), waiting = ray.wait(waiting, num_returns=1)
        part = tasks.index(ready)
        status, records, errors = results[part] = ray.get(ready)
        if status not in WITH_RECORDS or status == 65 and not records:
            sys.stderr.write(errors)
            sys.exit(status if status > 0 else 70)
        for line in errors.splitlines():
            if line.startswith("["):
                print(f"part {part + 1}/{count} {line}", file=sys.stderr)
    return [results[part][1] for part in range(count)]


def written_parts(arguments, rest, folder):
    """The files of the parts' records, in order."""
    if arguments.address:
        ray.init(address=arguments.address, log_to_driver=False)
    else:
        ray.init(num_cpus=arguments.workers, include_dashboard=False, log_to_driver=False)
    files = []
    for index, records in enumerate(parts_of_zoo(arguments, rest)):
        files.append(folder / f"{index}.jsonl")
        files[-1].write_bytes(records)
    ray.shutdown()
    return files


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", help="the folder of the models")
    parser.add_argument("--graphopt", default="graphopt", help="the program, on every machine")
    parser.add_argument("--parts", type=int, help="how many parts (four for each processor)")
    parser.add_argument("--retries", type=int, default=3, help="how often a part is tried again")
    parser.add_argument("--address", help="a running cluster, or 'auto'; without it, one here")
    parser.add_argument("--workers", type=int, help="how many workers a cluster here has")
    gate = parser.add_argument_group("what is done with the records, as for graphopt zoo")
    gate.add_argument("--baseline")
    gate.add_argument("--tolerance")
    gate.add_argument("--update-baseline", action="store_true")
    gate.add_argument("--accept-growth", action="store_true")
    gate.add_argument("-o", "--output")
    gate.add_argument("--format", default="text")
    arguments, rest = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        # What Ray has to say, of a worker that died for one, is no part of the report.
        with contextlib.redirect_stdout(sys.stderr):
            files = written_parts(arguments, rest, Path(folder))
        command = [arguments.graphopt, "zoo", "--merge", *map(str, files)]
        command += ["--format", arguments.format]
        for name in ("baseline", "tolerance", "output"):
            value = getattr(arguments, name)
            command += [f"--{name}", value] if value else []
        command += ["--update-baseline"] if arguments.update_baseline else []
        command += ["--accept-growth"] if arguments.accept_growth else []
        return subprocess.run(command).returncode


if __name__ == "__main__":
    sys.exit(main())
