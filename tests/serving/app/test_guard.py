"""Hosts and origins, as a browser would send them."""

import pytest

from earmark.serving.app.guard import Guard

pytestmark = pytest.mark.xdist_group("app")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "10.0.0.1", "localhost.evil"])
def test_a_foreign_host_is_refused(server, host):
    """The page of a rebound name runs in a browser that believes this server to be evil.example."""
    assert server.ask("GET", "/api/about", headers={"Host": host})[0] == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "LOCALHOST:8000", "[::1]:9", "127.0.0.1:99"])
def test_its_own_hosts_are_answered(server, host):
    assert server.ask("GET", "/", headers={"Host": host})[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_site_may_not_ask(server, headers):
    assert server.predict(b"", **headers) == (
        403,
        {"error": "another site may not ask in your name", "reason": "forbidden"},
    )


def test_its_own_page_and_a_script_may(server):
    origin = {"Origin": server.address.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert server.predict(b"", **origin)[0] == server.predict(b"")[0] == 422


def test_every_answer_confines_the_page(server):
    for path in ("/", "/static/main.js", "/api/about", "/nothing"):
        headers = server.ask("GET", path)[1]
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'") and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
        assert "server" not in headers and "microphone=(self)" in headers["Permissions-Policy"]


def test_addresses_are_answered_where_others_may_come_in():
    guard = Guard(None, ["desk"], addresses=True)
    assert guard._is_ours("10.0.0.1") and guard._is_ours("desk") and not guard._is_ours("evil.example")
