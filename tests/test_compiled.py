from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from _pytest.assertion.rewrite import assertstate_key

from tests import compiled


def test_test_that_was_compiled_before_is_taken_as_it_is(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    file = tmp_path / "test_sums.py"
    file.write_text("def test_sum():\n    assert 1 + 1 == 3\n")
    written = compiled.rewritten(file, pytestconfig).stat()
    spec = spec_from_file_location("test_sums", file)
    hook = pytestconfig.stash[assertstate_key].hook
    assert spec
    assert hook

    read = module_from_spec(spec)
    hook.exec_module(read)

    with pytest.raises(AssertionError, match=r"assert \(1 \+ 1\) == 3"):
        read.test_sum()
    assert compiled.rewritten(file, pytestconfig).stat() == written
