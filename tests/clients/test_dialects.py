"""Services that clients know from elsewhere: ArcGIS feature services, WFS 2.0 and CSDI's data query.

GDAL, QGIS 3.22 and OWSLib read every layer of the tree whole by each of them that they speak, and filter it by
box and by attribute.
"""

import functools
import json
import unittest
from urllib.parse import quote

import qgis_session
import server
from osgeo import gdal, ogr
from owslib.wfs import WebFeatureService
from qgis.core import QgsFeatureRequest, QgsRectangle, QgsVectorLayer
from server import Box, Checks, on_every_layer

gdal.UseExceptions()
ogr.UseExceptions()

PAGE = 500
"""Fewer than the largest layer has, so that clients have to go through pages."""

PREFIX = "layer"

STORED_QUERY = "urn:ogc:def:query:OGC-WFS::GetFeatureById"

setUpModule, tearDownModule = qgis_session.begin, qgis_session.end


def feature_service(layer):
    return f"{server.URL}/esri/rest/services/{layer}/FeatureServer/0"


def in_xml(name):
    """A field's name as WFS writes it: what may not stand in a name of XML is its code point."""
    return "".join(
        c if c.isascii() and (c.isalpha() or c == "_" or place and (c.isdigit() or c in "-.")) or "一" <= c <= "龥"
        else f"_x{ord(c):04X}_"
        for place, c in enumerate(name)
    )


@functools.cache
def plain_fields(layer):
    """The fields of a layer that no other resembles in all but case: the others get a number."""
    names = [name.lower() for name in server.schema(layer)]
    return {name for name in server.schema(layer) if names.count(name.lower()) == 1}


@functools.cache
def feature_services():
    """Layers that are feature services: those that mix kinds of geometry are not."""
    return {service["name"] for service in server.get_json("/esri/rest/services?f=json")["services"]}


on_every_service = server.on_every_layer_that(lambda layer: layer.id in feature_services())


def envelope_of(features):
    box = None
    for feature in features:
        geometry = feature.GetGeometryRef()
        if geometry is not None and not geometry.IsEmpty():
            west, east, south, north = geometry.GetEnvelope()
            here = Box(west, south, east, north)
            box = here if box is None else Box(*map(min, box[:2], here[:2]), *map(max, box[2:], here[2:]))
    return box


def lower_left(layer):
    """The lower left quarter of a layer's box."""
    west, south, east, north = layer.box
    return Box(west, south, (west + east) / 2, (south + north) / 2)


@unittest.skipIf(gdal.GetDriverByName("ESRIJSON") is None, "this GDAL has no driver ESRIJSON")
class GdalReadsFeatureServices(Checks):
    def open(self, layer, parameters):
        address = f"{feature_service(layer)}/query?where=1%3D1&outFields=*&{parameters}"
        source = gdal.OpenEx(address, gdal.OF_VECTOR, allowed_drivers=["ESRIJSON", "GeoJSON"])
        return source, source.GetLayer(0)

    @on_every_service
    def test_every_feature_is_read_through_the_pages_and_lies_in_the_extent(self, layer):
        _source, found = self.open(layer.id, f"f=json&resultRecordCount={PAGE}")
        self.assertEqual(layer.features, found.GetFeatureCount())
        features = list(found)
        self.assertEqual(set(range(1, layer.features + 1)), {feature.GetFID() for feature in features})
        self.assert_same_box(layer.box, envelope_of(features))

    @on_every_service
    def test_attributes_are_those_of_the_items(self, layer):
        _source, found = self.open(layer.id, f"f=json&resultRecordCount={PAGE}")
        for feature, item in zip(found, server.features(layer.id)[:20]):
            for name in plain_fields(layer.id):
                value = item["properties"][name]
                if isinstance(value, str) and server.schema(layer.id)[name].get("format") is None:
                    self.assertEqual(value, feature.GetField(name), f"field {name}")
                elif isinstance(value, (int, float)) and not isinstance(value, bool):
                    self.assertAlmostEqual(value, float(feature.GetField(name)), msg=f"field {name}")

    @on_every_service
    def test_geojson_holds_as_many(self, layer):
        _source, found = self.open(layer.id, f"f=geojson&resultRecordCount={PAGE}")
        self.assertEqual(layer.features, sum(1 for _ in found))

    def test_the_grid_is_read_where_it_is(self):
        _source, found = self.open("lcsd-libraries", "f=json&outSR=2326")
        self.assertEqual("2326", found.GetSpatialRef().GetAuthorityCode(None))
        for feature in found:
            point = feature.GetGeometryRef()
            # The delivery's own metres are whole, and some are one off its degrees.
            self.assertAlmostEqual(feature.GetField("Easting"), point.GetX(), delta=2)
            self.assertAlmostEqual(feature.GetField("Northing"), point.GetY(), delta=2)


