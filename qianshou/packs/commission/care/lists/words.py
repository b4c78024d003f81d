"""What decisions, codes and levels mean, in both languages, for the report and the terminal."""

DECISIONS = {
    "auto": ("自动认定", "decided"),
    "review": ("需要人工判断", "for people to decide"),
    "not_found": ("没有找到", "not found"),
}
# Code: what it means, and who looks into it (the round's rules say by when).
CODES = {
    "M0": ("各项一致", "the same in all compared fields", "确认", "confirmed"),
    "M1": (
        "同一儿童，有字段不同", "the same child, a field differs",
        "镇街改花名册，或教育部门更正", "the town mends the roster, or education its list",
    ),
    "C1": (
        "身份证号相同，姓名或出生日期矛盾", "the number agrees, name or birth date contradicts it",
        "镇街核对户口簿", "the town looks into the household booklet",
    ),
    "C2": (
        "两个有效身份证号不同，其余一致", "two valid numbers differ, the rest agrees",
        "镇街和学校", "town and school",
    ),
    "A1": (
        "有几名相近的人选", "several pupils are as likely",
        "区级人工审核", "people at the district decide",
    ),
    "D1": ("花名册内重复", "twice in the roster", "两个镇街，只留一行", "the two towns; one row stays"),
    "D2": ("学籍名单内重复", "twice among the pupils", "教育部门", "education"),
    "N1": (
        "花名册有，学籍没有", "in the roster, not among the pupils",
        "镇街入户核实，教育核查学籍", "the town visits, education checks its records",
    ),
}  # fmt: skip
