// What the editors add to their forms: a week to paint, shares that sum to 100, lists to
// drag, and fields that only show when they matter. Every form works without this.

const MINUTES = 30;
const CELLS = (24 * 60) / MINUTES;

const make = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

// ---- a week of half hours ----

const clock = (minute) =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

function spans(text) {
  const found = [];
  for (const part of text.split(/[\s,，;；]+/)) {
    const match = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(part);
    if (match) found.push([+match[1] * 60 + +match[2], +match[3] * 60 + +match[4]]);
  }
  return found;
}

function cellsOf(text) {
  const cells = new Array(CELLS).fill(false);
  const cover = (first, last) => {
    for (let at = 0; at < CELLS; at += 1)
      if (at * MINUTES >= first - MINUTES + 1 && at * MINUTES <= last) cells[at] = true;
  };
  for (const [first, last] of spans(text)) cover(first, first <= last ? last : 1439);
  return cells;
}

function textOf(cells, over) {
  const runs = [];
  let first = -1;
  for (let at = 0; at <= CELLS; at += 1) {
    if (at < CELLS && cells[at]) {
      if (first < 0) first = at;
    } else if (first >= 0) {
      runs.push([first * MINUTES, at * MINUTES - 1]);
      first = -1;
    }
  }
  const last = runs.at(-1);
  if (last && last[1] === 1439 && over >= 0) last[1] = over; // on into the next morning
  return runs.map(([from, to]) => `${clock(from)}-${clock(to)}`).join(",");
}

function week(box) {
  const inputs = [...box.querySelectorAll("input")];
  const grid = make("div", { class: "week-grid", role: "grid", "aria-label": box.dataset.hint });
  const rows = inputs.map((input, day) => {
    const row = make("div", { class: "week-cells", role: "row" });
    const label = input.closest("label").querySelector("span").textContent;
    row.append(make("span", { class: "week-day", role: "rowheader" }, label));
    const cells = Array.from({ length: CELLS }, (_, at) => {
      const cell = make("span", {
        role: "gridcell",
        tabindex: day === 0 && at === 0 ? "0" : "-1",
        "aria-label": `${label} ${clock(at * MINUTES)}`,
        "data-day": day,
        "data-at": at,
      });
      row.append(cell);
      return cell;
    });
    grid.append(row);
    return cells;
  });
  const marks = make("div", { class: "week-marks", "aria-hidden": "true" });
  for (let hour = 0; hour < 24; hour += 3) marks.append(make("span", {}, String(hour)));
  const show = (day) => {
    const now = cellsOf(inputs[day].value);
    rows[day].forEach((cell, at) => cell.setAttribute("aria-selected", String(now[at])));
  };
  const paint = (day, at, on) => {
    const before = spans(inputs[day].value).find(([first, last]) => first > last);
    const now = cellsOf(inputs[day].value);
    now[at] = on;
    inputs[day].value = textOf(now, before && now[CELLS - 1] ? before[1] : -1);
    show(day);
  };
  const place = (cell) => [+cell.dataset.day, +cell.dataset.at];
  let painting = null;
  grid.addEventListener("pointerdown", (event) => {
    const cell = event.target.closest("[data-at]");
    if (!cell) return;
    event.preventDefault();
    cell.releasePointerCapture?.(event.pointerId);
    painting = cell.getAttribute("aria-selected") !== "true";
    paint(...place(cell), painting);
    focus(cell);
  });
  grid.addEventListener("pointermove", (event) => {
    if (painting === null) return;
    const cell = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-at]");
    if (cell && grid.contains(cell)) paint(...place(cell), painting);
  });
  addEventListener("pointerup", () => (painting = null));
  addEventListener("pointercancel", () => (painting = null));
  let focused = rows[0][0];
  const focus = (cell) => {
    focused.tabIndex = -1;
    focused = cell;
    cell.tabIndex = 0;
    cell.focus();
  };
  grid.addEventListener("keydown", (event) => {
    const [day, at] = place(focused);
    const to = {
      ArrowLeft: [day, at - 1],
      ArrowRight: [day, at + 1],
      ArrowUp: [day - 1, at],
      ArrowDown: [day + 1, at],
      Home: [day, 0],
      End: [day, CELLS - 1],
    }[event.key];
    if (event.key === " " || event.key === "Enter") {
      paint(day, at, focused.getAttribute("aria-selected") !== "true");
    } else if (to && rows[to[0]]?.[to[1]]) {
      if (event.shiftKey) paint(to[0], to[1], focused.getAttribute("aria-selected") === "true");
      focus(rows[to[0]][to[1]]);
    } else return;
    event.preventDefault();
  });
  inputs.forEach((input, day) => {
    input.addEventListener("input", () => show(day));
    const all = make("button", { type: "button", class: "btn btn-sm" }, box.dataset.all);
    all.addEventListener("click", () => {
      input.value = input.value === "00:00-23:59" ? "" : "00:00-23:59";
      show(day);
    });
    input.closest("label").after(all);
    show(day);
  });
  const usual = make("div", { class: "btn-list" });
  for (const [text, days, hours] of [
    [box.dataset.office, 5, "09:00-17:59"],
    [box.dataset.shop, 7, "09:00-20:59"],
    [box.dataset.empty, 0, ""],
  ]) {
    const button = make("button", { type: "button", class: "btn btn-sm" }, text);
    button.addEventListener("click", () =>
      inputs.forEach((input, day) => {
        input.value = day < days ? hours : "";
        show(day);
      }),
    );
    usual.append(button);
  }
  const lines = box.querySelector(".week-lines");
  const written = make("details", { class: "written" }, make("summary", {}, box.dataset.written));
  lines.before(written);
  written.append(lines);
  box.prepend(make("p", { class: "soft" }, box.dataset.hint), usual, grid, marks);
  box.classList.add("painted");
}