class QgisReadsFeatureServices(Checks):
    def open(self, layer, more=""):
        return QgsVectorLayer(f"crs='EPSG:4326' url='{feature_service(layer)}'{more}", layer, "arcgisfeatureserver")

    @on_every_service
    def test_a_layer_is_valid_and_every_feature_is_read(self, layer):
        found = self.open(layer.id)
        self.assertTrue(found.isValid(), found.error().message())
        self.assertEqual(layer.features, found.featureCount())
        self.assertEqual(qgis_session.WKB_KINDS[server.kind(layer.id)], found.geometryType())
        self.assertLessEqual(plain_fields(layer.id), set(found.fields().names()))
        extent = found.extent()
        self.assert_same_box(layer.box, (extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()))
        self.assertEqual(layer.features, sum(1 for _ in found.getFeatures()))

    @on_every_service
    def test_a_box_gives_the_features_that_meet_it(self, layer):
        box = lower_left(layer)
        wanted = server.get_json(
            f"/collections/{layer.id}/items?limit=1&bbox={','.join(map(str, box))}"
        )["numberMatched"]
        rectangle = QgsRectangle(*box)
        request = QgsFeatureRequest(rectangle).setFlags(QgsFeatureRequest.ExactIntersect)
        self.assertEqual(wanted, sum(1 for _ in self.open(layer.id).getFeatures(request)))


class GdalReadsWfs(Checks):
    @classmethod
    def setUpClass(cls):
        cls.source = gdal.OpenEx(f"WFS:{server.URL}/wfs", gdal.OF_VECTOR, allowed_drivers=["WFS"])

    def layer(self, name):
        return self.source.GetLayerByName(f"{PREFIX}:{name}")

    def test_the_capabilities_list_every_layer(self):
        names = {self.source.GetLayer(place).GetName() for place in range(self.source.GetLayerCount())}
        self.assertEqual({f"{PREFIX}:{name}" for name in server.collections()}, names)

    @on_every_layer
    def test_every_feature_is_read_through_the_pages_and_lies_in_the_extent(self, layer):
        features = list(self.layer(layer.id))
        self.assertEqual(layer.features, len(features))
        self.assertEqual(layer.features, len({feature.GetField("gml_id") for feature in features}))
        self.assert_same_box(layer.box, envelope_of(features))

    @on_every_layer
    def test_a_box_gives_the_features_that_meet_it(self, layer):
        found, box = self.layer(layer.id), lower_left(layer)
        wanted = server.get_json(
            f"/collections/{layer.id}/items?limit=1&bbox={','.join(map(str, box))}"
        )["numberMatched"]
        found.SetSpatialFilterRect(*box)
        try:
            self.assertEqual(wanted, sum(1 for _ in found))
        finally:
            found.SetSpatialFilter(None)

    def test_a_filter_gives_what_it_gives_when_all_is_read(self):
        found = self.layer("lcsd-libraries")
        for clause, holds in (
            ("District = 'NORTH'", lambda one: one.GetField("District") == "NORTH"),
            ("Northing > 830000 AND District <> 'NORTH'", lambda one: one.GetField("Northing") > 830000 and one.GetField("District") != "NORTH"),
            ("District LIKE 'S%'", lambda one: one.GetField("District").startswith("S")),
            ("District IN ('NORTH', 'SAI KUNG')", lambda one: one.GetField("District") in ("NORTH", "SAI KUNG")),
        ):
            with self.subTest(clause):
                found.SetAttributeFilter(None)
                wanted = {one.GetField("gml_id") for one in found if holds(one)}
                self.assertGreater(len(wanted), 1)
                found.SetAttributeFilter(clause)
                self.assertEqual(wanted, {one.GetField("gml_id") for one in found})
        found.SetAttributeFilter(None)


