"""DMN 1.3, 10.3.4: the built-in functions."""

import pytest

from tests.kernel.procedures.feel.examples import rows, told

CONVERSION = r"""
number("1,000.5", ",", ".") => 1000.5
number("1.000,5", ".", ",") => 1000.5
number("1 000", " ", null) => 1000
number("1,5", null, ",") => 1.5
number("1,000", ",", ",") => null
number("1", "x", ".") => null
number("x") => null
number("") => null
number(from: "12", grouping separator: null, decimal separator: null) => 12
string(1.50) => 1.5
string(null) => null
string(true) => true
string([1, "a", [null]]) => [1, "a", [null]]
string({a: 1, b: {c: "x"}}) => {a: 1, b: {c: "x"}}
string(@"PT25H") => P1DT1H
string([1..5)) => [1..5)
range("[18..21)") => [18..21)
range("(..5]") => (..5]
range("[5..)") => [5..)
range("[..5]") => null
range("(..)") => null
range("[-1..\"a\"]") => null
range("1..2") => null
range("[\"a\"..\"c\"]") => ["a".."c"]
range("[date(\"2024-01-01\")..@\"2024-02-01\"]").end => 2024-02-01
range("[5..1]") => null
range("[1 + 1..5]") => null
context([{key: "a", value: 1}, {key: "b", value: 2}]) => {a: 1, b: 2}
context([{key: "a", value: 1}, {key: "a", value: 2}]) => null
context([{key: 1, value: 1}]) => null
context([{key: "a"}]) => null
"""

TEXTS = r"""
substring("foobar", 3) => obar
substring("foobar", 3, 3) => oba
substring("foobar", -2, 1) => a
substring("foobar", 0) => null
substring("foobar", 7) => null
substring("\U01F40Eab", 2) => ab
string length("\U01F40Eab") => 3
upper case("aBc4") => ABC4
lower case("aBc4") => abc4
substring before("foobar", "bar") => foo
substring before("foobar", "xyz") =>
substring after("foobar", "ob") => ar
substring after("foobar", "xyz") =>
substring after("foobar", "") => foobar
contains("foobar", "of") => false
starts with("foobar", "fo") => true
ends with("foobar", "r") => true
ends with("foobar", 1) => null
string join(["a", null, "b"], "-") => a-b
string join(["a", "b"]) => ab
string join([], "-") =>
string join(["a", 1], "-") => null
split("John Doe", "\s") => ["John", "Doe"]
split("a;b;;", ";") => ["a", "b", "", ""]
split("abc", "") => null
extract("LD-12, LD-7", "LD-\d+") => ["LD-12", "LD-7"]
"""

PATTERNS = r"""
matches("foobar", "^fo*b") => true
matches("a\nb", "a.b") => false
matches("a\nb", "a.b", "s") => true
matches("ABC", "abc", "i") => true
matches("a\nb", "^b$") => false
matches("a\nb", "^b$", "m") => true
matches("ab", "a b", "x") => true
matches("a.b", "a.b", "q") => true
matches("axb", "a.b", "q") => false
matches("abc", "abc", "z") => null
matches("abc", "abc", null) => true
matches("foobar", "[a-z-[aeiou]]{2}") => false
matches("strong", "[a-z-[aeiou]]{3}") => true
matches("aa", "(a)\1") => true
matches("a", "\1(a)") => null
matches("落水", "\p{IsCJKUnifiedIdeographs}+") => true
matches("A", "\p{Lu}") => true
matches("A", "\p{Xx}") => null
matches("a b", "^\i\c*\s\w$") => true
matches("٣", "^\d$") => true
matches("a", "(?=a)") => null
matches("a", "a**") => null
matches("a", "[") => null
matches("a", "[]a]") => null
matches("a", "a{2,1}") => null
matches("a", "\Z") => null
matches("a", "(a") => null
matches("a", "a)") => null
matches("-", "[a-]") => true
matches("b", "[^a]") => true
matches("]", "[\]]") => true
replace("abracadabra", "bra", "*") => a*cada*
replace("abracadabra", "a.*?a", "*") => *c*bra
replace("abracadabra", "a(.)", "a$1$1") => abbraccaddabbra
replace("AAAA", "A+?", "b") => bbbb
replace("darted", "^(.*?)d(.*)$", "$1c$2") => carted
replace("abc", "b", "$0$0") => abbc
replace("abc", "b", "\$") => a$c
replace("abc", "b", "$") => null
replace("abc", "b", "\\n") => null
replace("abc", "x*", "-") => null
replace("abc", "(b)", "$2") => ac
replace("a.b", ".", "$1", "q") => a$1b
"""

