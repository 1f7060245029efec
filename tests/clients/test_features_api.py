"""The landing page, the API document and the errors of OGC API - Features Part 1, as its official test suite
(ets-ogcapi-features10) judges them: Core, GeoJSON, OpenAPI 3.0.

The name of the suite's own test stands in brackets where there is one. Every check of a collection runs over
all of them.
"""

import re
import unittest

import server
from features_suite import OPENAPI, SuiteChecks, api, items_operation, operation, parameters, resolved
from openapi_spec_validator import OpenAPIV30SpecValidator
from server import on_every_layer

INVALID = [
    ("limit", "unlimited"),
    ("limit", "0"),
    ("limit", "-1"),
    ("limit", "1.5"),
    ("limit", ""),
    ("bbox", "114,22,114.5"),
    ("bbox", "114,22,114.5,22.5,1"),
    ("bbox", "114,22,114.5,22.5,1,2,3"),
    ("bbox", "west,south,east,north"),
    ("bbox", "114,22.5,114.5,22"),
    ("bbox", "NaN,22,114.5,22.5"),
    ("bbox", ""),
    ("datetime", "yesterday"),
    ("datetime", "2022-13-01"),
    ("datetime", "2022-02-30T00:00:00Z"),
    ("datetime", "2022-02-01T00:00:00Z/2021-02-01T00:00:00Z"),
    ("datetime", "2022-01-01/2022-02-01/2022-03-01"),
    ("datetime", "../.."),
    ("f", "shapefile"),
    ("lang", "klingon"),
]
"""Parameters with values that none of them takes."""


def references(part):
    """Every `$ref` anywhere in a document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from references(inner)


class LandingPageAndApiDocument(SuiteChecks):
    def test_the_landing_page_links_to_what_a_client_needs(self):
        """[landingPageValidation]"""
        landing = server.get_json("/")
        self.assert_self_and_alternates(landing, operation("/"), "application/json")
        for rel in ("service-desc", "service-doc", "conformance", "data"):
            self.assertTrue(server.links(landing, rel), f"no link {rel}")
        self.assertEqual([OPENAPI], [link["type"] for link in server.links(landing, "service-desc")])

    def test_json_is_the_answer_unless_html_is_asked_for_first(self):
        for accept in (
            None,
            "*/*",
            "application/json",
            "application/json, text/html",
            "text/html;q=0.5, application/json",
        ):
            with self.subTest(accept):
                self.assertEqual("application/json", server.get("/", accept=accept).media_type)
        for accept in ("text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"):
            with self.subTest(accept):
                self.assertEqual("text/html", server.get("/", accept=accept).media_type)

    def test_the_api_document_is_valid_openapi_3_0(self):
        """[apiDefinitionValidation]"""
        answer = server.get(server.href(server.get_json("/"), "service-desc"), accept=OPENAPI)
        self.assertEqual(200, answer.status)
        self.assertEqual(OPENAPI, answer.headers["content-type"])
        self.assertRegex(api()["openapi"], r"^3\.0\.\d+$")
        errors = [
            f"{list(error.absolute_path)}: {error.message}" for error in OpenAPIV30SpecValidator(api()).iter_errors()
        ]
        self.assertEqual([], errors[:5])

    def test_the_api_document_needs_no_other_document(self):
        self.assertEqual([], [target for target in references(api()) if not target.startswith("#/")])

    def test_the_api_document_names_the_server_and_every_test_point(self):
        self.assertEqual(server.URL, api()["servers"][0]["url"].rstrip("/"))
        for paths in [
            ("/",),
            ("/conformance",),
            ("/collections",),
            ("/collections/{collectionId}",),
            ("/collections/{collectionId}/items/{featureId}",),
        ]:
            operation(*paths)

    def test_every_operation_has_an_id_of_its_own_and_every_parameter_its_place(self):
        ids = []
        for path, way in api()["paths"].items():
            of_all = way.get("parameters", [])
            for method, said in way.items():
                if method == "parameters":
                    continue
                ids.append(said["operationId"])
                named = map(resolved, [*of_all, *said.get("parameters", [])])
                declared = {one["name"] for one in named if one["in"] == "path"}
                self.assertEqual(set(re.findall(r"{(\w+)}", path)), declared, f"{method} {path}")
        self.assertEqual(len(ids), len(set(ids)))

    def test_conformance_lists_core_geojson_html_and_openapi(self):
        """[validateConformanceOperationAndResponse]"""
        conformance = server.get_json("/conformance")
        for name in ("core", "geojson", "html", "oas30"):
            self.assertIn(f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}", conformance["conformsTo"])
        for link in conformance["links"]:
            self.assert_link_is_whole(link)

    def test_documents_fit_their_schemas_in_the_api_document(self):
        for path in ("/", "/conformance", "/collections", "/tileMatrixSets"):
            with self.subTest(path):
                self.assert_fits_the_api_document(server.get_json(path), operation(path), "application/json")

    def test_every_link_leads_to_what_it_says(self):
        """From the landing page, the collections and a layer's own documents; one layer stands for all."""
        layer = server.some_layer("point", ["lcsd-libraries"])
        feature = server.features(layer)[0]["id"]
        starts = ["/", "/collections", f"/collections/{layer}", f"/collections/{layer}/items?limit=1"]
        starts += [f"/collections/{layer}/items/{feature}", f"/collections/{layer}/tiles", "/styles", "/conformance"]
        starts += ["/tileMatrixSets", "/collections/catalogue", "/collections/catalogue/items?limit=1"]
        followed = set()
        for start in starts:
            document = server.get_json(start)
            found = list(document["links"])
            found += [link for one in document.get("collections", []) if one["id"] == layer for link in one["links"]]
            for link in found:
                href = link["href"]
                if not href.startswith(server.URL) or link.get("templated") or href in followed:
                    continue
                followed.add(href)
                with self.subTest(f"{start} {link['rel']}"):
                    answer = server.get(href)
                    self.assertEqual(200, answer.status, href)
                    self.assertEqual(link["type"].split(";")[0], answer.media_type, href)
        self.assertGreater(len(followed), 20)


