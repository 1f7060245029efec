// The map of a layer's or a feature's page: the layer in its own style, details on a click.
import * as maplibregl from "../vendor/maplibre-gl-6.17.0/maplibre-gl.mjs";
import { detailsOf, featureAt, inScheme, isNarrow, makeMap, readOut, scheme, selection } from "./map-parts.js";

const element = document.getElementById("map");
const box = element.closest(".mapbox");
const { layer } = element.dataset;
const [west, south, east, north] = JSON.parse(element.dataset.bounds);
const style = () => inScheme(element.dataset.style);

const map = makeMap(element, {
  style: style(),
  bounds: [[west, south], [east, north]],
  fitBoundsOptions: { padding: isNarrow ? 24 : { top: 40, right: 48, bottom: 56, left: 40 }, maxZoom: 15 },
});
map.scrollZoom.disable();
map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
// A page that scrolls under the pointer must not zoom: the wheel zooms once the map has been used.
map.on("click", () => map.scrollZoom.enable());
map.getCanvas().addEventListener("blur", () => map.scrollZoom.disable());

const own = () => map.getStyle().layers.filter((one) => one["source-layer"] === layer && one.source !== "ground" && !one.id.startsWith("selected"));
const at = (point) => featureAt(map, point, own().map((one) => one.id));
map.on("mousemove", (event) => {
  if (map.isStyleLoaded()) map.getCanvas().style.cursor = at(event.point) ? "pointer" : "";
});

// The selected feature stands under the layer itself.
let selected;
const select = (id) => {
  selected = id;
  const first = own()[0];
  if (!first) return;
  for (const part of selection(first.source, layer, id ?? -1)) {
    if (map.getLayer(part.id)) map.setFilter(part.id, part.filter);
    else map.addLayer(part, first.id);
  }
};
if (element.dataset.selected) map.once("load", () => select(Number(element.dataset.selected)));
scheme.addEventListener("change", () => {
  map.setStyle(style(), { diff: false });
  if (selected !== undefined) map.once("idle", () => select(selected));
});

const panel = box.querySelector("[data-details]");
if (panel) {
  const details = detailsOf(panel, () => select(undefined));
  panel.querySelector("[data-close]").addEventListener("click", () => {
    details.hide();
    map.getCanvas().focus();
  });
  map.on("click", async (event) => {
    const feature = at(event.point);
    if (!feature) return details.hide();
    if (!(await details.show(layer, feature.id))) return;
    select(feature.id);
    if (isNarrow) panel.scrollIntoView({ block: "nearest" });
  });
}
readOut(map, box.querySelector(".readout"));
