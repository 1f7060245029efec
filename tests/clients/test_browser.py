"""Chromium opens the pages in three languages, draws the maps, and asks nobody but this server.

A map is judged as a person judges it: the place under the pointer is read from the page's own read-out, the
pixel where a feature lies has the colour of the style, and a click on it opens this feature's details.
"""

import json
import math
import os
import unittest
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import chromium
import server
from osgeo import gdal, ogr, osr
from server import Checks
from styles import WHITE, fits, is_near, mark_colour, rgb

gdal.UseExceptions()
ogr.UseExceptions()
osr.UseExceptions()

LANGUAGES = ["en", "zh-Hant", "zh-Hans"]
HEADINGS = {"en": "Libraries", "zh-Hant": "圖書館", "zh-Hans": "图书馆"}
"""The title of lcsd-libraries, by hand."""

TYPED = {"en": "librar", "zh-Hant": "圖書", "zh-Hans": "图书"}

MAPS = {"point": "lcsd-libraries", "line": "td-ferry-routes", "area": "had-districts-18"}
CLEAR_PX = 16
"""Features are judged where no other of the layer is as near as this."""

JUDGED = 5
COLOUR_TOLERANCE = 16


if chromium.program() is None:
    raise ModuleNotFoundError("no Chromium")


def setUpModule():
    global browser
    browser = chromium.Browser()


def tearDownModule():
    browser.close()


def page_address(path, language):
    return f"{server.URL}{path}{'&' if '?' in path else '?'}lang={language}"


def pixels(png):
    """Red, green and blue of every pixel: an array of rows."""
    path = "/vsimem/page.png"
    gdal.FileFromMemBuffer(path, png)
    try:
        return gdal.Open(path).ReadAsArray()[:3].transpose(1, 2, 0)
    finally:
        gdal.Unlink(path)


def save(page, name):
    folder = os.environ.get("CAUSEWAY_PICTURES")
    if folder:
        (Path(folder) / f"{name}.png").write_bytes(page.picture())


class PageChecks(Checks):
    def assert_quiet_and_at_home(self, page):
        """Nothing failed, and nobody else was asked."""
        self.assertEqual([], page.complaints)
        self.assertTrue(page.requests)
        for address in page.requests:
            if not address.startswith(("data:", "blob:", "about:")):
                self.assertEqual(urlsplit(server.URL).netloc, urlsplit(address).netloc, address)

    def pick_a_place(self, page, box, typed):
        page.run(f"document.querySelector('{box}').focus()")
        page.type(typed)
        place = "document.querySelector('#suggestions:not([hidden]) [data-kind=place]')"
        page.wait_for(place, "a place under the box")
        number = page.run(f"[...{place}.parentElement.children].indexOf({place})")
        for _ in range(number + 1):
            page.press("ArrowDown")
        page.press("Enter")


