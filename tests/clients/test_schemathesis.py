"""Our own OpenAPI document against our own answers, by schemathesis: no failure of the server, and no answer
that the document does not announce.

Parameters come from the document, at their borders, at random and wrongly typed. Of the items of layers those
of three stand for all, for each operation has its share of the time.
"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import schemathesis  # noqa: F401  (where it is missing, the runner says how to get it)
import server
from server import Checks

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
]
"""Not that every text is accepted, for OpenAPI 3.0 cannot say what a filter or a time looks like; nor that
every number beyond its bounds is refused, for OGC 17-069r4 wants `limit` lowered."""

LAYERS = ["lcsd-libraries", "had-districts-18", "td-ferry-routes"]

TIME_S = 150
"""How long requests are made up."""

SEED = 20261126
"""The same requests each time, so that a failure is there again at the next run."""


class OpenApi(Checks):
    def test_every_answer_is_one_that_the_document_announces(self):
        others = [layer for layer in server.collections() if layer not in LAYERS]
        self.assertLess(len(others), len(server.collections()), f"none of {LAYERS} is served")
        command = [
            Path(sys.executable).with_name("schemathesis"), "run", f"{server.URL}/api",
            "--phases", "coverage,fuzzing", "--checks", ",".join(CHECKS),
            "--max-time", str(TIME_S), "--seed", str(SEED), "--max-failures", "20",
            "--exclude-path-regex", f"^/collections/({'|'.join(map(re.escape, others))})/items$",
            "--warnings", "off", "--no-color",
        ]
        # It keeps what it found where it runs; the next run begins with nothing.
        with tempfile.TemporaryDirectory() as folder:
            ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIME_S + 120)
        said = re.sub(r"\n{2,}", "\n", ran.stdout)
        self.assertEqual(ran.returncode, 0, f"{said[-6000:]}\n{ran.stderr[-1000:]}")
        tested = re.search(r"Tested: (\d+)", said)
        self.assertGreater(int(tested.group(1)), 15, said[-2000:])


if __name__ == "__main__":
    unittest.main()
