// The map page. The list of layers is the state: every change of it makes the style anew, and MapLibre
// takes over what differs; and it is written into the address, so that the address is the map.
import { area, asDegrees, asGrid, distance, read } from "./coordinates.js";
import { detailsOf, featureAt, INK, inScheme, isNarrow, language, makeMap, readOut, root, scheme, selection, YELLOW } from "./map-parts.js";

const element = document.getElementById("map");
const LAYERS_MAX = Number(element.dataset.layersMost);
const side = document.querySelector(".side");
const list = document.querySelector(".stack");
const box = element.parentElement;
const one = (selector, from = document) => from.querySelector(selector);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const status = all("[role=status].vh").at(-1);
const say = (text) => {
  status.textContent = text;
  setTimeout(() => (status.textContent = ""), 4000);
};

// ---- The address -------------------------------------------------------------------------------

const written = (item) => {
  const parts = [item.dataset.layer];
  const opacity = one("[data-opacity]", item).value;
  const value = one("[data-field]", item)?.value;
  if (item.dataset.colour) parts.push(item.dataset.colour);
  if (opacity !== "100") parts.push(opacity);
  if (!one("[data-on]", item).checked) parts.push("off");
  if (value) parts.push(`=${encodeURIComponent(value)}`);
  return parts.join("~");
};
const stack = () => [...list.children].map(written).join(",");
let selected = element.dataset.selected.includes("/") ? element.dataset.selected : "";
const place = () => {
  const { lng, lat } = map.getCenter();
  return `#${map.getZoom().toFixed(2)}/${lat.toFixed(5)}/${lng.toFixed(5)}`;
};
const address = (changes = {}) => {
  const query = new URLSearchParams({ layers: stack(), ...(selected && { sel: selected }), lang: language, ...changes });
  return `${root}/map?${query}${place()}`;
};
const placed = () => {
  const [zoom, lat, lon] = location.hash.slice(1).split("/").map(Number);
  return location.hash && [zoom, lat, lon].every(Number.isFinite) ? { zoom, center: [lon, lat] } : undefined;
};

// ---- The style ---------------------------------------------------------------------------------

const styles = new Map();
const styleOf = async (href) => {
  const at = inScheme(href);
  if (!styles.has(at)) styles.set(at, await (await fetch(at)).json());
  return styles.get(at);
};
// Signs are symbols too, but lie where the data lies.
const isLabel = (layer) => layer.type === "symbol" && layer.layout?.["text-field"] !== undefined;
const isGround = (layer) => layer.type === "background" || ["ground", "district-names"].includes(layer.source);

// A number or an expression of zoom, made fainter.
const fainter = (value, by) => {
  if (typeof value === "number") return value * by;
  if (!Array.isArray(value)) return value;
  if (value[0] === "interpolate") return value.map((part, at) => (at > 3 && at % 2 === 0 ? fainter(part, by) : part));
  if (value[0] === "step") return value.map((part, at) => (at > 1 && at % 2 === 0 ? fainter(part, by) : part));
  return ["*", by, value];
};
const OPACITIES = {
  circle: ["circle-opacity", "circle-stroke-opacity"],
  line: ["line-opacity"],
  fill: ["fill-opacity"],
  symbol: ["text-opacity", "icon-opacity"],
  heatmap: ["heatmap-opacity"],
  "fill-extrusion": ["fill-extrusion-opacity"],
};
const shown = (layer, item) => {
  const by = one("[data-opacity]", item).value / 100;
  const choice = one("[data-field]", item);
  const test = choice?.value && ["==", ["get", choice.dataset.field], choice.value];
  const paint = { ...layer.paint };
  if (by < 1) for (const name of OPACITIES[layer.type] ?? []) paint[name] = fainter(paint[name] ?? 1, by);
  return {
    ...layer,
    id: `${item.dataset.layer}/${layer.id}`,
    source: `${item.dataset.layer}/${layer.source}`,
    paint,
    layout: { ...layer.layout, visibility: one("[data-on]", item).checked ? "visible" : "none" },
    ...(test && { filter: layer.filter ? ["all", layer.filter, test] : test }),
  };
};

