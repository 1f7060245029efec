"""What ckanext-dcat makes of a catalogue, for test_ckan_harvest.py: `ckan_dcat.py ADDRESS FORMAT` prints a JSON list.

Runs in the environment of CKAN, whose packages would not go together with those of the other checks. It does what
the extension's harvester does page by page, without CKAN's database.
"""

import json
import sys
import urllib.request

import ckan.plugins  # noqa: F401  the parser needs its registry
from ckan.common import config
from ckanext.dcat.processors import RDFParser

PROFILES = ["euro_dcat_ap_3"]
PAGES_MAX = 200


def datasets(address, form):
    config.update({"ckan.site_url": "http://localhost", "ckan.locale_default": "en"})
    for _ in range(PAGES_MAX):
        parser = RDFParser(profiles=PROFILES)
        with urllib.request.urlopen(address) as answer:
            parser.parse(answer.read(), _format=form)
        yield from parser.datasets()
        address = parser.next_page()
        if not address:
            return


if __name__ == "__main__":
    json.dump(list(datasets(*sys.argv[1:])), sys.stdout)
