"use strict";
// The page contains the rows of all populations. A change of parameter ranges redraws EDFs, points and counts.
// The URL stores the ranges, as #depth=10:20&flops=:4e8, so that they can be shared.
window.addEventListener("error", event => { document.documentElement.dataset.failed = event.message; });

const data = JSON.parse(document.getElementById("data").textContent);
const arrays = { Int8Array, Int16Array, Int32Array, Float32Array, Float64Array };
const svgSpace = "http://www.w3.org/2000/svg";
const MOST_POINTS = 4000, MOST_STEPS = 1000, MOST_BANDS = 3; // limits of drawing; the numbers always use all rows

function decoded(column) {
  const bytes = Uint8Array.from(atob(column.data), c => c.charCodeAt(0));
  return new arrays[column.type](bytes.buffer);
}

const of = decoded(data.of), error = decoded(data.error);
const weight = data.weight ? decoded(data.weight) : null; // of each row, if a population is drawn in strata
const columns = Object.fromEntries(Object.entries(data.columns).map(([name, column]) => [name, decoded(column)]));
const ranges = new Map(); // parameter → [low, high], each a number or null
const element = id => document.getElementById(id);
const short = value => !Number.isFinite(value) ? "–"
  : Math.abs(value) >= 1e9 ? +(value / 1e9).toPrecision(4) + "G" : Math.abs(value) >= 1e6 ? +(value / 1e6).toPrecision(4) + "M"
  : String(+value.toPrecision(4));

function rowsChosen() {
  const rows = data.populations.map(() => []);
  const limits = [...ranges].map(([name, [low, high]]) => [columns[name], low ?? -Infinity, high ?? Infinity]);
  for (let i = 0; i < data.rows; i++) {
    if (limits.every(([x, low, high]) => x[i] >= low && x[i] <= high)) rows[of[i]].push(i);
  }
  return rows;
}

function summary(rows) {
  if (weight && rows.length && data.populations[of[rows[0]]].weighted) return weightedSummary(rows);
  const errors = Float64Array.from(rows, i => error[i]).sort();
  const n = errors.length, middle = n >> 1;
  const mean = errors.reduce((sum, e) => sum + e, 0) / n;
  const median = n % 2 ? errors[middle] : (errors[middle - 1] + errors[middle]) / 2;
  return { n, errors, min: errors[0], mean, median };
}

// With strata: passed[k] is the share of the k + 1 least errors, by weight; the median is where it reaches one half.
function weightedSummary(rows) {
  const sorted = [...rows].sort((i, j) => error[i] - error[j]), n = sorted.length;
  const errors = Float64Array.from(sorted, i => error[i]), passed = new Float64Array(n);
  let sum = 0, mean = 0;
  sorted.forEach((i, k) => { sum += weight[i]; mean += weight[i] * error[i]; passed[k] = sum; });
  for (let k = 0; k < n; k++) passed[k] /= sum;
  return { n, errors, passed, min: errors[0], mean: mean / sum, median: errors[passed.findIndex(share => share >= .5 - 1e-12)] };
}

function node(name, attributes = {}, parent = null, text = null) {
  const created = document.createElementNS(svgSpace, name);
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, value);
  if (text !== null) created.textContent = text;
  if (parent) parent.append(created);
  return created;
}

function ticks(low, high, count = 6) {
  const raw = (high - low) / count || 1, power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find(factor => factor * power >= raw);
  const first = Math.ceil(low / step), marks = [];
  for (let k = 0; k <= 2 * count && (first + k) * step <= high + step * 1e-9; k++) marks.push(+((first + k) * step).toPrecision(12));
  return marks;
}

const box = { width: 560, height: 360, left: 54, right: 12, top: 10, bottom: 42 };

