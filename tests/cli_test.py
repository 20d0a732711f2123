#!/usr/bin/env python3
"""End-to-end test of the command line: python3 cli_test.py PATH_TO_MARCOT_BINARY."""

import fcntl
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
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

    def overwrite(self, path, data):
        line = {"op": "put", "path": path, "data": data, "conflict": "overwrite"}
        self.ok("batch", "-", stdin=json.dumps(line).encode())

    def tree(self, *args):
        return self.ok("tree", "--json", *args).json


class UsageTest(CliTest):
    COMMANDS = (
        "init import export mkdir put cat ls stat du find tree cp mv rm batch reclaim stats check changes "
        "diff backup restore checkpoint"
    ).split()
    NESTED = {
        "spaces": "create delete",
        "trash": "ls restore purge empty",
        "quota": "set get rm",
        "history": "ls cat restore rm",
        "snapshot": "create ls rm",
        "space": "set get usage export import",
    }

    def test_help_everywhere(self):
        nested = [
            [group, *name]
            for group, names in self.NESTED.items()
            for name in ((), *zip(names.split()))
        ]
        for command in [[], *([name] for name in self.COMMANDS), *nested]:
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
        for group in ("trash", "quota", "history", "snapshot", "space"):
            self.usage_error("--store", self.store, group)
            self.usage_error("--store", self.store, group, "frobnicate")
        for line in (
            "trash restore",
            "trash restore x",
            "trash purge",
            "quota set",
            "quota set a --ignore-history",
            "quota set --bytes x",
            "quota set --bytes 1.5G",
            "quota set --files 1Z",
            "quota set a --files 1 --also b",
            "quota set a --files 1 --ignore-trash",
            "history ls",
            "history cat a",
            "history cat a b",
            "history cat a 0",
            "history restore a -1",
            "snapshot create",
            "snapshot create a b --expires 0",
            "snapshot create a b --expires soon",
            "snapshot rm",
            "changes --since",
            "diff a",
            "backup",
            "backup a --keep 0",
            "backup a --list --verify",
            "backup a --id 1",
            "restore",
            "restore a --id x",
            "checkpoint",
            "space set recycle-bin",
            "space import",
        ):
            self.usage_error("--store", self.store, *line.split())
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
            ("trash", "ls"),
            ("trash", "restore", "1"),
            ("trash", "purge", "1"),
            ("trash", "empty"),
            ("quota", "set", "--files", "1"),
            ("quota", "get"),
            ("quota", "rm", "a"),
            ("history", "ls", "a"),
            ("history", "cat", "a", "1"),
            ("history", "restore", "a", "1"),
            ("history", "rm", "a", "1"),
            ("snapshot", "create", "a"),
            ("snapshot", "ls"),
            ("snapshot", "rm", "a"),
            ("changes",),
            ("changes", "--follow"),
            ("diff", "a", "b"),
            ("backup", self.host("backups")),
            ("checkpoint", self.host("copy")),
            ("space", "set", "recycle-bin", "on"),
            ("space", "get"),
            ("space", "usage"),
        ):
            result = self.fails("StoreNotFound", *command)
            self.assertEqual(result.out, "")
            self.fails("StoreNotFound", "--json", *command)
        self.assertFalse(os.path.exists(self.store))
        for made in ("out", "backups", "copy"):
            self.assertFalse(os.path.exists(self.host(made)))

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
            {"seq", "commits", "operations", "reclaimBacklog", "reclaimSteps", "diskBytes",
             "reclaimDone", "reclaimPending", "logicalBytes", "physicalBytes"},
            set(stats),
        )
        self.assertIs(stats["reclaimPaused"], False)
        self.assertTrue(all(isinstance(value, int) for value in stats.values()))
        self.assertIn("newest commit", self.ok("stats").out)
        reclaimed = self.ok("reclaim", "--json").json
        self.assertEqual(reclaimed["backlog"], 0)
        self.assertIn("0 jobs left", self.ok("reclaim").out)
        self.assertEqual(self.ok("stats", "--json").json["reclaimBacklog"], 0)
        self.assertEqual(self.ok("check").out, "sound\n")
        self.assertEqual(self.ok("check", "--json").json, {"findings": []})

    def test_stats_for_people(self):
        self.ok("put", "-", "f", stdin=b"x" * 5000)
        self.ok("cp", "f", "g")
        stats = self.ok("stats", "--json").json
        shown = self.ok("stats").out
        for heading in ("Contents", "Commits", "Reclaim", "Caches", "RocksDB"):
            self.assertRegex(shown, rf"(?m)^{heading}$")
        self.assertRegex(shown, r"(?m)^  bytes shown +10,000  9\.8 KiB$")
        self.assertRegex(shown, r"(?m)^  bytes stored, shared ones once +5,000  4\.9 KiB$")
        self.assertRegex(shown, r"(?m)^  read-only after a failed write +no$")
        rows = [line for line in shown.splitlines() if line.startswith("  ")]
        self.assertEqual(len(rows), len(stats))
        self.assertEqual((stats["logicalBytes"], stats["physicalBytes"]), (10_000, 5_000))
        self.assertEqual((stats["logicalFiles"], stats["commits"]), (2, 0))
        self.assertIs(stats["readOnly"], False)
        self.assertIs(stats["writeStalled"], False)
        self.assertGreater(stats["blockCacheCapacity"], stats["blockCacheBytes"])

    def test_stats_prometheus(self):
        self.fails("StoreNotFound", "stats", "--prometheus")
        self.ok("mkdir", "a/b")
        text = self.ok("stats", "--prometheus").out
        sample = re.compile(
            r'marcot_[a-z_]+(\{[a-z]+="[^"]+"(,[a-z]+="[^"]+")*\})? [0-9]+(\.[0-9]+)?'
        )
        for line in text.splitlines():
            self.assertTrue(line.startswith(("# HELP ", "# TYPE ")) or sample.fullmatch(line), line)
        stats = self.ok("stats", "--json").json
        self.assertIn(f"\nmarcot_seq {stats['seq']}\n", text)
        self.assertIn('\nmarcot_operations_total{operation="put"} 0\n', text)
        self.assertIn('\nmarcot_operation_duration_seconds_bucket{class="write",le="+Inf"} 0\n', text)
        self.assertIn("\n# TYPE marcot_commit_duration_seconds histogram\n", text)
        self.assertIn(f"\nmarcot_block_cache_capacity_bytes {stats['blockCacheCapacity']}\n", text)
        self.assertIn("--prometheus", self.run_raw("stats", "--help").out)
        self.fails("ParamInvalid", "stats", "--prometheus", "--json")

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

    def test_find(self):
        self.ok("mkdir", "f/Sub")
        for name in ("f/one.TXT", "f/Sub/one more.txt", "f/Sub/two.jpg"):
            self.put(name, b"x" * len(name))
        self.ok("cp", "f/Sub", "f/copy")
        in_all = "f/Sub/\nf/Sub/one more.txt\nf/Sub/two.jpg\n"
        copied = "f/copy/\nf/copy/one more.txt\nf/copy/two.jpg\n"
        self.assertEqual(self.ok("find", "f").out, in_all + copied + "f/one.TXT\n")
        self.assertEqual(self.ok("find", "--name", "SUB", "--name", "two", "f/Sub").out, "f/Sub/two.jpg\n")
        ones = "f/Sub/one more.txt\nf/copy/one more.txt\nf/one.TXT\n"
        self.assertEqual(self.ok("find", "f", "--ext", "txt").out, ones)
        self.assertEqual(self.ok("find", "f", "--ext", "txt", "--limit", "2").out, ones[:-10])
        self.assertEqual(self.ok("find", "f", "--type", "d").out, "f/Sub/\nf/copy/\n")
        self.assertEqual(self.ok("find", "f", "--type", "f", "--max-size", "9").out, "f/one.TXT\n")
        self.assertEqual(self.ok("find", "f", "--min-size", "100").out, "")
        self.assertEqual(self.ok("find", "f", "--newer", "99999999999999").out, "")
        self.assertEqual(self.ok("find", "f", "--older", "0").out, "")
        found = self.ok("find", "f/copy", "--ext", "jpg", "--json").json["entries"]
        self.assertEqual([entry["path"] for entry in found], [["f", "copy", "two.jpg"]])
        self.assertEqual((found[0]["name"], found[0]["type"]), ("two.jpg", "file"))
        self.assertEqual(self.ok("find", "f", "--name", "none", "--json").json, {"entries": []})
        self.ok("snapshot", "create", "s", "f")
        self.assertEqual(self.ok("find", "snapshot:s/Sub", "--name", "two").out, "Sub/two.jpg\n")
        for flags in ((), ("--json",)):
            self.assertEqual(self.fails("PathNotFound", "find", "no", *flags).out, "")
            self.fails("FileTypeNotMatched", "find", "f/one.TXT", *flags)
            self.fails("ParamInvalid", "find", "--min-size", "2", "--max-size", "1", *flags)
        self.usage_error("--store", self.store, "find", "--type", "x")
        self.usage_error("--store", self.store, "find", "--limit", "0")
        self.usage_error("--store", self.store, "find", "--min-size", "-1")

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


TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


class TrashTest(CliTest):
    def setUp(self):
        super().setUp()
        self.ok("init")
        self.ok("space", "set", "recycle-bin", "on")
        self.ok("mkdir", "d/sub")
        self.put("d/sub/f", b"12345")
        self.put("g", b"123456789")

    def items(self, *args):
        return self.ok("trash", "ls", "--json", *args).json["items"]

    def recycle(self, path):
        self.ok("rm", path)
        return self.items()[-1]["id"]

    def test_ls(self):
        self.assertEqual(self.ok("trash", "ls").out, "")
        self.assertEqual(self.items(), [])
        directory, file = self.recycle("d"), self.recycle("g")
        first = self.items()[0]
        for key in ("removalTime", "expiryTime"):
            self.assertRegex(first.pop(key), f"^{TIME}$")
        self.assertEqual(
            first,
            {"id": directory, "type": "directory", "path": ["d"], "size": 5, "files": 1,
             "directories": 2, "user": ""},
        )
        lines = self.ok("trash", "ls").out.splitlines()
        self.assertRegex(lines[0], rf"^ +{directory} +5 B +{TIME} until {TIME}  d/$")
        self.assertRegex(lines[1], rf"^ +{file} +9 B .*  g$")

    def test_orders(self):
        ids = [self.recycle("g"), self.recycle("d")]
        for order in ("removal", "remaining"):
            self.assertEqual([item["id"] for item in self.items("--order", order)], ids)
        for order in ("name", "size"):
            self.assertEqual([item["id"] for item in self.items("--order", order)], ids[::-1])
            self.assertEqual(
                [item["id"] for item in self.items("--order", order, "--reverse")], ids
            )
        self.fails("ParamInvalid", "trash", "ls", "--order", "colour")

    def test_ls_of_many_pages(self):
        lines = [{"op": "mkdir", "path": f"{n}"} for n in range(2100)]
        lines += [{"op": "delete", "path": f"{n}"} for n in range(2100)]
        self.ok("batch", "-", stdin="\n".join(map(json.dumps, lines)).encode())
        self.assertEqual([item["path"] for item in self.items()], [[f"{n}"] for n in range(2100)])
        self.assertEqual(self.ok("trash", "ls").out.count("\n"), 2100)

    def test_restore(self):
        item = str(self.recycle("d"))
        self.assertEqual(self.ok("trash", "restore", item).out, "d\n")
        self.assertEqual(self.ok("cat", "d/sub/f").out, "12345")
        self.assertEqual(self.items(), [])
        item = str(self.recycle("d"))
        self.ok("mkdir", "d")
        self.fails("SameNameDirectoryOrFileExists", "trash", "restore", item, "--conflict", "ask")
        self.assertEqual(
            self.ok("trash", "restore", item, "--json").json, {"path": ["d (1)"]}
        )
        self.fails("RecycledItemNotFound", "trash", "restore", item)

    def test_restore_elsewhere(self):
        item = str(self.recycle("d/sub/f"))
        self.assertEqual(self.ok("trash", "restore", item, "/d/new/").out, "d/new\n")
        item = str(self.recycle("d/new"))
        self.fails("RootDirectoryNotAllowed", "trash", "restore", item, "/")
        self.assertEqual(
            self.ok("trash", "restore", item, "g", "--conflict", "overwrite").out, "g\n"
        )
        self.assertEqual(self.ok("cat", "g").out, "12345")

    def test_restore_without_its_directory(self):
        item = str(self.recycle("d/sub/f"))
        self.ok("rm", "d", "--permanent")
        self.fails("DirectoryNotFound", "trash", "restore", item)
        self.fails("ParamInvalid", "trash", "restore", item, "--parents", "adopt")
        self.fails(
            "InvalidConflictResolutionStrategy", "trash", "restore", item, "--conflict", "x"
        )
        self.assertEqual(self.ok("trash", "restore", item, "--parents", "root").out, "f\n")
        item = str(self.recycle("f"))
        self.assertEqual(
            self.ok("trash", "restore", item, "d/sub/f", "--parents", "create").out, "d/sub/f\n"
        )

    def test_restore_from_inside(self):
        item = str(self.recycle("d"))
        self.fails("PathNotFound", "trash", "restore", item, "--inside", "none")
        self.assertEqual(
            self.ok("trash", "restore", item, "f", "--inside", "/sub/f").out, "f\n"
        )
        self.assertEqual(self.items()[0]["size"], 0)
        self.assertEqual(self.tree(f"trash:{item}"), {"sub": {}})

    def test_purge_and_empty(self):
        file, directory = self.recycle("g"), self.recycle("d")
        self.assertEqual(self.ok("trash", "purge", str(file), "--json").json, {"path": ["g"]})
        for item in (file, 0, 1 << 60):
            self.fails("RecycledItemNotFound", "trash", "purge", str(item))
        self.assertEqual(self.items()[0]["id"], directory)
        self.assertEqual(self.ok("trash", "empty", "--json").json, {"items": 1})
        self.assertEqual(self.ok("trash", "empty").out, "")
        self.assertEqual(self.items(), [])

    def test_off(self):
        item = self.recycle("g")
        self.ok("space", "set", "recycle-bin", "off")
        self.ok("rm", "d")
        self.assertEqual([entry["id"] for entry in self.items()], [item])

    def test_batch(self):
        self.recycle("d")
        item, file = self.items()[0]["id"], self.recycle("g")
        lines = [
            {"op": "restore", "item": item, "from": "sub/f", "path": "a/f", "parents": "create"},
            {"op": "restore", "item": item},
            {"op": "purge", "item": file},
            {"op": "delete", "path": "a", "permanent": True},
            {"op": "restore", "item": item},
            {"op": "restore", "item": "x"},
            {"op": "restore", "path": "x"},
            {"op": "restore", "item": 1, "path": "/"},
            {"op": "restore", "item": 1, "parents": "adopt"},
            {"op": "purge", "item": -1},
            {"op": "delete", "path": "d", "permanent": "yes"},
        ]
        result = self.marcot("batch", "-", stdin="\n".join(map(json.dumps, lines)).encode())
        self.assertEqual(result.exit, 1)
        paths = [["a", "f"], ["d"], ["g"], ["a"]]
        self.assertEqual(result.lines[:4], [{"path": path} for path in paths])
        self.assertEqual(
            [line["error"] for line in result.lines[4:]],
            ["RecycledItemNotFound", "ParamInvalid", "ParamInvalid", "RootDirectoryNotAllowed"]
            + ["ParamInvalid"] * 3,
        )
        self.assertEqual(self.items(), [])
        self.assertEqual(self.tree(), {"d": {"sub": {}}})


