// Texts about tensors and steps, the card of what is pinned, and the long tables.
const titleOf = (owner) => owner < 0 ? `workspace of ${steps.node[-1 - owner]}` : tensors.name[owner];
const rectOfTensor = (tensor) => rectOfOwner.get(tensor) ?? -1;
const life = (rect) => {
  const { first, last } = rects[rect];
  return first === last ? `step ${grouped(first)}` : `steps ${grouped(first)} – ${grouped(last)}`;
};
const tipOf = (rect) => {
  const { owner, bytes } = rects[rect];
  const lines = [make("strong", titleOf(owner))];
  const line = (text) => lines.push(make("div", text));
  if (owner < 0) {
    line(`${size(bytes)} · ${life(rect)}`);
    return lines;
  }
  const readers = consumersOf(owner);
  line(`${tensors.types[tensors.type[owner]]} · ${size(tensors.bytes[owner])}`
    + (bounded.has(owner) ? " at most" : ""));
  line(`${tensors.roles[tensors.role[owner]]} · ${life(rect)}`);
  line(producer[owner] < 0 ? "there from the start" : `made by ${nameOfStep(producer[owner])}`);
  if (readers.length > 0) {
    line(`read by ${nameOfStep(readers[0])}`
      + (readers.length > 1 ? ` and ${counted(readers.length - 1, "more step")}` : ""));
  }
  return lines;
};

const showTensor = (tensor) => {
  const rect = rectOfTensor(tensor);
  if (rect < 0) return;
  pin(rect);
  reveal(rect);
};
const tensorLink = (tensor) => {
  if (rectOfTensor(tensor) < 0) return make("span", tensors.name[tensor], "name");
  const button = make("button", tensors.name[tensor], "link");
  button.type = "button";
  button.addEventListener("click", () => showTensor(tensor));
  return button;
};
const stepLink = (step) => {
  const button = make("button", `${grouped(step)} ${nameOfStep(step)}`, "link");
  button.type = "button";
  button.addEventListener("click", () => showStep(step));
  return button;
};
const showStep = (step) => {
  const span = Math.min(Math.max(view.right - view.left, 20), 200);
  showSteps(step + .5 - span / 2, step + .5 + span / 2);
  pointerStep = step;
};
// Up to a dozen links, and how many more there are.
const listOf = (items, link) => {
  const node = make("span");
  items.slice(0, 12).forEach((item, index) => node.append(index > 0 ? ", " : "", link(item)));
  if (items.length > 12) node.append(` and ${grouped(items.length - 12)} more`);
  return node;
};

const showPinned = () => {
  const place = element("pinned");
  place.replaceChildren();
  if (state.pinned < 0) return;
  const { owner, bytes, first, last, offset } = rects[state.pinned];
  const card = make("div", undefined, "card");
  card.append(make("h3", titleOf(owner)));
  const list = make("dl");
  const fact = (term, value, isWide) => {
    const item = make("div", undefined, isWide ? "wide" : "");
    const text = make("dd");
    text.append(value);
    item.append(make("dt", term), text);
    list.append(item);
  };
  fact("Bytes", `${size(bytes)} (${grouped(bytes)})`);
  fact("Lives", `${life(state.pinned)}, ${counted(last - first + 1, "step")}`);
  fact("Arena", `${grouped(offset)} – ${grouped(offset + bytes)}`);
  if (owner < 0) {
    fact("Of", stepLink(-1 - owner), true);
  } else {
    fact("Type", tensors.types[tensors.type[owner]] + (bounded.has(owner) ? ", at most" : ""));
    fact("Role", tensors.roles[tensors.role[owner]]);
    const shared = shares.get(owner);
    if (shared) {
      const node = make("span", `${shared.words} `);
      node.append(tensorLink(shared.other));
      fact("Shares", node);
    }
    fact("Made by", producer[owner] < 0 ? "there from the start" : stepLink(producer[owner]), true);
    const readers = [...consumersOf(owner)];
    fact("Read by", readers.length > 0 ? listOf(readers, stepLink) : "nothing", true);
  }
  card.append(list);
  place.append(card);
};

