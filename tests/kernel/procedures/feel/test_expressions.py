"""DMN 1.3, 10.3.1 and 10.3.2: what expressions are and what they give."""

import pytest

from tests.kernel.procedures.feel.examples import rows, told

LITERALS = r"""
1 + 2 * 3 => 7
.5 => 0.5
00001 => 1
1.50 => 1.5
1E3 => 1000
-2 ** 2 => 4
2 ** 3 ** 2 => 64
2 ** -1 => 0.5
1 / 3 => 0.3333333333333333333333333333333333
0.1 + 0.2 = 0.3 => true
9007199254740993 + 0 => 9007199254740993
12345678901234567890123456789012345 => 12345678901234567890123456789012340
1 / 0 => null
0 ** -1 => null
(-8) ** 0.5 => null
1E6144 * 10 => null
1E99999 => null
"a\"b" => a"b
"\u6e1d\U01F40E" => 渝🐎
"\uD83D\uDC0E" = "🐎" => true
"\d" = "\\d" => true
"a" + "b" => ab
"a" + 1 => null
1 /* two */ + // three
2 => 3
@"2024-02-29" => 2024-02-29
null => null
"""

LISTS = r"""
[1, "a", null] => [1, "a", null]
[1,2,3][1] => 1
[1,2,3][-1] => 3
[1,2,3][0] => null
[1,2,3][4] => null
[1,2,3][item >= 2] => [2, 3]
[1,2,3,4][even(item)] => [2, 4]
[{x: 1, y: 2}, {x: 2, y: 3}][x = 2] => [{x: 2, y: 3}]
[{x: 1}, {x: 2}][item.x > 1].x => [2]
[{x: 1}, {y: 2}].x => [1, null]
[{a: [{b: 1}]}, {a: [{b: 2}]}].a.b => [[1], [2]]
100[1] => 100
true[true] => [true]
true[false] => []
null[1] => null
[1,2,3][null] => []
{a: 1, b: a + 1}.b => 2
{a: {b: {c: 7}}}.a.b.c => 7
{a: 1}.b => null
{a: 1, a: 2} => null
{"name with: signs": 3}.name with: signs => 3
{first name: "李"}.first name => 李
{a+b: 1, c: a+b + 1}.c => 2
{街道 名称: "龙岗"}.街道 名称 => 龙岗
{🐎: "马"}.🐎 => 马
{if then: 1}.if then => 1
"""

LOGIC = r"""
true and null => null
false and null => false
false and "x" => false
true and "x" => null
true or null => true
false or 1 => null
not(null) => null
not(1) => null
1 = "1" => null
1 = null => false
null = null => true
null != 1 => true
1 < "a" => null
null < 1 => null
"a" < "b" => true
[1,2] = [1,2] => true
[1,2] = [2,1] => false
{a: 1, b: 2} = {b: 2, a: 1} => true
[1..3] = [1..3] => true
[1..3] = [1..3) => false
5 between 1 and 5 => true
5 between null and 6 => null
if null then 1 else 2 => 2
if "x" then 1 else 2 => 2
1 in (1, 2) => true
1 in (!= 2) => true
1 in [!= 2] => false
1 in [= 1] => true
(= 1).end => 1
5 in [null..null] => null
3 in (1, 2) => false
5 in [1..5] => true
5 in [1..5) => false
5 in ]1..5[ => false
5 in (> 4) => true
5 in < 5 => false
5 in (< 2, > 4) => true
5 in [[1..2], [4..6]] => true
"b" in ["a", "b"] => true
[1,2] in [[1,2],[3]] => true
null in (null) => true
@"2024-05-01" in [@"2024-01-01"..@"2024-12-31"] => true
"""

LOOPS = r"""
for i in 1..3 return i * i => [1, 4, 9]
for i in 3..1 return i => [3, 2, 1]
for i in (1..4] return i => [2, 3, 4]
for x in [1,2], y in [3,4] return x * y => [3, 4, 6, 8]
for x in [[1,2],[3]], y in x return y => [1, 2, 3]
for i in 0..4 return if i = 0 then 1 else i * partial[-1] => [1, 1, 2, 6, 24]
for d in @"2024-02-28"..@"2024-03-01" return d.day => [28, 29, 1]
for i in null return i => null
for 户主 in ["张","王"] return 户主 + "家" => ["张家", "王家"]
for i in 1..1.5 return i => null
some x in [1,2] satisfies x > 1 => true
some x in [] satisfies x > 1 => false
some x in [null] satisfies x > 1 => null
every x in [] satisfies x > 1 => true
every x in [1,2] satisfies x > 1 => false
every x in [2,null] satisfies x > 1 => null
every x in null satisfies true => null
for i in [1.5..2] return i => null
some x in [1,2], y in [2,3] satisfies x + y = 5 => true
some x in null satisfies true => null
"""

