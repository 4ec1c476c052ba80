// SPDX-License-Identifier: Apache-2.0
// The page of a lab. Everything that comes from the server is put into the page as text, never as HTML.

import { ask } from "/static/api.js";
import { Graph, LOADS } from "/static/graph.js";

const $ = (id) => document.getElementById(id);
const make = (tag, text, attributes = {}) => {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};
const option = (value, text = value) => make("option", text, { value });
const say = (text) => { $("output").textContent = text; };

let topology, graph, chosen = null, live = { links: {}, routers: {}, flows: [] }, lastEvent = 0, segments = [];

const attempt = (do_) => async (event) => {
  event?.preventDefault?.();
  try { await do_(event); } catch (error) { say(error.message); }
};

async function run(line) {
  const { said } = await ask("command", { line });
  say(`lab> ${line}\n${said}`);
  refreshDetails();
}

function table(rows, columns) {
  const box = make("div", null, { class: "table" });
  if (!rows || !rows.length) { box.append(make("p", "none")); return box; }
  const made = make("table"), head = make("tr");
  for (const column of columns) head.append(make("th", column));
  made.append(head);
  for (const row of rows) {
    const line = make("tr");
    for (const column of columns) {
      const value = row[column];
      line.append(value instanceof Node ? wrap(value) : make("td", Array.isArray(value) ? value.join(", ") : value));
    }
    made.append(line);
  }
  box.append(made);
  return box;
}
const wrap = (node) => { const cell = make("td"); cell.append(node); return cell; };
const button = (text, do_, key = text) => {
  const made = make("button", text, { type: "button", "data-key": key });
  made.onclick = attempt(do_);
  return made;
};
// Show what is new. Who is at a button there stays at it; what somebody types is not taken away.
const put = (box, ...content) => {
  const active = box.contains(document.activeElement) ? document.activeElement : null;
  if (active?.tagName === "INPUT") return;
  box.replaceChildren(...content);
  if (active?.dataset.key) box.querySelector(`[data-key="${CSS.escape(active.dataset.key)}"]`)?.focus();
};
const rate = (bits) => bits >= 1e6 ? `${(bits / 1e6).toFixed(2)} Mbit/s` : bits >= 1e3 ? `${(bits / 1e3).toFixed(1)} kbit/s` : `${Math.round(bits)} bit/s`;
const ms = (seconds) => `${(seconds * 1000).toFixed(2)} ms`;

// --- what is selected ----------------------------------------------------------------------------------------

function select(kind, name) {
  chosen = { kind, name };
  $("object").value = `${kind}:${name}`;
  graph.choose(kind === "node" ? name : null);
  const steer = $("steer");
  if (kind === "node" && steer.elements.pick.checked && topology.routers.some((router) => router.name === name)) {
    segments.push(name);
    showSegments();
  }
  refreshDetails();
}

async function refreshDetails() {
  if (!chosen) return;
  const { kind, name } = chosen, box = make("div");
  try {
    if (kind === "link") showLink(box, name);
    else if (topology.hosts.some((host) => host.name === name)) showHost(box, name);
    else showRouter(box, await ask(`router/${encodeURIComponent(name)}`));
  } catch (error) { box.append(make("p", error.message)); }
  if (chosen.kind === kind && chosen.name === name) put($("details"), box);
}

function showLink(box, number) {
  const link = topology.links.find((each) => each.number === number), now = live.links[number];
  const [one, two] = link.ends.map((end) => end.node);
  box.append(make("h3", `${one} -- ${two}`));
  if (!now) return;
  box.append(make("p", `${now.cut ? "down" : "up"}; ${now.cable}; 100 % is ${now.capacity}`));
  box.append(table(now.sides.map((side, place) => ({
    direction: place ? `${two} to ${one}` : `${one} to ${two}`, load: `${side.load} %`, rate: rate(side.rate),
    frames: side.frames, dropped: side.dropped })), ["direction", "load", "rate", "frames", "dropped"]));
  const words = make("input", null, { "aria-label": "rate, delay, jitter, loss, queue", value: now.cable, size: 24 });
  box.append(button(now.cut ? "Mend" : "Cut", () => run(`link ${one} ${two} ${now.cut ? "up" : "down"}`), "cut"), words,
    button("Set", () => run(`link ${one} ${two} ${words.value}`)));
}

function showHost(box, name) {
  const host = topology.hosts.find((each) => each.name === name);
  box.append(make("h3", name));
  box.append(make("p", `host at ${host.router}, ${host.ipv6}, ${host.ipv4}, VRF ${host.vrf}${host.l2 ? ", layer 2" : ""}`));
}

function showRouter(box, router) {
  box.append(make("h3", `${router.name}`), make("p", `${router.locator}, controller ${router.state}`));
  if (router.error) box.append(make("p", router.error));
  box.append(button("Restart switch", () => run(`restart ${router.name}`)));
  box.append(table(Object.entries(router.ports).map(([port, text]) => ({ port, text })), ["port", "text"]));
  for (const [title, rows, columns] of [
    ["SIDs", router.sids, ["sid", "behavior", "packets", "errors"]],
    ["Policies", router.policies, ["policy", "mode", "segments", "weight", "packets"]],
    ["Drops", router.drops, ["reason", "packets", "explanation"]],
    ["Neighbours", router.neighbors, ["address", "port", "mac"]],
  ]) box.append(make("h4", title), table(rows, columns));
}

// --- steering ------------------------------------------------------------------------------------------------

function steerLine() {
  const { router, host } = $("steer").elements;
  return `steer ${router.value} ${host.value} ${segments.join(" ")}`;
}

