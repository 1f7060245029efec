"""What Lighthouse looks for in pages, beside what axe does: that they are found, fit a phone, stand still
while they load, and come packed, cacheable and from this server alone."""

import unittest

import chromium
import portal_pages
import server
from portal_pages import LANGUAGES, PHONE_PX
from server import Checks

TITLE_MAX = 110
"""Letters; a search engine shows fewer, the first of them."""

TARGET_MIN_PX = 24
"""What a finger hits, WCAG 2.2 §2.5.8; links within a sentence are exempt."""

LETTER_MIN_PX = 12
NODES_MAX = 1500
SHIFT_MAX = 0.1
"""Lighthouse's bounds: elements of a page, and how much of it moves while it loads."""

PACKED = ("text/", "application/json", "application/javascript", "image/svg+xml")

LOOK = """
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const html = (element) => element.outerHTML.slice(0, 120);
  const is_shown = (element) => element.getClientRects().length > 0;
  const named = (name) => document.querySelector(`meta[name=${name}]`)?.content ?? "";
  const side = (element) => { const box = element.getBoundingClientRect(); return Math.min(box.width, box.height); };
  const ids = all("[id]").map(({id}) => id);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const small = new Set();
  while (texts.nextNode()) {
    const parent = texts.currentNode.parentElement;
    const is_text = texts.currentNode.data.trim() && !parent.closest("svg, script, style, .maplibregl-map");
    if (is_text && is_shown(parent) && parseFloat(getComputedStyle(parent).fontSize) < LETTER) small.add(html(parent));
  }
  return {
    lang: document.documentElement.lang,
    title: document.title,
    description: named("description"),
    viewport: named("viewport"),
    alternates: all("link[rel=alternate][hreflang]").map(({hreflang}) => hreflang),
    headings: all("h1").length,
    nameless: all("img:not([alt])").map(html).concat(
      all("a[href], button").filter((one) => !(one.textContent.trim() || one.ariaLabel || one.title
        || one.querySelector("img[alt]:not([alt=''])"))).map(html)),
    sizeless: all("img").filter((image) => !(image.width && image.height)).map(html),
    repeated: ids.filter((id, at) => ids.indexOf(id) !== at),
    tiny: all("button, select, input:not([type=hidden]), summary").filter((one) => is_shown(one) && side(one) > 1
      && side(one) < TARGET && !one.matches("[type=checkbox], [type=radio]")).map(html),
    small: [...small],
    nodes: document.querySelectorAll("*").length,
    wide: document.documentElement.scrollWidth,
    loads: performance.getEntriesByType("resource").map(({name}) => name),
  };
})()
""".replace("LETTER", str(LETTER_MIN_PX)).replace("TARGET", str(TARGET_MIN_PX))

SHIFTED = """
new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach(({value, hadRecentInput}) => {
    if (!hadRecentInput) sum += value;
  })).observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(sum), 300);
})
"""

if chromium.program() is None:
    raise ModuleNotFoundError("no Chromium")


def setUpModule():
    global browser, job
    browser = chromium.Browser()
    job = portal_pages.make_extract()


def tearDownModule():
    browser.close()
    portal_pages.end_extract(job)


class PagesAreWellMade(Checks):
    def test_every_page_in_every_language_on_a_phone(self):
        titles = {}
        for language in LANGUAGES:
            for name, address in portal_pages.addresses(language, job).items():
                with self.subTest(f"{name} {language}"), browser.open("about:blank", language) as page:
                    portal_pages.dress(page, "light", PHONE_PX)
                    portal_pages.go(page, address)
                    seen = page.run(LOOK)
                    self.judge_head(seen, language)
                    self.judge_body(seen, name)
                    self.assertLess(page.run(SHIFTED), SHIFT_MAX)
                    self.assertEqual([], [load for load in seen["loads"] if not load.startswith(server.URL + "/")])
                    other = titles.setdefault((language, seen["title"]), name)
                    self.assertEqual(name, other if "results" not in (name, other) else name, "two pages of one title")

    def judge_head(self, seen, language):
        self.assertEqual(language, seen["lang"])
        self.assertTrue(0 < len(seen["title"]) <= TITLE_MAX, seen["title"])
        self.assertEqual(1, seen["headings"])
        self.assertIn("width=device-width", seen["viewport"])
        self.assertEqual(sorted(LANGUAGES), sorted(set(seen["alternates"]) - {"x-default"}))
        self.assertTrue(seen["description"])

    def judge_body(self, seen, name):
        for fault in ("nameless", "sizeless", "repeated", "tiny", "small"):
            self.assertEqual([], seen[fault], fault)
        self.assertLessEqual(seen["wide"], PHONE_PX)
        if name != "table":
            self.assertLess(seen["nodes"], NODES_MAX)

    def test_what_pages_load_is_packed_and_kept(self):
        loads = {}
        for address in portal_pages.addresses("en", job).values():
            with browser.open("about:blank", "en") as page:
                portal_pages.go(page, address)
                loads.update(dict.fromkeys([address, *page.run(LOOK)["loads"]]))
        for address in loads:
            with self.subTest(address):
                answer = server.get(address, accept="text/html,*/*", accept_encoding="gzip")
                self.assertEqual("nosniff", answer.headers.get("x-content-type-options"))
                kept = answer.headers.get("cache-control", "")
                self.assertTrue("max-age=" in kept or "no-cache" in kept or "no-store" in kept, kept)
                if answer.media_type.startswith(PACKED) and len(answer.body) > 1500:
                    self.assertEqual("gzip", answer.headers.get("content-encoding"))


if __name__ == "__main__":
    unittest.main()
