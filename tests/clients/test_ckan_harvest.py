"""ckanext-dcat's own parser, which CKAN harvests other catalogues with, reads every layer from our DCAT."""

import functools
import json
import os
import subprocess
import unittest
from pathlib import Path

import server
from server import Checks

TREE = Path(__file__).resolve().parents[2]
PYTHON = Path(os.environ.get("CAUSEWAY_CKAN_PYTHON", TREE / "target/ckan-python")) / "bin/python"
FORMS = {"ttl": "turtle", "rdf": "xml", "jsonld": "json-ld"}

if not PYTHON.exists():
    raise ModuleNotFoundError("no ckanext-dcat")


@functools.cache
def harvested(suffix, profile):
    """What CKAN would import, by our identifier."""
    address = f"{server.URL}/dcat.{suffix}{profile}"
    script = Path(__file__).with_name("ckan_dcat.py")
    ran = subprocess.run([PYTHON, script, address, FORMS[suffix]], capture_output=True, check=True)
    return {extra(dataset, "identifier"): dataset for dataset in json.loads(ran.stdout)}


def extra(dataset, key):
    return next((one["value"] for one in dataset["extras"] if one["key"] == key), None)


class CkanImportsEveryLayer(Checks):
    def test_from_each_form_and_profile(self):
        for suffix in FORMS:
            for profile in ("", "?profile=ckan"):
                with self.subTest(f"{suffix}{profile}"):
                    self.assertEqual(set(server.tree()), set(harvested(suffix, profile)))

    @server.on_every_layer
    def test_with_title_licence_place_and_files(self, layer):
        collection = server.get_json(f"/collections/{layer.id}")
        package = server.get_json(f"/en-data/api/3/action/package_show?id={layer.id}")["result"]
        dataset = harvested("ttl", "?profile=ckan")[layer.id]
        self.assertEqual(collection["title"], dataset["title"])
        self.assertEqual(f"{server.URL}/collections/{layer.id}", extra(dataset, "uri"))
        licences = {resource["license"] for resource in dataset["resources"]}
        self.assertEqual({package["license_url"]}, licences)
        box = collection["extent"].get("spatial", {}).get("bbox", [None])[0]
        if box:
            ring = json.loads(extra(dataset, "spatial"))["coordinates"][0]
            lons, lats = zip(*ring)
            found = [min(lons), min(lats), max(lons), max(lats)]
            self.assert_same_box(server.Box(*box), server.Box(*found))
        files = {link["href"]: link["length"] for link in server.links(collection, "enclosure")}
        sizes = {one["download_url"]: one["size"] for one in dataset["resources"] if one.get("size")}
        self.assertEqual(files, {address: sizes.get(address) for address in files})


if __name__ == "__main__":
    unittest.main()
