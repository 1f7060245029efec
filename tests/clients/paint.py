#!/usr/bin/env python3
"""How soon the pages are seen, and what they weigh: Chromium with a processor four times slower.

    CAUSEWAY_URL=http://127.0.0.1:8080 target/clients-python/bin/python tests/clients/paint.py

Prints a line a page: first contentful paint as the median of some visits with an empty cache, and what the
page weighs without the map's own scripts, packed and as it is. Ends with 1 where a page is over its bounds.
Not among the checks of `run`: what it measures depends on what else the machine does.
"""

import statistics
import sys

import chromium
import server

SLOWED = 4
VISITS = 5
PAINT_MAX_MS = 1000
PACKED_MAX_BYTES = 25_000
RAW_MAX_BYTES = 80_000

PAGES = {
    "home": "/?f=html",
    "layer": "/collections/lcsd-libraries?f=html",
    "results": "/collections?f=html&text=library",
    "table": "/collections/lcsd-libraries/items?f=html",
}
BOUND = ("home", "layer")
"""The pages whose weight is bounded; tables and lists weigh what is in them."""

PAINTED_MS = """
new Promise((done) => new PerformanceObserver((list) => {
  const painted = list.getEntriesByName("first-contentful-paint")[0];
  if (painted) done(painted.startTime);
}).observe({type: "paint", buffered: true}))
"""

BEFORE_THE_MAP = """
(() => {
  const parts = document.querySelectorAll('link[rel=stylesheet][href*="/pages/"], script[src*="/pages/causeway"]');
  const named = [...parts].map(({href, src}) => src ?? href);
  const loads = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return loads
    .filter(({name, initiatorType}) => initiatorType === "navigation" || named.includes(name))
    .map(({encodedBodySize, decodedBodySize}) => [encodedBodySize, decodedBodySize]);
})()
"""


def visit(browser, address, language):
    with browser.open("about:blank", language) as page:
        page.ask("Network.setCacheDisabled", cacheDisabled=True)
        page.ask("Emulation.setCPUThrottlingRate", rate=SLOWED)
        page.go(address)
        painted_ms = page.run(PAINTED_MS)
        packed, raw = (sum(sizes) for sizes in zip(*page.run(BEFORE_THE_MAP)))
        return painted_ms, packed, raw


def main():
    browser = chromium.Browser()
    is_over = False
    for name, path in PAGES.items():
        for language in ("en", "zh-Hant", "zh-Hans"):
            visits = [visit(browser, f"{server.URL}{path}&lang={language}", language) for _ in range(VISITS)]
            painted_ms = statistics.median(painted for painted, _, _ in visits)
            _, packed, raw = visits[-1]
            over = painted_ms > PAINT_MAX_MS
            over |= name in BOUND and (packed > PACKED_MAX_BYTES or raw > RAW_MAX_BYTES)
            is_over |= over
            mark = "  OVER" if over else ""
            print(f"{name:8} {language:8} {painted_ms:6.0f} ms {packed:7} B packed {raw:7} B{mark}", flush=True)
    browser.close()
    return int(is_over)


if __name__ == "__main__":
    sys.exit(main())
