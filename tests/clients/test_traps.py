"""What real clients trip over without a word in any standard, and what HTTP asks of every answer."""

import gzip
import json
import unittest
import zlib

import server
from server import Checks, on_every_layer

GEOJSON = "application/geo+json"
FIRST = 10
"""GDAL and QGIS take the first ten features for the schema of a layer."""


def sample_paths():
    """One address of each family, by name."""
    layer = server.some_layer("point", ["lcsd-libraries"])
    feature = server.features(layer)[0]["id"]
    column, row = (
        int(place) for place in server.tile_place(*next(server.vertices(server.features(layer)[0]["geometry"])), 12)
    )
    return {
        "landing page": "/",
        "API document": "/api",
        "collections": "/collections",
        "collection": f"/collections/{layer}",
        "items": f"/collections/{layer}/items",
        "feature": f"/collections/{layer}/items/{feature}",
        "queryables": f"/collections/{layer}/queryables",
        "records": "/collections/catalogue/items",
        "tile": f"/xyz/{layer}/12/{column}/{row}.pbf",
        "empty tile": f"/xyz/{layer}/16/0/0.pbf",
        "TileJSON": f"/tilejson/{layer}.json",
        "style": f"/styles/{layer}",
        "page": f"/collections/{layer}?f=html",
    }


class TheFirstFeaturesAreTheSchema(Checks):
    @on_every_layer
    def test_every_feature_carries_every_property(self, layer):
        fields = set(server.schema(layer.id))
        for feature in server.features(layer.id):
            self.assertEqual(fields, set(feature["properties"]), feature["id"])

    @on_every_layer
    def test_the_first_features_have_a_geometry(self, layer):
        for feature in server.features(layer.id)[: min(FIRST, layer.features)]:
            self.assertIsNotNone(feature["geometry"], feature["id"])

    @on_every_layer
    def test_all_geometries_of_a_layer_have_one_type(self, layer):
        types = {feature["geometry"]["type"] for feature in server.features(layer.id) if feature["geometry"]}
        self.assertEqual(1, len(types), types)

    @on_every_layer
    def test_reals_are_printed_with_a_decimal_point_and_integers_without(self, layer):
        page = server.get_json(f"/collections/{layer.id}/items?limit=1000")
        for name, field in server.schema(layer.id).items():
            wanted = {"number": float, "integer": int, "boolean": bool, "string": str}[field["type"]]
            for feature in page["features"]:
                value = feature["properties"][name]
                if value is not None:
                    self.assertIs(wanted, type(value), f"{name} of {feature['id']}: {value!r}")

    @on_every_layer
    def test_ids_are_integers_that_javascript_can_hold(self, layer):
        for feature in server.features(layer.id):
            self.assertIs(int, type(feature["id"]))
            self.assertTrue(0 <= feature["id"] <= 2**53 - 1, feature["id"])

    @on_every_layer
    def test_numbers_beyond_what_javascript_can_hold_are_texts(self, layer):
        for feature in server.features(layer.id):
            for name, value in feature["properties"].items():
                if type(value) is int:
                    self.assertLessEqual(abs(value), 2**53 - 1, f"{name} of {feature['id']}")


class Links(Checks):
    @on_every_layer
    def test_the_items_link_has_no_query_string(self, layer):
        """GDAL appends /{id} to it as it is."""
        collection = server.get_json(f"/collections/{layer.id}")
        found = [link["href"] for link in server.links(collection, "items") if link["type"] == GEOJSON]
        self.assertEqual([f"{server.URL}/collections/{layer.id}/items"], found)

    def test_the_data_link_has_no_query_string(self):
        """QGIS appends /{layer} to it as it is."""
        self.assertEqual(f"{server.URL}/collections", server.href(server.get_json("/"), "data"))

    @on_every_layer
    def test_a_layers_id_is_one_that_old_qgis_can_open(self, layer):
        self.assertRegex(layer.id, r"^[a-z0-9_-]+$")

    @on_every_layer
    def test_the_last_page_has_no_next_link(self, layer):
        page = list(server.pages(f"/collections/{layer.id}/items?limit={layer.features}"))
        self.assertEqual(1, len(page), "a page that holds all has a next link")

    def test_links_follow_the_host_that_was_asked(self):
        port = server.URL.rsplit(":", 1)[1]
        landing = server.get_json("/", host=f"localhost:{port}")
        for link in landing["links"]:
            self.assertTrue(link["href"].startswith(f"http://localhost:{port}/"), link["href"])

    def test_the_address_with_a_slash_at_its_end_is_the_landing_page(self):
        """QGIS adds the slash itself."""
        self.assertEqual(server.get("/").body, server.get(server.URL + "/").body)


