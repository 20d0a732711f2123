"""What the tests of the frontend share: a server of their own, calls on it, a space for each test."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.parse

LIBRARY = "lib"
SECRET = "a secret of the tests"
MIB = 1 << 20


class Programs:
    """Where they are; set before the tests run."""

    httpd = marcot = ""


def crc64(data):
    """CRC-64/XZ, as the wire has it: a decimal string."""
    table = crc64.table
    crc = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return str(crc ^ 0xFFFFFFFFFFFFFFFF)


def crc64_table():
    table = []
    for index in range(256):
        for _ in range(8):
            index = (index >> 1) ^ (0xC96C5795D7870F42 if index & 1 else 0)
        table.append(index)
    return table


crc64.table = crc64_table()


def escaped(path):
    """One segment, as clients send it: a slash is %2F."""
    return urllib.parse.quote(path, safe="!'()*~")


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.bytes = response.read()

    @property
    def json(self):
        return json.loads(self.bytes)

    @property
    def code(self):
        return self.json["code"]


class Server:
    def __init__(self, folder, *options):
        self.store = os.path.join(folder, "store")
        self.log = os.path.join(folder, "access.log")
        self.process = subprocess.Popen(
            [Programs.httpd, "--store", self.store, "--listen", "127.0.0.1:0", "--library", LIBRARY]
            + ["--secret", SECRET, "--access-log", self.log, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()
        match = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
        if match is None:
            raise RuntimeError(line + self.process.stderr.read())
        self.port = int(match.group(1))
        self.sockets_at_rest = self.sockets()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def socket(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def sockets(self):
        """How many the server has open."""
        count = 0
        folder = f"/proc/{self.process.pid}/fd"
        for descriptor in os.listdir(folder):
            try:
                count += os.readlink(f"{folder}/{descriptor}").startswith("socket:")
            except FileNotFoundError:
                pass  # closed since
        return count

    def await_rest(self):
        """Till no connection is left: the server learns of each one's end by a thread of its own."""
        until = time.monotonic() + 20
        while self.sockets() > self.sockets_at_rest:
            if time.monotonic() > until:
                raise AssertionError("closed connections are still open in the server")
            time.sleep(0.01)

    def raw(self, data, shut=False):
        """Sends bytes as they are; answers all that comes back."""
        with self.socket() as connection:
            connection.sendall(data)
            if shut:
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
            return answer

    def request(self, method, target, body=None, headers=None):
        connection = self.connect()
        try:
            connection.request(method, target, body=body, headers=headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        errors = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return code, errors

    def lines(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read().splitlines()


class HttpdTest(unittest.TestCase):
    """A server for the class, a space and an administrator's token for each test."""

    options = ()

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="marcot httpd test ")
        cls.server = Server(cls.dir, *cls.options)
        cls.spaces = 0

    @classmethod
    def tearDownClass(cls):
        code, errors = cls.server.stop()
        shutil.rmtree(cls.dir)
        if code != 0 or errors:
            raise AssertionError(f"the server ended with {code}: {errors}")

    @classmethod
    def change_settings(cls, *settings):
        """What the wire does not turn on: (space, key, value), while the server is away."""
        code, errors = cls.server.stop()
        assert (code, errors) == (0, ""), errors
        for space, *setting in settings:
            subprocess.run(
                [Programs.marcot, "--store", cls.server.store, "--space", f"{LIBRARY}/{space}"]
                + ["space", "set", *setting],
                check=True,
                stdout=subprocess.DEVNULL,
            )
        cls.server = Server(cls.dir, *cls.options)

    def setUp(self):
        type(self).spaces += 1
        self.space = f"space-{self.spaces}"
        self.token = self.issue("admin")
        self.expect(201, self.api("POST", f"space/{LIBRARY}", {"space_id": self.space}))

    # ---- calls

    def issue(self, grant=None, **more):
        query = {"library_id": LIBRARY, "library_secret": SECRET, **more}
        if grant is not None:
            query["grant"] = grant
        answer = self.server.request("GET", "/api/v1/token?" + urllib.parse.urlencode(query))
        self.assertEqual(answer.status, 200, answer.bytes)
        return answer.json["accessToken"]

    def api(self, method, route, query=None, body=None, token=None, headers=None):
        """`query` may be a string of flags too."""
        if isinstance(query, str):
            query = dict.fromkeys(query.split("&"), "1")
        query = {**(query or {}), "access_token": self.token if token is None else token}
        target = f"/api/v1/{route}?" + urllib.parse.urlencode(query)
        data = None if body is None else json.dumps(body).encode()
        return self.server.request(method, target, data, headers)

    def on(self, kind, method, path, query=None, body=None, **options):
        """A call on a directory or file of the test's space."""
        return self.api(
            method, f"{kind}/{LIBRARY}/{self.space}/{escaped(path)}", query, body, **options
        )

    def directory(self, method, path, query=None, body=None, **options):
        return self.on("directory", method, path, query, body, **options)

    def file(self, method, path, query=None, body=None, **options):
        return self.on("file", method, path, query, body, **options)

    def expect(self, status, answer):
        self.assertEqual(answer.status, status, answer.bytes)
        return answer

    def refused(self, status, code, answer):
        """An error as the contract has it."""
        self.assertEqual((answer.status, answer.code), (status, code), answer.bytes)
        self.assertEqual(set(answer.json), {"code", "message", "requestId"})
        self.assertEqual(answer.json["requestId"], answer.headers["x-request-id"])
        return answer

    # ---- what tests work on

    def mkdir(self, path):
        self.expect(201, self.directory("PUT", path))

    def send(self, begun, data, query=""):
        """The bytes of an upload, as a client sends them."""
        return self.server.request("PUT", begun["path"] + query, data, begun["headers"])

    def upload(self, path, data=b"hello", strategy=None, body=None, headers=None):
        query = {} if strategy is None else {"conflict_resolution_strategy": strategy}
        begun = self.expect(201, self.file("PUT", path, query, body or {}, headers=headers)).json
        self.assertTrue(self.expect(200, self.send(begun, data)).headers["etag"].strip('"'))
        return self.expect(
            200, self.file("POST", begun["confirmKey"], "confirm", {"crc64": crc64(data)})
        ).json

    def url_of(self, path, query=""):
        url = self.expect(200, self.file("GET", path, "info" + query)).json["cosUrl"]
        return url.removeprefix(f"http://127.0.0.1:{self.server.port}")

    def fetch(self, path):
        return self.expect(200, self.server.request("GET", self.url_of(path))).bytes

    def names(self, path="", query=None):
        answer = self.directory("GET", path, {"by-marker": "1", "limit": "1000", **(query or {})})
        return [entry["name"] for entry in self.expect(200, answer).json["contents"]]
