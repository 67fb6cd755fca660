#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs `graphopt plan` and `check` on models and prints what each took.

Usage: time_plans.py GRAPHOPT MODEL...
"""
import datetime
import json
import os
import platform
import sys
import tempfile
import time


def run(arguments):
    """Exit status, wall seconds and peak resident megabytes of a command without output."""
    start = time.monotonic()
    child = os.posix_spawn(
        arguments[0], arguments, os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)])
    _, status, usage = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), time.monotonic() - start, usage.ru_maxrss / 1024


def processor():
    with open("/proc/cpuinfo") as file:
        return next((l.split(":")[1].strip() for l in file if l.startswith("model name")), "?")


def main(graphopt, models):
    print(f"{processor()}, {os.cpu_count()} cores, {platform.system()}, {datetime.date.today()}\n")
    print("| model | operators | plan | memory | check | gap to the bound | arena over the peak |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        # A child's peak counts this process's until it has a program of its own, so that plans are
        # read when all has been measured.
        measured = []
        for index, model in enumerate(models):
            plan = os.path.join(folder, f"{index}.json")
            planned = run([graphopt, "plan", model, "-o", plan])
            measured.append((model, plan, planned, run([graphopt, "check", plan])))
        for model, plan, (status, seconds, memory), (checked, check_seconds, _) in measured:
            if status:
                print(f"| {os.path.basename(model)} | exit {status} | | | | | |")
                continue
            with open(plan) as file:
                facts = json.load(file)
            summary = facts["summary"]
            print(
                f"| {os.path.basename(model)} | {facts['model']['nodes']:,} | {seconds:.2f} s "
                f"| {memory:.0f} MB | {check_seconds:.2f} s{' FAILED' if checked else ''} "
                f"| {summary['orderGap']:.2%} | {summary['fragmentation']:.2%} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