class QgisReadsWfs(Checks):
    def open(self, layer, more="pagingEnabled='true'"):
        uri = f"{more} srsname='EPSG:4326' typename='{PREFIX}:{layer}' url='{server.URL}/wfs' version='auto'"
        return QgsVectorLayer(uri, layer, "WFS")

    @on_every_layer
    def test_a_layer_is_valid_and_every_feature_is_read(self, layer):
        found = self.open(layer.id)
        self.assertTrue(found.isValid(), found.error().message())
        self.assertEqual(qgis_session.WKB_KINDS[server.kind(layer.id)], found.geometryType())
        names = {in_xml(name) for name in plain_fields(layer.id)}
        self.assertLessEqual(names, set(found.fields().names()))
        self.assertEqual(layer.features, sum(1 for _ in found.getFeatures()))
        self.assertEqual(layer.features, found.featureCount())
        extent = found.extent()
        self.assert_same_box(layer.box, (extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()))

    @on_every_layer
    def test_small_pages_give_every_feature_once(self, layer):
        found = self.open(layer.id, f"pagingEnabled='true' pageSize='{layer.features // 3 + 1}'")
        self.assertEqual(layer.features, sum(1 for _ in found.getFeatures()))

    def test_a_box_and_a_filter_are_answered_by_the_server(self):
        found = self.open("lcsd-libraries", "restrictToRequestBBOX='1'")
        box = Box(114.1, 22.2, 114.2, 22.3)
        wanted = server.get_json(f"/collections/lcsd-libraries/items?limit=1&bbox={','.join(map(str, box))}")
        self.assertEqual(wanted["numberMatched"], sum(1 for _ in found.getFeatures(QgsFeatureRequest(QgsRectangle(*box)))))
        found = self.open("lcsd-libraries")
        self.assertTrue(found.setSubsetString("\"District\" = 'NORTH'"))
        wanted = server.get_json("/collections/lcsd-libraries/items?limit=1&District=NORTH")["numberMatched"]
        self.assertEqual(wanted, sum(1 for _ in found.getFeatures()))

    def test_the_grid_is_read_where_it_is(self):
        uri = f"srsname='EPSG:2326' typename='{PREFIX}:lcsd-libraries' url='{server.URL}/wfs' version='2.0.0'"
        found = QgsVectorLayer(uri, "grid", "WFS")
        self.assertEqual("EPSG:2326", found.crs().authid())
        for feature in found.getFeatures():
            point = feature.geometry().asPoint()
            self.assertAlmostEqual(feature["Easting"], point.x(), delta=2)
            self.assertAlmostEqual(feature["Northing"], point.y(), delta=2)


class OwslibReadsWfs(Checks):
    @classmethod
    def setUpClass(cls):
        cls.client = WebFeatureService(f"{server.URL}/wfs", version="2.0.0")

    def test_feature_types_are_the_layers_with_their_titles_and_boxes(self):
        self.assertEqual({f"{PREFIX}:{name}" for name in server.collections()}, set(self.client.contents))
        for name, collection in server.collections().items():
            with self.subTest(name):
                content = self.client[f"{PREFIX}:{name}"]
                self.assertEqual(collection["title"], content.title)
                self.assert_same_box(collection["extent"]["spatial"]["bbox"][0], content.boundingBoxWGS84)

    @on_every_layer
    def test_the_schema_and_the_features_are_read(self, layer):
        name = f"{PREFIX}:{layer.id}"
        schema = self.client.get_schema(name)
        self.assertLessEqual({in_xml(field) for field in plain_fields(layer.id)}, set(schema["properties"]))
        answer = self.client.getfeature(typename=[name], outputFormat="application/geo+json")
        collection = json.loads(answer.read())
        self.assertEqual(layer.features, collection["numberMatched"])
        self.assertEqual(layer.features, len(collection["features"]))
        page = self.client.getfeature(typename=[name], maxfeatures=3, startindex=1).read()
        self.assertEqual(max(0, min(3, layer.features - 1)), page.count(b"<wfs:member>"))

    def test_a_box_is_turned_into_the_order_of_its_system(self):
        wanted = server.get_json("/collections/lcsd-libraries/items?limit=1&bbox=114.1,22.2,114.2,22.3")["numberMatched"]
        for more in ((), ("urn:ogc:def:crs:EPSG::4326",), ("EPSG:4326",)):
            with self.subTest(more):
                page = self.client.getfeature(typename=[f"{PREFIX}:lcsd-libraries"], bbox=(114.1, 22.2, 114.2, 22.3, *more))
                self.assertEqual(wanted, page.read().count(b"<wfs:member>"))

    def test_the_stored_query_answers_one_feature(self):
        self.assertEqual([STORED_QUERY], [query.id for query in self.client.storedqueries])
        wanted = server.features("lcsd-libraries")[0]
        answer = self.client.getfeature(
            storedQueryID=STORED_QUERY, storedQueryParams={"ID": f"lcsd-libraries.{wanted['id']}"}
        )
        self.assertIn(wanted["properties"]["GMID"].encode(), answer.read())


class CsdiClientsReadTheDataQuery(Checks):
    @on_every_layer
    def test_a_layer_is_read_whole_by_offset(self, layer):
        ids, offset = set(), 0
        while True:
            page = server.get_json(f"/apim/dataquery/api/?id={layer.id}&layer=geodatastore&limit={PAGE}&offset={offset}")
            self.assertEqual(layer.features, page["numberMatched"])
            ids.update(feature["id"] for feature in page["features"])
            if len(page["features"]) < PAGE:
                break
            offset += PAGE
        self.assertEqual(layer.features, len(ids))

    def test_a_field_is_an_equality(self):
        page = server.get_json(f"/apim/dataquery/api/?id=lcsd-libraries&{quote('地區')}={quote('北區')}&limit=10000")
        self.assertTrue(page["features"])
        self.assertEqual({"北區"}, {feature["properties"]["地區"] for feature in page["features"]})


if __name__ == "__main__":
    unittest.main()
