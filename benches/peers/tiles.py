"""Cold tiles beside PostGIS: the same tiles of the same layer, by the statement that Martin sends.

Causeway is asked over HTTP without its cache, and its whole process is counted. Of PostGIS the backend
alone is counted, and zlib for the compression that Martin would do; Martin's own time is left out, which
is to its advantage.
"""

import argparse
import http.client
import math
import os
import random
import sqlite3
import subprocess
import time
import zlib
from pathlib import Path

import psycopg2

PLACES = 40
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
BANDS = {"z0-7": range(0, 8), "z8-13": range(8, 14), "z14-16": range(14, 17)}
# A statement that takes longer is counted as having taken this long.
TIMEOUT_S = 120


def cpu_of(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def tile_of(zoom, lon, lat):
    size = 1 << zoom
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return zoom, min(size - 1, int((lon + 180) / 360 * size)), min(size - 1, int(y * size))


def places(package, table):
    """Places of features, the same at every run."""
    with sqlite3.connect(f"file:{package}?mode=ro&immutable=1", uri=True) as connection:
        count = connection.execute(f"SELECT max(fid) FROM {table}").fetchone()[0]
        chance = random.Random(1)
        while True:
            row = connection.execute(
                f"SELECT minx, miny FROM rtree_{table}_geom WHERE id = ?", [chance.randint(1, count)]
            ).fetchone()
            if row:
                yield row


class PostGis:
    def __init__(self, database, table):
        self.connection = psycopg2.connect(database)
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.cursor.execute(f"SET statement_timeout = '{TIMEOUT_S}s'")
        self.cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'geom'", [table]
        )
        columns = ", ".join(f'"{name}"' for (name,) in self.cursor.fetchall())
        self.statement = f"""
            SELECT ST_AsMVT(tile, 'layer', 4096, 'geom') FROM (
              SELECT ST_AsMVTGeom(ST_Transform(ST_CurveToLine(geom), 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s),
                                  4096, 64, true) AS geom, {columns}
              FROM {table}
              WHERE geom && ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => 0.015625), 4326)
            ) AS tile WHERE geom IS NOT NULL"""
        self.pid = self.connection.get_backend_pid()

    def tile(self, z, x, y):
        """Bytes of the tile when packed, and seconds of packing; no bytes where it took too long."""
        try:
            self.cursor.execute(self.statement, {"z": z, "x": x, "y": y})
        except psycopg2.errors.QueryCanceled:
            return None, 0
        raw = bytes(self.cursor.fetchone()[0])
        begun = time.thread_time()
        return len(zlib.compress(raw, 6)), time.thread_time() - begun


class Causeway:
    def __init__(self, program, data, layer):
        command = [program, "--data", data, "serve", "--listen", "127.0.0.1:0", "--cache-bytes", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        address = self.process.stdout.readline().rpartition(" at ")[2].strip().removeprefix("http://").strip("/")
        self.connection = http.client.HTTPConnection(address)
        self.layer = layer
        self.pid = self.process.pid

    def tile(self, z, x, y):
        self.connection.request("GET", f"/xyz/{self.layer}/{z}/{x}/{y}.mvt", headers={"accept-encoding": "gzip"})
        return len(self.connection.getresponse().read()), 0


def main():
    parser = argparse.ArgumentParser()
    for name in ("causeway", "data", "layer", "package", "database"):
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()
    table = arguments.layer.replace("-", "_")
    ours = Causeway(arguments.causeway, arguments.data, arguments.layer)
    theirs = PostGis(arguments.database, table)
    found = places(arguments.package, table)
    print(f"{arguments.layer}: CPU a tile, ms; largest tile, KB")
    for name, zooms in BANDS.items():
        # A server ends a connection that was idle while the other one worked.
        ours.connection.close()
        # Of low zooms there are few tiles, and PostGIS takes long for each.
        wanted = PLACES if zooms[0] >= 8 else 2
        tiles = {tile_of(zoom, *next(found)) for zoom in zooms for _ in range(wanted)}
        # A band's tiles are asked for as often as a tick of the kernel's clock is too coarse for once.
        rounds = {"ours": 5, "theirs": 1}
        result = {}
        for who, server in (("ours", ours), ("theirs", theirs)):
            for tile in list(tiles)[:3]:
                server.tile(*tile)
            before, packing, largest, late = cpu_of(server.pid), 0, 0, 0
            for _ in range(rounds[who]):
                for tile in sorted(tiles):
                    size, seconds = server.tile(*tile)
                    packing += seconds
                    largest = max(largest, size or 0)
                    late += size is None
            result[who] = ((cpu_of(server.pid) - before + packing) / rounds[who] / len(tiles) * 1e3, largest / 1e3, late)
        (our_ms, our_kb, _), (their_ms, their_kb, late) = result["ours"], result["theirs"]
        note = f", {late} given up after {TIMEOUT_S} s" if late else ""
        print(
            f"  {name:7} {len(tiles):4} tiles: Causeway {our_ms:8.3f} ({our_kb:.0f} KB), PostGIS {their_ms:10.3f} "
            f"({their_kb:.0f} KB): {their_ms / max(our_ms, 1e-3):8.1f} times{note}",
            flush=True,
        )
    ours.process.terminate()
    ours.process.wait()


if __name__ == "__main__":
    main()
