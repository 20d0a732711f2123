#!/usr/bin/env python3
"""A host in Python by ctypes alone, as an example for bindings: python3 ctypes_host.py LIBMARCOT.SO

It declares what it uses of include/marcot/marcot.h, wraps it into a few classes, and uses them.
"""

import ctypes
import sys
import tempfile
from ctypes import POINTER, byref, c_bool, c_char_p, c_int, c_int64, c_size_t, c_uint64, c_void_p

API_VERSION = 1  # of marcot.h that the declarations below were written for

# ---- the declarations of marcot.h ---------------------------------------------------------------


class Bytes(ctypes.Structure):
    """marcot_bytes: an address and a length."""

    _fields_ = [("data", c_void_p), ("size", c_size_t)]

    @classmethod
    def of(cls, value):
        value = value.encode() if isinstance(value, str) else value
        bytes_ = cls(ctypes.cast(c_char_p(value), c_void_p), len(value))
        bytes_.kept = value  # for as long as the struct that points at it
        return bytes_

    def get(self):
        return ctypes.string_at(self.data, self.size)

    def text(self):
        return self.get().decode()


class Id(ctypes.Structure):
    _fields_ = [("hi", c_uint64), ("lo", c_uint64)]


class Totals(ctypes.Structure):
    _fields_ = [("bytes", c_uint64), ("files", c_uint64), ("directories", c_uint64)]


class Sized(ctypes.Structure):
    """An options struct: it begins with its size, and all that is zero is a default."""

    def __init__(self, **fields):
        super().__init__(struct_size=ctypes.sizeof(self), **fields)


class StoreOptions(Sized):
    # A struct may be declared up to the last field that is used.
    _fields_ = [("struct_size", c_size_t), ("create_if_missing", c_bool)]


class Options(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("strategy", c_int),
        ("durability", c_int),
        ("user", Bytes),
    ]


class Item(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("kind", c_int),
        ("type", c_int),
        ("space", c_void_p),
        ("from_space", c_void_p),
        ("path", Bytes),
        ("source", Bytes),  # `from` is a word of Python
        ("from_snapshot", Bytes),
        ("recycled_item", c_uint64),
        ("missing_parents", c_int),
        ("permanent", c_bool),
        ("bytes", Bytes),
    ]


class Placed(ctypes.Structure):
    _fields_ = [
        ("path", Bytes),
        ("id", Id),
        ("renamed", c_bool),
        ("overwritten", c_bool),
        ("recycled_item", c_uint64),
        ("seq", c_uint64),
    ]


class Entry(ctypes.Structure):
    _fields_ = [
        ("name", Bytes),
        ("path", Bytes),
        ("type", c_int),
        ("id", Id),
        ("creation_time_ms", c_int64),
        ("modification_time_ms", c_int64),
        ("creator", Bytes),
        ("version", c_uint64),
        ("size", c_uint64),
        ("content", Id),
        ("totals", Totals),
        ("child_files", c_uint64),
        ("child_directories", c_uint64),
    ]


class Entries(ctypes.Structure):
    _fields_ = [("count", c_size_t), ("items", POINTER(POINTER(Entry))), ("marker", Bytes)]


class ListOptions(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("order", c_int),
        ("only", c_int),
        ("descending", c_bool),
        ("directories_first", c_bool),
        ("prefix", Bytes),
        ("start_after", Bytes),
        ("limit", c_size_t),
        ("marker", Bytes),
    ]


class Outcome(ctypes.Structure):
    _fields_ = [("placed", POINTER(Placed)), ("status", c_void_p)]


class Outcomes(ctypes.Structure):
    _fields_ = [("count", c_size_t), ("items", POINTER(POINTER(Outcome)))]


class Buffer(ctypes.Structure):
    _fields_ = [("bytes", Bytes)]


DIRECTORY, FILE = 1, 2
ASK, RENAME, OVERWRITE = 1, 2, 3
MAKE_DIRECTORY, PUT, PUT_REFERENCE, COPY, MOVE, DELETE = range(6)

# Callbacks answer the address of a status, None for success.
Source = ctypes.CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_size_t, POINTER(c_size_t))
Visitor = ctypes.CFUNCTYPE(c_void_p, c_void_p, POINTER(Entry), POINTER(c_int))

