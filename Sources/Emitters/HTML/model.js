// The plan, as columns of numbers; see HTMLData.swift. Tensors and steps are their positions.
const data = JSON.parse(document.getElementById("data").textContent);
const tensors = data.tensors;
const steps = data.steps;
const tensorCount = tensors.name.length;
const stepCount = steps.node.length;

const element = (id) => document.getElementById(id);
const make = (tag, text, className) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
};
const grouped = (number) => number.toLocaleString("en-US");
const counted = (count, noun) => `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;

// Sizes read as in all other reports: the largest binary unit that keeps them at 1 or more.
const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
const unitOf = (bytes) => {
  let unit = 0;
  while (unit < 6 && Math.abs(bytes) / 1024 ** unit >= 1023.9995) unit += 1;
  return unit;
};
const size = (bytes) => {
  const unit = unitOf(bytes);
  return unit === 0 ? `${bytes} B` : `${(bytes / 1024 ** unit).toFixed(3)} ${units[unit]}`;
};
// On axes without digits that say nothing.
const brief = (bytes) => {
  const unit = unitOf(bytes);
  return `${Number((bytes / 1024 ** unit).toFixed(3))} ${units[unit]}`;
};

// What each step reads and makes, and who makes and reads each tensor.
const sliceOf = (list, ends, step) => list.slice(step > 0 ? ends[step - 1] : 0, ends[step]);
const readsOf = (step) => [...new Set(sliceOf(steps.ins, steps.inEnds, step))];
const makesOf = (step) => sliceOf(steps.outs, steps.outEnds, step);
const producer = new Int32Array(tensorCount).fill(-1);
const consumerStart = new Int32Array(tensorCount + 1);
for (let step = 0; step < stepCount; step += 1) {
  for (const tensor of makesOf(step)) producer[tensor] = step;
  for (const tensor of readsOf(step)) consumerStart[tensor + 1] += 1;
}
for (let tensor = 0; tensor < tensorCount; tensor += 1) {
  consumerStart[tensor + 1] += consumerStart[tensor];
}
const consumerList = new Int32Array(consumerStart[tensorCount]);
{
  const next = consumerStart.slice();
  for (let step = 0; step < stepCount; step += 1) {
    for (const tensor of readsOf(step)) consumerList[next[tensor]++] = step;
  }
}
const consumersOf = (tensor) =>
  consumerList.subarray(consumerStart[tensor], consumerStart[tensor + 1]);
const shares = new Map();
for (const [list, words] of [
  [tensors.aliases, "views the bytes of"],
  [tensors.overwrites, "overwrites"],
  [tensors.parts, "is a part of"],
]) {
  for (let i = 0; i < list.length; i += 2) shares.set(list[i], { words, other: list[i + 1] });
}
const bounded = new Set(tensors.upperBound);
const isInArena = (tensor) => tensors.offset[tensor] >= 0;
const nameOfStep = (step) => `${steps.ops[steps.op[step]]} ${steps.node[step]}`;

// Rectangles of the picture, in the order in which they are drawn: by first step, the larger first.
// A tensor has one, or one for each stay of its storage where plans recompute or spill; the owner of
// those of workspaces is -1 - step.
const rects = [];
if (data.boxes) {
  data.boxes.tensor.forEach((owner, box) => rects.push({ owner, first: data.boxes.first[box],
    last: data.boxes.last[box], offset: data.boxes.offset[box], bytes: data.boxes.bytes[box] }));
} else {
  for (let owner = 0; owner < tensorCount; owner += 1) {
    if (!isInArena(owner) || tensors.bytes[owner] === 0) continue;
    rects.push({ owner, first: tensors.first[owner], last: tensors.last[owner],
      offset: tensors.offset[owner], bytes: tensors.bytes[owner] });
  }
}
for (let step = 0; step < stepCount; step += 1) {
  if (steps.workspaceOffset[step] < 0 || steps.workspace[step] === 0) continue;
  rects.push({ owner: -1 - step, first: step, last: step, offset: steps.workspaceOffset[step],
    bytes: steps.workspace[step] });
}
rects.sort((a, b) => a.first - b.first || b.bytes - a.bytes || a.owner - b.owner);
const rectCount = rects.length;
const rectOwner = Int32Array.from(rects, (rect) => rect.owner);
const rectLeft = Float64Array.from(rects, (rect) => rect.first);
const rectRight = Float64Array.from(rects, (rect) => rect.last + 1);
const rectLow = Float64Array.from(rects, (rect) => rect.offset);
const rectHigh = Float64Array.from(rects, (rect) => rect.offset + rect.bytes);
// The first rectangle of each owner.
const rectOfOwner = new Map();
rectOwner.forEach((owner, rect) => {
  if (!rectOfOwner.has(owner)) rectOfOwner.set(owner, rect);
});

// Colours go by role; roles that are rare share one.
const colourNames = ["activation", "gradient", "input", "output", "temporary", "workspace", "other"];
const colourOf = (owner) => {
  if (owner < 0) return colourNames.indexOf("workspace");
  const index = colourNames.indexOf(tensors.roles[tensors.role[owner]]);
  return index < 0 ? colourNames.length - 1 : index;
};
const rectColour = Uint8Array.from(rectOwner, colourOf);

// Blocks of rectangles that follow one another, with what they span, so that pictures and the
// pointer pass over most of them.
const blockSize = 64;
const blocks = [];
for (let start = 0; start < rectCount; start += blockSize) {
  const block = { start, end: Math.min(start + blockSize, rectCount), left: Infinity, right: 0,
    low: Infinity, high: 0 };
  for (let rect = block.start; rect < block.end; rect += 1) {
    block.left = Math.min(block.left, rectLeft[rect]);
    block.right = Math.max(block.right, rectRight[rect]);
    block.low = Math.min(block.low, rectLow[rect]);
    block.high = Math.max(block.high, rectHigh[rect]);
  }
  blocks.push(block);
}

// The rectangle at a step and an address that lies on top; -1 where there is none.
const rectAt = (step, address) => {
  for (let index = blocks.length - 1; index >= 0; index -= 1) {
    const block = blocks[index];
    if (step < block.left || step >= block.right || address < block.low || address >= block.high) {
      continue;
    }
    for (let rect = block.end - 1; rect >= block.start; rect -= 1) {
      if (step >= rectLeft[rect] && step < rectRight[rect] && address >= rectLow[rect]
        && address < rectHigh[rect]) return rect;
    }
  }
  return -1;
};

// What is searched, in small letters, made when first needed: tensors with their types and those who
// make them, steps with their operators.
let searched = null;
const texts = () => {
  if (searched) return searched;
  const stepText = steps.node.map((node, step) =>
    `${node} ${steps.ops[steps.op[step]]} ${steps.kind[step]}`.toLowerCase());
  const tensorText = tensors.name.map((name, tensor) => {
    const maker = producer[tensor] < 0 ? "" : stepText[producer[tensor]];
    return `${name} ${tensors.types[tensors.type[tensor]]} ${tensors.roles[tensors.role[tensor]]} `
      .toLowerCase() + maker;
  });
  searched = { stepText, tensorText };
  return searched;
};

// What is searched for at present, which steps and tensors that is, and what is pinned.
const state = { words: [], tensorMatches: null, stepMatches: null, matchCount: 0, pinned: -1,
  listeners: [] };
const changed = (what) => { for (const listener of state.listeners) listener(what); };
const searchFor = (text) => {
  state.words = text.toLowerCase().split(/\s+/).filter((word) => word);
  if (state.words.length === 0) {
    state.tensorMatches = state.stepMatches = null;
  } else {
    const isMatch = (candidate) => state.words.every((word) => candidate.includes(word)) ? 1 : 0;
    state.tensorMatches = Uint8Array.from(texts().tensorText, isMatch);
    state.stepMatches = Uint8Array.from(texts().stepText, isMatch);
    state.matchCount = state.tensorMatches.reduce((sum, match) => sum + match, 0);
  }
  changed("search");
};
const isMatch = (owner) => !state.tensorMatches
  || (owner < 0 ? state.stepMatches[-1 - owner] : state.tensorMatches[owner]);
const pin = (rect) => {
  state.pinned = rect;
  changed("pin");
};
