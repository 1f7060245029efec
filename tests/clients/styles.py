"""The colour that a MapLibre style gives to a feature, for the plain styles that every client understands."""

import re

WHITE = (255, 255, 255)

MARKS = ("circle", "square", "triangle", "diamond", "cross", "wedge", "star", "saltire")


def colour_of(style, feature, zoom, ground=WHITE):
    """Red, green and blue at a place inside a feature, over a ground, labels left out."""
    line = feature["geometry"]["type"].endswith("LineString")
    colour = ground
    for layer in style["layers"]:
        kind = layer["type"]
        if (mark := mark_colour(layer)) and fits(layer.get("filter"), feature):
            colour = mark
        if kind not in ("circle", "fill", "line") or (kind == "line") is not line:
            continue
        if not layer.get("minzoom", 0) <= zoom < layer.get("maxzoom", 30):
            continue
        if fits(layer.get("filter"), feature):
            paint = layer["paint"]
            colour = blend(colour, rgb(paint[f"{kind}-color"]), number(paint.get(f"{kind}-opacity", 1), zoom))
    return colour


def mark_colour(layer):
    """The colour of the mark that a style layer draws on points. A pictogram, which is white, lies on a disc."""
    picture, _, digits = layer.get("layout", {}).get("icon-image", "").rpartition("-")
    return rgb(f"#{digits}") if picture in MARKS else None


def rgb(text):
    """Red, green and blue of `#rrggbb`, `#rgb` or `rgb(r, g, b)`."""
    if isinstance(text, str):
        if re.fullmatch("#[0-9a-fA-F]{3}", text):
            text = "#" + "".join(2 * sign for sign in text[1:])
        if re.fullmatch("#[0-9a-fA-F]{6}", text):
            return tuple(int(text[place : place + 2], 16) for place in (1, 3, 5))
        if parts := re.fullmatch(r"rgb\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\)", text):
            return tuple(map(int, parts.groups()))
    raise ValueError(f"a colour of the style is {text!r}; these checks judge #rrggbb, #rgb and rgb(r, g, b)")


def number(value, zoom):
    """A number of a style, also one that is interpolated in a straight line over the zoom."""
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, list) and value[:3] == ["interpolate", ["linear"], ["zoom"]]:
        stops = list(zip(value[3::2], value[4::2]))
        below = max((stop for stop in stops if stop[0] <= zoom), default=stops[0])
        above = min((stop for stop in stops if stop[0] >= zoom), default=stops[-1])
        if below[0] == above[0]:
            return below[1]
        return below[1] + (above[1] - below[1]) * (zoom - below[0]) / (above[0] - below[0])
    raise ValueError(f"a number of the style is {value!r}; these checks judge numbers and what is linear over the zoom")


def blend(below, above, opacity):
    return tuple(round(low + (high - low) * opacity) for low, high in zip(below, above))


def fits(condition, feature):
    """Whether a feature passes a filter of the kinds that QGIS 3.22 understands."""
    if condition is None:
        return True
    operator, *rest = condition
    if operator == "all":
        return all(fits(one, feature) for one in rest)
    if operator == "any":
        return any(fits(one, feature) for one in rest)
    if operator == "!":
        return not fits(rest[0], feature)
    value = value_of(rest[0], feature)
    if operator in ("has", "!has"):
        return (value is not None) is (operator == "has")
    if operator in ("==", "!="):
        return (value == rest[1]) is (operator == "==")
    if operator in ("in", "!in"):
        return (value in rest[1:]) is (operator == "in")
    if operator == "match":
        return rest[2] if value in rest[1] else rest[3]
    if value is None:
        return False
    return {"<": value < rest[1], "<=": value <= rest[1], ">": value > rest[1], ">=": value >= rest[1]}[operator]


def value_of(term, feature):
    """What `["get", name]`, `["geometry-type"]` or a legacy name stands for."""
    if term in (["geometry-type"], "$type"):
        return feature["geometry"]["type"].removeprefix("Multi")
    return feature["properties"].get(term[1] if isinstance(term, list) else term)


def is_near(found, wanted, tolerance):
    return all(abs(have - want) <= tolerance for have, want in zip(found, wanted))
