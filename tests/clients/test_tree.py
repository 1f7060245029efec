"""The server holds the layers of the tree, all of them and no other, and names them in three languages."""

import unittest

import server
from server import Checks, on_every_layer


class TheTreeIsServed(Checks):
    def test_every_layer_of_the_table_is_served(self):
        for layer in server.tree():
            with self.subTest(layer):
                self.assertIn(layer, server.collections())

    def test_no_layer_is_served_that_the_table_does_not_name(self):
        self.assertEqual(set(), set(server.collections()) - set(server.tree()))

    @on_every_layer
    def test_a_layer_has_a_title_and_a_description_in_three_languages(self, layer):
        described = [server.get_json(f"/collections/{layer.id}?lang={tag}") for tag in ("en", "zh-Hant", "zh-Hans")]
        english, traditional, simplified = described
        for document in described:
            self.assertTrue(document["title"].strip())
            self.assertGreater(len(document["description"]), 20)
        for word in ("title", "description"):
            self.assertNotEqual(english[word], traditional[word])
            self.assertTrue(any("\u4e00" <= sign <= "\u9fff" for sign in traditional[word]), traditional[word])
            self.assertTrue(any("\u4e00" <= sign <= "\u9fff" for sign in simplified[word]), simplified[word])


if __name__ == "__main__":
    unittest.main()
