"""What bench/compare/run measures of `marcot import` beside `cp -a`: a real tree with its contents
into a folder of the same file system, by turns, both with the start of their process."""

import os
import pathlib
import shutil
import subprocess
import sys
import time


def run(*command):
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)


def seconds(*command):
    begin = time.monotonic()
    run(*command)
    return time.monotonic() - begin


class Imports:
    def __init__(self, tool, tree, folder):
        self.tool, self.tree, self.folder = tool, tree, folder

    def warm(self):
        """Reads all files once; answers how many there are."""
        files = 0
        for parent, _, names in os.walk(self.tree):
            for name in names:
                path = pathlib.Path(parent, name)
                if path.is_file() and not path.is_symlink():
                    path.read_bytes()
                files += 1
        return files

    def with_marcot(self):
        """Into a store that is there and empty, as the folder is for cp."""
        store = self.folder / "import-store"
        run(self.tool, "--store", store, "init")
        self.settle()
        took = seconds(self.tool, "--store", store, "import", self.tree, "tree")
        return store, took

    def with_cp(self):
        copy = self.folder / "import-copy"
        return copy, seconds("cp", "-a", self.tree, copy)

    def settle(self):
        """What waits to be written is of no other's turn."""
        run("sync", "-f", self.folder)

    def measure(self, rounds):
        files = self.warm()
        turns = [("marcot", self.with_marcot), ("ext4", self.with_cp)]
        results = []
        for number in range(rounds):
            print(f"import, round {number + 1}", file=sys.stderr)
            for peer, turn in turns if number % 2 == 0 else reversed(turns):
                self.settle()
                made, took = turn()
                self.settle()
                shutil.rmtree(made)
                results.append({"peer": peer, "operation": "import", "files": files, "round": number,
                                "operations": files, "ns": took * 1e9 / files, "cut": False})
        return results

    def check(self):
        """Whether all that is imported comes out again."""
        store, _ = self.with_marcot()
        out = self.folder / "import-export"
        run(self.tool, "--store", store, "export", "tree", out)
        run("diff", "-r", "--no-dereference", self.tree, out)
        shutil.rmtree(store)
        shutil.rmtree(out)
        print("marcot import: does what is timed", file=sys.stderr)
