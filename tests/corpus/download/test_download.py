import fcntl
import itertools
import os
import subprocess
import time

import pytest

from earmark.corpus.download import GIVE_UP, download, read_checksums
from earmark.corpus.download.sources import Remote, Source, read_list
from earmark.corpus.download.transfer import Manners
from earmark.errors import EarmarkError

SIZE = 20_000


@pytest.fixture
def files(site, noise):
    """Serve so many files; returns the source that lists them."""

    def make(count: int, **faults) -> Source:
        served = [site.add(f"/{n}.tgz", noise(SIZE, str(n)), **faults) for n in range(count)]
        remotes = tuple(Remote(site.url(f"/{n}.tgz"), s.sha256 if n % 2 else None) for n, s in enumerate(served))
        return Source("mine", "", "", None, remotes)

    return make


@pytest.fixture
def get(tmp_path, manners):
    return lambda source, limit=None, **options: download(source, tmp_path / "data", limit, manners, **options)


def test_a_second_run_asks_the_server_nothing(site, files, get):
    source = files(4)
    first = get(source)
    assert first.fetched == ["0.tgz", "1.tgz", "2.tgz", "3.tgz"] and first.bytes == 4 * SIZE and first.ok
    assert site.most_open == 1, "one connection at a time"
    site.requests.clear()
    again = get(source)
    assert again.kept == first.fetched and again.fetched == [] and again.ok
    assert site.requests == []
    assert again.explain() == f"mine in {again.folder}: 0 fetched, 4 kept; 80.0 kB there"


def test_checksums_are_noted_as_sha256sum_does(files, get, tmp_path):
    get(files(3))
    assert sorted(read_checksums(tmp_path / "data")) == ["0.tgz", "1.tgz", "2.tgz"]
    command = ["sha256sum", "--check", "--strict", "CHECKSUMS.sha256"]
    assert subprocess.run(command, cwd=tmp_path / "data", capture_output=True).returncode == 0


def test_a_damaged_file_is_fetched_again(site, files, get, tmp_path, noise, capsys):
    source = files(2)
    get(source)
    for name in ("0.tgz", "1.tgz"):
        (tmp_path / "data" / name).write_bytes(b"damaged")
    summary = get(source)
    assert summary.fetched == ["0.tgz", "1.tgz"]
    assert (tmp_path / "data" / "0.tgz").read_bytes() == noise(SIZE, "0")
    assert "0.tgz is not what it should be" in capsys.readouterr().err


def test_a_file_that_nobody_vouches_for_must_stay_what_it_was(site, files, get, tmp_path, noise):
    source = files(1)
    get(source)
    (tmp_path / "data" / "0.tgz").unlink()
    site.add("/0.tgz", noise(SIZE, "changed on the server"))
    summary = get(source)
    assert "remove the line in CHECKSUMS.sha256" in summary.failed["0.tgz"]
    (tmp_path / "data" / "CHECKSUMS.sha256").unlink()
    assert get(source).ok


def test_a_file_from_elsewhere_is_kept_and_noted(site, files, get, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "0.tgz").write_bytes(b"copied by hand")
    assert get(files(1)).kept == ["0.tgz"]
    assert site.requests == []
    assert "0.tgz" in read_checksums(tmp_path / "data")


def test_a_mangled_checksum_file_is_pointed_at(files, get, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "CHECKSUMS.sha256").write_text("hello\n")
    with pytest.raises(EarmarkError, match=r"CHECKSUMS\.sha256:1"):
        get(files(1))


def test_the_limit_counts_all_that_lies_there(site, files, get, tmp_path):
    source = files(5)
    summary = get(source, limit=3 * SIZE + 10)
    assert summary.fetched == ["0.tgz", "1.tgz", "2.tgz"] and summary.skipped == ["3.tgz", "4.tgz"]
    assert summary.ok and "2 skipped because of the limit" in summary.explain()
    assert site.paths() == ["/0.tgz", "/1.tgz", "/2.tgz", "/3.tgz"], "the fourth did not fit, the fifth is left alone"
    site.requests.clear()
    assert get(source, limit=3 * SIZE + 10).kept == summary.fetched
    assert site.requests == []
    assert get(source, limit=4 * SIZE).fetched == ["3.tgz"]
    assert sum(path.stat().st_size for path in (tmp_path / "data").glob("*.tgz")) == 4 * SIZE


def test_a_part_counts_once(files, get, tmp_path, site):
    source = files(2)
    site.files["/1.tgz"].drops = [SIZE - 5000] + [0] * 9
    assert list(get(source, limit=2 * SIZE).failed) == ["1.tgz"]
    site.files["/1.tgz"].drops = []
    assert get(source, limit=2 * SIZE).fetched == ["1.tgz"]
    assert site.ranges()[-1] == "bytes=15000-"


def test_a_file_that_comes_without_a_length_ends_at_the_limit(site, files, get, tmp_path):
    source = files(3, chunked=True)
    assert get(source, limit=SIZE + 5000).skipped == ["1.tgz", "2.tgz"]
    assert (tmp_path / "data" / "1.tgz.part").stat().st_size == 5000
    assert get(source).fetched == ["1.tgz", "2.tgz"]


