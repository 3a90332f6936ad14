import json
import signal
import subprocess
import sys
import time

import pytest

from earmark.corpus.download.sources import Remote
from earmark.corpus.download.transfer import Failed, Manners, NoRoom, Part, Transfer, session
from earmark.errors import EarmarkError

SIZE = 300_000


@pytest.fixture
def fetch(site, tmp_path, manners):
    """Fetch /a.tgz of the site to a file; returns the file."""

    def run(expected=None, allowed=None, size=None, manners=manners, path="/a.tgz"):
        target = tmp_path / "a.tgz"
        with session(manners) as web:
            Transfer(Remote(site.url(path), expected, size), target, expected, allowed, manners).run(web)
        assert not list(tmp_path.glob("*.part*")), "nothing else is left"
        return target

    return run


def lie(tmp_path, site, data, validator='"v1"', total=SIZE):
    """Leave a part as a killed download does."""
    part = Part(tmp_path / "a.tgz", site.url("/a.tgz"), False)
    part.path.write_bytes(data)
    part.sidecar.write_text(json.dumps({"url": part.url, "validator": validator, "total": total}))
    return part


def test_a_file_comes_whole_and_the_server_learns_who_asks(site, fetch, noise):
    site.add("/a.tgz", noise(SIZE))
    assert fetch().read_bytes() == noise(SIZE)
    headers = site.requests[0][1]
    assert headers["User-Agent"].startswith("earmark/")
    assert headers["Accept-Encoding"] == "identity"


def test_a_broken_connection_is_continued_from_where_it_broke(site, fetch, noise):
    served = site.add("/a.tgz", noise(SIZE), drops=[100_000, 60_000])
    assert fetch(served.sha256).read_bytes() == served.data
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) for asked in site.ranges() if asked]
    assert len(site.requests) == 3 and starts == [100_000, 160_000]
    assert site.requests[1][1]["If-Range"] == '"v1"'


def test_many_breaks_are_fine_while_something_comes(site, fetch, noise):
    site.add("/a.tgz", noise(SIZE), drops=[40_000] * 7)
    assert fetch(manners=Manners(0, 1, 0.01)).read_bytes() == noise(SIZE)


def test_a_rest_that_comes_in_portions_is_put_together(site, fetch, noise):
    site.add("/a.tgz", noise(SIZE), drops=[100_000], portion=150_000)
    assert fetch().read_bytes() == noise(SIZE)
    assert site.ranges() == [None, "bytes=100000-", "bytes=250000-"]


def test_breaks_without_progress_end_it_and_what_came_stays(site, fetch, noise, tmp_path):
    site.add("/a.tgz", noise(SIZE), drops=[100_000, *[0] * 9])
    with pytest.raises(Failed, match="breaks off again and again"):
        fetch()
    assert len(site.requests) == 1 + 4 - 1, "the first break came with progress"
    assert (tmp_path / "a.tgz.part").read_bytes() == noise(SIZE)[:100_000]


def test_what_lies_there_is_continued(site, fetch, noise, tmp_path):
    site.add("/a.tgz", noise(SIZE))
    lie(tmp_path, site, noise(SIZE)[:200_000])
    assert fetch().read_bytes() == noise(SIZE)
    assert site.ranges() == ["bytes=200000-"]


@pytest.mark.parametrize("if_range", [True, False])
def test_another_version_is_not_glued_to_what_lies_there(site, fetch, noise, tmp_path, if_range):
    site.add("/a.tgz", noise(SIZE, "new"), etag='"v2"', if_range=if_range)
    lie(tmp_path, site, noise(SIZE, "old")[:200_000])
    assert fetch().read_bytes() == noise(SIZE, "new")
    assert len(site.requests) == (1 if if_range else 2)


def test_a_version_that_changes_during_the_download_is_not_glued(site, fetch, noise):
    site.add("/a.tgz", noise(SIZE, "old"), drops=[100_000])
    site.change("/a.tgz", noise(SIZE, "new"), etag='"v2"')
    assert fetch().read_bytes() == noise(SIZE, "new")
    assert site.ranges() == [None, "bytes=100000-"]