class ParameterDefinitions(SuiteChecks):
    @on_every_layer
    def test_limit_is_defined(self, layer):
        """[limitParameterDefinition]"""
        limit = parameters(items_operation(layer.id))["limit"]
        self.assertEqual(("query", False, "form", False), self.shape(limit))
        self.assertEqual("integer", limit["schema"]["type"])
        self.assertGreaterEqual(limit["schema"]["minimum"], 1)
        self.assertGreaterEqual(limit["schema"]["maximum"], 1000, "QGIS would page by this")
        self.assertLessEqual(limit["schema"]["default"], limit["schema"]["maximum"])

    @on_every_layer
    def test_bbox_is_defined(self, layer):
        """[boundingBoxParameterDefinition]"""
        bbox = parameters(items_operation(layer.id))["bbox"]
        self.assertEqual(("query", False, "form", False), self.shape(bbox))
        self.assertEqual("array", bbox["schema"]["type"])
        self.assertEqual((4, 6), (bbox["schema"]["minItems"], bbox["schema"]["maxItems"]))
        self.assertEqual("number", bbox["schema"]["items"]["type"])

    @on_every_layer
    def test_datetime_is_defined_even_for_a_layer_without_time(self, layer):
        """[timeParameterDefinition]"""
        moment = parameters(items_operation(layer.id))["datetime"]
        self.assertEqual(("query", False, "form", False), self.shape(moment))
        self.assertEqual("string", moment["schema"]["type"])

    def test_qgis_finds_the_largest_page_where_it_looks(self):
        self.assertGreaterEqual(api()["components"]["parameters"]["limit"]["schema"]["maximum"], 1000)

    @on_every_layer
    def test_every_field_that_can_be_asked_for_is_declared(self, layer):
        declared = parameters(items_operation(layer.id))
        for name in server.schema(layer.id):
            self.assertIn(name, declared)

    def shape(self, parameter):
        """`explode` must be written out, for the default of a form is true."""
        return parameter["in"], parameter.get("required", False), parameter.get("style"), parameter.get("explode")


class WrongRequests(SuiteChecks):
    @on_every_layer
    def test_an_invalid_value_is_400_and_named(self, layer):
        """[validateFeaturesOperation_QueryParamInvalid]"""
        for name, value in INVALID:
            answer = server.get(f"/collections/{layer.id}/items?{name}={value}", accept="application/json")
            self.assert_problem(answer, 400, name)

    @on_every_layer
    def test_an_unknown_parameter_is_400_and_named(self, layer):
        """[validateFeaturesOperation_QueryParamUnknown]"""
        for path in (
            f"/collections/{layer.id}",
            f"/collections/{layer.id}/items",
            f"/collections/{layer.id}/queryables",
        ):
            self.assert_problem(server.get(f"{path}?unknownQueryParameter=1"), 400, "unknownQueryParameter")

    def test_an_unknown_parameter_is_400_everywhere(self):
        for path in ("/", "/conformance", "/collections", "/api", "/tileMatrixSets", "/collections/catalogue/items"):
            with self.subTest(path):
                self.assert_problem(server.get(f"{path}?unknownQueryParameter=1"), 400, "unknownQueryParameter")

    def test_a_parameter_given_twice_is_400(self):
        layer = server.some_layer("point", ["lcsd-libraries"])
        self.assert_problem(server.get(f"/collections/{layer}/items?limit=1&limit=2"), 400, "limit")

    def test_an_unknown_collection_is_404(self):
        for path in ("", "/items", "/queryables", "/tiles", "/items/1"):
            with self.subTest(path):
                self.assert_problem(server.get(f"/collections/no-such-layer{path}"), 404, "no-such-layer")

    @on_every_layer
    def test_an_unknown_feature_is_404(self, layer):
        """[featureOperation, unknown id]"""
        for feature in ("9007199254740991", "-1", "word", "1.5", "99999999999999999999999"):
            self.assert_problem(server.get(f"/collections/{layer.id}/items/{feature}"), 404)

    def test_a_method_that_is_not_offered_is_405(self):
        answer = server.get("/collections", method="POST")
        self.assert_problem(answer, 405)
        self.assertIn("GET", answer.headers["allow"])


if __name__ == "__main__":
    unittest.main()
