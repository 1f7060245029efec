"""What every check shares: the server that `run` started, the layers it must hold, and plain HTTP.

`run` says where things are by environment variables:

    CAUSEWAY_URL         address of the server, such as http://127.0.0.1:40123
    CAUSEWAY_DATA        the data folder it serves
    CAUSEWAY_TREE_TABLE  the hand-made table of the tree's layers (tests/data/tree.tsv)
    CAUSEWAY_PROGRAM     the program itself, for checks of its commands
"""

import functools
import http.client
import json
import math
import os
import unittest
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit

URL = os.environ.get("CAUSEWAY_URL", "").rstrip("/")
DATA = Path(os.environ.get("CAUSEWAY_DATA", "data"))
PROGRAM = os.environ.get("CAUSEWAY_PROGRAM", "")
TREE_TABLE = Path(os.environ.get("CAUSEWAY_TREE_TABLE") or Path(__file__).resolve().parents[1] / "data" / "tree.tsv")

CATALOGUE = "catalogue"
"""The collection that holds records instead of features."""

BOX_TOLERANCE_DEG = 1.1e-4
"""The table gives boxes to four decimals of a degree."""

MERCATOR_WIDTH_M = 2 * math.pi * 6378137
"""Width of the world in EPSG:3857."""

ANSWER_TIMEOUT_S = 30


class Box(NamedTuple):
    """West, south, east, north in degrees."""

    west: float
    south: float
    east: float
    north: float


class Layer(NamedTuple):
    """A row of the hand-made table: what the sources say, not what the server says."""

    id: str
    features: int
    box: Box


class Answer(NamedTuple):
    """An HTTP answer; header names are lower case."""

    url: str
    status: int
    headers: dict
    body: bytes

    @property
    def media_type(self):
        return self.headers.get("content-type", "").split(";")[0].strip()

    def json(self):
        return json.loads(self.body)


def get(address, method="GET", accept=None, **headers):
    """Asks the server for a path or one of its own full addresses; follows nothing.

    Header names are given with underscores (`accept_encoding="gzip"`). Addresses elsewhere are refused,
    so that no check leaves this machine.
    """
    url = urljoin(URL + "/", address)
    parts = urlsplit(url)
    if parts.netloc != urlsplit(URL).netloc:
        raise ValueError(f"{url} is not an address of the server under test")
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~") or "/"
    if parts.query:
        path += "?" + quote(parts.query, safe="%/:@!$&'()*+,;=?~")
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if accept is not None:
        sent["accept"] = accept
    connection = http.client.HTTPConnection(parts.netloc, timeout=ANSWER_TIMEOUT_S)
    try:
        connection.request(method, path, headers=sent)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(url, response.status, found, response.read())
    finally:
        connection.close()


def get_json(address, **how):
    """The document at an address that must answer 200."""
    answer = get(address, **how)
    if answer.status != 200:
        raise AssertionError(f"GET {answer.url} answered {answer.status}: {answer.body[:300]!r}")
    return answer.json()


@functools.cache
def tree():
    """The layers that the tree's definitions must give, by id."""
    lines = TREE_TABLE.read_text(encoding="utf-8").splitlines()
    names = lines[0].split("\t")
    layers = {}
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip() or line.startswith("#"):
            continue
        row = dict(zip(names, line.split("\t")))
        try:
            box = Box(*(float(row[side]) for side in Box._fields))
            layers[row["layer"]] = Layer(row["layer"], int(row["features"]), box)
        except (KeyError, ValueError) as error:
            raise ValueError(f"{TREE_TABLE} line {number}: {error}: {line!r}") from error
    if not layers:
        raise ValueError(f"{TREE_TABLE} lists no layer")
    return layers


@functools.cache
def collections():
    """The feature collections of the server, by id, without the catalogue."""
    return {one["id"]: one for one in get_json("/collections")["collections"] if one["id"] != CATALOGUE}