def test_a_server_without_ranges_starts_again(site, fetch, noise, tmp_path):
    site.add("/a.tgz", noise(SIZE), ranges=False, drops=[100_000])
    assert fetch().read_bytes() == noise(SIZE)
    assert site.ranges() == [None, "bytes=100000-"]


def test_without_a_version_only_a_checksum_allows_to_continue(site, fetch, noise, tmp_path):
    served = site.add("/a.tgz", noise(SIZE), etag=None)
    lie(tmp_path, site, noise(SIZE)[:200_000], None)
    fetch()
    lie(tmp_path, site, noise(SIZE)[:200_000], None)
    fetch(served.sha256)
    assert site.ranges() == [None, "bytes=200000-"]


def test_a_time_of_change_identifies_a_version_where_the_tag_is_weak(site, fetch, noise, tmp_path):
    date = "Wed, 11 Apr 2018 19:41:55 GMT"
    site.add("/a.tgz", noise(SIZE), etag='W/"1"', if_range=False, headers={"Last-Modified": date}, drops=[100_000])
    assert fetch().read_bytes() == noise(SIZE)
    assert site.requests[1][1]["If-Range"] == date


def test_a_part_of_another_address_or_with_a_broken_note_is_not_used(site, fetch, noise, tmp_path):
    site.add("/a.tgz", noise(SIZE))
    for text in ('{"url": "http://other.example/a.tgz", "validator": "\\"v1\\"", "total": 300000}', "{", "[]", "{}"):
        part = lie(tmp_path, site, noise(SIZE, "other")[:200_000])
        part.sidecar.write_text(text)
        assert fetch().read_bytes() == noise(SIZE)
    assert site.ranges() == [None] * 4


def test_a_complete_part_needs_no_server(site, fetch, noise, tmp_path):
    lie(tmp_path, site, noise(SIZE))
    assert fetch().read_bytes() == noise(SIZE)
    assert site.requests == []


def test_asking_beyond_the_end_shows_that_all_is_here(site, fetch, noise, tmp_path):
    site.add("/a.tgz", noise(SIZE))
    lie(tmp_path, site, noise(SIZE), total=None)
    assert fetch().read_bytes() == noise(SIZE)
    assert site.ranges() == [f"bytes={SIZE}-"]


def test_more_than_there_is_cannot_be_a_part_of_it(site, fetch, noise, tmp_path):
    site.add("/a.tgz", noise(SIZE))
    lie(tmp_path, site, noise(SIZE + 10), total=None)
    assert fetch().read_bytes() == noise(SIZE)
    assert site.ranges() == [f"bytes={SIZE + 10}-", None]


def test_a_length_that_is_never_reached_is_an_error(site, fetch, noise):
    site.add("/a.tgz", noise(SIZE), longer=5)
    with pytest.raises(Failed, match="breaks off"):
        fetch()


def test_another_file_than_expected_is_not_kept(site, fetch, noise, tmp_path):
    site.add("/a.tgz", noise(SIZE))
    with pytest.raises(Failed, match=f"Expected sha256 {'0' * 64} .*found [0-9a-f]{{64}}"):
        fetch("0" * 64)
    with pytest.raises(Failed, match="another file"):
        fetch(size=SIZE + 1)
    assert list(tmp_path.iterdir()) == []


def test_a_busy_server_is_given_the_time_it_asks_for(site, fetch, noise):
    site.add("/a.tgz", noise(SIZE), answers=[(503, {"Retry-After": "1"}), (429, {}), (500, {})])
    fetch()
    times = [at for _, _, at in site.requests]
    assert times[1] - times[0] >= 1
    assert len(times) == 4


def test_a_server_that_stays_busy_is_left_alone(site, fetch, noise):
    site.add("/a.tgz", b"", answers=[(503, {})] * 9)
    with pytest.raises(Failed, match="503 Service Unavailable; try again later"):
        fetch()
    assert len(site.requests) == 4


def test_a_missing_file_is_not_asked_for_twice(site, fetch):
    with pytest.raises(Failed, match="404 Not Found"):
        fetch()
    assert len(site.requests) == 1


