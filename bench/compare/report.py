"""What bench/compare/run prints and draws of its results."""

import collections
import statistics

# The operation | what it is called | what one is.
OPERATIONS = [
    ("bulk", "create in bulk", "file"),
    ("load", "sorted bulk load", "file"),
    ("create", "create, a commit each", "file"),
    ("create_16", "the same, 16 callers", "file"),
    ("create_synced", "create, synced", "file"),
    ("create_synced_16", "the same, 16 callers", "file"),
    ("stat", "stat at depth 6", "call"),
    ("stat_in_copy", "stat in a modified copy", "call"),
    ("list", "list with attributes", "entry"),
    ("list_in_copy", "list in a modified copy", "entry"),
    ("size", "recursive size", "call"),
    ("move", "move the tree", "call"),
    ("copy", "copy the tree", "call"),
    ("first_write", "first write in the copy", "call"),
    ("delete_copy", "delete the copy", "call"),
    ("delete", "delete the tree", "call"),
    ("reclaim", "and give all back, later", "call"),
    ("rename_copies", "one of 10,000 rename copies", "call"),
    ("import", "import of a real tree", "file"),
]
RAW = "raw RocksDB"


class Times:
    """The times of an operation, one a round, by peer and size."""

    def __init__(self, results):
        self.rounds = collections.defaultdict(dict)
        self.cut = set()
        for row in results:
            key = row["peer"], row["operation"], row["files"]
            self.rounds[key][row["round"]] = row["ns"]
            if row["cut"]:
                self.cut.add(key)
        self.peers = list(dict.fromkeys(row["peer"] for row in results if row["round"] == 0))

    def sizes(self, operation):
        return sorted({files for _, of, files in self.rounds if of == operation})

    def median(self, *key):
        return statistics.median(self.rounds[key].values()) if key in self.rounds else None

    def ratio(self, one, other):
        """The median of the ratios within the rounds; nothing where one of them was not run."""
        if one not in self.rounds or other not in self.rounds:
            return None
        a, b = self.rounds[one], self.rounds[other]
        return statistics.median(a[at] / b[at] for at in a if at in b)


def count_text(count):
    return f"{count:.0e}".replace("+0", "")


def time_text(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}" if ns < 1000 * size else f"{ns / size:.0f} {unit}"
    return f"{ns:.3g} ns"


