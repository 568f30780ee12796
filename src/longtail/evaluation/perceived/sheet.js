"use strict";

const sheet = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const place = "longtail-sheet-" + sheet.sheet;
const narrow = matchMedia("(max-width: 46rem)");
const fresh = (rater) => ({ rater, row: 0, answers: {}, comments: {} });
let others = {}; // what other raters answered on this device, by name
let state = fresh("");
let unsaved = false;
let met = -1; // whose taste was shown last

// What was answered is kept in the browser, where it lets a page from disk do so; the file is what counts.
function recall() {
  try {
    const kept = JSON.parse(localStorage.getItem(place));
    if (!kept || !kept.answers || !kept.comments) return;
    ({ others = {}, ...state } = { ...state, ...kept });
  } catch { /* no storage, or nothing in it */ }
}

function keep() {
  try {
    localStorage.setItem(place, JSON.stringify({ ...state, others }));
  } catch { /* no storage */ }
}

// Somebody else on the same device: what was answered before stays with whoever answered it.
function become(rater) {
  if (rater === state.rater) return;
  const before = new Map(Object.entries(others));
  if (state.rater) before.set(state.rater, state);
  state = before.get(rater) ?? { ...(state.rater ? fresh(rater) : state), rater };
  before.delete(rater);
  others = Object.fromEntries(before);
}

const answered = (code) => Object.keys(state.answers[code] ?? {}).length > 0;
const asked = (question) => (sheet.own ? question.own : question.text);

function fill(list, titles) {
  list.replaceChildren(...titles.map((title) => Object.assign(document.createElement("li"), { textContent: title })));
}

function count() {
  const done = sheet.rows.filter((row) => answered(row.code)).length;
  at("count").textContent = `${done} of ${sheet.rows.length} answered`;
  at("filled").style.width = `${(100 * done) / Math.max(1, sheet.rows.length)}%`;
  return done;
}

function show(id) {
  for (const name of ["start", "rating", "end"]) at(name).hidden = name !== id;
  at("steps").hidden = id === "start";
  at("keys").hidden = id !== "rating";
  at("next").hidden = id === "end";
  count();
  scrollTo(0, 0);
}

function scale(question, code) {
  const field = document.createElement("fieldset");
  field.append(Object.assign(document.createElement("legend"), { textContent: asked(question) }));
  const points = Object.assign(document.createElement("div"), { className: "scale" });
  for (let value = 1; value <= question.points; value += 1) {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "radio", name: question.name, value });
    input.checked = state.answers[code]?.[question.name] === value;
    if (value === 1) input.setAttribute("aria-label", `1, ${question.low}`);
    if (value === question.points) input.setAttribute("aria-label", `${value}, ${question.high}`);
    input.addEventListener("change", () => answer(code, question.name, value));
    label.append(input, Object.assign(document.createElement("span"), { textContent: value }));
    points.append(label);
  }
  const ends = Object.assign(document.createElement("p"), { className: "ends" });
  const cannot = Object.assign(document.createElement("button"), { type: "button", className: "clear", textContent: "clear" });
  cannot.setAttribute("aria-label", `Clear the answer to: ${asked(question)}`);
  cannot.addEventListener("click", () => {
    for (const input of points.querySelectorAll("input")) input.checked = false;
    answer(code, question.name, null);
  });
  const words = [question.low, question.high].map((text) => Object.assign(document.createElement("span"), { textContent: text }));
  ends.append(words[0], cannot, words[1]);
  field.append(points, ends);
  return field;
}

function answer(code, name, value) {
  const given = { ...state.answers[code] };
  if (value === null) delete given[name];
  else given[name] = value;
  state.answers[code] = given;
  unsaved = true;
  keep();
  count();
}

function open(index) {
  state.row = Math.max(0, Math.min(index, sheet.rows.length));
  keep();
  if (state.row === sheet.rows.length) return finish();
  const row = sheet.rows[state.row];
  const person = sheet.people[row.person];
  at("person").open = row.person !== met || !narrow.matches;
  met = row.person;
  at("person-name").textContent = sheet.own ? "Your taste" : `Person ${row.person + 1} of ${sheet.people.length}: their taste`;
  at("met").textContent = person.met;
  at("loved-title").textContent = sheet.own ? "You liked" : "Liked";
  at("disliked-title").textContent = sheet.own ? "You did not like" : "Did not like";
  fill(at("loved"), person.loved);
  fill(at("disliked"), person.disliked);
  at("disliked-part").hidden = !person.disliked.length;
  at("recommended").textContent = `Recommendation ${state.row + 1} of ${sheet.rows.length}${sheet.own ? "" : ", made to this person"}`;
  at("title").textContent = row.title;
  at("about").textContent = row.about;
  at("questions").replaceChildren(...sheet.questions.map((question) => scale(question, row.code)));
  at("comment").value = state.comments[row.code] ?? "";
  at("back").disabled = state.row === 0;
  show("rating");
  at("title").focus({ preventScroll: true });
}