// ---- shares that sum to 100 ----

function shares(box) {
  const inputs = [...box.querySelectorAll("input[type=number]")];
  const sum = box.querySelector("[data-sum]");
  const sliders = inputs.map((input) => {
    const slider = make("input", {
      type: "range",
      class: "form-range",
      min: 0,
      max: 100,
      "aria-label": `${document.querySelector(`label[for="${CSS.escape(input.id)}"]`)?.textContent.trim()} %`,
    });
    input.before(slider);
    return slider;
  });
  const values = () => inputs.map((input) => Math.min(100, Math.max(0, Math.round(+input.value || 0))));
  const show = (now) => {
    now.forEach((value, at) => {
      inputs[at].value = value;
      sliders[at].value = value;
    });
    const total = now.reduce((one, other) => one + other, 0);
    sum.classList.toggle("bad", total !== 0 && total !== 100);
  };
  // Who was moved keeps its value; the others share the rest as they did before.
  const level = (moved, wanted) => {
    const now = values();
    const value = Math.min(100, Math.max(0, Math.round(wanted)));
    const rest = 100 - value;
    const before = now.reduce((total, one, at) => (at === moved ? total : total + one), 0);
    const others = now.map((_, at) => at).filter((at) => at !== moved);
    if (!others.length) return show([100]);
    now[moved] = value;
    const exact = others.map((at) => (before ? (now[at] * rest) / before : 0));
    if (!before) exact[0] = rest;
    const whole = exact.map(Math.floor);
    let left = rest - whole.reduce((one, other) => one + other, 0);
    exact
      .map((one, at) => [one - whole[at], at])
      .sort((one, other) => other[0] - one[0])
      .forEach(([, at]) => {
        if (left > 0) {
          whole[at] += 1;
          left -= 1;
        }
      });
    others.forEach((at, place) => (now[at] = whole[place]));
    show(now);
  };
  sliders.forEach((slider, at) => slider.addEventListener("input", () => level(at, +slider.value)));
  inputs.forEach((input, at) => input.addEventListener("change", () => level(at, +input.value)));
  show(values());
}

// ---- lists to drag ----

function order(list) {
  const items = () => [...list.children];
  const number = () => {
    items().forEach((item, at) => {
      const select = item.querySelector("select");
      select.name = select.name.replace(/:\d+$/, `:${at}`);
    });
  };
  for (const item of items()) {
    const grip = make("span", { class: "grip", "aria-hidden": "true" }, "⠿");
    const up = make("button", { type: "button", class: "btn btn-icon btn-sm" }, "↑");
    const down = make("button", { type: "button", class: "btn btn-icon btn-sm" }, "↓");
    const label = item.querySelector("select").getAttribute("aria-label");
    up.setAttribute("aria-label", `↑ ${label}`);
    down.setAttribute("aria-label", `↓ ${label}`);
    up.addEventListener("click", () => {
      item.previousElementSibling?.before(item);
      number();
      up.focus();
    });
    down.addEventListener("click", () => {
      item.nextElementSibling?.after(item);
      number();
      down.focus();
    });
    item.prepend(grip);
    item.append(up, down);
    grip.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const over = new AbortController();
      item.classList.add("dragged");
      const move = (at) => {
        const other = document.elementFromPoint(at.clientX, at.clientY)?.closest("li");
        if (other && other !== item && other.parentElement === list) {
          const box = other.getBoundingClientRect();
          if (at.clientY < box.top + box.height / 2) other.before(item);
          else other.after(item);
        }
      };
      const drop = () => {
        item.classList.remove("dragged");
        over.abort();
        number();
      };
      // On the document: an element that is moved in it loses the pointer.
      const { signal } = over;
      for (const [name, act] of [["move", move], ["up", drop], ["cancel", drop]])
        document.addEventListener(`pointer${name}`, act, { signal });
    });
  }
}

