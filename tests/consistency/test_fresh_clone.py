"""A clone before its first run: nothing is there, not even the demo corpus, and every target can be planned."""

import pytest

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize("target", ["all", "mel", "evaluate"])
def test_a_clone_without_its_demo_plans_to_speak_it(new_checkout, target):
    output = new_checkout("fresh").run("snakemake", "--dry-run", target)
    assert "demo_corpus" in output
    assert "Traceback" not in output