function finish() {
  const open = sheet.rows.length - count();
  at("end-title").textContent = open ? "Nearly done" : "Thank you";
  at("end-text").textContent =
    (open ? `${open} of ${sheet.rows.length} are still open; you may go back, or leave them so. ` : "Everything is answered. ") +
    "Save the answers to a file and hand it to whoever gave you this sheet.";
  at("back").disabled = false;
  show("end");
  at("end-title").focus({ preventScroll: true });
}

// A cell as CSV wants it, and not as a formula.
function cell(value) {
  const text = String(value ?? "");
  const tame = /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
  return /[",\n\r;]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame;
}

function table() {
  const names = sheet.questions.map((question) => question.name);
  const lines = [["sheet", "rater", "row", ...names, "comment"]];
  for (const row of sheet.rows) {
    const given = state.answers[row.code] ?? {};
    const comment = state.comments[row.code] ?? "";
    if (!answered(row.code) && !comment) continue;
    lines.push([sheet.sheet, state.rater, row.code, ...names.map((name) => given[name]), comment]);
  }
  return lines.map((line) => line.map(cell).join(",")).join("\r\n") + "\r\n";
}

function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff" + table()], { type: "text/csv" }));
  link.download = `answers-${sheet.sheet}-${state.rater.replace(/[^\p{L}\p{N}]+/gu, "-")}.csv`;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  unsaved = false;
}

// A digit answers the question in focus, or the first open one, and moves on to the next.
function digit(value) {
  const fields = [...at("questions").children];
  const inside = fields.indexOf(document.activeElement?.closest("fieldset"));
  const free = fields.findIndex((field) => !field.querySelector("input:checked"));
  const index = inside >= 0 ? inside : Math.max(free, 0);
  const input = fields[index]?.querySelector(`input[value="${value}"]`);
  if (!input) return;
  input.checked = true;
  input.dispatchEvent(new Event("change"));
  const following = fields[index + 1]?.querySelector("input:checked, input") ?? at("next");
  following.focus();
}

addEventListener("keydown", (event) => {
  if (at("steps").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("textarea, input:not([type=radio])");
  if (typing) return;
  if (/^[1-9]$/.test(event.key) && !at("rating").hidden) digit(event.key);
  else if (event.key === "Enter" && !event.target.matches("button") && !at("rating").hidden) open(state.row + 1);
  else if (event.key === "Backspace" && state.row > 0) open(state.row - 1);
  else return;
  event.preventDefault();
});
addEventListener("beforeunload", (event) => {
  if (unsaved && count()) event.preventDefault();
});
at("who").addEventListener("submit", (event) => {
  event.preventDefault();
  const rater = at("rater").value.trim();
  if (!rater) return;
  become(rater);
  open(state.row);
});
at("comment").addEventListener("input", () => {
  const { code } = sheet.rows[state.row];
  state.comments[code] = at("comment").value;
  unsaved = true;
  keep();
});
at("back").addEventListener("click", () => open(state.row - 1));
at("next").addEventListener("click", () => open(state.row + 1));
at("save").addEventListener("click", save);

recall();
unsaved = sheet.rows.some((row) => answered(row.code)); // whether they were ever saved is not known
at("rater").value = state.rater;
at("person").querySelector("summary").addEventListener("click", (event) => {
  if (!narrow.matches) event.preventDefault(); // beside the questions there is room for it
});
at("intro").textContent = sheet.own
  ? `${sheet.rows.length} recommendations made to you. For each you are asked ${sheet.questions.length} short questions.`
  : `${sheet.rows.length} recommendations, made to ${sheet.people.length} people. For each person you see what they liked and did not like; put yourself in their place. For each recommendation you are asked ${sheet.questions.length} short questions.`;
count();