// Draws an empty plot with labelled axes; returns the scales from values to pixels and back.
function plot(svg, [x0, x1], [y0, y1], xLabel, yLabel) {
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
  const inner = { w: box.width - box.left - box.right, h: box.height - box.top - box.bottom };
  const x = value => box.left + (value - x0) / (x1 - x0 || 1) * inner.w;
  const y = value => box.top + (1 - (value - y0) / (y1 - y0 || 1)) * inner.h;
  const back = px => x0 + (px - box.left) / inner.w * (x1 - x0);
  for (const value of ticks(x0, x1)) {
    node("line", { class: "grid", x1: x(value), x2: x(value), y1: box.top, y2: box.height - box.bottom }, svg);
    node("text", { x: x(value), y: box.height - box.bottom + 16, "text-anchor": "middle" }, svg, short(value));
  }
  for (const value of ticks(y0, y1, 5)) {
    node("line", { class: "grid", x1: box.left, x2: box.width - box.right, y1: y(value), y2: y(value) }, svg);
    node("text", { x: box.left - 6, y: y(value) + 4, "text-anchor": "end" }, svg, short(value));
  }
  node("path", { class: "axis", fill: "none", d: `M${box.left},${box.top}V${box.height - box.bottom}H${box.width - box.right}` }, svg);
  node("text", { x: box.left + inner.w / 2, y: box.height - 6, "text-anchor": "middle" }, svg, xLabel);
  node("text", { transform: `translate(13,${box.top + inner.h / 2}) rotate(-90)`, "text-anchor": "middle" }, svg, yLabel);
  return { x, y, back };
}

function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) if (Number.isFinite(value)) { low = Math.min(low, value); high = Math.max(high, value); }
  return low > high ? [0, 1] : low === high ? [low - (Math.abs(low) * 1e-6 || 1), high + (Math.abs(high) * 1e-6 || 1)] : [low, high];
}

const errorExtent = extent(error);

function drawEdf(summaries) {
  const svg = element("edf"), scale = plot(svg, errorExtent, [0, 1], "error [%]", "cumulative fraction of networks");
  summaries.forEach(({ n, errors, passed }, p) => {
    if (!n) return;
    // F is k/n from just above the k-th error (Eq. 1, strict)
    const parts = [`M${scale.x(errorExtent[0])},${scale.y(0)}`], stride = Math.max(1, Math.floor(n / MOST_STEPS));
    const share = k => passed ? passed[k - 1] : k / n; // of the k least errors
    for (let k = 0; k < n; k += stride) {
      parts.push(`H${scale.x(errors[k]).toFixed(1)}V${scale.y(share(Math.min(k + stride, n))).toFixed(1)}`);
    }
    parts.push(`H${scale.x(errorExtent[1])}`);
    const { color, dash } = data.populations[p];
    if (summaries.length <= MOST_BANDS && !passed) { // DKW, 95 %, simultaneous over all errors
      const half = Math.sqrt(Math.log(40) / (2 * n)), upper = [], lower = [];
      for (let k = 0; k < n; k += stride) {
        upper.push(`${scale.x(errors[k]).toFixed(1)},${scale.y(Math.min((k + stride) / n + half, 1)).toFixed(1)}`);
        lower.unshift(`${scale.x(errors[k]).toFixed(1)},${scale.y(Math.max(k / n - half, 0)).toFixed(1)}`);
      }
      node("polygon", { points: [...upper, ...lower].join(" "), fill: color, "fill-opacity": .1, class: "band" }, svg);
    }
    node("path", { d: parts.join(""), fill: "none", stroke: color, "stroke-width": 2, "stroke-dasharray": dash }, svg);
  });
}

function fillCounts(summaries) {
  element("counts").replaceChildren(...summaries.map((chosen, p) => {
    const row = document.createElement("tr"), total = totals[p];
    const cells = [data.populations[p].name, chosen.n, total, chosen.n / total * 100, chosen.min, chosen.mean, chosen.median];
    cells.forEach((value, i) => {
      const cell = document.createElement("td");
      cell.textContent = i === 0 ? value : i < 3 ? value.toLocaleString("en") : Number.isFinite(value) ? value.toFixed(i === 3 ? 1 : 2) : "–";
      if (i === 0) {
        const { color, dash, lacking } = data.populations[p], swatch = node("svg", { class: "swatch", viewBox: "0 0 28 10" });
        node("line", { x1: 0, x2: 28, y1: 5, y2: 5, stroke: color, "stroke-width": 3, "stroke-dasharray": dash }, swatch);
        if (lacking) cell.append(` (${lacking})`);
        cell.prepend(swatch);
      }
      row.append(cell);
    });
    return row;
  }));
}