class QuotaTest(CliTest):
    def setUp(self):
        super().setUp()
        self.ok("mkdir", "d")

    def quota(self, verb, *args):
        return self.ok("quota", verb, *args, "--json").json

    def test_of_the_space(self):
        self.fails("QuotaNotFound", "quota", "get")
        self.fails("QuotaNotFound", "quota", "rm")
        made = self.quota("set", "--bytes", "2K")
        self.assertEqual(
            {key: value for key, value in made.items() if key != "id"},
            {"bytes": 2048, "usedBytes": 0, "files": None, "usedFiles": 0,
             "countRecycled": True, "countHistory": True, "spaces": ["-"]},
        )
        self.fails("QuotaLimitReached", "put", "-", "big", stdin=b"x" * 2049)
        self.put("f", b"x" * 2000)
        changed = self.quota("set", "--files", "1", "--ignore-trash", "--ignore-history")
        self.assertEqual(changed["id"], made["id"])
        self.assertEqual((changed["bytes"], changed["files"]), (2048, 1))
        self.assertEqual((changed["countRecycled"], changed["countHistory"]), (False, False))
        self.fails("QuotaLimitReached", "put", "-", "g")
        lifted = self.quota("set", "--files", "none", "--ignore-trash=false")
        self.assertEqual((lifted["files"], lifted["usedFiles"]), (None, 1))
        self.assertEqual((lifted["countRecycled"], lifted["countHistory"]), (True, False))
        self.assertRegex(self.ok("quota", "get").out, r"(?m)^bytes +2,000 of 2,048$")
        self.assertRegex(self.ok("quota", "get").out, r"(?m)^files +1, no limit$")
        usage = self.ok("space", "usage", "--json").json
        self.assertEqual((usage["capacity"], usage["available"]), (2048, 48))
        self.assertEqual(self.quota("rm"), lifted)
        self.fails("QuotaNotFound", "quota", "get")

    def test_sizes(self):
        for text, size in (("0", 0), ("7", 7), ("3M", 3 << 20), ("1G", 1 << 30), ("2T", 2 << 40)):
            self.assertEqual(self.quota("set", "--bytes", text)["bytes"], size)
        self.fails("ParamInvalid", "quota", "set", "--bytes", "99999999999999999999")
        self.fails("ParamInvalid", "quota", "set", "--bytes=-1")

    def test_over_several_spaces(self):
        for name in ("bb", "aa", "other/aa"):
            self.ok("spaces", "create", name)
        self.fails("SpaceNotFound", "quota", "set", "--files", "1", "--also", "none")
        self.fails("ParamInvalid", "quota", "set", "--files", "1", "--also", "other/aa")
        made = self.quota("set", "--files", "1", "--also", "bb", "--also", "default/aa")
        self.assertEqual(made["spaces"], ["-", "aa", "bb"])
        self.assertEqual(self.quota("get", "--space", "default/bb"), made)
        self.put("f")
        self.fails("QuotaLimitReached", "--space", "default/aa", "put", "-", "f")
        self.fails("DuplicateQuota", "quota", "set", "--files", "2", "--also", "aa")
        self.assertRegex(self.ok("quota", "get").out, r"(?m)^space +bb$")

    def test_of_a_directory(self):
        self.fails("QuotaNotFound", "quota", "get", "d")
        self.fails("QuotaNotFound", "quota", "rm", "d")
        made = self.quota("set", "/d/", "--files", "1", "--ignore-history")
        self.assertEqual(made, {"bytes": None, "usedBytes": 0, "files": 1, "usedFiles": 0,
                                "countHistory": False})
        self.put("d/f")
        self.fails("QuotaLimitReached", "put", "-", "d/g")
        self.assertEqual(self.quota("set", "d", "--bytes", "1K")["files"], 1)
        self.fails("QuotaNotFound", "quota", "get", "/")
        self.quota("set", "/", "--files", "1")
        self.fails("QuotaLimitReached", "put", "-", "g")
        self.assertEqual(self.ok("quota", "rm", "/").out, "")
        self.ok("quota", "rm", "d")
        self.put("d/g")
        self.fails("PathNotFound", "quota", "set", "none", "--files", "1")
        self.fails("FileTypeNotMatched", "quota", "set", "d/g", "--files", "1")
        self.fails("ParamInvalid", "quota", "set", "d", "--files", "none")


