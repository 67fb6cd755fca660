// The two pictures: live bytes over the steps, and the arena's addresses over the same steps.
const roots = document.documentElement;
roots.classList.add("scripted");
const colours = {};
const readColours = () => {
  const style = getComputedStyle(roots);
  for (const name of [...colourNames, "page", "card", "ink", "soft", "faint", "line", "accent",
    "plan-line", "second-line", "third-line", "bound-line", "budget-line"]) {
    colours[name] = style.getPropertyValue(`--${name}`).trim();
  }
};

const margin = { left: 88, right: 14, top: 18, bottom: 26 };
const arenaTop = Math.max(data.arena, 1);
const lastStep = Math.max(stepCount, 1);
// What is shown: steps from left to right, addresses from low to high. Both pictures share the steps.
const view = { left: 0, right: lastStep, low: 0, high: arenaTop };
const curveLines = [
  { label: "this plan", live: steps.live, colour: "plan-line", dash: [], shown: true },
  ...data.curves.map((curve, index) => ({
    label: curve.label, live: curve.live, colour: ["second-line", "third-line"][index % 2],
    dash: [[7, 4], [2, 3]][index % 2], shown: true,
  })),
];
const curveMost = curveLines.reduce(
  (most, line) => line.live.reduce((a, b) => Math.max(a, b), most), Math.max(data.bound, 1));
const isBudgetNear = data.budget !== null && data.budget > 0 && data.budget <= curveMost * 1.6;
const curveTop = Math.max(curveMost, isBudgetNear ? data.budget : 0) * 1.06;

// A canvas with as many pixels as the screen has, and the place between its axes.
const plane = (canvas) => {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(canvas.clientWidth, 160);
  const height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = `12px system-ui, "DejaVu Sans", sans-serif`;
  return { context, width, height, left: margin.left, right: width - margin.right,
    top: margin.top, bottom: height - margin.bottom };
};
const xOf = (area, step) =>
  area.left + (step - view.left) / (view.right - view.left) * (area.right - area.left);
const stepAt = (area, x) =>
  view.left + (x - area.left) / (area.right - area.left) * (view.right - view.left);

// Round numbers between two: powers of two of bytes, or 1, 2, 5 times powers of ten of steps.
const ticks = (from, to, count, isBytes) => {
  const rough = Math.max((to - from) / count, isBytes ? 1 : 1);
  let distance;
  if (isBytes) {
    distance = 2 ** Math.ceil(Math.log2(rough));
  } else {
    const power = 10 ** Math.floor(Math.log10(rough));
    distance = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  }
  const list = [];
  for (let tick = Math.ceil(from / distance) * distance; tick <= to; tick += distance) {
    list.push(tick);
  }
  return list;
};

const drawAxes = (area, low, high, hasStepLabels) => {
  const { context } = area;
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const tick of ticks(low, high, Math.max(2, (area.bottom - area.top) / 48), true)) {
    const y = Math.round(area.bottom - (tick - low) / (high - low) * (area.bottom - area.top)) + .5;
    context.strokeStyle = colours.line;
    context.beginPath();
    context.moveTo(area.left, y);
    context.lineTo(area.right, y);
    context.stroke();
    context.fillStyle = colours.soft;
    context.fillText(brief(tick), area.left - 8, y);
  }
  context.textBaseline = "top";
  context.textAlign = "center";
  for (const tick of ticks(view.left, view.right, (area.right - area.left) / 90, false)) {
    const x = Math.round(xOf(area, tick)) + .5;
    context.strokeStyle = colours.line;
    context.beginPath();
    context.moveTo(x, area.bottom);
    context.lineTo(x, area.bottom + 4);
    context.stroke();
    context.fillStyle = colours.soft;
    if (hasStepLabels && x < area.right - 34) context.fillText(grouped(tick), x, area.bottom + 7);
  }
  if (hasStepLabels) {
    context.textAlign = "right";
    context.fillStyle = colours.faint;
    context.fillText("step", area.right, area.bottom + 7);
  }
};