// A table that sorts by a click on a head and shows a page of rows at a time.
const pageRows = 20;
class Table {
  constructor(name, count, columns, attribute, matches) {
    Object.assign(this, { name, count, columns, attribute, matches, page: 0, sorted: 0, sign: 1 });
    this.root = make("div");
    this.root.id = `table-${name}`;
    this.root.setAttribute("role", "tabpanel");
    const table = make("table");
    const head = make("tr");
    this.heads = columns.map((column, index) => {
      const cell = make("th", undefined, column.isNumber ? "number" : "");
      const button = make("button", column.title);
      button.type = "button";
      button.addEventListener("click", () => this.sortBy(index));
      cell.append(button);
      head.append(cell);
      return cell;
    });
    const top = make("thead");
    top.append(head);
    this.rows = make("tbody");
    table.append(top, this.rows);
    const frame = make("div", undefined, "scroll");
    frame.append(table);
    this.pager = make("div", undefined, "pager");
    this.root.append(frame, this.pager);
    this.refresh();
  }

  // Largest first for numbers that are sizes, smallest first for all else; a second click turns it.
  sortBy(index) {
    const isSame = this.sorted === index;
    this.sign = isSame ? -this.sign : this.columns[index].isLargestFirst ? -1 : 1;
    this.sorted = index;
    this.page = 0;
    this.refresh();
  }

  refresh() {
    const matches = this.matches();
    const order = [];
    for (let row = 0; row < this.count; row += 1) if (!matches || matches[row]) order.push(row);
    const { value } = this.columns[this.sorted];
    const keys = new Array(this.count);
    for (const row of order) keys[row] = value(row);
    const sign = this.sign;
    order.sort((a, b) =>
      keys[a] < keys[b] ? -sign : keys[a] > keys[b] ? sign : a - b);
    this.order = order;
    this.heads.forEach((cell, index) => {
      if (index === this.sorted) {
        cell.setAttribute("aria-sort", this.sign > 0 ? "ascending" : "descending");
      } else {
        cell.removeAttribute("aria-sort");
      }
    });
    this.show();
  }

  show() {
    const pages = Math.max(1, Math.ceil(this.order.length / pageRows));
    this.page = Math.min(Math.max(this.page, 0), pages - 1);
    const start = this.page * pageRows;
    const shown = this.order.slice(start, start + pageRows);
    this.rows.replaceChildren(...shown.map((row) => {
      const line = make("tr");
      line.dataset[this.attribute] = row;
      for (const column of this.columns) {
        const cell = make("td", undefined, column.className ?? (column.isNumber ? "number" : ""));
        cell.append(column.cell(row));
        line.append(cell);
      }
      return line;
    }));
    const button = (text, step, isPossible) => {
      const node = make("button", text);
      node.type = "button";
      node.disabled = !isPossible;
      node.addEventListener("click", () => {
        this.page += step;
        this.show();
      });
      return node;
    };
    const range = this.order.length === 0 ? "nothing matches"
      : `${grouped(start + 1)} – ${grouped(start + shown.length)} of ${grouped(this.order.length)}`;
    this.pager.replaceChildren(button("Previous", -1, this.page > 0), make("span", range),
      button("Next", 1, this.page < pages - 1));
  }
}

const isolated = (text) => make("bdi", text);
const number = (title, value, cell, more) =>
  ({ title, value, cell: cell ?? ((row) => grouped(value(row))), isNumber: true, ...more });
