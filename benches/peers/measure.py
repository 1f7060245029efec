"""Sends the same boxes to each server and counts what they cost its processor.

Causeway runs without its cache, so that every page is read and written; MapServer runs as FastCGI,
so that no process is started for a request; GDAL reads in this very process.
"""

import argparse
import http.client
import json
import os
import random
import resource
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys
import time
from pathlib import Path

BOXES = 300
PAGE = 100
ROUNDS = 3
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_of(pid):
    """Seconds of processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


class OverHttp:
    """A server of OGC API Features: `process`, `connection`, and `path` up to the box."""

    def cpu(self):
        return cpu_of(self.process.pid)

    def page(self, box):
        self.connection.request("GET", self.path + ",".join(map(str, box)))
        return self.connection.getresponse().read()

    def end(self):
        self.process.terminate()
        self.process.wait()


class Causeway(OverHttp):
    name = "Causeway"

    def __init__(self, arguments, layer):
        command = [arguments.causeway, "--data", arguments.data, "serve", "--listen", "127.0.0.1:0", "--cache-bytes", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        address = self.process.stdout.readline().rpartition(" at ")[2].strip().removeprefix("http://").strip("/")
        self.connection = http.client.HTTPConnection(address)
        self.path = f"/collections/{layer}/items?limit={PAGE}&bbox="


class MapServer:
    """WFS 2.0 of MapServer as GeoJSON, over FastCGI."""

    name = "MapServer 8"

    def __init__(self, arguments, table):
        work = Path(arguments.work)
        (work / "peers.map").write_text(MAP.format(package=arguments.package, table=table))
        (work / "mapserver.conf").write_text(CONFIGURATION.format(map=work / "peers.map"))
        self.socket = str(work / "mapserv.socket")
        environment = {"MAPSERVER_CONFIG_FILE": str(work / "mapserver.conf"), "PATH": os.environ["PATH"]}
        # -n keeps it in the foreground, so that this process is the one that answers.
        command = ["spawn-fcgi", "-n", "-s", self.socket, "--", "/usr/lib/cgi-bin/mapserv"]
        self.process = subprocess.Popen(command, env=environment)
        while not os.path.exists(self.socket):
            time.sleep(0.05)

    def cpu(self):
        return cpu_of(self.process.pid)

    def page(self, box):
        west, south, east, north = box
        query = (
            "map=peers&service=WFS&version=2.0.0&request=GetFeature&typenames=peers&outputformat=geojson"
            f"&count={PAGE}&bbox={south},{west},{north},{east}"
        )
        answer = ask_fastcgi(self.socket, "/mapserv", query)
        return answer.partition(b"\r\n\r\n")[2]

    def end(self):
        # Told to end, it waits for one more request first.
        self.process.kill()
        self.process.wait()


class GoKoala(OverHttp):
    """GoKoala's OGC API Features, over a copy of the package that has the columns and index it asks for."""

    name = "GoKoala"

    def __init__(self, arguments, table):
        work = Path(arguments.work)
        copy = work / "gokoala.gpkg"
        prepare_for_gokoala(arguments.package, copy, table)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        configuration = work / "gokoala.yaml"
        configuration.write_text(GOKOALA.format(package=copy, table=table, port=port))
        command = [arguments.gokoala, "--config-file", str(configuration), "--host", "127.0.0.1", "--port", str(port)]
        # It finds its page templates from the folder it is started in.
        self.process = subprocess.Popen(
            command, cwd=arguments.gokoala_tree, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.connection = http.client.HTTPConnection(f"127.0.0.1:{port}")
        self.path = f"/collections/peers/items?f=json&limit={PAGE}&bbox="
        while self.process.poll() is None:
            try:
                self.connection.connect()
                return
            except ConnectionRefusedError:
                time.sleep(0.1)
        raise ConnectionError("GoKoala did not start")


def prepare_for_gokoala(package, copy, table):
    shutil.copyfile(package, copy)
    with sqlite3.connect(copy) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (trigger,) in triggers:
            connection.execute(f'DROP TRIGGER "{trigger}"')
        sides = ("minx", "maxx", "miny", "maxy")
        for side in sides:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {side} REAL")
        connection.execute(
            f"UPDATE {table} SET ({', '.join(sides)}) = "
            f"(SELECT {', '.join(sides)} FROM rtree_{table}_geom r WHERE r.id = fid)"
        )
        connection.execute(f"CREATE INDEX {table}_spatial_idx ON {table} (fid, {', '.join(sides)})")
        connection.execute("ANALYZE")


class Gdal:
    """GDAL's GeoPackage driver and its GeoJSON of each feature, without any server."""

    name = "GDAL"

    def __init__(self, arguments, table):
        from osgeo import ogr

        ogr.UseExceptions()
        self.source = ogr.Open(arguments.package)
        self.layer = self.source.GetLayerByName(table)

    def cpu(self):
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime

    def page(self, box):
        self.layer.SetSpatialFilterRect(*box)
        written = []
        for feature in self.layer:
            written.append(feature.ExportToJson())
            if len(written) == PAGE:
                break
        return ('{"features":[' + ",".join(written) + "]}").encode()

    def end(self):
        self.source = None


def ask_fastcgi(address, path, query):
    """One GET by the FastCGI protocol, version 1; answers what the program wrote."""

    def record(kind, content):
        return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content

    def pair(name, value):
        name, value = name.encode(), value.encode()
        length = lambda text: bytes([len(text)]) if len(text) < 128 else struct.pack(">I", len(text) | 1 << 31)
        return length(name) + length(value) + name + value

    facts = {
        "REQUEST_METHOD": "GET", "QUERY_STRING": query, "SCRIPT_NAME": path,
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
    }  # fmt: skip
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(address)
        begin = record(1, struct.pack(">HBxxxxx", 1, 0))
        facts = record(4, b"".join(pair(name, value) for name, value in facts.items())) + record(4, b"")
        connection.sendall(begin + facts + record(5, b""))
        stream = connection.makefile("rb")
        out = []
        while True:
            head = stream.read(8)
            if len(head) < 8:
                raise ConnectionError("MapServer ended in the middle of an answer")
            _, kind, _, length, padding = struct.unpack(">BBHHBx", head)
            content = stream.read(length)
            stream.read(padding)
            if kind == 6:
                out.append(content)
            elif kind == 3:
                return b"".join(out)


MAP = """MAP
  NAME "peers"
  EXTENT -180 -90 180 90
  PROJECTION "init=epsg:4326" END
  WEB
    METADATA
      "wfs_title" "peers"
      "wfs_onlineresource" "http://localhost/mapserv"
      "wfs_enable_request" "*"
      "wfs_getfeature_formatlist" "geojson"
      "ows_srs" "EPSG:4326"
    END
  END
  OUTPUTFORMAT
    NAME "geojson"
    DRIVER "OGR/GEOJSON"
    MIMETYPE "application/json"
    FORMATOPTION "STORAGE=stream"
    FORMATOPTION "FORM=simple"
  END
  LAYER
    NAME "peers"
    TYPE POLYGON
    STATUS ON
    CONNECTIONTYPE OGR
    CONNECTION "{package}"
    DATA "{table}"
    PROCESSING "CLOSE_CONNECTION=DEFER"
    PROJECTION "init=epsg:4326" END
    METADATA
      "wfs_title" "peers"
      "wfs_enable_request" "*"
      "gml_include_items" "all"
      "gml_featureid" "feature_id"
    END
  END
END
"""

CONFIGURATION = """CONFIG
  ENV
    MS_MAP_PATTERN "."
  END
  MAPS
    peers "{map}"
  END
END
"""

GOKOALA = """version: 1.0.0
title: peers
serviceIdentifier: peers
abstract: peers
license: {{ name: CC0, url: https://creativecommons.org/publicdomain/zero/1.0/ }}
baseUrl: http://127.0.0.1:{port}
availableLanguages: [en]
ogcApi:
  features:
    datasources:
      defaultWGS84:
        geopackage:
          local: {{ file: {package}, fid: fid, externalFid: feature_id, queryTimeout: 30s }}
    collections:
      - id: peers
        tableName: {table}
        metadata:
          title: peers
          description: peers
          extent: {{ srs: "EPSG:4326", bbox: ["-180", "-90", "180", "90"] }}
"""


def boxes(package, table):
    """Boxes of all sizes around features, the same at every run."""
    chance = random.Random(31)
    with sqlite3.connect(f"file:{package}?mode=ro&immutable=1", uri=True) as connection:
        centres = connection.execute(f"SELECT minx, miny FROM rtree_{table}_geom ORDER BY id").fetchall()
    made = []
    for _ in range(BOXES):
        (west, south), side = chance.choice(centres), 10 ** chance.uniform(-2, 0.3)
        made.append((round(west, 6), round(south, 6), round(west + side, 6), round(south + side, 6)))
    return made


def measure(server, asked):
    for box in asked[:20]:
        server.page(box)
    times, sent, features = [], 0, 0
    cpu = server.cpu()
    for _ in range(ROUNDS):
        for box in asked:
            begun = time.perf_counter()
            body = server.page(box)
            times.append(time.perf_counter() - begun)
            sent += len(body)
    cpu = server.cpu() - cpu
    # Counted apart, because reading JSON would be counted against GDAL.
    features = sum(len(json.loads(server.page(box))["features"]) for box in asked)
    times.sort()
    requests = len(times)
    print(
        f"{server.name:12} {cpu / requests * 1e3:9.2f} {sent / requests / 1e3:9.1f} {features / len(asked):9.1f} "
        f"{times[requests // 2] * 1e3:9.2f} {times[requests * 99 // 100] * 1e3:9.2f}"
    )
    return cpu / requests, sent / requests, times[requests // 2], times[requests * 99 // 100]


def main():
    parser = argparse.ArgumentParser()
    for name in ("causeway", "data", "package", "work"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("gokoala", "gokoala-tree"):
        parser.add_argument(f"--{name}")
    arguments = parser.parse_args()
    with sqlite3.connect(f"file:{arguments.package}?mode=ro&immutable=1", uri=True) as connection:
        table = connection.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'").fetchone()[0]
    asked = boxes(arguments.package, table)
    layer = Path(arguments.package).parents[1].name
    print(f"{BOXES} boxes, {ROUNDS} times, pages of {PAGE}")
    print(f"{'':12} {'CPU, ms':>9} {'kB':>9} {'features':>9} {'p50, ms':>9} {'p99, ms':>9}")
    results = {}
    servers = [(Causeway, layer), (MapServer, table), (Gdal, table)]
    if arguments.gokoala:
        servers.append((GoKoala, table))
    for make, name in servers:
        server = make(arguments, name)
        try:
            results[server.name] = measure(server, asked)
        finally:
            server.end()
    ours = results["Causeway"]
    for name, (cpu, sent, median, _) in results.items():
        if name != "Causeway":
            print(
                f"beside {name}: {ours[0] / cpu:.2f} of its CPU a request, "
                f"{ours[0] / ours[1] / (cpu / sent):.2f} of its CPU a byte, our p99 is {ours[3] / median:.2f} of its median"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
