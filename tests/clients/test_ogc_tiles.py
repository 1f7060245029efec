"""OGC API - Tiles as its official test suite (ets-ogcapi-tiles10) judges it, over every layer, and TileJSON."""

import unittest

import server
from server import Checks, on_every_layer

GRID = "WebMercatorQuad"
GRID_URI = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{GRID}"
TILE_TYPE = "application/vnd.mapbox-vector-tile"
TILESETS = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
SCHEME = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
ALL_BITS = 2147483647
"""The suite's row and column that no zoom has."""

TILES_A_LAYER = 60
"""Tiles of the data range that are asked for; a larger range is spread."""


class Tilesets(Checks):
    def test_conformance_lists_core_tileset_and_mvt(self):
        classes = server.get_json("/conformance")["conformsTo"]
        for name in (
            "core",
            "tileset",
            "tilesets-list",
            "geodata-tilesets",
            "dataset-tilesets",
            "collections-selection",
            "datetime",
            "mvt",
        ):
            self.assertIn(f"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/{name}", classes)

    def test_the_api_document_gives_the_operations_their_names(self):
        """[the suite finds operations by what their ids end in]"""
        paths = server.get_json("/api")["paths"]
        ids = {path: way["get"]["operationId"] for path, way in paths.items()}
        one = "/collections/{collectionId}/tiles"
        self.assertIn(".collection.vector.getTileSetsList", ids[one])
        self.assertIn(".collection.vector.getTileSet", ids[one + "/{tileMatrixSetId}"])
        self.assertIn(".collection.vector.getTile", ids[one + "/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"])

    @on_every_layer
    def test_a_collection_links_to_its_tile_sets(self, layer):
        found = server.links(server.collections()[layer.id], TILESETS)
        self.assertEqual(1, len(found))
        self.assertIn("/tiles", found[0]["href"])
        self.assertEqual("application/json", found[0]["type"])

    @on_every_layer
    def test_a_tile_set_is_listed_with_its_own_address(self, layer):
        listed = server.get_json(f"/collections/{layer.id}/tiles")["tilesets"]
        self.assertIn(GRID_URI, [one.get("tileMatrixSetURI") for one in listed])
        for one in listed:
            self.assertEqual("vector", one["dataType"])
            own = server.links(one, "self")
            self.assertEqual(["application/json"], [link["type"] for link in own])
            server.get_json(own[0]["href"])

    @on_every_layer
    def test_a_tile_set_says_how_to_ask_for_tiles(self, layer):
        found = server.get_json(f"/collections/{layer.id}/tiles/{GRID}")
        items = [link for link in server.links(found, "item") if link["type"] == TILE_TYPE]
        self.assertEqual(1, len(items))
        self.assertIs(True, items[0]["templated"])
        for variable in ("{tileMatrix}", "{tileRow}", "{tileCol}"):
            self.assertIn(variable, items[0]["href"])
        self.assertIn(f"/tiles/{GRID}/", items[0]["href"])
        grid = server.get_json(server.href(found, SCHEME))
        self.assertEqual(GRID, grid["id"])
        self.assertEqual([layer.id], [one["id"] for one in found["layers"]])
        corners = [*found["boundingBox"]["lowerLeft"], *found["boundingBox"]["upperRight"]]
        self.assert_same_box(layer.box, corners)

    @on_every_layer
    def test_every_tile_in_the_limits_of_a_full_zoom_is_200(self, layer):
        """[a tile in the range of the data answers 200]: at the deepest zoom whose limits are one tile."""
        found = server.get_json(f"/collections/{layer.id}/tiles/{GRID}")
        template = next(link["href"] for link in server.links(found, "item"))
        full = [
            limits
            for limits in found["tileMatrixSetLimits"]
            if limits["minTileRow"] == limits["maxTileRow"] and limits["minTileCol"] == limits["maxTileCol"]
        ]
        self.assertTrue(full)
        for limits in full:
            address = (
                template.replace("{tileMatrix}", limits["tileMatrix"])
                .replace("{tileRow}", str(limits["minTileRow"]))
                .replace("{tileCol}", str(limits["minTileCol"]))
            )
            answer = server.get(address)
            self.assertEqual((200, TILE_TYPE), (answer.status, answer.media_type), address)

    @on_every_layer
    def test_every_tile_that_holds_a_vertex_is_200_and_lies_in_the_limits(self, layer):
        found = server.get_json(f"/collections/{layer.id}/tiles/{GRID}")
        limits = {int(one["tileMatrix"]): one for one in found["tileMatrixSetLimits"]}
        for zoom in (8, 12, 16):
            tiles = set()
            for feature in server.features(layer.id):
                for lon, lat in server.vertices(feature["geometry"]):
                    column, row = server.tile_place(lon, lat, zoom)
                    # A vertex on the very edge of a tile may belong to the next one.
                    if 0.001 < column % 1 < 0.999 and 0.001 < row % 1 < 0.999:
                        tiles.add((int(row), int(column)))
            allowed = limits[zoom]
            for row, column in server.spread(sorted(tiles), TILES_A_LAYER // 3):
                self.assertTrue(allowed["minTileRow"] <= row <= allowed["maxTileRow"], (zoom, row, column))
                self.assertTrue(allowed["minTileCol"] <= column <= allowed["maxTileCol"], (zoom, row, column))
                address = f"/collections/{layer.id}/tiles/{GRID}/{zoom}/{row}/{column}"
                answer = server.get(address)
                self.assertEqual((200, TILE_TYPE), (answer.status, answer.media_type), address)
                self.assertEqual(answer.body, server.get(f"/xyz/{layer.id}/{zoom}/{column}/{row}.pbf").body, address)


class DatasetTiles(Checks):
    """Tiles of several layers, which the landing page links to."""

    def test_the_landing_page_leads_to_tile_sets_with_tiles_of_every_layer_asked_for(self):
        layers = [server.some_layer(kind) for kind in ("point", "area")]
        address = server.href(server.get_json("/"), TILESETS)
        listed = server.get_json(f"{address}?collections={','.join(layers)}")["tilesets"]
        own = next(one for one in listed if one.get("tileMatrixSetURI") == GRID_URI)
        found = server.get_json(server.href(own, "self"))
        self.assertEqual(layers, [one["id"] for one in found["layers"]])
        template = server.href(found, "item")
        limits = next(one for one in found["tileMatrixSetLimits"] if one["tileMatrix"] == "0")
        tile = (
            template.replace("{tileMatrix}", "0")
            .replace("{tileRow}", str(limits["minTileRow"]))
            .replace("{tileCol}", str(limits["minTileCol"]))
        )
        answer = server.get(tile)
        self.assertEqual((200, TILE_TYPE), (answer.status, answer.media_type))
        for layer in layers:
            self.assertIn(layer.encode(), answer.body)

    def test_an_unknown_collection_is_400_or_404(self):
        self.assertIn(server.get(f"/tiles/{GRID}/0/0/0?collections=no-such").status, (400, 404))


class TilesThatAreNot(Checks):
    @on_every_layer
    def test_a_row_or_column_outside_the_grid_is_400_or_404(self, layer):
        tiles = f"/collections/{layer.id}/tiles/{GRID}"
        for place in (f"10/{ALL_BITS}/0", f"10/0/{ALL_BITS}", f"10/{ALL_BITS}/{ALL_BITS}", "0/0/1", "22/0/4194304"):
            self.assertIn(server.get(f"{tiles}/{place}").status, (400, 404), place)

    def test_a_zoom_row_or_column_that_is_no_number_is_400_or_404(self):
        layer = server.some_layer("point", ["lcsd-libraries"])
        tiles = f"/collections/{layer}/tiles/{GRID}"
        for place in (
            "10/-1/0",
            "10/0/-1",
            "-1/0/0",
            "99/0/0",
            "z/0/0",
            "10/row/0",
            "10/0/column",
            "10/1.5/0",
            "10/0/1e2",
        ):
            with self.subTest(place):
                answer = server.get(f"{tiles}/{place}")
                self.assertIn(answer.status, (400, 404))
                self.assertEqual("application/problem+json", answer.media_type)

    def test_an_unknown_grid_is_404(self):
        layer = server.some_layer("point", ["lcsd-libraries"])
        self.assertEqual(404, server.get(f"/collections/{layer}/tiles/NoSuchGrid").status)
        self.assertEqual(404, server.get(f"/collections/{layer}/tiles/NoSuchGrid/0/0/0").status)

    @on_every_layer
    def test_an_empty_tile_inside_the_grid_is_204(self, layer):
        answer = server.get(f"/collections/{layer.id}/tiles/{GRID}/16/0/0")
        self.assertEqual((204, b""), (answer.status, answer.body))


class TileJson(Checks):
    @on_every_layer
    def test_it_names_tiles_fields_and_bounds(self, layer):
        found = server.get_json(f"/tilejson/{layer.id}.json")
        self.assertEqual("3.0.0", found["tilejson"])
        self.assert_same_box(layer.box, found["bounds"])
        self.assertEqual([layer.id], [one["id"] for one in found["vector_layers"]])
        self.assertEqual(set(server.schema(layer.id)), set(found["vector_layers"][0]["fields"]))
        self.assertTrue(found["attribution"])
        lon, lat, zoom = found["center"]
        self.assertTrue(layer.box.west - 1e-3 <= lon <= layer.box.east + 1e-3)
        self.assertTrue(layer.box.south - 1e-3 <= lat <= layer.box.north + 1e-3)
        self.assertTrue(found["minzoom"] <= zoom <= found["maxzoom"])
        for template in found["tiles"]:
            self.assertTrue(template.startswith(server.URL + "/"), template)
            address = template.replace("{z}", "0").replace("{x}", "0").replace("{y}", "0")
            answer = server.get(address)
            self.assertEqual((200, TILE_TYPE), (answer.status, answer.media_type))
            self.assertIn("immutable", answer.headers["cache-control"])


if __name__ == "__main__":
    unittest.main()