class HistoryTest(CliTest):
    def setUp(self):
        super().setUp()
        self.ok("init")
        self.ok("space", "set", "library.history", "on")
        for number in range(3):
            self.overwrite("f", f"{number}" * (number + 1))

    def versions(self):
        return self.ok("history", "ls", "f", "--json").json["versions"]

    def test_ls(self):
        versions = self.versions()
        self.assertEqual([version["size"] for version in versions], [3, 2, 1])
        for version in versions:
            self.assertRegex(version["hash"], "^[0-9a-f]{32}$")
            self.assertRegex(version["modificationTime"], f"^{TIME}$")
        self.assertIsNone(versions[0]["replacedTime"])
        self.assertRegex(versions[1]["replacedTime"], f"^{TIME}$")
        self.assertEqual(
            versions[0]["version"], self.ok("stat", "f", "--json").json["version"]
        )
        lines = self.ok("history", "ls", "f").out.splitlines()
        self.assertRegex(lines[0], rf"^ +{versions[0]['version']} +3 B  {TIME} latest$")
        self.assertRegex(lines[2], rf"^ +{versions[2]['version']} +1 B  {TIME} until {TIME}$")

    def test_cat(self):
        for version, data in zip(self.versions(), ("222", "11", "0")):
            self.assertEqual(self.ok("history", "cat", "/f", str(version["version"])).out, data)

    def test_restore_and_rm(self):
        latest, middle, oldest = (str(version["version"]) for version in self.versions())
        self.assertEqual(self.ok("history", "restore", "f", oldest).out, "f\n")
        self.assertEqual(self.ok("cat", "f").out, "0")
        self.assertEqual(self.ok("history", "cat", "f", latest).out, "222")
        self.assertEqual(
            self.ok("history", "rm", "f", middle, "--json").json, {"version": int(middle)}
        )
        self.fails("VersionNotFound", "history", "cat", "f", middle)
        self.fails("VersionNotFound", "history", "rm", "f", middle)
        self.assertEqual(
            self.ok("history", "restore", "f", latest, "--json").json, {"path": ["f"]}
        )

    def test_errors(self):
        latest = str(self.versions()[0]["version"])
        self.ok("mkdir", "d")
        for verb in ("cat", "restore", "rm"):
            self.fails("VersionNotFound", "history", verb, "f", "1")
            self.fails("FileNotFound", "history", verb, "none", "1")
            self.fails("FileTypeNotMatched", "history", verb, "d", "1")
        self.fails("LatestVersionNotAllowed", "history", "restore", "f", latest)
        self.fails("LatestVersionNotAllowed", "history", "rm", "f", latest)
        for flags in ((), ("--json",)):
            self.assertEqual(self.fails("FileNotFound", "history", "ls", "no", *flags).out, "")


class SnapshotTest(CliTest):
    def setUp(self):
        super().setUp()
        self.ok("mkdir", "d/sub")
        self.put("d/sub/f", b"then")
        self.ok("snapshot", "create", "v1", "d")
        self.ok("rm", "d/sub/f")
        self.put("d/sub/f", b"now")

    def test_create_and_ls(self):
        made = self.ok("snapshot", "create", "all", "--expires", "30", "--json").json
        listed = self.ok("snapshot", "ls", "--json").json["snapshots"]
        self.assertEqual([entry["name"] for entry in listed], ["all", "v1"])
        self.assertEqual(listed[0], made)
        for key in ("creationTime", "expiryTime"):
            self.assertRegex(made.pop(key), f"^{TIME}$")
        self.assertEqual(
            made, {"name": "all", "path": [], "size": 3, "files": 1, "directories": 2}
        )
        self.assertEqual((listed[1]["path"], listed[1]["expiryTime"]), (["d"], None))
        lines = self.ok("snapshot", "ls").out.splitlines()
        self.assertRegex(lines[0], rf"^ +3 B +1 file  {TIME} until {TIME}  all of /$")
        self.assertRegex(lines[1], rf"^ +4 B +1 file  {TIME}  v1 of d$")

    def test_rm(self):
        self.assertEqual(self.ok("snapshot", "rm", "v1").out, "")
        self.fails("SnapshotNotFound", "snapshot", "rm", "v1")
        self.ok("snapshot", "create", "v2")
        self.assertEqual(self.ok("snapshot", "rm", "v2", "--json").json, {"name": "v2"})
        self.assertEqual(self.ok("snapshot", "ls", "--json").json, {"snapshots": []})

    def test_diff(self):
        self.ok("mkdir", "d/new")
        self.assertEqual(self.ok("diff", "snapshot:v1", "d").out, "+ new/\n* sub/f\n")
        self.assertEqual(self.ok("diff", "d/new", "snapshot:v1/sub").out, "+ f\n")
        self.assertEqual(self.ok("diff", "d", "/d/").out, "")
        found = self.ok("diff", "d", "snapshot:v1", "--json").json["differences"]
        self.assertEqual(
            [(entry["change"], entry["type"], entry["path"]) for entry in found],
            [("removed", "directory", ["new"]), ("changed", "file", ["sub", "f"])],
        )
        self.assertNotIn("after", found[0])
        self.assertEqual((found[1]["before"]["size"], found[1]["after"]["size"]), (3, 4))
        self.assertEqual(self.ok("diff", "d", "d", "--json").json, {"differences": []})

    def test_diff_across_spaces(self):
        self.ok("spaces", "create", "other")
        self.ok("--space", "default/other", "cp", "d", "c", "--from-space", "default/-")
        diff = ("--space", "default/other", "diff", "d", "c", "--from-space", "default/-")
        self.assertEqual(self.ok(*diff).out, "")
        self.ok("--space", "default/other", "rm", "c/sub")
        self.assertEqual(self.ok(*diff).out, "- sub/\n")

    def test_diff_errors(self):
        for flags in ((), ("--json",)):
            self.assertEqual(self.fails("PathNotFound", "diff", "d", "no", *flags).out, "")
            self.fails("FileTypeNotMatched", "diff", "d/sub/f", "d", *flags)
            self.fails("SnapshotNotFound", "diff", "snapshot:no", "d", *flags)
            self.fails("SpaceNotFound", "diff", "d", "d", "--from-space", "default/no", *flags)

    def test_errors(self):
        self.fails("DuplicateSnapshot", "snapshot", "create", "v1")
        self.fails("IllegalFileName", "snapshot", "create", "a:b")
        self.fails("IllegalFileName", "snapshot", "create", "a/b")
        self.fails("PathNotFound", "snapshot", "create", "v2", "none")

    def test_reading(self):
        self.assertEqual(self.ok("cat", "snapshot:v1/sub/f").out, "then")
        for root in ("snapshot:v1", "snapshot:v1/"):
            self.assertEqual(self.ok("ls", root).out, "sub/\n")
            self.assertEqual(self.ok("du", root, "--json").json["size"], 4)
        self.assertEqual(self.ok("stat", "snapshot:v1/sub", "--json").json["name"], "sub")
        self.assertRegex(self.ok("stat", "snapshot:v1").out, r"(?m)^path +snapshot:v1$")
        self.assertIn("snapshot:v1/sub\n", self.ok("du", "snapshot:v1/sub").out)
        self.assertEqual(list(self.tree("snapshot:v1")["sub"]["/files"]), ["f"])
        self.assertTrue(
            self.ok("tree", "snapshot:v1").out.startswith("snapshot:v1\n└── sub/\n    └── f\n")
        )
        for number, path in enumerate(("snapshot:v1", "snapshot:v1/sub")):
            self.ok("export", path, self.host(f"out {number}"))
        for path in (("out 0", "sub", "f"), ("out 1", "f")):
            with open(self.host(*path), "rb") as file:
                self.assertEqual(file.read(), b"then")

    def test_copying(self):
        self.assertEqual(self.ok("cp", "snapshot:v1/sub/f", "d/old").out, "d/old\n")
        self.assertEqual(self.ok("cp", "snapshot:v1", "whole").out, "whole\n")
        for path in ("d/old", "whole/sub/f"):
            self.assertEqual(self.ok("cat", path).out, "then")
        self.ok("spaces", "create", "two")
        self.ok("--space", "default/two", "cp", "snapshot:v1", "a", "--from-space", "-")
        line = json.dumps({"op": "copy", "from": "/sub", "fromSnapshot": "v1", "to": "batched"})
        self.ok("batch", "-", stdin=line.encode())
        self.assertEqual(self.ok("cat", "batched/f").out, "then")
        for name in ("none", ""):
            line = json.dumps({"op": "copy", "from": "d", "fromSnapshot": name, "to": "x"})
            self.assertEqual(self.marcot("batch", "-", stdin=line.encode()).exit, 1)

    def test_bad_locations(self):
        for path in ("snapshot:none", "snapshot:none/a"):
            self.fails("SnapshotNotFound", "ls", path)
            self.fails("SnapshotNotFound", "cp", path, "b")
        for path in ("snapshot:", "snapshot:/a", "trash:", "trash:0", "trash:x", "trash:1x/a"):
            for command in ("cat", "ls", "stat", "du", "tree"):
                self.fails("ParamInvalid", command, path)
        self.fails("RecycledItemNotFound", "ls", "trash:1")
        self.fails("PathNotFound", "ls", "snapshot:v1/none")
        for path in ("/snapshot:v1", "snapshots:v1", "d/snapshot:v1"):
            self.fails(("IllegalFileName", "PathNotFound"), "ls", path)
        self.fails("ParamInvalid", "mv", "snapshot:v1", "a")
        self.fails("IllegalFileName", "cp", "d", "snapshot:v1/a")
        self.fails("IllegalFileName", "mkdir", "snapshot:v1/a")

    def test_reading_the_recycle_bin(self):
        self.ok("space", "set", "recycle-bin", "on")
        self.ok("rm", "d")
        self.put("g", b"12")
        self.ok("rm", "g")
        items = self.ok("trash", "ls", "--json").json["items"]
        directory, file = (f"trash:{item['id']}" for item in items)
        self.assertEqual(self.ok("cat", f"{directory}/sub/f").out, "now")
        self.assertEqual(self.ok("cat", file).out, "12")
        self.assertEqual(self.ok("ls", directory).out, "sub/\n")
        self.assertEqual(self.ok("stat", file, "--json").json["size"], 2)
        self.fails("FileTypeNotMatched", "tree", file)
        self.ok("export", directory, self.host("out"))
        self.assertTrue(os.path.exists(self.host("out", "sub", "f")))
        result = self.fails("ParamInvalid", "cp", f"{directory}/sub", "b")
        self.assertIn("trash restore", result.err)


