"""Cold tiles beside Martin and PostGIS: the same tiles of the same layer, no cache on either side.

Both are asked over HTTP and packed by gzip. Of Causeway its whole process is counted, of Martin its process and
the processes of PostgreSQL. Without Martin its statement is sent to PostGIS itself, and counted are the backend
and zlib for the compression that Martin would do: its own time is left out then, which is to its advantage.
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
# Tiles are asked for again until they took so long: the kernel counts hundredths of a second.
LEAST_S = 1.5


def stat_of(pid):
    """What the kernel says of a process, from its state on; nothing where it has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["?", "0"] + ["0"] * 20


def parent_of(pid):
    return int(stat_of(pid)[1])


def cpu_of(pid):
    fields = stat_of(pid)
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
    """The statement that Martin sends, alone."""

    name = "PostGIS"

    def __init__(self, database, table):
        self.connection = psycopg2.connect(database)
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
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
        self.packing_s = 0

    def cpu_s(self):
        return cpu_of(self.pid) + self.packing_s

    def begin(self):
        pass

    def tile(self, z, x, y):
        """Bytes of the tile when packed; none where it took too long."""
        try:
            self.cursor.execute(self.statement, {"z": z, "x": x, "y": y})
        except psycopg2.errors.QueryCanceled:
            return None
        raw = bytes(self.cursor.fetchone()[0])
        begun = time.thread_time()
        size = len(zlib.compress(raw, 6))
        self.packing_s += time.thread_time() - begun
        return size


class Server:
    """A process that is asked over one connection, and others that work for it."""

    def __init__(self, command, address, path):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.connection = http.client.HTTPConnection(address or self.announced())
        self.path = path

    def announced(self):
        line = self.process.stdout.readline()
        return line.rpartition(" at ")[2].strip().removeprefix("http://").strip("/")

    def cpu_s(self):
        return cpu_of(self.process.pid)

    def begin(self):
        """A server ends a connection that was idle while the other one worked."""
        self.connection.close()

    def tile(self, z, x, y):
        """Bytes of the tile; none where it took too long."""
        self.connection.request("GET", self.path.format(z=z, x=x, y=y), headers={"accept-encoding": "gzip"})
        answer = self.connection.getresponse()
        body = answer.read()
        return len(body) if answer.status in (200, 204) else None


class Causeway(Server):
    name = "Causeway"

    def __init__(self, program, data, layer):
        command = [program, "--data", data, "serve", "--listen", "127.0.0.1:0", "--cache-bytes", "0"]
        super().__init__(command, None, f"/xyz/{layer}/{{z}}/{{x}}/{{y}}.mvt")


class Martin(Server):
    name = "Martin"

    def __init__(self, program, database, table):
        self.watch = psycopg2.connect(database)
        self.watch.autocommit = True
        # A connection is a child of the server that answers all of them.
        self.postmaster = parent_of(self.watch.get_backend_pid())
        parts = dict(part.split("=", 1) for part in database.split())
        url = "postgresql:///{dbname}?host={host}&port={port}&user={user}".format(**parts)
        address = "127.0.0.1:" + str(int(parts["port"]) + 1)
        command = [program, "--listen-addresses", address, "--cache-size", "0", "--preferred-encoding", "gzip", url]
        super().__init__(command, address, f"/{table}/{{z}}/{{x}}/{{y}}")
        self.wait()

    def wait(self):
        for _ in range(300):
            try:
                self.connection.request("GET", "/health")
                self.connection.getresponse().read()
                return
            except OSError:
                self.connection.close()
                time.sleep(0.1)
        raise SystemExit("Martin did not start")

    def cpu_s(self):
        backends = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
        return super().cpu_s() + sum(cpu_of(pid) for pid in backends if parent_of(pid) == self.postmaster)


def main():
    parser = argparse.ArgumentParser()
    for name in ("causeway", "data", "layer", "package", "database"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--martin", help="the program; without it its statement alone is measured")
    parser.add_argument("--bands", default=",".join(BANDS), help="such as z8-13,z14-16")
    arguments = parser.parse_args()
    table = arguments.layer.replace("-", "_")
    limit_statements(arguments.database)
    ours = Causeway(arguments.causeway, arguments.data, arguments.layer)
    if arguments.martin:
        theirs = Martin(arguments.martin, arguments.database, table)
    else:
        theirs = PostGis(arguments.database, table)
    print(f"{arguments.layer}: CPU a tile, ms; largest tile, KB")
    for name in arguments.bands.split(","):
        # Of each band the same places, whichever others are measured.
        found = places(arguments.package, table)
        # Of low zooms there are few tiles, and PostGIS takes long for each.
        wanted = PLACES if BANDS[name][0] >= 8 else 2
        tiles = sorted({tile_of(zoom, *next(found)) for zoom in BANDS[name] for _ in range(wanted)})
        our_ms, our_kb, _ = measure(ours, tiles)
        their_ms, their_kb, late = measure(theirs, tiles)
        note = f", {late} given up after {TIMEOUT_S} s" if late else ""
        print(
            f"  {name:7} {len(tiles):4} tiles: Causeway {our_ms:8.3f} ({our_kb:.0f} KB), {theirs.name} {their_ms:10.3f} "
            f"({their_kb:.0f} KB): {their_ms / max(our_ms, 1e-3):8.1f} times{note}",
            flush=True,
        )
    for server in (ours, theirs):
        if isinstance(server, Server):
            server.process.terminate()
            server.process.wait()


def limit_statements(database):
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(f"ALTER ROLE CURRENT_USER SET statement_timeout = '{TIMEOUT_S}s'")


def measure(server, tiles):
    """Milliseconds a tile, the largest in KB, and how many were given up."""
    server.begin()
    for tile in tiles[:3]:
        server.tile(*tile)
    before, sizes = server.cpu_s(), []
    while server.cpu_s() - before < LEAST_S:
        sizes += [server.tile(*tile) for tile in tiles]
    cpu_ms = (server.cpu_s() - before) / len(sizes) * 1e3
    return cpu_ms, max(size or 0 for size in sizes) / 1e3, sizes[: len(tiles)].count(None)


if __name__ == "__main__":
    main()