# What answers a status; the status itself and what closes and frees are declared below.
CALLS = {
    "check_version": [ctypes.c_uint],
    "store_open": [Bytes, POINTER(StoreOptions), POINTER(c_void_p)],
    "store_open_space": [c_void_p, Bytes, Bytes, POINTER(c_void_p)],
    "space_make_directory": [c_void_p, Bytes, c_void_p, POINTER(Options), POINTER(POINTER(Placed))],
    "space_put_stream": [
        c_void_p, Bytes, Source, c_void_p, c_void_p, POINTER(Options), POINTER(POINTER(Placed))
    ],
    "space_copy": [
        c_void_p, Bytes, c_void_p, Bytes, c_int, POINTER(Options), POINTER(POINTER(Placed))
    ],
    "space_list": [c_void_p, Bytes, c_void_p, POINTER(ListOptions), POINTER(POINTER(Entries))],
    "space_walk": [c_void_p, Bytes, c_void_p, Visitor, c_void_p, c_void_p],
    "space_read": [c_void_p, Bytes, c_void_p, POINTER(POINTER(Buffer))],
    "batch_new": [POINTER(c_void_p)],
    "batch_add": [c_void_p, POINTER(Item)],
    "batch_run_each": [c_void_p, c_void_p, POINTER(POINTER(Outcomes))],
}
FREES = [
    "status_free", "placed_free", "entries_free", "buffer_free", "batch_free", "outcomes_free",
    "space_close", "store_close",
]  # fmt: skip


class MarcotError(Exception):
    def __init__(self, code, http, message):
        super().__init__(f"{code}: {message}")
        self.code, self.http = code, http


class Library:
    """marcot.h as attributes, without their prefix; a status that is not OK is a MarcotError."""

    def __init__(self, path):
        self.c = ctypes.CDLL(path)
        for name, arguments in CALLS.items():
            function = getattr(self.c, "marcot_" + name)
            function.argtypes, function.restype = arguments, c_void_p
            function.errcheck = self._raise
            setattr(self, name, function)
        for name in FREES:
            function = getattr(self.c, "marcot_" + name)
            function.argtypes, function.restype = [c_void_p], None
            setattr(self, name, function)
        for name, kind in ("code", c_char_p), ("http", c_int), ("message", Bytes):
            function = getattr(self.c, "marcot_status_" + name)
            function.argtypes, function.restype = [c_void_p], kind
        self.c.marcot_status_new.argtypes = [c_char_p, Bytes]
        self.c.marcot_status_new.restype = c_void_p
        self.check_version(API_VERSION)

    def error(self, status):
        return MarcotError(
            self.c.marcot_status_code(status).decode(),
            self.c.marcot_status_http(status),
            self.c.marcot_status_message(status).text(),
        )

    def new_status(self, code, message):
        """For callbacks."""
        return self.c.marcot_status_new(code.encode(), Bytes.of(message))

    def _raise(self, status, _function, _arguments):
        if not status:
            return
        error = self.error(status)
        self.status_free(status)
        raise error


# ---- a host's classes on top of it --------------------------------------------------------------


