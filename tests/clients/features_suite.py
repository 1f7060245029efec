"""What the checks of the official test suite of OGC API - Features share: the API document and its parts."""

import functools

import server
from openapi_schema_validator import OAS30Validator
from server import Checks

OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
GEOJSON = "application/geo+json"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


@functools.cache
def api():
    """The API document, asked for as the suite asks."""
    return server.get_json(server.href(server.get_json("/"), "service-desc"), accept=OPENAPI)


def resolved(part):
    """A part of the API document in place of its reference."""
    while "$ref" in part:
        found = api()
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        part = found
    return part


def operation(*paths):
    """The GET operation of the first of these paths that the API document has."""
    for path in paths:
        if path in api()["paths"]:
            return api()["paths"][path]["get"]
    raise AssertionError(f"the API document has none of the paths {paths}")


def items_operation(layer):
    return operation(f"/collections/{layer}/items", "/collections/{collectionId}/items")


def collection_operation(layer):
    return operation(f"/collections/{layer}", "/collections/{collectionId}")


def parameters(of):
    return {one["name"]: one for one in map(resolved, of.get("parameters", []))}


def answer_types(of, status="200"):
    """The media types that the API document lists for an answer."""
    return set(resolved(of["responses"][status]).get("content", {}))


class SuiteChecks(Checks):
    def assert_link_is_whole(self, link):
        """A link has an absolute address, a relation and a media type."""
        self.assertRegex(link.get("href", ""), r"^https?://", link)
        self.assertTrue(link.get("rel"), link)
        self.assertRegex(link.get("type", ""), r"^[\w.+-]+/[\w.+-]+", link)

    def assert_self_and_alternates(self, document, of, own_type):
        """A document links to itself, and to every other form that the API document declares for it."""
        for link in document["links"]:
            self.assert_link_is_whole(link)
        mine = server.links(document, "self")
        self.assertEqual([own_type], [link["type"] for link in mine])
        others = {link["type"] for link in server.links(document, "alternate")}
        self.assertLessEqual(answer_types(of) - {own_type}, others)

    def assert_fits_the_api_document(self, document, of, media_type):
        """A document is as its schema in the API document says."""
        schema = resolved(of["responses"]["200"])["content"][media_type]["schema"]
        whole = {**schema, "components": api()["components"]}
        errors = [f"{error.json_path}: {error.message}" for error in OAS30Validator(whole).iter_errors(document)]
        self.assertEqual([], errors[:5])

    def assert_problem(self, answer, status, *named):
        """An error says, as RFC 9457 has it, what was wrong, and names it."""
        self.assertEqual(status, answer.status, f"{answer.url}: {answer.body[:200]!r}")
        self.assertEqual("application/problem+json", answer.media_type, answer.url)
        problem = answer.json()
        self.assertEqual(status, problem["status"])
        self.assertTrue(problem["title"])
        for word in named:
            self.assertIn(word, problem["detail"])
