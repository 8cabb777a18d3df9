# SPDX-License-Identifier: GPL-3.0-or-later
"""The probes against real sockets, servers, files and processes."""

from __future__ import annotations

import asyncio
import datetime
import http.server
import os
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time

import dns.message
import dns.rcode
import dns.rrset
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from exabgp_health.checks import read_check
from exabgp_health.scheduler import probe_once


def probe(**fields):
    check, problems = read_check(fields)
    assert problems == []
    return asyncio.run(probe_once(check, check["timeout"]))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/slow":
            time.sleep(2)
        code = {"/fails": 503, "/moved": 302}.get(self.path, 200)
        self.send_response(code)
        self.send_header("X-Version", "7")
        self.end_headers()
        if self.path == "/endless":
            try:
                while True:
                    self.wfile.write(b"x" * 65536)
            except OSError:
                return
        self.wfile.write(f"ready for {self.headers['Host']}".encode())

    def log_message(self, *arguments):
        pass


@pytest.fixture
def web():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def url(server, path="/", scheme="http"):
    return f"{scheme}://127.0.0.1:{server.server_port}{path}"


@pytest.mark.parametrize(
    ("path", "fields", "status", "detail"),
    [
        ("/", {}, "up", "status 200"),
        ("/fails", {}, "down", "status 503"),
        ("/fails", {"status": ["5xx"]}, "up", "status 503"),
        ("/moved", {}, "down", "status 302"),
        ("/", {"body": "ready", "host": "www.example.com"}, "up", "status 200"),
        ("/", {"body": "for www.example.com", "host": "www.example.com"}, "up", "status 200"),
        ("/", {"body": "degraded"}, "down", "status 200, the body is not as expected"),
        ("/", {"header": {"X-Version": "^7$"}}, "up", "status 200"),
        ("/", {"header": {"X-Version": "^8$"}}, "down", "status 200, header X-Version is not as expected"),
        ("/endless", {"body": "^x+$"}, "up", "status 200"),
        ("/slow", {"timeout": 0.2}, "down", "no answer within 0.2 s"),
    ],
)
def test_http(web, path, fields, status, detail):
    found = probe(type="http", url=url(web, path), **fields)
    assert (found.status, found.detail) == (status, detail)


def test_http_to_nothing_and_to_something_else(unused_port, talker):
    assert probe(type="http", url=f"http://127.0.0.1:{unused_port}/").status == "down"
    found = probe(type="http", url=f"http://127.0.0.1:{talker}/")
    assert found.status == "down"
    assert "RemoteProtocolError" in found.detail


@pytest.fixture
def unused_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        yield found.getsockname()[1]


class Talker(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"+OK hello\r\n")
        self.request.recv(100)


@pytest.fixture
def talker():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talker) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_tcp(talker, unused_port):
    assert probe(type="tcp", port=talker).status == "up"
    assert probe(type="tcp", port=talker, expect=r"^\+OK").status == "up"
    assert probe(type="tcp", port=talker, expect="ERR", send="x").status == "down"
    refused = probe(type="tcp", port=unused_port)
    assert (refused.status, "refused" in refused.detail.lower()) == ("down", True)


def certificate(folder, name, days):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.txt").write_bytes(key.private_bytes(*form))
    (folder / "cert.txt").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    return folder / "cert.txt", folder / "key.txt"


def test_https_holds_the_name_the_issuer_and_the_end_of_the_certificate(web, tmp_path):
    cert, key = certificate(tmp_path, "www.example.com", 10)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    web.socket = context.wrap_socket(web.socket, server_side=True)
    good = {"type": "https", "url": url(web, scheme="https"), "ca_file": str(cert), "tls_name": "www.example.com"}
    assert probe(**good).status == "up"
    assert probe(**good, expiry_days=5).status == "up"
    ends = probe(**good, expiry_days=20)
    assert (ends.status, "ends in" in ends.detail) == ("down", True)
    assert probe(**{**good, "tls_name": "other.example.com"}).status == "down"
    unknown = probe(type="https", url=url(web, scheme="https"), tls_name="www.example.com")
    assert (unknown.status, "CERTIFICATE_VERIFY_FAILED" in unknown.detail) == ("down", True)
    assert probe(type="https", url=url(web, scheme="https"), verify=False).status == "up"