// Names lie under the data: symbols are placed from the last to the first, and a place's name that
// finds no free spot stays away.
const composed = async () => {
  const items = [...list.children].reverse();
  const [ground, ...parts] = await Promise.all([element.dataset.ground, ...items.map((item) => item.dataset.style)].map(styleOf));
  const style = { version: 8, sources: { ...ground.sources }, layers: [] };
  const labels = ground.layers.filter(isLabel);
  style.layers.push(...ground.layers.filter((layer) => !isLabel(layer)));
  const [chosen, id] = selected.split("/");
  parts.forEach((part, at) => {
    const item = items[at];
    if (part.glyphs) style.glyphs ??= part.glyphs;
    if (part.sprite) style.sprite ??= part.sprite;
    const own = part.layers.filter((layer) => !isGround(layer)).map((layer) => shown(layer, item));
    for (const [name, source] of Object.entries(part.sources)) {
      if (own.some((layer) => layer.source === `${item.dataset.layer}/${name}`)) style.sources[`${item.dataset.layer}/${name}`] = source;
    }
    if (item.dataset.layer === chosen && own.length) style.layers.push(...selection(own[0].source, chosen, Number(id)));
    style.layers.push(...own.filter((layer) => !isLabel(layer)));
    labels.push(...own.filter(isLabel));
  });
  style.layers.push(...labels, ...measured());
  style.sources.measured = { type: "geojson", data: drawn() };
  return style;
};

// ---- Measuring ---------------------------------------------------------------------------------

let points = [];
let isMeasuring = false;
const drawn = () => {
  const features = points.map((coordinates) => ({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates } }));
  if (points.length > 2) features.push({ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [[...points, points[0]]] } });
  if (points.length > 1) features.push({ type: "Feature", properties: { way: true }, geometry: { type: "LineString", coordinates: points } });
  return { type: "FeatureCollection", features };
};
const measured = () => [
  { id: "measured-area", type: "fill", source: "measured", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": YELLOW, "fill-opacity": 0.25 } },
  { id: "measured-edge", type: "line", source: "measured", filter: ["has", "way"], paint: { "line-color": YELLOW, "line-width": 6 } },
  { id: "measured-line", type: "line", source: "measured", filter: ["has", "way"], paint: { "line-color": INK, "line-width": 2 } },
  { id: "measured-point", type: "circle", source: "measured", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 5, "circle-color": YELLOW, "circle-stroke-color": INK, "circle-stroke-width": 2 } },
];
const length = (metres) => (metres < 1000 ? `${metres.toFixed(0)} m` : `${(metres / 1000).toFixed(metres < 100000 ? 2 : 0)} km`);
const surface = (squareMetres) => (squareMetres < 10000 ? `${squareMetres.toFixed(0)} m²` : squareMetres < 1e6 ? `${(squareMetres / 10000).toFixed(2)} ha` : `${(squareMetres / 1e6).toFixed(2)} km²`);
const tape = one(".measure");
const showMeasure = () => {
  map.getSource("measured")?.setData(drawn());
  const along = points.slice(1).reduce((sum, point, at) => sum + distance(points[at], point), 0);
  const words = element.dataset;
  const parts = points.length > 1 ? [`${words.distance} ${length(along)}`] : [];
  if (points.length > 2) parts.push(`${words.area} ${surface(area(points))}`);
  one("[data-length]", tape).textContent = parts.join(" · ");
};
const measure = (on) => {
  isMeasuring = on;
  one("[data-measure]").setAttribute("aria-pressed", on);
  tape.hidden = !on && points.length < 2;
  one("p", tape).hidden = !on;
  map.getCanvas().style.cursor = on ? "crosshair" : "";
  if (on) {
    points = [];
    map.doubleClickZoom.disable();
    showMeasure();
  } else map.doubleClickZoom.enable();
};
const unmeasure = () => {
  points = [];
  measure(false);
  showMeasure();
};

// ---- The map -----------------------------------------------------------------------------------

