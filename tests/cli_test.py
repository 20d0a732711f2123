#!/usr/bin/env python3
"""End-to-end test of the command line: python3 cli_test.py PATH_TO_MARCOT_BINARY."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

MARCOT = ""


class Result:
    def __init__(self, done):
        self.exit = done.returncode
        self.bytes = done.stdout
        self.out = done.stdout.decode(errors="replace")
        self.err = done.stderr.decode()

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


class CliTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="marcot cli test ")
        self.addCleanup(self.remove_dir)
        self.store = os.path.join(self.dir, "store")

    def remove_dir(self):
        for folder, _, _ in os.walk(self.dir):
            os.chmod(folder, 0o700)
        shutil.rmtree(self.dir)

    def run_raw(self, *args, stdin=b"", env=None):
        done = subprocess.run(
            [MARCOT, *args],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "MARCOT_PROGRESS": "0", **(env or {})},
            timeout=120,
            check=False,
        )
        return Result(done)

    def marcot(self, *args, **options):
        return self.run_raw("--store", self.store, *args, **options)

    def ok(self, *args, **options):
        result = self.marcot(*args, **options)
        self.assertEqual(result.exit, 0, (args, result.out, result.err))
        return result

    def fails(self, code, *args, **options):
        """Exit 1 and one line `CODE: message`; `code` may be a tuple of allowed codes."""
        result = self.marcot(*args, **options)
        self.assertEqual(result.exit, 1, (args, result.out, result.err))
        match = re.fullmatch(r"([A-Za-z0-9]+): .+\n", result.err)
        self.assertIsNotNone(match, result.err)
        self.assertIn(match.group(1), code if isinstance(code, tuple) else (code,), result.err)
        return result

    def usage_error(self, *args):
        result = self.run_raw(*args)
        self.assertEqual(result.exit, 2, (args, result.out, result.err))
        self.assertEqual(result.out, "")
        self.assertNotEqual(result.err, "")

    def host(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, path, data):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)

    def put(self, path, data=b"data"):
        return self.ok("put", "-", path, stdin=data)

    def tree(self, *args):
        return self.ok("tree", "--json", *args).json


class UsageTest(CliTest):
    COMMANDS = (
        "init import export mkdir put cat ls stat du tree cp mv rm batch reclaim stats spaces check"
    ).split()

    def test_help_everywhere(self):
        for command in [[], *([name] for name in self.COMMANDS), ["spaces", "create"]]:
            result = self.run_raw(*command, "--help")
            self.assertEqual(result.exit, 0, command)
            self.assertIn("Usage", result.out)
            self.assertEqual(result.err, "")
        self.assertFalse(os.path.exists(self.store))

    def test_wrong_usage(self):
        self.usage_error()
        self.usage_error("ls")
        self.usage_error("--store")
        self.usage_error("--store", self.store)
        self.usage_error("--store", self.store, "frobnicate")
        self.usage_error("--store", self.store, "mkdir")
        self.usage_error("--store", self.store, "cp", "a")
        self.usage_error("--store", self.store, "ls", "a", "b")
        self.usage_error("--store", self.store, "ls", "--nonsense")
        self.usage_error("--store", self.store, "mv", "a", "b", "--from-space", "x/y")
        self.usage_error("--store", self.store, "spaces", "create")
        self.assertFalse(os.path.exists(self.store))

    def test_global_options_stand_anywhere(self):
        after = self.run_raw("mkdir", "a", "--json", "--store", self.store, "--space", "default/-")
        self.assertEqual(after.json, {"path": ["a"]})
        before = self.run_raw("--json", "--store", self.store, "mkdir", "b")
        self.assertEqual(before.json, {"path": ["b"]})
        nested = self.run_raw("spaces", "create", "--store", self.store, "new", "--json")
        self.assertEqual(nested.json, {"library": "default", "space": "new"})

    def test_paths_that_look_like_commands(self):
        for name in ("mkdir", "ls", "create", "{}", "[a,b]", "a=b"):
            self.assertEqual(self.ok("mkdir", name).out, name + "\n")
        self.assertEqual(self.ok("mkdir", "--", "-x").out, "-x\n")


class StoreTest(CliTest):
    def test_no_store(self):
        self.write(self.host("batch"), b"")
        for command in (
            ("ls",),
            ("cat", "a"),
            ("stat", "a"),
            ("du",),
            ("tree",),
            ("export", "a", self.host("out")),
            ("cp", "a", "b"),
            ("mv", "a", "b"),
            ("rm", "a"),
            ("reclaim",),
            ("stats",),
            ("check",),
            ("spaces",),
            ("spaces", "delete", "a"),
        ):
            result = self.fails("StoreNotFound", *command)
            self.assertEqual(result.out, "")
            self.fails("StoreNotFound", "--json", *command)
        self.assertFalse(os.path.exists(self.store))
        self.assertFalse(os.path.exists(self.host("out")))

    def test_first_write_makes_the_store(self):
        host = self.host("host")
        os.mkdir(host)
        line = self.host("line")
        self.write(line, b'{"op":"mkdir","path":"a"}\n')
        for number, command in enumerate(
            (
                ("init",),
                ("mkdir", "a"),
                ("put", line, "a"),
                ("import", host, "a"),
                ("batch", line),
                ("spaces", "create", "aa"),
            )
        ):
            self.store = self.host(f"store {number}")
            self.ok(*command)
            self.ok("ls")

    def test_arguments_that_fail_make_no_store(self):
        self.fails("ParamInvalid", "put", self.host("absent"), "a")
        self.fails("ParamInvalid", "put", self.dir, "a")
        self.fails("ParamInvalid", "import", self.host("absent"), "a")
        self.fails("ParamInvalid", "batch", self.host("absent"))
        self.assertFalse(os.path.exists(self.store))

    def test_init_twice(self):
        self.ok("init")
        self.ok("mkdir", "a")
        self.assertEqual(self.ok("init", "--json").json, {"store": self.store})
        self.assertEqual(self.ok("ls").out, "a/\n")

    def test_stats_reclaim_check(self):
        self.ok("batch", "-", stdin=b'{"op":"mkdir","path":"a/b/c"}\n{"op":"delete","path":"a"}\n')
        stats = self.ok("stats", "--json").json
        self.assertLessEqual(
            {"seq", "commits", "operations", "reclaimBacklog", "reclaimSteps", "diskBytes"},
            set(stats),
        )
        self.assertTrue(all(isinstance(value, int) for value in stats.values()))
        self.assertIn("newest commit", self.ok("stats").out)
        reclaimed = self.ok("reclaim", "--json").json
        self.assertEqual(reclaimed["backlog"], 0)
        self.assertIn("0 jobs left", self.ok("reclaim").out)
        self.assertEqual(self.ok("stats", "--json").json["reclaimBacklog"], 0)
        self.assertEqual(self.ok("check").out, "sound\n")
        self.assertEqual(self.ok("check", "--json").json, {"findings": []})

    def test_spaces(self):
        self.assertEqual(self.ok("spaces", "create", "lib1/sp1").out, "lib1/sp1\n")
        self.assertEqual(self.ok("spaces", "create", "sp2").out, "default/sp2\n")
        self.assertEqual(
            self.ok("--space", "lib1/sp1", "spaces", "create", "sp3").out, "lib1/sp3\n"
        )
        self.fails("DuplicateSpace", "spaces", "create", "sp2")
        self.fails("SpaceIdInvalid", "spaces", "create", "Bad")
        self.fails("SpaceIdInvalid", "spaces", "create", "BAD/sp")
        self.fails("SpaceIdInvalid", "spaces", "create", "newlib/BAD")
        self.ok("--space", "lib1/sp1", "mkdir", "a/b")
        listed = self.ok("spaces", "--json").json["spaces"]
        names = sorted((entry["library"], entry["space"]) for entry in listed)
        self.assertEqual(
            names, [("default", "-"), ("default", "sp2"), ("lib1", "sp1"), ("lib1", "sp3")]
        )
        sp1 = next(entry for entry in listed if entry["space"] == "sp1")
        self.assertEqual((sp1["size"], sp1["files"], sp1["directories"]), (0, 0, 2))
        self.assertIn("lib1/sp1\n", self.ok("spaces").out)
        self.fails("SpaceNotEmpty", "spaces", "delete", "lib1/sp1")
        self.assertEqual(self.ok("spaces", "delete", "lib1/sp1", "--force").out, "")
        self.ok("spaces", "delete", "sp2")
        self.fails("SpaceNotFound", "spaces", "delete", "sp2")
        self.fails("SpaceNotFound", "--space", "default/sp2", "ls")
        self.fails("LibraryNotFound", "--space", "nolib/sp2", "ls")


class ChangeTest(CliTest):
    def test_mkdir(self):
        self.assertEqual(self.ok("mkdir", "/a/b/").out, "a/b\n")
        self.assertEqual(self.ok("mkdir", "--json", "a/c").json, {"path": ["a", "c"]})
        self.fails("SameNameDirectoryOrFileExists", "mkdir", "a/b")
        self.fails("EmptyFileName", "mkdir", "a//d")
        self.fails("IllegalFileName", "mkdir", "a/b:c")
        self.fails("RootDirectoryNotAllowed", "mkdir", "/")

    def test_json_is_compact_and_to_the_letter(self):
        self.ok("mkdir", "foo/bar")
        result = self.ok("cp", "foo/bar", "foo/bar", "--conflict", "rename", "--json")
        self.assertEqual(result.out, '{"path":["foo","bar (1)"]}\n')

    def test_put_and_cat(self):
        self.write(self.host("file"), b"from a file")
        self.assertEqual(self.ok("put", self.host("file"), "f.txt").out, "f.txt\n")
        self.assertEqual(self.ok("put", self.host("file"), "f.txt").out, "f (1).txt\n")
        self.assertEqual(self.ok("cat", "f (1).txt").out, "from a file")
        data = os.urandom(3 * 1024 * 1024 + 17)
        self.assertEqual(self.put("big", data).out, "big\n")
        self.assertEqual(self.ok("cat", "big").bytes, data)
        self.assertEqual(self.ok("--json", "cat", "big").bytes, data)
        self.put("empty", b"")
        self.assertEqual(self.ok("cat", "empty").bytes, b"")
        self.fails("DirectoryNotFound", "put", "-", "no/such")
        self.fails(("FileNotFound", "PathNotFound"), "cat", "nothing")
        self.ok("mkdir", "d")
        self.fails("FileTypeNotMatched", "cat", "d")

    def test_cp(self):
        self.ok("mkdir", "src/sub")
        self.put("src/f.txt", b"1")
        self.assertEqual(self.ok("cp", "src", "new/parents/dst").out, "new/parents/dst\n")
        self.fails("SameNameDirectoryOrFileExists", "cp", "src", "new/parents/dst")
        for expected in ("src (1)", "src (2)"):
            result = self.ok("cp", "src", "src", "--conflict", "rename")
            self.assertEqual(result.out, expected + "\n")
        self.assertEqual(self.tree("src"), self.tree("src (2)"))
        self.assertEqual(self.ok("cp", "src", "src/sub/src").out, "src/sub/src\n")
        self.assertEqual(self.ok("cp", "src/f.txt", "src/f.txt").out, "src/f (1).txt\n")
        self.put("src/g", b"2")
        self.assertEqual(
            self.ok("cp", "src/g", "src/f.txt", "--conflict", "overwrite").out, "src/f.txt\n"
        )
        self.assertEqual(self.ok("cat", "src/f.txt").out, "2")
        self.assertEqual(self.ok("cat", "src (1)/f.txt").out, "1")

    def test_cp_errors(self):
        self.ok("mkdir", "a")
        self.put("f")
        taken = "SameNameDirectoryOrFileExists"
        self.fails(taken, "cp", "f", "f", "--conflict", "ask")
        self.fails("RootDirectoryNotAllowed", "cp", "/", "b")
        self.fails("RootDirectoryNotAllowed", "cp", "a", "/")
        self.fails(
            ("SourceDirectoryNotFound", "SourceFileNotFound", "PathNotFound"), "cp", "x", "y"
        )
        strategy = "InvalidConflictResolutionStrategy"
        for command in ("cp", "mv"):
            result = self.fails(strategy, command, "a", "b", "--conflict", "replace")
            self.assertNotIn("item 0", result.err)
            self.fails(strategy, command, "a", "b", "--conflict", "overwrite")
        self.assertEqual(self.ok("ls").out, "a/\nf\n")

    def test_cp_across_spaces(self):
        self.ok("spaces", "create", "lib/two")
        self.ok("mkdir", "a/b")
        self.put("a/f", b"bytes")
        self.ok("--space", "lib/two", "cp", "a", "copied", "--from-space", "default/-")
        self.assertEqual(self.ok("cat", "copied/f", "--space", "lib/two").out, "bytes")
        self.fails("SpaceNotFound", "cp", "a", "b", "--from-space", "lib/none")
        self.fails("LibraryNotFound", "cp", "a", "b", "--from-space", "none/two")

    def test_timing(self):
        self.ok("mkdir", "a")
        result = self.ok("--timing", "cp", "a", "b")
        self.assertRegex(result.err, r"^took \d+ us\n$")
        self.assertEqual(result.out, "b\n")

    def test_mv(self):
        self.ok("mkdir", "a/b")
        self.put("a/f", b"1")
        identity = self.ok("stat", "--json", "a").json["id"]
        self.assertEqual(self.ok("mv", "a", "c/d").out, "c/d\n")
        self.assertEqual(self.ok("stat", "--json", "c/d").json["id"], identity)
        self.fails("PathNotFound", "stat", "a")
        self.fails("SourceDirectoryIsParentOfDestination", "mv", "c/d", "c/d/b/e")
        self.ok("mkdir", "e")
        self.fails("SameNameDirectoryOrFileExists", "mv", "e", "c/d")
        result = self.ok("mv", "e", "c/d", "--conflict", "rename", "--json")
        self.assertEqual(result.json, {"path": ["c", "d (1)"]})
        self.put("g", b"2")
        self.ok("mv", "g", "c/d/f", "--conflict", "overwrite")
        self.assertEqual(self.ok("cat", "c/d/f").out, "2")

    def test_rm(self):
        self.ok("mkdir", "a/b/c")
        self.put("f")
        self.assertEqual(self.ok("rm", "a").out, "")
        self.assertEqual(self.ok("rm", "--json", "f").json, {"path": ["f"]})
        self.assertEqual(self.tree(), {})
        self.fails("PathNotFound", "rm", "a")
        self.fails("RootDirectoryNotAllowed", "rm", "/")


class ReadTest(CliTest):
    def setUp(self):
        super().setUp()
        self.ok("mkdir", "top/sub/deep")
        self.ok("mkdir", "top/empty")
        self.put("top/a.txt", b"12345")
        self.put("top/sub/ü", b"123")

    def test_ls(self):
        self.assertEqual(self.ok("ls").out, "top/\n")
        self.assertEqual(self.ok("ls", "/").out, "top/\n")
        self.assertEqual(self.ok("ls", "top").out, "empty/\nsub/\na.txt\n")
        self.assertEqual(self.ok("ls", "top/empty").out, "")
        rows = [line.split() for line in self.ok("ls", "-l", "top").out.splitlines()]
        self.assertEqual([(row[0], row[1], row[3]) for row in rows],
                         [("d", "0", "empty/"), ("d", "3", "sub/"), ("-", "5", "a.txt")])
        self.assertRegex(rows[0][2], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        entries = self.ok("ls", "--json", "top").json["entries"]
        self.assertEqual([entry["name"] for entry in entries], ["empty", "sub", "a.txt"])
        self.assertEqual([entry["type"] for entry in entries], ["directory", "directory", "file"])
        self.assertEqual(self.ok("ls", "--json", "top/empty").json, {"entries": []})
        for flags in ((), ("--json",)):
            self.assertEqual(self.fails("PathNotFound", "ls", "none", *flags).out, "")
            self.assertEqual(self.fails("FileTypeNotMatched", "ls", "top/a.txt", *flags).out, "")

    def test_ls_of_many_pages(self):
        lines = [json.dumps({"op": "mkdir", "path": f"many/{n:05}"}) for n in range(2500)]
        self.ok("batch", "-", stdin="\n".join(lines).encode())
        names = self.ok("ls", "many").out.split()
        self.assertEqual(names, [f"{n:05}/" for n in range(2500)])
        self.assertEqual(len(self.ok("ls", "many", "--json").json["entries"]), 2500)

    def test_stat(self):
        directory = self.ok("stat", "--json", "top").json
        self.assertEqual(directory["type"], "directory")
        self.assertEqual(directory["name"], "top")
        numbers = ("size", "files", "directories", "childFiles", "childDirectories")
        self.assertEqual([directory[key] for key in numbers], [8, 2, 3, 1, 2])
        self.assertRegex(directory["id"], r"^[0-9a-f]{32}$")
        self.assertIsInstance(directory["version"], int)
        for key in ("eTag", "creator"):
            self.assertIsInstance(directory[key], str)
        for key in ("creationTime", "modificationTime"):
            self.assertRegex(directory[key], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual((directory["metadata"], directory["labels"]), ({}, []))
        file = self.ok("stat", "--json", "top/a.txt").json
        self.assertEqual((file["type"], file["size"]), ("file", 5))
        self.assertRegex(file["hash"], r"^[0-9a-f]{32}$")
        root = self.ok("stat", "--json", "/").json
        self.assertEqual((root["name"], root["size"], root["directories"]), ("", 8, 4))
        self.assertIn("8 bytes", self.ok("stat", "top").out)
        self.fails("PathNotFound", "stat", "none")

    def test_du(self):
        self.assertEqual(
            self.ok("du", "--json").json, {"size": 8, "files": 2, "directories": 4}
        )
        self.assertEqual(
            self.ok("du", "--json", "top/sub").json, {"size": 3, "files": 1, "directories": 1}
        )
        self.assertEqual(
            self.ok("du", "--json", "top/a.txt").json, {"size": 5, "files": 1, "directories": 0}
        )
        self.assertRegex(self.ok("du", "top").out, r"8 B +8 bytes +2 files +3 directories +top\n")
        self.fails("PathNotFound", "du", "none")

    def test_tree(self):
        drawn = self.ok("tree").out
        self.assertTrue(
            drawn.startswith(
                "/\n└── top/\n    ├── empty/\n    ├── sub/\n    │   ├── deep/\n"
                "    │   └── ü\n    └── a.txt\n"
            ),
            drawn,
        )
        self.assertIn("4 directories, 2 files, 8 B", drawn)

    def test_tree_json(self):
        text = self.ok("tree", "--json", "top").out
        pattern = (
            r'\{"empty":\{\},"sub":\{"deep":\{\},"/files":\{"ü":\{"size":3,"hash":"[0-9a-f]{32}"'
            r'\}\}\},"/files":\{"a.txt":\{"size":5,"hash":"[0-9a-f]{32}"\}\}\}\n'
        )
        self.assertRegex(text, "^" + pattern + "$")
        self.assertEqual(self.tree("top/empty"), {})
        self.assertEqual(self.tree()["top"], json.loads(text))
        self.put("same", b"12345")
        files = self.tree()["/files"]
        self.assertEqual(files["same"], self.tree("top")["/files"]["a.txt"])
        self.fails("FileTypeNotMatched", "tree", "top/a.txt")
        self.fails("PathNotFound", "tree", "--json", "none")


class BatchTest(CliTest):
    def batch(self, items, *args, **expected):
        lines = [item if isinstance(item, str) else json.dumps(item) for item in items]
        stdin = "".join(line + "\n" for line in lines).encode()
        result = self.marcot("batch", "-", *args, stdin=stdin)
        self.assertEqual(result.exit, expected.get("exit", 0), (result.out, result.err))
        return result

    def test_the_examples_of_the_grammar(self):
        result = self.batch(
            [
                {"op": "mkdir", "path": "a/b"},
                {"op": "put", "path": "a/f", "data": "text"},
                {"op": "mkdir", "path": "c"},
                {"op": "copy", "from": "a", "to": "c", "conflict": "rename"},
                {"op": "move", "from": "c (1)", "to": "d"},
                {"op": "delete", "path": "a"},
            ]
        )
        paths = [["a", "b"], ["a", "f"], ["c"], ["c (1)"], ["d"], ["a"]]
        self.assertEqual(result.lines, [{"path": path} for path in paths])
        self.assertEqual(self.ok("cat", "d/f").out, "text")
        self.assertEqual(self.ok("ls").out, "c/\nd/\n")

    def test_from_a_file(self):
        self.write(self.host("batch"), b'{"op":"mkdir","path":"/a/"}\n\n{"op":"mkdir","path":"b"}')
        result = self.ok("batch", self.host("batch"))
        self.assertEqual(result.out, '{"path":["a"]}\n{"path":["b"]}\n')

    def test_each_item_has_its_own_outcome(self):
        result = self.batch(
            [
                {"op": "mkdir", "path": "a"},
                {"op": "mkdir", "path": "a"},
                "not json",
                "[1]",
                {"op": "frobnicate", "path": "a"},
                {"op": "mkdir"},
                {"op": "mkdir", "path": 7},
                {"op": "put", "path": "a/f"},
                {"op": "mkdir", "path": "a2", "conflct": "rename"},
                {"op": "copy", "from": "a", "to": "b", "conflict": "replace"},
                {"op": "mkdir", "path": "x", "space": "default/none"},
                {"op": "put", "path": "a/f", "data": "é\u0000"},
            ],
            exit=1,
        )
        errors = [line.get("error") for line in result.lines]
        invalid = "ParamInvalid"
        self.assertEqual(
            errors,
            [None, "SameNameDirectoryOrFileExists", *([invalid] * 7)]
            + ["InvalidConflictResolutionStrategy", "SpaceNotFound", None],
        )
        self.assertTrue(all(line.keys() == {"error", "message"} for line in result.lines[1:11]))
        self.assertTrue(result.err.startswith("SameNameDirectoryOrFileExists: item 1: "))
        self.assertIn("10 of 12 items failed", result.err)
        self.assertEqual(self.ok("cat", "a/f").out, "é\0")

    def test_spaces(self):
        self.ok("spaces", "create", "lib/two")
        result = self.batch(
            [
                {"op": "mkdir", "path": "a"},
                {"op": "copy", "from": "a", "to": "b", "space": "lib/two"},
                {"op": "copy", "from": "a", "to": "b", "space": "lib/two",
                 "fromSpace": "default/-"},
                {"op": "mkdir", "path": "c", "space": "lib/two"},
            ],
            exit=1,
        )
        self.assertEqual([sorted(line) for line in result.lines],
                         [["path"], ["error", "message"], ["path"], ["path"]])
        self.assertEqual(self.ok("ls", "--space", "lib/two").out, "b/\nc/\n")

    def test_atomic(self):
        result = self.batch(
            [{"op": "mkdir", "path": "a"}, {"op": "copy", "from": "a", "to": "b"}], "--atomic"
        )
        self.assertEqual(result.lines, [{"path": ["a"]}, {"path": ["b"]}])

    def test_atomic_all_or_none(self):
        self.ok("init")
        good = {"op": "mkdir", "path": "a"}
        for bad, code in (
            (good, "SameNameDirectoryOrFileExists"),
            ("nonsense", "ParamInvalid"),
            ({"op": "delete", "path": "none"}, "PathNotFound"),
            ({"op": "mkdir", "path": "b", "conflict": "x"}, "InvalidConflictResolutionStrategy"),
        ):
            result = self.batch([good, bad, {"op": "mkdir", "path": "c"}], "--atomic", exit=1)
            (line,) = result.lines
            self.assertEqual(line["error"], code)
            self.assertTrue(line["message"].startswith("item 1: "), line)
            self.assertEqual(result.err, f"{code}: {line['message']}\n")
            self.assertEqual(self.tree(), {})

    def test_limits(self):
        self.assertIn("NoItemsProvided", self.batch([], exit=1).err)
        self.assertIn("NoItemsProvided", self.batch([], "--atomic", exit=1).err)
        many = [{"op": "mkdir", "path": f"d{n}"} for n in range(1001)]
        self.assertIn("TooManyItems", self.batch(many, "--atomic", exit=1).err)
        self.assertEqual(self.tree(), {})
        result = self.batch(many + many[:1], exit=1)
        self.assertEqual(len(result.lines), 1002)
        self.assertIn("item 1001: ", result.err)
        big = {"op": "put", "path": "f", "data": "x" * (1 << 20)}
        too_big = {"op": "put", "path": "g", "data": "x" * ((1 << 20) + 1)}
        absurd = {"op": "put", "path": "h", "data": "x" * (10 << 20)}
        last = {"op": "mkdir", "path": "last"}
        lines = self.batch([big, too_big, absurd, last], exit=1).lines
        self.assertEqual([line.get("error") for line in lines],
                         [None, "ParamInvalid", "ParamInvalid", None])

    def test_answers_while_its_input_stays_open(self):
        process = subprocess.Popen(
            [MARCOT, "--store", self.store, "batch", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for number in range(3):
            process.stdin.write(b'{"op":"mkdir","path":"d%d"}\n' % number)
            process.stdin.flush()
            self.assertEqual(json.loads(process.stdout.readline()), {"path": [f"d{number}"]})
        process.stdin.close()
        self.assertEqual(process.wait(timeout=60), 0)
        process.stdout.close()


class TransferTest(CliTest):
    def make_tree(self):
        top = self.host("a tree")
        self.write(os.path.join(top, "plain.txt"), b"plain")
        self.write(os.path.join(top, "empty"), b"")
        self.write(os.path.join(top, "sub", "deep", "big"), os.urandom(5 << 20))
        self.write(os.path.join(top, "sub", "just small"), b"s" * (256 << 10))
        self.write(os.path.join(top, "sub", "just big"), b"b" * ((256 << 10) + 1))
        self.write(os.path.join(top, "ünïcode"), b"\x00\xff")
        os.makedirs(os.path.join(top, "empty dir", "nested"))
        os.symlink("plain.txt", os.path.join(top, "link"))
        os.symlink("/nowhere/at all", os.path.join(top, "sub", "dangling"))
        os.symlink("..", os.path.join(top, "sub", "link to a directory"))
        os.chmod(os.path.join(top, "plain.txt"), 0o755)
        os.chmod(os.path.join(top, "empty"), 0o400)
        os.chmod(os.path.join(top, "empty dir"), 0o700)
        for number in range(1500):
            self.write(os.path.join(top, "many", f"f{number}"), b"%d" % number)
        os.utime(os.path.join(top, "plain.txt"), ns=(0, 1_234_567_890_123_456_789))
        os.utime(os.path.join(top, "empty"), ns=(0, -1_500_000_001))
        os.utime(os.path.join(top, "link"), ns=(0, 987_654_321_000_000_001), follow_symlinks=False)
        os.utime(os.path.join(top, "empty dir"), ns=(0, 1_000_000_000))
        os.chmod(os.path.join(top, "many"), 0o555)
        return top

    def manifest(self, top):
        """All that import keeps of a tree."""
        found = {}
        for folder, directories, files in os.walk(top):
            for name in [*directories, *files, "."]:
                path = os.path.normpath(os.path.join(folder, name))
                info = os.lstat(path)
                content = b""
                mode = stat.S_IMODE(info.st_mode)
                if stat.S_ISLNK(info.st_mode):
                    content, mode = os.readlink(path), None
                elif stat.S_ISREG(info.st_mode):
                    with open(path, "rb") as file:
                        content = file.read()
                kind = stat.S_IFMT(info.st_mode)
                found[os.path.relpath(path, top)] = (kind, mode, info.st_mtime_ns, content)
        return found

    def test_round_trip(self):
        top = self.make_tree()
        expected = self.manifest(top)
        result = self.ok("import", top, "in/here")
        self.assertEqual(result.out, "in/here\n")
        self.assertIn("1,509 files, 5 directories", result.err)
        self.assertEqual(self.ok("cat", "in/here/link").out, "plain.txt")
        link = self.ok("stat", "--json", "in/here/link").json
        self.assertEqual(link["metadata"], {"posix-symlink": "1"})
        plain = self.ok("stat", "--json", "in/here/plain.txt").json
        self.assertEqual(plain["metadata"], {"posix-mode": "0755"})
        self.assertEqual(plain["localModificationTime"], "1234567890123456789")
        exported = self.ok("export", "in/here", self.host("out"))
        self.assertIn("1,509 files, 5 directories", exported.err)
        self.assertEqual(self.manifest(self.host("out")), expected)
        self.ok("cp", "in/here", "copy")
        self.ok("export", "copy", self.host("out of the copy"))
        self.assertEqual(self.manifest(self.host("out of the copy")), expected)

    def test_root(self):
        top = self.make_tree()
        expected = self.manifest(top)
        summary = self.ok("import", "--json", top, "/").json
        self.assertEqual(
            {key: summary[key] for key in ("path", "files", "directories")},
            {"path": [], "files": 1509, "directories": 5},
        )
        os.mkdir(self.host("out"))
        summary = self.ok("export", "--json", "/", self.host("out")).json
        self.assertEqual((summary["files"], summary["directories"]), (1509, 5))
        self.assertIsInstance(summary["seconds"], float)
        self.assertEqual(self.manifest(self.host("out")), expected)

    def test_usual_modes_are_not_kept(self):
        self.write(self.host("t", "d", "f"), b"x")
        os.chmod(self.host("t", "d"), 0o755)
        os.chmod(self.host("t", "d", "f"), 0o644)
        self.ok("import", self.host("t"), "t")
        self.assertEqual(self.ok("stat", "--json", "t/d").json["metadata"], {})
        self.assertEqual(self.ok("stat", "--json", "t/d/f").json["metadata"], {})

    def test_import_that_fails_leaves_nothing(self):
        self.ok("mkdir", "kept")
        self.write(self.host("t", "a", "f"), b"x")
        self.write(self.host("t", "b", "large"), b"x" * (1 << 20))
        self.write(self.host("t", "c", "bad:name"), b"x")
        for target in ("new", "new/with/parents", "kept/new", "/"):
            result = self.fails("IllegalFileName", "import", self.host("t"), target)
            self.assertIn(self.host("t", "c", "bad:name"), result.err)
            self.assertEqual(self.tree(), {"kept": {}})
        self.fails("SameNameDirectoryOrFileExists", "import", self.host("t"), "kept")
        self.assertEqual(self.tree(), {"kept": {}})

    def test_import_errors(self):
        self.write(self.host("file"), b"x")
        self.fails("ParamInvalid", "import", self.host("file"), "a")
        self.fails("ParamInvalid", "import", self.host("none"), "a")

    def test_specials_are_skipped(self):
        self.write(self.host("t", "f"), b"x")
        os.mkfifo(self.host("t", "pipe"))
        self.store = self.host("t", "store")
        result = self.ok("import", self.host("t"), "t")
        self.assertIn("skipped " + self.host("t", "pipe"), result.err)
        self.assertIn("skipped " + self.store, result.err)
        self.assertEqual(self.ok("ls", "t").out, "f\n")

    def test_export_errors(self):
        self.ok("mkdir", "a")
        self.put("f")
        self.write(self.host("full", "f"), b"x")
        self.fails("ParamInvalid", "export", "a", self.host("full"))
        self.fails("ParamInvalid", "export", "a", self.host("full", "f"))
        self.fails("ParamInvalid", "export", "a", self.host("no", "parent"))
        self.fails("PathNotFound", "export", "none", self.host("new"))
        self.fails("FileTypeNotMatched", "export", "f", self.host("new"))
        self.assertFalse(os.path.exists(self.host("new")))

    def test_progress(self):
        self.write(self.host("t", "f"), b"x")
        forced = {"MARCOT_PROGRESS": "1"}
        self.assertIn("100%", self.ok("import", self.host("t"), "t", env=forced).err)
        self.assertIn("100%", self.ok("export", "t", self.host("out"), env=forced).err)
        self.assertNotIn("%", self.ok("export", "t", self.host("out2")).err)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: cli_test.py PATH_TO_MARCOT_BINARY [unittest arguments]")
    MARCOT = os.path.abspath(sys.argv.pop(1))
    unittest.main()