class ChangesTest(CliTest):
    def setUp(self):
        super().setUp()
        self.ok("mkdir", "before")

    def changes(self, *args):
        *changes, last = self.ok("changes", "--json", *args).lines
        self.assertEqual(last.keys(), {"cursor"})
        return changes, last["cursor"]

    def test_errors(self):
        self.fails("ChangeFeedNotEnabled", "changes")
        self.fails("ChangeFeedNotEnabled", "changes", "--follow")
        self.ok("space", "set", "changes-days", "7")
        self.fails("MarkerNotFound", "changes", "--since", "nonsense")
        self.fails("ChangesExpired", "changes", "--since", "1.0")

    def test_kinds(self):
        self.ok("space", "set", "changes-days", "7")
        self.ok("space", "set", "recycle-bin", "on")
        self.assertEqual(self.changes()[0], [])
        self.ok("mkdir", "a")
        self.put("a/f")
        self.ok("cp", "a", "b")
        self.ok("mv", "b", "c")
        self.ok("rm", "c")
        item = self.ok("trash", "ls", "--json").json["items"][0]["id"]
        self.ok("trash", "restore", str(item))
        self.ok("rm", "c", "--permanent")
        changes, cursor = self.changes()
        kinds = ["directoryMade", "filePut", "copied", "moved", "recycled", "restored", "deleted"]
        self.assertEqual([change["kind"] for change in changes], kinds)
        paths = [["a"], ["a", "f"], ["b"], ["c"], ["c"], ["c"], ["c"]]
        self.assertEqual([change["path"] for change in changes], paths)
        put, copied = changes[1:3]
        self.assertEqual((put["type"], put["overwritten"], put["user"]), ("file", False, ""))
        self.assertRegex(put["time"], f"^{TIME}$")
        self.assertEqual((copied["from"], copied["fromId"]), (["a"], changes[0]["id"]))
        self.assertEqual(changes[4]["item"], item)
        self.assertEqual(self.changes("--since", cursor), ([], cursor))
        self.ok("mkdir", "later")
        self.assertEqual([change["path"] for change in self.changes("--since", cursor)[0]],
                         [["later"]])
        shown = self.ok("changes")
        self.assertRegex(shown.out.splitlines()[2], rf"^{TIME}  copied +b from a$")
        self.assertRegex(shown.err, r"^cursor: \S+\n$")

    def test_across_spaces(self):
        self.ok("space", "set", "changes-days", "7")
        self.ok("spaces", "create", "lib/two")
        self.ok("--space", "lib/two", "mkdir", "a")
        self.ok("cp", "a", "b", "--from-space", "lib/two")
        change = self.changes()[0][0]
        self.assertEqual((change["fromLibrary"], change["fromSpace"]), ("lib", "two"))
        self.assertIn("b from lib/two: a\n", self.ok("changes").out)

    def test_many_pages(self):
        self.ok("space", "set", "changes-days", "7")
        lines = [json.dumps({"op": "mkdir", "path": f"{n}"}) for n in range(2000)]
        self.ok("batch", "-", stdin="\n".join(lines).encode())
        self.assertEqual([change["path"] for change in self.changes()[0]],
                         [[f"{n}"] for n in range(2000)])

    def ok_between_looks(self, *args, **options):
        """Another process has the store for a moment whenever it looks."""
        deadline = time.monotonic() + 60
        while True:
            result = self.marcot(*args, **options)
            if result.exit == 0:
                return
            self.assertTrue(result.err.startswith("StoreInUse"), result.err)
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def start(self, *args, **options):
        process = subprocess.Popen(
            [MARCOT, "--store", self.store, *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_follow(self):
        self.ok("space", "set", "changes-days", "7")
        self.ok("mkdir", "first")
        process = self.start("changes", "--follow", "--json")
        self.assertEqual(json.loads(process.stdout.readline())["path"], ["first"])
        for name in ("one", "two"):
            self.ok_between_looks("mkdir", name)
            self.assertEqual(json.loads(process.stdout.readline())["path"], [name])
            self.ok_between_looks("rm", name)
            self.assertEqual(json.loads(process.stdout.readline())["kind"], "deleted")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, err), (0, b""))
        cursor = json.loads(out)["cursor"]
        self.assertEqual(self.changes("--since", cursor), ([], cursor))

    def test_follow_of_many_pages(self):
        self.ok("space", "set", "changes-days", "7")
        lines = [json.dumps({"op": "mkdir", "path": f"{n}"}) for n in range(2500)]
        self.ok("batch", "-", stdin="\n".join(lines).encode())
        process = self.start("changes", "--follow", "--json")
        for n in range(2500):
            self.assertEqual(json.loads(process.stdout.readline())["path"], [f"{n}"])
        self.ok_between_looks("mkdir", "last")
        self.assertEqual(json.loads(process.stdout.readline())["path"], ["last"])

    def test_follow_waits_for_the_store(self):
        self.ok("space", "set", "changes-days", "7")
        holder = self.start("batch", "-", stdin=subprocess.PIPE)
        holder.stdin.write(b'{"op":"mkdir","path":"held"}\n')
        holder.stdin.flush()
        holder.stdout.readline()
        follower = self.start("changes", "--follow")
        time.sleep(0.5)
        self.assertIsNone(follower.poll())
        holder.communicate(timeout=60)
        self.assertIn(b"held", follower.stdout.readline())
        follower.send_signal(signal.SIGTERM)
        out, err = follower.communicate(timeout=60)
        self.assertEqual((follower.returncode, out), (0, b""))
        self.assertRegex(err.decode(), r"^cursor: \S+\n$")

    def test_following_leaves_the_store_alone(self):
        self.ok("space", "set", "changes-days", "7")
        self.ok("mkdir", "first")
        self.start("changes", "--follow").stdout.readline()
        time.sleep(0.5)
        before = os.listdir(self.store)
        time.sleep(0.5)
        self.assertEqual(os.listdir(self.store), before)