// A line across, with its name at the right end, above it where there is room.
const drawLevel = (area, y, colour, text) => {
  const { context } = area;
  context.setLineDash([]);
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(area.left, y);
  context.lineTo(area.right, y);
  context.stroke();
  context.textAlign = "right";
  context.textBaseline = "bottom";
  const width = context.measureText(text).width;
  context.fillStyle = colours.page;
  context.globalAlpha = .8;
  context.fillRect(area.right - width - 8, y - 17, width + 8, 15);
  context.globalAlpha = 1;
  context.fillStyle = colour;
  context.fillText(text, area.right - 4, y - 3);
};

// A mark at the step of the peak, and one where the pointer or what is pinned is.
const drawMoment = (area, step, colour, text) => {
  if (step < view.left || step + 1 > view.right + 1) return;
  const { context } = area;
  const x = xOf(area, step + .5);
  if (x < area.left || x > area.right) return;
  context.setLineDash([2, 3]);
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x, area.top - 2);
  context.lineTo(x, area.bottom);
  context.stroke();
  context.setLineDash([]);
  if (!text) return;
  context.fillStyle = colour;
  context.textBaseline = "bottom";
  const width = context.measureText(text).width;
  const side = x + width / 2 > area.right ? "right" : x - width / 2 < area.left ? "left" : "center";
  context.textAlign = side;
  context.fillText(text, side === "center" ? x : side === "right" ? area.right : area.left,
    area.top - 3);
};

const curveCanvas = element("curve");
const mapCanvas = element("map");
let pointerStep = -1;

const drawCurve = () => {
  const area = plane(curveCanvas);
  const { context } = area;
  const yOf = (bytes) => area.bottom - bytes / curveTop * (area.bottom - area.top);
  drawAxes(area, 0, curveTop, true);
  context.save();
  context.beginPath();
  context.rect(area.left, 0, area.right - area.left, area.bottom + 1);
  context.clip();
  const from = Math.max(0, Math.floor(view.left));
  const to = Math.min(stepCount, Math.ceil(view.right));
  const perPixel = (to - from) / Math.max(area.right - area.left, 1);
  for (const line of [...curveLines].reverse()) {
    if (!line.shown || line.live.length === 0) continue;
    // Where many steps share a pixel its highest stands for them: peaks are what matters.
    const stride = Math.max(1, Math.floor(perPixel));
    context.beginPath();
    context.moveTo(xOf(area, from), yOf(0));
    for (let step = from; step < to; step += stride) {
      let most = 0;
      for (let at = step; at < Math.min(step + stride, to); at += 1) {
        most = Math.max(most, line.live[at]);
      }
      context.lineTo(xOf(area, step), yOf(most));
      context.lineTo(xOf(area, Math.min(step + stride, to)), yOf(most));
    }
    context.lineTo(xOf(area, to), yOf(0));
    if (line === curveLines[0]) {
      context.fillStyle = colours[line.colour];
      context.globalAlpha = .14;
      context.fill();
      context.globalAlpha = 1;
    }
    context.setLineDash(line.dash);
    context.strokeStyle = colours[line.colour];
    context.lineWidth = line === curveLines[0] ? 2 : 1.6;
    context.stroke();
  }
  context.setLineDash([]);
  context.restore();
  drawLevel(area, yOf(data.bound), colours["bound-line"], `lower bound ${size(data.bound)}`);
  if (isBudgetNear) {
    drawLevel(area, yOf(data.budget), colours["budget-line"],
      `budget for the arena ${size(data.budget)}`);
  }
  if (stepCount > 0) drawMoment(area, data.peakStep, colours.ink, `peak ${size(data.peak)}`);
  if (pointerStep >= 0) drawMoment(area, pointerStep, colours.soft);
};

const isBlockSeen = (block) => block.right > view.left && block.left < view.right
  && block.high > view.low && block.low < view.high;

