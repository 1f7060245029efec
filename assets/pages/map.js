// The map of a layer page: district lines on one ground, the layer in its own style, details on a
// click, and a read-out in both systems.
import * as maplibregl from "/assets/vendor/maplibre-gl-6.17.0/maplibre-gl.mjs";

const element = document.getElementById("map");
const box = element.closest(".mapbox") ?? element.parentElement;
const bounds = JSON.parse(element.dataset.bounds);
const layer = element.dataset.layer;
const summary = JSON.parse(element.dataset.summary ?? "[]");
const titles = JSON.parse(element.dataset.titles ?? "{}");
const narrow = innerWidth < 700;

const map = new maplibregl.Map({
  container: element,
  style: element.dataset.style,
  bounds: [[bounds[0], bounds[1]], [bounds[2], bounds[3]]],
  fitBoundsOptions: { padding: narrow ? 24 : 48, maxZoom: 15 },
  attributionControl: false,
  dragRotate: false,
  pitchWithRotate: false,
  localIdeographFontFamily: '"Noto Sans CJK HK","PingFang HK","Microsoft JhengHei",sans-serif',
});
map.touchZoomRotate.disableRotation();
map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
map.getCanvas().setAttribute("aria-label", element.dataset.label);
map.once("idle", () => (element.dataset.ready = "true"));

const own = () => map.getStyle().layers.filter((one) => one["source-layer"] === layer && one.source !== "ground").map((one) => one.id);
const at = (point) => {
  const near = 6;
  const area = [[point.x - near, point.y - near], [point.x + near, point.y + near]];
  return map.queryRenderedFeatures(area, { layers: own() })[0];
};
map.on("mousemove", (event) => (map.getCanvas().style.cursor = at(event.point) ? "pointer" : ""));

const panel = box.querySelector("[data-details]");
if (panel) {
  const hide = () => (panel.hidden = true);
  panel.querySelector("[data-close]").addEventListener("click", hide);
  addEventListener("keydown", (event) => event.key === "Escape" && hide());
  map.on("click", (event) => {
    const feature = at(event.point);
    if (!feature) return hide();
    const values = feature.properties;
    const name = values[element.dataset.name] ?? values[element.dataset.otherName];
    panel.querySelector("h2").textContent = name ?? `${feature.id}`;
    panel.querySelector("[data-other]").textContent = name === undefined ? "" : values[element.dataset.otherName] ?? "";
    const rows = panel.querySelector("dl");
    rows.replaceChildren();
    for (const field of summary) {
      if (values[field] === undefined || values[field] === name) continue;
      const title = document.createElement("dt");
      const value = document.createElement("dd");
      title.textContent = titles[field] ?? field;
      value.textContent = values[field];
      rows.append(title, value);
    }
    panel.querySelector("[data-record]").href = `/collections/${layer}/items/${feature.id}?f=html&lang=${document.documentElement.lang}`;
    panel.hidden = false;
  });
}

const mark = element.dataset.mark && JSON.parse(element.dataset.mark);
if (mark) new maplibregl.Marker({ color: "#14212b" }).setLngLat(mark).addTo(map);

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

const degrees = box.querySelector("[data-degrees]");
const grid = box.querySelector("[data-grid]");
const show = ({ lng, lat }) => {
  const metres = (value) => Math.round(value).toString().replace(/(\d{3})(?=\d)/g, "$1 ");
  const [easting, northing] = hk1980(lng, lat);
  degrees.textContent = `${lat.toFixed(5)}° N ${lng.toFixed(5)}° E`;
  grid.textContent = `${metres(easting)} E ${metres(northing)} N`;
};
if (degrees && grid) {
  map.on("mousemove", (event) => show(event.lngLat));
  map.on("move", () => show(map.getCenter()));
  map.on("load", () => show(map.getCenter()));
}