class Home(PageChecks):
    def test_it_opens_in_three_languages(self):
        headings = set()
        for language in LANGUAGES:
            with self.subTest(language), browser.open(page_address("/", language), language) as page:
                self.assertEqual(language, page.run("document.documentElement.lang"))
                headings.add(page.run("document.querySelector('h1').textContent"))
                self.assert_quiet_and_at_home(page)
                save(page, f"home-{language}")
        self.assertEqual(3, len(headings), headings)

    def test_the_browsers_own_language_is_taken(self):
        for asked, given in (
            ("zh-HK,zh;q=0.9,en;q=0.5", "zh-Hant"),
            ("zh-CN,zh;q=0.9", "zh-Hans"),
            ("fr, en;q=0.8", "en"),
        ):
            with self.subTest(asked), browser.open(server.URL + "/", asked) as page:
                self.assertEqual(given, page.run("document.documentElement.lang"))

    def test_rows_appear_while_one_types_and_lead_to_the_layer(self):
        for language in LANGUAGES:
            with self.subTest(language), browser.open(page_address("/", language), language) as page:
                page.run("document.querySelector('[role=combobox]').focus()")
                page.type(TYPED[language])
                rows = page.wait_for(
                    "[...document.querySelectorAll('#suggestions:not([hidden]) [role=option]')]"
                    ".map((row) => row.textContent)",
                    "rows under the search box",
                )
                wanted = next((place for place, row in enumerate(rows) if row.startswith(HEADINGS[language])), None)
                self.assertIsNotNone(wanted, rows)
                for _ in range(wanted + 1):
                    page.press("ArrowDown")
                page.press("Enter")
                page.wait_for(
                    "location.pathname === '/collections/lcsd-libraries' && document.readyState === 'complete'",
                    "the layer's page",
                )
                self.assertEqual(language, page.run("document.documentElement.lang"))
                self.assertEqual(HEADINGS[language], page.run("document.querySelector('h1').textContent"))
                self.assert_quiet_and_at_home(page)

    def test_a_place_that_is_typed_opens_the_map_there(self):
        with browser.open(page_address("/", "zh-Hant"), "zh-Hant") as page:
            self.pick_a_place(page, "[role=combobox]", "沙田公共圖書館")
            page.wait_for("location.pathname === '/map' && document.getElementById('map')?.dataset.ready === 'true'", "the map")
            page.wait_for("!document.querySelector('[data-details]').hidden", "the details of the place")
            self.assertIn("沙田公共圖書館", page.run("document.querySelector('[data-details]').textContent"))
            self.assert_quiet_and_at_home(page)

    def test_a_box_that_is_drawn_among_the_results_narrows_them_and_stands_where_it_was_drawn(self):
        address = page_address("/collections?f=html&text=trail&sort=title", "en")
        with browser.open(address) as page:
            page.run("document.querySelector('[data-drawing] button').click()")
            picture = "document.querySelector('[data-ground]')"
            page.run(f"{picture}.scrollIntoView({{block: 'center'}})")
            box = f"(({{left, top, width, height}}) => [left, top, width, height])({picture}.getBoundingClientRect())"
            left, top, width, height = page.run(box)
            page.drag((left + width * 0.3, top + height * 0.2), (left + width * 0.6, top + height * 0.6))
            page.wait_for("location.search.includes('bbox') && document.readyState === 'complete'", "results in a box")
            asked = dict(parse_qsl(urlsplit(page.run("location.href")).query))
            self.assertEqual(("trail", "title"), (asked["text"], asked["sort"]))
            west, south, east, north = (float(side) for side in asked["bbox"].split(","))
            ground = [float(side) for side in page.run(f"{picture}.dataset.ground").split(",")]
            self.assertAlmostEqual(ground[0] + 0.3 * (ground[2] - ground[0]), west, delta=0.004)
            self.assertAlmostEqual(ground[0] + 0.6 * (ground[2] - ground[0]), east, delta=0.004)
            self.assertTrue(ground[1] < south < north < ground[3], asked["bbox"])
            page.run(f"{picture}.scrollIntoView({{block: 'center'}})")
            drawn = page.run(box.replace(f"({picture}", "(document.querySelector('.where .chosen')"))
            left, top, width, height = page.run(box)
            wanted = (left + width * 0.3, top + height * 0.2, width * 0.3, height * 0.4)
            for side, expected in zip(drawn, wanted, strict=True):
                self.assertAlmostEqual(expected, side, delta=4)
            self.assert_quiet_and_at_home(page)

    def test_days_are_chosen_from_a_calendar_and_sent_as_one_interval(self):
        with browser.open(page_address("/collections?f=html&datetime=2020-01-01/..", "zh-Hant"), "zh-Hant") as page:
            days = "[...document.querySelectorAll('[data-days]:not([hidden]) input')]"
            self.assertEqual(["2020-01-01", ""], page.run(f"{days}.map((day) => day.value)"))
            page.run(f"{days}[1].value = '2021-12-31'; {days}[1].dispatchEvent(new Event('change', {{bubbles: true}}))")
            page.run("document.querySelector('[data-narrow]').requestSubmit()")
            page.wait_for("location.search.includes('2021') && document.readyState === 'complete'", "results of the days")
            asked = dict(parse_qsl(urlsplit(page.run("location.href")).query))
            self.assertEqual("2020-01-01/2021-12-31", asked["datetime"])
            self.assertIn("2020年1月1日至2021年12月31日", page.run("document.querySelector('.chips').textContent"))

    def test_a_language_link_keeps_the_page(self):
        with browser.open(page_address("/collections/lcsd-libraries?f=html", "en")) as page:
            page.run("document.querySelector('a[hreflang=zh-Hant]').click()")
            page.wait_for(
                "document.documentElement?.lang === 'zh-Hant' && document.readyState === 'complete'",
                "the page in Chinese",
            )
            self.assertEqual(HEADINGS["zh-Hant"], page.run("document.querySelector('h1').textContent"))


