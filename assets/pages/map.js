// The map of a page: district lines on one ground, the layer in its own style, details on a click,
// and a read-out in both systems. What the details say comes from the feature's own page, so that
// words, dates and languages are the server's.
import * as maplibregl from "../vendor/maplibre-gl-6.17.0/maplibre-gl.mjs";

const element = document.getElementById("map");
const box = element.closest(".mapbox");
const { layer, label, zoomIn, zoomOut } = element.dataset;
const [west, south, east, north] = JSON.parse(element.dataset.bounds);
const isNarrow = innerWidth < 700;
const root = document.body.dataset.root;
const language = document.documentElement.lang;

// The ground and the colours of classes follow the page's scheme.
const scheme = matchMedia("(prefers-color-scheme: dark)");
const style = () => element.dataset.style.replace("base-map=light", scheme.matches ? "base-map=dark" : "base-map=light");

element.replaceChildren();
const map = new maplibregl.Map({
  container: element,
  style: style(),
  bounds: [[west, south], [east, north]],
  fitBoundsOptions: { padding: isNarrow ? 24 : { top: 40, right: 48, bottom: 56, left: 40 }, maxZoom: 15 },
  attributionControl: false,
  dragRotate: false,
  pitchWithRotate: false,
  cooperativeGestures: false,
  locale: { "NavigationControl.ZoomIn": zoomIn, "NavigationControl.ZoomOut": zoomOut, "Map.Title": label },
  localIdeographFontFamily: language === "zh-Hans"
    ? '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif'
    : '"PingFang HK","Microsoft JhengHei","Noto Sans CJK HK",sans-serif',
});
map.scrollZoom.disable();
map.touchZoomRotate.disableRotation();
map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
map.once("idle", () => (element.dataset.ready = "true"));
// A page that scrolls under the pointer must not zoom: the wheel zooms once the map has been used.
map.on("click", () => map.scrollZoom.enable());
map.getCanvas().addEventListener("blur", () => map.scrollZoom.disable());

const own = () => map.getStyle().layers.filter((one) => one["source-layer"] === layer && one.source !== "ground" && !one.id.startsWith("selected"));
const at = (point) => {
  const near = 6;
  const area = [[point.x - near, point.y - near], [point.x + near, point.y + near]];
  return map.queryRenderedFeatures(area, { layers: own().map((one) => one.id) })[0];
};
map.on("mousemove", (event) => {
  if (map.isStyleLoaded()) map.getCanvas().style.cursor = at(event.point) ? "pointer" : "";
});

// The selected feature: a yellow disc with an ink ring, or a yellow band, under the layer itself.
let selected;
const select = (id) => {
  selected = id;
  const filter = ["==", ["id"], id ?? -1];
  if (map.getLayer("selected-circle")) {
    for (const kind of ["circle", "line", "edge"]) map.setFilter(`selected-${kind}`, kind === "circle" ? ["all", ["==", ["geometry-type"], "Point"], filter] : ["all", ["!=", ["geometry-type"], "Point"], filter]);
    return;
  }
  const first = own()[0];
  if (!first) return;
  const add = (kind, type, paint, test) => map.addLayer({ id: `selected-${kind}`, type, source: first.source, "source-layer": layer, filter: ["all", test, filter], paint }, first.id);
  const points = ["==", ["geometry-type"], "Point"];
  add("edge", "line", { "line-color": "#14212b", "line-width": 11 }, ["!", points]);
  add("line", "line", { "line-color": "#ffd54a", "line-width": 7 }, ["!", points]);
  add("circle", "circle", { "circle-color": "#ffd54a", "circle-radius": 12, "circle-stroke-color": "#14212b", "circle-stroke-width": 3 }, points);
};
if (element.dataset.selected) map.once("load", () => select(Number(element.dataset.selected)));
scheme.addEventListener("change", () => {
  map.setStyle(style(), { diff: false });
  if (selected !== undefined) map.once("idle", () => select(selected));
});