class EveryAnswer(Checks):
    def test_any_page_may_read_it(self):
        """CORS, on what is found, what is empty, what is not changed and what is wrong."""
        for name, path in sample_paths().items():
            with self.subTest(name):
                answer = server.get(path, origin="http://elsewhere.example")
                self.assertEqual("*", answer.headers.get("access-control-allow-origin"))
                exposed = answer.headers.get("access-control-expose-headers", "").lower()
                for header in ("content-crs", "link", "etag"):
                    self.assertIn(header, exposed)
        wrong = {400: "/collections?limt=1", 404: "/no/such/place"}
        for status, path in wrong.items():
            with self.subTest(status):
                answer = server.get(path, origin="http://elsewhere.example")
                self.assertEqual((status, "*"), (answer.status, answer.headers.get("access-control-allow-origin")))
        with self.subTest(405):
            answer = server.get("/collections", method="DELETE", origin="http://elsewhere.example")
            self.assertEqual((405, "*"), (answer.status, answer.headers.get("access-control-allow-origin")))

    def test_a_browser_may_ask_first(self):
        answer = server.get(
            "/collections",
            method="OPTIONS",
            origin="http://elsewhere.example",
            access_control_request_method="GET",
            access_control_request_headers="if-none-match",
        )
        self.assertIn(answer.status, (200, 204))
        self.assertEqual("*", answer.headers["access-control-allow-origin"])
        self.assertIn("GET", answer.headers["access-control-allow-methods"])

    def test_an_empty_tile_is_204_without_a_body(self):
        answer = server.get(sample_paths()["empty tile"])
        self.assertEqual((204, b""), (answer.status, answer.body))
        self.assertEqual("*", answer.headers["access-control-allow-origin"])

    def test_gzip_deflate_and_identity_give_the_same_bytes(self):
        for name, path in sample_paths().items():
            if name == "empty tile":
                continue
            with self.subTest(name):
                plain = server.get(path, accept_encoding="identity")
                self.assertNotIn("content-encoding", plain.headers)
                packed = server.get(path, accept_encoding="gzip")
                self.assertIn("accept-encoding", packed.headers.get("vary", "").lower())
                encoding = packed.headers.get("content-encoding")
                if len(plain.body) > 2048:
                    self.assertEqual("gzip", encoding)
                unpacked = gzip.decompress(packed.body) if encoding == "gzip" else packed.body
                self.assertEqual(plain.body, unpacked)
                qgis = server.get(path, accept_encoding="gzip, deflate")
                unpack = {"gzip": gzip.decompress, "deflate": zlib.decompress, None: bytes}
                self.assertEqual(plain.body, unpack[qgis.headers.get("content-encoding")](qgis.body))

    def test_a_browser_gets_an_encoding_that_it_named(self):
        for name, path in sample_paths().items():
            with self.subTest(name):
                answer = server.get(path, accept_encoding="gzip, deflate, br, zstd")
                self.assertIn(answer.headers.get("content-encoding"), (None, "gzip", "deflate", "br", "zstd"))

    def test_each_encoding_has_an_etag_of_its_own(self):
        for name in ("items", "collections", "style"):
            with self.subTest(name):
                path = sample_paths()[name]
                tags = {server.get(path, accept_encoding=one).headers["etag"] for one in ("identity", "gzip")}
                self.assertEqual(2, len(tags))

    def test_what_has_not_changed_is_304(self):
        for name, path in sample_paths().items():
            if name == "empty tile":
                continue
            with self.subTest(name):
                tag = server.get(path).headers["etag"]
                again = server.get(path, if_none_match=tag)
                self.assertEqual((304, b"", tag), (again.status, again.body, again.headers["etag"]))
                self.assertEqual("*", again.headers["access-control-allow-origin"])
                self.assertEqual(200, server.get(path, if_none_match='"another"').status)

    def test_equal_requests_give_equal_bytes(self):
        for name, path in sample_paths().items():
            with self.subTest(name):
                first, second = server.get(path), server.get(path)
                self.assertEqual(first.body, second.body)
                self.assertEqual(first.headers.get("etag"), second.headers.get("etag"))

    def test_head_says_what_get_says_without_the_body(self):
        for name, path in sample_paths().items():
            with self.subTest(name):
                whole, head = server.get(path), server.get(path, method="HEAD")
                self.assertEqual((whole.status, b""), (head.status, head.body))
                for header in ("content-type", "etag", "content-length"):
                    self.assertEqual(whole.headers.get(header), head.headers.get(header), header)

    def test_json_is_utf_8_as_it_is_written(self):
        body = server.get(sample_paths()["items"]).body
        self.assertIn("圖書館", body.decode("utf-8"))
        self.assertNotIn(b"\\u", body)
        json.loads(body)


if __name__ == "__main__":
    unittest.main()
