import json

import pytest

from earmark.config import parse
from earmark.corpus.download.sources import (
    BUILT_IN,
    Remote,
    archives,
    as_dicts,
    describe,
    file_name,
    find,
    human,
    parse_size,
    read_list,
    speaker_of,
    speakers_first,
)
from earmark.errors import EarmarkError

PAGE = """<html><head><title>Index of /main</title></head><body><h1>Index of /main</h1><table>
<tr><th><a href="?C=N;O=D">Name</a></th><th><a href='?C=M;O=A'>Last modified</a></th></tr>
<tr><td><A HREF="/">Parent Directory</A></td></tr>
<tr><td><a href="zoe-20100710-hne.tgz">zoe-20100710-hne.tgz</a> 2010-07-10 1.2M</td></tr>
<tr><td><a href="an%20na-20090101-abc.tgz">an na</a></td></tr>
<tr><td><a href="an%20na-20090101-abc.tgz">once more</a></td></tr>
<tr><td><a href="/elsewhere/x-20090101-abc.tgz">x</a> <a href="http://other.example/y.tgz">y</a></td></tr>
<tr><td><a href="README">README</a><a name="here">&amp;</a></td></tr>"""


def test_every_built_in_source_is_complete():
    for name, source in BUILT_IN.items():
        assert name == source.name
        assert (source.listing is None) == bool(source.files)
        assert parse({"data": {"adapter": source.adapter}}).data.adapter == source.adapter
        assert all(len(remote.sha256) == 64 and remote.name.endswith(".tar.gz") for remote in source.files)
        assert name in describe() and source.licence in describe()
    assert BUILT_IN["speech_commands_v0.02"].size == 2_428_923_189
    assert BUILT_IN["voxforge-en"].size is None
    assert [entry["size"] for entry in json.loads(json.dumps(as_dicts()))][:2] == [1_489_096_277, 2_428_923_189]


def test_a_misspelt_name_is_answered_with_the_right_one(tmp_path):
    with pytest.raises(EarmarkError, match="did you mean 'voxforge-de'"):
        find("voxforge_de")
    assert find("voxforge-it").listing.endswith("/it/Trunk/Audio/Main/16kHz_16bit/")


def test_a_list_file_names_addresses_and_checksums(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text(
        f"# mine\n\nhttp://a.example/x.zip {'AB' * 32}  # good\nhttps://b.example/y%20z.tgz\nhttp://a.example/q#f\n"
    )
    source = find(str(path))
    assert source.name == "mine"
    assert source.files == (
        Remote("http://a.example/x.zip", "ab" * 32),
        Remote("https://b.example/y%20z.tgz"),
        Remote("http://a.example/q#f"),
    )
    assert [remote.name for remote in source.files] == ["x.zip", "y_z.tgz", "q"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("http://a.example/x abc", "mine.txt:1: expected an address"),
        ("http://a.example/x\nfile:///etc/passwd", "mine.txt:2: .*not an http"),
        ("http://a.example/x/", "names|cannot be a file's name"),
        ("http://a.example/x.tgz\nhttp://b.example/x.tgz", "would both be x.tgz"),
        ("# nothing", "names no file"),
        ("\xff", "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_list_is_said_with_its_line(tmp_path, text, problem):
    path = tmp_path / "mine.txt"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(EarmarkError, match=problem):
        read_list(path)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/b.tgz?x=/../c", "b.tgz"),
        ("/a/..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("/a/..%5C..%5Cboot.ini", "boot.ini"),
        ("/a/.bashrc", "bashrc"),
        ("/a/x%00%0Ay;rm.tgz", "x__y_rm.tgz"),
        ("/a/Zoë-2.tgz", "Zoë-2.tgz"),
    ],
)
def test_a_name_stays_in_its_folder(path, name):
    assert file_name("http://a.example" + path) == name


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/..",
        "http://a.example/%2e%2e",
        "http://a.example",
        "ftp://a.example/x",
        "http:///x",
        "http://[/x",
        "x.tgz",
        "http://a.example/x.part",
        "http://a.example/CHECKSUMS.sha256",
        "http://a.example/" + "x" * 300,
    ],
)
def test_what_is_no_file_is_refused(url):
    with pytest.raises(EarmarkError):
        file_name(url)


def test_a_listing_gives_the_archives_below_it_once_and_sorted():
    found = archives(PAGE, "http://v.example/main/")
    assert [remote.url for remote in found] == [
        "http://v.example/main/an%20na-20090101-abc.tgz",
        "http://v.example/main/zoe-20100710-hne.tgz",
    ]
    with pytest.raises(EarmarkError, match=r"lists no \.tgz"):
        archives("<html>moved", "http://v.example/main/")


def names(*users: str) -> list[Remote]:
    return [Remote(f"http://v.example/{user}-2009010{n}-abc.tgz") for user in users for n in range(1, 4)]


def test_every_user_comes_once_before_any_comes_twice():
    users = [f"user-{i}" for i in range(20)]
    order = [speaker_of(remote.name) for remote in speakers_first(names(*users))]
    for turn in range(3):
        assert sorted(order[20 * turn : 20 * turn + 20]) == sorted(users)
    assert order[:20] != sorted(users), "not the head of the alphabet"
    assert order != [speaker_of(remote.name) for remote in speakers_first(names(*users), seed=1)]


def test_a_new_user_does_not_change_the_order_of_the_others():
    before = speakers_first(names("a", "b", "c", "d"))
    after = speakers_first(names("a", "b", "new", "c", "d"))
    assert [remote for remote in after if "new" not in remote.url] == list(before)


@pytest.mark.parametrize(
    ("name", "user"),
    [
        ("1028-20100710-hne.tgz", "1028"),
        ("anonymous-20080504-qvg.tgz", "anonymous"),
        ("Joel-33-20080716-cip.tgz", "Joel-33"),
        ("ductapeguy-10092006.tgz", "ductapeguy"),
        ("undated.tgz", "undated"),
    ],
)
def test_the_user_is_what_comes_before_the_date(name, user):
    assert speaker_of(name) == user


def test_sizes_are_read_and_written_as_people_do():
    assert [parse_size(text) for text in ("500MB", "1.5 GB", "2GiB", "1000", "3k", "10mb")] == [
        500_000_000,
        1_500_000_000,
        2 << 30,
        1000,
        3000,
        10_000_000,
    ]
    assert [human(size) for size in (999, 1500, 2_428_923_189, None)] == ["999 B", "1.5 kB", "2.4 GB", "size unknown"]
    for text in ("much", "-5MB", "", "5 PB"):
        with pytest.raises(EarmarkError, match="no size"):
            parse_size(text)