let points = [], brushed = null;

function drawPoints(rows) {
  const svg = element("scatter"), name = element("parameter").value, x = columns[name];
  if (!x) return;
  const scale = plot(svg, extent(x), errorExtent, name, "error [%]");
  const [low, high] = ranges.get(name) ?? [null, null];
  if (low !== null || high !== null) {
    const [from, to] = [low ?? extent(x)[0], high ?? extent(x)[1]].map(scale.x);
    node("rect", { class: "brush", x: from, y: box.top, width: Math.max(to - from, 1), height: box.height - box.top - box.bottom }, svg);
  }
  const total = rows.reduce((sum, part) => sum + part.length, 0), stride = Math.max(1, Math.ceil(total / MOST_POINTS));
  points = [];
  rows.forEach((part, p) => {
    const group = node("g", { fill: data.populations[p].color, "fill-opacity": .6 }, svg);
    for (let k = 0; k < part.length; k += stride) {
      const i = part[k];
      if (!Number.isFinite(x[i])) continue;
      const at = { i, cx: scale.x(x[i]), cy: scale.y(error[i]) };
      node("circle", { cx: at.cx.toFixed(1), cy: at.cy.toFixed(1), r: 2.6 }, group);
      points.push(at);
    }
  });
  element("thinned").textContent = stride > 1 ? `One point in ${stride} is drawn; the table counts all ${total.toLocaleString("en")}.` : "";
  svg.back = scale.back;
}

function describe(i) {
  const lines = [`${data.populations[of[i]].name}${data.names.length ? "  " + data.names[i] : ""}`, `error ${error[i].toFixed(2)} %`];
  const values = Object.entries(columns).filter(([, x]) => Number.isFinite(x[i])).map(([name, x]) => `${name} ${short(x[i])}`);
  return [...lines, values.join(", ")].join("\n");
}

function fillChosen() {
  element("chosen").replaceChildren(...[...ranges].map(([name, [low, high]]) => {
    const button = document.createElement("button");
    button.textContent = `${low === null ? "" : short(low) + " ≤ "}${name}${high === null ? "" : " ≤ " + short(high)}  ✕`;
    button.title = "Remove this range";
    button.addEventListener("click", () => { ranges.delete(name); redraw(); });
    return button;
  }));
}

function redraw() {
  const rows = rowsChosen(), summaries = rows.map(summary);
  drawEdf(summaries);
  fillCounts(summaries);
  drawPoints(rows);
  fillChosen();
  const [low, high] = ranges.get(element("parameter").value) ?? [null, null];
  element("low").value = low ?? "";
  element("high").value = high ?? "";
  const hash = [...ranges].map(([name, [from, to]]) => `${encodeURIComponent(name)}=${from ?? ""}:${to ?? ""}`).join("&");
  if (location.hash.slice(1) !== hash) history.replaceState(null, "", "#" + hash);
}

const units = { K: 1e3, M: 1e6, G: 1e9 };

// Parses a number such as 400M or 1,000; null for empty text, NaN for anything else.
function bound(text) {
  const plain = text.replaceAll(",", "").trim(), unit = units[plain.slice(-1).toUpperCase()];
  return plain === "" ? null : unit ? +plain.slice(0, -1) * unit : +plain;
}

function choose(name, low, high) {
  if (!Object.hasOwn(columns, name) || Number.isNaN(low) || Number.isNaN(high)) return;
  if (low === null && high === null) ranges.delete(name); else ranges.set(name, [low, high]);
}

