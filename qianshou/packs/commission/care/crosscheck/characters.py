"""Characters of names: one simplified form each, and the sound that a town would write down."""

import re
import unicodedata
from functools import cache

from opencc import OpenCC
from pypinyin import Style, pinyin

# Forms that t2s leaves alone and that clerks use one for the other.
VARIANTS = str.maketrans(
    "喆甯堃濬珮珎甦妳菓邨祐龢彣叡祕恒峯昇", "哲宁坤浚佩珍苏你果村佑和文睿秘恒峰升"
)
# As surnames these are not read as pypinyin reads the single character.
SURNAMES = {
    "曾": "zeng", "单": "shan", "仇": "qiu", "解": "xie", "区": "ou", "查": "zha", "盖": "ge",
    "朴": "piao", "翟": "zhai", "尉": "yu", "乐": "yue", "华": "hua", "任": "ren", "缪": "miao",
    "秘": "bi", "冼": "xian", "种": "chong", "员": "yun", "召": "shao", "黑": "he", "折": "she",
    "繁": "po", "那": "na", "能": "nai", "万": "wan",
}  # fmt: skip
DOUBLE_SURNAMES = frozenset(
    re.findall(
        "..",
        "欧阳司马上官诸葛夏侯东方皇甫尉迟公孙慕容令狐长孙宇文司徒司空南宫端木轩辕独孤第五"
        "百里东郭西门呼延淳于太史申屠公羊赫连澹台公冶宗政濮阳钟离闾丘拓跋",
    )
)
_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("l", "n"))
_FINALS = (("ing", "in"), ("eng", "en"))
_HU = {
    "hu": "fu", "hua": "fa", "huai": "fai", "huan": "fan", "huang": "fang", "hui": "fei",
    "hun": "fen", "huo": "fo",
}  # fmt: skip
_SIMPLIFY = OpenCC("t2s")


@cache
def simplify(character: str) -> str:
    """Return the simplified, usual form of one character."""
    return str(_SIMPLIFY.convert(_SIMPLIFY.convert(character))).translate(VARIANTS)


@cache
def sound_of(character: str) -> str:
    """Return the toneless pinyin of one character with the mergers of Chongqing speech.

    l=n, zh=z, ch=c, sh=s, -ing=-in, -eng=-en, and f before u as h (hu=f). Anything that is no
    Chinese character sounds as it is written, in lower case.
    """
    if not "\u3400" <= character <= "\U0003ffff":
        return character.lower()
    return merge_dialect(pinyin(character, style=Style.NORMAL)[0][0])


@cache
def surname_sound(surname: str) -> str:
    """Return the sound of a surname of one or two characters."""
    if len(surname) == 1 and surname in SURNAMES:
        return merge_dialect(SURNAMES[surname])
    return "".join(sound_of(character) for character in surname)


def merge_dialect(syllable: str) -> str:
    """Return `syllable` as south-western speakers confuse it; merging twice changes nothing."""
    syllable = syllable.replace("ü", "v")
    for initial, merged in _INITIALS:
        if syllable.startswith(initial):
            syllable = merged + syllable.removeprefix(initial)
            break
    for final, merged in _FINALS:
        if syllable.endswith(final):
            syllable = syllable.removesuffix(final) + merged
            break
    return _HU.get(syllable, syllable)


def unify_width(text: str) -> str:
    """Return `text` in NFKC: full-width letters and digits become plain ones."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


SEPARATORS = re.compile(r"[\s·•・‧∙⋅.．'’`\-_/\u200b-\u200f\ufeff]+")
