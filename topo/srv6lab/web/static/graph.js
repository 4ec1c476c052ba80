// SPDX-License-Identifier: Apache-2.0
// The drawing: nodes, and an arrow for each direction of a cable. Load is told by a number, a colour (of Okabe and Ito,
// told apart by colour-blind people) and a width, a cable that is down by dashes: never by colour alone.

export const LOADS = [
  { from: 80, color: "#d55e00", width: 7, text: "80 % and more" },
  { from: 50, color: "#e69f00", width: 5, text: "50 to 80 %" },
  { from: 1, color: "#0072b2", width: 3.5, text: "1 to 50 %" },
  { from: 0, color: "#8a929c", width: 2, text: "idle" },
];

export class Graph {
  constructor(box, topology, select) {
    const hosts = new Set(topology.hosts.map((host) => host.name));
    const names = [...topology.routers, ...topology.hosts].map((node) => node.name);
    const large = names.length > 40;
    const radius = Math.max(300, 12 * names.length);  // room for all of them, before they are laid out
    const elements = names.map((name, place) => ({
      data: { id: `n:${name}`, label: name, name },
      classes: hosts.has(name) ? "host" : "router",
      position: {
        x: radius * Math.cos((2 * Math.PI * place) / names.length),
        y: radius * Math.sin((2 * Math.PI * place) / names.length),
      },
    }));
    for (const link of topology.links) {
      const [one, two] = link.ends.map((end) => end.node);
      for (const [side, from, to] of [[0, one, two], [1, two, one]]) {
        elements.push({
          data: { id: `l:${link.number}:${side}`, source: `n:${from}`, target: `n:${to}`, number: link.number, label: "" },
        });
      }
    }
    this.last = new Map();
    this.cy = cytoscape({ container: box, elements, style: this.style(large), maxZoom: 2.5 });
    this.cy.layout({
      name: "cose", animate: false, randomize: false, fit: false, gravity: 0.2, nodeRepulsion: () => 500000,
      idealEdgeLength: () => (large ? 60 : 120), edgeElasticity: () => 100, numIter: large ? 400 : 1500,
    }).run();
    this.turn(box);
    this.cy.on("tap", "node", (event) => select("node", event.target.data("name")));
    this.cy.on("tap", "edge", (event) => select("link", event.target.data("number")));
    new ResizeObserver(() => { this.cy.resize(); this.fit(); }).observe(box);
  }

  // The longer side of the drawing along the longer side of the window.
  turn(box) {
    const nodes = this.cy.nodes(), places = nodes.map((node) => ({ ...node.position() }));
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const x = mean(places.map((place) => place.x)), y = mean(places.map((place) => place.y));
    const xx = mean(places.map((place) => (place.x - x) ** 2)), yy = mean(places.map((place) => (place.y - y) ** 2));
    const xy = mean(places.map((place) => (place.x - x) * (place.y - y)));
    const angle = (box.clientWidth < box.clientHeight ? Math.PI / 2 : 0) - Math.atan2(2 * xy, xx - yy) / 2;
    const cos = Math.cos(angle), sin = Math.sin(angle);
    const turned = places.map((place) => ({
      x: cos * (place.x - x) - sin * (place.y - y), y: sin * (place.x - x) + cos * (place.y - y) }));
    const hosts = nodes.map((node, place) => [node, place]).filter(([node]) => node.hasClass("host"));
    const flip = hosts.length && turned[hosts[0][1]].x > turned[hosts.at(-1)[1]].x ? -1 : 1;  // the first host on the left
    this.cy.batch(() => nodes.forEach((node, place) => { node.position({ x: flip * turned[place].x, y: turned[place].y }); }));
    this.fit();
  }

  fit() {
    this.cy.fit(undefined, 40);
    if (this.cy.zoom() > 1.5) { this.cy.zoom(1.5); this.cy.center(); }
  }

  style(large) {
    const css = getComputedStyle(document.documentElement);
    const front = css.getPropertyValue("--front").trim(), back = css.getPropertyValue("--back").trim();
    const soft = css.getPropertyValue("--soft").trim();
    return [
      { selector: "node", style: {
        label: "data(label)", color: front, "background-color": soft, "border-width": 2, "border-color": front,
        "text-valign": "center", "text-halign": "center", width: 40, height: 40, "font-size": 15 } },
      { selector: "node.router", style: { shape: "round-rectangle" } },
      { selector: "node.host", style: { shape: "ellipse" } },
      { selector: "node.bad", style: { "border-style": "double", "border-width": 6, "border-color": "#d55e00" } },
      { selector: "node.way", style: { "border-width": 5, "border-color": "#cc79a7" } },
      { selector: "node.chosen", style: { "underlay-color": "#56b4e9", "underlay-opacity": 0.6, "underlay-padding": 8 } },
      { selector: "edge", style: {
        "curve-style": "bezier", "control-point-step-size": large ? 12 : 22, width: 2, "line-color": LOADS[3].color,
        "target-arrow-shape": large ? "none" : "triangle", "target-arrow-color": LOADS[3].color,
        "source-label": large ? "" : "data(label)", "source-text-offset": 48, "font-size": 12, color: front, "text-background-color": back,
        "text-background-opacity": 0.85, "text-background-padding": 1, "text-rotation": "none" } },
      ...LOADS.map((load, place) => ({ selector: `edge.load${place}`, style: {
        "line-color": load.color, "target-arrow-color": load.color, width: load.width } })),
      { selector: "edge.cut", style: { "line-style": "dashed", "line-color": front, width: 2, "target-arrow-shape": "none" } },
      { selector: "edge.way", style: { "underlay-color": "#cc79a7", "underlay-opacity": 0.5, "underlay-padding": 5 } },
    ];
  }

  restyle() { this.cy.style(this.style(this.cy.nodes().length > 40)); }

  // Only what is different is touched: a hundred routers must not keep the browser busy.
  update(live) {
    this.cy.batch(() => {
      for (const [number, link] of Object.entries(live.links)) {
        link.sides.forEach((side, place) => {
          const id = `l:${number}:${place}`;
          const load = LOADS.findIndex((each) => side.load >= each.from);
          const label = link.cut ? "down" : `${Math.round(side.load)} %`;
          const state = `${load}${label}${link.cut}`;
          if (this.last.get(id) === state) return;
          this.last.set(id, state);
          const edge = this.cy.getElementById(id);
          const way = edge.hasClass("way");
          edge.classes(`load${load}${link.cut ? " cut" : ""}${way ? " way" : ""}`).data("label", label);
        });
      }
      for (const [name, state] of Object.entries(live.routers)) {
        this.cy.getElementById(`n:${name}`).toggleClass("bad", state !== "primary");
      }
    });
  }

  way(names) {
    this.cy.batch(() => {
      this.cy.elements(".way").removeClass("way");
      names.forEach((name, place) => {
        this.cy.getElementById(`n:${name}`).addClass("way");
        const next = names[place + 1];
        if (next) this.cy.edges().filter((edge) => edge.data("source") === `n:${name}` && edge.data("target") === `n:${next}`)
          .first().addClass("way");
      });
    });
  }

  choose(name) {
    this.cy.nodes(".chosen").removeClass("chosen");
    if (name) this.cy.getElementById(`n:${name}`).addClass("chosen");
  }
}