function decodedName(text) {
  try { return decodeURIComponent(text); } catch { return text; } // a URL written by hand
}

function readAddress() {
  ranges.clear();
  for (const part of location.hash.slice(1).split("&").filter(Boolean)) {
    const [name, text = ""] = part.split("="), [low, high = ""] = text.split(":");
    choose(decodedName(name), bound(low), bound(high));
  }
  const first = ranges.keys().next();
  if (first.done) return;
  element("parameter").value = first.value;
  element("errors").scrollIntoView();
}

const totals = data.populations.map(() => 0);
for (let i = 0; i < data.rows; i++) totals[of[i]]++;

function toPlot(event) {
  const svg = element("scatter"), bounds = svg.getBoundingClientRect();
  return [(event.clientX - bounds.left) * box.width / bounds.width, (event.clientY - bounds.top) * box.height / bounds.height];
}

function hover(event) {
  const [px, py] = toPlot(event), tip = element("tip");
  let nearest = null, least = 100; // square pixels
  for (const point of points) {
    const distance = (point.cx - px) ** 2 + (point.cy - py) ** 2;
    if (distance < least) [nearest, least] = [point, distance];
  }
  tip.style.display = nearest ? "block" : "none";
  if (!nearest) return;
  tip.textContent = describe(nearest.i);
  tip.style.left = Math.min(event.clientX + 12, innerWidth - 390) + "px";
  tip.style.top = event.clientY + 14 + "px";
}

function endBrush(event) {
  if (brushed === null) return;
  const [from, to] = [brushed, toPlot(event)[0]].sort((a, b) => a - b), back = element("scatter").back;
  brushed = null;
  if (to - from < 4) return;
  choose(element("parameter").value, +back(from).toPrecision(4), +back(to).toPrecision(4));
  redraw();
}

function sortable(table) {
  const head = table.tHead.rows[0], body = table.tBodies[0];
  [...head.cells].forEach((cell, column) => cell.addEventListener("click", () => {
    const up = cell.getAttribute("aria-sort") !== "ascending";
    const value = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
    const compared = (a, b) => {
      const [x, y] = [value(a), value(b)], [m, n] = [parseFloat(x.replaceAll(",", "")), parseFloat(y.replaceAll(",", ""))];
      return Number.isNaN(m) || Number.isNaN(n) ? x.localeCompare(y) : m - n;
    };
    [...head.cells].forEach(other => other.removeAttribute("aria-sort"));
    cell.setAttribute("aria-sort", up ? "ascending" : "descending");
    body.append(...[...body.rows].sort((a, b) => up ? compared(a, b) : compared(b, a)));
  }));
}

document.querySelectorAll("table.sortable").forEach(sortable);
if (data.rows && Object.keys(columns).length) {
  const select = element("parameter");
  select.append(...Object.keys(columns).map(name => new Option(name, name)));
  if (columns.depth) select.value = "depth";
  select.addEventListener("change", redraw);
  for (const id of ["low", "high"]) element(id).addEventListener("change", () => {
    const bounds = ["low", "high"].map(one => bound(element(one).value));
    ["low", "high"].forEach((one, i) => element(one).toggleAttribute("aria-invalid", Number.isNaN(bounds[i])));
    if (bounds.some(Number.isNaN)) return; // invalid text stays in the field, marked, without effect
    choose(select.value, ...bounds);
    redraw();
  });
  element("reset").addEventListener("click", () => { ranges.clear(); redraw(); });
  const scatter = element("scatter");
  scatter.addEventListener("pointerdown", event => { brushed = toPlot(event)[0]; });
  scatter.addEventListener("pointermove", hover);
  scatter.addEventListener("pointerleave", () => { element("tip").style.display = "none"; });
  window.addEventListener("pointerup", endBrush);
  window.addEventListener("hashchange", () => { readAddress(); redraw(); });
  readAddress();
  redraw();
}
document.documentElement.dataset.ready = "yes";
