"""The code of others that we serve is exactly the releases our table names."""

import gzip
import hashlib
import re
from pathlib import Path

import brotli  # type: ignore[import-untyped]

VENDOR = Path(__file__).parents[1] / "static" / "vendor"
ROW = re.compile(
    r"^\| `(?P<file>\S+)` \| (?P<name>[\w-]+) .*\| (?P<version>[\d.]+) \| .* \| `(?P<sha256>[0-9a-f]{64})` \|$",
    re.MULTILINE,
)
READER = VENDOR / "zxing-wasm-3.1.4" / "zxing_reader"
# Licences and packed copies stand beside the files; they are not code of their own.
BESIDE = (".br", ".gz", "LICENSE", "LICENSE-zxing-cpp")


def table() -> dict[str, re.Match[str]]:
    return {row["file"]: row for row in ROW.finditer((VENDOR / "README.md").read_text())}


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_vendor_table_names_every_file_with_its_hash() -> None:
    served = {
        path.relative_to(VENDOR).as_posix(): sha256_of(path)
        for path in VENDOR.glob("*/*")
        if not path.name.endswith(BESIDE)
    }

    assert served == {file: row["sha256"] for file, row in table().items()}


def test_vendor_folders_carry_name_version_and_licence() -> None:
    for file, row in table().items():
        folder = file.split("/")[0]
        assert folder == f"{row['name']}-{row['version']}"
        assert (VENDOR / folder / "LICENSE").stat().st_size > 1000


def test_zxing_script_and_wasm_come_from_one_release() -> None:
    script = READER.with_suffix(".js").read_text()

    [expected] = re.findall(r"\.ZXING_WASM_SHA256=`([0-9a-f]{64})`", script)
    [version] = re.findall(r"npm/zxing-wasm@([\d.]+)/", script)
    assert sha256_of(READER.with_suffix(".wasm")) == expected
    assert READER.parent.name == f"zxing-wasm-{version}"


def test_packed_files_hold_the_same_bytes() -> None:
    for file in table():
        content = (VENDOR / file).read_bytes()

        assert gzip.decompress((VENDOR / f"{file}.gz").read_bytes()) == content
        assert brotli.decompress((VENDOR / f"{file}.br").read_bytes()) == content
