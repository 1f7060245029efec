"""What `causeway export` writes, read by those who made the formats: the package pmtiles, and GDAL."""

import subprocess
import tempfile
import unittest
from pathlib import Path

import server
from osgeo import gdal
from server import Checks

gdal.UseExceptions()

try:
    from pmtiles.reader import MmapSource, Reader, all_tiles
    from pmtiles.tile import Compression, TileType
except ImportError:
    Reader = None

ZOOM = 12
KINDS = ("point", "line", "area")


def export(layer, file_format, folder):
    """The layer as a file in a folder."""
    path = Path(folder) / f"{layer}.{file_format}"
    arguments = ["--data", server.DATA, "export", layer, "--format", file_format, "--zoom", f"0-{ZOOM}", "--output", path]
    subprocess.run([server.PROGRAM, *arguments], check=True, capture_output=True)
    return path


class TakenAway(Checks):
    def setUp(self):
        if not server.PROGRAM:
            self.skipTest("CAUSEWAY_PROGRAM does not say which program exports")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    @unittest.skipIf(Reader is None, "the package pmtiles is not installed")
    def test_pmtiles_holds_the_tiles_of_the_server(self):
        for kind in KINDS:
            layer = server.some_layer(kind)
            with self.subTest(layer), open(export(layer, "pmtiles", self.folder), "rb") as file:
                source = MmapSource(file)
                reader = Reader(source)
                header = reader.header()
                self.assertEqual((TileType.MVT, Compression.GZIP), (header["tile_type"], header["tile_compression"]))
                self.assertEqual((0, ZOOM), (header["min_zoom"], header["max_zoom"]))
                self.assertEqual([layer], [one["id"] for one in reader.metadata()["vector_layers"]])
                tiles = list(all_tiles(source))
                self.assertEqual(header["addressed_tiles_count"], len(tiles))
                for (zoom, column, row), data in server.spread(tiles, 200):
                    served = server.get(f"/xyz/{layer}/{zoom}/{column}/{row}.pbf", accept_encoding="gzip")
                    self.assertEqual(served.body, data, (zoom, column, row))

    def test_gdal_reads_every_feature_from_mbtiles(self):
        for kind in KINDS:
            layer = server.some_layer(kind)
            with self.subTest(layer):
                tiles = gdal.OpenEx(str(export(layer, "mbtiles", self.folder)), allowed_drivers=["MBTiles"])
                found = tiles.GetLayerByName(layer)
                ids = {feature.GetField("mvt_id") for feature in found}
                drawn = {one["id"] for one in server.features(layer) if one["geometry"]}
                self.assertEqual(drawn, ids)


if __name__ == "__main__":
    unittest.main()