const panel = box.querySelector("[data-details]");
if (panel) {
  const [title, other, rows, record] = ["h2", "[data-other]", "dl", "[data-record]"].map((one) => panel.querySelector(one));
  const hide = () => {
    panel.hidden = true;
    select(undefined);
  };
  const show = async (feature) => {
    const address = `${root}/collections/${layer}/items/${feature.id}?f=html&lang=${language}`;
    const answer = await fetch(address, { headers: { accept: "text/html" } });
    if (!answer.ok) return hide();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const copy = (to, from) => {
      to.textContent = from?.textContent ?? "";
      to.lang = from?.lang || language;
    };
    copy(title, page.querySelector("[data-name]"));
    copy(other, page.querySelector("[data-other]"));
    rows.replaceChildren(...[...page.querySelectorAll("[data-summary]")].map((row) => {
      row.querySelector(".alt")?.remove();
      for (const link of row.querySelectorAll("dd a")) link.textContent = link.hostname;
      return document.importNode(row, true);
    }));
    record.href = address;
    panel.hidden = false;
    select(feature.id);
    if (isNarrow) panel.scrollIntoView({ block: "nearest" });
  };
  panel.querySelector("[data-close]").addEventListener("click", () => {
    hide();
    map.getCanvas().focus();
  });
  addEventListener("keydown", (event) => event.key === "Escape" && !panel.hidden && hide());
  map.on("click", (event) => {
    const feature = at(event.point);
    if (feature) show(feature);
    else hide();
  });
}

// HK1980 Grid by a seven-parameter shift and the transverse Mercator series, to the metre.
function hk1980(lon, lat) {
  const degree = Math.PI / 180;
  const second = degree / 3600;
  const square = (flattening) => flattening * (2 - flattening);
  const phi = lat * degree;
  const lambda = lon * degree;
  const e = square(1 / 298.257223563);
  const normal = 6378137 / Math.sqrt(1 - e * Math.sin(phi) ** 2);
  let [x, y, z] = [normal * Math.cos(phi) * Math.cos(lambda), normal * Math.cos(phi) * Math.sin(lambda), normal * (1 - e) * Math.sin(phi)];
  const scale = 1 + 1.094246e-6;
  const [rx, ry, rz] = [0.067753 * second, -2.243648 * second, -1.158828 * second];
  x += 162.619;
  y += 276.959;
  z += 161.764;
  [x, y, z] = [(x + rz * y - ry * z) * scale, (-rz * x + y + rx * z) * scale, (ry * x - rx * y + z) * scale];
  const a = 6378388;
  const e2 = square(1 / 297);
  const flat = Math.hypot(x, y);
  const east = Math.atan2(y, x);
  let north = Math.atan2(z, flat * (1 - e2));
  for (let turn = 0; turn < 5; turn++) north = Math.atan2(z + (e2 * a * Math.sin(north)) / Math.sqrt(1 - e2 * Math.sin(north) ** 2), flat);
  const arc = (t) => a * ((1 - e2 / 4 - (3 * e2 ** 2) / 64 - (5 * e2 ** 3) / 256) * t - ((3 * e2) / 8 + (3 * e2 ** 2) / 32 + (45 * e2 ** 3) / 1024) * Math.sin(2 * t) + ((15 * e2 ** 2) / 256 + (45 * e2 ** 3) / 1024) * Math.sin(4 * t) - ((35 * e2 ** 3) / 3072) * Math.sin(6 * t));
  const origin = 22.3121333333333 * degree;
  const meridian = 114.178555555556 * degree;
  const n = a / Math.sqrt(1 - e2 * Math.sin(north) ** 2);
  const psi = n / ((n * (1 - e2)) / (1 - e2 * Math.sin(north) ** 2));
  const t = Math.tan(north);
  const w = (east - meridian) * Math.cos(north);
  return [
    836694.05 + n * w * (1 + (w * w * (psi - t * t)) / 6),
    819069.8 + arc(north) - arc(origin) + n * t * w * w * (1 / 2 + (w * w * (4 * psi * psi + psi - t * t)) / 24),
  ];
}

const readout = box.querySelector(".readout");
const [degrees, grid, scale, length] = ["[data-degrees]", "[data-grid]", ".scale", "[data-scale]"].map((one) => readout.querySelector(one));
const show = ({ lng, lat }) => {
  const metres = (value) => Math.round(value).toString().replace(/(\d{3})(?=\d)/g, "$1 ");
  const [easting, northing] = hk1980(lng, lat);
  degrees.textContent = `${lat.toFixed(5)}° N ${lng.toFixed(5)}° E`;
  grid.textContent = `${metres(easting)} E ${metres(northing)} N`;
};
// The longest of 1, 2 and 5 times a power of ten that fits into 90 px.
const measure = () => {
  const metresPerPixel = (40075016.686 * Math.cos((map.getCenter().lat * Math.PI) / 180)) / (512 * 2 ** map.getZoom());
  const most = 90 * metresPerPixel;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].map((one) => one * power).find((one) => one <= most);
  scale.style.width = `${metres / metresPerPixel}px`;
  length.textContent = metres >= 1000 ? `${metres / 1000} km` : `${metres} m`;
};
readout.hidden = false;
show(map.getCenter());
measure();
map.on("mousemove", (event) => show(event.lngLat));
map.on("move", () => show(map.getCenter()));
map.on("zoom", measure);
