// Draws the live pictures of the report and makes its tables sortable. Without it (or on paper)
// the page shows the drawn pictures and the full tables instead, so nothing depends on it.

const MINUTE = 60_000;
const CONFIG = {
  responsive: true,
  displaylogo: false,
  // plotly.js offers to upload charts to its cloud unless told not to: name what may be offered.
  showSendToCloud: false,
  plotlyServerURL: "",
  modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
  toImageButtonOptions: { format: "svg", filename: "margin-evidence" },
};

const read = (id) => JSON.parse(document.getElementById(id)?.textContent ?? "null");

function unpack(text, Kind) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
  return new Kind(bytes.buffer);
}

// Labels of plotly are a small HTML; names are not.
const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const spoken = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
const isoMinute = (minute) => new Date(minute * MINUTE).toISOString().slice(0, 16).replace("T", " ");
const grouped = (value) => value.toLocaleString("en-GB");
const element = (name, parts = {}, children = []) => {
  const made = Object.assign(document.createElement(name), parts);
  made.append(...children);
  return made;
};

// ---- pictures -------------------------------------------------------------------------------

const hasDepth = () => Boolean(document.createElement("canvas").getContext("webgl"));

// The line above a picture is not wrapped: where it would be cut off, the caption alone tells it.
const letter = 6.2;
const fits = (text, node) => spoken(text.replaceAll(/<[^>]*>/g, "")).length * letter < node.clientWidth;

async function drawFigures() {
  const figures = read("figures") ?? {};
  for (const node of document.querySelectorAll("[data-figure]")) {
    const figure = figures[node.dataset.figure];
    if (figure.layout.scene && !hasDepth()) continue; // the drawn picture stays
    node.hidden = false;
    const { title } = figure.layout;
    if (title && !fits(title.text, node)) title.text = "";
    await Plotly.newPlot(node, figure.data, figure.layout, { ...CONFIG, ...figure.config });
    node.closest("figure").classList.add("drawn");
  }
}

// ---- margin against loss --------------------------------------------------------------------

function tracesOf(series, dress) {
  const minutes = Array.from(unpack(series.minute, Uint32Array), (m) => m * MINUTE);
  const held = unpack(series.held, Uint32Array);
  const loss = unpack(series.loss, Float32Array);
  const breaches = Array.from(unpack(series.breaches, Uint32Array));
  // Expectations are the table's: drawn only where the series has the horizons it counts.
  const target = series.is_counted ? series.tested.target : null;
  const expected = target === null ? [] : Array.from(held, (h) => h * target);
  const half = expected.map((e) => 1.96 * Math.sqrt(e * (1 - target)));
  const filled = [
    { y: loss },
    { y: unpack(series.margin, Float32Array) },
    { x: breaches.map((i) => minutes[i]), y: breaches.map((i) => loss[i]) },
    { y: expected.map((e, i) => Math.max(0, e - half[i])) },
    { y: expected.map((e, i) => e + half[i]) },
    { y: expected },
    { y: Array.from(unpack(series.broken, Uint32Array)) },
  ];
  const shown = dress.map((trace, i) => ({ ...trace, x: minutes, ...filled[i] }));
  return target === null ? shown.filter((_, i) => i < 3 || i === 6) : shown;
}

function summaryOf(series) {
  const drawn = unpack(series.breaches, Uint32Array).length;
  const kept = unpack(series.minute, Uint32Array).length;
  const { breaches, count, target } = series.tested ?? { breaches: drawn, count: series.points };
  const parts = [
    `${series.market} ${series.side}, ${series.horizon}: ${grouped(breaches)} breaches in ` +
      `${grouped(count)} scored ${series.tested ? "horizons" : "points"} ` +
      `(${((100 * breaches) / count).toFixed(2)} %)`,
  ];
  if (target !== undefined) {
    parts.push(`${(count * target).toFixed(1)} expected at ${(100 * target).toFixed(2)} %`);
  }
  if (series.worst !== null) {
    parts.push(
      `worst exceedance ${series.worst.toFixed(2)} % of notional on ${isoMinute(series.worst_minute)} UTC`,
    );
  }
  if (!series.is_horizon) {
    parts.push(
      `the picture has ${grouped(series.points)} points, each the worst of its horizons, ` +
        `${grouped(drawn)} of them above the margin`,
    );
  }
  if (kept < series.points) {
    parts.push(`${grouped(kept)} points drawn: every breach and the envelope of the rest`);
  }
  return `${parts.join("; ")}.`;
}

const distinct = (values) => [...new Set(values)];