def print_rows(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        if row is rows[0]:
            print("| " + " | ".join("---" for _ in row) + " |")


def cell(times, key):
    ns = times.median(*key)
    if ns is None:
        return "-"
    return time_text(ns) + (" *" if key in times.cut else "")


def print_times(times):
    rows = [["", "files", *times.peers]]
    for operation, title, unit in OPERATIONS:
        for files in times.sizes(operation):
            cells = [cell(times, (peer, operation, files)) for peer in times.peers]
            rows.append([f"{title} ({unit})", count_text(files), *cells])
    print_rows(rows)
    print("\n*: cut short when its time was up; the mean of what was done")


def print_losses(times):
    print("\nFaster than Marcot, by how much:")
    for operation, title, _ in OPERATIONS:
        for files in times.sizes(operation):
            own = "marcot", operation, files
            ratios = {peer: times.ratio(own, (peer, operation, files)) for peer in times.peers
                      if peer not in ("marcot", RAW)}
            ahead = [f"{peer} {ratio:.3g}x" for peer, ratio in ratios.items() if ratio and ratio > 1]
            if ahead:
                print(f"  {title}, {count_text(files)} files: {', '.join(ahead)}")


def targets(times):
    """What is compared | one | the other | "time" or "speed" | the bound."""
    sizes = times.sizes("copy") or times.sizes("bulk")
    least, most = sizes[0], sizes[-1]
    n = count_text(most)

    def own(operation, files=most):
        return "marcot", operation, files

    def of(peer, operation, files=most):
        return peer, operation, files

    rows = [(f"copy of {n} files beside {peer}", own("copy"), of(peer, "copy"), "time", bound)
            for peer, bound in (("libgit2", 1 / 4), ("overlayfs", 1 / 20), ("btrfs", 1 / 200),
                                ("SQLite", 1 / 20_000))]
    rows.append((f"copy of {n} files beside {count_text(least)}: flat", own("copy"), own("copy", least), "time", 1.2))
    rows.append(("10,000 rename copies beside LMDB's row copies", own("rename_copies", 100),
                 of("LMDB", "rename_copies", 100), "time", 1 / 2))
    rows += [(f"first write in a copy of {n} beside {peer}", own("first_write"), of(peer, "first_write"), "time", 1)
             for peer in ("libgit2", "overlayfs", "btrfs")]
    rows.append((f"first write in a copy of {n} beside {count_text(least)}: flat", own("first_write"), own("first_write", least), "time", 1.2))
    rows += [
        ("create, a commit each, beside raw single puts", own("create"), of(RAW, "create"), "speed", 0.8),
        ("create by 16 callers beside raw single puts", own("create_16"), of(RAW, "create"), "speed", 2),
        ("create in batches of 1,000 beside raw single puts", own("bulk"), of(RAW, "create"), "speed", 4),
        ("create in batches of 1,000 beside SQLite's bulk insert", own("bulk"), of("SQLite", "bulk"), "speed", 1),
        ("create in batches of 1,000 beside LMDB's bulk insert", own("bulk"), of("LMDB", "bulk"), "speed", 1),
        ("sorted bulk load beside LMDB's bulk insert", own("load"), of("LMDB", "bulk"), "speed", 1),
        ("synced create, 16 callers beside one", own("create_synced_16"), own("create_synced"), "speed", 8),
    ]
    for files in sizes:
        rows.append((f"warm stat of {count_text(files)} beside tmpfs", own("stat", files), of("tmpfs", "stat", files), "speed", 1.5))
        rows.append((f"warm stat of {count_text(files)} beside LMDB", own("stat", files), of("LMDB", "stat", files), "speed", 1))
    rows += [
        ("list beside a raw iterator", own("list"), of(RAW, "list"), "speed", 0.7),
        ("list beside tmpfs", own("list"), of("tmpfs", "list"), "speed", 4),
        (f"recursive size of {n} in raw puts", own("size"), of(RAW, "create"), "time", 10),
        (f"delete of {n} in raw puts", own("delete"), of(RAW, "create"), "time", 10),
        ("stat through a copy beside the original", own("stat_in_copy"), own("stat"), "time", 1.3),
    ]
    rows += [("import of a real tree beside cp -a", own("import", files), of("ext4", "import", files), "speed", 3)
             for files in times.sizes("import")]
    return rows


def bound_text(kind, bound):
    if kind == "speed":
        return f">= {bound:g} speed"
    return f"<= {bound:g} time" if bound >= 1 else f"<= 1/{1 / bound:,.0f} time"


def ratio_text(kind, ratio):
    if kind == "time" and ratio < 0.1:
        return f"1/{1 / ratio:,.0f} time"
    return f"{ratio:.2f} {kind}"


def print_targets(times):
    rows = [["target", "asked", "measured", "met"]]
    for what, one, other, kind, bound in targets(times):
        ratio = times.ratio(one, other) if kind == "time" else times.ratio(other, one)
        if ratio is None:
            continue
        met = ratio <= bound if kind == "time" else ratio >= bound
        rows.append([what, bound_text(kind, bound), ratio_text(kind, ratio), "yes" if met else "NO"])
    print()
    print_rows(rows)


def print_all(machine, missing, results):
    times = Times(results)
    print(f"{machine['cores']} cores, Linux {machine['kernel']}, load {machine['load_before']:.1f} before and "
          f"{machine['load_after']:.1f} after")
    for kind, why in missing.items():
        print(f"{kind} is not here: {why}")
    print()
    print_times(times)
    print_losses(times)
    print_targets(times)


def draw_copies(results, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    times = Times(results)
    figure, axes = pyplot.subplots(figsize=(9, 6))
    for peer in times.peers:
        sizes = [files for files in times.sizes("copy") if (peer, "copy", files) in times.rounds]
        if sizes:
            seconds = [times.median(peer, "copy", files) / 1e9 for files in sizes]
            axes.plot(sizes, seconds, marker="o", linewidth=3 if peer == "marcot" else 1.5, label=peer)
    axes.set(xscale="log", yscale="log", xlabel="files in the tree", ylabel="seconds", title="Copying a directory tree")
    axes.grid(True, which="major", alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120, bbox_inches="tight")