let mapArea = null;
const drawMap = () => {
  const area = plane(mapCanvas);
  mapArea = area;
  const { context } = area;
  const height = area.bottom - area.top;
  const yOf = (address) => area.bottom - (address - view.low) / (view.high - view.low) * height;
  drawAxes(area, view.low, view.high, true);
  context.save();
  context.beginPath();
  context.rect(area.left, area.top, area.right - area.left, height);
  context.clip();
  let drawn = 0;
  const labels = [];
  // Where there are many, what is smaller than a pixel shows only where it covers the middle of one:
  // rounded up, they would add to more than the arena has.
  const isDense = blocks.reduce((sum, block) => sum + (isBlockSeen(block) ? blockSize : 0), 0) > 3000;
  const paint = (wanted, alpha) => {
    context.globalAlpha = alpha;
    let colour = -1;
    for (const block of blocks) {
      if (!isBlockSeen(block)) continue;
      for (let rect = block.start; rect < block.end; rect += 1) {
        if (rectRight[rect] <= view.left || rectLeft[rect] >= view.right
          || rectHigh[rect] <= view.low || rectLow[rect] >= view.high) continue;
        if (state.tensorMatches && Boolean(isMatch(rectOwner[rect])) !== wanted) continue;
        if (rectColour[rect] !== colour) {
          colour = rectColour[rect];
          context.fillStyle = colours[colourNames[colour]];
        }
        let left = xOf(area, rectLeft[rect]);
        let top = yOf(rectHigh[rect]);
        let right = xOf(area, rectRight[rect]);
        let bottom = yOf(rectLow[rect]);
        if (isDense) {
          left = Math.round(left);
          top = Math.round(top);
          right = Math.round(right);
          bottom = Math.round(bottom);
        }
        const width = right - left;
        const tall = bottom - top;
        const least = isDense ? 0 : .6;
        // A gap between neighbours where there is room for one.
        context.fillRect(left, top, width > 4 ? width - 1 : Math.max(width, least),
          tall > 4 ? tall - 1 : Math.max(tall, least));
        drawn += 1;
        if (width > 56 && tall > 15 && wanted) labels.push([rect, left, top, width, tall]);
      }
    }
  };
  if (state.tensorMatches) paint(false, .13);
  paint(true, 1);
  context.globalAlpha = 1;
  mapCanvas.dataset.drawn = drawn;
  if (labels.length < 400) drawLabels(context, area, labels);
  for (const [rect, colour] of [[hovered, colours.ink], [state.pinned, colours.accent]]) {
    if (rect < 0) continue;
    context.strokeStyle = colour;
    context.lineWidth = rect === state.pinned ? 3 : 1.5;
    const left = xOf(area, rectLeft[rect]);
    const top = yOf(rectHigh[rect]);
    context.strokeRect(left, top, Math.max(xOf(area, rectRight[rect]) - left - 1, 2),
      Math.max(yOf(rectLow[rect]) - top - 1, 2));
  }
  context.restore();
  if (stepCount > 0) drawMoment(area, data.peakStep, colours.ink, "peak");
  if (pointerStep >= 0) drawMoment(area, pointerStep, colours.soft);
};

