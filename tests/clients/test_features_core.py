"""Collections and features of OGC API - Features Part 1, as its official test suite (ets-ogcapi-features10) judges
them: Core and GeoJSON.

The name of the suite's own test stands in brackets where there is one. Every check runs over all collections.
"""

import json
import re
import unittest

import server
from features_suite import (
    CRS84,
    GEOJSON,
    SuiteChecks,
    answer_types,
    collection_operation,
    items_operation,
    operation,
    parameters,
)
from osgeo import ogr
from server import on_every_layer, on_every_layer_that

ogr.UseExceptions()

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
CRS_NAME = re.compile(r"(http://www\.opengis\.net/def/crs/[^/]+/[^/]+/[^/]+|urn:ogc:def:crs:[^:]+:[^:]*:[^:]+)")

BOXES = {
    "London": "-0.489,51.28,0.236,51.686",
    "the west of the equator": "-180,-0.5,-170,0.5",
    "both sides of the antimeridian": "177,65,-177,70",
    "the north polar cap": "-180,85,180,90",
    "the south polar cap": "-180,-90,180,-85",
    "the whole world": "-180,-90,180,90",
}
"""The suite's boxes, as west,south,east,north."""

TOUCH_DEG = 1e-8
"""Coordinates have eight decimals, so what merely touches a box may be printed on either side of it."""

OWN_EXTENT = "its own extent"

RED_TIDES = {
    "1998-01-01/1998-12-31": 47,
    "1998-04-10": 4,
    "1998-04-10T12:00:00Z": 4,
    "../1979-12-31": 10,
    "2020-01-01/..": 134,
    "1066-10-14": 0,
}
"""Incidents of afcd-red-tide that had begun and not yet gone, counted in the department's file."""

MOMENTS = [
    "2022-01-01T00:00:00Z",
    "2022-01-01",
    "2022-01-01T08:00:00%2B08:00",
    "2020-01-01T00:00:00Z/2022-12-31T23:59:59Z",
    "2020-01-01/2022-12-31",
    "../2022-12-31T23:59:59Z",
    "2020-01-01T00:00:00Z/..",
    "/2022-12-31T23:59:59Z",
    "2020-01-01T00:00:00Z/",
]
"""Instants, intervals and half-open intervals of RFC 3339."""


def interval(layer):
    """The first and last moment that a layer's extent names."""
    temporal = server.collections()[layer.id]["extent"].get("temporal")
    return tuple(temporal["interval"][0]) if temporal else (None, None)


def ogr_box(west, south, east, north):
    """A box as OGR geometry; west of the antimeridian and east of it where it crosses."""
    sides = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    whole = ogr.Geometry(ogr.wkbMultiPolygon)
    for from_lon, to_lon in sides:
        ring = ogr.Geometry(ogr.wkbLinearRing)
        for lon, lat in ((from_lon, south), (to_lon, south), (to_lon, north), (from_lon, north), (from_lon, south)):
            ring.AddPoint_2D(lon, lat)
        part = ogr.Geometry(ogr.wkbPolygon)
        part.AddGeometry(ring)
        whole.AddGeometry(part)
    return whole


def grown(box, by):
    west, south, east, north = box
    return west - by, south - by, east + by, north + by


def all_ids(address):
    return [feature["id"] for page in server.pages(address) for feature in page["features"]]


class Collections(SuiteChecks):
    def test_the_list_links_to_itself_and_its_other_forms(self):
        """[validateFeatureCollectionsMetadataOperationResponse_Links]"""
        listed = server.get_json("/collections")
        self.assert_self_and_alternates(listed, operation("/collections"), "application/json")

    @on_every_layer
    def test_a_collection_says_the_same_alone_as_in_the_list(self, layer):
        """[validateFeatureCollectionMetadata_ContentOfLinks]"""
        alone = server.get_json(f"/collections/{layer.id}")
        listed = server.collections()[layer.id]
        for name in ("id", "title", "description", "extent", "crs", "storageCrs", "itemType"):
            self.assertEqual(listed.get(name), alone.get(name), name)

    @on_every_layer
    def test_a_collection_links_to_its_features_and_forms(self, layer):
        """[validateFeatureCollectionsMetadataOperationResponse_Items]"""
        alone = server.get_json(f"/collections/{layer.id}")
        self.assert_self_and_alternates(alone, collection_operation(layer.id), "application/json")
        found = {link["type"] for link in server.links(alone, "items")}
        self.assertLessEqual(answer_types(items_operation(layer.id)), found)
        self.assert_fits_the_api_document(alone, collection_operation(layer.id), "application/json")

    @on_every_layer
    def test_the_extent_is_that_of_the_source(self, layer):
        """[validateFeatureCollectionsMetadataOperationResponse_Extent]"""
        spatial = server.collections()[layer.id]["extent"]["spatial"]
        self.assertEqual(CRS84, spatial["crs"])
        self.assert_same_box(layer.box, spatial["bbox"][0])

    @on_every_layer
    def test_the_list_of_systems_begins_with_crs84(self, layer):
        """[crs list; a collection names the systems it offers]"""
        collection = server.collections()[layer.id]
        self.assertEqual(CRS84, collection["crs"][0])
        self.assertIn(collection["storageCrs"], collection["crs"])
        for name in collection["crs"]:
            self.assertRegex(name, CRS_NAME)


