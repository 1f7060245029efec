"""Runs one check file and says how it went: `runner.py FILE.py COUNTS` writes "passed failed skipped" to COUNTS.

Each file has a process of its own, so that a client that crashes takes nothing else with it. A check over
many layers counts once a layer. A file whose client is not installed is skipped by name, or failed with
CAUSEWAY_REQUIRE_ALL=1.
"""

import importlib.util
import os
import signal
import sys
import time
import traceback
import unittest
from pathlib import Path


class Counting(unittest.TextTestResult):
    """Counts each sub-check by itself, and names only what did not pass."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.passed = self.failed = 0
        self.parts = 0

    def _exc_info_to_string(self, error, test):
        """The lines of the check files that led there, and what was wrong; no library's inner frames."""
        kind, value, trace = error
        folder = str(Path(__file__).parent)
        frames = [
            f"{Path(frame.filename).name} line {frame.lineno}: {frame.line}"
            for frame in traceback.extract_tb(trace)
            if frame.filename.startswith(folder) and frame.name != "over_the_tree"
        ]
        return "\n".join([*frames, f"{kind.__name__}: {value}"])

    def startTest(self, test):
        super().startTest(test)
        self.parts = 0

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        self.parts += 1
        if error is None:
            self.passed += 1
        else:
            self.failed += 1

    def addSuccess(self, test):
        super().addSuccess(test)
        if not self.parts:
            self.passed += 1

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.failed += 1

    def addError(self, test, error):
        super().addError(test, error)
        self.failed += 1

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.failed += 1

    def addExpectedFailure(self, test, error):
        super().addExpectedFailure(test, error)
        self.passed += 1


def checks_of(file):
    """The checks of a file, or None where the client it drives is missing."""
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        print(f"{file.name}: {error}; tests/clients/run --install brings it", file=sys.stderr)
        return None
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    if not suite.countTestCases():
        raise SystemExit(f"{file.name} has no check")
    return suite


def main():
    # Ended from outside, the clients' own processes are ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    file, counts = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    began = time.monotonic()
    suite = checks_of(file)
    if suite is None:
        required = os.environ.get("CAUSEWAY_REQUIRE_ALL") == "1"
        counts.write_text("0 1 0\n" if required else "0 0 1\n")
        return 1 if required else 0
    runner = unittest.TextTestRunner(stream=sys.stderr, resultclass=Counting, verbosity=1)
    result = runner.run(suite)
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}", file=sys.stderr)
    counts.write_text(f"{result.passed} {result.failed} {len(result.skipped)}\n")
    print(f"{file.stem}: {result.passed} passed, {result.failed} failed, {time.monotonic() - began:.1f} s")
    return 1 if result.failed else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # All is counted. QGIS, once it has loaded a WMTS, takes the process down when it is taken apart.
    os._exit(code)
