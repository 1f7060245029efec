"""GDAL reads every file that is taken away of every layer: the same features, places and fields as are served."""

import csv
import functools
import hashlib
import io
import re
import tempfile
import unittest
import zipfile
from pathlib import Path

import server
from osgeo import gdal, ogr, osr
from server import Box, Checks, on_every_layer

gdal.UseExceptions()
ogr.UseExceptions()
osr.UseExceptions()

ALL_FORMATS = ["lcsd-libraries", "td-ferry-routes", "had-districts-18"]
"""Layers of points, lines and areas whose definitions ask for every format."""

ENDS = [".gpkg", ".geojson", ".csv", ".shp.zip", ".gml.zip", ".kml", ".fgb", ".gdb.zip", ".pmtiles"]
IN_ONE_SYSTEM = [".geojson", ".kml", ".pmtiles"]

GRID_TOLERANCE_DEG = 2e-5
"""PROJ goes back to degrees by the most exact operation that it knows, which differs by a metre at most."""

KML_FIELDS = {
    "Name", "description", "timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude", "visibility",
    "drawOrder", "icon",
}  # fmt: skip
"""What GDAL's driver finds in any KML."""


@functools.cache
def files(layer):
    """The links to the files of a layer, by their names."""
    found = server.links(server.get_json(f"/collections/{layer}"), "enclosure")
    return {link["href"].rsplit("/", 1)[-1]: link for link in found}


class Taken:
    """A file on the disk, opened by GDAL."""

    def __init__(self, name, body, folder):
        path = Path(folder) / name
        path.write_bytes(body)
        layer = name.removesuffix(".gml.zip").removesuffix("-hk1980")
        inside = f"/{layer}.gml" if name.endswith(".gml.zip") else ""
        packed = "/vsizip/" if name.endswith(".zip") else ""
        source = f"{packed}{path}{inside}"
        self.name, self.body = name, body
        self.source = gdal.OpenEx(source, gdal.OF_VECTOR, open_options=columns(body) if ".csv" in name else [])
        self.layer = self.source.GetLayer(0)

    def box(self):
        """The extent in degrees."""
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(2326 if "-hk1980" in self.name else 4326)
        reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        degrees = osr.SpatialReference()
        degrees.ImportFromEPSG(4326)
        degrees.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        change = osr.CoordinateTransformation(reference, degrees)
        sides = []
        for feature in self.layer:
            shape = feature.GetGeometryRef()
            if shape is None or shape.IsEmpty():
                continue
            shape.Transform(change)
            west, east, south, north = shape.GetEnvelope()
            sides.append((west, south, east, north))
        return Box(*(pick(values) for pick, values in zip((min, min, max, max), zip(*sides))))

    def fields(self):
        definition = self.layer.GetLayerDefn()
        every = [definition.GetFieldDefn(place) for place in range(definition.GetFieldCount())]
        names = {field.GetAlternativeName() or field.GetName() for field in every}
        if self.name.endswith(".shp.zip"):
            with zipfile.ZipFile(io.BytesIO(self.body)) as archive:
                table = csv.DictReader(io.StringIO(archive.read("fields.csv").decode()))
                long = {row["column"]: row["name"] for row in table}
            return {long[name] for name in names}
        if self.name.endswith(".gml.zip"):
            unpacked = {re.sub("_x([0-9A-F]{4})_", lambda code: chr(int(code[1], 16)), name) for name in names}
            return unpacked - {"gml_id"}
        return names - KML_FIELDS if self.name.endswith(".kml") else names


def columns(body):
    """How GDAL finds the place in a CSV."""
    names = names_of(body)
    if names[-1] == "wkt":
        return ["GEOM_POSSIBLE_NAMES=wkt"]
    x, y = ("easting", "northing") if names[-1] == "easting" else ("longitude", "latitude")
    return [f"X_POSSIBLE_NAMES={x}", f"Y_POSSIBLE_NAMES={y}"]


def names_of(body):
    return next(csv.reader(io.StringIO(body.decode("utf-8-sig"))))


def has_a_pair_of_its_own(body):
    """Whether a department's columns are called like those of the place: GDAL takes the first, in any case."""
    names = [name.lower() for name in names_of(body)]
    return any(names[:-2].count(name) for name in names[-2:])


def take(layer, name, folder):
    return Taken(name, server.get(files(layer)[name]["href"]).body, folder)


OURS = {"feature_id", "id", "longitude", "latitude", "northing", "easting", "wkt"}


class FilesAreTheLayer(Checks):
    @on_every_layer
    def test_each_file_holds_every_feature_where_it_is(self, layer):
        for name, link in files(layer.id).items():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                answer = server.get(link["href"])
                self.assertEqual(link["length"], len(answer.body))
                self.assertEqual(link["sha256"], hashlib.sha256(answer.body).hexdigest())
                self.assertEqual(f'"{link["sha256"]}"', answer.headers["etag"])
                if name.endswith(".pmtiles"):
                    # GDAL 3.6 has no driver; test_take_away.py reads what is written so.
                    self.assertEqual(b"PMTiles\x03", answer.body[:8])
                    continue
                taken = Taken(name, answer.body, folder)
                self.assertEqual(layer.features, taken.layer.GetFeatureCount())
                served = set(server.schema(layer.id))
                # A name that differs from another by its case alone has a number in most formats.
                found = {field if field in served else field.removesuffix("_2") for field in taken.fields()}
                self.assertEqual(served - OURS, found - OURS)
                if name.endswith(".csv") and has_a_pair_of_its_own(answer.body):
                    continue
                self.assert_same_box(layer.box, taken.box(), server.BOX_TOLERANCE_DEG + GRID_TOLERANCE_DEG)

    def test_every_format_is_there_where_it_is_asked_for(self):
        for layer in ALL_FORMATS:
            wanted = {f"{layer}{end}" for end in ENDS}
            wanted |= {f"{layer}-hk1980{end}" for end in ENDS if end not in IN_ONE_SYSTEM}
            self.assertEqual(wanted, set(files(layer)))

    def test_coordinates_of_the_grid_are_those_that_are_served(self):
        crs = "http://www.opengis.net/def/crs/EPSG/0/2326"
        page = server.get_json(f"/collections/lcsd-libraries/items?limit=1000&crs={crs}")
        served = {one["id"]: one["geometry"]["coordinates"] for one in page["features"]}
        with tempfile.TemporaryDirectory() as folder:
            # GDAL's layer does not keep its file open by itself.
            taken = take("lcsd-libraries", "lcsd-libraries-hk1980.gpkg", folder)
            for feature in taken.layer:
                northing, easting = served[feature["feature_id"]][:2]
                shape = feature.GetGeometryRef()
                self.assertAlmostEqual(easting, shape.GetX(), delta=1e-3)
                self.assertAlmostEqual(northing, shape.GetY(), delta=1e-3)

    def test_texts_come_out_as_they_are_served(self):
        served = {one["id"]: one["properties"]["設施名稱"] for one in server.features("lcsd-libraries")}
        with tempfile.TemporaryDirectory() as folder:
            for name in files("lcsd-libraries"):
                if name.endswith((".gpkg", ".fgb", ".gdb.zip")):
                    taken = take("lcsd-libraries", name, folder)
                    found = {int(feature["feature_id"]): feature["設施名稱"] for feature in taken.layer}
                    self.assertEqual(served, found, name)


if __name__ == "__main__":
    unittest.main()