const [west, south, east, north] = JSON.parse(element.dataset.bounds);
const bounds = [[west, south], [east, north]];
const padding = isNarrow ? { top: 16, left: 12, right: 60, bottom: 60 } : { top: 24, right: 76, bottom: 48, left: 24 };
const map = makeMap(element, {
  style: await composed(),
  ...(placed() ?? { bounds, fitBoundsOptions: { padding, maxZoom: 15 } }),
  // Printing takes what is drawn.
  canvasContextAttributes: { preserveDrawingBuffer: true, antialias: true },
});
readOut(map, one(".readout"));
const own = () => map.getStyle().layers.filter((layer) => layer.source?.includes("/") && !layer.id.startsWith("selected")).map((layer) => layer.id);
const remember = () => {
  history.replaceState(null, "", address());
  for (const link of all("[data-keep]")) {
    const next = new URL(link.href);
    for (const [name, value] of new URL(location.href).searchParams) if (name !== "lang") next.searchParams.set(name, value);
    if (!selected) next.searchParams.delete("sel");
    link.href = next;
  }
  const { _sw, _ne } = map.getBounds();
  const view = [_sw.lng, _sw.lat, _ne.lng, _ne.lat].map((degrees) => degrees.toFixed(5)).join(",");
  for (const link of all("[data-in-view]", list)) {
    const next = new URL(link.href);
    next.searchParams.set("bbox", view);
    link.href = next;
  }
};
const settle = () => {
  const items = [...list.children];
  items.forEach((item, at) => {
    one("[data-up]", item).disabled = at === 0;
    one("[data-down]", item).disabled = at === items.length - 1;
  });
  one("[data-count]").textContent = items.length;
  one("[data-empty]").hidden = items.length > 0;
  one("[data-full]").hidden = items.length < LAYERS_MAX;
  one("[name=layers]", side).value = stack();
  one("[data-credits]").textContent = [...new Set(items.map((item) => item.dataset.credit).filter(Boolean))].join(" · ");
};
let drawing = Promise.resolve();
const draw = () => {
  settle();
  remember();
  drawing = drawing.then(async () => map.setStyle(await composed(), { diff: true }));
  return drawing;
};
map.on("moveend", remember);
addEventListener("hashchange", () => placed() && map.jumpTo(placed()));
scheme.addEventListener("change", draw);

// ---- The list ----------------------------------------------------------------------------------

const reveal = (from) => {
  for (const part of all(".script", from)) part.hidden = false;
};
const open = (item, on) => {
  one("[data-choices]", item).hidden = !on;
  one("[data-options]", item).setAttribute("aria-expanded", on);
};
const adopt = (item) => {
  reveal(item);
  open(item, false);
};
reveal(document);
[...list.children].forEach(adopt);
if (list.children.length) open(list.children[0], true);

const move = (item, button, before) => {
  list.insertBefore(item, before);
  draw();
  // The button that was pressed may be at its end now; focus goes to its neighbour then.
  (button.disabled ? one("[data-up]:not([disabled]), [data-down]:not([disabled])", item) : button)?.focus();
};
list.addEventListener("click", (event) => {
  const item = event.target.closest("li[data-layer]");
  const button = event.target.closest("button, a[data-remove]");
  if (!item || !button) return;
  const { dataset } = button;
  if ("up" in dataset) move(item, button, item.previousElementSibling);
  else if ("down" in dataset) move(item, button, item.nextElementSibling?.nextElementSibling ?? null);
  else if ("options" in dataset) open(item, button.getAttribute("aria-expanded") !== "true");
  else if ("zoom" in dataset) {
    const [w, s, e, n] = JSON.parse(item.dataset.bounds);
    map.fitBounds([[w, s], [e, n]], { padding, maxZoom: 15 });
  } else if ("remove" in dataset) {
    event.preventDefault();
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    if (selected.startsWith(`${item.dataset.layer}/`)) details.hide();
    draw();
    (next ? one("[data-on]", next) : one("#q")).focus();
  }
});
list.addEventListener("input", (event) => {
  const item = event.target.closest("li[data-layer]");
  if ("opacity" in event.target.dataset) one("[data-percent]", item).textContent = `${event.target.value}%`;
  draw();
});

// A layer is added by its row from the server's own page.
const add = async (id) => {
  if (list.children.length >= LAYERS_MAX || list.querySelector(`[data-layer="${CSS.escape(id)}"]`)) return;
  const layers = encodeURIComponent([id, stack()].join(","));
  const answer = await fetch(`${root}/map?layers=${layers}&f=html&lang=${language}`);
  const row = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".stack > li");
  if (row?.dataset.layer !== id) return;
  const item = document.importNode(row, true);
  list.prepend(item);
  adopt(item);
  if (list.children.length === 1) one("[data-zoom]", item).click();
  say(one(".nm", item).firstChild.textContent);
  await draw();
};
const field = one("#q");
const fly = (position) => map.flyTo({ center: position, zoom: Math.max(map.getZoom(), 15) });
one("[data-add]").addEventListener("submit", (event) => {
  const position = read(field.value.trim());
  if (!position) return;
  event.preventDefault();
  fly(position);
});
// Rows of suggestions are links; here they add to the map, and a place is flown to and chosen.
one("#suggestions").addEventListener("pick", async (event) => {
  const row = event.detail;
  event.preventDefault();
  field.value = "";
  one("[data-found]")?.remove();
  if (row.kind !== "place") return add(row.id);
  await add(row.layer);
  map.flyTo({ center: [row.lon, row.lat], zoom: row.zoom });
  choose(row.layer, row.id);
});