class SpaceTest(CliTest):
    DEFAULTS = {
        "recycleBin": None,
        "recycleDays": None,
        "changesDays": 0,
        "library": {
            "recycleBin": False,
            "recycleDays": 30,
            "history": False,
            "historyVersions": 10,
            "historyDays": 0,
            "historyMergeSeconds": 0,
        },
    }

    def setUp(self):
        super().setUp()
        self.ok("init")

    def settings(self):
        return self.ok("space", "get", "--json").json

    def test_get(self):
        self.assertEqual(self.settings(), self.DEFAULTS)
        lines = [line.split() for line in self.ok("space", "get").out.splitlines()]
        self.assertEqual(lines[0], ["recycle-bin", "library"])
        self.assertEqual(lines[5], ["library.history", "off"])

    def test_set(self):
        for key, text, value in (
            ("recycleBin", "on", True),
            ("recycleBin", "off", False),
            ("recycleBin", "library", None),
            ("recycleDays", "7", 7),
            ("recycleDays", "library", None),
            ("changesDays", "3650", 3650),
        ):
            option = re.sub("[A-Z]", lambda upper: "-" + upper.group().lower(), key)
            changed = self.ok("space", "set", option, text, "--json").json
            self.assertEqual(changed[key], value)
            self.assertEqual(self.settings(), changed)
        for key, text, value in (
            ("recycleBin", "on", True),
            ("recycleDays", "10000", 10000),
            ("history", "on", True),
            ("historyVersions", "999", 999),
            ("historyDays", "5", 5),
            ("historyMergeSeconds", "600", 600),
        ):
            option = re.sub("[A-Z]", lambda upper: "-" + upper.group().lower(), key)
            self.assertEqual(self.ok("space", "set", f"library.{option}", text).out, "")
            self.assertEqual(self.settings()["library"][key], value)

    def test_errors(self):
        result = self.fails("ParamInvalid", "space", "set", "colour", "red")
        self.assertIn("library.history-merge-seconds", result.err)
        for key, value in (
            ("recycle-bin", "yes"),
            ("recycle-bin", ""),
            ("recycle-days", "0"),
            ("recycle-days", "ten"),
            ("recycle-days", "10001"),
            ("changes-days", "library"),
            ("changes-days", "-1"),
            ("changes-days", "1 "),
            ("changes-days", "99999999999"),
            ("library.recycle-bin", "library"),
            ("library.recycle-days", "library"),
            ("library.history-versions", "1000"),
            ("library.history-merge-seconds", "4"),
        ):
            self.fails("ParamInvalid", "space", "set", "--", key, value)
        self.assertIn("on, off or library", self.fails(
            "ParamInvalid", "space", "set", "recycle-bin", "x").err)
        self.assertEqual(self.settings(), self.DEFAULTS)

    def test_usage(self):
        self.ok("space", "set", "library.recycle-bin", "on")
        self.ok("space", "set", "library.history", "on")
        for data in ("1", "22"):
            self.overwrite("f", data)
        self.put("gone", b"333")
        self.ok("rm", "gone")
        self.assertEqual(
            self.ok("space", "usage", "--json").json,
            {"size": 2, "files": 1, "directories": 0,
             "recycled": {"size": 3, "files": 1, "directories": 0},
             "versions": 1, "versionBytes": 1, "capacity": None, "available": None},
        )
        self.assertRegex(self.ok("space", "usage").out, r"(?m)^recycle bin +3 B, 1 file,")
        self.ok("quota", "set", "--bytes", "1K")
        self.assertRegex(self.ok("space", "usage").out, r"(?m)^quota +1.0 KiB, 1018 B left$")


