#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Opens the page of a budget curve in a browser and compares what it shows with the curve.

Needs a Chromium and nothing but Python's standard library. --pictures keeps what was seen.
"""

import argparse
import json
from pathlib import Path

from browser import Browser
from outcome import report
from peer_page import expect, look, same
from price_bound import proven_part

READY = "document.readyState === 'complete'"


def savable(point, kind):
    """What the table says could be saved of a price for what is proven; kind is b or anyOrderB."""
    part = proven_part(point, kind)
    if part is None or part < 0.5e-4:
        return "–"
    return "optimal" if part >= 1 - 1e-9 else f"<= {100 * (1 - part):.2f} %"


def dots(browser, panel):
    """The dots of the first line in a picture, from the left to the right."""
    return browser.value(
        f"[...document.querySelectorAll('section[aria-labelledby={panel}-title] circle[r=\"5\"]')]"
        ".map(dot => [dot.cx.baseVal.value, dot.cy.baseVal.value, dot.textContent])"
    )


def check_picture(browser, panel, points, value):
    drawn = dots(browser, panel)
    same(len(drawn), len(points), f"dots in the picture '{panel}'")
    base = max(y for _, y, _ in drawn)
    # Left is less memory, and up is dearer.
    for a, first in zip(points, drawn):
        for b, second in zip(points, drawn):
            if a["totalBytes"] < b["totalBytes"]:
                expect(first[0] < second[0], f"{panel}: less memory is not further left")
            if value(a) > value(b):
                expect(first[1] < second[1], f"{panel}: what costs more is not higher")
    for point, (_, y, _) in zip(points, drawn):
        expect((y == base) == (value(point) == 0 or all(value(p) == value(point) for p in points)),
               f"{panel}: what costs nothing is not at the bottom")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browser", required=True, help="the Chromium")
    parser.add_argument("--pictures", help="a folder for what was seen")
    parser.add_argument("page", metavar="PAGE.html")
    parser.add_argument("curve", metavar="CURVE.json")
    arguments = parser.parse_args()
    curve = json.loads(Path(arguments.curve).read_bytes())
    planned = [point for point in curve["points"] if point["totalBytes"] is not None]
    planned.sort(key=lambda point: point["totalBytes"])
    with Browser(arguments.browser) as browser:
        browser.open(arguments.page, READY)
        browser.frame()
        rows = browser.value(
            "[...document.querySelectorAll('tbody tr')].map(row => [...row.cells].map(cell =>"
            " cell.querySelector('[title]')?.title ?? cell.textContent))"
        )
        same(len(rows), len(curve["points"]), "rows of the table")
        for row, point in zip(rows, curve["points"]):
            same(row[0], f"{point['budgetBytes']:,} bytes", "a budget")
            same(row[-1], point["outcome"], "an outcome")
            if point["totalBytes"] is None:
                continue
            same(row[1], f"{point['totalBytes']:,} bytes", "what a plan needs")
            same(row[2], f"{point['recomputeSteps']:,}", "steps run again")
            same(row[5], f"{point['spillBytes']:,} bytes", "bytes spilled")
            same(row[6], f"{point['fetchBytes']:,} bytes", "bytes fetched")
            for cell, kind in ((8, "b"), (9, "anyOrderB")):
                same(row[cell], savable(point, kind), "what can be saved")
        check_picture(browser, "again", planned, lambda point: point["recomputeFlops"])
        check_picture(
            browser, "moved", planned, lambda point: point["spillBytes"] + point["fetchBytes"]
        )
        same(browser.value("document.scripts.length"), 0, "scripts in the page")
        same(browser.value("document.querySelectorAll('link, img, iframe').length"), 0,
             "what loads")
        inside = browser.value(
            "[...document.querySelectorAll('svg')].every(svg => [...svg.querySelectorAll('*')]"
            ".every(part => { if (part.tagName === 'title') return true;"
            " const box = part.getBoundingClientRect(), all = svg.getBoundingClientRect();"
            " return box.left >= all.left - 1 && box.right <= all.right + 1"
            " && box.top >= all.top - 1 && box.bottom <= all.bottom + 1; }))"
        )
        expect(inside, "a part of a picture lies outside it")
        look(browser, arguments.pictures, "light")
        complaints = browser.complaints()
        expect(not complaints, f"the page complains: {complaints[:3]}")
    if arguments.pictures:
        for name, options in {"dark": {"dark": True}, "narrow": {"width": 420}}.items():
            with Browser(arguments.browser, **options) as browser:
                browser.open(arguments.page, READY)
                look(browser, arguments.pictures, name)
    return 0


if __name__ == "__main__":
    report(main)