def test_no_server_at_all_is_said_in_words(fetch, tmp_path, manners):
    with session(manners) as web, pytest.raises(Failed, match="Connection refused") as problem:
        Transfer(Remote("http://127.0.0.1:9/a.tgz"), tmp_path / "a.tgz", manners=manners).run(web)
    assert "Caused by" not in str(problem.value)


def test_a_redirect_is_followed_also_when_continuing(site, fetch, noise, tmp_path):
    site.add("/b/c.bin", noise(SIZE), drops=[100_000])
    site.add("/a.tgz", b"", answers=[(302, {"Location": "/b/c.bin"})] * 2)
    assert fetch().read_bytes() == noise(SIZE)
    assert site.ranges() == [None, None, "bytes=100000-", "bytes=100000-"]


def test_a_redirect_out_of_the_web_is_refused(site, fetch):
    site.add("/a.tgz", b"", answers=[(302, {"Location": "file:///etc/passwd"})])
    with pytest.raises(Failed):
        fetch()


def test_an_archive_that_is_called_compressed_stays_as_it_is(site, fetch, noise):
    site.add("/a.tgz", noise(SIZE), headers={"Content-Encoding": "gzip", "Content-Type": "application/x-tar"})
    assert fetch().read_bytes() == noise(SIZE)


def test_a_login_page_is_no_archive_and_costs_nothing(site, fetch, noise, tmp_path):
    page = {"Content-Type": "text/html; charset=utf-8"}
    site.add("/a.tgz", b"<html>Pay for the Wi-Fi", etag=None, ranges=False, headers=page)
    with pytest.raises(Failed, match="a web page"):
        fetch()
    assert list(tmp_path.iterdir()) == []
    lie(tmp_path, site, noise(SIZE)[:200_000])
    with pytest.raises(Failed, match="a web page"):
        fetch()
    site.add("/a.tgz", noise(SIZE))
    assert fetch().read_bytes() == noise(SIZE)
    assert site.ranges()[-1] == "bytes=200000-"


def test_what_is_announced_too_large_is_not_begun(site, fetch, noise, tmp_path):
    site.add("/a.tgz", noise(SIZE))
    with pytest.raises(NoRoom):
        fetch(allowed=SIZE - 1)
    assert (tmp_path / "a.tgz.part").stat().st_size == 0
    with pytest.raises(NoRoom):
        fetch(allowed=SIZE - 1)
    assert len(site.requests) == 1, "the size is remembered"
    assert fetch(allowed=SIZE).read_bytes() == noise(SIZE)


def test_what_turns_out_too_large_stops_at_the_limit(site, fetch, noise, tmp_path):
    site.add("/a.tgz", noise(SIZE), chunked=True)
    for _ in range(2):
        with pytest.raises(NoRoom):
            fetch(allowed=100_000)
    assert (tmp_path / "a.tgz.part").read_bytes() == noise(SIZE)[:100_000]
    assert len(site.requests) == 1
    site.files["/a.tgz"].chunked = False
    assert fetch(allowed=SIZE).read_bytes() == noise(SIZE)
    assert site.ranges() == [None, "bytes=100000-"]


def test_what_the_disk_cannot_hold_is_not_begun(site, fetch, noise):
    site.add("/a.tgz", noise(SIZE), longer=1 << 60)
    with pytest.raises(EarmarkError, match=r"needs 1152921\.5 TB and .* are free"):
        fetch()


CODE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit that it is ignored
import sys
from pathlib import Path
from earmark.corpus.download.sources import Remote
from earmark.corpus.download.transfer import Manners, Transfer, session
with session(Manners()) as web:
    Transfer(Remote(sys.argv[1]), Path(sys.argv[2])).run(web)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_process_is_continued(site, fetch, noise, tmp_path, number):
    served = site.add("/a.tgz", noise(SIZE), slow=0.05)
    part = tmp_path / "a.tgz.part"
    command = [sys.executable, "-c", CODE, site.url("/a.tgz"), str(tmp_path / "a.tgz")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not part.is_file() or part.stat().st_size < 100_000:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait() != 0
    size = part.stat().st_size
    assert 100_000 <= size < SIZE and not (tmp_path / "a.tgz").exists()
    served.slow = 0
    assert fetch().read_bytes() == noise(SIZE)
    assert site.ranges() == [None, f"bytes={size}-"]