class Store:
    def __init__(self, library, folder, create=False):
        self.library, self.handle = library, c_void_p()
        library.store_open(
            Bytes.of(folder), StoreOptions(create_if_missing=create), byref(self.handle)
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.library.store_close(self.handle)

    def space(self, library="default", name="-"):
        return Space(self, library, name)

    def run_each(self, items):
        """A path or a MarcotError for each item."""
        batch, outcomes = c_void_p(), POINTER(Outcomes)()
        self.library.batch_new(byref(batch))
        try:
            for item in items:
                self.library.batch_add(batch, item)
            self.library.batch_run_each(self.handle, batch, byref(outcomes))
        finally:
            self.library.batch_free(batch)
        found = outcomes.contents
        answer = [
            outcome.placed.contents.path.text() if outcome.placed else self.library.error(outcome.status)
            for outcome in (found.items[i].contents for i in range(found.count))
        ]
        self.library.outcomes_free(outcomes)
        return answer


class Space:
    def __init__(self, store, library, name):
        self.library, self.handle = store.library, c_void_p()
        self.library.store_open_space(
            store.handle, Bytes.of(library), Bytes.of(name), byref(self.handle)
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.library.space_close(self.handle)

    def _path_of(self, placed):
        path = placed.contents.path.text()
        self.library.placed_free(placed)
        return path

    def make_directory(self, path, user=""):
        placed = POINTER(Placed)()
        self.library.space_make_directory(
            self.handle, Bytes.of(path), None, Options(user=Bytes.of(user)), byref(placed)
        )
        return self._path_of(placed)

    def put(self, path, pieces, strategy=RENAME):
        """Puts a file of byte strings that an iterator gives, without ever holding all of it."""
        pieces, rest, failure = iter(pieces), b"", []

        def give(_context, buffer, capacity, size):
            nonlocal rest
            try:
                rest = rest or next(pieces, b"")
            except Exception as error:  # no exception may leave a callback
                failure.append(error)
                return self.library.new_status("InternalServerError", str(error))
            piece, rest = rest[:capacity], rest[capacity:]
            ctypes.memmove(buffer, piece, len(piece))
            size[0] = len(piece)
            return None

        placed = POINTER(Placed)()
        try:
            self.library.space_put_stream(
                self.handle, Bytes.of(path), Source(give), None, None,
                Options(strategy=strategy), byref(placed),
            )  # fmt: skip
        except MarcotError:
            if failure:
                raise failure[0] from None
            raise
        return self._path_of(placed)

    def copy(self, source, target, kind=DIRECTORY, strategy=ASK):
        placed = POINTER(Placed)()
        self.library.space_copy(
            self.handle, Bytes.of(source), self.handle, Bytes.of(target), kind,
            Options(strategy=strategy), byref(placed),
        )  # fmt: skip
        return self._path_of(placed)

    def list(self, path, page_size=1000):
        """(name, type, bytes) of all entries, page by page."""
        marker = b""
        while True:
            options, page = ListOptions(limit=page_size, marker=Bytes.of(marker)), POINTER(Entries)()
            self.library.space_list(self.handle, Bytes.of(path), None, options, byref(page))
            found = page.contents
            entries = [found.items[i].contents for i in range(found.count)]
            rows = [
                (e.name.text(), e.type, e.totals.bytes if e.type == DIRECTORY else e.size)
                for e in entries
            ]
            marker = found.marker.get()
            self.library.entries_free(page)
            yield from rows
            if not marker:
                return

    def walk(self, path=""):
        """The paths of all that is below."""
        paths = []

        def visit(_context, entry, _step):
            paths.append(entry.contents.path.text())

        self.library.space_walk(self.handle, Bytes.of(path), None, Visitor(visit), None, None)
        return paths

    def read(self, path):
        buffer = POINTER(Buffer)()
        self.library.space_read(self.handle, Bytes.of(path), None, byref(buffer))
        content = buffer.contents.bytes.get()
        self.library.buffer_free(buffer)
        return content

    def item(self, kind, path, **fields):
        fields = {k: Bytes.of(v) if isinstance(v, (str, bytes)) else v for k, v in fields.items()}
        return Item(kind=kind, space=self.handle, path=Bytes.of(path), **fields)


# ---- a host -------------------------------------------------------------------------------------


def expect(found, wanted):
    if found != wanted:
        sys.exit(f"found {found!r}, wanted {wanted!r}")


def expect_error(code, http, call):
    try:
        call()
    except MarcotError as error:
        expect((error.code, error.http), (code, http))
    else:
        sys.exit(f"no error, wanted {code}")


def use(store, space):
    expect(space.make_directory("photos/2026", user="ann"), "photos/2026")
    expect(space.put("photos/2026/ä.txt", (b"hello, ", b"world\0!")), "photos/2026/ä.txt")
    expect(space.read("photos/2026/ä.txt"), b"hello, world\0!")
    expect(space.copy("photos", "photos", strategy=RENAME), "photos (1)")
    expect(list(space.list("", page_size=1)), [("photos", DIRECTORY, 14), ("photos (1)", DIRECTORY, 14)])
    expect(space.walk("photos (1)"), ["photos (1)/2026", "photos (1)/2026/ä.txt"])

    large = bytes(range(256)) * 4096
    space.put("large", (large[at : at + 100_000] for at in range(0, len(large), 100_000)))
    expect(space.read("large"), large)

    expect_error("SameNameDirectoryOrFileExists", 409, lambda: space.copy("photos", "photos"))
    expect_error("FileNotFound", 404, lambda: space.read("none"))

    def broken():
        yield b"the first piece"
        raise ValueError("the source broke")

    try:
        space.put("broken", broken())
    except ValueError as error:
        expect(str(error), "the source broke")
    else:
        sys.exit("an exception in a source is lost")
    expect([row[0] for row in space.list("")], ["photos", "photos (1)", "large"])

    outcomes = store.run_each(
        [
            space.item(MAKE_DIRECTORY, "batch"),
            space.item(PUT, "batch/f", bytes=b"put by a batch"),
            space.item(COPY, "batch/g", source="none"),
            space.item(DELETE, "large"),
        ]
    )
    expect([outcomes[0], outcomes[1], outcomes[3]], ["batch", "batch/f", "large"])
    expect(outcomes[2].code, "PathNotFound")
    expect(space.read("batch/f"), b"put by a batch")


def main():
    library = Library(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        expect_error("StoreNotFound", 404, lambda: Store(library, folder + "/drive"))
        with Store(library, folder + "/drive", create=True) as store, store.space() as space:
            use(store, space)
        with Store(library, folder + "/drive") as store, store.space() as space:
            expect(space.read("batch/f"), b"put by a batch")
    print("a host in Python made, copied, listed, read and batched")


main()
