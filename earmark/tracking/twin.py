"""A run's twin: the same model under the other protocol, whose figure both runs then show.

A leaky protocol's figure is only worth something beside the one for new speakers. An evaluation cannot hold it: what
it says is decided by its own content, not by what was run since. A run in MLflow may be told later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from earmark.config import Params
from earmark.tracking.description import DESCRIPTION_TAG
from earmark.tracking.found import runs_of_model
from earmark.tracking.run import log_scalars, section
from earmark.tracking.server import Server

if TYPE_CHECKING:
    from mlflow.entities import Run

TWIN_TAG = "earmark.twin"

SCORES = ("accuracy", "balanced_accuracy", "macro_f1")


def note_twin(
    params: Params, judged: Mapping[str, Any], twin: str, figures: Mapping[str, Any], server: Server | None = None
) -> bool:
    """Tell the run of the model in ``judged`` what the recipe ``twin`` reached; whether there is such a run.

    ``judged`` and ``figures`` are contents of ``metrics.json``. The sentence becomes a tag and the end of the run's
    description, the scores metrics ``twin/…``. Raises EarmarkError if the server cannot be reached.
    """
    server = server or Server.find()
    client = server.client()
    found = runs_of_model(params.task, str(judged["model_key"]), server)
    if not found:
        return False
    with server.explained():
        run, text = found[0], sentence(twin, figures)
        client.set_tag(run.info.run_id, TWIN_TAG, text)
        client.set_tag(run.info.run_id, DESCRIPTION_TAG, described(run, text))
        log_scalars(client, run, section("twin", {name: figures["test"][name] for name in SCORES}))
    return True


def sentence(twin: str, figures: Mapping[str, Any]) -> str:
    """What the twin reached, and whether voices or copies cross its splits."""
    test = figures["test"]
    known = "part of its test material is known to it" if figures["leaks"] == "leaks" else "nothing crosses its splits"
    return f"Its twin `{twin}` reaches **{test['balanced_accuracy']:.1%}** on {test['n']} test clips; {known}."


def described(run: Run, text: str) -> str:
    """The run's description with ``text`` as its last paragraph, in place of an earlier one."""
    earlier, said = run.data.tags.get(TWIN_TAG), run.data.tags.get(DESCRIPTION_TAG, "")
    paragraphs = [part for part in said.split("\n\n") if part and part != earlier]
    return "\n\n".join([*paragraphs, text])
