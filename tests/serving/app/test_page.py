"""The page in a real browser: upload, drop, microphone, test clips, threshold, comparison, keyboard, phone."""

import base64

import pytest

pytestmark = pytest.mark.xdist_group("app")
SHOWN = "document.querySelector('.images canvas') && !document.querySelector('#answers').ariaBusy"


@pytest.fixture
def opened(page, server):
    page.screen(1100, 900)
    page.open(server.address)
    return page


def test_an_uploaded_file_gets_its_label_wave_image_and_time_line(opened, long_recording):
    assert "2 classes: low, high" in opened.text("#classes")
    opened.choose("#file", long_recording)
    opened.until(SHOWN)
    assert opened.text(".sound h2") == "long.flac"
    assert opened.text(".label") in ("low", "high")
    assert "not calibrated" in opened.text(".sure")
    assert opened.value("[...document.querySelectorAll('.lane button')].map(b => b.innerText)") == ["low", "–", "high"]
    assert opened.value("document.querySelector('.images canvas').height") == 40
    assert opened.value("(c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v))"
                        "(document.querySelector('.wave'))")  # fmt: skip
    first = opened.text(".scrub")
    opened.click(".lane li:last-child button")
    opened.until(f"document.querySelector('.scrub').innerText != {first!r}")
    assert opened.complaints == []


def test_what_must_be_known_of_the_model(opened):
    found = opened.text(".findings")
    assert "never heard a person" in found and "50.0 % (95 % interval 25.0 % to 75.0 %) of 2 test clips" in found
    assert opened.value("document.querySelector('.models a').getAttribute('href')") == "report/0"


def test_speaking_into_the_microphone(opened):
    opened.click("#record")
    opened.until("document.querySelector('#record-hint').innerText.startsWith('so far: high')")
    opened.click("#record")
    opened.until(SHOWN)
    assert opened.text(".label") == "high" and opened.text(".sound h2") == "your recording"
    assert opened.value("document.querySelector('#record').getAttribute('aria-pressed')") == "false"
    assert opened.complaints == []


def test_a_test_clip_by_keyboard_and_the_threshold(opened):
    opened.value("document.querySelector('.chip').focus()")
    opened.key("Enter", 13, "\r")
    opened.until(SHOWN)
    assert opened.text(".label") == "high" and "✓ the clip is labelled high" in opened.text(".truth")
    opened.value("document.querySelector('#unknown').focus()")
    opened.key("End", 35)
    opened.until("document.querySelector('.label').innerText == 'unknown'")
    assert "most likely high" in opened.text(".sure")
    assert opened.text("#said").startswith("test clip of high: unknown, ")


def test_a_dropped_file_that_is_no_recording_and_one_that_is(opened, long_recording):
    def drop(content):
        text = base64.b64encode(content).decode()
        opened.value(f"""(() => {{ const all = new DataTransfer();
            all.items.add(new File([Uint8Array.from(atob("{text}"), c => c.charCodeAt(0))], "<b>dropped"));
            document.querySelector("#drop").dispatchEvent(
                new DragEvent("drop", {{ dataTransfer: all, bubbles: true, cancelable: true }})) }})()""")

    drop(b"no sound")
    opened.until("document.querySelector('#problem').innerText.includes('<b>dropped: not audio')")
    drop(long_recording.read_bytes())
    opened.until(SHOWN)
    assert opened.text(".sound h2") == "<b>dropped" and opened.text("#problem") == ""


def test_two_models_on_the_same_clip(page, server):
    page.open(server.address + "compare")
    page.click(".chip")
    page.until(SHOWN)
    assert page.text(".answers > .truth") == "Both say high."
    assert page.value("[...document.querySelectorAll('.label')].map(l => l.innerText)") == ["high", "high"]
    assert page.value("document.querySelectorAll('.lane').length") == 2
    assert page.value("document.querySelectorAll('#models section').length") == 2


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_needs_no_sideways_scrolling(opened, long_recording, dark):
    opened.screen(360, 740, dark, phone=True)
    opened.choose("#file", long_recording)
    opened.until(SHOWN)
    assert opened.value("document.documentElement.scrollWidth <= innerWidth")


def test_everything_has_a_name_for_those_who_do_not_see_it(opened, long_recording):
    opened.choose("#file", long_recording)
    opened.until(SHOWN)
    opened.do("Accessibility.enable")
    nodes = opened.do("Accessibility.getFullAXTree")["nodes"]
    ours = [node for node in nodes if not node["ignored"] and node["role"]["value"] in ("button", "slider", "image")]
    assert len(ours) > 8
    assert [node for node in ours if not node.get("name", {}).get("value")] == []


def test_a_file_that_is_too_large_is_not_even_sent(opened, tmp_path):
    with (tmp_path / "large.wav").open("wb") as large:
        large.truncate((64 << 20) + 1)
    opened.choose("#file", tmp_path / "large.wav")
    opened.until("document.querySelector('#problem').innerText.includes('large.wav is larger than 64 MiB')")
