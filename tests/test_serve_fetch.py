"""`halfclose serve` and `halfclose fetch` as a user types them, against the kernel's TCP."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HALFCLOSE = [sys.executable, "-c", "from halfclose.checks.cli.app import main; main()"]
BAD = ["--loss", "20", "--duplicate", "20", "--reorder", "20", "--seed", "7"]
KERNEL = "http://198.18.0.1:8000"
SERVER = ["--", sys.executable, "-u", "-m", "http.server", "8000"]
DOWNLOAD = "import os, sys, urllib.request as u; u.urlretrieve(os.environ[sys.argv[1]] + sys.argv[2], sys.argv[3])"


def halfclose(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [*HALFCLOSE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=cwd, check=False)


@pytest.fixture(scope="module", autouse=True)
def _network() -> None:
    """Only where the kernel forbids namespaces is anything here skipped."""
    trial = halfclose("serve", ".", "--", "true")
    if "no private network can be had here" in trial.stderr:
        pytest.skip(trial.stderr.strip())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 3 MB to download."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "big").write_bytes(random.Random(1).randbytes(3_000_000))
    (folder / "small.txt").write_text("small\n")
    return folder


def download(name: str, to: Path, *, variable: str = "HALFCLOSE_URL") -> list[str]:
    """The command for a client over the kernel's TCP: curl, or Python where there is none."""
    if shutil.which("curl") is None:
        return ["--", sys.executable, "-c", DOWNLOAD, variable, name, str(to)]
    return ["--", "sh", "-c", f'exec curl -gfsS -o "$0" "${variable}{name}"', str(to)]


def test_curl_downloads_three_megabytes_intact_in_bad_weather(site: Path, tmp_path: Path) -> None:
    done = halfclose("serve", site, *BAD, "--json", tmp_path / "link", *download("/big", tmp_path / "copy"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "copy").read_bytes() == (site / "big").read_bytes()
    link = json.loads((tmp_path / "link").read_text())
    assert link["sent"].keys() == {"entered", "lost", "duplicated", "reordered"}
    assert min(tally for way in ("sent", "received") for tally in link[way].values()) > 100
    assert min(link["stack"][name] for name in ("received", "sent")) > 1000
    assert f"halfclose: the stack: {link['stack']['received']:,} packets received, " in done.stderr


def test_curl_downloads_over_ipv6(site: Path, tmp_path: Path) -> None:
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("the kernel has no IPv6")
    done = halfclose("serve", site, *download("/big", tmp_path / "copy", variable="HALFCLOSE_URL6"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "copy").read_bytes() == (site / "big").read_bytes()


def test_fetch_gets_three_megabytes_intact_in_bad_weather(site: Path, tmp_path: Path) -> None:
    done = halfclose("fetch", f"{KERNEL}/big", "-o", tmp_path / "copy", *BAD, *SERVER, cwd=site)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "copy").read_bytes() == (site / "big").read_bytes()


def test_fetch_writes_to_stdout(site: Path) -> None:
    done = halfclose("fetch", f"{KERNEL}/small.txt", *SERVER, cwd=site)
    assert (done.returncode, done.stdout) == (0, "small\n"), done.stderr


@pytest.mark.parametrize(("script", "status"), [("exit 7", 7), ("kill -TERM $$", 143)])
def test_serve_ends_with_the_status_of_the_command(site: Path, script: str, status: int) -> None:
    assert halfclose("serve", site, "--", "sh", "-c", script).returncode == status


def test_fetch_leaves_no_file_where_the_server_has_none(site: Path, tmp_path: Path) -> None:
    done = halfclose("fetch", f"{KERNEL}/nothing", "-o", tmp_path / "copy", *SERVER, cwd=site)
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [])
    assert "halfclose: the server answers 404" in done.stderr


STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("stubborn", [False, True])
@pytest.mark.parametrize(("start", "status"), [(["serve", "."], 143), (["fetch", KERNEL], 130)])
def test_sigterm_ends_the_command_inside_too(start: list[str], status: int, stubborn: bool) -> None:
    script = STUBBORN if stubborn else STUBBORN.replace("SIG_IGN", "SIG_DFL")
    output = {"stdout" if start[0] == "serve" else "stderr": subprocess.PIPE}
    with subprocess.Popen([*HALFCLOSE, *start, "--", sys.executable, "-c", script], text=True, **output) as running:
        child = int((running.stdout or running.stderr).readline())
        running.terminate()
        assert running.wait(30) == status
    assert not Path(f"/proc/{child}").exists()


BROKEN = """
from halfclose.reference.stack import Stack
Stack.packet_arrives = lambda *arguments: 1 // 0
from halfclose.checks.cli.app import main
main()
"""


@pytest.mark.parametrize("arguments", [["serve", ".", *download("/", Path("/dev/null"))], ["fetch", KERNEL, *SERVER]])
def test_an_error_inside_the_stack_ends_the_command(arguments: list[str]) -> None:
    broken = subprocess.run([sys.executable, "-c", BROKEN, *arguments], capture_output=True, text=True, timeout=30)
    assert broken.returncode == 1
    assert "ZeroDivisionError" in broken.stderr


LIAR = """
import socket
with socket.create_server(("", 8000)) as listener:
    talk, _ = listener.accept()
    talk.recv(1000)
    talk.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 1000\\r\\n\\r\\nnot so much")
    talk.close()
"""


def test_fetch_keeps_nothing_of_a_download_that_breaks_off(tmp_path: Path) -> None:
    done = halfclose("fetch", KERNEL, "-o", tmp_path / "copy", "--", sys.executable, "-c", LIAR)
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [])
    assert "not whole" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["serve", "nowhere"], 2, "nowhere is not a folder"),
        (["serve", ".", "--", "no-such-program"], 2, "cannot run no-such-program"),
        (["fetch", "ftp://198.18.0.1/"], 2, "only plain http"),
        (["fetch", "http://example.org/"], 2, "no URL with an address"),
        (["fetch", "http://198.18.0.1:99999/"], 2, "no URL with an address"),
        (["fetch", KERNEL, "--", "false"], 1, "the server ended with status 1"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments: list[str], status: int, words: str) -> None:
    done = halfclose(*arguments)
    assert done.returncode == status
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


ALONE = """
import subprocess, sys
from halfclose.reference.link.namespace import enter
enter()
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
devices = open("/proc/net/dev").read()
print(done.returncode, "nobody listens" in done.stderr, "halfclose" in devices)
"""


def test_fetch_without_a_command_lays_a_cable_in_its_network_and_removes_it() -> None:
    fetch = [*HALFCLOSE, "fetch", "http://198.18.0.1:8000/"]
    done = subprocess.run([sys.executable, "-c", ALONE, *fetch], capture_output=True, text=True, check=True)
    assert done.stdout == "1 True False\n"


CLIENT = """
import http.client, socket
talk = http.client.HTTPConnection("198.18.0.2")
def ask(method, target):
    talk.request(method, target)
    answer = talk.getresponse()
    print(method, target, answer.status, answer.getheader("Content-Length"), answer.read())
ask("GET", "/small.txt")
same = talk.sock
ask("HEAD", "/small.txt")
ask("POST", "/small.txt")
ask("GET", "/sub")
print("kept alive", talk.sock is same)
with socket.create_connection(("198.18.0.2", 80)) as plain:
    plain.sendall(b"nonsense\\r\\n\\r\\n")
    plain.shutdown(socket.SHUT_WR)
    print(plain.makefile().readline())
"""


def test_one_connection_asks_again_and_nonsense_is_answered_in_half_close(site: Path) -> None:
    (site / "sub").mkdir(exist_ok=True)
    done = halfclose("serve", site, "--", sys.executable, "-c", CLIENT)
    assert done.stdout.splitlines() == [
        "GET /small.txt 200 6 b'small\\n'",
        "HEAD /small.txt 200 6 b''",
        "POST /small.txt 405 4 b'405\\n'",
        "GET /sub 301 4 b'301\\n'",
        "kept alive True",
        "HTTP/1.1 400 Bad Request",
        "",
    ], done.stderr
