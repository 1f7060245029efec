"""axe judges every kind of page in three languages, light and dark, at a desk and on a phone."""

import importlib.util
import unittest
from pathlib import Path

import chromium
import server
from server import Checks

LANGUAGES = ["en", "zh-Hant", "zh-Hans"]
WORDS = {"en": "library", "zh-Hant": "圖書館", "zh-Hans": "图书馆"}
SCHEMES = ["light", "dark"]
DESK_PX, PHONE_PX = 1280, 390

GRAVE = ("serious", "critical")
"""Impacts that keep people out; axe calls the rest moderate or minor."""

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

MAP_IS_DRAWN = "!document.getElementById('map') || document.getElementById('map').dataset.ready === 'true'"

if chromium.program() is None:
    raise ModuleNotFoundError("no Chromium")

found = importlib.util.find_spec("axe_playwright_python")
if found is None:
    raise ModuleNotFoundError("no axe")
AXE = (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text()


def setUpModule():
    global browser, job
    browser = chromium.Browser()
    job = server.get("/collections/lcsd-libraries/extracts?f=csv", method="POST").headers["location"]


def tearDownModule():
    browser.close()
    # A caller may keep some, not all of these.
    server.get(job, method="DELETE")


def pages(language):
    """Every kind of page by what it is."""
    libraries = "/collections/lcsd-libraries"
    feature = server.get_json(f"{libraries}/items?limit=1")["features"][0]["id"]
    return {
        "home": "/?f=html",
        "results": f"/collections?f=html&text={server.quote(WORDS[language])}",
        "no results": "/collections?f=html&text=zzzzzz",
        "layer": f"{libraries}?f=html",
        "table": f"{libraries}/items?f=html",
        "feature": f"{libraries}/items/{feature}?f=html",
        "map": "/map?f=html&layers=lcsd-libraries,td-ferry-routes",
        "form of an extract": f"{libraries}/extracts?f=html",
        "extract": f"{job}?f=html",
        "API": "/api.html?f=html",
        "for departments": "/departments?f=html",
        "JSON as a page": "/conformance?f=html",
        "problem": "/nothing/libraries?f=html",
    }


def dress(page, scheme, width_px):
    """As a screen of this width shows it, light or dark."""
    is_phone = width_px == PHONE_PX
    page.ask("Emulation.setDeviceMetricsOverride", width=width_px, height=900, deviceScaleFactor=1, mobile=is_phone)
    page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])


def go(page, address):
    """As `Page.go`, also to what is not there, of which the browser complains."""
    page.loaded = False
    page.ask("Page.navigate", url=address)
    page.wait_for(lambda: page.complaints.clear() or page.loaded, f"{address} to load")


def judge(page):
    """What axe finds grave: the rule, and the first elements that break it."""
    page.run(AXE)
    verdict = page.run(
        f"axe.run(document, {{runOnly: {RULES}, resultTypes: ['violations']}}).then(({{violations}}) => "
        "violations.map(({id, impact, nodes}) => [impact, id, nodes.slice(0, 3).map((node) => node.html.slice(0, 160))]))"
    )
    return [fault for fault in verdict if fault[0] in GRAVE]


class PagesAreAccessible(Checks):
    def judge_all(self, width_px):
        for language in LANGUAGES:
            for name, path in pages(language).items():
                address = path if path.startswith("http") else f"{server.URL}{path}"
                for scheme in SCHEMES:
                    with (
                        self.subTest(f"{name} {language} {scheme} {width_px}"),
                        browser.open("about:blank", language) as page,
                    ):
                        dress(page, scheme, width_px)
                        go(page, f"{address}&lang={language}")
                        page.wait_for(MAP_IS_DRAWN, "the map")
                        self.assertEqual([], judge(page))
                        if width_px == PHONE_PX:
                            wide_px = page.run("document.documentElement.scrollWidth")
                            self.assertLessEqual(wide_px, PHONE_PX, "the page scrolls sideways")

    def test_at_a_desk(self):
        self.judge_all(DESK_PX)

    def test_on_a_phone(self):
        self.judge_all(PHONE_PX)


if __name__ == "__main__":
    unittest.main()