// ---- Details -----------------------------------------------------------------------------------

const panel = one("[data-details]");
const details = detailsOf(panel, () => {
  if (!selected) return;
  selected = "";
  draw();
});
const choose = async (layer, id) => {
  if (!(await details.show(layer, id))) return;
  one("[data-about]", panel).href = `${root}/collections/${layer}?f=html&lang=${language}`;
  selected = `${layer}/${id}`;
  await draw();
};
one("[data-close]", panel).addEventListener("click", () => {
  details.hide();
  map.getCanvas().focus();
});
map.on("click", (event) => {
  if (isMeasuring) {
    points.push([event.lngLat.lng, event.lngLat.lat]);
    return showMeasure();
  }
  const feature = featureAt(map, event.point, own());
  if (feature) choose(feature.sourceLayer, feature.id);
  else details.hide();
});
map.on("mousemove", (event) => {
  if (!isMeasuring && map.isStyleLoaded()) map.getCanvas().style.cursor = featureAt(map, event.point, own()) ? "pointer" : "";
});
if (selected) choose(...selected.split("/"));

// ---- Tools -------------------------------------------------------------------------------------

const press = (selector, action) => one(selector)?.addEventListener("click", action);
press("[data-in]", () => map.zoomIn());
press("[data-out]", () => map.zoomOut());
press("[data-whole]", () => map.fitBounds(bounds, { padding, maxZoom: 15 }));
press("[data-measure]", () => (isMeasuring || points.length ? unmeasure() : measure(true)));
addEventListener("keydown", (event) => {
  if (!isMeasuring) return;
  if (event.key === "Enter" && event.target.tagName !== "BUTTON") measure(false);
  if (event.key === "Escape") unmeasure();
});
const here = one("[data-here]");
here.hidden = !isSecureContext || !navigator.geolocation;
press("[data-here]", () => navigator.geolocation.getCurrentPosition(
  ({ coords }) => fly([coords.longitude, coords.latitude]),
  () => say(element.dataset.noLocation),
));

const copied = (button, text) => {
  const before = button.textContent;
  navigator.clipboard?.writeText(text).then(() => {
    button.textContent = element.dataset.copied;
    say(element.dataset.copied);
    setTimeout(() => (button.textContent = before), 1600);
  });
};
const middle = () => map.getCenter().toArray();
press("[data-degrees]", (event) => copied(event.currentTarget, asDegrees(middle())));
press("[data-grid]", (event) => copied(event.currentTarget, asGrid(middle())));
press("[data-link]", (event) => copied(event.currentTarget, new URL(address(), location.href).href));
press("[data-print]", () => print());
// On paper the map, with its scale, is made to fit as it stands.
addEventListener("beforeprint", () => {
  const PAPER_PX = 700;
  const { clientWidth, clientHeight } = box;
  Object.assign(box.style, { width: `${clientWidth}px`, height: `${clientHeight}px`, zoom: Math.min(1, PAPER_PX / clientWidth) });
  one("[data-date]").textContent = new Date().toLocaleDateString(language, { dateStyle: "long" });
});
addEventListener("afterprint", () => Object.assign(box.style, { width: "", height: "", zoom: "" }));
press("[data-embed]", (event) => {
  const part = one(".embedding");
  part.hidden = !part.hidden;
  event.currentTarget.setAttribute("aria-expanded", !part.hidden);
  const source = new URL(address({ embed: "true", f: "html" }), location.href).href.replaceAll("&", "&amp;");
  one("code", part).textContent = `<iframe src="${source}" width="800" height="600" title="${document.title}"></iframe>`;
});
press("[data-sheet]", (event) => {
  const isOpen = side.classList.toggle("open");
  event.currentTarget.textContent = isOpen ? "⌄" : "⌃";
  event.currentTarget.setAttribute("aria-expanded", isOpen);
});
settle();