// ---- routes to drag; buttons do the same, and keep the focus ----

const MOVED = "moved-route";

function routes(list) {
  const form = document.querySelector("#reorder");
  const said = document.querySelector("[data-said]");
  const free = () => [...list.children].filter((item) => item.querySelector("[data-grip]"));
  for (const item of free()) {
    const grip = item.querySelector("[data-grip]");
    grip.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const over = new AbortController();
      item.classList.add("dragged");
      const before = free().indexOf(item);
      const move = (at) => {
        const other = document.elementFromPoint(at.clientX, at.clientY)?.closest("li.route");
        if (!other || other === item || !free().includes(other)) return;
        const box = other.getBoundingClientRect();
        if (at.clientY < box.top + box.height / 2) other.before(item);
        else other.after(item);
      };
      const drop = () => {
        item.classList.remove("dragged");
        over.abort();
        if (free().indexOf(item) === before) return;
        for (const one of free())
          form.append(make("input", { type: "hidden", name: "route", value: one.dataset.name }));
        sessionStorage.setItem(MOVED, JSON.stringify([item.dataset.name, "down"]));
        form.submit();
      };
      // On the document: an element that is moved in it loses the pointer.
      const { signal } = over;
      for (const [name, act] of [["move", move], ["up", drop], ["cancel", drop]])
        document.addEventListener(`pointer${name}`, act, { signal });
    });
  }
  list.addEventListener("submit", (event) => {
    const [what] = (event.submitter?.value ?? "").split(":");
    const name = event.target.closest("li").dataset.name;
    if (what === "up" || what === "down")
      sessionStorage.setItem(MOVED, JSON.stringify([name, what]));
  });
  const [name, what] = JSON.parse(sessionStorage.getItem(MOVED) ?? "[]");
  sessionStorage.removeItem(MOVED);
  const item = free().find((one) => one.dataset.name === name);
  if (!item) return;
  const buttons = [...item.querySelectorAll("button[value]")].filter((one) => !one.disabled);
  (buttons.find((one) => one.value.startsWith(what)) ?? buttons[0])?.focus();
  said.textContent = list.dataset.moved
    .replace("{name}", name)
    .replace("{place}", String([...list.children].indexOf(item) + 1));
}

// ---- areas: what is chosen, in words ----

function areas(box) {
  const picked = box.querySelector("[data-picked]");
  const more = box.querySelector("[name=more_areas]");
  const name = (input) => input.closest("label").textContent.trim().replace(/\s+/g, " ");
  const renew = () => {
    const found = [...box.querySelectorAll("input[type=checkbox]:checked")].map(name);
    if (more.value.trim()) found.push(more.value.trim());
    picked.textContent = found.join(" · ") || box.dataset.none;
  };
  box.addEventListener("input", renew);
  renew();
}

// ---- fields that show when they matter ----

function shown(select) {
  const near = select.closest("[data-row]") ?? select.closest("form");
  const parts = near.querySelectorAll("[data-shown-for]");
  const renew = () => {
    for (const part of parts) {
      const on = part.dataset.shownFor.split(" ").includes(select.value);
      part.hidden = !on;
    }
  };
  if (parts.length && [...parts].some((part) =>
    part.dataset.shownFor.split(" ").some((one) => [...select.options].some((o) => o.value === one)))) {
    select.addEventListener("change", renew);
    renew();
  }
}

document.querySelectorAll("[data-week]").forEach(week);
document.querySelectorAll("[data-shares]").forEach(shares);
document.querySelectorAll("[data-order]").forEach(order);
document.querySelectorAll("[data-routes]").forEach(routes);
document.querySelectorAll("[data-areas]").forEach(areas);
document.querySelectorAll("select[data-target]").forEach(shown);
