"""QGIS 3.22 without a screen: opens layers as features and as vector tiles, and draws them.

A map of 200 metres round a feature is drawn with the style that the server gives. The pixel at the
feature's place must have the colour that the style gives to this very feature, and must not have it when the
layer is hidden. With `run --pictures DIR` a larger map is saved to look at.
"""

import json
import os
import tempfile
import unittest
from pathlib import Path
from urllib.parse import quote

import qgis_session
import server
from osgeo import ogr
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsDataSourceUri,
    QgsGeometry,
    QgsLayerDefinition,
    QgsMapBoxGlStyleConversionContext,
    QgsMapBoxGlStyleConverter,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor, QImage
from qgis.PyQt.QtXml import QDomDocument
from server import Checks, on_every_layer
from styles import colour_of, is_near, mark_colour

ogr.UseExceptions()

PICTURE_PX = 200
HALF_WIDTH_M = 100.0
ZOOM = 17
"""The zoom whose tiles QGIS asks for at one metre a pixel."""

AROUND_PX = {"point": 8, "area": 2, "line": 14}
"""How far from a feature's place a pixel counts: a pictogram may lie at the very place, and a dashed line have a gap."""

COLOUR_TOLERANCE = 12
"""Of 255, for antialiasing and rounding."""

FEATURES_A_LAYER = 5
CLEAR_M = 25.0
"""Points are judged where no other feature of the layer is drawn over them."""

CHOSEN_COLOUR = "#d0005e"

setUpModule, tearDownModule = qgis_session.begin, qgis_session.end


def feature_layer(name):
    """A layer as the dialog for OGC API Features adds it."""
    return QgsVectorLayer(f"url='{server.URL}/' typename='{name}'", name, "OAPIF")


def tile_layer(name, style_query=""):
    """A layer as the dialog for vector tiles adds it, with the server's own style."""
    tiles = f"{server.URL}/xyz/{name}/%7Bz%7D/%7Bx%7D/%7By%7D.pbf"
    style = quote(f"{server.URL}/styles/{name}{style_query}", safe="/:")
    layer = QgsVectorTileLayer(f"type=xyz&url={tiles}&zmin=0&zmax=22&styleUrl={style}", name)
    message, done = layer.loadDefaultStyle()
    if not done:
        raise AssertionError(f"QGIS cannot read the style of {name}: {message}")
    return layer


def picture_layer(name):
    """A layer as the dialog for WMS and WMTS adds it."""
    address = f"{server.URL}/wmts/1.0.0/WMTSCapabilities.xml"
    chosen = "crs=EPSG:3857&format=image/png&styles=default&tileMatrixSet=WebMercatorQuad"
    return QgsRasterLayer(f"{chosen}&layers={name}&url={address}", name, "wms")


def draw(layers, box, width_px=PICTURE_PX, height_px=PICTURE_PX, labels=False):
    """A picture of these layers, the first on top."""
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    settings.setTransformContext(QgsProject.instance().transformContext())
    settings.setOutputSize(QSize(width_px, height_px))
    settings.setExtent(box)
    settings.setBackgroundColor(QColor("white"))
    settings.setFlag(QgsMapSettings.DrawLabeling, labels)
    settings.setFlag(QgsMapSettings.Antialiasing, True)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    if job.errors():
        raise AssertionError([error.message for error in job.errors()])
    return job.renderedImage()


def colours_near_the_middle(image, within_px):
    middle = PICTURE_PX // 2
    around = range(middle - within_px, middle + within_px + 1)
    return [image.pixelColor(x, y).getRgb()[:3] for y in around for x in around]


def place_of(feature):
    """A place on the feature in EPSG:3857: the point, a line's middle, or inside an area."""
    shape = QgsGeometry()
    shape.fromWkb(bytes(ogr.CreateGeometryFromJson(json.dumps(feature["geometry"])).ExportToWkb()))
    if shape.type() == QgsWkbTypes.LineGeometry:
        line = max(shape.asGeometryCollection(), key=lambda part: part.length())
        inner = line.interpolate(line.length() / 2).asPoint()
    elif shape.type() == QgsWkbTypes.PointGeometry:
        inner = shape.asGeometryCollection()[0].asPoint()
    else:
        inner = shape.pointOnSurface().asPoint()
    return server.mercator_m(inner.x(), inner.y())


