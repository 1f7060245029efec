"""QGIS's own MetaSearch: its dialog searches the catalogue, and a layer that it finds is added by its own buttons.

The dialog is the plugin's, unchanged, without a screen. What QGIS's main window would do for it, `Window` does.
"""

import os
import sys
import tempfile
import unittest
from pathlib import Path

# Connections are kept in settings; those of the person who runs this stay as they are.
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp()

import qgis_session
import server
from qgis.core import QgsApplication, QgsSettings, QgsVectorLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtWidgets import QMessageBox

PLUGINS = Path("/usr/share/qgis/python/plugins")
LAYER = "lcsd-libraries"


class Window:
    """As much of QgisInterface as the dialog asks for."""

    def __init__(self):
        self.canvas = QgsMapCanvas()
        self.added = []

    def mapCanvas(self):
        return self.canvas

    def mainWindow(self):
        return None

    def addVectorLayer(self, source, title, provider):
        layer = QgsVectorLayer(source, title, provider)
        self.added.append(layer)
        return layer if layer.isValid() else None


def setUpModule():
    if not (PLUGINS / "MetaSearch").is_dir():
        raise unittest.SkipTest("QGIS has no MetaSearch here")
    qgis_session.begin()
    QgsApplication.processEvents()
    sys.path.append(str(PLUGINS))


tearDownModule = qgis_session.end


class MetaSearch(unittest.TestCase):
    def dialog(self, address, name):
        from MetaSearch.dialogs.maindialog import MetaSearchDialog

        # A message would wait for somebody to press a button.
        def fail(_, title, text, *others):
            raise AssertionError(f"{title}: {text}")

        QMessageBox.warning = fail
        QgsSettings().setValue(f"/MetaSearch/{name}/url", f"{server.URL}{address}")
        QgsSettings().setValue("/MetaSearch/selected", name)
        self.window = Window()
        dialog = MetaSearchDialog(self.window)
        dialog.cmbConnectionsSearch.setCurrentText(name)
        return dialog

    def found(self, dialog, words):
        dialog.leKeywords.setText(words)
        dialog.search()
        items = [dialog.treeRecords.topLevelItem(row) for row in range(dialog.treeRecords.topLevelItemCount())]
        return {item.data(0, 32): item for item in items}

    def test_a_layer_is_found_by_its_words_and_added_as_a_file(self):
        for address, words in [("/csw", "librar"), ("/tc/csw", "圖書館"), ("/sc/csw", "图书馆")]:
            with self.subTest(address=address):
                dialog = self.dialog(address, "Causeway")
                items = self.found(dialog, words)
                self.assertIn(LAYER, items, sorted(items))
                dialog.treeRecords.setCurrentItem(items[LAYER])
                self.assertTrue(dialog.mActionAddGisFile.isEnabled())
                dialog.add_gis_file()
                (layer,) = self.window.added
                self.assertTrue(layer.isValid(), layer.error().message())
                self.assertEqual(layer.featureCount(), server.get_json(f"/collections/{LAYER}/items?limit=1")["numberMatched"])

    def test_the_box_of_the_map_narrows_the_search(self):
        dialog = self.dialog("/csw", "Causeway")
        for edge, degrees in zip([dialog.leWest, dialog.leSouth, dialog.leEast, dialog.leNorth], ["0", "0", "1", "1"]):
            edge.setText(degrees)
        self.assertEqual(self.found(dialog, "library"), {})

    def test_a_record_offers_the_services_that_the_buttons_take(self):
        dialog = self.dialog("/csw", "Causeway")
        dialog.treeRecords.setCurrentItem(self.found(dialog, "librar")[LAYER])
        for button in [dialog.mActionAddWfs, dialog.mActionAddAfs, dialog.mActionAddGisFile]:
            self.assertTrue(button.isEnabled(), button.objectName())
