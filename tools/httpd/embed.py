#!/usr/bin/env python3
"""Writes the files of the web page as a C++ source: embed.py OUTPUT FILE..."""

import hashlib
import os
import sys

ESCAPES = {ord('"'): '\\"', ord("\\"): "\\\\", ord("\n"): "\\n", ord("?"): "\\?"}


def literal(line):
    """One line as a string literal; what is not printable ASCII in three octal digits."""
    text = "".join(
        ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in line
    )
    return f'"{text}"'


def entry(path):
    with open(path, "rb") as file:
        data = file.read()
    etag = hashlib.sha256(data).hexdigest()[:32]
    lines = "\n     ".join(map(literal, data.splitlines(keepends=True)))
    return f'    {{"{os.path.basename(path)}", "\\"{etag}\\"",\n     {lines}}},\n'


def main(output, *paths):
    with open(output, "w", encoding="ascii") as file:
        file.write('#include "page_files.h"\n\nnamespace marcot::httpd {\n')
        file.write("namespace {\n\nconstexpr PageFile kFiles[] = {\n")
        file.writelines(map(entry, paths))
        file.write("};\n\n}  // namespace\n\n")
        file.write("std::span<const PageFile> PageFiles() { return kFiles; }\n\n")
        file.write("}  // namespace marcot::httpd\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