def judged_features(layer):
    """A few features of a layer with their places, none of them covered by another."""
    shaped = [feature for feature in server.features(layer) if feature["geometry"]]
    places = [place_of(feature) for feature in shaped]
    if server.kind(layer) == "point":
        cells = {}
        for x, y in places:
            cell = (x // CLEAR_M, y // CLEAR_M)
            cells[cell] = cells.get(cell, 0) + 1

        def is_clear(x, y):
            column, row = x // CLEAR_M, y // CLEAR_M
            return sum(cells.get((column + i, row + j), 0) for i in (-1, 0, 1) for j in (-1, 0, 1)) == 1

        pairs = [pair for pair in zip(shaped, places) if is_clear(*pair[1])]
    else:
        pairs = list(zip(shaped, places))
    return server.spread(pairs, FEATURES_A_LAYER)


def box_round(place):
    x, y = place
    return QgsRectangle(x - HALF_WIDTH_M, y - HALF_WIDTH_M, x + HALF_WIDTH_M, y + HALF_WIDTH_M)


def alone_in_the_project(layer):
    QgsProject.instance().clear()
    QgsProject.instance().addMapLayer(layer)


class QgisChecks(Checks):
    def assert_drawn_and_hidden(self, layer, place, wanted):
        """The colour is at the place while the layer is ticked in the layer tree, and not when it is unticked."""
        within_px = AROUND_PX[server.kind(layer.name())]
        tree = QgsProject.instance().layerTreeRoot()
        entry = tree.findLayer(layer.id())
        entry.setItemVisibilityChecked(True)
        shown = colours_near_the_middle(draw(tree.checkedLayers(), box_round(place)), within_px)
        self.assertTrue(
            any(is_near(colour, wanted, COLOUR_TOLERANCE) for colour in shown),
            f"no pixel of colour {wanted} near {place} (EPSG:3857): {sorted(set(shown))[:6]}",
        )
        entry.setItemVisibilityChecked(False)
        hidden = colours_near_the_middle(draw(tree.checkedLayers(), box_round(place)), within_px)
        self.assertFalse(any(is_near(colour, wanted, COLOUR_TOLERANCE) for colour in hidden))


class QgisOpensFeatures(QgisChecks):
    @on_every_layer
    def test_a_layer_is_valid_and_has_its_count_type_and_fields(self, layer):
        found = feature_layer(layer.id)
        self.assertTrue(found.isValid(), found.error().message())
        self.assertEqual(layer.features, found.featureCount())
        self.assertEqual(qgis_session.WKB_KINDS[server.kind(layer.id)], found.geometryType())
        self.assertIn(found.crs().authid(), ("EPSG:4326", "OGC:CRS84"))
        self.assertLessEqual(set(server.schema(layer.id)), set(found.fields().names()))
        extent = found.extent()
        self.assert_same_box(layer.box, (extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()))

    @on_every_layer
    def test_every_feature_is_read(self, layer):
        self.assertEqual(layer.features, sum(1 for _ in feature_layer(layer.id).getFeatures()))

    def test_features_are_drawn_at_their_places(self):
        for kind, names in (
            ("point", ["lcsd-libraries"]),
            ("line", ["td-ferry-routes"]),
            ("area", ["had-districts-18"]),
        ):
            name = server.some_layer(kind, names)
            layer = feature_layer(name)
            colour = QColor(CHOSEN_COLOUR)
            symbol = layer.renderer().symbol()
            symbol.setColor(colour)
            if kind == "line":
                symbol.setWidth(2)
            elif kind == "point":
                symbol.setSize(4)
            alone_in_the_project(layer)
            for feature, place in judged_features(name):
                with self.subTest(f"{name} {feature['id']}"):
                    self.assert_drawn_and_hidden(layer, place, colour.getRgb()[:3])


class QgisDrawsTiles(QgisChecks):
    @on_every_layer
    def test_the_style_is_converted_without_a_warning(self, layer):
        style = server.get(f"/styles/{layer.id}").body.decode("utf-8")
        converter = QgsMapBoxGlStyleConverter()
        context = QgsMapBoxGlStyleConversionContext()
        if sprite := json.loads(style).get("sprite"):
            sheet = QImage.fromData(server.get(f"{sprite}.png").body)
            self.assertFalse(sheet.isNull())
            context.setSprites(sheet, server.get_json(f"{sprite}.json"))
        self.assertEqual(QgsMapBoxGlStyleConverter.Success, converter.convert(style, context), converter.errorMessage())
        # A font that this machine lacks is no fault of the style.
        self.assertEqual([], [one for one in converter.warnings() if "font" not in one.lower()])

    @on_every_layer
    def test_a_feature_has_the_colour_that_the_style_gives_it(self, layer):
        style = server.get_json(f"/styles/{layer.id}")
        tiles = tile_layer(layer.id)
        self.assertTrue(tiles.isValid())
        alone_in_the_project(tiles)
        judged = judged_features(layer.id)
        self.assertTrue(judged)
        for feature, place in judged:
            self.assert_drawn_and_hidden(tiles, place, colour_of(style, feature, ZOOM))


class QgisDrawsPictures(QgisChecks):
    @on_every_layer
    def test_features_of_the_wmts_have_their_colours(self, layer):
        pictures = picture_layer(layer.id)
        self.assertTrue(pictures.isValid(), pictures.error().message())
        style = server.get_json(f"/styles/{layer.id}")
        within_px = AROUND_PX[server.kind(layer.id)]

        def is_drawn(feature, place):
            shown = colours_near_the_middle(draw([pictures], box_round(place)), within_px)
            return any(is_near(colour, colour_of(style, feature, ZOOM), COLOUR_TOLERANCE) for colour in shown)

        judged = judged_features(layer.id)
        drawn = sum(is_drawn(feature, place) for feature, place in judged)
        # Pictures have their labels in them, which may lie over a feature's very place.
        self.assertGreater(drawn, len(judged) // 2, f"{drawn} of {len(judged)}")


def defined_layer(name):
    """The one layer that a layer definition adds to a project."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.qlr"
        path.write_bytes(server.get(f"/qgis/{name}.qlr").body)
        QgsProject.instance().clear()
        root = QgsProject.instance().layerTreeRoot()
        done, message = QgsLayerDefinition.loadLayerDefinition(str(path), QgsProject.instance(), root)
        if not done:
            raise AssertionError(f"QGIS cannot load {path.name}: {message}")
        (layer,) = QgsProject.instance().mapLayers().values()
        return layer


class QgisInOneStep(QgisChecks):
    @on_every_layer
    def test_a_layer_definition_adds_the_layer_with_its_style(self, layer):
        style = server.get_json(f"/styles/{layer.id}")
        found = defined_layer(layer.id)
        self.assertTrue(found.isValid())
        self.assertEqual(server.collections()[layer.id]["title"], found.name())
        drawn = [one["id"] for one in style["layers"] if one["type"] in ("circle", "line", "fill") or mark_colour(one)]
        self.assertEqual(drawn, [one.styleName() for one in found.renderer().styles()])
        labels = {one["id"] for one in style["layers"] if "text-field" in one.get("layout", {})}
        self.assertEqual(labels, {one.styleName() for one in found.labeling().styles()})
        entry = QgsProject.instance().layerTreeRoot().findLayer(found.id())
        entry.layer().setName(layer.id)
        for feature, place in judged_features(layer.id):
            self.assert_drawn_and_hidden(found, place, colour_of(style, feature, ZOOM))

    def connections(self, address, root):
        document = QDomDocument()
        text = server.get(address).body.decode("utf-8")
        self.assertTrue(document.setContent(text)[0])
        self.assertEqual(root, document.documentElement().tagName())
        nodes = document.documentElement().childNodes()
        return [nodes.at(place).toElement() for place in range(nodes.length())]

    def test_a_connection_leads_to_every_layer(self):
        (connection,) = self.connections("/qgis/connections.xml", "qgsWFSConnections")
        self.assertEqual("OGC_API_FEATURES", connection.attribute("version"))
        for name in server.spread(list(server.tree()), 3):
            layer = QgsVectorLayer(f"url='{connection.attribute('url')}' typename='{name}'", name, "OAPIF")
            self.assertTrue(layer.isValid(), name)

    def test_connections_to_tiles_have_their_styles(self):
        connections = self.connections("/qgis/vector-tiles.xml", "qgsVectorTileConnections")
        self.assertEqual(len(server.tree()), len(connections))
        for connection in server.spread(connections, 3):
            source = QgsDataSourceUri()
            source.setParam("type", "xyz")
            for key in ("url", "zmin", "zmax", "styleUrl"):
                source.setParam(key, connection.attribute(key))
            layer = QgsVectorTileLayer(bytes(source.encodedUri()).decode(), connection.attribute("name"))
            self.assertTrue(layer.isValid())
            message, done = layer.loadDefaultStyle()
            self.assertTrue(done, message)


class Picture(QgisChecks):
    """A map to look at: Victoria Harbour with the districts and some layers on them, with Chinese names."""

    WIDTH_PX, HEIGHT_PX = 1280, 800
    VIEW = (114.09, 22.25, 114.26, 22.348)
    LAYERS = ["lcsd-libraries", "ha-hospitals", "lcsd-swimming-pools", "td-ferry-routes", "had-districts-18"]

    def test_a_map_of_several_layers_is_drawn(self):
        layers = [tile_layer(name, "?lang=zh-Hant") for name in self.LAYERS if name in server.collections()]
        self.assertTrue(layers)
        west, south = server.mercator_m(*self.VIEW[:2])
        east, north = server.mercator_m(*self.VIEW[2:])
        image = draw(layers, QgsRectangle(west, south, east, north), self.WIDTH_PX, self.HEIGHT_PX, labels=True)
        colours = {image.pixel(x, y) for x in range(0, self.WIDTH_PX, 4) for y in range(0, self.HEIGHT_PX, 4)}
        self.assertGreater(len(colours), 20, "the map is nearly empty")
        folder = os.environ.get("CAUSEWAY_PICTURES")
        if folder:
            self.assertTrue(image.save(str(Path(folder) / "qgis.png")))


if __name__ == "__main__":
    unittest.main()
