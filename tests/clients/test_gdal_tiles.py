"""GDAL's vector tile driver (MVT) finds every feature in the one tile of zoom 22 where it lies.

Zoom 22 is where nothing is simplified or thinned: a tile is less than ten metres wide there. A feature's
place is one of its own vertices, so the check needs no geometry of its own.
"""

import unittest

import server
from osgeo import gdal
from server import Checks, on_every_layer

gdal.UseExceptions()

ZOOM = 22
FOLDER_ZOOM = 14
NEAR_M = 50.0
"""Half the side of the filter box, in metres of the projection."""

FEATURES_A_LAYER = 200
"""Layers with more are checked at a spread of so many."""


def tile_of(geometry):
    """The tile that holds the vertex of this geometry that lies farthest from the edges of its tile."""

    def distance_from_edge(place):
        column, row = place
        return min(column % 1, 1 - column % 1, row % 1, 1 - row % 1)

    places = (server.tile_place(lon, lat, ZOOM) for lon, lat in server.vertices(geometry))
    column, row = max(places, key=distance_from_edge)
    return int(column), int(row)


def read_tile(layer, zoom, column, row):
    """The ids that GDAL finds in a tile, and the properties of each."""
    tile = gdal.OpenEx(
        f"MVT:{server.URL}/xyz/{layer}/{zoom}/{column}/{row}.pbf", gdal.OF_VECTOR, allowed_drivers=["MVT"]
    )
    found = tile.GetLayerByName(layer)
    if found is None:
        return {}
    return {feature.GetField("mvt_id"): feature.items() for feature in found}


class GdalReadsTiles(Checks):
    @on_every_layer
    def test_a_feature_is_in_the_tile_of_its_place(self, layer):
        tiles = {}
        for feature in server.spread(server.features(layer.id), FEATURES_A_LAYER):
            if feature["geometry"] is not None:
                tiles.setdefault(tile_of(feature["geometry"]), set()).add(feature["id"])
        self.assertTrue(tiles)
        for (column, row), ids in tiles.items():
            missing = ids - set(read_tile(layer.id, ZOOM, column, row))
            self.assertEqual(set(), missing, f"not in /xyz/{layer.id}/{ZOOM}/{column}/{row}.pbf")

    @on_every_layer
    def test_a_feature_in_a_tile_carries_its_attributes(self, layer):
        feature = next(one for one in server.features(layer.id) if one["geometry"])
        attributes = read_tile(layer.id, ZOOM, *tile_of(feature["geometry"]))[feature["id"]]
        caseless = [name.lower() for name in feature["properties"]]
        for name, value in feature["properties"].items():
            if caseless.count(name.lower()) > 1:
                continue  # GDAL takes names that differ in case alone for one field of a tile
            if isinstance(value, str) and server.schema(layer.id)[name].get("format") is None:
                self.assertEqual(value, attributes.get(name), f"field {name}")

    @on_every_layer
    def test_the_tile_of_zoom_0_has_the_layer(self, layer):
        self.assertTrue(read_tile(layer.id, 0, 0, 0), "the tile of the whole world is empty")

    @on_every_layer
    def test_a_folder_of_tiles_is_read_with_the_metadata_beside_it(self, layer):
        folder = gdal.OpenEx(f"MVT:{server.URL}/xyz/{layer.id}/{FOLDER_ZOOM}", gdal.OF_VECTOR, allowed_drivers=["MVT"])
        found = folder.GetLayerByName(layer.id)
        self.assertIsNotNone(found, "metadata.json does not name the layer")
        definition = found.GetLayerDefn()
        names = {definition.GetFieldDefn(place).GetName() for place in range(definition.GetFieldCount())}
        self.assertLessEqual(set(server.schema(layer.id)), names)

        # GDAL asks for the tiles of the filter, so the filter lies where a feature is.
        feature = next(one for one in server.features(layer.id) if one["geometry"])
        x, y = server.mercator_m(*next(server.vertices(feature["geometry"])))
        found.SetSpatialFilterRect(x - NEAR_M, y - NEAR_M, x + NEAR_M, y + NEAR_M)
        self.assertIn(feature["id"], {one.GetField("mvt_id") for one in found})


if __name__ == "__main__":
    unittest.main()
