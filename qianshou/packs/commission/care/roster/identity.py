"""Identity numbers by GB 11643-1999: what is wrong with one, and what it says of a person.

Everything here is pure and works on a cleaned text: 18 signs, the last a digit or X.
"""

import re
from datetime import date

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"
EIGHTEEN = re.compile(r"[0-9]{17}[0-9X]")
FIFTEEN = re.compile(r"[0-9]{15}")


def check_digit(seventeen: str) -> str:
    """Return the eighteenth sign of a number whose first seventeen digits are given."""
    total = sum(int(digit) * weight for digit, weight in zip(seventeen, WEIGHTS, strict=True))
    return CHECK_DIGITS[total % 11]


def birth_date_of(number: str) -> date | None:
    """Return the birth date in a number of 15, 17 or 18 signs; None when it names no day."""
    digits = f"19{number[6:12]}" if len(number) == 15 else number[6:14]
    if not re.fullmatch(r"[0-9]{8}", digits):
        return None
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return day if day.year >= 1880 else None


def sex_of(number: str) -> str:
    """Return 男 or 女, as the order number's last digit is odd or even; "" when there is none."""
    order = number[14:15] if len(number) == 15 else number[16:17]
    if not re.fullmatch(r"[0-9]", order):
        return ""
    return "男" if int(order) % 2 else "女"


def is_valid(number: str) -> bool:
    """Whether a number has 18 signs, a day of birth and the right check digit."""
    return (
        EIGHTEEN.fullmatch(number) is not None
        and birth_date_of(number) is not None
        and check_digit(number[:17]) == number[17]
    )


def lengthen(fifteen: str) -> str:
    """Return the 18 signs of a number of the first generation; "" when it is none."""
    if not FIFTEEN.fullmatch(fifteen) or birth_date_of(fifteen) is None:
        return ""
    seventeen = f"{fifteen[:6]}19{fifteen[6:]}"
    return seventeen + check_digit(seventeen)


def lost_its_tail(number: str) -> bool:
    """Whether a number looks as Excel leaves one: fifteen digits kept, then three zeros."""
    return (
        EIGHTEEN.fullmatch(number) is not None
        and number.endswith("000")
        and birth_date_of(number) is not None
    )


def mask(number: str) -> str:
    """Return a number with all but its last four signs hidden."""
    return "*" * max(len(number) - 4, 0) + number[-4:] if len(number) > 4 else "*" * len(number)
