"""Makes a layer of any size from a seed, as a folder of definitions to be taken in: points with eight
attributes, clustered as addresses are, or areas that share their borders.

    benches/peers/make_layer.py points 5000000 FOLDER
    benches/peers/make_layer.py areas 1000000 FOLDER
    benches/peers/make_layer.py areas 1000000 FOLDER --within europe
"""

import argparse
import math
import random
from pathlib import Path

DEFINITION = """class = "open"
title = {{ en = "Made {kind}", zh-Hant = "製成的圖層" }}
abstract = {{ en = "A layer made to compare servers with.", zh-Hant = "比較伺服器用的圖層。" }}
keywords = {{ en = ["test"], zh-Hant = ["測試"] }}
[catalogue]
theme = "miscellaneous"
licence = "data.gov.hk"
frequency = "as-needed"
[source]
files = ["{file}"]
[tiles]
grids = ["WebMercatorQuad"]
[downloads]
formats = []
"""
KINDS = ("shop", "school", "pier", "clinic", "market")
# West, south, east and north of the ground.
GROUNDS = {"europe": (0, 40, 20, 60), "hong-kong": (113.83, 22.14, 114.51, 22.57)}
# Towns, each with a share of the points; they lie in Europe.
TOWNS = 400


def points(count, file, _):
    chance = random.Random(5)
    towns = [(chance.uniform(-10, 30), chance.uniform(36, 60), chance.uniform(0.02, 0.3)) for _ in range(TOWNS)]
    file.write("key,name,kind,floor,share,district,updated,code,lon,lat\n")
    for key in range(count):
        lon, lat, spread = towns[int(TOWNS * chance.random() ** 2)]
        file.write(
            f"{key},Place {key},{KINDS[key % 5]},{chance.randrange(60)},{chance.random():.3f},{key % 18},"
            f"2026-01-{1 + key % 28:02},{key * 7919 % 100003},"
            f"{chance.gauss(lon, spread):.7f},{chance.gauss(lat, spread):.7f}\n"
        )


def areas(count, file, ground):
    """A lattice of cells whose corners are moved and whose sides have two more vertices each, the same on
    both sides of a border."""
    side = math.isqrt(count - 1) + 1
    west, south, east, north = ground
    width, height = (east - west) / side, (north - south) / side

    def moved(column, row):
        chance = random.Random(column * 1_000_003 + row)
        return west + (column + chance.uniform(-0.3, 0.3)) * width, south + (row + chance.uniform(-0.3, 0.3)) * height

    def border(a, b):
        (ax, ay), (bx, by) = min(a, b), max(a, b)
        chance = random.Random(f"{ax:.9f} {ay:.9f} {bx:.9f} {by:.9f}")
        between = [
            (
                ax + (bx - ax) * t + chance.uniform(-0.08, 0.08) * width,
                ay + (by - ay) * t + chance.uniform(-0.08, 0.08) * height,
            )
            for t in (1 / 3, 2 / 3)
        ]
        return between if a < b else between[::-1]

    rows = {}
    for number in range(count):
        column, row = number % side, number // side
        if column == 0:
            rows = {r: rows.get(r) or [moved(c, r) for c in range(side + 1)] for r in (row, row + 1)}
        corners = [rows[row][column], rows[row][column + 1], rows[row + 1][column + 1], rows[row + 1][column]]
        ring = []
        for a, b in zip(corners, corners[1:] + corners[:1]):
            ring += [a, *border(a, b)]
        ring.append(ring[0])
        coordinates = ",".join(f"[{x:.7f},{y:.7f}]" for x, y in ring)
        file.write(
            f'{{"type":"Feature","properties":{{"key":{number},"name":"Parcel {number}","kind":"{KINDS[number % 5]}"}},'
            f'"geometry":{{"type":"Polygon","coordinates":[[{coordinates}]]}}}}\n'
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("kind", choices=("points", "areas"))
    parser.add_argument("count", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--within", choices=GROUNDS, default="hong-kong", help="where areas lie")
    arguments = parser.parse_args()
    place = arguments.folder / "afcd" / f"made-{arguments.kind}"
    place.mkdir(parents=True, exist_ok=True)
    name, write = {"points": ("points.csv", points), "areas": ("areas.geojsonl", areas)}[arguments.kind]
    (place / "layer.toml").write_text(DEFINITION.format(kind=arguments.kind, file=name))
    with open(place / name, "w") as file:
        write(arguments.count, file, GROUNDS[arguments.within])


if __name__ == "__main__":
    main()
