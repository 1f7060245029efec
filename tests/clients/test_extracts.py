"""GDAL reads what is made of a part of a layer: the features that the same choice of items has, where they are."""

import tempfile
import time
import unittest

import server
from server import Box, Checks
from test_downloads import ALL_FORMATS, GRID_TOLERANCE_DEG, Taken, has_a_pair_of_its_own

MADE_WITHIN_S = 60


def made(layer, query):
    """The address of a job and how it stands once it is finished."""
    address = server.get(f"/collections/{layer}/extracts?{query}", method="POST").headers["location"]
    end = time.monotonic() + MADE_WITHIN_S
    while (job := server.get_json(address))["status"] in ("accepted", "running"):
        if time.monotonic() > end:
            raise AssertionError(f"{layer} {query} is not made")
        time.sleep(0.1)
    return address, job


def box_of(features):
    corners = [vertex for one in features if one["geometry"] for vertex in server.vertices(one["geometry"])]
    lons, lats = [corner[0] for corner in corners], [corner[1] for corner in corners]
    return Box(min(lons), min(lats), max(lons), max(lats))


class PartsAreTheItems(Checks):
    def test_each_file_holds_what_the_same_items_have(self):
        for layer in ALL_FORMATS:
            west, south, east, north = server.get_json(f"/collections/{layer}")["extent"]["spatial"]["bbox"][0]
            half = f"bbox={west},{south},{(west + east) / 2},{north}"
            items = server.get_json(f"/collections/{layer}/items?{half}&limit=10000")["features"]
            self.assertGreater(len(items), 0)
            for kind in server.get_json(f"/collections/{layer}/extracts")["formats"]:
                for crs in kind["crs"]:
                    with self.subTest(f"{layer} {kind['f']} {crs}"), tempfile.TemporaryDirectory() as folder:
                        self.assert_made(layer, f"f={kind['f']}&crs={crs}&{half}", items, folder)

    def assert_made(self, layer, query, items, folder):
        address, job = made(layer, query)
        self.assertEqual("successful", job["status"], job)
        self.assertEqual(len(items), job["numberOfFeatures"])
        link = server.links(job, "enclosure")[0]
        body = server.get(link["href"]).body
        taken = Taken(link["href"].rsplit("/", 1)[-1], body, folder)
        self.assertEqual(len(items), taken.layer.GetFeatureCount())
        if not (taken.name.endswith(".csv") and has_a_pair_of_its_own(body)):
            tolerance_deg = server.BOX_TOLERANCE_DEG + GRID_TOLERANCE_DEG
            self.assert_same_box(box_of(items), taken.box(), tolerance_deg)
        # A caller may keep some, not all of these.
        self.assertEqual(200, server.get(address, method="DELETE").status)


if __name__ == "__main__":
    unittest.main()