LISTS = r"""
list contains([1, null], null) => true
list contains(null, 1) => null
count([1, null]) => 2
count(1) => 1
count(null) => null
min(3, 1) => 1
min([]) => null
min([1, null]) => null
max("a", "b") => b
max(@"2024-01-01", @"2024-02-01") => 2024-02-01
max([true, false]) => null
sum([1, 2.5]) => 3.5
sum([]) => null
sum([1, "a"]) => null
mean(1, 2) => 1.5
all([true, true]) => true
all([]) => true
all([null, false]) => false
all([true, null]) => null
all(null) => null
any([false, true]) => true
any([]) => false
any([false, null]) => null
sublist([4,5,6], 2) => [5, 6]
sublist([4,5,6], -2, 1) => [5]
sublist([4,5,6], 1, 0) => null
sublist([4,5,6], 0) => null
append([1], 2, [3]) => [1, 2, [3]]
append(1, 2) => [1, 2]
append(null, 2) => null
concatenate([1], [2], 3) => [1, 2, 3]
concatenate([1], null) => null
insert before([1,3], 2, 2) => [1, 2, 3]
insert before([1,3], -1, null) => [1, null, 3]
insert before([1,3], 0, 2) => null
insert before([1,3], 4, 2) => null
remove([1,2,3], 2) => [1, 3]
remove([1,2,3], 9) => null
list replace([1,2,3], 2, 9) => [1, 9, 3]
list replace([1,2,3], -1, 9) => [1, 2, 9]
list replace([1,2,3], function(item, newItem) item >= 2, 9) => [1, 9, 9]
list replace([1,2,3], function(item, newItem) "x", 9) => null
reverse([1,2]) => [2, 1]
index of([1,null,1], 1) => [1, 3]
index of([1,null], null) => [2]
union([1,2], [2,3]) => [1, 2, 3]
distinct values([1,"a",1,null,null]) => [1, "a", null]
flatten([1,[2,[3]],[]]) => [1, 2, 3]
product([2,3,4]) => 24
median(8, 2, 5, 3, 4) => 4
median([6,1,2,3]) => 2.5
median([]) => null
stddev(2, 4, 7, 5) => 2.081665999466132735282297706979931
stddev([1]) => null
mode(6, 3, 9, 6, 6) => [6]
mode([6,1,9,6,1]) => [1, 6]
mode([]) => []
mode([1, null]) => null
sort([3,1,2], function(a, b) a < b) => [1, 2, 3]
sort([3,1], function(a, b) "x") => null
get value({a: 1}, "a") => 1
get value({a: {b: 2}}, ["a", "b"]) => 2
get value({a: 1}, null) => null
get entries({a: 1}) => [{key: "a", value: 1}]
context put({a: 1}, "b", null) => {a: 1, b: null}
context put({a: {b: 1}}, ["a", "c"], 2) => {a: {b: 1, c: 2}}
context put({a: 1}, [], 2) => null
context put({a: 1}, ["a", "b"], 2) => null
context merge([{a: 1, b: 1}, {b: 2}]) => {a: 1, b: 2}
context merge([{a: 1}, 2]) => null
"""

NUMBERS = r"""
decimal(1/3, 2) => 0.33
decimal(2.5, 0) => 2
decimal(1.5, 0) => 2
decimal(1, 7000) => null
decimal("1", 1) => null
floor(-1.5) => -2
floor(-1.56, 1) => -1.6
ceiling(-1.56, 1) => -1.5
ceiling(1.5) => 2
round up(5.5, 0) => 6
round up(-1.121, 2) => -1.13
round down(-5.5, 0) => -5
round half up(-2.5, 0) => -3
round half down(-2.5, 0) => -2
round half up(5.5) => null
abs(-10) => 10
abs("x") => null
modulo(-12, 5) => 3
modulo(12, -5) => -3
modulo(10.1, -4.5) => -3.4
modulo(1, 0) => null
sqrt(16) => 4
sqrt(-1) => null
log(0) => null
log(1) => 0
exp(0) => 1
odd(-3) => true
odd(2.5) => false
even(2) => true
even(null) => null
is(@"2024-01-01", @"2024-01-01") => true
is(1, "1") => false
is(@"10:00:00Z", @"10:00:00") => false
is(@"10:00:00z", @"10:00:00+00:00") => true
is(null, null) => true
"""

RANGES = r"""
before(1, 10) => true
before(10, [1..10]) => false
before(1, (1..10]) => true
before([1..10), 10) => true
before([1..10), [10..20]) => true
before([1..10], [10..20]) => false
before(null, 1) => null
before(1, "a") => null
after(11, [1..10]) => true
after([11..20], [1..11)) => true
meets([1..5], [5..10]) => true
meets([1..5), [5..10]) => false
met by([5..10], [1..5]) => true
meets(1, [1..5]) => null
overlaps([1..5], [3..8]) => true
overlaps([1..3], (3..8]) => false
overlaps([1..8], [3..5]) => true
overlaps before([1..5], [3..8]) => true
overlaps before([1..5], (1..5]) => true
overlaps before([1..5], [1..5]) => false
overlaps after([3..8], [1..5]) => true
overlaps after((1..5], [1..5)) => true
overlaps after([1..5], (1..5]) => false
finishes(10, [1..10]) => true
finishes(10, [1..10)) => false
finishes([5..10), [1..10)) => true
finished by([1..10], 10) => true
finished by([1..10], (1..10]) => true
includes([1..10], 10) => true
includes([1..10), 10) => false
includes((1..10), (1..10)) => true
includes((1..10), [1..5]) => false
during(5, [1..10]) => true
during([4..6], [1..10]) => true
starts(1, [1..10]) => true
starts((1..5], (1..5)) => false
started by([1..10], [1..5]) => true
coincides([1..5], [1..5]) => true
coincides([1..5], [1..5)) => false
coincides(1, 1) => true
includes((<= 10), 3) => true
before((< 5), (> 5)) => true
before(point: 1, range: [2..3]) => true
before(range: [2..3], point: 9) => true
"""


@pytest.mark.parametrize(
    ("text", "value"),
    [row for table in (CONVERSION, TEXTS, PATTERNS, LISTS, NUMBERS, RANGES) for row in rows(table)],
)
def test_a_function_gives_what_the_standard_says(text: str, value: str) -> None:
    assert told(text) == value
