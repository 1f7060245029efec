// HK1980 Grid (EPSG:2326) by the seven parameters of the Survey and Mapping Office and the transverse
// Mercator series, and lengths and areas on the ellipsoid. Positions are [longitude, latitude] in degrees.
const DEGREE = Math.PI / 180;
const SECOND = DEGREE / 3600;
const eccentricity = (flattening) => flattening * (2 - flattening);
const WGS84 = { a: 6378137, f: 1 / 298.257223563 };
const HAYFORD = { a: 6378388, f: 1 / 297 };

// Easting and northing in metres, to the millimetre inside Hong Kong.
export function hk1980([lon, lat]) {
  const phi = lat * DEGREE;
  const lambda = lon * DEGREE;
  const e = eccentricity(WGS84.f);
  const normal = WGS84.a / Math.sqrt(1 - e * Math.sin(phi) ** 2);
  let [x, y, z] = [normal * Math.cos(phi) * Math.cos(lambda), normal * Math.cos(phi) * Math.sin(lambda), normal * (1 - e) * Math.sin(phi)];
  const scale = 1 + 1.094246e-6;
  const [rx, ry, rz] = [0.067753 * SECOND, -2.243648 * SECOND, -1.158828 * SECOND];
  x += 162.619;
  y += 276.959;
  z += 161.764;
  [x, y, z] = [(x + rz * y - ry * z) * scale, (-rz * x + y + rx * z) * scale, (ry * x - rx * y + z) * scale];
  const { a } = HAYFORD;
  const e2 = eccentricity(HAYFORD.f);
  const flat = Math.hypot(x, y);
  const east = Math.atan2(y, x);
  let north = Math.atan2(z, flat * (1 - e2));
  for (let turn = 0; turn < 5; turn++) north = Math.atan2(z + (e2 * a * Math.sin(north)) / Math.sqrt(1 - e2 * Math.sin(north) ** 2), flat);
  const arc = (t) => a * ((1 - e2 / 4 - (3 * e2 ** 2) / 64 - (5 * e2 ** 3) / 256) * t - ((3 * e2) / 8 + (3 * e2 ** 2) / 32 + (45 * e2 ** 3) / 1024) * Math.sin(2 * t) + ((15 * e2 ** 2) / 256 + (45 * e2 ** 3) / 1024) * Math.sin(4 * t) - ((35 * e2 ** 3) / 3072) * Math.sin(6 * t));
  const origin = 22.3121333333333 * DEGREE;
  const meridian = 114.178555555556 * DEGREE;
  const n = a / Math.sqrt(1 - e2 * Math.sin(north) ** 2);
  const psi = n / ((n * (1 - e2)) / (1 - e2 * Math.sin(north) ** 2));
  const t = Math.tan(north);
  const w = (east - meridian) * Math.cos(north);
  return [
    836694.05 + n * w * (1 + (w * w * (psi - t * t)) / 6),
    819069.8 + arc(north) - arc(origin) + n * t * w * w * (1 / 2 + (w * w * (4 * psi * psi + psi - t * t)) / 24),
  ];
}

// The way back, by correcting a guess until the way there agrees.
export function fromHk1980([easting, northing]) {
  const METRES_PER_DEGREE = 111320;
  let [lon, lat] = [114.18, 22.31];
  for (let turn = 0; turn < 6; turn++) {
    const [east, north] = hk1980([lon, lat]);
    lat += (northing - north) / METRES_PER_DEGREE;
    lon += (easting - east) / (METRES_PER_DEGREE * Math.cos(lat * DEGREE));
  }
  return [lon, lat];
}

const metres = (value) => Math.round(value).toString().replace(/(\d{3})(?=\d)/g, "$1 ");
export const asDegrees = ([lon, lat]) => `${Math.abs(lat).toFixed(5)}° ${lat < 0 ? "S" : "N"} ${Math.abs(lon).toFixed(5)}° ${lon < 0 ? "W" : "E"}`;
export const asGrid = (position) => {
  const [easting, northing] = hk1980(position);
  return `${metres(easting)} E ${metres(northing)} N`;
};

