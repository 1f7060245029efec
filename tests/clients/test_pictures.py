"""Pictures of layers: WMTS as OWSLib and GDAL read it, and tiles beside what MapLibre draws of the same ground."""

import base64
import math
import unittest
from pathlib import Path

import chromium
import numpy
import server
from osgeo import gdal
from owslib.wmts import WebMapTileService
from server import Checks

gdal.UseExceptions()

CAPABILITIES = f"{server.URL}/wmts/1.0.0/WMTSCapabilities.xml"

SIDE_PX = 256
MAPLIBRE = next((Path(__file__).resolve().parents[2] / "assets" / "vendor").glob("maplibre-gl-*")).name
PLAIN, LABELLED = 2.5, 12
"""The mean difference that may be, of 255 over all pixels and channels. Edges are smoothed otherwise, dashes begin
elsewhere; labels have other places, and where no font for Han is set up, only some of the names."""

DRAWN = [
    ("had-districts-18", 9, 418, 223, PLAIN),
    ("had-districts-18", 11, 1673, 893, LABELLED),
    ("lcsd-libraries", 11, 1673, 893, PLAIN),
    ("td-ferry-routes", 11, 1672, 893, PLAIN),
    ("afcd-country-parks", 10, 836, 446, PLAIN),
]


def pixels(png):
    """Red, green, blue and opacity of every pixel: an array of rows."""
    path = "/vsimem/picture.png"
    gdal.FileFromMemBuffer(path, png)
    try:
        return gdal.Open(path).ReadAsArray().transpose(1, 2, 0).astype(float)
    finally:
        gdal.Unlink(path)


def on_white(picture):
    opacity = picture[..., 3:] / 255 if picture.shape[2] == 4 else 1
    return picture[..., :3] * opacity + 255 * (1 - opacity)


class Wmts(Checks):
    def test_owslib_reads_every_layer_and_a_tile_by_key_and_value(self):
        service = WebMapTileService(f"{server.URL}/wmts")
        mapped = set(server.collections())
        self.assertEqual(mapped, set(service.contents))
        self.assertEqual({"WebMercatorQuad", "WorldCRS84Quad", "HongKong1980Grid"}, set(service.tilematrixsets))
        tile = service.gettile(
            layer="lcsd-libraries",
            style="default",
            format="image/png",
            tilematrixset="WebMercatorQuad",
            tilematrix="10",
            row=446,
            column=836,
        )
        self.assertEqual(server.get("/map/lcsd-libraries/10/836/446.png").body, tile.read())

    def test_gdal_reads_each_grid_in_its_place(self):
        # The first library's neighbourhood is drawn where the features say, in every grid.
        lon, lat = server.features("lcsd-libraries")[0]["geometry"]["coordinates"]
        for grid in ("WebMercatorQuad", "WorldCRS84Quad", "HongKong1980Grid"):
            with self.subTest(grid):
                dataset = gdal.Open(f"WMTS:{CAPABILITIES},layer=lcsd-libraries,tilematrixset={grid}")
                reach = 0.002
                window = gdal.Warp(
                    "",
                    dataset,
                    format="MEM",
                    dstSRS="OGC:CRS84",
                    outputBounds=(lon - reach, lat - reach, lon + reach, lat + reach),
                    width=64,
                    height=64,
                )
                middle = window.ReadAsArray()[3, 26:38, 26:38]
                self.assertGreater(middle.max(), 200, "nothing is drawn at the library")


@unittest.skipIf(chromium.program() is None, "no Chromium")
class BesideMapLibre(Checks):
    def test_tiles_look_as_maplibre_draws_them(self):
        browser = chromium.Browser()
        try:
            for layer, zoom, column, row, most in DRAWN:
                with self.subTest(layer=layer, zoom=zoom):
                    ours = on_white(pixels(server.get(f"/map/{layer}/{zoom}/{column}/{row}.png").body))
                    theirs = on_white(pixels(drawn_by_maplibre(browser, layer, zoom, column, row)))
                    difference = numpy.abs(ours - theirs).mean()
                    self.assertGreater((theirs < 250).mean(), 0.001, "MapLibre drew nothing")
                    self.assertLess(difference, most)
        finally:
            browser.close()


def drawn_by_maplibre(browser, layer, zoom, column, row):
    side = 2**zoom
    lon = (column + 0.5) / side * 360 - 180
    lat = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (row + 0.5) / side))))
    with browser.open(f"{server.URL}/conformance?f=html") as page:
        page.run(
            f"""(async () => {{
              document.body.innerHTML = "<div id=here></div>";
              const here = document.getElementById("here");
              Object.assign(here.style, {{position: "fixed", left: 0, top: 0, width: "{SIDE_PX}px", height: "{SIDE_PX}px",
                background: "#fff"}});
              const maplibre = await import("/assets/vendor/{MAPLIBRE}/maplibre-gl.mjs");
              window.drawn = new maplibre.Map({{container: here, style: "/styles/{layer}", center: [{lon}, {lat}],
                zoom: {zoom - 1}, attributionControl: false, fadeDuration: 0, interactive: false}});
            }})()"""
        )
        page.wait_for("window.drawn?.loaded() && window.drawn.areTilesLoaded()", f"MapLibre's map of {layer}")
        page.run("new Promise((done) => setTimeout(done, 300))")
        clip = {"x": 0, "y": 0, "width": SIDE_PX, "height": SIDE_PX, "scale": 1}
        shot = page.ask("Page.captureScreenshot", format="png", clip=clip)
    return base64.b64decode(shot["data"])
