"""axe judges every kind of page in three languages, light and dark, at a desk and on a phone."""

import importlib.util
import unittest
from pathlib import Path

import chromium
import portal_pages
from portal_pages import DESK_PX, LANGUAGES, PHONE_PX
from server import Checks

SCHEMES = ["light", "dark"]

GRAVE = ("serious", "critical")
"""Impacts that keep people out; axe calls the rest moderate or minor."""

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

if chromium.program() is None:
    raise ModuleNotFoundError("no Chromium")

found = importlib.util.find_spec("axe_playwright_python")
if found is None:
    raise ModuleNotFoundError("no axe")
AXE = (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text()


def setUpModule():
    global browser, job
    browser = chromium.Browser()
    job = portal_pages.make_extract()


def tearDownModule():
    browser.close()
    portal_pages.end_extract(job)


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
            for name, address in portal_pages.addresses(language, job).items():
                for scheme in SCHEMES:
                    with (
                        self.subTest(f"{name} {language} {scheme} {width_px}"),
                        browser.open("about:blank", language) as page,
                    ):
                        portal_pages.dress(page, scheme, width_px)
                        portal_pages.go(page, address)
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