class Items(SuiteChecks):
    @on_every_layer
    def test_a_page_says_what_it_is(self, layer):
        """[validateFeaturesOperationResponse, _Links, _TimeStamp, _NumberReturned]"""
        answer = server.get(f"/collections/{layer.id}/items", accept=GEOJSON)
        self.assertEqual((200, GEOJSON), (answer.status, answer.media_type))
        self.assertEqual(f"<{CRS84}>", answer.headers["content-crs"])
        page = answer.json()
        self.assertEqual("FeatureCollection", page["type"])
        self.assert_self_and_alternates(page, items_operation(layer.id), GEOJSON)
        self.assertRegex(page["timeStamp"], RFC_3339)
        self.assertEqual(len(page["features"]), page["numberReturned"])
        self.assertEqual(layer.features, page["numberMatched"])
        self.assert_fits_the_api_document(page, items_operation(layer.id), GEOJSON)

    @on_every_layer
    def test_the_pages_hold_every_feature_once(self, layer):
        """[validateFeaturesOperationResponse_NumberMatched]"""
        size = max(1, -(-layer.features // 4))
        seen = []
        for page in server.pages(f"/collections/{layer.id}/items?limit={size}"):
            self.assertEqual(layer.features, page["numberMatched"])
            self.assertLessEqual(page["numberReturned"], size)
            seen += [feature["id"] for feature in page["features"]]
        self.assertEqual(layer.features, len(seen))
        self.assertEqual(layer.features, len(set(seen)))

    @on_every_layer
    def test_a_limit_over_the_maximum_is_lowered(self, layer):
        """[limit 1, maximum, maximum + 1]"""
        most = parameters(items_operation(layer.id))["limit"]["schema"]["maximum"]
        for limit, expected in ((1, 1), (most, min(most, layer.features)), (most + 1, min(most, layer.features))):
            page = server.get_json(f"/collections/{layer.id}/items?limit={limit}")
            self.assertEqual(expected, page["numberReturned"], f"limit={limit}")

    @on_every_layer
    def test_without_a_limit_the_default_holds(self, layer):
        default = parameters(items_operation(layer.id))["limit"]["schema"]["default"]
        page = server.get_json(f"/collections/{layer.id}/items")
        self.assertEqual(min(default, layer.features), page["numberReturned"])
        self.assertEqual(layer.features > default, bool(server.links(page, "next")))

    @on_every_layer
    def test_the_next_page_keeps_the_filters_of_the_request(self, layer):
        west, south, east, north = layer.box
        box = f"{west},{south},{(west + east) / 2},{north}"
        whole = all_ids(f"/collections/{layer.id}/items?bbox={box}&limit=10000")
        size = max(1, len(whole) // 3)
        self.assertEqual(whole, all_ids(f"/collections/{layer.id}/items?bbox={box}&limit={size}"))


class Boxes(SuiteChecks):
    @on_every_layer
    def test_features_of_a_box_meet_it_and_none_that_does_is_missing(self, layer):
        """[validateFeaturesWithBoundingBoxOperation]"""
        west, south, east, north = server.collections()[layer.id]["extent"]["spatial"]["bbox"][0]
        boxes = {
            **BOXES,
            OWN_EXTENT: f"{west},{south},{east},{north}",
            "the south-west quarter of its extent": f"{west},{south},{(west + east) / 2},{(south + north) / 2}",
            "a box around its first place": self.box_around_a_feature(layer),
        }
        shapes = {
            feature["id"]: ogr.CreateGeometryFromJson(json.dumps(feature["geometry"]))
            for feature in server.features(layer.id)
            if feature["geometry"] is not None
        }
        for name, box in boxes.items():
            sides = [float(side) for side in box.split(",")]
            # Nothing may lie outside the extent that the server itself publishes.
            outward = 0 if name == OWN_EXTENT else TOUCH_DEG
            surely, perhaps = (
                {key for key, shape in shapes.items() if shape.Intersects(ogr_box(*grown(sides, by)))}
                for by in (-TOUCH_DEG, outward)
            )
            answer = server.get(f"/collections/{layer.id}/items?limit=10000&bbox={box}", accept=GEOJSON)
            self.assertEqual(200, answer.status, name)
            found = {feature["id"] for feature in answer.json()["features"]}
            self.assertEqual(set(), found - perhaps, f"do not meet {name}, {box}")
            self.assertEqual(set(), surely - found, f"missing in {name}, {box}")

    @on_every_layer
    def test_a_box_with_heights_is_taken(self, layer):
        west, south, east, north = layer.box
        page = server.get_json(
            f"/collections/{layer.id}/items?bbox={west - 1},{south - 1},-1e5,{east + 1},{north + 1},1e5"
        )
        self.assertGreater(page["numberReturned"], 0)

    def box_around_a_feature(self, layer):
        shaped = next(feature for feature in server.features(layer.id) if feature["geometry"])
        lon, lat = next(server.vertices(shaped["geometry"]))
        return f"{lon - 0.001},{lat - 0.001},{lon + 0.001},{lat + 0.001}"


class Times(SuiteChecks):
    @on_every_layer
    def test_instants_intervals_and_half_open_intervals_are_answered(self, layer):
        """[validateFeaturesWithDateTimeOperation]"""
        for moment in MOMENTS:
            answer = server.get(f"/collections/{layer.id}/items?limit=1&datetime={moment}")
            self.assertEqual(200, answer.status, f"datetime={moment}: {answer.body[:200]!r}")

    @on_every_layer_that(lambda layer: interval(layer) == (None, None))
    def test_a_layer_without_time_gives_all_features_to_any_time(self, layer):
        for moment in MOMENTS:
            self.assertEqual(layer.features, self.count(layer.id, moment), f"datetime={moment}")

    @on_every_layer_that(lambda layer: interval(layer) != (None, None))
    def test_a_layers_own_interval_gives_all_that_have_a_time_and_a_time_before_it_none(self, layer):
        start, end = interval(layer)
        timed = self.count(layer.id, f"{start}/{end}")
        self.assertGreater(timed, 0)
        self.assertEqual(timed, self.count(layer.id, f"{start}/.."))
        self.assertEqual(timed, self.count(layer.id, f"../{end}"))
        self.assertGreater(self.count(layer.id, start), 0, "no feature at the start of the interval")
        self.assertGreater(self.count(layer.id, end), 0, "no feature at the end of the interval")
        self.assertEqual(0, self.count(layer.id, "1066-10-14"))

    def test_periods_count_by_their_begin_and_end(self):
        for moment, expected in RED_TIDES.items():
            with self.subTest(moment):
                self.assertEqual(expected, self.count("afcd-red-tide", moment))

    def count(self, layer, moment):
        address = f"/collections/{layer}/items?limit=10000&datetime={moment}"
        return sum(page["numberReturned"] for page in server.pages(address))


class Features(SuiteChecks):
    @on_every_layer
    def test_a_feature_stands_alone_as_on_its_page(self, layer):
        """[featureOperation, validateFeatureResponse_Links]"""
        of = operation(f"/collections/{layer.id}/items/{{featureId}}", "/collections/{collectionId}/items/{featureId}")
        for listed in server.spread(server.features(layer.id), 3):
            answer = server.get(f"/collections/{layer.id}/items/{listed['id']}", accept=GEOJSON)
            self.assertEqual((200, GEOJSON), (answer.status, answer.media_type))
            self.assertEqual(f"<{CRS84}>", answer.headers["content-crs"])
            alone = answer.json()
            for name in ("type", "id", "geometry", "properties"):
                self.assertEqual(listed[name], alone[name], name)
            self.assert_self_and_alternates(alone, of, GEOJSON)
            self.assertEqual(
                [f"{server.URL}/collections/{layer.id}"],
                [link["href"] for link in server.links(alone, "collection") if link["type"] == "application/json"],
            )
            self.assert_fits_the_api_document(alone, of, GEOJSON)


if __name__ == "__main__":
    unittest.main()
