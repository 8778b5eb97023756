import json
import resource
import sys
import tempfile
from datetime import UTC, datetime
from typing import Any


def main() -> None:
    order = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (order["memory"], order["memory"]))
    cpu = int(order["seconds"]) + 1
    # At the first it is told that its time is up, at the second it is ended.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    with tempfile.TemporaryDirectory() as empty:
        # Nothing may be written from here on, not even an empty file.
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        head, pages = _answer(order, empty)
        sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + b"".join(pages))
        sys.stdout.flush()


def _answer(order: dict[str, Any], empty: str) -> tuple[dict[str, Any], list[bytes]]:
    import typst  # noqa: PLC0415 - after the limits are set

    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[order["fonts"]])
    jobs = []
    try:
        compiler = typst.Compiler(
            order["file"], root=order["root"], font_paths=fonts, package_path=empty, package_cache_path=empty
        )
        for job in order["jobs"]:
            options = job["options"]
            if "timestamp" in options:
                options["timestamp"] = datetime.fromtimestamp(options["timestamp"], tz=UTC)
            sheets = []
            for data in job["sheets"]:
                made, warnings = compiler.compile_with_warnings(
                    format=job["format"], sys_inputs={"data": data}, **options
                )
                if warnings or not made:
                    said = "; ".join(warning.message for warning in warnings)
                    return {"error": said, "diagnostic": "".join(warning.diagnostic for warning in warnings)}, []
                sheets.append(made if isinstance(made, list) else [made])
            jobs.append(sheets)
    except typst.TypstError as error:
        return {"error": error.message, "diagnostic": error.diagnostic}, []
    known = [[font.family, font.path] for font in fonts.fonts() if font.path]
    sizes = [[[len(page) for page in pages] for pages in sheets] for sheets in jobs]
    return {"fonts": known, "sizes": sizes}, [page for sheets in jobs for pages in sheets for page in pages]


if __name__ == "__main__":
    main()
