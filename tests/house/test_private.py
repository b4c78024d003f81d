"""Nothing that could be a living person's number lies in the tree."""

import re
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOBILE = re.compile(r"(?<![0-9A-Za-z.+-])1[3-9][0-9]{9}(?![0-9A-Za-z.])")
IDENTITY = re.compile(r"(?<![0-9A-Za-z])([0-9]{6})([0-9]{8})[0-9]{3}[0-9X](?![0-9A-Za-z])")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# 500199 is in no code table: the prefix of every invented identity number of ours.
INVENTED = "500199"


def could_be_real(number: str) -> bool:
    """Whether an identity number has a day of birth and the right check digit (GB 11643)."""
    if number.startswith(INVENTED):
        return False
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS, strict=False))
    return number[17] == "10X98765432"[total % 11]


def kept_texts() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every file that is kept, but for what others made."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    for name in filter(None, told.stdout.decode().split("\0")):
        path = ROOT / name
        if "vendor" in path.parts or path.suffix == ".lock" or not path.is_file():
            continue
        try:
            yield name, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_no_file_holds_a_mobile_number_or_identity_number_that_could_be_real() -> None:
    found = []
    for name, text in kept_texts():
        found += [f"{name}: {number}" for number in MOBILE.findall(text)]
        found += [
            f"{name}: {hit.group()}"
            for hit in IDENTITY.finditer(text)
            if could_be_real(hit.group())
        ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("number", "real"),
    [
        ("11010119900307" + "7" + "58" + "7", False),
        (INVENTED + "201501010021", False),
        ("12345678901234567X", False),
    ],
)
def test_only_a_birthday_and_a_check_digit_make_a_number_suspect(number: str, real: bool) -> None:
    assert could_be_real(number) == real


def test_a_number_with_a_birthday_and_its_check_digit_is_suspect() -> None:
    stem = "110101" + "19900307" + "758"
    total = sum(int(digit) * weight for digit, weight in zip(stem, WEIGHTS, strict=True))
    assert could_be_real(stem + "10X98765432"[total % 11])