function showSegments() {
  $("segments").replaceChildren(...segments.map((segment, place) => {
    const item = make("li", `${segment} `);
    item.append(button("Remove", () => { segments.splice(place, 1); showSegments(); }));
    return item;
  }));
  $("steer-command").textContent = segments.length ? `srv6 lab ${steerLine().replace("steer", `steer ${topology.name}`)}` : "";
}

function setUpSteering() {
  const form = $("steer"), { router, host, sid } = form.elements;
  router.append(...topology.routers.map((each) => option(each.name)));
  host.append(...topology.hosts.filter((each) => !each.l2).map((each) => option(each.name)));
  for (const each of topology.routers) {
    const group = make("optgroup", null, { label: each.name });
    for (const [name, address] of Object.entries(each.sids)) group.append(option(name === "End" ? each.name : `${each.name}/${name}`, `${each.name}/${name} ${address}`));
    sid.append(group);
  }
  if (topology.hosts.length) host.value = topology.hosts.at(-1).name;
  form.onchange = showSegments;
  form.querySelector("[data-do=add]").onclick = () => { segments.push(sid.value); showSegments(); };
  form.querySelector("[data-do=clear]").onclick = () => { segments = []; showSegments(); };
  form.querySelector("[data-do=undo]").onclick = attempt(() => run(`unsteer ${router.value}`));
  form.onsubmit = attempt(() => run(steerLine()));
}

// --- flows, packets, scenario, commands ----------------------------------------------------------------------

function setUpForms() {
  const names = topology.hosts.map((host) => host.name);
  for (const form of [$("flow"), $("packet")]) {
    form.elements.from.append(...names.map((name) => option(name)));
    form.elements.to.append(...names.map((name) => option(name)));
    if (names.length > 1) form.elements.to.value = names.at(-1);
  }
  $("flow").onsubmit = attempt(() => {
    const { from, to, kind, rate: speed } = $("flow").elements;
    return run(`flow start ${from.value} ${to.value}${kind.value === "rate" ? ` rate ${speed.value}` : ""}`);
  });
  $("packet").onsubmit = attempt(async () => {
    const { from, to } = $("packet").elements;
    const found = await ask("packet", { from: from.value, to: to.value });
    graph.way(found.hops.map((hop) => hop.node));
    $("way").replaceChildren(make("p", found.arrived ? "It arrived." : "It did not arrive."),
      table(found.hops, ["node", "before", "does", "after"]), make("p", found.legend));
  });
  $("command").onsubmit = attempt(async () => {
    const { line } = $("command").elements;
    await run(line.value);
    line.value = "";
  });
  $("scenario").append(...topology.scenario.map((text, step) => {
    const item = make("li", `${text} `);
    item.append(button("Play", async () => { say((await ask("step", { step })).said || "done"); refreshDetails(); }));
    return item;
  }));
}

function showFlows() {
  put($("flows"), live["flows-why-not"] ? make("p", live["flows-why-not"]) : table(live.flows.map((flow) => ({
    flow: `${flow.flow}: ${flow.source} to ${flow.target}, ${flow.kind}`, rate: rate(flow.rate),
    lost: `${flow.lost} (${(100 * flow.loss).toFixed(2)} %)`, "delay, jitter": `${ms(flow.delay)}, ${ms(flow.jitter)}`,
    reordered: flow.reordered, " ": button("Stop", () => run(`flow stop ${flow.flow}`), `stop ${flow.flow}`),
  })), ["flow", "rate", "lost", "delay, jitter", "reordered", " "]));
}

function showEvents(events) {
  for (const event of events) {
    lastEvent = Math.max(lastEvent, event.number);
    const time = new Date(event.time * 1000).toLocaleTimeString();
    $("events").prepend(make("li", `${time} ${event.text}`, { class: event.level }));
  }
  while ($("events").childElementCount > 200) $("events").lastElementChild.remove();
}

// --- each second ---------------------------------------------------------------------------------------------

async function tick() {
  try {
    live = await ask(`live?after=${lastEvent}`);
    $("status").textContent = "";
    graph.update(live);
    showFlows();
    showEvents(live.events);
    if (chosen) await refreshDetails();
  } catch (error) { $("status").textContent = error.message; }
  setTimeout(tick, 1000);
}

function setUpTheme() {
  const dark = localStorage.getItem("theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  document.documentElement.dataset.theme = dark;
  $("theme").onclick = () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("theme", next);
    graph?.restyle();
  };
}

async function start() {
  setUpTheme();
  try {
    topology = await ask("topology");
  } catch (error) { $("status").textContent = error.message; return; }
  document.title = `${topology.name} - SRv6 lab`;
  $("name").textContent = topology.name;
  $("about").textContent = topology.about;
  graph = new Graph($("graph"), topology, select);
  $("legend").append(...LOADS.map((load) => {
    const item = make("li", null), line = make("i");
    line.style.color = load.color;
    line.style.borderTopWidth = `${load.width}px`;
    item.append(line, load.text);
    return item;
  }));
  $("object").append(option("", "…"), ...[...topology.routers, ...topology.hosts].map((node) => option(`node:${node.name}`, node.name)),
    ...topology.links.map((link) => option(`link:${link.number}`, link.ends.map((end) => end.node).join(" -- "))));
  $("object").onchange = () => {
    const [kind, name] = $("object").value.split(":");
    if (kind) select(kind, kind === "link" ? Number(name) : name);
  };
  setUpSteering();
  setUpForms();
  tick();
}

start();
