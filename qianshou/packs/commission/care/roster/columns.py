"""The columns of a roster: what each is called, and the many ways in which people write that."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

COMPARED = (
    "name",
    "id_number",
    "birth_date",
    "sex",
    "town",
    "village",
    "school",
    "guardian",
    "phone",
)
KINDS = ("town", "education", "civil")
# What a roster of a kind must have at least; a district with one town need not name it.
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "town": ("name", "id_number", "town", "village"),
    "education": ("name", "id_number", "school"),
    "civil": ("name", "id_number"),
    "any": ("name",),
}
TEMPLATE: Mapping[str, tuple[str, ...]] = {
    "town": (
        *COMPARED[:7], "grade", "class", *COMPARED[7:], "relation",
        "father", "father_away", "father_place", "father_since",
        "mother", "mother_away", "mother_place", "mother_since", "remark",
    ),
    "education": (*COMPARED[:5], "school", "grade", "class", "guardian", "phone", "flagged"),
    "civil": (*COMPARED[:6], "guardian", "phone", "relation", "address", "remark"),
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A field of a roster: its names, and the headings it goes by, the surest first."""

    key: str
    zh: str
    en: str
    headings: tuple[str, ...]

    def title(self, language: str) -> str:
        """Return the name in `language`."""
        return self.zh if language.startswith("zh") else self.en


def _field(key: str, zh: str, en: str, headings: str) -> Field:
    return Field(key, zh, en, (zh, en, *headings.split()))


