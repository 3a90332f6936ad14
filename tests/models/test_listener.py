"""Several listeners hear the same, in order."""

from earmark.models.listener import Listeners


class Recorder:
    def __init__(self, name, heard):
        self.name, self.heard = name, heard

    def on_begin(self, info):
        self.heard.append((self.name, "begin", info))

    def on_epoch(self, epoch, metrics):
        self.heard.append((self.name, epoch, metrics))

    def on_end(self, training):
        self.heard.append((self.name, "end", training))


def test_every_listener_hears_everything():
    heard = []
    told = Listeners([Recorder("a", heard), Recorder("b", heard)])
    told.on_begin({"x": 1})
    told.on_epoch(0, {"loss": 1.0})
    told.on_end({"epochs": 1})
    expected = [("begin", {"x": 1}), (0, {"loss": 1.0}), ("end", {"epochs": 1})]
    assert heard == [(name, *event) for event in expected for name in "ab"]