class SpaceStreamTest(CliTest):
    def setUp(self):
        super().setUp()
        self.ok("mkdir", "a/b")
        self.put("a/b/f", b"bytes")
        self.put("g", os.urandom(1 << 20))
        copies = [{"op": "copy", "from": "a", "to": f"copies/{number}"} for number in range(50)]
        self.ok("batch", "-", stdin="\n".join(json.dumps(line) for line in copies).encode())
        self.ok("space", "set", "recycle-bin", "on")

    def test_round_trip(self):
        exported = self.ok("space", "export")
        self.assertIn("exported 52 files, 103 directories", exported.err)
        self.assertLess(len(exported.bytes), (1 << 20) + 10_000)
        self.write(self.host("stream"), exported.bytes)
        for file, stdin in (("-", exported.bytes), (self.host("stream"), b"")):
            name = f"new/s{len(stdin)}"
            imported = self.ok("--space", name, "space", "import", file, stdin=stdin)
            self.assertEqual(imported.out, name + "\n")
            self.assertIn("imported 52 files", imported.err)
            self.assertEqual(self.tree("--space", name), self.tree())
            self.assertEqual(self.ok("--space", name, "cat", "g").bytes, self.ok("cat", "g").bytes)
            self.assertTrue(self.ok("--space", name, "space", "get", "--json").json["recycleBin"])
        self.assertIn("sound", self.ok("check").out)
        self.store = self.host("another store")
        imported = self.ok("space", "import", "--json", "--space", "l1/s1", self.host("stream")).json
        self.assertEqual(
            [imported[key] for key in ("library", "space", "files", "directories")],
            ["l1", "s1", 52, 103],
        )

    def test_errors(self):
        stream = self.ok("space", "export").bytes
        self.fails("DuplicateSpace", "space", "import", "-", stdin=stream)
        for bad in (b"", b"junk", stream[:-1], stream[:5000], stream[:90] + b"x" + stream[91:]):
            self.fails("StreamDamaged", "--space", "new/new", "space", "import", "-", stdin=bad)
        self.fails("ParamInvalid", "--space", "new/new", "space", "import", self.host("none"))
        self.fails("SpaceNotFound", "--space", "default/none", "space", "export")
        self.assertEqual(
            [space["space"] for space in self.ok("spaces", "--json").json["spaces"]], ["-"])
        self.fails("LibraryNotFound", "--space", "new/new", "ls")


