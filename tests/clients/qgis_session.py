"""QGIS without a screen, begun by `begin` and left clean by `end`: what every check file that drives it shares."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import QgsApplication, QgsProject, QgsWkbTypes

WKB_KINDS = {
    "point": QgsWkbTypes.PointGeometry,
    "line": QgsWkbTypes.LineGeometry,
    "area": QgsWkbTypes.PolygonGeometry,
}

application = None


def begin():
    global application
    application = QgsApplication([], False)
    application.initQgis()


def end():
    QgsProject.instance().clear()
