#!/usr/bin/env python3
"""Checks that no function of marcot.h is forgotten: python3 c_api_test.py LIBRARY HEADER TEST_SOURCE..

Each function that the header declares is exported by the library and called by the tests in C; what
the library exports under such a name is declared; each options struct can grow.
"""

import ctypes
import re
import subprocess
import sys


def without_comments(text):
    return re.sub(r"//.*", "", text)


def declared_functions(header):
    return re.findall(r"^(?:const )?\w+\*? (marcot_\w+)\(", header, re.MULTILINE)


def structs(header):
    return re.findall(r"^typedef struct (\w+) \{(.*?)^\} \1;", header, re.MULTILINE | re.DOTALL)


def exported_functions(library):
    names = subprocess.run(
        ["nm", "--dynamic", "--defined-only", "--format=posix", library],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return {line.split()[0].split("@")[0] for line in names.splitlines()}


def main():
    library_path, header_path, *test_paths = sys.argv[1:]
    with open(header_path, encoding="utf-8") as file:
        header = without_comments(file.read())
    tests = ""
    for path in test_paths:
        with open(path, encoding="utf-8") as file:
            tests += without_comments(file.read())

    functions = declared_functions(header)
    library = ctypes.CDLL(library_path)
    exported = {name for name in exported_functions(library_path) if name.startswith("marcot_")}
    faults = [f"{name} is declared twice" for name in functions if functions.count(name) > 1]
    faults += [f"{name} is not exported" for name in functions if not hasattr(library, name)]
    faults += [f"{name} is not called by the tests" for name in functions if f"{name}(" not in tests]
    faults += [f"{name} is exported but not declared" for name in sorted(exported - set(functions))]
    for name, body in structs(header):
        sized = body.strip().startswith("size_t struct_size;")
        if re.search(r"(options|_request|_settings)$", name) and not sized:
            faults.append(f"{name} does not begin with its size")
    if len(functions) < 100:
        faults.append(f"only {len(functions)} functions found in the header")
    print("\n".join(faults) or f"{len(functions)} functions are declared, exported and called")
    sys.exit(1 if faults else 0)


main()