def test_what_fails_is_listed_and_the_others_are_kept(site, files, get):
    source = files(3)
    served = site.files.pop("/1.tgz")
    summary = get(source)
    assert summary.fetched == ["0.tgz", "2.tgz"] and list(summary.failed) == ["1.tgz"] and not summary.ok
    assert "1 failed" in summary.explain() and "404" in summary.explain() and "again" in summary.explain()
    site.files["/1.tgz"] = served
    assert get(source).fetched == ["1.tgz"]


def test_after_many_failures_in_a_row_the_server_is_left_alone(site, files, get):
    source = files(GIVE_UP + 3)
    site.files = {"/0.tgz": site.files["/0.tgz"]}
    summary = get(source)
    assert len(summary.failed) == GIVE_UP and len(summary.untried) == 2 and not summary.ok
    assert "2 not tried" in summary.explain()
    assert len(site.requests) == 1 + GIVE_UP


def test_failures_here_and_there_do_not_end_it(site, files, get):
    source = files(2 * GIVE_UP + 3)
    site.files = {path: served for path, served in site.files.items() if int(path[1:-4]) % 2}
    summary = get(source)
    assert len(summary.failed) == GIVE_UP + 2 and len(summary.fetched) == GIVE_UP + 1 and not summary.untried


def test_a_list_of_ones_own(site, files, get, tmp_path, noise):
    files(2)
    path = tmp_path / "own.txt"
    path.write_text(f"# two\n{site.url('/1.tgz')} {site.files['/1.tgz'].sha256}\n{site.url('/0.tgz')}  # no checksum\n")
    assert get(read_list(path)).fetched == ["1.tgz", "0.tgz"]
    path.write_text(f"{site.url('/1.tgz')} {'0' * 64}\n")
    assert "another file" in get(read_list(path)).failed["1.tgz"]


@pytest.fixture
def listing(site, noise):
    """A directory of archives, three of each of four users, behind a redirect."""
    names = [f"user{u}-2009010{n}-abc.tgz" for u in range(4) for n in range(3)]
    for name in names:
        site.add(f"/main/{name}", noise(SIZE, name))
    page = "".join(f'<a href="{name}">{name}</a>' for name in names)
    site.add("/main/", page.encode(), headers={"Content-Type": "text/html"})
    site.add("/old/", b"", answers=[(301, {"Location": "/main/"})] * 9)
    return Source("vox", "", "", "voxforge", listing=site.url("/old/"))


def test_a_small_limit_gives_every_speaker_of_a_listing(site, listing, get):
    summary = get(listing, limit=5 * SIZE)
    assert {name[:5] for name in summary.fetched[:4]} == {"user0", "user1", "user2", "user3"}
    assert len(summary.fetched) == 5 and len(summary.skipped) == 7
    site.requests.clear()
    assert get(listing, limit=5 * SIZE).kept == summary.fetched
    assert site.requests == [], "the listing is remembered"
    assert len(get(listing, limit=8 * SIZE).kept) == 5


def test_the_kept_listing_is_a_list_for_others(site, listing, get, tmp_path):
    get(listing, limit=2 * SIZE, seed=3)
    names = [remote.name for remote in read_list(tmp_path / "data" / "vox.list").files]
    assert names[:2] == sorted(read_checksums(tmp_path / "data"), key=names.index) and len(names) == 12


def test_a_listing_that_cannot_be_had_is_an_error(site, listing, get, tmp_path):
    site.files["/main/"].drops = [10]
    with pytest.raises(EarmarkError, match="breaks off"):
        get(listing)
    site.files["/main/"].data = b"<html>We have moved"
    with pytest.raises(EarmarkError, match=r"lists no \.tgz"):
        get(listing)
    del site.files["/old/"]
    with pytest.raises(EarmarkError, match="404"):
        get(listing)
    assert list((tmp_path / "data").iterdir()) == []


def test_the_server_rests_between_files_but_nobody_waits_for_nothing(site, files, tmp_path):
    source, manners = files(3), Manners(pause=0.5)
    start = time.monotonic()
    download(source, tmp_path / "data", manners=manners)
    times = [at for _, _, at in site.requests]
    assert times[0] - start < 0.5
    assert all(late - early >= 0.5 for early, late in itertools.pairwise(times))
    start = time.monotonic()
    download(source, tmp_path / "data", manners=manners)
    assert time.monotonic() - start < 0.5


def test_two_downloads_do_not_share_a_folder(files, get, tmp_path):
    (tmp_path / "data").mkdir()
    handle = os.open(tmp_path / "data", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH)
    with pytest.raises(EarmarkError, match="another download"):
        get(files(1))
    os.close(handle)
    assert get(files(1)).ok


def test_what_cannot_be_written_is_named(files, get, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EarmarkError, match="file/data: Not a directory; mend"):
        download(files(1), tmp_path / "file" / "data")
    (tmp_path / "data" / "0.tgz.part").mkdir(parents=True)
    with pytest.raises(EarmarkError, match=r"0\.tgz\.part: Is a directory"):
        get(files(1))
