"use strict";

// Charts: colour tokens such as "@3" or "@ink" become the colours of the theme in use.
const charts = JSON.parse(document.getElementById("charts").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");

function colour(token) {
  const name = /^\d$/.test(token) ? "--c" + token : "--" + token;
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function themed(node) {
  if (typeof node === "string") return /^@[a-z0-9]+$/.test(node) ? colour(node.slice(1)) : node;
  if (Array.isArray(node)) return node.map(themed);
  if (node && typeof node === "object") {
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, themed(value)]));
  }
  return node;
}

function axis(given) {
  const usual = { gridcolor: "@line", zerolinecolor: "@line", linecolor: "@line", fixedrange: true, automargin: true };
  return { ...usual, ...given };
}

function draw() {
  for (const [id, chart] of Object.entries(charts)) {
    const layout = {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: "@ink" },
      hoverlabel: { bgcolor: "@card", bordercolor: "@line", font: { color: "@ink" } },
      margin: { l: 10, r: 10, t: 10, b: 40 },
      showlegend: false,
      dragmode: false,
      height: chart.height,
      ...chart.layout,
      xaxis: axis(chart.layout.xaxis),
      yaxis: axis(chart.layout.yaxis),
    };
    Plotly.react(id, themed(chart.traces), themed(layout), { displayModeBar: false, responsive: true });
  }
}

draw();
dark.addEventListener("change", draw);

// Sorting: a heading is a button; the best comes first, pressing again turns the order round. Rows without a value stay last.
function sortBy(table, heading, index) {
  const order = heading.getAttribute("aria-sort") ?? heading.dataset.opposite;
  const ascending = order !== "ascending";
  for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, value: row.cells[index]?.dataset.value ?? "" }));
  const compare = (a, b) => {
    if ((a.value === "") !== (b.value === "")) return a.value === "" ? 1 : -1;
    const numbers = Number(a.value) - Number(b.value);
    const difference = Number.isNaN(numbers) ? a.value.localeCompare(b.value) : numbers;
    return ascending ? difference : -difference;
  };
  body.append(...rows.sort(compare).map((entry) => entry.row));
}

for (const table of document.querySelectorAll("table.figures")) {
  const headings = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  headings.forEach((heading, index) => {
    heading.querySelector("button")?.addEventListener("click", () => sortBy(table, heading, index));
  });
}

// Columns: whole groups, and those that are rarer asked for, come and go; without this script all of them are shown.
for (const picker of document.querySelectorAll(".picker[data-columns]")) {
  const table = document.querySelector(`#${picker.dataset.columns} table`);
  const [groups, headings] = [...table.tHead.rows].map((row) => [...row.cells].slice(1));
  const show = () => {
    const chosen = new Set([...picker.querySelectorAll("input:checked")].map((box) => box.value));
    const seen = headings.map(({ dataset }) =>
      chosen.has(dataset.group) && (chosen.has("rarer") || !("rarer" in dataset)));
    for (const row of [table.tHead.rows[1], ...table.tBodies[0].rows]) {
      seen.forEach((shown, index) => { row.cells[index + 1].hidden = !shown; });
    }
    for (const group of groups) {
      const count = headings.filter((one, index) => seen[index] && one.dataset.group === group.dataset.group).length;
      group.hidden = count === 0;
      group.colSpan = count || 1;
    }
  };
  picker.hidden = false;
  picker.addEventListener("change", show);
  show();
}

// What scrolls sideways shows an edge beside the column that stays; what does not needs no stop for the keyboard.
const regions = [...document.querySelectorAll(".scroll, .lists")];
function measure() {
  for (const region of regions) {
    const more = region.scrollWidth > region.clientWidth + 1;
    region.classList.toggle("more", more);
    region.tabIndex = more ? 0 : -1;
  }
}
const watch = new ResizeObserver(measure);
for (const region of regions) watch.observe(region);
measure();

// People: one at a time, picked by radio buttons; without this script, and on paper, all of them are shown.
for (const picker of document.querySelectorAll(".picker[data-shows]")) {
  const panels = [...document.querySelectorAll(picker.dataset.shows)];
  const show = () => {
    const chosen = picker.querySelector("input:checked").value;
    for (const panel of panels) panel.hidden = panel.id !== chosen;
    measure();
  };
  picker.hidden = false;
  picker.addEventListener("change", show);
  show();
}
for (const box of document.querySelectorAll("input[data-why]")) {
  const holder = document.getElementById(box.dataset.why);
  const show = () => holder.classList.toggle("without-why", !box.checked);
  box.closest(".picker").hidden = false;
  box.checked = matchMedia("(min-width: 60rem)").matches;
  box.addEventListener("change", show);
  show();
}

// Paper is light, and nothing on it can be opened.
const opened = [];
addEventListener("beforeprint", () => {
  document.documentElement.classList.add("on-paper");
  for (const details of document.querySelectorAll("details:not([open]):not(.data)")) {
    details.open = true;
    opened.push(details);
  }
  draw();
});
addEventListener("afterprint", () => {
  document.documentElement.classList.remove("on-paper");
  for (const details of opened.splice(0)) details.open = false;
  draw();
});