FUNCTIONS = r"""
(function(a, b) a + b)(1, 2) => 3
(function(a, b) a + b)(b: 2, a: 1) => 3
(function(a, b) a + b)(1) => null
(function(a: number) a)("x") => null
(function(a: number) a)([5]) => 5
(function(a: list<number>) count(a))(5) => 1
(function(a: date and time) a)(@"2024-01-01") => 2024-01-01T00:00:00Z
{n: 2, f: function(x) x * n, r: f(4)}.r => 8
{f: function(n) if n < 2 then 1 else n * f(n - 1), r: f(5)}.r => 120
{f: function(n) f(n + 1), r: f(1)}.r => null
sort([3,1,2], function(a, b) a > b) => [3, 2, 1]
1(2) => null
unknown(1) => null
(function(x) external {java: {class: "java.lang.System", method signature: "exit(int)"}})(1) => null
(function(x, y) external {java: {class: "java.lang.Math", method signature: "max(int,int)"}})(1, 2) => 2
(function(x) external {java: {class: "java.lang.Math", method signature: "cos(double)"}})(0) => 1
(function(x) external {java: {class: "java.lang.Math", method signature: "log(double)"}})(-1) => null
(function(x) external {java: {class: "java.lang.Math", method signature: "cos(double, double)"}})(0) => null
(function(x) external {java: {class: "java.lang.Integer", method signature: "valueOf(java.lang.String)"}})("7") => 7
(function(x) external {java: {class: "java.lang.String", method signature: "valueOf(int)"}})(7) + "" => 7
(function(x) external {pmml: {}})(1) => null
contains(match: "b", string: "abc") => true
contains(text: "abc", match: "b") => null
contains("abc") => null
contains(string: "a", string: "b", match: "a") => null
now instance of function => true
contains("abc", "b", "c") => null
contains(["abc"], "b") => true
contains(null, "b") => null
now() => 2024-11-18T12:00:00+08:00
today() => 2024-11-18
"""

KINDS = r"""
1 instance of number => true
1 instance of string => false
null instance of number => false
null instance of Null => true
"a" instance of Any => true
[1,2] instance of list<number> => true
[1,"a"] instance of list<number> => false
[] instance of list<string> => true
{a: 1} instance of context<a: number> => true
{a: 1, b: 2} instance of context<a: number> => true
{a: "x"} instance of context<a: number> => false
{} instance of context<a: number> => false
[1..2] instance of range<number> => true
[1..2] instance of range<string> => false
(function(a: number) a) instance of function<number>->Any => true
(function(a: number) a) instance of function<string>->Any => false
(function(a) a) instance of function<string, string>->Any => false
@"2024-01-01" instance of date => true
@"2024-01-01" instance of date and time => false
@"2024-01-01T00:00:00" instance of date and time => true
@"P1D" instance of days and time duration => true
@"P1Y" instance of years and months duration => true
@"10:00:00" instance of time => true
1 instance of tUnknown => null
[1] instance of list<tUnknown> => null
(function(a) a) instance of function<tUnknown>->Any => null
(function(a) a) instance of function => true
(function(c: context<a: Any>) c) instance of function<context<a: number>>->Any => true
(function(c: context<a: Any>) c) instance of function<context<b: number>>->Any => false
sum instance of function<number, number>->number => true
abs instance of function<>->number => false
1 instance of a.b.tNone => null
"""


@pytest.mark.parametrize(
    ("text", "value"),
    [row for table in (LISTS, LOGIC, LOOPS, FUNCTIONS, KINDS) for row in rows(table)],
)
def test_an_expression_gives_what_the_standard_says(text: str, value: str) -> None:
    assert told(text) == value


@pytest.mark.parametrize(("text", "value"), rows(LITERALS.replace("// three\n", "")))
def test_a_literal_is_what_it_says(text: str, value: str) -> None:
    assert told(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Loan Amount - 1", "9"),
        ("Loan  Amount+1", "11"),
        ("Loan - 1", "1"),
        ("a-b", "5"),
        ("a - b", "5"),
        ("b-a", "-1"),
        ("贷款 金额 * 2", "6"),
        ("if then else then 1 else 2", "1"),
        ("不良 率.同比", "7"),
    ],
)
def test_a_known_name_may_hold_spaces_signs_and_keywords(text: str, value: str) -> None:
    facts = {
        "Loan Amount": 10, "Loan": 2, "a-b": 5, "a": 3, "b": 2, "贷款 金额": 3,
        "then else": True, "不良 率": {"同比": 7},
    }  # fmt: skip
    assert told(text, **facts) == value
