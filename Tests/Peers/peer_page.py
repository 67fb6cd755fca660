#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Opens a plan's page in a browser and compares what it shows and does with the plan.

Needs a Chromium and nothing but Python's standard library. Prints what was measured as JSON;
--pictures keeps what was seen.
"""

import argparse
import json
import sys
from pathlib import Path

from browser import Browser
from outcome import PeerError, report

# Rows of a table that are shown at once.
PAGE = 20
READY = "document.documentElement?.dataset.ready === 'true'"
# Counts what is drawn on each canvas, from outside the page's own script.
COUNTER = """
window.rectangles = {};
const fill = CanvasRenderingContext2D.prototype.fillRect;
CanvasRenderingContext2D.prototype.fillRect = function (...box) {
  (window.rectangles[this.canvas.id] ??= []).push([...box, this.fillStyle]);
  return fill.apply(this, box);
};
"""


def expect(condition, sentence):
    if not condition:
        raise PeerError(sentence)


def same(found, wanted, what):
    expect(found == wanted, f"{what}: {str(found)[:300]} instead of {str(wanted)[:300]}")


def visible(name):
    """As reports write names: what shows nothing is written out."""
    import unicodedata

    hidden = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return "".join(
        f"\\u{{{ord(letter):X}}}" if unicodedata.category(letter) in hidden else letter
        for letter in name
    )


def redrawn(browser, action):
    """The rectangles of the map that one drawing after an action fills."""
    browser.frame()
    browser.value("window.rectangles = {}; 0")
    action()
    browser.frame()
    return browser.value("window.rectangles.map ?? []")


def check_map(browser, plan):
    boxes = [
        tensor for tensor in plan["tensors"]
        if tensor["space"] == "arena" and tensor["offset"] is not None and tensor["bytes"] > 0
    ]
    # Where plans recompute or spill, storages stay at several places in turn.
    stays = [
        stay for stay in plan["residencies"]
        if stay["space"] == "arena" and stay["bytes"] > 0 and stay["takesOver"] is None
    ]
    scratch = [step for step in plan["steps"] if step["workspaceBytes"] > 0]
    drawn = redrawn(browser, lambda: browser.value("document.getElementById('zoom-all').click()"))
    same(len(drawn), len(stays or boxes) + len(scratch), "rectangles drawn")
    if not drawn:
        return
    # The largest box: its middle has to tell its name, and a click to pin it.
    browser.value("document.getElementById('map').scrollIntoView({block: 'center'})")
    browser.frame()
    edge = browser.value("(() => { const box = document.getElementById('map')"
                         ".getBoundingClientRect(); return [box.left, box.top]; })()")
    left, top, width, height, _ = max(drawn, key=lambda box: box[2] * box[3])
    x, y = edge[0] + left + width / 2, edge[1] + top + height / 2
    browser.mouse("mouseMoved", x, y)
    browser.frame()
    tip = browser.value("document.getElementById('tip').textContent")
    names = {visible(tensor["name"]) for tensor in plan["tensors"]}
    told = next((name for name in names if name and tip.startswith(name)), None)
    expect(told is not None or "workspace" in tip, f"the pointer finds {tip!r}")
    browser.click(x, y)
    browser.frame()
    title = browser.value("document.querySelector('#pinned h3').textContent")
    expect(tip.startswith(title), f"a click pins {title!r}, the pointer found {tip!r}")
    # The keyboard: zooming in leaves no more than there was, 0 brings all back, N walks on.
    zoomed = redrawn(browser, lambda: [browser.key("+") for _ in range(3)])
    expect(0 < len(zoomed), "nothing is left after zooming in")
    again = redrawn(browser, lambda: browser.key("0"))
    same(len(again), len(drawn), "rectangles after zooming out")
    browser.key("Escape")
    browser.frame()
    same(browser.value("document.getElementById('pinned').textContent"), "", "what Escape leaves")
    browser.key("n")
    browser.frame()
    expect(browser.value("document.querySelector('#pinned h3') !== null"), "N pins nothing")
    # The wheel over the focused picture zooms, and does not scroll the page.
    before = browser.value("window.scrollY")
    wheeled = redrawn(
        browser, lambda: browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=-400)
    )
    same(browser.value("window.scrollY"), before, "the page's place after the wheel")
    # What is as narrow as can be does not zoom.
    expect(wheeled != again or len(plan["steps"]) <= 3, "the wheel changes nothing")
    browser.key("0")
    browser.key("Escape")


def rows(browser, table):
    return browser.value(
        f"[...document.querySelectorAll('#table-{table} tbody tr')]"
        ".map(row => [...row.cells].map(cell => cell.textContent))"
    )


def sort_by(browser, table, column):
    browser.value(f"document.querySelectorAll('#table-{table} th button')[{column}].click()")


def check_tables(browser, plan):
    tensors, steps = plan["tensors"], plan["steps"]
    by_bytes = sorted(range(len(tensors)), key=lambda index: (-tensors[index]["bytes"], index))
    wanted = [visible(tensors[index]["name"]) for index in by_bytes[:PAGE]]
    same([row[0] for row in rows(browser, "tensors")], wanted, "the largest tensors")
    sort_by(browser, "tensors", 1)
    by_bytes = sorted(range(len(tensors)), key=lambda index: (tensors[index]["bytes"], index))
    wanted = [visible(tensors[index]["name"]) for index in by_bytes[:PAGE]]
    same([row[0] for row in rows(browser, "tensors")], wanted, "the smallest tensors")
    sort_by(browser, "tensors", 0)
    # As the page's language compares texts: by units of UTF-16.
    names = sorted((visible(tensor["name"]) for tensor in tensors),
                   key=lambda name: name.encode("utf-16-be"))
    same([row[0] for row in rows(browser, "tensors")], names[:PAGE], "tensors by name")
    sort_by(browser, "steps", 3)
    live = sorted(range(len(steps)), key=lambda index: (-steps[index]["liveBytes"], index))
    wanted = [f"{index:,}" for index in live[:PAGE]]
    same([row[0] for row in rows(browser, "steps")], wanted, "the steps with most live")
    sort_by(browser, "steps", 0)
    same([row[2] for row in rows(browser, "steps")],
         [visible(step["node"]) for step in steps[:PAGE]], "steps in their order")


def search(browser, text):
    browser.value(
        "(() => { const field = document.getElementById('search'); "
        f"field.value = {json.dumps(text)}; "
        "field.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    browser.value("new Promise(done => setTimeout(done, 150))")


def check_search(browser, plan):
    tensors = plan["tensors"]
    if not tensors:
        return
    name = visible(tensors[len(tensors) // 2]["name"]).lower()
    words = name.split()
    if not words:
        return
    search(browser, name)
    makers = {}
    for step in plan["steps"]:
        for output in step["outputs"]:
            makers[output] = f"{visible(step['node'])} {visible(step['op'])} ".lower()
    found = 0
    for tensor in tensors:
        shape = ",".join(map(str, tensor["shape"]))
        text = f"{visible(tensor['name'])} {tensor['elementType']}[{shape}] {tensor['role']} ".lower()
        text += makers.get(tensor["name"], "")
        found += all(word in text for word in words)
    told = browser.value("document.getElementById('found').textContent")
    same(told.split(" of ")[0], f"{found:,}", "tensors found")
    listed = browser.value("document.querySelector('#table-tensors .pager span').textContent")
    expect(listed.endswith(f"of {found:,}"), f"the table lists {listed}")
    search(browser, "no such tensor anywhere")
    same(browser.value("document.getElementById('found').textContent").split(" of ")[0], "0",
         "tensors found of a name that is not there")
    search(browser, "")
    same(browser.value("document.getElementById('found').textContent"), "", "what is left")


def check_static(browser, plan):
    """What stands there without the script."""
    text = browser.value("document.body.innerText")
    summary = plan["summary"]
    word = {True: "Fits", False: "Does not fit", None: "Planned"}[summary["fits"]]
    expect(word in text, f"the verdict is not {word}")
    exact = browser.value("[...document.querySelectorAll('[title]')].map(node => node.title)")
    for key in ("totalBytes", "arenaBytes", "lowerBoundBytes"):
        expect(f"{summary[key]:,} bytes" in exact, f"{key} is not there")
    same(browser.value("document.scripts.length"), 2, "scripts in the page")
    same(browser.value("document.querySelectorAll('link, img, iframe').length"), 0, "what loads")


def look(browser, folder, name):
    if folder:
        browser.screenshot(Path(folder) / f"{name}.png", whole=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browser", required=True, help="the Chromium")
    parser.add_argument("--pictures", help="a folder for what was seen")
    parser.add_argument("--time", action="store_true", help="only load the page and draw it")
    parser.add_argument("page", metavar="PAGE.html")
    parser.add_argument("plan", metavar="PLAN.json")
    arguments = parser.parse_args()
    plan = json.loads(Path(arguments.plan).read_bytes())
    measured = {"tensors": len(plan["tensors"]), "steps": len(plan["steps"])}
    measured["pageBytes"] = Path(arguments.page).stat().st_size
    with Browser(arguments.browser) as browser:
        browser.before_pages(COUNTER)
        measured["readySeconds"] = round(browser.open(arguments.page, READY), 3)
        browser.frame()
        draw = ("(() => { const start = performance.now();"
                " window.dispatchEvent(new Event('afterprint'));"
                " return performance.now() - start; })()")
        measured["drawMilliseconds"] = round(min(browser.value(draw) for _ in range(3)), 1)
        measured["searchMilliseconds"] = round(browser.value(
            "(() => { const field = document.getElementById('search'); field.value = 'conv';"
            " const start = performance.now();"
            " field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}));"
            " return performance.now() - start; })()"), 1)
        search(browser, "")
        browser.value("document.getElementById('map').focus()")
        browser.key("Escape")
        if not arguments.time:
            check_static(browser, plan)
            check_map(browser, plan)
            check_tables(browser, plan)
            check_search(browser, plan)
        look(browser, arguments.pictures, "light")
        if arguments.pictures:
            browser.pdf(Path(arguments.pictures) / "print.pdf")
        complaints = browser.complaints()
        expect(not complaints, f"the page complains: {complaints[:3]}")
    if arguments.pictures:
        with Browser(arguments.browser, dark=True) as browser:
            browser.open(arguments.page, READY)
            look(browser, arguments.pictures, "dark")
        with Browser(arguments.browser, width=420, height=900) as browser:
            browser.open(arguments.page, READY)
            look(browser, arguments.pictures, "narrow")
    json.dump(measured, sys.stdout)
    return 0


if __name__ == "__main__":
    report(main)