class Maps(PageChecks):
    def open_map(self, layer, language):
        """A layer's page whose map has come to rest, scrolled into the window."""
        page = browser.open(page_address(f"/collections/{layer}?f=html", language), language)
        page.run("document.getElementById('map').scrollIntoView({block: 'center'})")
        page.wait_for("document.getElementById('map').dataset.ready === 'true'", f"the map of {layer}")
        return page

    def read_out(self, page, x, y):
        """Longitude and latitude of a pixel of the window where the pointer was not, as the page says them."""
        told = "document.querySelector('[data-degrees]').textContent"
        before = page.run(told)
        page.move(x, y)
        page.wait_for(f"{told} !== {json.dumps(before)}", "a read-out that follows the pointer")
        page.move(x, y)
        text = page.run(told)
        north, east = (float(part.split("°")[0]) for part in text.split("N "))
        return east, north

    def projection(self, page):
        """From a place to a pixel of the window, found from the read-out at two free pixels of the map."""
        left, top, right, bottom = self.map_box(page)
        tenths = range(2, 9)
        free = [
            (x, y)
            for x, y in ((left + (right - left) * n // 10, top + (bottom - top) * n // 10) for n in tenths)
            if self.is_free(page, x, y)
        ]
        self.assertGreaterEqual(len(free), 2, "the page covers its map")
        corners = [free[0], free[-1]]
        places = [server.mercator_m(*self.read_out(page, *corner)) for corner in corners]
        metres_a_pixel = (places[1][0] - places[0][0]) / (corners[1][0] - corners[0][0])
        self.assertGreater(metres_a_pixel, 0, f"{places} at {corners}")

        def pixel(lon, lat):
            x, y = server.mercator_m(lon, lat)
            return corners[0][0] + (x - places[0][0]) / metres_a_pixel, corners[0][1] - (
                y - places[0][1]
            ) / metres_a_pixel

        return pixel

    def judged(self, page, layer, pixel):
        """Features with a pixel where they alone lie and that nothing of the page covers."""
        shaped = [feature for feature in server.features(layer) if feature["geometry"]]
        seen = [(feature, [pixel(*place) for place in server.vertices(feature["geometry"])]) for feature in shaped]
        everywhere = [(feature["id"], spot) for feature, spots in seen for spot in spots]
        chosen = []
        for feature, spots in seen:
            for x, y in server.spread(spots, 40):
                others = (math.dist((x, y), spot) for key, spot in everywhere if key != feature["id"])
                if min(others, default=CLEAR_PX) >= CLEAR_PX and self.is_free(page, x, y):
                    chosen.append((feature, x, y))
                    break
        return server.spread(chosen, JUDGED)

    def is_free(self, page, x, y):
        return page.run(f"document.elementFromPoint({x}, {y})?.matches('#map canvas') ?? false")

    def assert_click_opens(self, page, feature, layer, x, y):
        page.click(x, y)
        address = page.wait_for(
            "document.querySelector('[data-details]:not([hidden]) [data-record]')?.href", f"details of {feature['id']}"
        )
        self.assertEqual(f"/collections/{layer}/items/{feature['id']}", urlsplit(address).path)
        page.run("document.querySelector('[data-details] [data-close]').click()")

    def test_a_layers_map_is_drawn_in_three_languages(self):
        for language in LANGUAGES:
            for layer in MAPS.values():
                with self.subTest(f"{layer} {language}"), self.open_map(layer, language) as page:
                    save(page, f"layer-{layer}-{language}")
                    # The legend shows the same colours, so it is put away first.
                    page.run("document.querySelectorAll('.legend').forEach((one) => (one.style.display = 'none'))")
                    left, top, right, bottom = self.map_box(page)
                    drawn = pixels(page.picture())[top:bottom, left:right]
                    colours = {tuple(colour) for row in drawn.tolist() for colour in row}
                    self.assertTrue(
                        any(
                            is_near(one, wanted, COLOUR_TOLERANCE)
                            for wanted in self.colours_of(layer)
                            for one in colours
                        ),
                        "no pixel has a colour of the layer's style",
                    )
                    self.assert_quiet_and_at_home(page)
                    self.assertTrue(
                        any(f"/xyz/{layer}/" in address for address in page.requests), "no tile was asked for"
                    )
                    if sprite := server.get_json(f"/styles/{layer}").get("sprite"):
                        asked = {urlsplit(address).path for address in page.requests}
                        self.assertTrue({urlsplit(sprite).path + end for end in (".json", ".png")} <= asked)

    def colours_of(self, layer):
        """What the layer's style draws points and lines with, without the white of their edges."""
        found = set()
        for one in server.get_json(f"/styles/{layer}")["layers"]:
            if one["type"] in ("circle", "line"):
                found.add(rgb(one["paint"][f"{one['type']}-color"]))
            found.add(mark_colour(one) or WHITE)
        return found - {WHITE}

    def test_the_read_out_and_the_legend_lie_on_the_map(self):
        with self.open_map(MAPS["point"], "en") as page:
            left, top, right, bottom = self.map_box(page)
            for part in ("[data-degrees]", "[data-grid]", ".legend"):
                x, y = page.run(
                    "(({left, top, width, height}) => [left + width / 2, top + height / 2])"
                    f"(document.querySelector('{part}').getBoundingClientRect())"
                )
                self.assertTrue(left <= x <= right and top <= y <= bottom, f"{part} lies at {x}, {y}")

    def test_a_click_on_a_feature_opens_its_own_details(self):
        for layer in MAPS.values():
            with self.subTest(layer), self.open_map(layer, "en") as page:
                pixel = self.projection(page)
                if layer == MAPS["area"]:
                    chosen = self.inside_areas(page, layer, pixel)
                else:
                    chosen = self.judged(page, layer, pixel)
                self.assertGreaterEqual(len(chosen), 3, "too few features stand alone on the map")
                for feature, x, y in chosen:
                    self.assert_click_opens(page, feature, layer, x, y)
                self.assert_quiet_and_at_home(page)

    def test_the_pixel_of_a_point_has_the_colour_of_its_class_and_sea_has_not(self):
        layer = MAPS["point"]
        style = server.get_json(f"/styles/{layer}")
        with self.open_map(layer, "en") as page:
            pixel = self.projection(page)
            drawn = pixels(page.picture())
            points = [one for one in style["layers"] if one["type"] == "circle" or mark_colour(one)]
            for feature, x, y in self.judged(page, layer, pixel):
                with self.subTest(feature["id"]):
                    wanted = self.point_colour(points, feature)
                    around = drawn[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3].reshape(-1, 3).tolist()
                    self.assertTrue(any(is_near(one, wanted, COLOUR_TOLERANCE) for one in around), (wanted, around))
            left, top, _, _ = self.map_box(page)
            corner = drawn[top + 4, left + 4].tolist()
            for point in points:
                self.assertFalse(is_near(corner, self.point_colour([point], None), COLOUR_TOLERANCE))

    def map_box(self, page):
        return page.run(
            "(({left, top, right, bottom}) => [left, Math.max(top, 0), right, Math.min(bottom, innerHeight)]"
            ".map(Math.round))(document.getElementById('map').getBoundingClientRect())"
        )

    def point_colour(self, points, feature):
        """The colour of the topmost circle or mark; without a feature whatever their filters say."""
        (*_, topmost) = [one for one in points if feature is None or fits(one.get("filter"), feature)]
        return mark_colour(topmost) or rgb(topmost["paint"]["circle-color"])

    def inside_areas(self, page, layer, pixel):
        """A pixel well inside each of some areas, so that no neighbour is as near as a click reaches."""
        chosen = []
        for feature in server.features(layer):
            seen = ogr.CreateGeometryFromJson(json.dumps(feature["geometry"]))
            self.move_to_pixels(seen, pixel)
            inner = seen.Buffer(-CLEAR_PX)
            if inner.IsEmpty():
                continue
            spot = inner.PointOnSurface()
            if self.is_free(page, spot.GetX(), spot.GetY()):
                chosen.append((feature, spot.GetX(), spot.GetY()))
        return server.spread(chosen, JUDGED)

    def move_to_pixels(self, shape, pixel):
        for part in range(shape.GetGeometryCount()):
            self.move_to_pixels(shape.GetGeometryRef(part), pixel)
        for place in range(shape.GetPointCount()):
            shape.SetPoint_2D(place, *pixel(shape.GetX(place), shape.GetY(place)))


STACK = ["lcsd-libraries", "td-ferry-routes", "had-districts-18"]


class MapPage(PageChecks):
    """The page that stacks layers; its address is the map."""

    def open_stack(self, query, language="en", width_px=None):
        page = browser.open("about:blank", language)
        if width_px:
            page.ask(
                "Emulation.setDeviceMetricsOverride", width=width_px, height=844, deviceScaleFactor=1, mobile=True
            )
        page.go(page_address(f"/map?f=html&{query}", language))
        page.wait_for("document.getElementById('map').dataset.ready === 'true'", "the map")
        return page

    def stack(self, page):
        """The layers that the address names, topmost first, with the parts that say how they are shown."""
        text = page.run("new URL(location.href).searchParams.get('layers')")
        return [one.split("~") for one in text.split(",")]

    def click(self, page, selector):
        page.run(f"document.querySelector({json.dumps(selector)}).click()")

    def test_it_draws_a_stack_in_three_languages_at_desk_and_phone_width(self):
        for language in LANGUAGES:
            for width_px in (None, 390):
                with self.subTest(f"{language} {width_px}"):
                    with self.open_stack(f"layers={','.join(STACK)}", language, width_px) as page:
                        self.assertEqual(HEADINGS[language], page.run("document.querySelector('.nm').firstChild.data"))
                        for layer in STACK:
                            self.assertTrue(any(f"/xyz/{layer}/" in one for one in page.requests), layer)
                        self.assertLessEqual(page.run("document.documentElement.scrollWidth - innerWidth"), 0)
                        self.assert_quiet_and_at_home(page)
                        save(page, f"map-{language}-{width_px or 1280}")

    def test_what_is_done_to_the_list_stands_in_the_address_and_comes_back_from_it(self):
        with self.open_stack(f"layers={','.join(STACK)}") as page:
            self.click(page, "[data-layer=lcsd-libraries] [data-down]")
            self.click(page, "[data-layer=td-ferry-routes] [data-on]")
            page.run(
                "for (const [part, value] of [['[data-opacity]', '40'], ['[data-field]', 'STATIC LIBRARY']]) {"
                " const one = document.querySelector(`[data-layer=lcsd-libraries] ${part}`);"
                " one.value = value; one.dispatchEvent(new Event('input', { bubbles: true })) }"
            )
            self.click(page, "[data-layer=had-districts-18] [data-remove]")
            page.wait_for("!location.search.includes('had-districts-18')", "an address without the removed layer")
            ferries, libraries = self.stack(page)
            self.assertEqual(["td-ferry-routes", "off"], [one for one in ferries if not one.startswith("c")])
            self.assertEqual(
                ["lcsd-libraries", "40", "=STATIC%20LIBRARY"], [one for one in libraries if not one.startswith("c")]
            )
            address = page.run("location.pathname + location.search + '&f=html' + location.hash")
            self.assert_quiet_and_at_home(page)
        with browser.open(server.URL + address) as again:
            again.wait_for("document.getElementById('map').dataset.ready === 'true'", "the map")
            for part, value in (("opacity", "40"), ("field", "STATIC LIBRARY")):
                self.assertEqual(
                    value, again.run(f"document.querySelector('[data-layer=lcsd-libraries] [data-{part}]').value")
                )
            self.assertFalse(again.run("document.querySelector('[data-layer=td-ferry-routes] [data-on]').checked"))
            asked = [one for one in again.requests if "/xyz/td-ferry-routes/" in one]
            self.assertEqual([], asked, "a layer that is off is drawn")

    def test_a_layer_is_added_by_typing_and_has_a_colour_of_its_own(self):
        with self.open_stack("layers=td-ferry-routes") as page:
            page.run("document.getElementById('q').focus()")
            page.type("libraries")
            page.wait_for("document.querySelector('#suggestions:not([hidden]) li')", "suggestions")
            page.press("ArrowDown")
            page.press("Enter")
            page.wait_for("document.querySelectorAll('.stack > li').length === 2", "a second layer")
            page.wait_for("location.search.includes('lcsd-libraries')", "the address of both")
            colours = [{part for part in one if part.startswith("c")} for one in self.stack(page)]
            self.assertFalse(colours[0] & colours[1], colours)
            self.assert_quiet_and_at_home(page)

    def test_a_place_that_is_typed_on_the_map_is_flown_to_with_its_layer(self):
        with self.open_stack("layers=td-ferry-routes", "zh-Hant") as page:
            self.pick_a_place(page, "#q", "沙田公共圖書館")
            page.wait_for("location.search.includes('sel=lcsd-libraries')", "the place in the address")
            page.wait_for("Number(location.hash.slice(1).split('/')[0]) >= 15", "the place")
            self.assertEqual(2, page.run("document.querySelectorAll('.stack > li').length"))
            self.assertIn("沙田公共圖書館", page.run("document.querySelector('[data-details]').textContent"))
            self.assert_quiet_and_at_home(page)

    def test_coordinates_that_are_typed_are_flown_to(self):
        for typed in ("22.2799, 114.18966", "837 586 E 815 670 N", "114.18966 22.2799"):
            with self.subTest(typed), self.open_stack("layers=lcsd-libraries") as page:
                page.run("document.getElementById('q').focus()")
                page.type(typed)
                page.press("Enter")
                place = "location.hash.slice(1).split('/').map(Number)"
                page.wait_for(f"{place}[0] >= 15", "the place")
                _, lat, lon = page.run(place)
                self.assertAlmostEqual(22.2799, lat, delta=2e-5)
                self.assertAlmostEqual(114.18966, lon, delta=2e-5)

    def test_a_selected_feature_is_in_the_address_and_opens_with_it(self):
        feature = server.features("lcsd-libraries")[0]
        with self.open_stack(f"layers=lcsd-libraries&sel=lcsd-libraries/{feature['id']}", "zh-Hant") as page:
            page.wait_for("!document.querySelector('[data-details]').hidden", "the details")
            self.assertEqual(
                feature["properties"]["設施名稱"],
                page.run("document.querySelector('[data-details] h2').textContent"),
            )
            self.click(page, "[data-close]")
            page.wait_for("!location.search.includes('sel=')", "an address without the feature")
            self.assert_quiet_and_at_home(page)

    def test_the_grid_lengths_and_areas_agree_with_the_ellipsoid(self):
        wgs84, grid, equal_area = osr.SpatialReference(), osr.SpatialReference(), osr.SpatialReference()
        wgs84.ImportFromEPSG(4326)
        grid.ImportFromEPSG(2326)
        equal_area.ImportFromProj4("+proj=laea +lat_0=22.4 +lon_0=114.2 +ellps=WGS84 +units=m")
        for system in (wgs84, grid, equal_area):
            system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        to_grid = osr.CoordinateTransformation(wgs84, grid)
        to_equal = osr.CoordinateTransformation(wgs84, equal_area)
        places = [(113.83 + 0.09 * x, 22.15 + 0.06 * y) for x in range(8) for y in range(8)]
        with self.open_stack("layers=lcsd-libraries") as page:
            module = "import(document.getElementById('map').dataset.module.replace('map-page.js', 'coordinates.js'))"
            there_and_back = "[one.hk1980(place), one.fromHk1980(one.hk1980(place))]"
            ours = page.run(f"{module}.then((one) => {json.dumps(places)}.map((place) => {there_and_back}))")
            for place, (there, back) in zip(places, ours):
                east, north, _ = to_grid.TransformPoint(*place)
                self.assertLess(math.dist((east, north), there), 0.001, place)
                self.assertLess(math.dist(place, back), 1e-9, place)
            ring = [places[0], places[56], places[63], places[7]]
            both = f"[one.distance({json.dumps(ring[0])}, {json.dumps(ring[2])}), one.area({json.dumps(ring)})]"
            length, surface = page.run(f"{module}.then((one) => {both})")
            shape = ogr.Geometry(ogr.wkbPolygon)
            edge = ogr.Geometry(ogr.wkbLinearRing)
            for place in [*ring, ring[0]]:
                edge.AddPoint_2D(*to_equal.TransformPoint(*place)[:2])
            shape.AddGeometry(edge)
            self.assertAlmostEqual(1, surface / shape.Area(), delta=1e-3)
            straight = math.dist(*(to_grid.TransformPoint(*place)[:2] for place in (ring[0], ring[2])))
            self.assertAlmostEqual(1, length / straight, delta=1e-4)

    def test_what_is_measured_is_said_and_escape_puts_it_away(self):
        with self.open_stack("layers=lcsd-libraries") as page:
            self.click(page, "[data-measure]")
            for x, y in ((700, 300), (900, 350), (850, 500)):
                page.click(x, y)
            said = page.wait_for("document.querySelector('[data-length]').textContent", "a length")
            self.assertRegex(said, r"^Distance \d+(\.\d+)? km · Area \d+(\.\d+)? km²$")
            page.press("Escape")
            page.wait_for("document.querySelector('.measure').hidden", "no more measure")
            self.assert_quiet_and_at_home(page)


if __name__ == "__main__":
    unittest.main()
