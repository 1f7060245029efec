"""The kinds of page of the portal, and a screen to see them on."""

import server

LANGUAGES = ["en", "zh-Hant", "zh-Hans"]
WORDS = {"en": "library", "zh-Hant": "圖書館", "zh-Hans": "图书馆"}
DESK_PX, PHONE_PX = 1280, 390

MAP_IS_DRAWN = "!document.getElementById('map') || document.getElementById('map').dataset.ready === 'true'"


def addresses(language, job):
    """Every kind of page by what it is, in a language; `job` is the address of an extract."""
    libraries = "/collections/lcsd-libraries"
    feature = server.get_json(f"{libraries}/items?limit=1")["features"][0]["id"]
    paths = {
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
    whole = {name: path if path.startswith("http") else f"{server.URL}{path}" for name, path in paths.items()}
    return {name: f"{address}&lang={language}" for name, address in whole.items()}


def make_extract():
    """The address of a job, which `end_extract` puts away: a caller may keep some, not all."""
    return server.get("/collections/lcsd-libraries/extracts?f=csv", method="POST").headers["location"]


def end_extract(job):
    server.get(job, method="DELETE")


def dress(page, scheme, width_px):
    """As a screen of this width shows it, light or dark."""
    is_phone = width_px == PHONE_PX
    page.ask("Emulation.setDeviceMetricsOverride", width=width_px, height=900, deviceScaleFactor=1, mobile=is_phone)
    page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])


def go(page, address):
    """As `Page.go`, also to what is not there, of which the browser complains; until its map is drawn."""
    page.loaded = False
    page.ask("Page.navigate", url=address)
    page.wait_for(lambda: page.complaints.clear() or page.loaded, f"{address} to load")
    page.wait_for(MAP_IS_DRAWN, "the map")