const tensorTable = new Table("tensors", tensorCount, [
  { title: "Tensor", value: (row) => tensors.name[row], cell: (row) => isolated(tensors.name[row]),
    className: "name" },
  number("Bytes", (row) => tensors.bytes[row],
    (row) => (bounded.has(row) ? "≤ " : "") + size(tensors.bytes[row]), { isLargestFirst: true }),
  { title: "Role", value: (row) => tensors.roles[tensors.role[row]],
    cell: (row) => tensors.roles[tensors.role[row]] },
  { title: "Type", value: (row) => tensors.types[tensors.type[row]],
    cell: (row) => tensors.types[tensors.type[row]], className: "type" },
  number("First step", (row) => tensors.first[row]),
  number("Last step", (row) => tensors.last[row]),
  number("Steps", (row) => tensors.last[row] - tensors.first[row] + 1, undefined,
    { isLargestFirst: true }),
  number("Offset", (row) => tensors.offset[row],
    (row) => isInArena(row) ? grouped(tensors.offset[row])
      : rectOfTensor(row) >= 0 ? "several" : tensors.spaces[tensors.space[row]]),
], "tensor", () => state.tensorMatches);
const stepTable = new Table("steps", stepCount, [
  number("Step", (row) => row),
  { title: "Operator", value: (row) => steps.ops[steps.op[row]],
    cell: (row) => steps.ops[steps.op[row]] + (steps.kind[row] ? ` (${steps.kind[row]})` : "") },
  { title: "Node", value: (row) => steps.node[row], cell: (row) => isolated(steps.node[row]),
    className: "name" },
  number("Live bytes", (row) => steps.live[row], (row) => size(steps.live[row]),
    { isLargestFirst: true }),
  number("Workspace", (row) => steps.workspace[row],
    (row) => steps.workspace[row] > 0 ? size(steps.workspace[row]) : "", { isLargestFirst: true }),
  number("Reads", (row) => readsOf(row).length, undefined, { isLargestFirst: true }),
  number("Makes", (row) => makesOf(row).reduce((sum, tensor) => sum + tensors.bytes[tensor], 0),
    (row) => size(makesOf(row).reduce((sum, tensor) => sum + tensors.bytes[tensor], 0)),
    { isLargestFirst: true }),
], "step", () => state.stepMatches);

// The largest tensors are what people look for.
tensorTable.sortBy(1);
const tabs = make("div", undefined, "tabs");
tabs.setAttribute("role", "tablist");
const tables = [[tensorTable, "Tensors"], [stepTable, "Steps"]];
const tabButtons = tables.map(([table, title], index) => {
  const button = make("button", title);
  button.type = "button";
  button.id = `tab-${table.name}`;
  button.setAttribute("role", "tab");
  button.setAttribute("aria-controls", table.root.id);
  table.root.setAttribute("aria-labelledby", button.id);
  button.addEventListener("click", () => openTab(index));
  button.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    openTab(1 - index);
    tabButtons[1 - index].focus();
  });
  return button;
});
const openTab = (open) => tables.forEach(([table], index) => {
  table.root.hidden = index !== open;
  tabButtons[index].setAttribute("aria-selected", String(index === open));
  tabButtons[index].tabIndex = index === open ? 0 : -1;
});
tabs.append(...tabButtons);
element("tables").append(tabs, ...tables.map(([table]) => table.root));
openTab(0);

// A row of any table shows its tensor or step in the picture.
document.addEventListener("click", (event) => {
  const row = event.target.closest?.("tr[data-tensor], tr[data-step]");
  if (!row || event.target.closest("button")) return;
  if (row.dataset.step !== undefined) {
    showStep(Number(row.dataset.step));
  } else {
    showTensor(Number(row.dataset.tensor));
  }
  const map = mapCanvas.getBoundingClientRect();
  if (map.bottom < 80 || map.top > window.innerHeight - 80) {
    mapCanvas.scrollIntoView({ block: "center" });
  }
});

let waiting = 0;
element("search").addEventListener("input", (event) => {
  clearTimeout(waiting);
  waiting = setTimeout(() => searchFor(event.target.value), 90);
});
element("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    clearTimeout(waiting);
    searchFor(event.target.value);
    state.pinned = -1;
    walk(1);
  }
});
state.listeners.push((what) => {
  if (what === "search") {
    for (const [table] of tables) {
      table.page = 0;
      table.refresh();
    }
    element("found").textContent = state.tensorMatches
      ? `${grouped(state.matchCount)} of ${counted(tensorCount, "tensor")}` : "";
  } else {
    showPinned();
  }
});
drawNow();
roots.dataset.ready = "true";
