"""GDAL's OGC API Features driver (OAPIF) reads every layer of the tree whole."""

import unittest

import server
from osgeo import gdal, ogr
from server import Box, Checks, on_every_layer

gdal.UseExceptions()
ogr.UseExceptions()

PAGE_SIZE = 1000
"""GDAL asks for ten features a page by itself; a person who knows it sets this."""

GDAL_TYPES = {
    ("string", None): {"String", "Time"},  # a text such as 07:00 is a time to GDAL
    ("string", "date"): {"Date"},
    ("string", "date-time"): {"DateTime"},
    ("string", "uri"): {"String"},
    ("integer", None): {"Integer", "Integer64"},
    ("number", None): {"Real"},
    ("boolean", None): {"Integer(Boolean)"},
}
"""What GDAL must find for a field that is published as this JSON Schema type and format."""

KNOWN_FIELDS = {
    "lcsd-libraries": {
        "GMID": "String",
        "Northing": "Real",
        "Easting": "Real",
        "Facility Name": "String",
        "設施名稱": "String",
        "Last Update": "DateTime",
    },
    "afcd-red-tide": {"GMID": "String", "Date of Report": "Date", "Latitude": "Real", "Last Update": "DateTime"},
    "td-traffic-cameras": {"key": "String", "easting": "Integer", "latitude": "Real", "url": "String"},
    "had-districts-18": {"District": "String", "地區": "String"},
}
"""Fields as the deliveries hold them, by hand."""


def open_layer(name):
    source = gdal.OpenEx(
        f"OAPIF:{server.URL}/collections/{name}",
        gdal.OF_VECTOR,
        allowed_drivers=["OAPIF"],
        open_options=[f"PAGE_SIZE={PAGE_SIZE}"],
    )
    return source, source.GetLayer(0)


def type_name(field):
    name = field.GetFieldTypeName(field.GetType())
    return f"{name}(Boolean)" if field.GetSubType() == ogr.OFSTBoolean else name


def fields_of(layer):
    definition = layer.GetLayerDefn()
    every = (definition.GetFieldDefn(place) for place in range(definition.GetFieldCount()))
    return {field.GetName(): type_name(field) for field in every}


class GdalOpensTheServer(Checks):
    def test_the_landing_page_lists_every_layer(self):
        source = gdal.OpenEx(f"OAPIF:{server.URL}/", gdal.OF_VECTOR, allowed_drivers=["OAPIF"])
        found = {source.GetLayer(place).GetName() for place in range(source.GetLayerCount())}
        self.assertEqual(set(server.collections()), found - {server.CATALOGUE})


class GdalReadsEveryLayer(Checks):
    @on_every_layer
    def test_the_count_is_that_of_the_source(self, layer):
        _source, found = open_layer(layer.id)
        self.assertEqual(layer.features, found.GetFeatureCount())

    @on_every_layer
    def test_the_extent_is_that_of_the_source(self, layer):
        _source, found = open_layer(layer.id)
        west, east, south, north = found.GetExtent()
        self.assert_same_box(layer.box, Box(west, south, east, north))
        self.assertIn(found.GetSpatialRef().GetAuthorityCode(None), ("4326", "CRS84"))

    @on_every_layer
    def test_every_feature_comes_through_the_pages_once_and_lies_in_the_extent(self, layer):
        _source, found = open_layer(layer.id)
        ids, box = set(), None
        for feature in found:
            ids.add(feature.GetFID())
            geometry = feature.GetGeometryRef()
            if geometry is not None and not geometry.IsEmpty():
                west, east, south, north = geometry.GetEnvelope()
                here = Box(west, south, east, north)
                box = here if box is None else Box(*map(min, box[:2], here[:2]), *map(max, box[2:], here[2:]))
        self.assertEqual(layer.features, len(ids))
        self.assert_same_box(layer.box, box)

    @on_every_layer
    def test_field_types_are_those_that_the_queryables_state(self, layer):
        _source, found = open_layer(layer.id)
        types = fields_of(found)
        first_page = server.get_json(f"/collections/{layer.id}/items?limit=10")["features"]
        for name, field in server.schema(layer.id).items():
            self.assertIn(name, types)
            if any(feature["properties"][name] is not None for feature in first_page):
                accepted = GDAL_TYPES[field["type"], field.get("format")]
                self.assertIn(types[name], accepted, f"field {name}")

    def test_fields_known_by_hand_have_their_names_and_types(self):
        for layer, fields in KNOWN_FIELDS.items():
            with self.subTest(layer):
                _source, found = open_layer(layer)
                types = fields_of(found)
                self.assertEqual(fields, {name: types.get(name) for name in fields})

    @on_every_layer
    def test_one_feature_is_read_by_its_id(self, layer):
        _source, found = open_layer(layer.id)
        wanted = server.spread(server.features(layer.id), 2)[-1]
        feature = found.GetFeature(wanted["id"])
        self.assertIsNotNone(feature, f"GDAL finds no feature {wanted['id']}")
        self.assertEqual(wanted["id"], feature.GetFID())
        for name, value in wanted["properties"].items():
            if isinstance(value, str) and server.schema(layer.id)[name].get("format") is None:
                self.assertEqual(value, feature.GetField(name), f"field {name}")

    @on_every_layer
    def test_a_box_gives_the_features_that_meet_it(self, layer):
        _source, found = open_layer(layer.id)
        west, south, east, north = layer.box
        middle = ((west + east) / 2, (south + north) / 2)
        box = ogr.CreateGeometryFromWkt(
            "POLYGON (({0} {1},{2} {1},{2} {3},{0} {3},{0} {1}))".format(west, south, *middle)
        )
        expected = set()
        for feature in found:
            geometry = feature.GetGeometryRef()
            if geometry is not None and geometry.Intersects(box):
                expected.add(feature.GetFID())
        found.SetSpatialFilterRect(west, south, *middle)
        found.ResetReading()
        self.assertEqual(expected, {feature.GetFID() for feature in found})


class GdalFiltersByAttribute(Checks):
    def test_an_equality_gives_what_it_gives_when_all_is_read(self):
        _source, found = open_layer("lcsd-libraries")
        expected = {one.GetFID() for one in found if one.GetField("District") == "NORTH"}
        self.assertGreater(len(expected), 1)
        found.SetAttributeFilter("District = 'NORTH'")
        self.assertEqual(expected, {one.GetFID() for one in found})

    def test_an_equality_on_a_chinese_field_gives_the_same_features(self):
        _source, found = open_layer("lcsd-libraries")
        found.SetAttributeFilter("\"地區\" = '北區'")
        chinese = {one.GetFID() for one in found}
        found.SetAttributeFilter("District = 'NORTH'")
        self.assertEqual({one.GetFID() for one in found}, chinese)


if __name__ == "__main__":
    unittest.main()