class Names(socketserver.BaseRequestHandler):
    def handle(self):
        data, link = self.request
        if data == b"ping":
            link.sendto(b"pong", self.client_address)
            return
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        if "gone" in str(query.question[0].name):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            answer.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", "192.0.2.1"))
        link.sendto(answer.to_wire(), self.client_address)


@pytest.fixture
def names():
    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Names) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_dns_is_a_real_query(names, unused_port):
    good = {"type": "dns", "port": names, "name": "www.example.com"}
    assert probe(**good).status == "up"
    assert probe(**good, answer=["192.0.2.1"]).status == "up"
    assert probe(**good, answer=["192.0.2.2"]).detail == "the answer lacks 192.0.2.2"
    assert probe(type="dns", port=names, name="gone.example.com").detail == "answered NXDOMAIN"
    assert probe(type="dns", port=unused_port, name="www.example.com", timeout=0.3).status == "down"


def test_udp(names, unused_port):
    assert probe(type="udp", port=names, send="ping", expect="pong").status == "up"
    assert probe(type="udp", port=names, send="ping", expect="peng").status == "down"
    assert probe(type="udp", port=unused_port, send="ping", timeout=0.3).status == "down"


def test_command():
    assert probe(type="command", argv=["/bin/true"]).status == "up"
    assert probe(type="command", argv=["/bin/false"]).detail == "exit code 1"
    assert probe(type="command", argv=["/bin/false"], exit=[1]).status == "up"
    assert probe(type="command", argv=["/nowhere/gone"]).status == "down"


def test_a_command_that_prints_without_end_costs_no_memory():
    before = resident()
    assert probe(type="command", argv=["/usr/bin/yes"], timeout=0.5).detail == "no answer within 0.5 s"
    assert resident() - before < 20_000_000


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_command_is_ended_with_its_children(tmp_path):
    mark = tmp_path / "pid"
    script = (
        f'{sys.executable} -c \'import os,time; open("{mark}", "w").write(str(os.getpid())); time.sleep(60)\' & wait'
    )
    assert probe(type="command", argv=["/bin/sh", "-c", script], timeout=1.5).status == "down"
    pid = int(mark.read_text(encoding="utf-8"))
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_file(tmp_path):
    path = tmp_path / "maintenance"
    assert probe(type="file", path=str(path)).status == "down"
    assert probe(type="file", path=str(path), must="absent").status == "up"
    path.touch()
    assert probe(type="file", path=str(path), max_age=60).status == "up"
    os.utime(path, (time.time() - 100,) * 2)
    assert probe(type="file", path=str(path), max_age=60).status == "down"
    assert probe(type="file", path=str(path), must="absent").status == "down"


@pytest.mark.parametrize("what", ["cpu", "memory", "load1", "load5", "load15"])
def test_load_gives_a_level(what):
    found = probe(type="load", what=what)
    assert found.status == "up"
    assert found.level >= 0
    assert probe(type="load", what="memory", max=0.001).status == "down"


def test_process(tmp_path):
    with subprocess.Popen(["/bin/sleep", "30"]) as child:
        assert probe(type="process", name="sleep").status == "up"
        child.kill()
    assert probe(type="process", name="no-such-program").detail == "0 of no-such-program"


def test_address_and_interface():
    assert probe(type="address", address="127.0.0.1", interface="lo").status == "up"
    assert probe(type="address", address="127.0.0.1", interface="eth99").status == "down"
    assert probe(type="address", address="192.0.2.77").status == "down"
    assert probe(type="interface", name="lo").status == "up"
    assert probe(type="interface", name="eth99").detail == "eth99 is absent"


def test_systemd_without_a_bus_is_unknown_and_not_down(monkeypatch):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus")
    assert probe(type="systemd", unit="nginx").status == "unknown"
