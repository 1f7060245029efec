"""OWSLib, the library under pycsw, QGIS MetaSearch and many scripts, reads features and records."""

import unittest

import server
from owslib.ogcapi.features import Features
from owslib.ogcapi.records import Records
from server import Checks, on_every_layer


class OwslibReadsFeatures(Checks):
    @classmethod
    def setUpClass(cls):
        cls.client = Features(server.URL)

    def test_the_landing_page_leads_to_the_api_document_and_conformance(self):
        self.assertEqual("3.0", self.client.api()["openapi"][:3])
        self.assertIn(
            "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core", self.client.conformance()["conformsTo"]
        )

    def test_feature_collections_are_the_layers(self):
        self.assertEqual(set(server.collections()), set(self.client.feature_collections()))

    def test_the_catalogue_is_no_feature_collection(self):
        self.assertNotIn(server.CATALOGUE, self.client.feature_collections())

    @on_every_layer
    def test_a_collection_its_queryables_and_its_items_are_read(self, layer):
        self.assertEqual(layer.id, self.client.collection(layer.id)["id"])
        self.assertLessEqual(
            set(server.schema(layer.id)), set(self.client.collection_queryables(layer.id)["properties"])
        )
        page = self.client.collection_items(layer.id, limit=3)
        self.assertEqual(min(3, layer.features), len(page["features"]))
        self.assertEqual(layer.features, page["numberMatched"])

    @on_every_layer
    def test_one_item_is_read(self, layer):
        wanted = server.features(layer.id)[0]
        self.assertEqual(wanted["properties"], self.client.collection_item(layer.id, wanted["id"])["properties"])

    def test_a_box_is_handed_on(self):
        page = self.client.collection_items("lcsd-libraries", bbox=[114.1, 22.2, 114.2, 22.3], limit=1000)
        self.assertGreater(len(page["features"]), 0)
        for feature in page["features"]:
            lon, lat = feature["geometry"]["coordinates"]
            self.assertTrue(114.1 <= lon <= 114.2 and 22.2 <= lat <= 22.3)


class OwslibReadsRecords(Checks):
    @classmethod
    def setUpClass(cls):
        cls.client = Records(server.URL)

    def test_the_catalogue_is_the_only_collection_of_records(self):
        self.assertEqual([server.CATALOGUE], list(self.client.records()))

    def test_its_records_are_the_layers(self):
        page = self.client.collection_items(server.CATALOGUE, limit=1000)
        self.assertEqual(set(server.collections()), {record["id"] for record in page["features"]})
        self.assertEqual(len(server.collections()), page["numberMatched"])

    def test_its_queryables_are_read(self):
        self.assertIn("geometry", self.client.collection_queryables(server.CATALOGUE)["properties"])

    @on_every_layer
    def test_a_record_is_read_and_says_where_its_layer_lies(self, layer):
        record = self.client.collection_item(server.CATALOGUE, layer.id)
        self.assertEqual(server.collections()[layer.id]["title"], record["properties"]["title"])
        corners = list(server.vertices(record["geometry"]))
        box = [*map(min, zip(*corners)), *map(max, zip(*corners))]
        self.assert_same_box(layer.box, box)
        self.assertTrue(server.links(record, "license"))

    def test_a_word_finds_its_layers(self):
        for word, layer in (
            ("ferry", "td-ferry-routes"),
            ("Libraries", "lcsd-libraries"),
            ("圖書館", "lcsd-libraries"),
        ):
            with self.subTest(word):
                page = self.client.collection_items(server.CATALOGUE, q=word, limit=1000)
                found = {record["id"] for record in page["features"]}
                self.assertIn(layer, found)
                self.assertLess(len(found), len(server.collections()) / 2)

    def test_a_box_finds_layers_that_meet_it_alone(self):
        page = self.client.collection_items(server.CATALOGUE, bbox=[0, 51, 1, 52], limit=1000)
        self.assertEqual([], page["features"])


if __name__ == "__main__":
    unittest.main()
