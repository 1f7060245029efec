// The results page: a box that is drawn on the small map, and days from a calendar instead of typed ones.
const form = document.querySelector("[data-narrow]");
const map = document.querySelector("[data-ground]");

const drawing = form.querySelector("[data-drawing]");
if (map && drawing) {
  const [west, south, east, north] = map.dataset.ground.split(",").map(Number);
  const button = drawing.querySelector("button");
  const advice = drawing.querySelector("[data-advice]");
  // The picture is in Mercator's projection, whose northing this is, and back.
  const northing = (latDeg) => Math.asinh(Math.tan((latDeg * Math.PI) / 180));
  const latitude = (at) => (Math.atan(Math.sinh(at)) * 180) / Math.PI;
  const LEAST = 4;
  let from;
  let box;

  const within = (share) => Math.min(Math.max(share, 0), 1);
  const shares = ({ clientX, clientY }) => {
    const { left, top, width, height } = map.getBoundingClientRect();
    return [within((clientX - left) / width), within((clientY - top) / height)];
  };
  const corners = (to) => [0, 1].map((axis) => [from, to].map((corner) => corner[axis]).sort((a, b) => a - b));
  const draw = (to) => {
    const { x, y, width, height } = map.viewBox.baseVal;
    const [[left, right], [top, bottom]] = corners(to);
    const sides = { x: x + left * width, y: y + top * height, width: (right - left) * width, height: (bottom - top) * height };
    for (const [name, value] of Object.entries(sides)) box.setAttribute(name, value);
  };
  const degrees = (to) => {
    const [[left, right], [top, bottom]] = corners(to);
    const lat = (share) => latitude(northing(north) + share * (northing(south) - northing(north)));
    return [west + left * (east - west), lat(bottom), west + right * (east - west), lat(top)].map((side) => side.toFixed(4)).join(",");
  };
  const set = (on) => {
    button.setAttribute("aria-pressed", on);
    advice.textContent = on ? advice.dataset.advice : "";
    map.classList.toggle("drawing", on);
    from = undefined;
  };

  drawing.hidden = false;
  button.addEventListener("click", () => set(button.getAttribute("aria-pressed") === "false"));
  document.addEventListener("keydown", (event) => event.key === "Escape" && set(false));
  map.addEventListener("pointerdown", (event) => {
    if (!map.classList.contains("drawing")) return;
    event.preventDefault();
    map.setPointerCapture(event.pointerId);
    from = shares(event);
    map.querySelector(".chosen")?.remove();
    box = document.createElementNS(map.namespaceURI, "rect");
    box.classList.add("chosen");
    map.append(box);
  });
  map.addEventListener("pointermove", (event) => from && draw(shares(event)));
  map.addEventListener("pointerup", (event) => {
    if (!from) return;
    const { width, height } = map.getBoundingClientRect();
    const to = shares(event);
    const [[left, right], [top, bottom]] = corners(to);
    // A click is no box.
    if ((right - left) * width < LEAST || (bottom - top) * height < LEAST) return set(true);
    form.elements.bbox.value = degrees(to);
    set(false);
    form.requestSubmit();
  });
}

// What was typed is kept as it is unless it names days and nothing finer.
const time = form.elements.datetime;
const parts = time.value ? time.value.split("/") : ["", ""];
const asDay = (part) => (part === ".." ? "" : part);
if (parts.every((part) => /^(\d{4}-\d\d-\d\d|\.\.|)$/.test(part))) {
  const days = form.querySelector("[data-days]");
  const [first, last] = days.querySelectorAll("input");
  first.value = asDay(parts[0]);
  last.value = asDay(parts.at(-1));
  days.hidden = false;
  time.closest("label").hidden = true;
  days.addEventListener("change", () => {
    const [start, end] = [first.value, last.value];
    time.value = !start && !end ? "" : start === end ? start : `${start || ".."}/${end || ".."}`;
  });
}