// Names inside the rectangles that have room for them, black on every role's colour.
const drawLabels = (context, area, labels) => {
  context.font = `11px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillStyle = "#0b0d10";
  const letter = context.measureText("m").width;
  for (const [rect, left, top, width, tall] of labels) {
    const start = Math.max(left, area.left) + 5;
    const room = Math.floor((Math.min(left + width, area.right) - start - 4) / letter);
    const high = Math.max(top, area.top);
    const low = Math.min(top + tall, area.bottom);
    if (room < 4 || low - high < 13) continue;
    const name = titleOf(rectOwner[rect]);
    const text = name.length <= room ? name
      : `${name.slice(0, Math.ceil((room - 1) / 2))}…${name.slice(name.length - Math.floor((room - 1) / 2))}`;
    context.fillText(text, start, (high + low) / 2);
  }
};

let isDue = false;
const redraw = () => {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(drawNow);
};
const drawNow = () => {
  isDue = false;
  drawCurve();
  drawMap();
};

// Moving and zooming; nothing leaves the arena or the plan.
const clamp = () => {
  for (const [from, to, least, most] of [["left", "right", 0, lastStep], ["low", "high", 0, arenaTop]]) {
    let span = Math.min(view[to] - view[from], most - least);
    span = Math.max(span, from === "left" ? Math.min(3, most) : Math.min(256, most));
    view[from] = Math.min(Math.max(view[from], least), most - span);
    view[to] = view[from] + span;
  }
};
const zoom = (factor, step, address, axes = "xy") => {
  if (axes.includes("x")) {
    view.left = step - (step - view.left) * factor;
    view.right = step + (view.right - step) * factor;
  }
  if (axes.includes("y")) {
    view.low = address - (address - view.low) * factor;
    view.high = address + (view.high - address) * factor;
  }
  clamp();
  redraw();
};
const zoomMiddle = (factor) =>
  zoom(factor, (view.left + view.right) / 2, (view.low + view.high) / 2);
const move = (dx, dy) => {
  const [width, height] = [view.right - view.left, view.high - view.low];
  view.left += dx * width;
  view.right += dx * width;
  view.low += dy * height;
  view.high += dy * height;
  clamp();
  redraw();
};
const showAll = () => {
  Object.assign(view, { left: 0, right: lastStep, low: 0, high: arenaTop });
  redraw();
};
const showSteps = (from, to) => {
  Object.assign(view, { left: from, right: to, low: 0, high: arenaTop });
  clamp();
  redraw();
};
// Brings a rectangle into view, with some of what is around it.
const reveal = (rect) => {
  const isSeen = rectLeft[rect] < view.right && rectRight[rect] > view.left
    && rectLow[rect] < view.high && rectHigh[rect] > view.low;
  const isSmall = (rectRight[rect] - rectLeft[rect]) / (view.right - view.left) < .002;
  if (isSeen && !isSmall) return redraw();
  const span = Math.max((rectRight[rect] - rectLeft[rect]) * 6, 40);
  const middle = (rectLeft[rect] + rectRight[rect]) / 2;
  showSteps(middle - span / 2, middle + span / 2);
};

// The pointer.
let hovered = -1;
const addressAt = (y) =>
  view.low + (mapArea.bottom - y) / (mapArea.bottom - mapArea.top) * (view.high - view.low);
const placeOf = (event) => {
  const box = mapCanvas.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  const isInside = x >= mapArea.left && x <= mapArea.right && y >= mapArea.top && y <= mapArea.bottom;
  return { x, y, step: stepAt(mapArea, x), address: addressAt(y), isInside };
};
const point = (rect, place) => {
  hovered = rect;
  pointerStep = place && place.isInside ? Math.floor(place.step) : -1;
  const tip = element("tip");
  tip.hidden = rect < 0;
  if (rect >= 0) {
    tip.replaceChildren(...tipOf(rect));
    const room = mapCanvas.clientWidth;
    const left = Math.min(place.x + 14, Math.max(room - tip.offsetWidth - 4, 0));
    const below = place.y + 16;
    const isLow = below + tip.offsetHeight > mapCanvas.clientHeight;
    tip.style.left = `${left}px`;
    tip.style.top = `${isLow ? Math.max(place.y - tip.offsetHeight - 10, 0) : below}px`;
  }
  redraw();
};
const pointers = new Map();
let dragged = 0;
mapCanvas.addEventListener("pointerdown", (event) => {
  mapCanvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, event);
  dragged = 0;
});
mapCanvas.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) {
    const place = placeOf(event);
    return point(place.isInside ? rectAt(place.step, place.address) : -1, place);
  }
  const [width, height] = [mapArea.right - mapArea.left, mapArea.bottom - mapArea.top];
  const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
  if (pointers.size === 2) {
    const other = [...pointers.values()].find((one) => one.pointerId !== event.pointerId);
    const distance = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const middle = placeOf({ clientX: (event.clientX + other.clientX) / 2,
      clientY: (event.clientY + other.clientY) / 2 });
    zoom(distance(before) / Math.max(distance(event), 1), middle.step, middle.address);
  } else {
    dragged += Math.abs(dx) + Math.abs(dy);
    if (dragged > 3) {
      mapCanvas.classList.add("dragging");
      move(-dx / width, dy / height);
    }
  }
  pointers.set(event.pointerId, event);
});
const release = (event) => {
  pointers.delete(event.pointerId);
  mapCanvas.classList.remove("dragging");
};
mapCanvas.addEventListener("pointerup", (event) => {
  const wasClick = dragged <= 3 && pointers.size === 1;
  release(event);
  if (!wasClick) return;
  const place = placeOf(event);
  const rect = place.isInside ? rectAt(place.step, place.address) : -1;
  pin(rect === state.pinned ? -1 : rect);
});
mapCanvas.addEventListener("pointercancel", release);
mapCanvas.addEventListener("pointerleave", () => point(-1, null));
mapCanvas.addEventListener("dblclick", (event) => {
  const place = placeOf(event);
  zoom(.5, place.step, place.address);
});
// The wheel belongs to the page until the picture was clicked, or Ctrl is held.
mapCanvas.addEventListener("wheel", (event) => {
  const isOurs = document.activeElement === mapCanvas || event.ctrlKey || event.metaKey;
  if (!isOurs) return;
  event.preventDefault();
  const place = placeOf(event);
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    return move(event.deltaX / (mapArea.right - mapArea.left), 0);
  }
  const lines = event.deltaMode === 1 ? 30 : 1;
  zoom(Math.exp(event.deltaY * lines * .002), place.step, place.address,
    event.shiftKey ? "x" : event.altKey ? "y" : "xy");
}, { passive: false });

// The keyboard.
const walk = (direction) => {
  if (rectCount === 0) return;
  let rect = state.pinned < 0 ? (direction > 0 ? -1 : rectCount) : state.pinned;
  do rect += direction; while (rect >= 0 && rect < rectCount && !isMatch(rectOwner[rect]));
  if (rect < 0 || rect >= rectCount) return;
  pin(rect);
  reveal(rect);
};
const keys = {
  ArrowLeft: () => move(-.15, 0), ArrowRight: () => move(.15, 0),
  ArrowUp: () => move(0, .15), ArrowDown: () => move(0, -.15),
  "+": () => zoomMiddle(.7), "=": () => zoomMiddle(.7), "-": () => zoomMiddle(1 / .7),
  0: showAll, Home: showAll, n: () => walk(1), p: () => walk(-1),
  Enter: () => { if (hovered >= 0) pin(hovered); },
  Escape: () => { pin(-1); point(-1, null); },
};
mapCanvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const act = keys[event.key] ?? keys[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});
element("zoom-in").addEventListener("click", () => zoomMiddle(.5));
element("zoom-out").addEventListener("click", () => zoomMiddle(2));
element("zoom-all").addEventListener("click", showAll);
element("zoom-peak").addEventListener("click", () => {
  const span = Math.max(20, Math.min(120, stepCount / 8));
  showSteps(data.peakStep + .5 - span / 2, data.peakStep + .5 + span / 2);
});

// The keys to lines and colours.
for (const line of curveLines) {
  const button = make("button");
  button.type = "button";
  button.setAttribute("aria-pressed", "true");
  const stroke = make("i", undefined, `stroke ${["", "dash", "dot"][curveLines.indexOf(line)] ?? "dot"}`);
  stroke.style.borderTopColor = `var(--${line.colour})`;
  button.append(stroke, `${line.label} ${size(line.live.reduce((a, b) => Math.max(a, b), 0))}`);
  button.addEventListener("click", () => {
    line.shown = !line.shown;
    button.setAttribute("aria-pressed", String(line.shown));
    redraw();
  });
  element("curve-keys").append(button);
}
if (data.budget !== null && !isBudgetNear) {
  element("curve-keys").append(make("span", data.budget > 0
    ? `the budget leaves ${size(data.budget)} for the arena, far above this picture`
    : "the budget leaves nothing for the arena"));
}
const roleWords = { activation: "activations", gradient: "gradients", input: "inputs",
  output: "outputs", temporary: "optimizer temporaries", workspace: "workspace", other: "others" };
for (const [index, name] of colourNames.entries()) {
  if (!rectColour.includes(index)) continue;
  const key = make("span");
  const dot = make("i");
  dot.style.background = `var(--${name})`;
  key.append(dot, roleWords[name]);
  element("map-keys").append(key);
}

state.listeners.push(redraw);
readColours();
const repaint = () => {
  readColours();
  drawNow();
};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
window.addEventListener("beforeprint", () => {
  roots.classList.add("printing");
  repaint();
});
window.addEventListener("afterprint", () => {
  roots.classList.remove("printing");
  repaint();
});
new ResizeObserver(redraw).observe(mapCanvas);