class BackupTest(CliTest):
    def setUp(self):
        super().setUp()
        self.backups = self.host("backups")
        self.ok("mkdir", "a")
        self.ok("mkdir", "big")
        self.put("a/f", b"first")

    def in_store(self, folder, *args):
        return self.run_raw("--store", folder, *args)

    def test_backup_and_restore(self):
        first = self.ok("--json", "backup", self.backups).json
        self.assertEqual(first["id"], 1)
        self.put("a/g", b"second")
        self.assertEqual(self.ok("--json", "backup", self.backups).json["id"], 2)
        listed = self.ok("--json", "backup", self.backups, "--list").json["backups"]
        self.assertEqual([backup["id"] for backup in listed], [1, 2])
        self.assertEqual(listed[0], first)
        for id in (("--id", "1"), ()):
            store = self.host("restored" + "".join(id))
            result = self.in_store(store, "restore", self.backups, *id)
            self.assertEqual((result.exit, result.err), (0, ""))
            self.assertEqual(self.in_store(store, "ls").bytes, b"a/\nbig/\n")
            self.assertEqual(self.in_store(store, "cat", "a/f").bytes, b"first")
            self.assertEqual(self.in_store(store, "cat", "a/g").exit, 1 if id else 0)
            self.assertEqual(self.in_store(store, "check").exit, 0)

    def test_keep(self):
        for keep in (1, 2, 2, 2):
            self.ok("backup", self.backups, "--keep", str(keep))
        listed = self.ok("backup", self.backups, "--list").out.splitlines()
        self.assertEqual([line.split()[0] for line in listed], ["3", "4"])
        self.ok("backup", self.backups, "--verify")
        self.ok("backup", self.backups, "--verify", "--id", "3")
        self.fails("BackupNotFound", "backup", self.backups, "--verify", "--id", "1")

    def test_a_restored_store_goes_on_in_the_same_folder(self):
        self.ok("backup", self.backups)
        store = self.host("restored")
        self.assertEqual(self.in_store(store, "restore", self.backups).exit, 0)
        self.assertEqual(self.in_store(store, "backup", self.backups).exit, 0)

    def test_checkpoint(self):
        copy = self.host("copies", "one")
        self.assertEqual(self.ok("checkpoint", copy).out, "")
        self.put("a/later")
        self.assertEqual(self.in_store(copy, "rm", "a/f").exit, 0)
        self.assertEqual(self.ok("cat", "a/f").bytes, b"first")
        self.assertEqual(self.in_store(copy, "du", "a", "--json").json["files"], 0)

    def test_errors(self):
        self.fails("BackupNotFound", "backup", self.backups, "--list")
        self.assertFalse(os.path.exists(self.backups))
        result = self.in_store(self.host("new"), "restore", self.backups)
        self.assertEqual((result.exit, result.err.split(":")[0]), (1, "BackupNotFound"))
        self.ok("backup", self.backups)
        self.fails("FolderNotEmpty", "restore", self.backups)
        self.fails("FolderNotEmpty", "checkpoint", self.backups)
        self.fails("FolderNotEmpty", "checkpoint", self.store)
        other = self.host("other")
        self.assertEqual(self.in_store(other, "init").exit, 0)
        result = self.in_store(other, "backup", self.backups, "--keep", "1")
        self.assertEqual(result.exit, 1)
        self.assertIn("another store", result.err)
        self.ok("cat", "a/f")

    def test_killed_in_the_middle(self):
        """Whatever a killed backup or restore leaves, the next one is whole."""
        for i in range(20):
            self.put("big/%d" % i, os.urandom(1 << 18))
        self.ok("backup", self.backups)
        restored = self.host("restored")
        for delay_ms in range(0, 100, 5):
            self.put("big/more%d" % delay_ms, os.urandom(1 << 20))
            for command in (
                ["--store", self.store, "backup", self.backups],
                ["--store", restored, "restore", self.backups],
            ):
                process = subprocess.Popen(
                    [MARCOT, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
                time.sleep(delay_ms / 1000)
                process.kill()
                process.wait()
            if os.path.exists(os.path.join(restored, "CURRENT")):
                self.assertEqual(self.in_store(restored, "check").exit, 0)
                shutil.rmtree(restored)
        for backup in self.ok("--json", "backup", self.backups, "--list").json["backups"]:
            self.ok("backup", self.backups, "--verify", "--id", str(backup["id"]))
        self.ok("backup", self.backups, "--keep", "1")
        self.assertEqual(self.in_store(restored, "restore", self.backups).exit, 0)
        self.assertEqual(self.in_store(restored, "check").exit, 0)
        export = self.host("export")
        self.assertEqual(self.in_store(restored, "export", "big", export).exit, 0)
        self.assertEqual(len(os.listdir(export)), 40)


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

    def test_a_tree_of_many_directories(self):
        """More of them, and of files, than go into one commit."""
        self.ok("init")
        expected = {"none but directories": {}}
        for number in range(1200):
            names = (f"d{number % 13}", f"e{number % 3}", f"f{number}")
            folder = self.host("t", *names)
            os.makedirs(folder)
            at = expected
            for name in names:
                at = at.setdefault(name, {})
            if number % 2 == 0:
                self.write(os.path.join(folder, "file"), b"%d" % number)
                at["/files"] = ["file"]
        for number in range(1050):
            os.makedirs(self.host("t", "none but directories", str(number)))
            expected["none but directories"][str(number)] = {}
        result = self.ok("import", self.host("t"), "t")
        self.assertIn("600 files, 2,303 directories", result.err)

        def names(tree):
            return {
                name: sorted(below) if name == "/files" else names(below)
                for name, below in tree.items()
            }

        self.assertEqual(names(self.tree("t")), expected)

    def test_import_that_fails_among_many(self):
        self.ok("init")
        for number in range(1500):
            self.write(self.host("t", f"d{number // 50}", f"{number}"), b"x" * number)
        for bad in ("d12/bad:name", "d29/bad:name"):
            self.write(self.host("t", *bad.split("/")), b"x")
            for target in ("t", "/"):
                result = self.fails("IllegalFileName", "import", self.host("t"), target)
                self.assertIn(self.host("t", *bad.split("/")), result.err)
                self.assertEqual(self.tree(), {})
            os.remove(self.host("t", *bad.split("/")))
        self.ok("import", self.host("t"), "/")
        os.mkdir(self.host("out"))
        self.ok("export", "/", self.host("out"))
        self.assertEqual(self.manifest(self.host("out")), self.manifest(self.host("t")))

    def test_import_into_a_store_that_does_not_open(self):
        self.write(self.host("t", "f"), b"x")
        self.ok("init")
        with open(os.path.join(self.store, "LOCK"), "r+b") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            self.fails("StoreInUse", "import", self.host("t"), "t")
        self.assertEqual(self.tree(), {})
        self.store = self.host("t")
        self.fails("StoreNotFound", "import", self.host("t"), "t")

    def test_import_of_files_that_tell_no_size(self):
        self.ok("import", "/proc/sys/kernel/random", "t")
        with open("/proc/sys/kernel/random/boot_id") as file:
            self.assertEqual(self.ok("cat", "t/boot_id").out, file.read())

    def test_import_through_a_link(self):
        self.write(self.host("t", "f"), b"x")
        os.symlink("t", self.host("link"))
        self.ok("import", self.host("link"), "t")
        self.assertEqual(self.ok("ls", "t").out, "f\n")

    def test_import_errors(self):
        self.write(self.host("file"), b"x")
        self.fails("ParamInvalid", "import", self.host("file"), "a")
        self.fails("ParamInvalid", "import", self.host("none"), "a")

    def test_specials_are_skipped(self):
        self.write(self.host("t", "f"), b"x")
        os.mkfifo(self.host("t", "pipe"))
        self.store = self.host("t", "store")
        for target in ("new", "there"):  # the store, too
            result = self.ok("import", self.host("t"), target)
            self.assertIn("skipped " + self.host("t", "pipe"), result.err)
            self.assertIn("skipped " + self.store, result.err)
            self.assertEqual(self.ok("ls", target).out, "f\n")

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

    def damaged(self, name, at):
        """A copy of the store with one byte of one of its files wrong."""
        store = self.host("damaged")
        shutil.rmtree(store, ignore_errors=True)
        shutil.copytree(self.store, store)
        with open(os.path.join(store, name), "r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 0x40]))
        return store

    def export_of(self, store, *args):
        out = self.host("out")
        shutil.rmtree(out, ignore_errors=True)
        return out, self.run_raw("--store", store, "export", *args, "/", out)

    def test_export_of_a_damaged_store(self):
        for number in range(300):
            self.write(self.host("t", f"d{number % 3}", "e", f"f{number}"), os.urandom(8000))
        self.ok("import", self.host("t"), "/")
        self.ok("stats")  # opened again, so that what was in its log is in its files
        expected = self.manifest(self.host("t"))

        # The bytes of one file: it is named, all others are saved.
        content = expected["d1/e/f100"][3]
        for blob in (name for name in os.listdir(self.store) if name.endswith(".blob")):
            with open(os.path.join(self.store, blob), "rb") as file:
                at = file.read().find(content[:1000])
            if at >= 0:
                break
        self.assertGreaterEqual(at, 0)
        out, result = self.export_of(self.damaged(blob, at + 4000))
        self.assertEqual(result.exit, 3, result.err)
        lines = result.err.splitlines()
        self.assertRegex(lines[0], r"^not saved: d1/e/f100: StoreDamaged: .+")
        self.assertIn("exported 299 files, 6 directories", lines[1])
        self.assertRegex(lines[2], r"^StoreDamaged: 1 file or directory could not be saved")
        del expected["d1/e/f100"]
        saved = self.manifest(out)
        self.assertEqual(saved, expected)
        summary = self.export_of(self.host("damaged"), "--json")[1]
        self.assertEqual((summary.exit, summary.json["files"]), (3, 299))

        # Anything else: what is saved is right, and what is not is below something that is named.
        expected = self.manifest(self.host("t"))
        met = set()
        for name in sorted(os.listdir(self.store)):
            size = os.path.getsize(os.path.join(self.store, name))
            if not name.endswith(".sst") or size < 5000:
                continue
            out, result = self.export_of(self.damaged(name, size // 2))
            self.assertEqual(result.exit, 3, result.err)
            named = re.findall(r"^not (saved|whole): (.+?): \w+: ", result.err, re.M)
            met.update(kind for kind, _ in named)
            saved = self.manifest(out)
            self.assertGreater(len(saved), 100)
            for path, (kind, _, time, content) in saved.items():
                if stat.S_ISREG(kind):
                    self.assertEqual((time, content), expected[path][2:])
            for path in expected.keys() - saved.keys():
                self.assertTrue(any((path + "/").startswith(top + "/") for _, top in named), path)
            # Of a directory what is before the damage is saved and what is behind it.
            for top in (top for kind, top in named if kind == "whole"):
                names = sorted(path for path in expected if path.startswith(top + "/"))
                self.assertIn(names[0], saved)
                self.assertIn(names[-1], saved)
        self.assertEqual(met, {"saved", "whole"})

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