// A position that somebody typed, in either system and either order that cannot be mistaken, or undefined.
export function read(text) {
  const figures = text.match(/-?\d+(?:\.\d+)?/g);
  // Grid figures are written in groups: `837 586 E 815 670 N`.
  const grouped = text.replace(/(\d)[ ,](?=\d{3}(?:\D|$))/g, "$1").match(/-?\d+(?:\.\d+)?/g);
  const inGrid = grouped?.length === 2 ? grouped.map(Number) : [];
  const [first, second] = inGrid;
  if (first > 790000 && first < 880000 && second > 790000 && second < 860000) return fromHk1980([first, second]);
  if (!/^[\d\s.,°'NESWnesw+-]+$/.test(text) || figures?.length !== 2) return undefined;
  const [one, other] = figures.map(Number);
  const [lat, lon] = Math.abs(one) > 90 ? [other, one] : [one, other];
  return Math.abs(lat) <= 85 && Math.abs(lon) <= 180 ? [lon, lat] : undefined;
}

// Metres between two positions on the ellipsoid (Vincenty's inverse formula).
export function distance([lon1, lat1], [lon2, lat2]) {
  const { a, f } = WGS84;
  const b = a * (1 - f);
  const reduced = (lat) => Math.atan((1 - f) * Math.tan(lat * DEGREE));
  const [u1, u2] = [reduced(lat1), reduced(lat2)];
  const difference = (lon2 - lon1) * DEGREE;
  let lambda = difference;
  for (let turn = 0; turn < 50; turn++) {
    const sine = Math.hypot(Math.cos(u2) * Math.sin(lambda), Math.cos(u1) * Math.sin(u2) - Math.sin(u1) * Math.cos(u2) * Math.cos(lambda));
    if (sine === 0) return 0;
    const cosine = Math.sin(u1) * Math.sin(u2) + Math.cos(u1) * Math.cos(u2) * Math.cos(lambda);
    const sigma = Math.atan2(sine, cosine);
    const azimuth = (Math.cos(u1) * Math.cos(u2) * Math.sin(lambda)) / sine;
    const square = 1 - azimuth ** 2;
    const middle = square === 0 ? 0 : cosine - (2 * Math.sin(u1) * Math.sin(u2)) / square;
    const c = (f / 16) * square * (4 + f * (4 - 3 * square));
    const before = lambda;
    lambda = difference + (1 - c) * f * azimuth * (sigma + c * sine * (middle + c * cosine * (2 * middle ** 2 - 1)));
    if (Math.abs(lambda - before) > 1e-12) continue;
    const k = (square * (a * a - b * b)) / (b * b);
    const big = 1 + (k / 16384) * (4096 + k * (-768 + k * (320 - 175 * k)));
    const small = (k / 1024) * (256 + k * (-128 + k * (74 - 47 * k)));
    const shift = small * sine * (middle + (small / 4) * (cosine * (2 * middle ** 2 - 1) - (small / 6) * middle * (4 * sine ** 2 - 3) * (4 * middle ** 2 - 3)));
    return b * big * (sigma - shift);
  }
  return Number.NaN;
}

// Square metres inside a ring, on the sphere that has the ellipsoid's area.
export function area(ring) {
  const e = Math.sqrt(eccentricity(WGS84.f));
  const q = (lat) => {
    const s = e * Math.sin(lat * DEGREE);
    return (1 - e * e) * (s / e / (1 - s * s) + Math.atanh(s) / e);
  };
  const pole = q(90);
  const radius = WGS84.a * Math.sqrt(pole / 2);
  const authalic = (lat) => Math.asin(q(lat) / pole);
  let sum = 0;
  ring.forEach(([lon1, lat1], place) => {
    const [lon2, lat2] = ring[(place + 1) % ring.length];
    const half = ((lon2 - lon1) * DEGREE) / 2;
    sum += 2 * Math.atan2(Math.tan(half) * (Math.tan(authalic(lat1) / 2) + Math.tan(authalic(lat2) / 2)), 1 + Math.tan(authalic(lat1) / 2) * Math.tan(authalic(lat2) / 2));
  });
  return Math.abs(sum) * radius * radius;
}