# The headings are written as `plain` leaves them: small letters, no spaces, no signs.
FIELDS: Mapping[str, Field] = {
    field.key: field
    for field in (
        _field("name", "姓名", "Name", """
            儿童姓名 学生姓名 孩子姓名 幼儿姓名 女童姓名 留守儿童姓名 未成年人姓名 被监护人姓名 姓名姓名
            学员姓名 本人姓名 childname studentname pupilname fullname nameofchild nameofstudent
            childsname studentsname pupilsname xingming xm 名字 儿童 学生 孩子 child student pupil
            chinesename namezh givenname"""),
        _field("id_number", "身份证号", "Identity number", """
            身份证号码 公民身份号码 公民身份证号 公民身份证号码 居民身份证号 居民身份证号码 身份证件号
            身份证件号码 身份号码 身份证 儿童身份证号 儿童身份证号码 儿童身份证 学生身份证号
            学生身份证号码 学生身份证 学生身份证件号 学生身份证件号码 孩子身份证号 孩子身份证号码
            儿童公民身份号码 本人身份证号 本人身份证号码 有效身份证件号 有效身份证件号码 证件号码 证件号
            idnumber idno idnum idcard idcardno idcardnumber identitycard identitycardnumber
            identityno identitynumbers identitynum identity citizenid nationalid residentid
            residentidnumber nationalidnumber citizenidnumber personalid idcode idnumbers
            childid childidnumber studentidnumber sfz sfzh sfzhm sfzjh nid cardno 身份证编号"""),
        _field("birth_date", "出生日期", "Birth date", """
            出生年月日 出生年月 出生时间 出生日 儿童出生日期 学生出生日期 儿童出生年月 学生出生年月
            生日 公历生日 birthdate dateofbirth dob birthday born bornon birth bday csrq csny"""),
        _field("sex", "性别", "Sex", "儿童性别 学生性别 孩子性别 gender sexcode xb 性别代码"),
        _field("town", "镇街", "Town", """
            所属镇街 镇街名称 所在镇街 镇街道 镇乡街道 乡镇街道 乡镇 街镇 镇乡 所属乡镇 所在乡镇 所属街镇
            所属街道 街道乡镇 街道镇 乡镇街道名称 乡镇名称 镇 街道 镇乡名称 户籍镇街 户籍所在镇街
            户籍所属镇街 户籍乡镇 户籍所在乡镇 户口所在镇街 居住镇街 现居住镇街 现住镇街
            户籍地 户籍所在地 户籍地镇街 镇街户籍地 户口所在地 户籍 townname township townstreet
            townsubdistrict subdistrict street streettown townshipname xiangzhen jiedao zhenjie"""),
        _field("village", "村社区", "Village", """
            村居 村社 村 社区 所属村社区 所在村社区 村居社区 村社区名称 所属村居 所在村居 所属村社
            所在村社 所属村 所属社区 所在村 所在社区 村委会 村居委会 村居名称 村名 村庄 行政村 村居民委员会
            户籍村社区 户籍所在村社区 户籍村 居住村社区 居村 村级 村委 community villagecommunity
            villagename communityname neighbourhood neighborhood cun cunshequ villageorcommunity"""),
        _field("school", "学校", "School", """
            所在学校 就读学校 学校名称 在读学校 就学学校 所读学校 目前就读学校 现就读学校 学校全称
            就读学校名称 学籍学校 所在学校名称 就读学校全称 学校园 学校幼儿园 就读学校幼儿园 就读院校
            schoolname schoolattended nameofschool xuexiao 校名"""),
        _field("grade", "年级", "Grade", "就读年级 所在年级 gradelevel year nianji 学段年级"),
        _field("class", "班级", "Class", """
            年级班级 年级班 就读班级 所在班级 班级名称 就读年级班级 班别 班 classname gradeclass
            gradeandclass banji 所在年级班级"""),
        _field("guardian", "监护人", "Guardian", """
            监护人姓名 主要监护人 主要监护人姓名 现监护人 现监护人姓名 实际监护人 实际监护人姓名
            法定监护人 法定监护人姓名 监护人名字 家长姓名 学生家长姓名 家长 学生家长 受委托监护人
            受委托监护人姓名 委托照护人 委托照护人姓名 照护人 照护人姓名 抚养人 抚养人姓名
            guardianname nameofguardian guardiansname parent parentname parentsname nameofparent
            caregiver caregivername carer carername jianhuren 联系人 联系人姓名 contactname"""),
        _field("phone", "监护人电话", "Phone", """
            监护人联系电话 监护人手机 监护人手机号 监护人手机号码 监护人电话号码 监护人联系方式
            主要监护人电话 主要监护人联系电话 现监护人电话 现监护人联系电话 实际监护人联系电话
            法定监护人联系电话 家长电话 家长联系电话 家长手机 家长手机号 家长手机号码 家长电话号码
            家长联系方式 学生家长电话 guardianphone guardianphonenumber guardiantelephone
            guardianmobile guardiantel guardianscontact parentphone parentphonenumber parentmobile
            联系电话 电话 联系方式 手机 手机号 手机号码 电话号码 联系人电话 联系手机 联系号码 移动电话
            phonenumber phoneno telephone telephonenumber telno tel mobile mobileno mobilenumber
            mobilephone contact contactphone contactnumber cellphone cell dianhua lxdh sjh"""),
        _field("relation", "与监护人关系", "Relation", """
            与儿童关系 监护人与儿童关系 监护关系 与监护人的关系 监护人关系 与被监护人关系 与学生关系
            与孩子关系 与本人关系 关系 监护人与被监护人关系 relationship relationtochild
            relationshiptochild relationtoguardian"""),
        _field("address", "家庭住址", "Address", """
            住址 家庭地址 现住址 现居住地 居住地址 详细地址 家庭详细地址 现居住地址 地址 居住地
            homeaddress 户籍地址"""),
        _field("father", "父亲姓名", "Father", "父亲 父 父亲名字 fathername fathersname"),
        _field("father_away", "父亲外出", "Father away", """
            父亲是否外出 父亲外出是否 父亲是否外出务工 父亲外出务工 父亲务工 父亲外出情况 父亲外出务工情况
            父亲是否在外 fatherisaway isfatheraway"""),
        _field("father_place", "父亲外出地", "Father's place", """
            父亲外出何地 父亲外出地点 父亲务工地 父亲务工地点 父亲务工地址 父亲外出务工地 父亲外出地址
            父亲外出务工地点 父亲何地 父亲务工所在地 fatherwhere fatherplace fatherlocation"""),
        _field("father_since", "父亲外出起始", "Father away since", """
            父亲外出时间 父亲外出起始时间 父亲外出务工时间 父亲外出起 父亲外出开始时间 父亲外出自何时
            父亲务工起始时间 父亲外出日期 父亲起始 父亲起始时间 父亲外出起始日期 fathersince"""),
        _field("mother", "母亲姓名", "Mother", "母亲 母 母亲名字 mothername mothersname"),
        _field("mother_away", "母亲外出", "Mother away", """
            母亲是否外出 母亲外出是否 母亲是否外出务工 母亲外出务工 母亲务工 母亲外出情况 母亲外出务工情况
            母亲是否在外 motherisaway ismotheraway"""),
        _field("mother_place", "母亲外出地", "Mother's place", """
            母亲外出何地 母亲外出地点 母亲务工地 母亲务工地点 母亲务工地址 母亲外出务工地 母亲外出地址
            母亲外出务工地点 母亲何地 母亲务工所在地 motherwhere motherplace motherlocation"""),
        _field("mother_since", "母亲外出起始", "Mother away since", """
            母亲外出时间 母亲外出起始时间 母亲外出务工时间 母亲外出起 母亲外出开始时间 母亲外出自何时
            母亲务工起始时间 母亲外出日期 母亲起始 母亲起始时间 母亲外出起始日期 mothersince"""),
        _field("flagged", "学校标记留守", "Flagged by school", """
            是否留守 是否留守儿童 是否农村留守儿童 是否留守学生 是否留守女童 留守标记 留守儿童标记 留守情况
            flagged isleftbehind leftbehind leftbehindchild leftbehindflag schoolflag"""),
        _field("remark", "备注", "Remark", "说明 备注说明 remarks note notes comment comments"),
    )
}  # fmt: skip
BRACKETED = re.compile(r"[(\[【<《{][^)\]】>》}]*[)\]】>》}]?")


def plain(heading: str) -> str:
    """Return a heading without what people do to it: signs, spaces, width, case."""
    small = unicodedata.normalize("NFKC", heading).casefold()
    return "".join(sign for sign in small if sign.isalnum())


def bare(heading: str) -> str:
    """Return a plain heading also without what stands in brackets, as in 姓名（必填）."""
    return plain(BRACKETED.sub("", unicodedata.normalize("NFKC", heading)))


KNOWN: Mapping[str, tuple[str, int]] = {
    plain(heading): (field.key, place)
    for field in reversed(list(FIELDS.values()))
    for place, heading in reversed(list(enumerate(field.headings)))
}


def understand(heading: str) -> tuple[str, int] | None:
    """Return the field that a heading names and how surely (0 is surest), or None."""
    for text in (plain(heading), bare(heading)):
        if text in KNOWN:
            return KNOWN[text]
    return None
