// What every map of ours has: one ground in the page's scheme, a read-out in both systems, and details
// that come from the feature's own page, so that words, dates and languages are the server's.
import * as maplibregl from "../vendor/maplibre-gl-6.17.0/maplibre-gl.mjs";
import { asDegrees, asGrid } from "./coordinates.js";

export const root = document.body.dataset.root;
export const language = document.documentElement.lang;
export const isNarrow = innerWidth < 700;

// The ground and the colours of classes follow the page's scheme.
export const scheme = matchMedia("(prefers-color-scheme: dark)");
export const inScheme = (address) => address.replace("base-map=light", scheme.matches ? "base-map=dark" : "base-map=light");

export const POINTS = ["==", ["geometry-type"], "Point"];
export const INK = "#14212b";
export const YELLOW = "#ffd54a";

export function makeMap(element, options) {
  const { label, zoomIn, zoomOut } = element.dataset;
  element.replaceChildren();
  const map = new maplibregl.Map({
    container: element,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    locale: { "NavigationControl.ZoomIn": zoomIn, "NavigationControl.ZoomOut": zoomOut, "Map.Title": label },
    localIdeographFontFamily: language === "zh-Hans"
      ? '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif'
      : '"PingFang HK","Microsoft JhengHei","Noto Sans CJK HK",sans-serif',
    ...options,
  });
  map.touchZoomRotate.disableRotation();
  map.once("idle", () => (element.dataset.ready = "true"));
  return map;
}

// The style layers that show one feature as selected: a yellow disc with an ink ring, or a yellow band.
export const selection = (source, layer, id) => {
  const part = (kind, type, paint, test) => ({
    id: `selected-${kind}`, type, source, "source-layer": layer, paint, filter: ["all", test, ["==", ["id"], id]],
  });
  return [
    part("edge", "line", { "line-color": INK, "line-width": 11 }, ["!", POINTS]),
    part("line", "line", { "line-color": YELLOW, "line-width": 7 }, ["!", POINTS]),
    part("circle", "circle", { "circle-color": YELLOW, "circle-radius": 12, "circle-stroke-color": INK, "circle-stroke-width": 3 }, POINTS),
  ];
};

// The feature nearest to a point of the screen, of these style layers.
export const featureAt = (map, point, layers) => {
  const near = 6;
  const area = [[point.x - near, point.y - near], [point.x + near, point.y + near]];
  return map.queryRenderedFeatures(area, { layers })[0];
};

// Fills and shows the panel of details; `show` answers whether the feature is there.
export function detailsOf(panel, onHide) {
  const [title, other, rows, record] = ["h2", "[data-other]", "dl", "[data-record]"].map((one) => panel.querySelector(one));
  const hide = () => {
    panel.hidden = true;
    onHide();
  };
  const show = async (layer, id) => {
    const address = `${root}/collections/${layer}/items/${id}?f=html&lang=${language}`;
    const answer = await fetch(address, { headers: { accept: "text/html" } });
    if (!answer.ok) {
      hide();
      return false;
    }
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
    return true;
  };
  addEventListener("keydown", (event) => event.key === "Escape" && !panel.hidden && hide());
  return { show, hide };
}

// Coordinates of the pointer or the middle, and the scale.
export function readOut(map, readout) {
  const [degrees, grid, scale, length] = ["[data-degrees]", "[data-grid]", ".scale", "[data-scale]"].map((one) => readout.querySelector(one));
  const show = ({ lng, lat }) => {
    degrees.textContent = asDegrees([lng, lat]);
    grid.textContent = asGrid([lng, lat]);
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
}