@functools.cache
def schema(layer):
    """The fields of a layer, by name, without its geometry: JSON Schema of each."""
    properties = get_json(f"/collections/{layer}/queryables")["properties"]
    return {name: field for name, field in properties.items() if "geometry" not in field.get("format", "")}


def pages(address):
    """Every page from this address on, by the `next` links, as a client walks them."""
    seen = set()
    while address:
        if address in seen:
            raise AssertionError(f"the next links go round: {address}")
        seen.add(address)
        page = get_json(address)
        yield page
        address = href(page, "next")


@functools.cache
def features(layer):
    """Every feature of a layer as the items address gives them."""
    return [one for page in pages(f"/collections/{layer}/items?limit=1000") for one in page["features"]]


def links(document, rel):
    return [link for link in document["links"] if link["rel"] == rel]


def href(document, rel):
    """The address of a document's only link of this relation, or None."""
    found = links(document, rel)
    return found[0]["href"] if found else None


def vertices(geometry):
    """Every position of a GeoJSON geometry as (longitude, latitude)."""
    if geometry is None:
        return
    if geometry["type"] == "GeometryCollection":
        for part in geometry["geometries"]:
            yield from vertices(part)
        return
    stack = [geometry["coordinates"]]
    while stack:
        here = stack.pop()
        if here and isinstance(here[0], (int, float)):
            yield here[0], here[1]
        else:
            stack.extend(reversed(here))


def spread(things, most):
    """At most this many of a list, evenly from its first to its last."""
    if len(things) <= most:
        return list(things)
    return [things[round(place * (len(things) - 1) / (most - 1))] for place in range(most)]


def tile_place(lon, lat, zoom):
    """Column and row, with fractions, of a place in the WebMercatorQuad grid."""
    count = 2**zoom
    sine = math.sin(math.radians(lat))
    return (lon + 180) / 360 * count, (0.5 - math.atanh(sine) / (2 * math.pi)) * count


def mercator_m(lon, lat):
    """A place in EPSG:3857, in metres."""
    column, row = tile_place(lon, lat, 0)
    return (column - 0.5) * MERCATOR_WIDTH_M, (0.5 - row) * MERCATOR_WIDTH_M


def kind(layer):
    """'point', 'line' or 'area', by the layer's first geometry."""
    for feature in features(layer):
        if feature["geometry"]:
            name = feature["geometry"]["type"].removeprefix("Multi")
            return {"Point": "point", "LineString": "line", "Polygon": "area"}[name]
    raise AssertionError(f"{layer} has no geometry")


def some_layer(wanted, among=(), most_features=2000):
    """A layer of this kind: one of those named, if the tree has it, else the first there is."""
    for layer in [*among, *tree()]:
        if (
            layer in tree()
            and layer in collections()
            and tree()[layer].features <= most_features
            and kind(layer) == wanted
        ):
            return layer
    raise unittest.SkipTest(f"the tree has no {wanted} layer of at most {most_features} features")


def on_every_layer_that(applies):
    """Makes a check of one layer a check of all served ones that this is true of.

    A layer that fails does not hide the next. A layer of the tree that is not served fails in test_tree.py.
    """

    def decorate(check):
        @functools.wraps(check)
        def over_the_tree(self):
            for layer in tree().values():
                if layer.id in collections() and applies(layer):
                    with self.subTest(layer.id):
                        check(self, layer)

        return over_the_tree

    return decorate


on_every_layer = on_every_layer_that(lambda layer: True)


class Checks(unittest.TestCase):
    """What the check files build on."""

    maxDiff = 2000

    def assert_same_box(self, expected, found, tolerance=BOX_TOLERANCE_DEG):
        for side, want, have in zip(Box._fields, expected, found):
            self.assertAlmostEqual(
                want, have, delta=tolerance, msg=f"{side} of {tuple(found)}, expected {tuple(expected)}"
            )