function chooser(title, id, values, label = (v) => v) {
  const select = element("select", { id });
  for (const value of values) select.append(new Option(label(value), value));
  return { select, box: element("label", {}, [element("span", { textContent: title }), select]) };
}

function drawExplorer() {
  const data = read("series");
  if (!data) return null;
  const { series } = data;
  const found = new Map();
  for (const item of series) {
    const count = item.tested?.breaches ?? unpack(item.breaches, Uint32Array).length;
    const told = found.get(item.market) ?? [];
    found.set(item.market, [...told, `${item.side} ${count}`]);
  }
  const markets = chooser(
    "Market (worst first; breaches)", "choose-market", distinct(series.map((s) => s.market)),
    (market) => `${market}  (${distinct(found.get(market)).join(", ")})`,
  );
  const sides = chooser("Side", "choose-side", distinct(series.map((s) => s.side)));
  const horizons = chooser("Horizon", "choose-horizon", distinct(series.map((s) => s.horizon)));
  const boxes = [markets.box, sides.box];
  // A horizon is a choice only where one side of a market has several.
  const isChoice = new Set(series.map((s) => `${s.market}|${s.side}`)).size < series.length;
  if (isChoice) boxes.push(horizons.box);
  document.getElementById("chooser").append(...boxes);
  const plot = document.getElementById("explorer-plot");
  const summary = document.getElementById("explorer-summary");

  const show = async () => {
    const mine = series.filter((s) => s.market === markets.select.value);
    const chosen =
      mine.find((s) => s.side === sides.select.value && s.horizon === horizons.select.value) ??
      mine.find((s) => s.side === sides.select.value) ?? mine[0];
    sides.select.value = chosen.side;
    horizons.select.value = chosen.horizon;
    plot.dataset.shown = `${chosen.market}|${chosen.side}|${chosen.horizon}`;
    const layout = structuredClone(data.layout);
    const name = `${chosen.market} ${chosen.side}, ${chosen.horizon}`;
    const source = layout.title.text;
    layout.title.text = `<b>${plain(name)}</b>  ·  ${source}`;
    summary.textContent = summaryOf(chosen);
    if (!fits(layout.title.text, plot)) {
      layout.title.text = `<b>${plain(name)}</b>`;
      summary.append(` ${spoken(source)}.`);
    }
    await Plotly.react(plot, tracesOf(chosen, data.traces), layout, CONFIG);
  };
  sides.select.value = series[0].side;
  horizons.select.value = series[0].horizon;
  for (const { select } of [markets, sides, horizons]) select.addEventListener("change", show);
  document.getElementById("explorer").hidden = false;
  return show();
}

// ---- tables ---------------------------------------------------------------------------------

function keyOf(row, column, numeric) {
  const text = row.cells[column].textContent.trim();
  if (!numeric) return text === "–" ? null : text;
  const value = Number(text.replaceAll(",", "").replace("−", "-").replace("∞", "Infinity"));
  return text === "–" || Number.isNaN(value) ? null : value;
}

function sortBy(table, column, ascending) {
  const numeric = table.tHead.rows[0].cells[column].classList.contains("number");
  const compare = numeric ? (a, b) => a - b : (a, b) => a.localeCompare(b, "en", { numeric: true });
  const keyed = Array.from(table.tBodies[0].rows, (row) => ({ row, key: keyOf(row, column, numeric) }));
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
    return ascending ? compare(a.key, b.key) : compare(b.key, a.key);
  });
  table.tBodies[0].append(...keyed.map((item) => item.row));
}

function makeSortable(table) {
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    // No button inside: Chromium leaves a table head that holds one off the second printed page.
    const sort = () => {
      const ascending = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      sortBy(table, column, ascending);
    };
    head.tabIndex = 0;
    head.classList.add("sortable");
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      sort();
    });
  });
}

function makeFilterable(table) {
  const rows = Array.from(table.tBodies[0].rows, (row) => [row, row.textContent.toLowerCase()]);
  const count = table.closest(".table-block").querySelector(".count");
  const all = count.textContent;
  const box = element("input", { type: "search", placeholder: "Filter rows", className: "filter" });
  box.setAttribute("aria-label", "Filter rows");
  box.addEventListener("input", () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = words.length ? `${grouped(shown)} of ${all}` : all;
  });
  count.before(box);
}

document.querySelectorAll("table[data-sortable]").forEach(makeSortable);
document.querySelectorAll("table[data-filterable]").forEach(makeFilterable);
if (globalThis.Plotly) {
  await drawExplorer();
  await drawFigures();
}
document.documentElement.dataset.report = "ready";
