"""Every published package is a valid GeoPackage, by GDAL's validator, and opens with what the tree says."""

import sqlite3
import unittest
from contextlib import closing

import server
from osgeo import gdal, ogr
from osgeo_utils.samples import validate_gpkg
from server import Box, Checks, on_every_layer

gdal.UseExceptions()
ogr.UseExceptions()


def package_of(layer):
    """The package of the layer's current revision."""
    folder = server.DATA / "layers" / layer
    return folder / (folder / "current").read_text(encoding="utf-8").strip() / "layer.gpkg"


class EveryPackage(Checks):
    @on_every_layer
    def test_the_validator_finds_no_fault(self, layer):
        validator = validate_gpkg.GPKGChecker(str(package_of(layer.id)), abort_at_first_error=False)
        validator.check()
        self.assertEqual([], validator.errors)

    @on_every_layer
    def test_gdal_reads_the_count_and_the_extent_of_the_source(self, layer):
        package = gdal.OpenEx(str(package_of(layer.id)), gdal.OF_VECTOR, allowed_drivers=["GPKG"])
        self.assertEqual(1, package.GetLayerCount())
        found = package.GetLayer(0)
        self.assertEqual(layer.features, sum(1 for _ in found))
        west, east, south, north = found.GetExtent()
        self.assert_same_box(layer.box, Box(west, south, east, north))
        self.assertEqual("4326", found.GetSpatialRef().GetAuthorityCode(None))

    @on_every_layer
    def test_it_is_a_geopackage_by_its_header_and_whole(self, layer):
        path = package_of(layer.id)
        header = path.read_bytes()[:100]
        self.assertEqual(b"SQLite format 3\0", header[:16])
        self.assertEqual(b"GPKG", header[68:72])
        self.assertGreaterEqual(int.from_bytes(header[60:64], "big"), 10200)
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as package:
            self.assertEqual([("ok",)], package.execute("PRAGMA integrity_check").fetchall())
            self.assertEqual([], package.execute("PRAGMA foreign_key_check").fetchall())
            systems = {row[0] for row in package.execute("SELECT srs_id FROM gpkg_spatial_ref_sys")}
            self.assertLessEqual({-1, 0, 4326}, systems)
            (changed,) = package.execute("SELECT last_change FROM gpkg_contents").fetchone()
            self.assertRegex(changed, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    @on_every_layer
    def test_its_spatial_index_finds_what_a_full_reading_finds(self, layer):
        package = gdal.OpenEx(str(package_of(layer.id)), gdal.OF_VECTOR, allowed_drivers=["GPKG"])
        found = package.GetLayer(0)
        self.assertTrue(found.TestCapability(ogr.OLCFastSpatialFilter), "no spatial index")
        box = (layer.box.west, layer.box.south, (layer.box.west + layer.box.east) / 2, layer.box.north)
        area = ogr.CreateGeometryFromWkt("POLYGON (({0} {1},{2} {1},{2} {3},{0} {3},{0} {1}))".format(*box))
        expected = set()
        for feature in found:
            geometry = feature.GetGeometryRef()
            if geometry is not None and geometry.Intersects(area):
                expected.add(feature.GetFID())
        found.SetSpatialFilter(area)
        self.assertEqual(expected, {feature.GetFID() for feature in found})


if __name__ == "__main__":
    unittest.main()
